// SPDX-License-Identifier: GPL-2.0
/*
 * One look: a snapshot, the counts, and both by groups. Everything that grows with what processes
 * do is bounded, here by labels, in the kernel by KERNEL_GROUPS.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "exporter_look.h"
#include "message.h"
#include "words.h"

/* Cgroups come and go, and the kernel's table keeps them all: many more than have labels. */
#define KERNEL_GROUPS 4096
#define DEFAULT_GROUPS 100
/* Of all those that were gone before they could be named: a name each would be new values without
 * end for a program that is started again and again. */
#define LABEL_OF_GONE "gone"

static void log_line(void *ctx, enum mlocktrace_log_level level, const char *line)
{
	const struct look *look = ctx;

	/* What fails while it opens is in mlocktrace_open_error(), what fails later in look_problem(). */
	if (level == MLOCKTRACE_LOG_WARN || (level == MLOCKTRACE_LOG_INFO && look->verbose) ||
	    look->verbose > 1)
		note("%s", line);
}

static int open_sources(struct look *look, const struct options *o)
{
	const struct mlocktrace_snapshot_opts snapshot = {
		.size = sizeof(snapshot),
		.log = log_line,
		.log_ctx = look,
	};
	const struct mlocktrace_opts counting = {
		.size = sizeof(counting),
		.source = o->source,
		.tier = o->tier,
		.btf_path = o->btf,
		.count = true,
		.group_by = look->by,
		.n_groups = KERNEL_GROUPS,
		.log = log_line,
		.log_ctx = look,
	};
	int err = mlocktrace_open(&look->counting, &counting);

	if (!err)
		err = mlocktrace_snapshot_new(&look->snapshot, &snapshot);
	if (err)
		error("%s", mlocktrace_open_error());
	return err == -EINVAL ? STATUS_USAGE : err ? STATUS_FAILED : STATUS_OK;
}

const char *look_by_word(size_t i)
{
	static const char *const names[] = {
		[MLOCKTRACE_GROUP_NONE] = "none",
		[MLOCKTRACE_GROUP_CGROUP] = "cgroup",
		[MLOCKTRACE_GROUP_COMM] = "comm",
	};

	return WORD_AT(names, i);
}

int look_by(const char *name, enum mlocktrace_group *by)
{
	size_t group = name ? word_index(look_by_word, name) : MLOCKTRACE_GROUP_CGROUP;

	if (group == NO_WORD)
		return -1;
	*by = group;
	return 0;
}

int look_open(struct look *look, const struct options *o)
{
	size_t groups = o->groups ? o->groups : DEFAULT_GROUPS;

	*look = (struct look){ 0 };
	look->verbose = o->verbose;
	look_by(o->by, &look->by);
	cgroups_open(&look->cgroups);
	look->groups = calloc(groups + 1, sizeof(*look->groups));
	look->users = calloc(groups + 1, sizeof(*look->users));
	if (!look->groups || !look->users || labels_open(&look->group_labels, groups, false) ||
	    labels_open(&look->user_labels, groups, false) ||
	    labels_open(&look->refusal_labels, groups, true)) {
		error("out of memory");
		return STATUS_FAILED;
	}
	return open_sources(look, o);
}

void look_close(struct look *look)
{
	mlocktrace_snapshot_free(look->snapshot);
	mlocktrace_close(look->counting);
	cgroups_close(&look->cgroups);
	labels_close(&look->group_labels);
	labels_close(&look->user_labels);
	labels_close(&look->refusal_labels);
	free(look->groups);
	free(look->users);
	free(look->failed);
	free(look->refusals);
}

/* ---- who holds something ---------------------------------------------------------------- */

void look_label_of_path(const char *path, char value[METRICS_LABEL_SIZE])
{
	char name[PATH_MAX];

	if (mlocktrace_unit_name(path, NULL, name, sizeof(name)) < 0)
		snprintf(name, sizeof(name), "%s", path);
	metrics_label(value, name, sizeof(name));
}

static void label_of_holder(const struct look *look, const struct mlocktrace_holder *holder,
			    char value[METRICS_LABEL_SIZE])
{
	*value = '\0';
	if (look->by == MLOCKTRACE_GROUP_COMM)
		metrics_label(value, holder->comm, sizeof(holder->comm));
	else if (look->by == MLOCKTRACE_GROUP_CGROUP)
		look_label_of_path(holder->cgroup, value);
}

static void add_holder(struct look_group *group, const struct mlocktrace_holder *holder)
{
	double used;

	group->holders++;
	if (!holder->shares) {
		group->locked += holder->vmlck;
		group->pinned += holder->vmpin;
	}
	if (holder->capable || holder->limit == MLOCKTRACE_UNLIMITED)
		return;
	/* With a limit of nothing, nothing is left of it. */
	used = holder->limit ? (double)holder->vmlck / holder->limit : 1;
	if (!group->bound || used > group->used)
		group->used = used;
	group->bound = true;
}

static void look_at_holders(struct look *look)
{
	struct mlocktrace_holder holder = { .size = sizeof(holder) };
	char value[METRICS_LABEL_SIZE];

	labels_begin(&look->group_labels);
	memset(look->groups, 0, look->group_labels.most * sizeof(*look->groups));
	for (size_t i = 0; !mlocktrace_snapshot_holder(look->snapshot, i, &holder); i++) {
		label_of_holder(look, &holder, value);
		labels_see(&look->group_labels, value);
	}
	for (size_t i = 0; !mlocktrace_snapshot_holder(look->snapshot, i, &holder); i++) {
		label_of_holder(look, &holder, value);
		add_holder(&look->groups[labels_place(&look->group_labels, value)], &holder);
	}
}

static void add_user(struct look_user *to, const struct mlocktrace_user *user)
{
	to->counters_known |= user->counters_known;
	to->perf_known |= user->perf_known;
	to->user += user->user;
	to->perf += user->perf;
	to->shm += user->shm;
	if (user->limit < to->limit)
		to->limit = user->limit;
}

static void look_at_users(struct look *look)
{
	struct mlocktrace_user user = { .size = sizeof(user) };
	char value[METRICS_LABEL_SIZE];

	labels_begin(&look->user_labels);
	for (size_t i = 0; i < look->user_labels.most; i++)
		look->users[i] = (struct look_user){ .limit = MLOCKTRACE_UNLIMITED };
	for (size_t i = 0; !mlocktrace_snapshot_user(look->snapshot, i, &user); i++) {
		snprintf(value, sizeof(value), "%u", user.uid);
		labels_see(&look->user_labels, value);
	}
	for (size_t i = 0; !mlocktrace_snapshot_user(look->snapshot, i, &user); i++) {
		snprintf(value, sizeof(value), "%u", user.uid);
		add_user(&look->users[labels_place(&look->user_labels, value)], &user);
	}
}

/* ---- what happened ---------------------------------------------------------------------- */

static int keep_failed(struct look *look, const struct mlocktrace_count *count)
{
	size_t room = look->failed_room ? 2 * look->failed_room : 64;
	struct mlocktrace_count *more;

	if (look->n_failed == look->failed_room) {
		more = reallocarray(look->failed, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		look->failed = more;
		look->failed_room = room;
	}
	look->failed[look->n_failed++] = *count;
	return 0;
}

static int add_count(void *ctx, const struct mlocktrace_count *count)
{
	struct look *look = ctx;
	struct look_calls *calls;
	int err = 0;

	/* An op or counter of a newer library has no name here. */
	if (count->op >= MLOCKTRACE_OP_MAX || count->counter >= MLOCKTRACE_COUNTER_MAX ||
	    count->op == MLOCKTRACE_OP_LOST)
		return 0;
	calls = &look->calls[count->op][count->counter];
	*(count->cause == MLOCKTRACE_CAUSE_OK ? &calls->ok : &calls->failed) += count->calls;
	calls->charged += count->taken;
	calls->released += count->given;
	/* Also of those who were refused nothing yet: later the folder may be gone. */
	if (look->by == MLOCKTRACE_GROUP_CGROUP && !count->other)
		err = cgroups_want(&look->cgroups, count->group_id);
	if (!err && count->cause != MLOCKTRACE_CAUSE_OK)
		err = keep_failed(look, count);
	return err;
}

static size_t label_of_count(struct look *look, const struct mlocktrace_count *count)
{
	char value[METRICS_LABEL_SIZE] = "";
	const char *path;

	if (count->other)
		return LABELS_OTHER;
	if (look->by == MLOCKTRACE_GROUP_CGROUP) {
		path = cgroups_path(&look->cgroups, count->group_id);
		if (!path)
			return labels_place(&look->refusal_labels, LABEL_OF_GONE);
		look_label_of_path(path, value);
	} else if (look->by == MLOCKTRACE_GROUP_COMM) {
		metrics_label(value, count->comm, sizeof(count->comm));
	}
	return labels_place(&look->refusal_labels, value);
}

static int by_labels(const void *a, const void *b)
{
	const struct look_refusals *p = a, *q = b;
	const size_t left[] = { p->op, p->counter, p->cause, p->label };
	const size_t right[] = { q->op, q->counter, q->cause, q->label };

	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		if (left[i] != right[i])
			return left[i] < right[i] ? -1 : 1;
	return 0;
}

/* Several cgroups can have one name, and several groups are others: what has the same labels
 * is one series. */
static void merge_refusals(struct look *look)
{
	struct look_refusals *list = look->refusals;
	size_t n = 0;

	if (look->n_refusals)
		qsort(list, look->n_refusals, sizeof(*list), by_labels);
	for (size_t i = 0; i < look->n_refusals; i++) {
		if (n && !by_labels(&list[n - 1], &list[i]))
			list[n - 1].n += list[i].n;
		else
			list[n++] = list[i];
	}
	look->n_refusals = n;
}

static int look_at_refusals(struct look *look)
{
	struct look_refusals *list = reallocarray(look->refusals, look->n_failed + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	look->refusals = list;
	look->n_refusals = look->n_failed;
	for (size_t i = 0; i < look->n_failed; i++) {
		const struct mlocktrace_count *count = &look->failed[i];

		list[i] = (struct look_refusals){
			.op = count->op,
			.counter = count->counter,
			.cause = count->cause,
			.label = label_of_count(look, count),
			.n = count->calls,
		};
	}
	merge_refusals(look);
	return 0;
}

static int look_at_counts(struct look *look)
{
	int err;

	memset(look->calls, 0, sizeof(look->calls));
	look->n_failed = 0;
	err = mlocktrace_counts(look->counting, add_count, look);
	if (!err)
		err = cgroups_look(&look->cgroups);
	return err ? err : look_at_refusals(look);
}

static int look_at_latency(struct look *look)
{
	int err = 0;

	for (look->n_latency = 0; look->n_latency < MLOCKTRACE_OP_MAX; look->n_latency++) {
		struct mlocktrace_latency *latency = &look->latency[look->n_latency];

		*latency = (struct mlocktrace_latency){ .size = sizeof(*latency) };
		err = mlocktrace_latency(look->counting, look->n_latency, latency);
		if (err)
			break;
	}
	return err == -ENOENT ? 0 : err;
}

static void look_at_hooks(struct look *look)
{
	struct mlocktrace_hook hook;

	look->hooks_attached = 0;
	look->hooks_failed = 0;
	for (size_t i = 0; !mlocktrace_hook(look->counting, i, &hook); i++)
		(*(hook.attached ? &look->hooks_attached : &look->hooks_failed))++;
}

/* ---- the whole -------------------------------------------------------------------------- */

int look_take(struct look *look)
{
	uint64_t began_ns = clock_ns();
	int err;

	look->looks++;
	look->total.size = sizeof(look->total);
	look->stats.size = sizeof(look->stats);
	err = mlocktrace_snapshot_take(look->snapshot);
	if (!err)
		err = mlocktrace_snapshot_total(look->snapshot, &look->total);
	if (err)
		return err;
	look_at_holders(look);
	look_at_users(look);
	err = look_at_counts(look);
	if (!err)
		err = look_at_latency(look);
	if (!err)
		err = mlocktrace_stats(look->counting, -1, &look->stats);
	look_at_hooks(look);
	look->duration_ns = clock_ns() - began_ns;
	return err;
}

const char *look_problem(const struct look *look, int err)
{
	if (err == -ENOENT && !strcmp(mlocktrace_source(look->counting), "kmod"))
		return "the kernel module was unloaded: modprobe mlocktrace";
	return strerror(-err);
}
