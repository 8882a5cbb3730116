/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The ledger as producers write it: an array of struct mlt_entry, one per task or pool.
 */
#ifndef MLT_ENTRIES_H
#define MLT_ENTRIES_H

#include "internal.h"
#include "../body/shared.h"

struct mlt_entries {
	struct mlt_entry *list;
	size_t n;
	size_t bytes, room; /* read, and room for; the last entry may be incomplete still */
};

/* Append everything a descriptor has to say: 0 or -errno. */
int mlt_entries_read(struct mlt_entries *entries, int fd);
void mlt_entries_free(struct mlt_entries *entries);

/* Those of one counter become one, the one that the books know if any does; it is wanted if
 * one of them is. In the order of what the counters belong to. */
void mlt_entries_merge(struct mlt_entries *entries);

void mlt_entry_to_holding(struct mlocktrace_holding *to, const struct mlt_entry *from);

/* Calls @each, as mlocktrace_ledger() does, with all that are wanted. */
int mlt_entries_tell(const struct mlt_entries *entries,
		     int (*each)(void *ctx, const struct mlocktrace_holding *holding), void *ctx);

#endif
