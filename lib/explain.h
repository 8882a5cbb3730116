/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Sentences into a caller's buffer, counted as snprintf counts. Shared by the
 * two halves of the verdict: refusals, and what worked.
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

/* explain_ok.c: what is worth knowing about a record that did not fail. */
void mlt_say_ok(struct mlt_say *say, const struct mlocktrace_event *event);

#endif
