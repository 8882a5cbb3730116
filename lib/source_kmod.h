/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Between the parts of the kmod source: the module's files (source_kmod_files.c), its
 * ledger (source_kmod_ledger.c), the opening (source_kmod_open.c) and the reading of
 * records (source_kmod.c).
 */
#ifndef MLT_SOURCE_KMOD_H
#define MLT_SOURCE_KMOD_H

#include "entries.h"
#include "filter.h"
#include "live.h"

#define MLT_KMOD_BUFFER_BYTES (256U << 10)

/* A figure of the module, counted from when we began; `reset` sets it back to 0 meanwhile. */
struct mlt_counter {
	uint64_t base;
	uint64_t last;
};

/* The keys of `stats` that are of use here; struct mlt_kmod has a counter for each. */
enum mlt_kmod_key {
	MLT_KMOD_MISSED,
	MLT_KMOD_UNTRACKED,
	MLT_KMOD_ENDED,
	MLT_KMOD_ENDED_ADRIFT,
	MLT_KMOD_ENDED_UNATTRIBUTED,
	MLT_KMOD_KEYS
};

/* One CPU's stream as this reader has it: what was made is what passed, lost, filtered and waits. */
struct mlt_kmod_cpu {
	struct mlt_counter made; /* cpuN_seen */
	uint64_t passed;	 /* into the batch */
	uint64_t lost;
	uint64_t filtered; /* here, or by the kernel as its numbers tell */
	uint64_t seq;	   /* of the last record; 0 = none yet */
	uint64_t lost_since; /* that one */
};

struct mlt_kmod_hook {
	char *name; /* the line, cut up */
	char *why_not;
	uint64_t hits, misses;
};

struct mlt_kmod {
	char *dir;
	int dir_fd; /* of that folder; these two: -1 = not open */
	int events_fd;
	uint8_t *buf;

	struct mlt_filter filter;
	struct mlt_ids users; /* of the processes followed */
	struct mlt_cgroup cgroup;
	bool past;	    /* began with what was there already */
	bool stacks;
	bool read_only;	    /* `events` takes no words of ours */
	bool kernel_filters; /* the kernel holds back other processes' records */

	struct mlt_kmod_cpu *cpus;
	size_t n_cpus;
	struct mlt_counter keys[MLT_KMOD_KEYS];
	uint64_t stop_ns; /* CLOCK_MONOTONIC; 0 = not stopped */
	bool done;	  /* stopped, and all from before that was read */
	bool told_hole;
	int end; /* sticky -errno */

	struct mlt_tally *counted; /* when counting: what the module had counted at the last look */

	struct mlt_entries start; /* the ledger when we began */
	bool has_ledger;

	char *hooks_text;
	struct mlt_kmod_hook *hooks;
	size_t n_hooks;
};

/* ---- source_kmod_files.c ---- */

/* Is the module there, and of our version? Else mlt_fail() has said what to do. */
int mlt_kmod_find(struct mlocktrace *h);
/* A file of the module for reading: the descriptor or -errno. */
int mlt_kmod_file(const struct mlt_kmod *k, const char *name, int flags);
/* All of a text file of about @most bytes, terminated; NULL and *err = -errno. The caller frees it. */
char *mlt_kmod_text(const struct mlt_kmod *k, const char *name, size_t most, int *err);
/* What `enable` says; true if that can't be read. */
bool mlt_kmod_enabled(const struct mlt_kmod *k);
/* Read `stats`; @begin: count from here on. */
int mlt_kmod_read_stats(struct mlt_kmod *k, bool begin);
uint64_t mlt_counter_value(const struct mlt_counter *counter);
/* Room for this CPU; NULL = out of memory. */
struct mlt_kmod_cpu *mlt_kmod_cpu(struct mlt_kmod *k, unsigned int cpu);
/* As the slots of struct mlt_source. */
int mlt_kmod_hook(const struct mlocktrace *h, size_t i, struct mlocktrace_hook *hook);
int mlt_kmod_hook_counts(const struct mlocktrace *h, size_t i, uint64_t *hits, uint64_t *misses);

/* ---- source_kmod_open.c ---- */

/* As the slot of struct mlt_source. */
int mlt_kmod_open(struct mlocktrace *h, const struct mlocktrace_opts *opts);

/* ---- source_kmod_counts.c ---- */

/* In place of reading records. On failure mlt_fail() has said why. */
int mlt_kmod_begin_counting(struct mlocktrace *h, const struct mlocktrace_opts *opts);
void mlt_kmod_end_counting(struct mlt_kmod *k);
/* As the slot of struct mlt_source. */
int mlt_kmod_count(struct mlocktrace *h);
/* Up to the last look. */
uint64_t mlt_kmod_calls_counted(const struct mlocktrace *h);

/* ---- source_kmod_ledger.c ---- */

/* All that the ledger has, those of one counter merged. 0 or -errno. */
int mlt_kmod_read_ledger(const struct mlt_kmod *k, struct mlt_entries *entries);
/* Keep what it was when we began: read before that, and after. Takes @after over. */
void mlt_kmod_begin_ledger(struct mlt_kmod *k, const struct mlt_entries *before,
			   struct mlt_entries *after);
int mlt_kmod_ledger(struct mlocktrace *h,
		    int (*each)(void *ctx, const struct mlocktrace_holding *holding), void *ctx);

#endif
