// SPDX-License-Identifier: GPL-2.0
/*
 * A look as metrics, in the order of metrics.def.
 */
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "exporter_show.h"

#define NO_LABELS ((const char *const[]){ NULL })
#define LABELS(...) ((const char *const[]){ __VA_ARGS__ })

/* Records of setrlimit have no counter, and the label is left out. */
static const char *counter_name(unsigned int counter)
{
	const char *name = counter ? mlocktrace_counter_name(counter) : NULL;

	return name ? name : "";
}

static bool happened(const struct look_calls *calls)
{
	return calls->ok || calls->failed;
}

static void put_calls(struct metrics *m, const struct look_calls *calls, const char *op,
		      const char *counter)
{
	/* Both, so that the first failure is a rise from 0. */
	metrics_uint(m, LABELS(op, counter, "ok"), calls->ok);
	metrics_uint(m, LABELS(op, counter, "failed"), calls->failed);
}

static void put_charged(struct metrics *m, const struct look_calls *calls, const char *op,
			const char *counter)
{
	if (*counter)
		metrics_uint(m, LABELS(op, counter), calls->charged);
}

static void put_released(struct metrics *m, const struct look_calls *calls, const char *op,
			 const char *counter)
{
	if (*counter)
		metrics_uint(m, LABELS(op, counter), calls->released);
}

static void per_op(struct metrics *m, enum metric family, const struct look *look,
		   void (*put)(struct metrics *m, const struct look_calls *calls, const char *op,
			       const char *counter))
{
	metrics_family(m, family);
	for (unsigned int op = 0; op < MLOCKTRACE_OP_MAX; op++)
		for (unsigned int counter = 0; counter < MLOCKTRACE_COUNTER_MAX; counter++)
			if (happened(&look->calls[op][counter]))
				put(m, &look->calls[op][counter], mlocktrace_op_name(op),
				    counter_name(counter));
}

static void put_refusals(struct metrics *m, const struct look *look)
{
	metrics_family(m, METRIC_REFUSALS);
	for (size_t i = 0; i < look->n_refusals; i++) {
		const struct look_refusals *refusals = &look->refusals[i];
		const char *cause = mlocktrace_cause_name(refusals->cause);

		metrics_uint(m, LABELS(mlocktrace_op_name(refusals->op), counter_name(refusals->counter),
				       cause ? cause : "", look->refusal_labels.list[refusals->label].value),
			     refusals->n);
	}
}

static void put_latency(struct metrics *m, const struct look *look)
{
	double bounds[MLOCKTRACE_LATENCY_BUCKETS - 1];

	for (size_t i = 0; i < MLOCKTRACE_LATENCY_BUCKETS - 1; i++)
		bounds[i] = ldexp(1e-9, i + 7);
	metrics_family(m, METRIC_CALL_DURATION);
	for (size_t i = 0; i < look->n_latency; i++) {
		const struct metrics_histogram histogram = {
			.bounds = bounds,
			.counts = look->latency[i].buckets,
			.n = MLOCKTRACE_LATENCY_BUCKETS - 1,
			.sum = look->latency[i].sum_ns / 1e9,
		};

		metrics_histogram(m, LABELS(mlocktrace_op_name(look->latency[i].op)), &histogram);
	}
}

static void put_counts(struct metrics *m, const struct look *look)
{
	per_op(m, METRIC_CALLS, look, put_calls);
	put_refusals(m, look);
	per_op(m, METRIC_CHARGED, look, put_charged);
	per_op(m, METRIC_RELEASED, look, put_released);
	put_latency(m, look);
}

/* The others are there from the beginning: their sum is not to begin with a jump. */
static bool is_shown(const struct look *look, const struct labels *labels, size_t i)
{
	if (i == LABELS_OTHER)
		return look->by != MLOCKTRACE_GROUP_NONE || labels != &look->group_labels;
	return labels_is_seen(labels, i);
}

static void put_groups(struct metrics *m, const struct look *look, enum metric family)
{
	metrics_family(m, family);
	for (size_t i = 0; i < look->group_labels.n; i++) {
		const struct look_group *group = &look->groups[i];
		const char *const *labels = LABELS(look->group_labels.list[i].value);

		if (!is_shown(look, &look->group_labels, i))
			continue;
		if (family == METRIC_LIMIT_USED && group->bound)
			metrics_real(m, labels, group->used);
		else if (family != METRIC_LIMIT_USED)
			metrics_uint(m, labels, family == METRIC_LOCKED ? group->locked :
						family == METRIC_PINNED ? group->pinned : group->holders);
	}
}

static void put_users(struct metrics *m, const struct look *look)
{
	const struct labels *labels = &look->user_labels;

	metrics_family(m, METRIC_USER);
	for (size_t i = 0; i < labels->n; i++) {
		const struct look_user *user = &look->users[i];
		const char *uid = labels->list[i].value;

		if (!is_shown(look, labels, i) || !user->counters_known)
			continue;
		metrics_uint(m, LABELS(uid, counter_name(MLOCKTRACE_COUNTER_USER)), user->user);
		if (user->perf_known)
			metrics_uint(m, LABELS(uid, counter_name(MLOCKTRACE_COUNTER_PERF)), user->perf);
		metrics_uint(m, LABELS(uid, counter_name(MLOCKTRACE_COUNTER_SHM)), user->shm);
	}
	metrics_family(m, METRIC_USER_LIMIT);
	for (size_t i = 0; i < labels->n; i++)
		if (is_shown(look, labels, i) && look->users[i].limit != MLOCKTRACE_UNLIMITED)
			metrics_uint(m, LABELS(labels->list[i].value), look->users[i].limit);
}

static void put_one(struct metrics *m, enum metric family, uint64_t value)
{
	metrics_family(m, family);
	metrics_uint(m, NO_LABELS, value);
}

static void put_one_real(struct metrics *m, enum metric family, double value)
{
	metrics_family(m, family);
	metrics_real(m, NO_LABELS, value);
}

static void put_held(struct metrics *m, const struct look *look)
{
	put_groups(m, look, METRIC_LOCKED);
	put_groups(m, look, METRIC_PINNED);
	put_groups(m, look, METRIC_HOLDERS);
	put_groups(m, look, METRIC_LIMIT_USED);
	put_users(m, look);
	put_one(m, METRIC_MLOCKED, look->total.mlocked);
	put_one(m, METRIC_UNEVICTABLE, look->total.unevictable);
}

static void put_stream(struct metrics *m, const struct look *look)
{
	put_one(m, METRIC_SEEN, look->stats.seen);
	put_one(m, METRIC_DROPPED, look->stats.dropped);
	put_one(m, METRIC_UNTRACKED, look->stats.untracked);
	put_one(m, METRIC_MISSED, look->stats.missed);
	metrics_family(m, METRIC_HOOKS);
	metrics_uint(m, LABELS("attached"), look->hooks_attached);
	metrics_uint(m, LABELS("failed"), look->hooks_failed);
	put_one(m, METRIC_LOOKS, look->looks);
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static uint64_t resident_bytes(void)
{
	FILE *in = fopen("/proc/self/statm", "re");
	unsigned long long pages = 0;

	if (in && fscanf(in, "%*u %llu", &pages) != 1)
		pages = 0;
	if (in)
		fclose(in);
	return pages * sysconf(_SC_PAGESIZE);
}

static void put_build(struct metrics *m, const struct look *look)
{
	metrics_family(m, METRIC_BUILD);
	metrics_uint(m, LABELS(mlocktrace_version(), mlocktrace_source(look->counting),
			       mlocktrace_tier(look->counting)), 1);
}

char *show_metrics(const struct look *look, enum metrics_format format, bool counts, size_t *len)
{
	struct metrics m;

	if (metrics_begin(&m, format))
		return NULL;
	if (counts)
		put_counts(&m, look);
	put_held(&m, look);
	if (counts)
		put_stream(&m, look);
	put_one_real(&m, METRIC_LOOK_DURATION, look->duration_ns / 1e9);
	put_one_real(&m, METRIC_CPU, cpu_seconds());
	put_one(&m, METRIC_RSS, resident_bytes());
	put_build(&m, look);
	return metrics_end(&m, len);
}
