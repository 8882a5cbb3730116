/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Sentences into a caller's buffer, counted as snprintf counts. Shared by the
 * parts of the verdict: the limit, other refusals, and what worked.
 */
#ifndef MLT_EXPLAIN_H
#define MLT_EXPLAIN_H

#include <stdarg.h>

#include "format.h"
#include "verdict.h"

struct mlt_say {
	char *buf;
	size_t size;
	int len;
};

static inline void MLT_PRINTF(2, 3) mlt_say(struct mlt_say *say, const char *fmt, ...)
{
	size_t at = (size_t)say->len < say->size ? (size_t)say->len : say->size;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(say->buf + at, say->size - at, fmt, args);
	va_end(args);
	say->len += n > 0 ? n : 0;
}

#define MLT_NOT_LIMIT "not about the memlock limit: "

/* explain.c: what the counter did although the call failed. */
void mlt_say_delta(struct mlt_say *say, const struct mlocktrace_event *event, const char *what);

/* explain_limit.c: refusals by the limit, with the sum and the smallest fix; and their parts. */
void mlt_say_over_limit(struct mlt_say *say, const struct mlocktrace_event *event);
void mlt_say_limit_zero(struct mlt_say *say, const struct mlocktrace_event *event);
void mlt_say_limit_or_hole(struct mlt_say *say, const struct mlocktrace_event *event);
void mlt_say_maybe_limit(struct mlt_say *say, const struct mlocktrace_event *event);
/* explain_limit.c: "; MCL_FUTURE locks it (mlockall 3.2 s ago)"; nothing if it was not on. */
void mlt_say_armed(struct mlt_say *say, const struct mlocktrace_event *event);
/* explain_limit.c: " (60K locked + 16K asked fit the soft limit of 8.0M)"; nothing if they do not. */
void mlt_say_fits(struct mlt_say *say, const struct mlocktrace_event *event);

/* explain_map.c: refusals of implicit ops, where their words are not those of the lock calls. */
void mlt_say_map_denied(struct mlt_say *say, const struct mlocktrace_event *event);
void mlt_say_map_no_memory(struct mlt_say *say, const struct mlocktrace_event *event);
void mlt_say_map_other(struct mlt_say *say, const struct mlocktrace_event *event);
/* explain_map.c: what happened all the same, and how the caller learnt of it. */
void mlt_say_aftermath(struct mlt_say *say, const struct mlocktrace_event *event);

/* explain_ok.c: what is worth knowing about a record that did not fail. */
void mlt_say_ok(struct mlt_say *say, const struct mlocktrace_event *event);

#endif
