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
/* smaps.c: from status: name, uid, VmLck, VmPin, CAP_IPC_LOCK. 0, -EBADMSG, or -ENXIO: it has no
 * address space (a kernel thread, or a process that has ended). */
int mlt_status_parse(FILE *in, struct mlocktrace_regions_total *total);
/* smaps.c: from limits: RLIMIT_MEMLOCK. 0 or -EBADMSG. */
int mlt_limits_parse(FILE *in, struct mlocktrace_regions_total *total);

/* pages.c: page frames seen before, as bits. */
struct mlt_pages {
	uint64_t **chunks;
	size_t n_chunks;
	size_t n; /* frames */
};

/* 1 = a new one, 0 = seen before, -ENOMEM, or -ERANGE: no frame of a machine of today. */
int mlt_pages_add(struct mlt_pages *pages, uint64_t frame);
bool mlt_pages_has(const struct mlt_pages *pages, uint64_t frame);
void mlt_pages_free(struct mlt_pages *pages);

/* regions.c: fill @regions, which holds nothing but the total's size and pid, from the process's
 * folder @dir in /proc. Frames in @seen are not unique; this process's are added. As
 * mlocktrace_regions_new(); on -EACCES or -EPERM the total has what status told. */
int mlt_regions_read(int dir, struct mlocktrace_regions *regions, struct mlt_pages *seen);

/* regions.c: does pagemap show page frames to us? */
bool mlt_frames_are_shown(void);

/* marks.c: which of all page frames, as told by @fd (kpageflags from its start), are marked as
 * mlocked, and which of @seen are not and why: @marked, @marked_locked, @unmarked_zero and
 * @unmarked_large. 0, -EBADMSG (half a word at the end), -ENOMEM, or the -errno of reading. */
int mlt_marks_read(int fd, const struct mlt_pages *seen, struct mlocktrace_machine *machine);

/* machine.c: @mlocked, @unevictable and @hugetlb from meminfo. 0 or -EBADMSG. */
int mlt_meminfo_parse(FILE *in, struct mlocktrace_machine *machine);

#endif
