// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1 OR BSD-2-Clause
/*
 * Why a charge was refused that is not for a mapping of the process: System V
 * segments, io_uring, perf rings, sockets, secret memory, pages pinned for
 * devices. Pure, as cause.c. These counters are changed without a lock, and
 * what a failed attempt added and took back proves nothing: only the sum counts.
 */
#include "cause.h"

static bool is_over(const struct mlocktrace_event *event)
{
	return !mlt_is_capable(event) && !mlt_has(event, MLOCKTRACE_F_LIMIT_PASSED) &&
	       mlt_lock_sum(event, true) > event->limit;
}

static enum mlocktrace_cause over_limit_or(const struct mlocktrace_event *event,
					   enum mlocktrace_cause other)
{
	return is_over(event) ? MLOCKTRACE_CAUSE_OVER_LIMIT : other;
}

/* What is the same for all of them, behind their own errnos. */
static enum mlocktrace_cause common_cause(const struct mlocktrace_event *event)
{
	switch (event->ret) {
	case -EPERM:
		return MLOCKTRACE_CAUSE_DENIED;
	case -ENOMEM:
	case -ENOBUFS:
		return MLOCKTRACE_CAUSE_NO_MEMORY;
	}
	return MLOCKTRACE_CAUSE_OTHER;
}

MLT_PURE enum mlocktrace_cause mlt_shm_lock_cause(const struct mlocktrace_event *event)
{
	if (event->ret == -ENOMEM)
		return MLOCKTRACE_CAUSE_OVER_LIMIT; /* user_shm_lock() has no other */
	return event->ret == -EPERM ? mlt_eperm_cause(event) : MLOCKTRACE_CAUSE_OTHER;
}

MLT_PURE bool mlt_is_namespace_maximum(const struct mlocktrace_event *event)
{
	return event->op == MLOCKTRACE_OP_SHM_LOCK && !mlt_had_unknown(event) &&
	       !mlt_size_unknown(event) &&
	       mlt_lock_sum(event, true) <= event->limit;
}

MLT_PURE enum mlocktrace_cause mlt_shm_unlock_cause(const struct mlocktrace_event *event)
{
	return event->ret == -EPERM ? MLOCKTRACE_CAUSE_DENIED : MLOCKTRACE_CAUSE_OTHER;
}

MLT_PURE enum mlocktrace_cause mlt_shm_hugetlb_cause(const struct mlocktrace_event *event)
{
	return common_cause(event);
}

MLT_PURE enum mlocktrace_cause mlt_io_uring_cause(const struct mlocktrace_event *event)
{
	if (event->ret == -ENOMEM)
		return over_limit_or(event, MLOCKTRACE_CAUSE_NO_MEMORY);
	return common_cause(event);
}

MLT_PURE enum mlocktrace_cause mlt_perf_mmap_cause(const struct mlocktrace_event *event)
{
	/* It asks for the capability only when the limit is exceeded. */
	if (event->ret == -EPERM && mlt_has(event, MLOCKTRACE_F_CAP_DENIED))
		return MLOCKTRACE_CAUSE_OVER_LIMIT;
	if (event->ret == -EPERM)
		return over_limit_or(event, MLOCKTRACE_CAUSE_DENIED);
	return common_cause(event);
}

MLT_PURE enum mlocktrace_cause mlt_socket_cause(const struct mlocktrace_event *event)
{
	if (event->ret == -ENOBUFS)
		return over_limit_or(event, MLOCKTRACE_CAUSE_NO_MEMORY);
	return common_cause(event);
}

MLT_PURE enum mlocktrace_cause mlt_secretmem_cause(const struct mlocktrace_event *event)
{
	switch (event->ret) {
	case -EFAULT:
		/* No capability lifts this one. */
		return mlt_lock_sum(event, true) > event->limit ? MLOCKTRACE_CAUSE_OVER_LIMIT :
								 MLOCKTRACE_CAUSE_OTHER;
	case -EAGAIN:
		/* Older kernels: its mmap is an ordinary one of locked memory. */
		return over_limit_or(event, MLOCKTRACE_CAUSE_OTHER);
	}
	return common_cause(event);
}

MLT_PURE enum mlocktrace_cause mlt_pin_cause(const struct mlocktrace_event *event)
{
	switch (event->ret) {
	case -ENOMEM:
		return over_limit_or(event, MLOCKTRACE_CAUSE_NO_MEMORY);
	case -EPERM:
		return mlt_eperm_cause(event);
	}
	return MLOCKTRACE_CAUSE_OTHER;
}
