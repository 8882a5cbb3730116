/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The counts of a handle: cells by what they are about, and durations by op. Sources bring
 * what the kernel has counted, or records to be counted here.
 */
#ifndef MLT_TALLY_H
#define MLT_TALLY_H

#include "internal.h"

#define mlt_add(p, n) (*(p) += (n))
#include "../body/counts.h"

struct mlt_tally_cell {
	struct mlt_cell_key key;
	struct mlt_cell cell;
	bool used;
};

struct mlt_tally {
	uint8_t group_by; /* enum mlt_group_by */
	size_t n_groups, max_groups;
	struct mlt_tally_cell *cells; /* open-addressed */
	size_t n_cells, room;
	struct mlt_group *groups; /* likewise by mark: those that have found room */
	uint8_t *group_used;
	size_t group_room;
	struct mlt_times times[MLT_TOTAL_OPS];
};

/* 0, -ENOMEM, or -EINVAL with *bad = the option that makes no sense. */
int mlt_tally_new(struct mlt_tally **tally, const struct mlocktrace_opts *opts, const char **bad);
void mlt_tally_free(struct mlt_tally *tally);
/* Forget all cells and durations; groups keep their room. */
void mlt_tally_clear(struct mlt_tally *tally);
/* Count a record. 0 or -ENOMEM. */
int mlt_tally_record(struct mlt_tally *tally, const struct mlocktrace_event *event);
/* Add what was counted elsewhere, where @key has found room already. 0 or -ENOMEM. */
int mlt_tally_put(struct mlt_tally *tally, const struct mlt_cell_key *key,
		  const struct mlt_cell *cell);
/* The same where it has not: a group beyond the most becomes `other` here. */
int mlt_tally_add(struct mlt_tally *tally, const struct mlt_cell_key *key,
		  const struct mlt_cell *cell);
/* What is counted under @key; zero if nothing is. */
struct mlt_cell mlt_tally_get(const struct mlt_tally *tally, const struct mlt_cell_key *key);
/* Durations of an op that were measured elsewhere. */
void mlt_tally_times(struct mlt_tally *tally, uint8_t op, const struct mlt_times *times);

#endif
