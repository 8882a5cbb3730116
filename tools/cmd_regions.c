// SPDX-License-Identifier: GPL-2.0
/*
 * regions: what a process has locked, range by range, and with a recording,
 * which call locked it. All facts come from the library; this file asks for
 * them in an order in which a pid that is used again cannot mix two processes.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "options.h"
#include "regions.h"
#include "values.h"

static int cannot_look(pid_t pid, int err)
{
	switch (err) {
	case -ESRCH:
		error("no process %d, or it ended just now; `ps -e` lists the processes there are", pid);
		break;
	case -EACCES:
	case -EPERM:
		error("process %d may not be looked into (/proc/%d/smaps): be its user, or have "
		      "CAP_SYS_PTRACE (sudo " TOOL " regions %d)", pid, pid, pid);
		break;
	case -ENXIO:
		error("process %d has no memory of its own: it is a kernel thread, or has ended and waits "
		      "for its parent", pid);
		break;
	default:
		error("cannot read what process %d has locked: %s", pid, strerror(-err));
	}
	return STATUS_FAILED;
}

/* What open fails of is in mlocktrace_open_error(); the log tells where a recording breaks off. */
static void log_line(void *ctx, enum mlocktrace_log_level level, const char *line)
{
	if (*(bool *)ctx && level == MLOCKTRACE_LOG_ERROR)
		error("%s", line);
}

static int replay(struct mlocktrace *source, struct mlocktrace_history *history)
{
	const struct mlocktrace_event *event;
	int err;

	while ((err = mlocktrace_next(source, &event)) > 0) {
		err = mlocktrace_history_add(history, event);
		if (err < 0)
			break;
	}
	if (err == -ENODATA)
		return STATUS_OK;
	if (err == -EBADMSG)
		error("nothing can be read from there on; all records before it count");
	else
		error("cannot read the recording: %s", strerror(-err));
	return STATUS_FAILED;
}

/* Did the recording watch this process? */
static int look_at_stats(const struct regions_view *view)
{
	pid_t pid = view->total.pid;

	if (!view->stats.taken && view->stats.foreign) {
		error("%s is of another process, which had the pid %d before this one started; record "
		      "this one: " TOOL " record -p %d", view->recording, pid, pid);
		return STATUS_FAILED;
	}
	if (!view->stats.taken)
		note("%s has no record of process %d: it made no call while that was recorded, or was "
		     "not recorded", view->recording, pid);
	if (view->stats.lost)
		note("%llu records are missing from %s: a call that comes after is right, one that is "
		     "named may be too old", (unsigned long long)view->stats.lost, view->recording);
	return STATUS_OK;
}

static int with_recording(struct regions_view *view)
{
	struct mlocktrace_symbols *symbols = NULL;
	struct mlocktrace_history *history = NULL;
	struct mlocktrace *source = NULL;
	bool is_open = false;
	char path[PATH_MAX];
	const struct mlocktrace_opts opts = {
		.size = sizeof(opts), .source = path, .log = log_line, .log_ctx = &is_open,
	};
	int err, status = STATUS_FAILED;

	/* A file may be called "auto", or "bpf", which as a source mean something else. */
	if (snprintf(path, sizeof(path), "%s%s", strchr(view->recording, '/') ? "" : "./",
		     view->recording) >= (int)sizeof(path)) {
		error("%s: the name is too long", view->recording);
		return STATUS_FAILED;
	}
	if (mlocktrace_open(&source, &opts)) {
		error("%s", mlocktrace_open_error());
		return STATUS_FAILED;
	}
	is_open = true;
	err = mlocktrace_symbols_new(&symbols);
	if (!err)
		err = mlocktrace_history_new(&history, view->regions, source, symbols);
	if (err)
		error("cannot replay the recording: %s", strerror(-err));
	else
		status = replay(source, history);
	/* Names are copied as records are read. */
	mlocktrace_symbols_free(symbols);
	mlocktrace_close(source);
	if (history) {
		view->history = history;
		view->stats.size = sizeof(view->stats);
		mlocktrace_history_stats(history, &view->stats);
	}
	return status;
}

uint64_t regions_known_bytes(const struct regions_view *view)
{
	struct mlocktrace_region region = { .size = sizeof(region) };
	struct mlocktrace_lock lock = { .size = sizeof(lock) };
	uint64_t known = 0;

	for (size_t i = 0; !mlocktrace_region(view->regions, i, &region); i++) {
		for (uint64_t at = region.start; at < region.end; at = lock.end) {
			int found = mlocktrace_history_at(view->history, at, &lock);

			if (lock.end > region.end)
				lock.end = region.end;
			known += found > 0 ? lock.end - at : 0;
		}
	}
	return known;
}

int cmd_regions(struct options *o)
{
	const struct command *command = command_by_bit(ON_REGIONS);
	struct regions_view view = { .recording = o->input, .color = color_wanted(o, STDOUT_FILENO) };
	struct mlocktrace_regions *regions;
	int err, status = STATUS_OK, history_status = STATUS_OK;
	pid_t pid;

	if (o->all)
		return regions_of_machine(o);
	if (o->n_operands != 1)
		return usage(command, o->n_operands ? "one process at a time" :
						      "which process? (-a for all of them)");
	pid = pid_of(o->operands[0]);
	if (!pid)
		return usage(command, "\"%s\" is no process id; give a number (pgrep NAME finds it)",
			     o->operands[0]);
	err = mlocktrace_regions_new(&regions, pid);
	if (err)
		return cannot_look(pid, err);
	view.regions = regions;
	view.total.size = sizeof(view.total);
	mlocktrace_regions_total(regions, &view.total);
	if (view.total.pid != pid)
		note("%d is a thread of process %d: looking at the process", pid, view.total.pid);
	if (view.total.moving)
		note("process %d locks and unlocks all the time: the figures are not of one moment", pid);
	if (view.recording) {
		history_status = with_recording(&view);
		if (view.history)
			status = look_at_stats(&view);
		else
			status = STATUS_FAILED;
	}
	if (status == STATUS_OK) {
		if (o->json)
			regions_print_json(&view, stdout);
		else
			regions_print_text(&view, stdout);
		status = history_status;
	}
	mlocktrace_history_free((struct mlocktrace_history *)view.history);
	mlocktrace_regions_free(regions);
	return flush_stdout(status);
}
