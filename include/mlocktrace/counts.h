/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * libmlocktrace: counting in the kernel instead of reading records, so that the cost is per
 * look and not per event. A part of <mlocktrace/mlocktrace.h>, which includes it and states
 * the conventions.
 */
#ifndef MLOCKTRACE_COUNTS_H
#define MLOCKTRACE_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mlocktrace/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mlocktrace;

/* What counts are kept apart by, besides op, counter and cause. */
enum mlocktrace_group { MLOCKTRACE_GROUP_NONE, MLOCKTRACE_GROUP_CGROUP, MLOCKTRACE_GROUP_COMM };

/**
 * struct mlocktrace_count - what happened alike, and how often
 * @size:     sizeof(struct mlocktrace_count), as the library has it
 * @op:       enum mlocktrace_op
 * @counter:  enum mlocktrace_counter
 * @cause:    enum mlocktrace_cause; ok: it succeeded
 * @other:    of groups that found no room, see @n_groups of the options; all of them together
 * @group_id: cgroup v2 id, with MLOCKTRACE_GROUP_CGROUP; else 0
 * @comm:     name of the task, zero-padded, with MLOCKTRACE_GROUP_COMM; else ""
 * @calls:    how many records there would have been
 * @taken:    bytes by which these raised the counter, all together, and
 * @given:    by which they lowered it
 */
struct mlocktrace_count {
	size_t size;
	unsigned int op;
	unsigned int counter;
	unsigned int cause;
	bool other;
	uint64_t group_id;
	char comm[MLOCKTRACE_COMM_LEN];
	uint64_t calls;
	uint64_t taken;
	uint64_t given;
};

/**
 * mlocktrace_counts - what was counted since the handle was opened with @count of its options
 * @each: called with every count that is not 0, in no order of meaning; another result than 0
 *        ends the walk
 *
 * Exact: the sum of @calls is the number of records that there would have been, less
 * @dropped of mlocktrace_stats(); the sum of @taken - @given of a counter is its change. What
 * happens meanwhile is in it or is not, and perhaps in @calls and not yet in @taken. A recording
 * is read to its end first.
 *
 * Return: 0, the result of @each, -EOPNOTSUPP (the handle does not count), -EBADMSG (the
 * recording is damaged or cut off; what came before it was told), or another -errno.
 */
int mlocktrace_counts(struct mlocktrace *handle,
		      int (*each)(void *ctx, const struct mlocktrace_count *count), void *ctx);

#define MLOCKTRACE_LATENCY_BUCKETS 32

/**
 * struct mlocktrace_latency - how long the calls of an op took, of the ops that are followed from
 * their entry to their exit: mlock, mlock2, munlock, mlockall, munlockall and setrlimit
 * @size:    sizeof(struct mlocktrace_latency), set by the caller
 * @op:      enum mlocktrace_op
 * @calls:   how many, whatever became of them
 * @sum_ns:  their durations together
 * @buckets: the i-th: calls that took less than 2^(i+7) ns and found no room in those before;
 *           the last: all others
 */
struct mlocktrace_latency {
	size_t size;
	unsigned int op;
	uint64_t calls;
	uint64_t sum_ns;
	uint64_t buckets[MLOCKTRACE_LATENCY_BUCKETS];
};

/* Of the @i-th op of which there were calls; with @i = 0 the kernel is asked anew. Return: 0,
 * -ENOENT past the last, -EINVAL, or as mlocktrace_counts(). */
int mlocktrace_latency(struct mlocktrace *handle, size_t i, struct mlocktrace_latency *latency);

#ifdef __cplusplus
}
#endif
#endif
