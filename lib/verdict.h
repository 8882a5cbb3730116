/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What the cause and its sentence both have to compute from a record, so that
 * they cannot disagree.
 */
#ifndef MLT_VERDICT_H
#define MLT_VERDICT_H

#include "internal.h"

static inline bool mlt_has(const struct mlocktrace_event *event, uint64_t any_of)
{
	return event->flags & any_of;
}

static inline bool mlt_is_mlock(const struct mlocktrace_event *event)
{
	return event->op == MLOCKTRACE_OP_MLOCK || event->op == MLOCKTRACE_OP_MLOCK2;
}

/* What the record changed; figures from a hostile file may wrap, but are not undefined. */
static inline int64_t mlt_delta(const struct mlocktrace_event *event)
{
	return (int64_t)((uint64_t)event->after - (uint64_t)event->before);
}

/* Name of a result like event->ret; NULL if it is no error or none that has a name. */
static inline const char *mlt_result_name(int result)
{
	return result < 0 ? mlocktrace_errno_name(0u - (unsigned int)result) : NULL;
}

/* cause.c: what mlock compares with the limit: had + asked - overlap (naive: without the last);
 * MLOCKTRACE_UNLIMITED where that does not fit. */
uint64_t mlt_lock_sum(const struct mlocktrace_event *event, bool naive);
/* cause.c: an mlock that failed with ENOMEM, perhaps at the limit, and nothing says for sure. */
bool mlt_limit_unsure(const struct mlocktrace_event *event);
/* cause.c: bits of the flags argument that the call does not know. */
uint32_t mlt_unknown_arg(const struct mlocktrace_event *event);

#endif
