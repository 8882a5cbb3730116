// SPDX-License-Identifier: GPL-2.0
/*
 * audit: record as trace does, show no records, and prove at the end that the
 * books are what the kernel says.
 */
#include <errno.h>
#include <string.h>

#include "audit.h"
#include "audit_print.h"
#include "message.h"
#include "options.h"
#include "session.h"
#include "values.h"

#define BETWEEN_READINGS_MS 10

struct audit_run {
	const struct options *o;
	struct audit audit;
	const char *tier;
	bool done;   /* there is a result */
	bool frozen; /* the readings are over; what is recorded after them is not judged */
};

static void take(void *ctx, const struct mlocktrace_event *event)
{
	struct audit_run *run = ctx;

	if (!run->frozen)
		audit_record(&run->audit, event);
}

/* 1 = more readings are needed, 0 = no, or -errno. */
static int read_ledger(struct audit_run *run, struct mlocktrace *handle)
{
	struct mlocktrace_stats stats = { .size = sizeof(stats) };
	int err;

	audit_reading_begin(&run->audit);
	err = mlocktrace_ledger(handle, audit_holding, &run->audit);
	if (!err)
		err = mlocktrace_stats(handle, -1, &stats);
	return err ? err : !audit_reading_end(&run->audit, &stats);
}

static int begin(void *ctx, struct mlocktrace *handle)
{
	struct audit_run *run = ctx;
	int err = read_ledger(run, handle);

	run->tier = mlocktrace_tier(handle);
	if (err == -EOPNOTSUPP)
		error("tier %s keeps no books on this kernel: it does not see address spaces end",
		      run->tier);
	else if (err)
		error("cannot read the books: %s", strerror(-err));
	return err ? STATUS_FAILED : STATUS_OK;
}

static int settle(void *ctx, struct mlocktrace *handle)
{
	struct audit_run *run = ctx;
	int more = read_ledger(run, handle);

	if (more > 0)
		return BETWEEN_READINGS_MS;
	run->frozen = true;
	run->done = !more;
	if (more < 0)
		error("cannot read the books: %s", strerror(-more));
	return 0;
}

static void print_result(void *ctx, FILE *out, const struct mlocktrace_stats *stats)
{
	struct audit_run *run = ctx;

	if (!run->done)
		return;
	audit_close(&run->audit, stats);
	if (run->o->json)
		audit_print_json(&run->audit, out, stats, run->tier);
	else
		/* With children, or all of the machine, those that ended may be thousands. */
		audit_print_text(&run->audit, out, stats,
				 run->o->verbose || (!run->o->follow && !run->o->all));
	if (run->audit.out_of_memory)
		error("out of memory: not everything was compared");
}

int cmd_audit(struct options *o)
{
	const struct command *command = command_by_bit(ON_AUDIT);
	struct audit_run run = { .o = o };
	const struct session_job job = {
		.format = o->json ? MLOCKTRACE_JSON : MLOCKTRACE_TEXT,
		.mute = true,
		.begin = begin,
		.each = take,
		.settle = settle,
		.end = print_result,
		.ctx = &run,
	};
	int status;

	if (!o->n_operands && !o->after_dashes && !o->n_pids && !o->all)
		return usage(command, "whose books? Give -p PID, -a (every process) or -- COMMAND");
	if (source_is_recording(o))
		return usage(command, "\"%s\": a recording has no counters to compare with; give auto, bpf "
			     "or kmod", o->source);
	status = session_check_options(o, command);
	if (status >= 0)
		return status;
	if (audit_open(&run.audit)) {
		error("out of memory");
		return STATUS_FAILED;
	}
	status = session_run(o, &job);
	/* COMMAND's own status says nothing of a drift. */
	if (run.done && !run.audit.pass)
		status = STATUS_FAILED;
	audit_free(&run.audit);
	return status;
}
