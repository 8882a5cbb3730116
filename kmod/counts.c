// SPDX-License-Identifier: GPL-2.0
/*
 * Counting, see counts.h. Figures are added to atomically, and a cell that was made stays:
 * so nobody waits for anybody but to make one. What finds no room, and what comes in an NMI
 * that may have interrupted who makes one, is counted in the totals, which have a place for
 * everything.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#define mlt_add(p, n) atomic64_add(n, (atomic64_t *)(p))
#include "../body/counts.h"

#include "counts.h"
#include "map.h"

static struct mlt_totals *mlt_totals;
static struct mlt_map mlt_groups = {
	.key_size = sizeof(struct mlt_group), .value_size = sizeof(u64)
};

static struct mlt_map mlt_cells = {
	.key_size = sizeof(struct mlt_cell_key), .value_size = sizeof(struct mlt_cell)
};

/* ---- counting ----------------------------------------------------------------------------- */

static struct mlt_cell *mlt_new_cell(const struct mlt_cell_key *key)
{
	static const struct mlt_cell fresh;
	static const u64 none;

	if (in_nmi())
		return NULL;
	/* Another CPU may be faster, so it is found and not made that counts. */
	if (!mlt_map_find(&mlt_groups, &key->group))
		mlt_map_add(&mlt_groups, &key->group, &none);
	if (!mlt_map_find(&mlt_groups, &key->group))
		return NULL;
	mlt_map_add(&mlt_cells, key, &fresh);
	return mlt_map_find(&mlt_cells, key);
}

/**
 * mlt_counts_add() - count a record
 * @e: complete but for what mlt_ring_submit() sets
 * @cause: its cause, enum mlocktrace_cause
 */
void mlt_counts_add(const struct mlocktrace_event *e, u32 cause)
{
	struct mlt_cell_key key = { .op = e->op, .counter = e->counter, .cause = cause };
	struct mlt_cell *cell;

	mlt_group_of(&key.group, e, MLT_GROUP_CGROUP);
	cell = mlt_map_find(&mlt_cells, &key);
	if (!cell)
		cell = mlt_new_cell(&key);
	if (!cell)
		cell = &mlt_totals->cells[mlt_total_of(e->op, e->counter, cause)];
	mlt_cell_add(cell, e);
	if (mlt_is_timed(e->op))
		mlt_times_add(&mlt_totals->times[e->op], e);
}

/* ---- reading ------------------------------------------------------------------------------ */

static void mlt_copy_figures(u64 *to, const void *from, size_t n)
{
	const u64 *figure = from;
	size_t i;

	for (i = 0; i < n; i++)
		to[i] = READ_ONCE(figure[i]);
}

/**
 * mlt_counts_cell() - what was counted in a place
 * @i: which, from 0
 * @key: what is counted there
 * @cell: the answer
 *
 * Return: 0, -ENOENT if nothing was, -ERANGE past the last one
 */
int mlt_counts_cell(unsigned int i, struct mlt_cell_key *key, struct mlt_cell *cell)
{
	const void *found_key, *found;

	memset(key, 0, sizeof(*key));
	if (i < MLT_TOTAL_CELLS) {
		mlt_total_key(key, i);
		key->other = 1;
		found = &mlt_totals->cells[i];
	} else {
		if (i - MLT_TOTAL_CELLS >= mlt_cells.n_slots)
			return -ERANGE;
		found = mlt_map_slot(&mlt_cells, i - MLT_TOTAL_CELLS, &found_key);
		if (!found)
			return -ENOENT;
		memcpy(key, found_key, sizeof(*key));
	}
	mlt_copy_figures((u64 *)cell, found, sizeof(*cell) / sizeof(u64));
	return cell->calls || cell->taken || cell->given ? 0 : -ENOENT;
}

/**
 * mlt_counts_times() - how long the calls of an op took
 * @op: enum mlocktrace_op
 * @times: the answer
 *
 * Return: 0, -ENOENT if there were none
 */
int mlt_counts_times(unsigned int op, struct mlt_times *times)
{
	if (op >= MLT_TOTAL_OPS)
		return -ENOENT;
	mlt_copy_figures((u64 *)times, &mlt_totals->times[op], sizeof(*times) / sizeof(u64));
	return times->calls ? 0 : -ENOENT;
}

/* ---- start and end ------------------------------------------------------------------------ */

static void mlt_zero_figures(void *from, size_t n)
{
	u64 *figure = from;
	size_t i;

	for (i = 0; i < n; i++)
		WRITE_ONCE(figure[i], 0);
}

/**
 * mlt_counts_reset() - count from 0 again
 *
 * Groups and cells keep their places.
 */
void mlt_counts_reset(void)
{
	const void *key;
	void *cell;
	u32 i;

	mlt_zero_figures(mlt_totals, sizeof(*mlt_totals) / sizeof(u64));
	for (i = 0; i < mlt_cells.n_slots; i++) {
		cell = mlt_map_slot(&mlt_cells, i, &key);
		if (cell)
			mlt_zero_figures(cell, sizeof(struct mlt_cell) / sizeof(u64));
	}
}

/**
 * mlt_counts_init() - make room
 * @groups: for how many
 *
 * Return: 0, -EINVAL or -ENOMEM; on failure nothing is left behind
 */
int mlt_counts_init(unsigned int groups)
{
	int err;

	if (!groups || groups > MLT_GROUPS_MAX) {
		pr_err("groups=%u: want 1 to %u\n", groups, MLT_GROUPS_MAX);
		return -EINVAL;
	}
	mlt_totals = vzalloc(sizeof(*mlt_totals));
	err = mlt_totals ? mlt_map_init(&mlt_groups, groups) : -ENOMEM;
	if (!err)
		err = mlt_map_init(&mlt_cells, groups * MLT_CELLS_PER_GROUP);
	if (err)
		mlt_counts_destroy();
	return err;
}

/**
 * mlt_counts_destroy() - free it
 *
 * When no probe and no reader is left.
 */
void mlt_counts_destroy(void)
{
	mlt_map_destroy(&mlt_cells);
	mlt_map_destroy(&mlt_groups);
	vfree(mlt_totals);
	mlt_totals = NULL;
}
