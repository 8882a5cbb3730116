// SPDX-License-Identifier: GPL-2.0
/*
 * report: show a recording as trace would have shown it live, then what it
 * amounts to per process.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "message.h"
#include "options.h"
#include "session.h"
#include "summary.h"

struct report {
	const struct options *o;
	struct summary summary;
};

static void count(void *ctx, const struct mlocktrace_event *event)
{
	struct report *report = ctx;

	summary_add(&report->summary, event);
}

static void print_table(void *ctx, FILE *out, const struct mlocktrace_stats *stats)
{
	struct report *report = ctx;
	const struct options *o = report->o;

	if (!o->summary && (o->json || o->quiet))
		return;
	/* The trailer also knows of losses at the very end, which no record tells. */
	if (stats->dropped > report->summary.lost)
		report->summary.lost = stats->dropped;
	if (!o->summary)
		fputc('\n', out);
	summary_print(&report->summary, out, o->json);
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int cmd_report(struct options *o)
{
	const struct command *command = command_by_bit(ON_REPORT);
	const char *input = o->n_operands ? o->operands[0] : o->input ? o->input : "mlocktrace.data";
	char path[4096];
	struct report report = { .o = o };
	const struct session_job job = {
		.format = o->json ? MLOCKTRACE_JSON : MLOCKTRACE_TEXT,
		.source = path,
		.mute = o->summary,
		.each = count,
		.end = print_table,
		.ctx = &report,
	};
	int status;

	if (o->n_operands > 1 || (o->n_operands && o->input))
		return usage(command, "one recording at a time");
	if (o->output && same_file(input, o->output))
		return usage(command, "%s would be overwritten by its own report", input);
	/* A file may be called "auto", or "bpf", which as a source mean something else. */
	if (snprintf(path, sizeof(path), "%s%s", strchr(input, '/') ? "" : "./", input) >=
	    (int)sizeof(path)) {
		error("%s: the name is too long", input);
		return STATUS_FAILED;
	}
	status = session_run(o, &job);
	summary_free(&report.summary);
	return status;
}
