/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What `size` found, for the two ways to print it.
 */
#ifndef TOOLS_SIZE_PRINT_H
#define TOOLS_SIZE_PRINT_H

#include "identity.h"
#include "size.h"

struct size_view {
	const struct size *size;
	const struct mlocktrace_stats *stats;
	const char *user; /* for limits.conf */
	bool capable;	  /* the command had CAP_IPC_LOCK */
	uint64_t hard_limit; /* that the command was measured with */
	bool skips_calls; /* the kernel may have skipped whole calls */
	bool all;	  /* a row per process and user */
	bool color;
};

/* Something may be missing: the figure is a lower bound. */
bool size_is_incomplete(const struct size_view *view);

/* Where a limit is set, and the exact words there. */
struct size_line {
	const char *where; /* for people */
	const char *key;   /* in JSON */
	char text[128];
};
#define SIZE_LINES 6
void size_lines(const struct size_view *view, struct size_line lines[SIZE_LINES]);

/* Call @say with each sentence that the reader has to know to judge the figure. */
void size_remarks(const struct size_view *view, void (*say)(void *ctx, const char *text), void *ctx);

void size_print_text(const struct size_view *view, FILE *out);
void size_print_json(const struct size_view *view, FILE *out);

#endif
