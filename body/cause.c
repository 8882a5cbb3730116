// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1 OR BSD-2-Clause
/*
 * From the facts of a record to the cause of its failure. Pure: no I/O, no
 * state, nothing but the record. The order of the tests is the order in which
 * the kernel makes its own, because the first one that fails hides the others.
 * Here are the sum that all share, the lock calls and setrlimit; cause_map.c
 * and cause_pool.c have the rest.
 */
#include "cause.h"

/*
 * The kernel adds in unsigned pages. In bytes the same sum may need more than
 * 64 bits, and a counter below zero (a bug of 6.1) is there a huge one.
 */
MLT_PURE uint64_t mlt_lock_sum(const struct mlocktrace_event *event, bool naive)
{
	uint64_t less = naive ? 0 : mlt_overlap(event);
	int64_t had = mlt_had(event);
	uint64_t sum;

	if (had < 0) {
		uint64_t debt = -(uint64_t)had;

		if (event->asked < debt)
			return MLOCKTRACE_UNLIMITED;
		sum = event->asked - debt;
	} else if (__builtin_add_overflow((uint64_t)had, event->asked, &sum)) {
		return MLOCKTRACE_UNLIMITED;
	}
	return sum > less ? sum - less : 0;
}

MLT_PURE uint32_t mlt_unknown_arg(const struct mlocktrace_event *event)
{
	if (event->op == MLOCKTRACE_OP_MLOCK2)
		return event->arg & ~(uint32_t)MLOCK_ONFAULT;
	if (event->op == MLOCKTRACE_OP_MLOCKALL)
		return event->arg & ~(uint32_t)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	return 0;
}

/* Evidence, without the inner steps, that the call got past the limit: it changed the counter. */
static bool got_past_limit(const struct mlocktrace_event *event)
{
	if (mlt_has(event, MLOCKTRACE_F_LIMIT_PASSED | MLOCKTRACE_F_POPULATED |
				   MLOCKTRACE_F_POPULATE_FAILED | MLOCKTRACE_F_SPLIT_FAILED))
		return true;
	return event->after != event->before && !mlt_has(event, MLOCKTRACE_F_SAMPLED);
}

MLT_PURE bool mlt_could_be_limit(const struct mlocktrace_event *event)
{
	/* No sum is above MLOCKTRACE_UNLIMITED. */
	return !mlt_is_capable(event) && !got_past_limit(event) &&
	       mlt_lock_sum(event, true) > event->limit;
}

/* The overlap is at most min(asked, had), so the larger of them is what remains at least. */
static bool surely_over_limit(const struct mlocktrace_event *event)
{
	if (!mlt_could_be_limit(event))
		return false;
	if (mlt_has(event, MLOCKTRACE_F_OVERLAP_KNOWN))
		return mlt_lock_sum(event, false) > event->limit;
	return event->asked > event->limit ||
	       (event->before > 0 && (uint64_t)event->before > event->limit);
}

MLT_PURE bool mlt_limit_unsure(const struct mlocktrace_event *event)
{
	return mlt_is_mlock(event) && event->ret == -ENOMEM &&
	       !mlt_has(event, MLOCKTRACE_F_STEPS | MLOCKTRACE_F_OVERLAP_KNOWN) &&
	       mlt_could_be_limit(event) && !surely_over_limit(event);
}

/* ENOMEM of mlock and munlock behind the limit: a hole, or a mapping that could not be split. */
static enum mlocktrace_cause range_cause(const struct mlocktrace_event *event)
{
	bool at_map_limit = mlt_has(event, MLOCKTRACE_F_MAP_LIMIT);

	if (mlt_has(event, MLOCKTRACE_F_SPLIT_FAILED))
		return at_map_limit ? MLOCKTRACE_CAUSE_TOO_MANY_MAPS : MLOCKTRACE_CAUSE_NO_MEMORY;
	if (at_map_limit && !mlt_has(event, MLOCKTRACE_F_STEPS | MLOCKTRACE_F_HOLE))
		return MLOCKTRACE_CAUSE_TOO_MANY_MAPS;
	if (mlt_limit_unsure(event) && !mlt_has(event, MLOCKTRACE_F_HOLE))
		return MLOCKTRACE_CAUSE_OTHER;
	return MLOCKTRACE_CAUSE_NOT_MAPPED;
}

static enum mlocktrace_cause mlock_enomem_cause(const struct mlocktrace_event *event)
{
	/* The sum is asked, too: the kernel may have skipped programs that see the later steps. */
	if (mlt_has(event, MLOCKTRACE_F_STEPS) && mlt_could_be_limit(event))
		return MLOCKTRACE_CAUSE_OVER_LIMIT;
	if (mlt_has(event, MLOCKTRACE_F_POPULATED | MLOCKTRACE_F_POPULATE_FAILED))
		return event->inner_ret == -ENOMEM ? MLOCKTRACE_CAUSE_NO_MEMORY :
						     MLOCKTRACE_CAUSE_POPULATE_FAILED;
	if (!mlt_has(event, MLOCKTRACE_F_STEPS) && surely_over_limit(event))
		return MLOCKTRACE_CAUSE_OVER_LIMIT;
	return range_cause(event);
}

MLT_PURE enum mlocktrace_cause mlt_eperm_cause(const struct mlocktrace_event *event)
{
	if (event->limit == 0 && !mlt_is_capable(event))
		return MLOCKTRACE_CAUSE_LIMIT_ZERO;
	return MLOCKTRACE_CAUSE_DENIED;
}

/* The kernel passes on what a mapping's own may_split says, so EINVAL has a third meaning. */
static enum mlocktrace_cause einval_cause(const struct mlocktrace_event *event)
{
	if (mlt_has(event, MLOCKTRACE_F_SPLIT_FAILED))
		return MLOCKTRACE_CAUSE_OTHER;
	if (event->op == MLOCKTRACE_OP_MLOCK2 &&
	    (mlt_has(event, MLOCKTRACE_F_UNKNOWN_FLAGS) || mlt_unknown_arg(event)))
		return MLOCKTRACE_CAUSE_BAD_FLAGS;
	return MLOCKTRACE_CAUSE_BAD_RANGE;
}

static enum mlocktrace_cause mlock_cause(const struct mlocktrace_event *event)
{
	switch (event->ret) {
	case -EINVAL:
		return einval_cause(event);
	case -EPERM:
		return mlt_eperm_cause(event);
	case -EAGAIN:
		return MLOCKTRACE_CAUSE_NO_MEMORY;
	case -ENOMEM:
		return mlock_enomem_cause(event);
	}
	if (mlt_has(event, MLOCKTRACE_F_POPULATED | MLOCKTRACE_F_POPULATE_FAILED))
		return MLOCKTRACE_CAUSE_POPULATE_FAILED;
	return MLOCKTRACE_CAUSE_OTHER;
}

static enum mlocktrace_cause munlock_cause(const struct mlocktrace_event *event)
{
	if (event->ret == -EINVAL)
		return einval_cause(event);
	return event->ret == -ENOMEM ? range_cause(event) : MLOCKTRACE_CAUSE_OTHER;
}

static enum mlocktrace_cause mlockall_cause(const struct mlocktrace_event *event)
{
	switch (event->ret) {
	case -EINVAL:
		return MLOCKTRACE_CAUSE_BAD_FLAGS;
	case -EPERM:
		return mlt_eperm_cause(event);
	case -ENOMEM:
		return MLOCKTRACE_CAUSE_OVER_LIMIT;
	}
	return MLOCKTRACE_CAUSE_OTHER;
}

static enum mlocktrace_cause setrlimit_cause(const struct mlocktrace_event *event)
{
	switch (event->ret) {
	case -EPERM:
		return MLOCKTRACE_CAUSE_DENIED;
	case -EINVAL:
		return MLOCKTRACE_CAUSE_BAD_RANGE;
	}
	return MLOCKTRACE_CAUSE_OTHER;
}

/* Of a call that got as far as the kernel's own code, and was not interrupted. */
static enum mlocktrace_cause cause_of_op(const struct mlocktrace_event *event)
{
	switch (event->op) {
	case MLOCKTRACE_OP_MLOCK:
	case MLOCKTRACE_OP_MLOCK2:
		return mlock_cause(event);
	case MLOCKTRACE_OP_MUNLOCK:
		return munlock_cause(event);
	case MLOCKTRACE_OP_MLOCKALL:
		return mlockall_cause(event);
	case MLOCKTRACE_OP_SETRLIMIT:
		return setrlimit_cause(event);
	case MLOCKTRACE_OP_MMAP:
		return mlt_mmap_cause(event);
	case MLOCKTRACE_OP_BRK:
		return mlt_brk_cause(event);
	case MLOCKTRACE_OP_STACK:
		return mlt_stack_cause(event);
	case MLOCKTRACE_OP_MREMAP:
		return mlt_mremap_cause(event);
	case MLOCKTRACE_OP_MUNMAP:
		return mlt_munmap_cause(event);
	case MLOCKTRACE_OP_SHM_LOCK:
		return mlt_shm_lock_cause(event);
	case MLOCKTRACE_OP_SHM_UNLOCK:
		return mlt_shm_unlock_cause(event);
	case MLOCKTRACE_OP_SHM_HUGETLB:
		return mlt_shm_hugetlb_cause(event);
	case MLOCKTRACE_OP_IO_URING:
		return mlt_io_uring_cause(event);
	case MLOCKTRACE_OP_PERF_MMAP:
		return mlt_perf_mmap_cause(event);
	case MLOCKTRACE_OP_XDP_UMEM:
	case MLOCKTRACE_OP_ZEROCOPY:
		return mlt_socket_cause(event);
	case MLOCKTRACE_OP_SECRETMEM:
		return mlt_secretmem_cause(event);
	case MLOCKTRACE_OP_ACCOUNT_LOCKED_VM:
	case MLOCKTRACE_OP_PIN:
		return mlt_pin_cause(event);
	}
	return MLOCKTRACE_CAUSE_OTHER;
}

MLT_PURE enum mlocktrace_cause mlt_cause(const struct mlocktrace_event *event)
{
	if (event->ret >= 0)
		return MLOCKTRACE_CAUSE_OK;
	if (mlt_has(event, MLOCKTRACE_F_SECCOMP))
		return MLOCKTRACE_CAUSE_DENIED;
	if (event->ret == -EINTR)
		return MLOCKTRACE_CAUSE_INTERRUPTED;
	return cause_of_op(event);
}
