/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Facts to cause, for the library's callers, and the limit that is enough. All
 * pure; the truth is in body/cause*.c.
 */
#include "verdict.h"

#define SOME_PAGE 4096 /* any limit but 0 passes can_do_mlock(); a page is the least that is of use */

MLT_API enum mlocktrace_cause mlocktrace_cause(const struct mlocktrace_event *event)
{
	return mlt_cause(event);
}

static bool asks_for_whole_space(const struct mlocktrace_event *event)
{
	return mlt_has(event, MLOCKTRACE_F_MCL_CURRENT) || (event->arg & MCL_CURRENT);
}

static bool is_limit(enum mlocktrace_cause cause)
{
	return cause == MLOCKTRACE_CAUSE_OVER_LIMIT || cause == MLOCKTRACE_CAUSE_LIMIT_ZERO;
}

/* A lock call that failed: behind the test? Those of mlockall fail in it or before. */
static bool got_past_test(const struct mlocktrace_event *event, enum mlocktrace_cause cause)
{
	switch (cause) {
	case MLOCKTRACE_CAUSE_NOT_MAPPED:
	case MLOCKTRACE_CAUSE_TOO_MANY_MAPS:
	case MLOCKTRACE_CAUSE_POPULATE_FAILED:
	case MLOCKTRACE_CAUSE_NO_MEMORY:
		return mlt_is_mlock(event);
	default:
		return false;
	}
}

/* Of an operation that worked: did the kernel compare anything with the limit? */
static bool passed_test(const struct mlocktrace_event *event)
{
	bool grew = mlt_delta(event) > 0;

	if (mlt_has(event, MLOCKTRACE_F_SECCOMP))
		return false;
	switch (event->op) {
	case MLOCKTRACE_OP_MLOCK:
	case MLOCKTRACE_OP_MLOCK2:
	case MLOCKTRACE_OP_MLOCKALL:
		return true;
	case MLOCKTRACE_OP_MMAP:
	case MLOCKTRACE_OP_BRK:
		/* Replacing locked memory, it may shrink the counter, and is compared all the same. */
		return grew || (event->asked && mlt_has(event, MLOCKTRACE_F_ARMED |
								       MLOCKTRACE_F_MAP_LOCKED));
	case MLOCKTRACE_OP_PERF_MMAP:
	case MLOCKTRACE_OP_PIN:
		/* What is charged to the pool of a user is his without a test. */
		return grew && event->counter == MLOCKTRACE_COUNTER_VMPIN;
	case MLOCKTRACE_OP_IO_URING:
		/* To vmpin it adds without a test. */
		return grew && event->counter == MLOCKTRACE_COUNTER_USER;
	case MLOCKTRACE_OP_STACK:
	case MLOCKTRACE_OP_MREMAP:
	case MLOCKTRACE_OP_SHM_LOCK:
	case MLOCKTRACE_OP_XDP_UMEM:
	case MLOCKTRACE_OP_ZEROCOPY:
	case MLOCKTRACE_OP_SECRETMEM:
	case MLOCKTRACE_OP_ACCOUNT_LOCKED_VM:
	case MLOCKTRACE_OP_UNATTRIBUTED:
		return grew;
	default:
		return false;
	}
}

static uint64_t larger(uint64_t sum, int64_t counter)
{
	return counter > 0 && (uint64_t)counter > sum ? (uint64_t)counter : sum;
}

/*
 * What was compared, of an operation that worked. mlock takes off what it finds
 * locked: that is what it did not have to add, but no more than there was.
 */
static uint64_t passed_sum(const struct mlocktrace_event *event)
{
	return larger(mlt_is_mlock(event) ? event->asked : mlt_lock_sum(event, true), event->after);
}

static uint64_t compared(const struct mlocktrace_event *event, bool refused)
{
	if (event->op == MLOCKTRACE_OP_MLOCKALL)
		return asks_for_whole_space(event) || refused ? event->asked : 0;
	return event->ret < 0 ? mlt_lock_sum(event, false) : passed_sum(event);
}

MLT_API uint64_t mlocktrace_least_limit(const struct mlocktrace_event *event)
{
	enum mlocktrace_cause cause = mlocktrace_cause(event);
	uint64_t sum;

	if (event->ret < 0 ? !is_limit(cause) && !got_past_test(event, cause) : !passed_test(event))
		return 0;
	if (cause == MLOCKTRACE_CAUSE_LIMIT_ZERO && mlt_size_unknown(event))
		return SOME_PAGE;
	if (mlt_had_unknown(event) || mlt_size_unknown(event))
		return 0;
	sum = compared(event, cause == MLOCKTRACE_CAUSE_OVER_LIMIT);
	return sum ? sum : SOME_PAGE;
}

MLT_API uint64_t mlocktrace_needed_limit(const struct mlocktrace_event *event)
{
	enum mlocktrace_cause cause = mlocktrace_cause(event);

	if (!is_limit(cause))
		return 0;
	if (cause == MLOCKTRACE_CAUSE_OVER_LIMIT && mlt_is_namespace_maximum(event))
		return 0;
	return mlocktrace_least_limit(event);
}
