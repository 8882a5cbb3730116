/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine as the exporter sees it at one moment: the snapshot of those who hold something, and
 * what was counted in the kernel, put together by groups. How that is shown is the business of
 * exporter_metrics.c and exporter_json.c.
 */
#ifndef TOOLS_EXPORTER_LOOK_H
#define TOOLS_EXPORTER_LOOK_H

#include <mlocktrace/mlocktrace.h>

#include "cgroups.h"
#include "labels.h"
#include "options.h"

struct look_group {
	uint64_t locked;
	uint64_t pinned;
	uint64_t holders;
	bool bound;  /* a limit holds for one of its processes: */
	double used; /* the largest part of such a limit */
};

struct look_user {
	bool counters_known, perf_known;
	uint64_t user, perf, shm;
	uint64_t limit; /* MLOCKTRACE_UNLIMITED = none holds for him */
};

struct look_calls {
	uint64_t ok, failed, charged, released;
};

/* Sorted by the first four, which no two have in common. */
struct look_refusals {
	unsigned int op, counter, cause;
	size_t label;
	uint64_t n;
};

struct look {
	struct mlocktrace *counting;
	struct mlocktrace_snapshot *snapshot;
	enum mlocktrace_group by;
	unsigned int verbose;
	struct cgroups cgroups;
	struct labels group_labels, user_labels, refusal_labels;

	/* Of the last look; the arrays go with the labels, place by place. */
	uint64_t looks;
	uint64_t duration_ns;
	struct mlocktrace_snapshot_total total;
	struct mlocktrace_stats stats;
	size_t hooks_attached, hooks_failed;
	struct look_group *groups;
	struct look_user *users;
	struct look_calls calls[MLOCKTRACE_OP_MAX][MLOCKTRACE_COUNTER_MAX];
	struct mlocktrace_count *failed;
	size_t n_failed, failed_room;
	struct look_refusals *refusals;
	size_t n_refusals;
	struct mlocktrace_latency latency[MLOCKTRACE_OP_MAX];
	size_t n_latency;
};

/* "cgroup" (also NULL), "comm" or "none"; 0 or -1. */
int look_by(const char *name, enum mlocktrace_group *by);

/* Begin to count. 0, or an exit status after a message; either way look_close() follows. */
int look_open(struct look *look, const struct options *o);
void look_close(struct look *look);

/* The name of a cgroup by its path, as the value of a label. */
void look_label_of_path(const char *path, char value[METRICS_LABEL_SIZE]);

/* 0 or -errno; then what is there is of no use. */
int look_take(struct look *look);
/* Why it failed, in words. */
const char *look_problem(const struct look *look, int err);

#endif
