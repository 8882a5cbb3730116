// SPDX-License-Identifier: GPL-2.0
/*
 * size: run a command with the limit out of its way, and say how much limit it
 * would have needed.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "message.h"
#include "options.h"
#include "record.h"
#include "session.h"
#include "size_print.h"
#include "values.h"

struct size_run {
	const struct options *o;
	const struct identity *as;
	struct size size;
	struct mlocktrace_symbols *symbols;
	const struct mlocktrace *handle;
	enum mlocktrace_format format;
	char user[64];
	uint64_t hard_limit;
	bool capable, skips_calls, incomplete;
};

static bool has_cap_ipc_lock(pid_t pid)
{
	unsigned long long effective = 0;
	char path[64], line[256];
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			break;
	if (status)
		fclose(status);
	return effective >> CAP_IPC_LOCK & 1;
}

/* The child waits, and is not traced yet. */
static int raise_limit(void *ctx, pid_t pid)
{
	struct rlimit limit = { SIZE_NO_LIMIT, SIZE_NO_LIMIT };
	struct size_run *run = ctx;
	int err;

	run->capable = !run->as && has_cap_ipc_lock(pid);
	err = prlimit(pid, RLIMIT_MEMLOCK, &limit, NULL);
	if (err && errno == EPERM && !prlimit(pid, RLIMIT_MEMLOCK, NULL, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		err = prlimit(pid, RLIMIT_MEMLOCK, &limit, NULL);
	}
	if (err) {
		error("cannot raise the command's limit: %s", strerror(errno));
		return STATUS_FAILED;
	}
	run->hard_limit = limit.rlim_max;
	note("the command's RLIMIT_MEMLOCK is raised to %llu while it is measured",
	     (unsigned long long)limit.rlim_max);
	return STATUS_OK;
}

static int begin(void *ctx, struct mlocktrace *handle)
{
	struct size_run *run = ctx;

	run->handle = handle;
	run->skips_calls = mlocktrace_skips(handle) == MLOCKTRACE_SKIPS_CALLS;
	return STATUS_OK;
}

/* As trace would show it, or NULL. */
static char *show(void *ctx, const struct mlocktrace_event *event)
{
	const struct size_run *run = ctx;
	const struct mlocktrace_writer_opts opts = {
		.size = sizeof(opts),
		.format = run->format,
		.time = true,
		.verbose = run->o->verbose,
		.symbols = run->symbols,
		.source = run->handle,
	};

	return record_text(event, &opts);
}

static void take(void *ctx, const struct mlocktrace_event *event)
{
	struct size_run *run = ctx;

	size_add(&run->size, event);
}

/* Stacks have been shown at once; the others now, when it is known which are needed. */
static void show_rows(void *ctx, const struct size_row *row)
{
	if (row->need && !row->text)
		((struct size_row *)row)->text = show(ctx, &row->top);
}

static void print_result(void *ctx, FILE *out, const struct mlocktrace_stats *stats)
{
	struct size_run *run = ctx;
	const struct size_view view = {
		.size = &run->size,
		.stats = stats,
		.user = run->user,
		.capable = run->capable,
		.hard_limit = run->hard_limit,
		.skips_calls = run->skips_calls,
		.all = run->o->verbose,
		.color = run->format == MLOCKTRACE_TEXT &&
			 color_wanted(run->o, run->o->output ? fileno(out) : STDERR_FILENO),
	};

	run->incomplete = size_is_incomplete(&view);
	size_each(&run->size, show_rows, run);
	if (run->format == MLOCKTRACE_JSON)
		size_print_json(&view, out);
	else
		size_print_text(&view, out);
	if (run->size.out_of_memory)
		error("out of memory: not all processes are in the figure");
}

/* Whom limits.conf is to name */
static void name_user(struct size_run *run)
{
	uid_t uid = run->as ? run->as->uid : getuid();
	const struct passwd *entry = getpwuid(uid);

	/* A domain that is a number names groups and ranges there; a range it is, of one. */
	if (entry)
		snprintf(run->user, sizeof(run->user), "%s", entry->pw_name);
	else
		snprintf(run->user, sizeof(run->user), "%u:%u", uid, uid);
}

static int measure(struct size_run *run)
{
	const struct session_job job = {
		.format = run->format,
		.mute = true,
		.as = run->as,
		.held = raise_limit,
		.begin = begin,
		.each = take,
		.end = print_result,
		.ctx = run,
	};
	int status;

	if (run->o->stacks) {
		if (mlocktrace_symbols_new(&run->symbols)) {
			error("out of memory");
			return STATUS_FAILED;
		}
		run->size.show = show;
		run->size.ctx = run;
	}
	status = session_run(run->o, &job);
	mlocktrace_symbols_free(run->symbols);
	size_free(&run->size);
	return run->incomplete ? STATUS_FAILED : status;
}

int cmd_size(struct options *o)
{
	const struct command *command = command_by_bit(ON_SIZE);
	struct size_run run = { .o = o, .format = o->json ? MLOCKTRACE_JSON : MLOCKTRACE_TEXT };
	struct identity identity = { 0 };
	int status;

	if (!o->n_operands && !o->after_dashes)
		return usage(command, "which command is to be measured? Put -- before it");
	if (source_is_recording(o))
		return usage(command, "\"%s\": a recording was made under some limit, which may have been in "
			     "the way; give auto, bpf or kmod", o->source);
	status = session_check_options(o, command);
	if (status >= 0)
		return status;
	if (o->as_user) {
		if (identity_find(&identity, o->as_user))
			return STATUS_USAGE;
		run.as = &identity;
	}
	name_user(&run);
	o->follow = true;
	status = measure(&run);
	identity_free(&identity);
	return status;
}
