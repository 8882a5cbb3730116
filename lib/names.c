/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Names of ids and meanings of names, both straight from events.def. It knows
 * no record and keeps no state: every string is static.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "format.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char *const op_names[] = {
#define MLT_OP(id, TAG, name, help) [id] = name,
#include <mlocktrace/events.def>
};

static const char *const counter_names[] = {
#define MLT_COUNTER(id, TAG, name, help) [id] = name,
#include <mlocktrace/events.def>
};

static const char *const cause_names[] = {
#define MLT_CAUSE(id, TAG, name, help, advice) [id] = name,
#include <mlocktrace/events.def>
};

static const char *const flag_names[] = {
#define MLT_FLAG(bit, TAG, name, help) [bit] = name,
#include <mlocktrace/events.def>
};

static const char *const tier_names[] = {
#define MLT_TIER(id, TAG, name, source, help) [id] = name,
#include <mlocktrace/events.def>
};

static const char *const tier_sources[] = {
#define MLT_TIER(id, TAG, name, source, help) [id] = source,
#include <mlocktrace/events.def>
};

static const struct meaning {
	const char *kind;
	const char *word;
	const char *help;
	const char *advice;
} meanings[] = {
#define MLT_OP(id, TAG, name, help) { "op", name, help, NULL },
#include <mlocktrace/events.def>
#define MLT_CAUSE(id, TAG, name, help, advice) { "cause", name, help, advice },
#include <mlocktrace/events.def>
#define MLT_COUNTER(id, TAG, name, help) { "counter", name, help, NULL },
#include <mlocktrace/events.def>
#define MLT_FLAG(bit, TAG, name, help) { "flag", name, help, NULL },
#include <mlocktrace/events.def>
#define MLT_TIER(id, TAG, name, source, help) { "tier", name, help, NULL },
#include <mlocktrace/events.def>
#define MLT_ERRNO(TAG, help, advice) { "errno", #TAG, help, advice },
#include <mlocktrace/events.def>
#define MLT_SIGNAL(TAG, help, advice) { "signal", #TAG, help, advice },
#include <mlocktrace/events.def>
};

static const char *lookup(const char *const *names, size_t n, unsigned int id)
{
	return id < n ? names[id] : NULL;
}

MLT_API const char *mlocktrace_op_name(unsigned int op)
{
	return lookup(op_names, ARRAY_SIZE(op_names), op);
}

MLT_API const char *mlocktrace_counter_name(unsigned int counter)
{
	return lookup(counter_names, ARRAY_SIZE(counter_names), counter);
}

MLT_API const char *mlocktrace_cause_name(unsigned int cause)
{
	return lookup(cause_names, ARRAY_SIZE(cause_names), cause);
}

MLT_API const char *mlocktrace_tier_name(unsigned int tier)
{
	return lookup(tier_names, ARRAY_SIZE(tier_names), tier);
}

MLT_API const char *mlocktrace_flag_name(unsigned int bit)
{
	return lookup(flag_names, ARRAY_SIZE(flag_names), bit);
}

const char *mlt_tier_source(unsigned int tier)
{
	return lookup(tier_sources, ARRAY_SIZE(tier_sources), tier);
}

#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 32)
#define HAVE_STRERRORNAME_NP 1
#endif
#endif

MLT_API const char *mlocktrace_errno_name(int err)
{
	if (err <= 0)
		return NULL;
#ifdef HAVE_STRERRORNAME_NP
	return strerrorname_np(err);
#else
	switch (err) {
#define MLT_ERRNO(TAG, help, advice) case TAG: return #TAG;
#include <mlocktrace/events.def>
	}
	return NULL;
#endif
}

MLT_API unsigned int mlocktrace_op_by_name(const char *name)
{
	for (unsigned int op = 1; name && op < ARRAY_SIZE(op_names); op++)
		if (op_names[op] && !strcmp(op_names[op], name))
			return op;
	return 0;
}

MLT_API int mlocktrace_about(const char *word, size_t i, const char **kind, const char **help,
			     const char **advice)
{
	if (!word)
		return -ENOENT;
	/* "-ENOMEM" is how a result is shown, so it is a word that people look up. */
	if (word[0] == '-')
		word++;
	for (size_t k = 0; k < ARRAY_SIZE(meanings); k++) {
		if (strcasecmp(meanings[k].word, word) || i--)
			continue;
		*kind = meanings[k].kind;
		*help = meanings[k].help;
		*advice = meanings[k].advice;
		return 0;
	}
	return -ENOENT;
}

MLT_API int mlocktrace_about_list(size_t i, const char **kind, const char **word)
{
	if (i >= ARRAY_SIZE(meanings))
		return -ENOENT;
	*kind = meanings[i].kind;
	*word = meanings[i].word;
	return 0;
}
