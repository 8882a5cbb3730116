/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The locked ranges of a process, and the parsers of what /proc says of them.
 */
#ifndef MLT_REGIONS_H
#define MLT_REGIONS_H

#include "internal.h"

struct mlocktrace_regions {
	struct mlocktrace_region *list; /* each with a path of its own, never NULL */
	size_t n;
	size_t room;
	struct mlocktrace_regions_total total;
	uint64_t start_ticks;
};

/* smaps.c: from smaps: the locked mappings into the list, the sizes of all into the total.
 * 0, -EBADMSG (not smaps), -ENOMEM, or the -errno of reading. */
int mlt_smaps_parse(FILE *in, struct mlocktrace_regions *regions);
void mlt_smaps_forget(struct mlocktrace_regions *regions);
/* smaps.c: from status: name, VmLck, VmPin, CAP_IPC_LOCK. 0, -EBADMSG, or -ENXIO: it has no
 * address space (a kernel thread, or a process that has ended). */
int mlt_status_parse(FILE *in, struct mlocktrace_regions_total *total);
/* smaps.c: from limits: RLIMIT_MEMLOCK. 0 or -EBADMSG. */
int mlt_limits_parse(FILE *in, struct mlocktrace_regions_total *total);

/* pages.c: page frames seen before, as bits. */
struct mlt_pages {
	uint64_t **chunks;
	size_t n_chunks;
};

/* 1 = a new one, 0 = seen before, -ENOMEM, or -ERANGE: no frame of a machine of today. */
int mlt_pages_add(struct mlt_pages *pages, uint64_t frame);
void mlt_pages_free(struct mlt_pages *pages);

#endif
