/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counting: what happened how often, by cgroup, and how long calls took. In fixed memory,
 * and exact: each record is counted once, whatever there is room for.
 */
#ifndef MLT_COUNTS_KMOD_H
#define MLT_COUNTS_KMOD_H

#include <linux/types.h>

#include <mlocktrace/event.h>

struct mlt_cell_key;
struct mlt_cell;
struct mlt_times;

int mlt_counts_init(unsigned int groups);
void mlt_counts_destroy(void);
void mlt_counts_reset(void);

/* In probes: never sleeps, never allocates. */
void mlt_counts_add(const struct mlocktrace_event *e, u32 cause);

/* For who reads it: the @i-th place. 0, -ENOENT if nothing was counted, -ERANGE past the last. */
int mlt_counts_cell(unsigned int i, struct mlt_cell_key *key, struct mlt_cell *cell);
/* Durations of an op. 0 or -ENOENT if there are none. */
int mlt_counts_times(unsigned int op, struct mlt_times *times);

#endif
