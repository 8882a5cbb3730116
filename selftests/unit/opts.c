// SPDX-License-Identifier: GPL-2.0
/*
 * Options of callers that were built with an older or a newer header.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "internal.h"
#include "ktap.h"

struct ours {
	size_t size;
	int first;
	int later;
};

struct newer {
	struct ours ours;
	char more[8];
};

#define LEAST offsetof(struct ours, later)

/* From memory of exactly that size, so that reading beyond it is seen. */
static int copy(struct ours *own, const struct newer *from, size_t size)
{
	struct newer *theirs = malloc(size < sizeof(size) ? sizeof(size) : size);
	int err;

	memcpy(theirs, from, size < sizeof(size) ? sizeof(size) : size);
	memcpy(theirs, &size, sizeof(size));
	memset(own, 0xff, sizeof(*own));
	err = mlt_copy_opts(own, sizeof(*own), theirs, LEAST);
	free(theirs);
	return err;
}

static void what_an_older_caller_lacks_is_zero(void)
{
	struct newer from = { .ours = { .first = 1, .later = 2 } };
	struct ours own;

	check_int(copy(&own, &from, LEAST), 0);
	check_int(own.first, 1);
	check_int(own.later, 0);
	check_int(own.size, sizeof(own));
	check_int(copy(&own, &from, sizeof(own)), 0);
	check_int(own.later, 2);
	check_int(copy(&own, &from, LEAST - 1), -EINVAL);
	check_int(copy(&own, &from, 0), -EINVAL);
}

static void a_newer_caller_may_say_only_what_we_know(void)
{
	struct newer from = { .ours = { .first = 1, .later = 2 } };
	struct ours own;

	check_int(copy(&own, &from, sizeof(from)), 0);
	check_int(own.later, 2);
	check_int(own.size, sizeof(own));
	for (size_t i = 0; i < sizeof(from.more); i++) {
		memset(from.more, 0, sizeof(from.more));
		from.more[i] = 1;
		check_int(copy(&own, &from, sizeof(from)), -EINVAL);
	}
}

static void a_source_is_opened_by_the_same_rule(void)
{
	struct {
		struct mlocktrace_opts opts;
		char more[8];
	} big = { .opts = { .size = sizeof(big), .source = "/nowhere/at/all" } };
	struct mlocktrace *handle = NULL;

	check_int(mlocktrace_open(&handle, &big.opts), -ENOENT);
	big.more[7] = 1;
	check_int(mlocktrace_open(&handle, &big.opts), -EINVAL);
	check(strstr(mlocktrace_open_error(), "newer version") != NULL);
	big.opts.size = offsetof(struct mlocktrace_opts, tier);
	check_int(mlocktrace_open(&handle, &big.opts), -ENOENT);
	big.opts.size--;
	check_int(mlocktrace_open(&handle, &big.opts), -EINVAL);
	check(handle == NULL);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(what_an_older_caller_lacks_is_zero),
		KTAP_TEST(a_newer_caller_may_say_only_what_we_know),
		KTAP_TEST(a_source_is_opened_by_the_same_rule),
	};

	return ktap_run(tests, KTAP_SIZE(tests));
}
