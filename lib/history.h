/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The replay of records into ranges, each with the record that locked it.
 */
#ifndef MLT_HISTORY_H
#define MLT_HISTORY_H

#include "internal.h"

/* A record that locked something, for as long as a range refers to it. */
struct mlt_claim {
	size_t refs;
	struct mlocktrace_event event;
	char *call;
	char **frames;
	size_t n_frames;
};

struct mlt_range {
	uint64_t start, end;
	struct mlt_claim *claim;
};

/* By address, without overlaps. */
struct mlt_ranges {
	struct mlt_range *list;
	size_t n;
	size_t room;
};

/* ranges.c: [start, end) belongs to claim from now on; NULL = to nobody. 0 or -ENOMEM. */
int mlt_ranges_set(struct mlt_ranges *ranges, uint64_t start, uint64_t end, struct mlt_claim *claim);
/* ranges.c: what is in [from, from + len) is now as far from `to`. 0 or -ENOMEM. */
int mlt_ranges_move(struct mlt_ranges *ranges, uint64_t from, uint64_t len, uint64_t to);
/* ranges.c: the first range that ends above address, perhaps ranges->n. */
size_t mlt_ranges_find(const struct mlt_ranges *ranges, uint64_t address);
void mlt_ranges_free(struct mlt_ranges *ranges);

void mlt_claim_put(struct mlt_claim *claim);

#endif
