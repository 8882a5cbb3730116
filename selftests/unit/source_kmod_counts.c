// SPDX-License-Identifier: GPL-2.0
/*
 * Counting by the kernel module: it counts for everybody since it was loaded, a handle tells
 * what was added since it was opened and passes its filters.
 */
#include "kmod_double.h"

#define TITLES "op counter cause group calls taken given\n"

static int add_up(void *ctx, const struct mlocktrace_count *count)
{
	char *text = ctx;

	sprintf(text + strlen(text), "%s %s %s%llu %llu %llu %llu;", mlocktrace_op_name(count->op),
		mlocktrace_cause_name(count->cause), count->other ? "other " : "",
		(unsigned long long)count->group_id, (unsigned long long)count->calls,
		(unsigned long long)count->taken, (unsigned long long)count->given);
	return 0;
}

static const char *counts_of(struct mlocktrace *handle)
{
	static char text[1024];

	text[0] = '\0';
	check_int(mlocktrace_counts(handle, add_up, text), 0);
	return text;
}

static struct mlocktrace *begin(struct mlocktrace_opts opts)
{
	struct mlocktrace *handle = NULL;

	put_up();
	put_text("stats", "cpu0_seen 100\nmissed 7\nuntracked 3\n");
	put_text("counts", TITLES "mlock vmlck ok 5 10 40960 0\nmlock vmlck over_limit 5 2 0 0\n");
	put_text("latency", "op calls sum_ns below_128\nmlock 12 1200 12 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 "
			    "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
	opts.count = true;
	check_int(open_kmod(&handle, opts), 0);
	return handle;
}

static void what_was_before_is_not_told(void)
{
	struct mlocktrace_latency latency = { .size = sizeof(latency) };
	struct mlocktrace_stats stats = { .size = sizeof(stats) };
	struct mlocktrace *handle = begin(OPTS(0));

	check_text(counts_of(handle), "");
	check_int(mlocktrace_latency(handle, 0, &latency), -ENOENT);
	put_text("counts", TITLES "mlock vmlck ok 5 13 53248 0\nmlock vmlck over_limit 5 2 0 0\n"
			   "mlock vmlck ok 6 1 4096 0\nmlock vmlck ok other 1 0 0 more\n");
	put_text("latency", "mlock 17 1300 16 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 "
			    "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
	for (int i = 0; i < 2; i++)
		check_text(counts_of(handle), "mlock ok 0 5 16384 0;");
	check_int(mlocktrace_latency(handle, 0, &latency), 0);
	check_int(latency.calls, 5);
	check_int(latency.sum_ns, 100);
	check_int(latency.buckets[0], 4);
	check_int(latency.buckets[1], 1);
	check_int(mlocktrace_stats(handle, -1, &stats), 0);
	check_int(stats.seen, 5);
	check_int(stats.dropped, 0);
	mlocktrace_close(handle);
}

static void a_reset_meanwhile_does_no_harm(void)
{
	struct mlocktrace *handle = begin(OPTS(0));

	put_text("counts", TITLES "mlock vmlck ok 5 12 49152 0\n");
	check_text(counts_of(handle), "mlock ok 0 2 8192 0;");
	put_text("counts", TITLES "mlock vmlck ok 5 3 12288 0\n");
	check_text(counts_of(handle), "mlock ok 0 5 20480 0;");
	mlocktrace_close(handle);
}

static void after_the_end_nothing_is_added(void)
{
	struct mlocktrace *handle = begin(OPTS(0));

	put_text("counts", TITLES "mlock vmlck ok 5 12 49152 0\n");
	check_int(mlocktrace_stop(handle), 0);
	put_text("counts", TITLES "mlock vmlck ok 5 13 53248 0\n");
	check_text(counts_of(handle), "mlock ok 0 2 8192 0;");
	mlocktrace_close(handle);
}

static void groups_are_kept_apart_as_far_as_there_is_room(void)
{
	struct mlocktrace *handle = begin(OPTS(.group_by = MLOCKTRACE_GROUP_CGROUP, .n_groups = 1));

	put_text("counts", TITLES "mlock vmlck ok 5 10 40960 0\nmlock vmlck ok 6 1 4096 0\n");
	check_text(counts_of(handle), "mlock ok 6 1 4096 0;");
	/* Room once found stays found, whatever comes first in the file. */
	put_text("counts", TITLES "mlock vmlck ok 5 11 45056 0\nmlock vmlck ok 6 2 8192 0\n"
			   "mlock vmlck ok other 1 4096 0\n");
	check(strstr(counts_of(handle), "mlock ok 6 2 8192 0;") != NULL);
	check(strstr(counts_of(handle), "mlock ok other 0 2 8192 0;") != NULL);
	mlocktrace_close(handle);
}

static void filters_are_those_that_can_be(void)
{
	struct mlocktrace_opts never[] = {
		{ .by_uid = true }, { .comm = "x" }, { .group_by = MLOCKTRACE_GROUP_COMM },
	};
	struct mlocktrace *handle = begin(OPTS(.failures_only = true, .ops = 1 << MLOCKTRACE_OP_MLOCK));

	put_text("counts", TITLES "mlock vmlck ok 5 12 49152 0\nmlock vmlck over_limit 5 3 0 0\n"
			   "munlock vmlck bad_range 5 1 0 0\nfuture vmlck ok 5 1 0 0\n");
	check_text(counts_of(handle), "mlock over_limit 0 1 0 0;");
	mlocktrace_close(handle);
	for (size_t i = 0; i < KTAP_SIZE(never); i++) {
		never[i].count = true;
		handle = NULL;
		check_int(open_kmod(&handle, never[i]), -EOPNOTSUPP);
		check(strstr(mlocktrace_open_error(), "counts for everybody") != NULL);
	}
	unlink(path_of("counts"));
	check_int(open_kmod(&handle, OPTS(.count = true)), -EOPNOTSUPP);
	check(strstr(mlocktrace_open_error(), "does not count yet") != NULL);
}

static void nonsense_in_the_files_is_left_out(void)
{
	static const char *const nonsense[] = {
		"", "\n\n", "mlock", "mlock vmlck ok 5 1 2", "mlock vmlck ok five 100 0 0\n",
		"mlock vmlck ok 5x 100 0 0\n", "mlock vmlck nothing 5 100 0 0\n",
		"mlock nothing ok 5 100 0 0\n", "nothing vmlck ok 5 100 0 0\n",
	};
	struct mlocktrace *handle = begin(OPTS(0));

	put_text("latency", "mlock 17\nmlock\n\nnothing 1 2 3\n");
	for (size_t i = 0; i < KTAP_SIZE(nonsense); i++) {
		put_text("counts", nonsense[i]);
		check_text(counts_of(handle), "");
	}
	mlocktrace_close(handle);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(what_was_before_is_not_told),
		KTAP_TEST(a_reset_meanwhile_does_no_harm),
		KTAP_TEST(after_the_end_nothing_is_added),
		KTAP_TEST(groups_are_kept_apart_as_far_as_there_is_room),
		KTAP_TEST(filters_are_those_that_can_be),
		KTAP_TEST(nonsense_in_the_files_is_left_out),
	};

	return run_with_double(tests, KTAP_SIZE(tests));
}
