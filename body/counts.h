/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1 OR BSD-2-Clause */
/*
 * Counting records instead of handing them out: what a record is counted under, and what of
 * it is counted. eBPF, the kernel module and the library (for recordings) include it, so that
 * they count alike. Each brings mlt_add(p, n), which in a kernel is atomic.
 *
 * What needs no group is in an array (struct mlt_totals), and so never lacks room; a group's
 * cells are wherever the includer finds room for them, and when there is none, in that array.
 */
#ifndef MLT_COUNTS_BODY_H
#define MLT_COUNTS_BODY_H

#include "cause.h"

/* Powers of two, so that the verifier sees that an index is inside. */
#define MLT_TOTAL_OPS 32
#define MLT_TOTAL_COUNTERS 8
#define MLT_TOTAL_CAUSES 16
#define MLT_TOTAL_CELLS (MLT_TOTAL_OPS * MLT_TOTAL_COUNTERS * MLT_TOTAL_CAUSES)
#define MLT_LATENCY_BUCKETS 32
#define MLT_LATENCY_FIRST_BIT 7 /* the first bucket is for less than 128 ns */

_Static_assert(MLOCKTRACE_OP_MAX <= MLT_TOTAL_OPS, "MLT_TOTAL_OPS");
_Static_assert(MLOCKTRACE_COUNTER_MAX <= MLT_TOTAL_COUNTERS, "MLT_TOTAL_COUNTERS");
_Static_assert(MLOCKTRACE_CAUSE_MAX <= MLT_TOTAL_CAUSES, "MLT_TOTAL_CAUSES");

/* How many groups there is room for, if nobody says, and the most. */
#define MLT_GROUPS 1024
#define MLT_GROUPS_MAX 65536
/* On average; a group that does a little of everything has up to a hundred. */
#define MLT_CELLS_PER_GROUP 16

enum mlt_group_by { MLT_GROUP_NONE, MLT_GROUP_CGROUP, MLT_GROUP_COMM };

/* A cgroup's id, or a name with zeros behind it. */
struct mlt_group {
	__u64 word[2];
};

struct mlt_cell_key {
	struct mlt_group group;
	__u8 op;
	__u8 counter;
	__u8 cause;
	__u8 other; /* of groups that found no room; group is zero then */
	__u32 zero;
};

struct mlt_cell {
	__u64 calls;
	__u64 taken; /* bytes by which they raised the counter, */
	__u64 given; /*   and by which they lowered it */
};

struct mlt_times {
	__u64 calls;
	__u64 sum_ns;
	__u64 buckets[MLT_LATENCY_BUCKETS];
};

struct mlt_totals {
	struct mlt_cell cells[MLT_TOTAL_CELLS];
	struct mlt_times times[MLT_TOTAL_OPS];
};

static inline __u32 mlt_total_of(__u8 op, __u8 counter, __u8 cause)
{
	return ((op & (MLT_TOTAL_OPS - 1)) * MLT_TOTAL_COUNTERS +
		(counter & (MLT_TOTAL_COUNTERS - 1))) * MLT_TOTAL_CAUSES +
	       (cause & (MLT_TOTAL_CAUSES - 1));
}

/* What the i-th total is about. */
static inline void mlt_total_key(struct mlt_cell_key *key, __u32 i)
{
	key->cause = i % MLT_TOTAL_CAUSES;
	key->counter = i / MLT_TOTAL_CAUSES % MLT_TOTAL_COUNTERS;
	key->op = i / MLT_TOTAL_CAUSES / MLT_TOTAL_COUNTERS;
}

/* The bytes of a word before its first zero byte; the others become zero. */
static inline __u64 mlt_text_word(__u64 word)
{
	const __u64 ones = 0x0101010101010101ULL;
	__u64 zeros = (word - ones) & ~word & (ones << 7);

	/* The lowest bit of it is in the first zero byte; from there on it says nothing. */
	return zeros ? word & (((zeros & -zeros) >> 7) - 1) : word;
}

/* The kernel does not clear what an older, longer name has left behind the end of this one. */
static inline void mlt_group_of(struct mlt_group *group, const struct mlocktrace_event *event,
				__u8 group_by)
{
	group->word[0] = 0;
	group->word[1] = 0;
	if (group_by == MLT_GROUP_CGROUP) {
		group->word[0] = event->cgroup_id;
	} else if (group_by == MLT_GROUP_COMM) {
		__builtin_memcpy(group->word, event->comm, sizeof(group->word));
		group->word[0] = mlt_text_word(group->word[0]);
		/* (its last byte is zero if the name ends inside) */
		group->word[1] = group->word[0] >> 56 ? mlt_text_word(group->word[1]) : 0;
	}
}

static inline void mlt_cell_add(struct mlt_cell *cell, const struct mlocktrace_event *event)
{
	__s64 delta = mlt_delta(event);

	mlt_add(&cell->calls, 1);
	if (delta > 0)
		mlt_add(&cell->taken, (__u64)delta);
	else if (delta < 0)
		mlt_add(&cell->given, -(__u64)delta);
}

/* Is it followed from its entry to its exit, so that its duration is that of a call? */
static inline bool mlt_is_timed(__u8 op)
{
	return (op >= MLOCKTRACE_OP_MLOCK && op <= MLOCKTRACE_OP_MUNLOCKALL) ||
	       op == MLOCKTRACE_OP_SETRLIMIT;
}

/*
 * Where the highest bit is, less those that the first bucket takes. By sums and shifts, since
 * each branch would double what the verifier has to look at.
 */
static inline __u64 mlt_latency_bucket(__u64 ns)
{
	__u64 bucket = 0;
	__u32 step;

	if (ns >> (MLT_LATENCY_FIRST_BIT + MLT_LATENCY_BUCKETS - 1))
		return MLT_LATENCY_BUCKETS - 1;
	ns = ns >> MLT_LATENCY_FIRST_BIT << 1 | 1;
	for (step = 16; step; step /= 2) {
		__u64 high = (((1ULL << step) - 1 - ns) >> 63) * step;

		bucket += high;
		ns >>= high;
	}
	return bucket & (MLT_LATENCY_BUCKETS - 1);
}

static inline void mlt_times_add(struct mlt_times *times, const struct mlocktrace_event *event)
{
	mlt_add(&times->calls, 1);
	mlt_add(&times->sum_ns, event->duration_ns);
	mlt_add(&times->buckets[mlt_latency_bucket(event->duration_ns)], 1);
}

#endif
