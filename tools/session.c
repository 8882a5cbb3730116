// SPDX-License-Identifier: GPL-2.0
/*
 * The engine of trace, record and report: reads, writes and watches until
 * something ends it. Then recording stops first, and what is still buffered is
 * read after that.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "message.h"
#include "session.h"
#include "setup.h"
#include "signals.h"
#include "values.h"

#define BATCH 4096		     /* records between two looks at everything else */
#define FLUSH_NS (100 * 1000 * 1000) /* a busy stream is sent on at least so often */
#define SETTLE_NS 10000000000ULL     /* no more patience than that */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* ---- running ------------------------------------------------------------------ */

static void reading_failed(struct session *s, int err)
{
	s->ending = END_FAILED;
	s->failed = true;
	if (err == -EBADMSG)
		error("nothing can be read from there on; all records before it are shown");
	else
		error("cannot read records: %s", strerror(-err));
}

/* Hand on at most @most records; false = nothing more for now. */
static bool pass_on(struct session *s, unsigned int most)
{
	const struct mlocktrace_event *event;
	int err;

	while (most--) {
		err = mlocktrace_next(s->handle, &event);
		if (err == -ENODATA)
			s->ending = END_SOURCE;
		else if (err < 0 && err != -EINTR)
			reading_failed(s, err);
		if (err <= 0)
			return false;
		if (event->op != MLOCKTRACE_OP_LOST) {
			s->records++;
			s->refused += event->ret < 0;
		}
		if (s->job->each)
			s->job->each(s->job->ctx, event);
		err = s->writer ? mlocktrace_write(s->writer, event) : 0;
		if (err || s->out.error) {
			if (!s->out.error)
				s->out.error = err;
			s->ending = END_OUTPUT;
			return false;
		}
	}
	return true;
}

static void flush(struct session *s, uint64_t now)
{
	s->flushed_ns = now;
	if (output_flush(&s->out))
		s->ending = END_OUTPUT;
}

static void on_signal(struct session *s)
{
	enum signal_wish wish = signals_read(s->signal_fd, &s->child);

	if (wish != SIGNAL_NONE)
		s->ending = END_SIGNAL;
	if (wish == SIGNAL_ABANDON) {
		note("%s (process %d) goes on, untraced", s->child.argv[0], s->child.pid);
		s->child.running = false;
		s->child.status = 128 + SIGINT;
	}
}

static void look_around(struct session *s, int timeout_ms)
{
	struct pollfd *fds = s->fds;

	if (poll(fds, FD_TARGETS + s->targets.n, timeout_ms) <= 0)
		return;
	if (fds[FD_OUTPUT].revents & (POLLERR | POLLHUP)) {
		s->out.error = -EPIPE;
		s->ending = END_OUTPUT;
	}
	for (size_t i = 0; i < s->targets.n; i++) {
		if (!fds[FD_TARGETS + i].revents)
			continue;
		target_ended(&s->targets, i, s->o->follow);
		fds[FD_TARGETS + i].fd = -1;
		/* With COMMAND it is COMMAND that says when. */
		if (!s->targets.alive && !s->child.pid)
			s->ending = END_TARGETS;
	}
	if (fds[FD_CHILD].revents) {
		child_collect(&s->child);
		fds[FD_CHILD].fd = -1;
		s->ending = END_COMMAND;
	}
	if (fds[FD_SIGNALS].revents)
		on_signal(s);
}

static int timeout_ms(const struct session *s, uint64_t now)
{
	uint64_t until = s->began_ns + s->o->duration_ns;

	if (!s->o->duration_ns)
		return -1;
	if (now >= until)
		return 0;
	return until - now > 3600000000000ULL ? 3600000 : (int)((until - now + 999999) / 1000000);
}

static void run(struct session *s)
{
	s->began_ns = s->flushed_ns = now_ns();
	while (s->ending == GOING) {
		bool more = pass_on(s, BATCH);
		uint64_t now = now_ns();

		if (s->ending != GOING)
			break;
		if (!more || now - s->flushed_ns >= FLUSH_NS)
			flush(s, now);
		look_around(s, more || s->ending != GOING ? 0 : timeout_ms(s, now));
		if (s->ending == GOING && s->live && s->o->duration_ns &&
		    now_ns() - s->began_ns >= s->o->duration_ns)
			s->ending = END_TIME;
	}
}

/* ---- ending ------------------------------------------------------------------- */

static void settle(struct session *s)
{
	uint64_t began = now_ns();
	int again_ms;

	while (s->job->settle && !s->out.error && !s->failed && now_ns() - began < SETTLE_NS) {
		again_ms = s->job->settle(s->job->ctx, s->handle);
		if (!again_ms)
			return;
		poll(NULL, 0, again_ms);
		for (uint64_t now = now_ns(); pass_on(s, BATCH) && now_ns() - now < FLUSH_NS;)
			;
	}
}

/* What was recorded before the end is still shown, unless it can't be, or the user is impatient. */
static void pass_on_rest(struct session *s)
{
	struct pollfd again = { .fd = s->signal_fd, .events = POLLIN };

	settle(s);
	mlocktrace_stop(s->handle);
	s->ended_ns = now_ns();
	while (!s->out.error && !s->failed && s->ending != END_SOURCE && pass_on(s, BATCH)) {
		if (s->child.running || poll(&again, 1, 0) <= 0)
			continue;
		if (signals_read(s->signal_fd, &s->child) != SIGNAL_NONE) {
			note("interrupted: records still in the buffer are not shown");
			break;
		}
	}
}

static void wait_for_command(struct session *s)
{
	struct pollfd fds[] = { { .fd = s->signal_fd, .events = POLLIN },
				{ .fd = s->child.pidfd, .events = POLLIN } };

	while (s->child.running) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents)
			child_collect(&s->child);
		else if (fds[0].revents)
			on_signal(s);
	}
}

static void summary(const struct session *s, const struct mlocktrace_stats *stats)
{
	char size[24];
	bool recorded = s->job->format == MLOCKTRACE_FILE && !to_standard_stream(s) && !s->failed;

	note("%llu record%s, %llu refused, %llu lost in %.2f s%s%s",
	     (unsigned long long)s->records, s->records == 1 ? "" : "s",
	     (unsigned long long)s->refused, (unsigned long long)stats->dropped,
	     (s->ended_ns - s->began_ns) / 1e9, recorded ? ", written to " : "",
	     recorded ? s->out.name : "");
	if (stats->dropped && !strcmp(mlocktrace_source(s->handle), "kmod"))
		note("overwritten before they were read: load the module with a larger buffer "
		     "(modprobe mlocktrace buffer_kb=...)");
	else if (stats->dropped)
		note("lost for want of buffer (now %s): give a larger --buffer, or trace less (-p, -e, -x)",
		     s->o->buffer_bytes ? size_text(size, s->o->buffer_bytes) : "8.0M");
	if (stats->missed)
		note("the kernel skipped %llu hook invocations; `" TOOL " doctor` says what each tier misses",
		     (unsigned long long)stats->missed);
	if (stats->untracked)
		note("%llu calls were not followed: too many at the same time",
		     (unsigned long long)stats->untracked);
}

static void output_failed(struct session *s, int err)
{
	/* Who closes a pipe has read enough. */
	if (err == -EPIPE || !err)
		return;
	error("cannot write to %s: %s%s", s->out.name, strerror(-err),
	      err == -ENOSPC ? "; free some space, or write elsewhere with -o" : "");
	s->failed = true;
}

static void finish(struct session *s)
{
	struct mlocktrace_stats stats = { .size = sizeof(stats) };
	int err, known;

	pass_on_rest(s);
	known = mlocktrace_stats(s->handle, -1, &stats);
	err = s->writer ? mlocktrace_writer_finish(s->writer, known ? NULL : &stats) : 0;
	if (!s->out.error)
		s->out.error = err;
	if (s->job->end && !s->out.error && !s->child.exec_failed)
		s->job->end(s->job->ctx, s->out.file, &stats);
	mlocktrace_writer_free(s->writer);
	s->writer = NULL;
	err = output_close(&s->out);
	output_failed(s, err);
	if (s->child.running) {
		if (err != -EPIPE)
			note("tracing has ended; waiting for %s (process %d) to end",
			     s->child.argv[0], s->child.pid);
		wait_for_command(s);
	}
	if (s->live && err != -EPIPE && !s->child.exec_failed)
		summary(s, &stats);
}

static void say_what_is_traced(const struct session *s)
{
	const char *tier = mlocktrace_tier(s->handle);

	if (!s->live || s->child.pid)
		return;
	if (s->targets.n == 1)
		note("tracing process %d (tier %s); Ctrl-C ends", s->targets.list[0].pid, tier);
	else if (s->targets.n)
		note("tracing %zu processes (tier %s); Ctrl-C ends", s->targets.alive, tier);
	else
		note("tracing (tier %s); Ctrl-C ends", tier);
}

int session_run(const struct options *o, const struct session_job *job)
{
	struct session s = { .o = o, .job = job, .signal_fd = -1 };
	int status = session_open(&s);

	if (!status && job->begin)
		status = job->begin(job->ctx, s.handle);
	if (!status) {
		say_what_is_traced(&s);
		if (s.child.pid)
			child_release(&s.child);
		run(&s);
		finish(&s);
		status = s.child.pid ? s.child.status : STATUS_OK;
		if (!status && s.failed)
			status = STATUS_FAILED;
	}
	session_close(&s);
	return status;
}

int session_check_options(const struct options *o, const struct command *command)
{
	bool recording = source_is_recording(o);
	bool filter = o->by_uid || o->comm || o->cgroup;

	if (o->n_operands && !o->after_dashes)
		return usage(command, "\"%s\" is no option; put -- before a command to run: -- %s",
			     o->operands[0], o->operands[0]);
	if (o->n_operands && recording)
		return usage(command, "a recording cannot trace %s: leave out --source or the command",
			     o->operands[0]);
	if (o->after_dashes && !o->n_operands)
		return usage(command, "after -- a command to run is missing");
	if (o->all && o->n_pids)
		return usage(command, "-a is every process, -p only some: give one of them");
	if (!o->n_operands && !o->n_pids && !o->all && !filter && !recording)
		return usage(command, "whose calls? Give -p PID, -a (every process), -- COMMAND, "
			     "or -u USER, -c NAME or --cgroup PATH");
	return -1;
}
