/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One run of tracing, recording or reporting: from an opened source to an
 * output, until something ends it. The commands differ in a struct session_job.
 */
#ifndef TOOLS_SESSION_H
#define TOOLS_SESSION_H

#include <mlocktrace/mlocktrace.h>

#include "options.h"

struct identity;

/*
 * @source: what to read; NULL = what the options say
 * @output: where to when the options don't say; NULL = the standard streams
 * @mute:   records are not written
 * @as:     whom COMMAND runs as; NULL = the caller
 * @held:   called with COMMAND's pid when it has been forked, before anything is traced; it runs
 *          when all is ready. Returns as @begin; may be NULL
 * @begin:  called when recording has begun, before COMMAND runs; returns STATUS_OK, or another
 *          exit status after a message; may be NULL
 * @each:   called with every record; may be NULL
 * @settle: called when all is over, while recording goes on still; returns after how many
 *          milliseconds it wants to be called again, with all records from before that call
 *          handed on by then; 0 = it is content; may be NULL
 * @end:    called after the last record has been written; may be NULL
 */
struct session_job {
	enum mlocktrace_format format;
	const char *source;
	const char *output;
	bool mute;
	const struct identity *as;
	int (*held)(void *ctx, pid_t pid);
	int (*begin)(void *ctx, struct mlocktrace *handle);
	int (*settle)(void *ctx, struct mlocktrace *handle);
	void (*each)(void *ctx, const struct mlocktrace_event *event);
	void (*end)(void *ctx, FILE *out, const struct mlocktrace_stats *stats);
	void *ctx;
};

/* Returns the exit status. */
int session_run(const struct options *o, const struct session_job *job);

/* For the commands that trace: is it said whose calls, and nothing that makes no sense together?
 * -1 = yes, else the exit status after a message. */
int session_check_options(const struct options *o, const struct command *command);

#endif
