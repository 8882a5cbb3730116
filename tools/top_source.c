// SPDX-License-Identifier: GPL-2.0
/*
 * A round of `top`: a snapshot first, then the refusals since the round before, so that these can
 * tell what the snapshot lacks.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "message.h"
#include "top_source.h"

/* Enough for thousands of refusals in a round: more than that nobody reads. */
#define BUFFER_BYTES (1 << 20)
#define MOST_EVENTS 8192

static void log_line(void *ctx, enum mlocktrace_log_level level, const char *line)
{
	const struct top_source *source = ctx;

	if (level == MLOCKTRACE_LOG_WARN && !source->quiet)
		note("%s", line);
}

static bool lives(pid_t pid)
{
	return !kill(pid, 0) || errno != ESRCH;
}

/* ---- life ----------------------------------------------------------------------------------- */

static void is_not_traced(struct top_source *source, const char *why_not)
{
	snprintf(source->why_not, sizeof(source->why_not), "%s", why_not);
	source->model.traced = false;
}

/* Who asks for a way of tracing wants no other, and none at all even less. */
static int open_tracer(struct top_source *source)
{
	const struct options *o = source->o;
	const struct mlocktrace_opts opts = {
		.size = sizeof(opts),
		.source = o->source,
		.tier = o->tier,
		.btf_path = o->btf,
		.failures_only = true,
		.by_uid = o->by_uid,
		.uid = o->uid,
		.buffer_bytes = o->buffer_bytes ? o->buffer_bytes : BUFFER_BYTES,
		.log = log_line,
		.log_ctx = source,
	};
	bool asked = o->source || o->tier || o->btf;
	int err;

	if (o->no_trace) {
		is_not_traced(source, "not asked for (--no-trace)");
		return STATUS_OK;
	}
	err = mlocktrace_open(&source->tracer, &opts);
	source->model.traced = !err;
	if (err && asked) {
		error("%s; to go on without, leave that option out or give --no-trace", mlocktrace_open_error());
		return err == -EINVAL ? STATUS_USAGE : STATUS_FAILED;
	}
	if (err)
		is_not_traced(source, mlocktrace_open_error());
	return STATUS_OK;
}

int top_source_open(struct top_source *source, const struct options *o)
{
	const struct mlocktrace_snapshot_opts opts = {
		.size = sizeof(opts),
		.method = o->method,
		/* Who names a process wants to see it, whatever it holds. */
		.everyone = o->all || o->n_pids,
		.log = log_line,
		.log_ctx = source,
	};
	time_t now = time(NULL);
	struct tm tm;
	int status;

	*source = (struct top_source){ .o = o, .model.lives = lives, .total.size = sizeof(source->total) };
	if (localtime_r(&now, &tm))
		strftime(source->began, sizeof(source->began), "%H:%M:%S", &tm);
	cgroups_open(&source->cgroups);
	status = open_tracer(source);
	if (status)
		return status;
	if (mlocktrace_snapshot_new(&source->snapshot, &opts)) {
		error("%s", mlocktrace_open_error());
		return STATUS_FAILED;
	}
	return STATUS_OK;
}

void top_source_close(struct top_source *source)
{
	mlocktrace_snapshot_free(source->snapshot);
	mlocktrace_close(source->tracer);
	cgroups_close(&source->cgroups);
	top_free(&source->model);
	free(source->events);
}

/* ---- refusals ------------------------------------------------------------------------------- */

static int keep_event(struct top_source *source, const struct mlocktrace_event *event)
{
	size_t room = source->events_room ? 2 * source->events_room : 64;
	struct mlocktrace_event *more;

	if (source->n_events == source->events_room) {
		more = reallocarray(source->events, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		source->events = more;
		source->events_room = room;
	}
	source->events[source->n_events++] = *event;
	return cgroups_want(&source->cgroups, event->cgroup_id);
}

/* What more there is waits for the next round, or is lost, which is counted. 0, or -errno when no
 * more can be read; what came before that counts. */
static int read_events(struct top_source *source)
{
	const struct mlocktrace_event *event;
	int more, err = 0;

	source->n_events = 0;
	while (!err && source->n_events < MOST_EVENTS) {
		more = mlocktrace_next(source->tracer, &event);
		if (more <= 0)
			return more == -EINTR ? 0 : more;
		if (event->op != MLOCKTRACE_OP_LOST && event->ret < 0)
			err = keep_event(source, event);
	}
	return err;
}

static void read_losses(struct top_source *source)
{
	struct mlocktrace_stats stats = { .size = sizeof(stats) };

	if (mlocktrace_stats(source->tracer, -1, &stats))
		return;
	source->lost_now = stats.dropped - source->lost;
	source->lost = stats.dropped;
}

/* The process as its refusal shows it */
static struct mlocktrace_holder holder_of(const struct top_source *source,
					  const struct mlocktrace_event *event)
{
	bool sets = event->op == MLOCKTRACE_OP_SETRLIMIT;
	const char *cgroup = cgroups_path(&source->cgroups, event->cgroup_id);
	struct mlocktrace_holder holder = {
		.size = sizeof(holder),
		.pid = (pid_t)event->pid,
		.uid = event->uid,
		.start_ns = event->start_ns,
		.cgroup_id = event->cgroup_id,
		.cgroup = cgroup ? cgroup : "",
		/* Of setrlimit the limits are what was asked for, and refused. */
		.limit = sets ? event->old_limit : event->limit,
		.hard_limit = sets ? event->old_hard_limit : event->hard_limit,
		.capable = event->flags & MLOCKTRACE_F_CAPABLE,
	};

	memcpy(holder.comm, event->comm, sizeof(holder.comm));
	return holder;
}

static int tell_events(struct top_source *source)
{
	int err = 0;

	for (size_t i = 0; i < source->n_events && !err; i++) {
		const struct mlocktrace_event *event = &source->events[i];
		struct mlocktrace_holder holder = holder_of(source, event);

		if (ps_is_wanted(source->o, &holder))
			err = top_refused(&source->model, event, &holder);
	}
	return err;
}

static int look_at_refusals(struct top_source *source)
{
	int ended = read_events(source), err;

	if (ended == -ENOMEM)
		return ended;
	read_losses(source);
	if (ended) {
		is_not_traced(source, strerror(-ended));
		mlocktrace_close(source->tracer);
		source->tracer = NULL;
	}
	err = cgroups_look(&source->cgroups);
	return err ? err : tell_events(source);
}

double top_source_rate(const struct top_source *source)
{
	const struct top_model *model = &source->model;
	uint64_t n = model->refused_now;

	if (!model->gap_ns)
		return -1;
	/* The module's records are of all calls, these of refusals alone. */
	if (source->tracer && !strcmp(mlocktrace_source(source->tracer), "bpf"))
		n += source->lost_now;
	return n * 1e9 / model->gap_ns;
}

/* ---- a round ---------------------------------------------------------------------------------- */

static int look_at(struct top_source *source, enum ps_view view)
{
	/* Users have counters though no process of theirs holds anything. */
	struct options wanted = *source->o;
	struct ps_rows rows = { .view = view };
	int err;

	wanted.all = true;
	err = ps_rows_fill(&rows, &wanted, source->snapshot);
	if (!err)
		err = top_rows(&source->model, &rows);
	ps_rows_free(&rows);
	return err;
}

int top_source_look(struct top_source *source)
{
	int err = mlocktrace_snapshot_take(source->snapshot);

	if (err)
		return err;
	mlocktrace_snapshot_total(source->snapshot, &source->total);
	top_begin(&source->model, clock_ns());
	err = look_at(source, PS_PROCESSES);
	if (!err)
		err = look_at(source, PS_USERS);
	if (!err && source->tracer)
		err = look_at_refusals(source);
	top_end(&source->model);
	return err;
}
