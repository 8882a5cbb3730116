// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1 OR BSD-2-Clause
/*
 * Why a mapping could not be made, grown or taken away: mmap and its kin, brk,
 * the stack, mremap, munmap. Pure, as cause.c. None of them takes off what is
 * locked already: a MAP_FIXED mapping over locked memory counts twice.
 */
#include "cause.h"

/* ENOMEM that is not the memlock limit's. */
static enum mlocktrace_cause enomem_cause(const struct mlocktrace_event *event)
{
	if (mlt_has(event, MLOCKTRACE_F_RLIMIT_AS | MLOCKTRACE_F_RLIMIT_STACK))
		return MLOCKTRACE_CAUSE_OTHER;
	return mlt_has(event, MLOCKTRACE_F_MAP_LIMIT) ? MLOCKTRACE_CAUSE_TOO_MANY_MAPS :
							MLOCKTRACE_CAUSE_NO_MEMORY;
}

/* EAGAIN is a driver's word as well, for a mapping that nobody wanted locked. */
static bool is_to_be_locked(const struct mlocktrace_event *event)
{
	return mlt_has(event, MLOCKTRACE_F_MAP_LOCKED | MLOCKTRACE_F_ARMED |
				      MLOCKTRACE_F_CAP_DENIED) ||
	       mlt_is_in_call(event, remap_file_pages);
}

/* A refused shmat does not say how large the segment is; nothing else in it answers EAGAIN. */
MLT_PURE bool mlt_size_unknown(const struct mlocktrace_event *event)
{
	return !event->asked && event->ret < 0 &&
	       (event->op == MLOCKTRACE_OP_SHM_LOCK || mlt_is_in_call(event, shmat));
}

MLT_PURE enum mlocktrace_cause mlt_mmap_cause(const struct mlocktrace_event *event)
{
	bool is_limit = is_to_be_locked(event) && mlt_could_be_limit(event);

	switch (event->ret) {
	case -EPERM:
		/* Only who asks for the lock by a flag is asked for permission. */
		if (mlt_has(event, MLOCKTRACE_F_MAP_LOCKED) ||
		    mlt_is_in_call(event, remap_file_pages))
			return mlt_eperm_cause(event);
		return MLOCKTRACE_CAUSE_DENIED;
	case -EAGAIN:
		if (mlt_size_unknown(event) && mlt_has(event, MLOCKTRACE_F_ARMED) &&
		    !mlt_has(event, MLOCKTRACE_F_CAPABLE))
			return MLOCKTRACE_CAUSE_OVER_LIMIT;
		return is_limit ? MLOCKTRACE_CAUSE_OVER_LIMIT : MLOCKTRACE_CAUSE_OTHER;
	case -ENOMEM:
		/* It makes ENOMEM of whatever its mapping met (aio_setup_ring). */
		if (mlt_is_in_call(event, io_setup) && (is_limit || event->inner_ret == -EAGAIN))
			return MLOCKTRACE_CAUSE_OVER_LIMIT;
		return enomem_cause(event);
	}
	return MLOCKTRACE_CAUSE_OTHER;
}

MLT_PURE enum mlocktrace_cause mlt_brk_cause(const struct mlocktrace_event *event)
{
	if (event->ret != -ENOMEM)
		return MLOCKTRACE_CAUSE_OTHER;
	if (event->inner_ret == -EAGAIN)
		return MLOCKTRACE_CAUSE_OVER_LIMIT;
	if (!event->inner_ret && mlt_has(event, MLOCKTRACE_F_ARMED) && mlt_could_be_limit(event))
		return MLOCKTRACE_CAUSE_OVER_LIMIT;
	return enomem_cause(event);
}

MLT_PURE enum mlocktrace_cause mlt_stack_cause(const struct mlocktrace_event *event)
{
	/* These two are tested before the memlock limit. */
	if (mlt_has(event, MLOCKTRACE_F_RLIMIT_AS | MLOCKTRACE_F_RLIMIT_STACK))
		return MLOCKTRACE_CAUSE_OTHER;
	return mlt_could_be_limit(event) ? MLOCKTRACE_CAUSE_OVER_LIMIT : MLOCKTRACE_CAUSE_OTHER;
}

MLT_PURE enum mlocktrace_cause mlt_mremap_cause(const struct mlocktrace_event *event)
{
	switch (event->ret) {
	case -EAGAIN:
		return MLOCKTRACE_CAUSE_OVER_LIMIT; /* it has no other */
	case -ENOMEM:
		return enomem_cause(event);
	case -EFAULT:
		return MLOCKTRACE_CAUSE_NOT_MAPPED;
	case -EPERM:
		return MLOCKTRACE_CAUSE_DENIED;
	}
	return MLOCKTRACE_CAUSE_OTHER;
}

MLT_PURE enum mlocktrace_cause mlt_munmap_cause(const struct mlocktrace_event *event)
{
	switch (event->ret) {
	case -ENOMEM:
		return enomem_cause(event);
	case -EPERM:
		return MLOCKTRACE_CAUSE_DENIED;
	}
	return MLOCKTRACE_CAUSE_OTHER;
}
