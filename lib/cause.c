/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Facts to cause, for the library's callers, and the limit that would have been
 * enough. Both pure; the truth is in body/cause*.c.
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

MLT_API uint64_t mlocktrace_needed_limit(const struct mlocktrace_event *event)
{
	enum mlocktrace_cause cause = mlocktrace_cause(event);
	uint64_t need = 0;

	if (cause != MLOCKTRACE_CAUSE_OVER_LIMIT && cause != MLOCKTRACE_CAUSE_LIMIT_ZERO)
		return 0;
	if (cause == MLOCKTRACE_CAUSE_LIMIT_ZERO && mlt_size_unknown(event))
		return SOME_PAGE;
	if (mlt_had_unknown(event) || mlt_size_unknown(event))
		return 0;
	if (cause == MLOCKTRACE_CAUSE_OVER_LIMIT && mlt_is_namespace_maximum(event))
		return 0;
	if (event->op != MLOCKTRACE_OP_MLOCKALL)
		need = mlt_lock_sum(event, false);
	else if (asks_for_whole_space(event) || cause == MLOCKTRACE_CAUSE_OVER_LIMIT)
		need = event->asked;
	return need ? need : SOME_PAGE;
}
