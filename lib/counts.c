// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Counts instead of records: what a handle that counts tells. Where they come from is the
 * source's; of one that cannot count in the kernel, the records are read and counted here.
 */
#include "counts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)MLT_GROUP_CGROUP == MLOCKTRACE_GROUP_CGROUP &&
		       (int)MLT_GROUP_COMM == MLOCKTRACE_GROUP_COMM, "enum mlocktrace_group");
_Static_assert(MLT_LATENCY_BUCKETS == MLOCKTRACE_LATENCY_BUCKETS, "MLOCKTRACE_LATENCY_BUCKETS");

int mlt_counts_open(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	const char *bad = "out of memory";
	int err;

	if (!opts->count)
		return 0;
	if (opts->stacks || opts->past)
		return mlt_fail(h, -EINVAL, "counting hands out no records, so it goes with %s",
				opts->stacks ? "no stacks" : "no records of the past");
	err = mlt_tally_new(&h->tally, opts, &bad);
	return err ? mlt_fail(h, err, "%s", bad) : 0;
}

static int count_record(void *ctx, const struct mlocktrace_event *event)
{
	return event->op == MLOCKTRACE_OP_LOST ? 0 : mlt_tally_record(ctx, event);
}

/* The tally as of now. */
static int look(struct mlocktrace *h)
{
	int err;

	if (!h->tally)
		return -EOPNOTSUPP;
	if (h->source->count)
		return h->source->count(h);
	err = mlt_each_record(h, count_record, h->tally);
	return err == -ENODATA ? 0 : err;
}

static int tell(const struct mlt_tally *t, const struct mlt_tally_cell *from,
		int (*each)(void *ctx, const struct mlocktrace_count *count), void *ctx)
{
	struct mlocktrace_count count = {
		.size = sizeof(count),
		.op = from->key.op,
		.counter = from->key.counter,
		.cause = from->key.cause,
		.other = from->key.other,
		.calls = from->cell.calls,
		.taken = from->cell.taken,
		.given = from->cell.given,
	};

	if (t->group_by == MLT_GROUP_CGROUP)
		count.group_id = from->key.group.word[0];
	else if (t->group_by == MLT_GROUP_COMM)
		memcpy(count.comm, &from->key.group, sizeof(count.comm));
	return each(ctx, &count);
}

MLT_API int mlocktrace_counts(struct mlocktrace *h,
			      int (*each)(void *ctx, const struct mlocktrace_count *count), void *ctx)
{
	int err = look(h), stopped = 0;

	/* What came before the damage of a recording is good. */
	if (err && err != -EBADMSG)
		return err;
	for (size_t i = 0; i < h->tally->room && !stopped; i++) {
		if (h->tally->cells[i].used)
			stopped = tell(h->tally, &h->tally->cells[i], each, ctx);
	}
	return stopped ? stopped : err;
}

MLT_API int mlocktrace_latency(struct mlocktrace *h, size_t i, struct mlocktrace_latency *latency)
{
	struct mlocktrace_latency own = { 0 };
	int err = h->tally ? 0 : -EOPNOTSUPP;

	if (!i)
		err = look(h);
	if (err && err != -EBADMSG)
		return err;
	for (unsigned int op = 0; op < MLT_TOTAL_OPS; op++) {
		const struct mlt_times *times = &h->tally->times[op];

		if (!times->calls || i--)
			continue;
		own.op = op;
		own.calls = times->calls;
		own.sum_ns = times->sum_ns;
		memcpy(own.buckets, times->buckets, sizeof(own.buckets));
		return mlt_copy_out(latency, &own, sizeof(own),
				    offsetof(struct mlocktrace_latency, op));
	}
	return -ENOENT;
}
