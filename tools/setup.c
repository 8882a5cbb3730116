// SPDX-License-Identifier: GPL-2.0
/*
 * Opening a run. The order matters: pidfds before the tracer looks the numbers
 * up; COMMAND forked before anything of ours exists that it could inherit; the
 * output last, so that a start that fails leaves an older file alone.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "setup.h"
#include "signals.h"
#include "values.h"

static void log_line(void *ctx, enum mlocktrace_log_level level, const char *line)
{
	const struct session *s = ctx;

	/* While it opens, auto's failed attempts are errors too; the one that counts is
	 * mlocktrace_open_error(). */
	if (level == MLOCKTRACE_LOG_ERROR && s->is_open)
		error("%s", line);
	else if (level == MLOCKTRACE_LOG_WARN)
		note("%s", line);
	else if ((level == MLOCKTRACE_LOG_INFO && s->o->verbose > 0) || s->o->verbose > 1)
		note("%s", line);
}

static int open_source(struct session *s)
{
	const struct options *o = s->o;
	struct mlocktrace_opts opts = {
		.size = sizeof(opts),
		.source = s->job->source ? s->job->source : o->source,
		.tier = o->tier,
		.btf_path = o->btf,
		.follow = o->follow,
		.failures_only = o->failures_only,
		.stacks = o->stacks,
		.by_uid = o->by_uid,
		.uid = o->uid,
		.ops = o->ops,
		.comm = o->comm,
		.cgroup = o->cgroup,
		.buffer_bytes = o->buffer_bytes,
		.log = log_line,
		.log_ctx = s,
	};
	pid_t *pids = calloc(o->n_pids + 1, sizeof(*pids));
	int err;

	if (!pids) {
		error("out of memory");
		return STATUS_FAILED;
	}
	for (size_t i = 0; i < (s->live ? s->targets.n : o->n_pids); i++)
		pids[opts.n_pids++] = s->live ? s->targets.list[i].pid : o->pids[i];
	if (s->child.pid && !o->all)
		pids[opts.n_pids++] = s->child.pid;
	opts.pids = pids;
	err = mlocktrace_open(&s->handle, &opts);
	free(pids);
	s->is_open = !err;
	if (err)
		error("%s", mlocktrace_open_error());
	return err == -EINVAL ? STATUS_USAGE : err ? STATUS_FAILED : STATUS_OK;
}

bool to_standard_stream(const struct session *s)
{
	const char *name = s->o->output ? s->o->output : s->job->output;

	return !name || !strcmp(name, "-");
}

/* With COMMAND, text goes to stderr as COMMAND's stdout is its own. What is meant for programs
 * keeps stdout for itself. */
static int standard_stream(const struct session *s)
{
	bool text = s->job->format == MLOCKTRACE_TEXT && !s->o->output;

	return s->child.pid && text ? STDERR_FILENO : STDOUT_FILENO;
}

static int open_writer(struct session *s)
{
	const char *name = s->o->output ? s->o->output : s->job->output;
	struct mlocktrace_writer_opts opts = {
		.size = sizeof(opts),
		.format = s->job->format,
		.verbose = s->o->verbose,
		.time = s->o->time,
		.source = s->handle,
	};
	int err = 0;

	if (output_open(&s->out, to_standard_stream(s) ? NULL : name, standard_stream(s),
			s->job->format != MLOCKTRACE_FILE))
		return STATUS_FAILED;
	if (s->job->mute)
		return STATUS_OK;
	/* Recordings bring the names of their stacks along. */
	if (s->o->stacks || !s->live)
		err = mlocktrace_symbols_new(&s->symbols);
	opts.symbols = s->symbols;
	opts.color = color_wanted(s->o, s->out.fd);
	if (!err)
		err = mlocktrace_writer_new(&s->writer, s->out.file, &opts);
	if (err)
		error("cannot prepare the output: %s", strerror(-err));
	return err ? STATUS_FAILED : STATUS_OK;
}

static int open_descriptors(struct session *s)
{
	size_t n = FD_TARGETS + s->targets.n;
	int fd = mlocktrace_fd(s->handle);

	s->fds = calloc(n, sizeof(*s->fds));
	if (!s->fds) {
		error("out of memory");
		return STATUS_FAILED;
	}
	for (size_t i = 0; i < n; i++)
		s->fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	s->fds[FD_SIGNALS].fd = s->signal_fd;
	s->fds[FD_SOURCE].fd = fd < 0 ? -1 : fd;
	/* Asked for nothing, it still tells when its reader is gone. */
	s->fds[FD_OUTPUT] = (struct pollfd){ .fd = s->out.fd };
	if (s->child.pid)
		s->fds[FD_CHILD].fd = s->child.pidfd;
	for (size_t i = 0; i < s->targets.n; i++)
		s->fds[FD_TARGETS + i].fd = s->targets.list[i].pidfd;
	return STATUS_OK;
}

static int start_command(struct session *s)
{
	const struct session_job *job = s->job;
	bool move = job->format != MLOCKTRACE_TEXT && to_standard_stream(s);

	if (child_start(&s->child, s->o->operands, job->as, move))
		return STATUS_FAILED;
	return job->held ? job->held(job->ctx, s->child.pid) : STATUS_OK;
}

int session_open(struct session *s)
{
	const struct options *o = s->o;
	int status = STATUS_OK;

	s->live = !s->job->source && !source_is_recording(o);
	if (s->live && targets_open(&s->targets, o->pids, o->n_pids))
		return STATUS_FAILED;
	if (o->n_operands && s->live)
		status = start_command(s);
	if (!status)
		status = open_source(s);
	if (status)
		return status;
	/* Until here, which can take a while, Ctrl-C may kill: there is nothing to lose yet. */
	s->signal_fd = signals_open();
	if (s->signal_fd < 0) {
		error("cannot receive signals: %s", strerror(-s->signal_fd));
		return STATUS_FAILED;
	}
	if (targets_check(&s->targets))
		return STATUS_FAILED;
	status = open_writer(s);
	return status ? status : open_descriptors(s);
}

void session_close(struct session *s)
{
	mlocktrace_writer_free(s->writer);
	output_close(&s->out);
	mlocktrace_symbols_free(s->symbols);
	mlocktrace_close(s->handle);
	targets_close(&s->targets);
	child_close(&s->child);
	free(s->fds);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
}
