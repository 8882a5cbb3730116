/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Counting in the kernel (cfg.counting). A record is filled in a scratch record of this CPU
 * and counted by its cause; the code for that is the library's own. Without cfg.counting the
 * verifier drops all of it, and the loader makes none of these maps.
 */
#ifndef MLT_COUNTS_BPF_H
#define MLT_COUNTS_BPF_H

/* All in one piece: the verifier lets calls nest eight deep, and records are made seven deep. */
#define MLT_PURE static __attribute__((unused))
#pragma clang attribute push(__attribute__((always_inline)), apply_to = function)
#include "../body/counts.h"
#include "../body/cause.c"
#include "../body/cause_map.c"
#include "../body/cause_pool.c"
#pragma clang attribute pop

/* A program can be preempted, or interrupted by another one, while it fills its record. */
#define MLT_SCRATCHES 8

struct mlt_scratch {
	__s64 busy;
	__u32 at; /* its own number */
	__u32 totals; /* 0, the key of that map */
	struct mlt_cell_key key; /* not on the stack, of which little is left where records are made */
	struct mlocktrace_event event;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MLT_SCRATCHES);
	__type(key, __u32);
	__type(value, struct mlt_scratch);
} scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mlt_totals);
} totals SEC(".maps");

/* The groups that have found room, and their cells. Nothing is ever taken out. */
MLT_MAP(groups, struct mlt_group, __u32, MLT_GROUPS);
MLT_MAP(cells, struct mlt_cell_key, struct mlt_cell, MLT_GROUPS * MLT_CELLS_PER_GROUP);

/* The cell of a record's group; NULL: there is no room, neither for the group nor for the cell. */
static __always_inline struct mlt_cell *mlt_group_cell(struct mlt_scratch *scratch, __u8 cause)
{
	struct mlt_cell_key *key = &scratch->key;
	struct mlt_cell *cell;

	mlt_group_of(&key->group, &scratch->event, cfg.group_by);
	key->op = scratch->event.op;
	key->counter = scratch->event.counter;
	key->cause = cause;
	cell = mlt_map_find(&cells, key);
	if (cell)
		return cell;
	if (!mlt_map_find(&groups, &key->group)) {
		mlt_map_add(&groups, &key->group, shared.zeros);
		/* (another CPU may have been faster) */
		if (!mlt_map_find(&groups, &key->group))
			return 0;
	}
	mlt_map_add(&cells, key, shared.zeros);
	return mlt_map_find(&cells, key);
}

/* 5.10 loses the bounds of an index that was computed in 32 bits, so it sees them in 64 again. */
#define MLT_AT_MOST(i, max)                                                                        \
	({                                                                                         \
		__u64 i_ = i;                                                                      \
		barrier_var(i_);                                                                   \
		i_ > (max) ? (max) : i_;                                                           \
	})

static __always_inline void mlt_count(struct mlt_scratch *scratch)
{
	const struct mlocktrace_event *e = &scratch->event;
	__u8 cause = mlt_cause(e);
	struct mlt_cell *cell = cfg.group_by ? mlt_group_cell(scratch, cause) : 0;
	struct mlt_totals *all = bpf_map_lookup_elem(&totals, &scratch->totals);
	__u64 at;

	if (!all)
		return;
	if (!cell) {
		at = mlt_total_of(e->op, e->counter, cause);
		cell = &all->cells[MLT_AT_MOST(at, MLT_TOTAL_CELLS - 1)];
	}
	mlt_cell_add(cell, e);
	if (mlt_is_timed(e->op))
		mlt_times_add(&all->times[MLT_AT_MOST(e->op, MLT_TOTAL_OPS - 1)], e);
}

/* These two are global functions, so that the verifier looks at them once and not in each place
 * where a record is made. They name a scratch record by its number. */

MLT_GLOBAL __u32 mlt_scratch_claim(void)
{
	struct mlt_scratch *scratch;

	if (!cfg.counting)
		return MLT_SCRATCHES;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < MLT_SCRATCHES; i++) {
		__u32 at = i;

		scratch = bpf_map_lookup_elem(&scratches, &at);
		if (scratch && !mlt_swap(&scratch->busy, 0, 1))
			return i;
	}
	return MLT_SCRATCHES;
}

MLT_GLOBAL int mlt_scratch_count(__u32 at)
{
	struct mlt_scratch *scratch;

	if (!cfg.counting)
		return 0;
	scratch = bpf_map_lookup_elem(&scratches, &at);
	if (!scratch)
		return 0;
	mlt_count(scratch);
	*(volatile __s64 *)&scratch->busy = 0;
	return 0;
}

/* NULL: all are busy */
static __always_inline struct mlocktrace_event *mlt_scratch_event(void)
{
	__u32 at = mlt_scratch_claim();
	struct mlt_scratch *scratch = bpf_map_lookup_elem(&scratches, &at);

	if (!scratch)
		return 0;
	scratch->at = at;
	return &scratch->event;
}

static __always_inline void mlt_scratch_submit(struct mlocktrace_event *e)
{
	struct mlt_scratch *scratch = (void *)e - __builtin_offsetof(struct mlt_scratch, event);

	mlt_scratch_count(scratch->at);
}

#endif
