// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * What the eBPF programs have counted (bpf/counts.bpf.h): which maps they need for it, and
 * reading them.
 */
#include "source_bpf.h"
#include "tally.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#define BATCH 1024 /* more than a bucket of the hash table ever holds */

static int set_room(const struct bpf_object *obj, const char *name, bool wanted, size_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, name);
	int err = map ? bpf_map__set_autocreate(map, wanted) : -EINVAL;

	return err || !wanted || !entries ? err : bpf_map__set_max_entries(map, (__u32)entries);
}

int mlt_bpf_choose_maps(const struct mlocktrace *h)
{
	const struct mlt_bpf *b = h->priv;
	bool counts = h->tally, groups = counts && h->tally->group_by;
	size_t n_groups = groups ? h->tally->max_groups : 0;
	int err = set_room(b->obj, "events", !counts, b->buffer_bytes);

	if (!err)
		err = set_room(b->obj, "scratches", counts, 0);
	if (!err)
		err = set_room(b->obj, "totals", counts, 0);
	if (!err)
		err = set_room(b->obj, "groups", groups, n_groups);
	if (!err)
		err = set_room(b->obj, "cells", groups, n_groups * MLT_CELLS_PER_GROUP);
	return err;
}

/* ---- reading -------------------------------------------------------------------------- */

static int map_fd(const struct mlt_bpf *b, const char *name)
{
	return bpf_object__find_map_fd_by_name(b->obj, name);
}

/* All cells without groups, those that found no room with them, and all durations. */
static int read_totals(const struct mlt_bpf *b, struct mlt_tally *tally)
{
	struct mlt_totals *totals = malloc(sizeof(*totals));
	__u32 at = 0;
	int err = totals ? 0 : -ENOMEM;

	if (!err && bpf_map_lookup_elem(map_fd(b, "totals"), &at, totals))
		err = -errno;
	for (__u32 i = 0; i < MLT_TOTAL_CELLS && !err; i++) {
		struct mlt_cell_key key = { .other = tally->group_by != MLT_GROUP_NONE };

		mlt_total_key(&key, i);
		err = mlt_tally_put(tally, &key, &totals->cells[i]);
	}
	for (__u8 op = 0; op < MLT_TOTAL_OPS && !err; op++)
		mlt_tally_times(tally, op, &totals->times[op]);
	free(totals);
	return err;
}

struct batch {
	struct mlt_cell_key keys[BATCH];
	struct mlt_cell cells[BATCH];
};

static int read_batches(int fd, struct batch *batch, struct mlt_tally *tally)
{
	__u32 from, next, n;
	bool begun = false;
	int err = 0, end;

	do {
		n = BATCH;
		end = bpf_map_lookup_batch(fd, begun ? &from : NULL, &next, batch->keys, batch->cells,
					   &n, NULL) ? errno : 0;
		if (end && end != ENOENT) /* that is the last batch, and perhaps not empty */
			return -end;
		for (__u32 i = 0; i < n && !err; i++)
			err = mlt_tally_put(tally, &batch->keys[i], &batch->cells[i]);
		from = next;
		begun = true;
	} while (!end && !err);
	return err;
}

static int read_cells(const struct mlt_bpf *b, struct mlt_tally *tally)
{
	struct batch *batch = malloc(sizeof(*batch));
	int err = batch ? read_batches(map_fd(b, "cells"), batch, tally) : -ENOMEM;

	free(batch);
	return err;
}

int mlt_bpf_count(struct mlocktrace *h)
{
	struct mlt_bpf *b = h->priv;
	int err;

	mlt_tally_clear(h->tally);
	err = read_totals(b, h->tally);
	if (!err && h->tally->group_by)
		err = read_cells(b, h->tally);
	return err;
}
