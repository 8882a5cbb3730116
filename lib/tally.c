// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Tables of counts, see tally.h. Pure: what goes in comes from somebody else.
 */
#include "tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int mlt_tally_new(struct mlt_tally **tally, const struct mlocktrace_opts *opts, const char **bad)
{
	struct mlt_tally *t;

	if (opts->group_by > MLOCKTRACE_GROUP_COMM) {
		*bad = "there are groups by cgroup and by name only";
		return -EINVAL;
	}
	if (opts->n_groups > MLT_GROUPS_MAX) {
		*bad = "there can be 65536 groups at most";
		return -EINVAL;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->group_by = (uint8_t)opts->group_by;
	t->max_groups = opts->n_groups ? opts->n_groups : MLT_GROUPS;
	*tally = t;
	return 0;
}

void mlt_tally_free(struct mlt_tally *tally)
{
	if (!tally)
		return;
	free(tally->cells);
	free(tally->groups);
	free(tally->group_used);
	free(tally);
}

void mlt_tally_clear(struct mlt_tally *tally)
{
	if (tally->cells)
		memset(tally->cells, 0, tally->room * sizeof(*tally->cells));
	tally->n_cells = 0;
	memset(tally->times, 0, sizeof(tally->times));
}

static size_t mix(uint64_t hash, uint64_t word)
{
	return (hash ^ word) * 0x9e3779b97f4a7c15ULL >> 16;
}

/* ---- groups --------------------------------------------------------------------------- */

/* Its place in the table, taken or free. */
static size_t group_place(const struct mlt_tally *t, const struct mlt_group *group)
{
	size_t at = mix(mix(0, group->word[0]), group->word[1]);

	for (;; at++) {
		size_t i = at & (t->group_room - 1);

		if (!t->group_used[i] || !memcmp(&t->groups[i], group, sizeof(*group)))
			return i;
	}
}

/* Twice the room, so that there is always a free place at which a search ends. */
static int make_group_room(struct mlt_tally *t)
{
	size_t room = 2;

	if (t->groups)
		return 0;
	while (room < 2 * t->max_groups)
		room *= 2;
	t->group_used = calloc(room, 1);
	t->groups = t->group_used ? calloc(room, sizeof(*t->groups)) : NULL;
	t->group_room = room;
	if (t->groups)
		return 0;
	free(t->group_used);
	t->group_used = NULL;
	return -ENOMEM;
}

/* 1 = it has room, 0 = it has not, or -ENOMEM */
static int group_has_room(struct mlt_tally *t, const struct mlt_group *group)
{
	int err = make_group_room(t);
	size_t i;

	if (err)
		return err;
	i = group_place(t, group);
	if (t->group_used[i])
		return 1;
	if (t->n_groups == t->max_groups)
		return 0;
	t->groups[i] = *group;
	t->group_used[i] = 1;
	t->n_groups++;
	return 1;
}

/* ---- cells ---------------------------------------------------------------------------- */

static struct mlt_tally_cell *cell_place(const struct mlt_tally *t, const struct mlt_cell_key *key)
{
	uint64_t what = key->op | key->counter << 8 | key->cause << 16 | (uint64_t)key->other << 24;
	size_t at = mix(mix(mix(0, key->group.word[0]), key->group.word[1]), what);
	struct mlt_tally_cell *cell;

	for (;; at++) {
		cell = &t->cells[at & (t->room - 1)];
		if (!cell->used || !memcmp(&cell->key, key, sizeof(*key)))
			return cell;
	}
}

static int make_cell_room(struct mlt_tally *t)
{
	struct mlt_tally bigger = { .room = t->room ? 2 * t->room : 64 };

	if (t->n_cells * 4 < t->room * 3)
		return 0;
	bigger.cells = calloc(bigger.room, sizeof(*bigger.cells));
	if (!bigger.cells)
		return -ENOMEM;
	for (size_t i = 0; i < t->room; i++) {
		if (t->cells[i].used)
			*cell_place(&bigger, &t->cells[i].key) = t->cells[i];
	}
	free(t->cells);
	t->cells = bigger.cells;
	t->room = bigger.room;
	return 0;
}

int mlt_tally_put(struct mlt_tally *t, const struct mlt_cell_key *key, const struct mlt_cell *cell)
{
	struct mlt_tally_cell *place;
	int err;

	if (!cell->calls && !cell->taken && !cell->given)
		return 0;
	err = make_cell_room(t);
	if (err)
		return err;
	place = cell_place(t, key);
	t->n_cells += !place->used;
	place->used = true;
	place->key = *key;
	place->cell.calls += cell->calls;
	place->cell.taken += cell->taken;
	place->cell.given += cell->given;
	return 0;
}

struct mlt_cell mlt_tally_get(const struct mlt_tally *t, const struct mlt_cell_key *key)
{
	return t->room ? cell_place(t, key)->cell : (struct mlt_cell){ 0 };
}

int mlt_tally_add(struct mlt_tally *t, const struct mlt_cell_key *key, const struct mlt_cell *cell)
{
	struct mlt_cell_key own = *key;
	int has_room = 1;

	if (t->group_by == MLT_GROUP_NONE) {
		own.group = (struct mlt_group){ { 0, 0 } };
		own.other = 0;
	} else if (!key->other) {
		has_room = group_has_room(t, &own.group);
	}
	if (has_room < 0)
		return has_room;
	if (!has_room) {
		own.group = (struct mlt_group){ { 0, 0 } };
		own.other = 1;
	}
	return mlt_tally_put(t, &own, cell);
}

int mlt_tally_record(struct mlt_tally *t, const struct mlocktrace_event *event)
{
	struct mlt_cell_key key = { .op = event->op, .counter = event->counter,
				    .cause = (uint8_t)mlt_cause(event) };
	struct mlt_cell cell = { 0 };

	mlt_group_of(&key.group, event, t->group_by);
	mlt_cell_add(&cell, event);
	/* (an op of a newer version has no duration that we know of) */
	if (mlt_is_timed(event->op))
		mlt_times_add(&t->times[event->op], event);
	return mlt_tally_add(t, &key, &cell);
}

void mlt_tally_times(struct mlt_tally *t, uint8_t op, const struct mlt_times *times)
{
	struct mlt_times *sum = &t->times[op % MLT_TOTAL_OPS];

	sum->calls += times->calls;
	sum->sum_ns += times->sum_ns;
	for (size_t i = 0; i < MLT_LATENCY_BUCKETS; i++)
		sum->buckets[i] += times->buckets[i];
}
