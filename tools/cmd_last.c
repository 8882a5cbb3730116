// SPDX-License-Identifier: GPL-2.0
/*
 * last: what led to the last refusals, from what the kernel module kept. Each
 * refusal is the end of a group; before it stand the records that bear on it: those of
 * its process and of its account since the refusal before, who set the limit that was in
 * force, and who switched MCL_FUTURE on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mlocktrace/mlocktrace.h>

#include "message.h"
#include "options.h"
#include "output.h"
#include "values.h"

#define DEFAULT_COUNT 10
#define CONTEXT 10 /* records before a refusal, without -v */

struct item {
	struct mlocktrace_event *event; /* with its stack */
	bool chosen; /* a refusal that is shown */
	bool shown;
};

struct last {
	const struct options *o;
	uint32_t pid; /* 0 = all */
	struct mlocktrace *handle;
	struct mlocktrace_symbols *symbols;
	struct mlocktrace_writer *writer;
	struct output out;
	uint64_t began_ns;
	struct item *items; /* in the order in which they were made */
	size_t n, room;
	uint64_t overwritten; /* while we read */
	size_t refused, groups;
	bool is_open;
};

/* What open fails of is in mlocktrace_open_error(). */
static void log_line(void *ctx, enum mlocktrace_log_level level, const char *line)
{
	const struct last *last = ctx;

	if (level == MLOCKTRACE_LOG_ERROR && last->is_open)
		error("%s", line);
	else if (level == MLOCKTRACE_LOG_WARN || last->o->verbose > 1)
		note("%s", line);
}

/* ---- reading ------------------------------------------------------------------------ */

static uint64_t made_ns(const struct mlocktrace_event *event)
{
	return event->time_ns + event->duration_ns;
}

static bool keep(struct last *last, const struct mlocktrace_event *event)
{
	size_t room = last->room ? last->room * 2 : 1024;
	struct item *more;

	if (last->n == last->room) {
		more = realloc(last->items, room * sizeof(*more));
		if (!more)
			return false;
		last->items = more;
		last->room = room;
	}
	last->items[last->n] = (struct item){ .event = malloc(event->size) };
	if (!last->items[last->n].event)
		return false;
	memcpy(last->items[last->n++].event, event, event->size);
	return true;
}

/* What is made while we read is not the past: it could go on for ever. */
static int read_past(struct last *last)
{
	const struct mlocktrace_event *event;
	int err;

	while ((err = mlocktrace_next(last->handle, &event)) > 0) {
		if (event->op == MLOCKTRACE_OP_LOST) {
			last->overwritten += event->count;
			continue;
		}
		if (made_ns(event) > last->began_ns)
			break;
		if (!keep(last, event)) {
			error("out of memory");
			return STATUS_FAILED;
		}
	}
	if (err == -EBADMSG)
		error("nothing can be read from there on; all records before it are looked at");
	else if (err < 0 && err != -ENODATA)
		error("cannot read the flight recorder: %s", strerror(-err));
	return err < 0 && err != -ENODATA ? STATUS_FAILED : STATUS_OK;
}

/* ---- what belongs together ------------------------------------------------------------ */

/* Done to another process: its limit set, its memory changed. */
static bool is_done_to(const struct mlocktrace_event *event, uint32_t pid)
{
	return (event->op == MLOCKTRACE_OP_SETRLIMIT || (event->flags & MLOCKTRACE_F_REMOTE)) &&
	       event->target_pid == pid;
}

/* By it, and not only found while it ran. */
static bool is_done_by(const struct mlocktrace_event *event, uint32_t pid, uint64_t start_ns)
{
	const uint64_t found = MLOCKTRACE_F_REMOTE | MLOCKTRACE_F_INFERRED;

	return event->pid == pid && event->start_ns == start_ns && (event->flags & found) != found;
}

/* Of the same process, or of the same counter: what others charge to a user adds up, too. */
static bool bears_on(const struct mlocktrace_event *event, const struct mlocktrace_event *refusal)
{
	if (is_done_by(event, refusal->pid, refusal->start_ns))
		return true;
	return is_done_to(event, refusal->pid) || (event->mm_id && event->mm_id == refusal->mm_id);
}

static void choose(struct last *last)
{
	size_t most = last->o->count ? last->o->count : DEFAULT_COUNT;

	for (size_t i = last->n; i-- > 0;) {
		const struct mlocktrace_event *event = last->items[i].event;

		if (event->ret >= 0 ||
		    (last->pid && event->pid != last->pid && !is_done_to(event, last->pid)))
			continue;
		last->refused++;
		last->items[i].chosen = last->refused <= most;
	}
}

/* The record that another one names by its time and process; it may be overwritten. */
static struct item *find_moment(struct last *last, size_t before, uint64_t time_ns, uint32_t pid,
				unsigned int op)
{
	for (size_t i = before; time_ns && i-- > 0;) {
		const struct mlocktrace_event *event = last->items[i].event;

		if (event->time_ns == time_ns && event->pid == pid && event->op == op)
			return &last->items[i];
	}
	return NULL;
}

/* ---- showing -------------------------------------------------------------------------- */

static int show(struct last *last, struct item *item)
{
	if (item->shown)
		return 0;
	item->shown = true;
	return mlocktrace_write(last->writer, item->event);
}

/* Those older than the window: how the limit came about, and why everything is locked. */
static int show_origins(struct last *last, size_t refusal, size_t first)
{
	const struct mlocktrace_event *event = last->items[refusal].event;
	struct item *set, *armed;
	int err = 0;

	set = find_moment(last, first, event->limit_ns, event->limit_pid, MLOCKTRACE_OP_SETRLIMIT);
	armed = event->flags & MLOCKTRACE_F_ARMED ?
		find_moment(last, first, event->armed_ns, event->pid, MLOCKTRACE_OP_MLOCKALL) : NULL;
	/* In the order in which they were made. */
	if (set && (!armed || set < armed))
		err = show(last, set);
	if (armed && !err)
		err = show(last, armed);
	return set && !err ? show(last, set) : err;
}

/* The oldest of at most @most records before a refusal. */
static size_t first_of(const struct last *last, size_t refusal, size_t most)
{
	const struct mlocktrace_event *event = last->items[refusal].event;
	size_t first = refusal;

	for (size_t i = refusal; i-- > 0 && most;) {
		const struct item *item = &last->items[i];

		if (!bears_on(item->event, event))
			continue;
		/* Before that, it led to that one. */
		if (item->chosen && item->event->pid == event->pid)
			break;
		if (item->shown)
			continue;
		most--;
		first = i;
	}
	return first;
}

static int show_group(struct last *last, size_t refusal)
{
	const struct mlocktrace_event *event = last->items[refusal].event;
	size_t first = first_of(last, refusal, last->o->verbose ? SIZE_MAX : CONTEXT), left_out = 0;
	int err;

	if (last->groups++ && !last->o->json)
		fputc('\n', last->out.file);
	err = show_origins(last, refusal, first);
	for (size_t i = first; i <= refusal && !err; i++)
		if (i == refusal || bears_on(last->items[i].event, event))
			err = show(last, &last->items[i]);
	for (size_t i = first_of(last, refusal, SIZE_MAX); i < first; i++)
		left_out += !last->items[i].shown && bears_on(last->items[i].event, event);
	if (left_out && !err && !last->o->json)
		fprintf(last->out.file, "        (%zu earlier record%s that may bear on it: -v)\n", left_out,
			left_out == 1 ? "" : "s");
	return err;
}

static const char *age(char buf[32], uint64_t ns)
{
	unsigned long long seconds = ns / 1000000000;

	if (seconds < 120)
		snprintf(buf, 32, "%llu s", seconds);
	else if (seconds < 7200)
		snprintf(buf, 32, "%llu min", seconds / 60);
	else
		snprintf(buf, 32, "%llu h", seconds / 3600);
	return buf;
}

static void summary(const struct last *last)
{
	char back[32], of[32] = "";
	size_t shown = 0;

	for (size_t i = 0; i < last->n; i++)
		shown += last->items[i].chosen;
	if (last->pid)
		snprintf(of, sizeof(of), " of process %u", last->pid);
	if (!last->n)
		note("the flight recorder is empty: nothing was locked or refused since the module was loaded");
	else if (!last->refused)
		note("the flight recorder has no refusal%s; it holds %zu records and reaches back %s", of,
		     last->n, age(back, last->began_ns - made_ns(last->items[0].event)));
	else
		note("%zu of %zu refusal%s%s; the flight recorder holds %zu records and reaches back %s",
		     shown, last->refused, last->refused == 1 ? "" : "s", of, last->n,
		     age(back, last->began_ns - made_ns(last->items[0].event)));
	if (last->overwritten)
		note("%llu records were overwritten while they were read",
		     (unsigned long long)last->overwritten);
}

/* ---- the whole -------------------------------------------------------------------------- */

static int open_all(struct last *last)
{
	const struct options *o = last->o;
	const struct mlocktrace_opts opts = {
		.size = sizeof(opts),
		.source = "kmod",
		.stacks = o->stacks,
		.past = true,
		.log = log_line,
		.log_ctx = last,
	};
	struct mlocktrace_writer_opts writing = {
		.size = sizeof(writing),
		.format = o->json ? MLOCKTRACE_JSON : MLOCKTRACE_TEXT,
		.verbose = o->verbose,
		.time = true,
	};
	struct timespec now;
	int err;

	clock_gettime(CLOCK_MONOTONIC, &now);
	last->began_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	if (mlocktrace_open(&last->handle, &opts)) {
		error("%s", mlocktrace_open_error());
		return STATUS_FAILED;
	}
	last->is_open = true;
	if (output_open(&last->out, NULL, STDOUT_FILENO, true))
		return STATUS_FAILED;
	err = o->stacks ? mlocktrace_symbols_new(&last->symbols) : 0;
	writing.symbols = last->symbols;
	writing.source = last->handle;
	writing.color = color_wanted(o, STDOUT_FILENO);
	if (!err)
		err = mlocktrace_writer_new(&last->writer, last->out.file, &writing);
	if (err)
		error("cannot prepare the output: %s", strerror(-err));
	return err ? STATUS_FAILED : STATUS_OK;
}

static void close_all(struct last *last)
{
	for (size_t i = 0; i < last->n; i++)
		free(last->items[i].event);
	free(last->items);
	mlocktrace_writer_free(last->writer);
	mlocktrace_symbols_free(last->symbols);
	mlocktrace_close(last->handle);
}

static int show_all(struct last *last)
{
	int err = 0;

	choose(last);
	for (size_t i = 0; i < last->n && !err; i++)
		if (last->items[i].chosen)
			err = show_group(last, i);
	if (!err && last->groups)
		err = mlocktrace_writer_finish(last->writer, NULL);
	return err;
}

int cmd_last(struct options *o)
{
	struct last last = { .o = o };
	int status, err;

	if (o->n_operands > 1)
		return usage(command_by_bit(ON_LAST), "one process at a time");
	if (o->n_operands) {
		last.pid = pid_of(o->operands[0]);
		if (!last.pid)
			return usage(command_by_bit(ON_LAST), "\"%s\" is no process id; give a number",
				     o->operands[0]);
	}
	status = open_all(&last);
	if (status == STATUS_OK) {
		/* What was read before an error is still good. */
		status = read_past(&last);
		err = show_all(&last);
		if (output_close(&last.out) && !err)
			err = last.out.error;
		if (err && err != -EPIPE) {
			error("cannot write to %s: %s", last.out.name, strerror(-err));
			status = STATUS_FAILED;
		}
		if (err != -EPIPE)
			summary(&last);
	} else {
		output_close(&last.out);
	}
	close_all(&last);
	return status;
}
