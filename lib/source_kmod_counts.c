// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * What the kernel module has counted since we began. It counts for everybody, by cgroup,
 * since it was loaded: so each look is compared with the one before, and what was added is
 * put where this handle wants it.
 */
#include "source_kmod.h"
#include "tally.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TEXT (128U << 20) /* a million lines, with as many groups as there can be */

static int refuse(struct mlocktrace *h, const char *what)
{
	return mlt_fail(h, -EOPNOTSUPP, "the kernel module counts for everybody, so it cannot count %s: use "
			"the source bpf, or read the records instead of counting them", what);
}

static int check_options(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	if (opts->group_by == MLOCKTRACE_GROUP_COMM)
		return refuse(h, "by name");
	if (opts->n_pids || opts->by_uid || opts->comm || opts->cgroup)
		return refuse(h, "only some processes");
	return 0;
}

/* ---- the files ------------------------------------------------------------------------ */

static unsigned int id_of(const char *word, const char *(*name_of)(unsigned int), unsigned int max)
{
	for (unsigned int id = 0; id < max; id++) {
		const char *name = name_of(id);

		if (name && !strcmp(name, word))
			return id;
	}
	return max;
}

/* "op counter cause group calls taken given"; what this library has no word for is left out. */
static int take_count(struct mlt_tally *to, const char *line)
{
	char op[32], counter[32], cause[32], group[32], *end;
	struct mlt_cell_key key = { 0 };
	struct mlt_cell cell;
	uint64_t calls, taken, given;

	if (sscanf(line, "%31s %31s %31s %31s %" SCNu64 " %" SCNu64 " %" SCNu64, op, counter, cause,
		   group, &calls, &taken, &given) != 7)
		return 0;
	cell = (struct mlt_cell){ calls, taken, given };
	key.op = (uint8_t)mlocktrace_op_by_name(op);
	if (strcmp(counter, "-"))
		key.counter = (uint8_t)id_of(counter, mlocktrace_counter_name, MLOCKTRACE_COUNTER_MAX);
	key.cause = (uint8_t)id_of(cause, mlocktrace_cause_name, MLOCKTRACE_CAUSE_MAX);
	if (!key.op || key.counter == MLOCKTRACE_COUNTER_MAX || key.cause == MLOCKTRACE_CAUSE_MAX)
		return 0;
	key.other = !strcmp(group, "other");
	key.group.word[0] = key.other ? 0 : strtoull(group, &end, 10);
	return key.other || !*end ? mlt_tally_put(to, &key, &cell) : 0;
}

/* "op calls sum_ns" and a figure for each bucket */
static int take_latency(struct mlt_tally *to, const char *line)
{
	struct mlt_times times = { 0 };
	char op[32], *end;
	__u64 *figure = &times.calls;
	unsigned int id;
	int n = 0;

	if (sscanf(line, "%31s%n", op, &n) != 1)
		return 0;
	id = mlocktrace_op_by_name(op);
	for (size_t i = 0; i < sizeof(times) / sizeof(*figure); i++) {
		figure[i] = strtoull(line + n, &end, 10);
		if (end == line + n)
			return 0;
		n = (int)(end - line);
	}
	if (id)
		mlt_tally_times(to, (uint8_t)id, &times);
	return 0;
}

static int read_file(const struct mlt_kmod *k, const char *name, struct mlt_tally *to,
		     int (*take)(struct mlt_tally *to, const char *line))
{
	char *text, *rest, *line;
	int err;

	text = mlt_kmod_text(k, name, MOST_TEXT, &err);
	rest = text;
	while (!err && (line = strsep(&rest, "\n")))
		err = take(to, line);
	free(text);
	return err;
}

static int read_all(const struct mlt_kmod *k, struct mlt_tally **tally)
{
	const struct mlocktrace_opts opts = { .group_by = MLOCKTRACE_GROUP_CGROUP };
	const char *bad;
	int err = mlt_tally_new(tally, &opts, &bad);

	if (!err)
		err = read_file(k, "counts", *tally, take_count);
	if (!err)
		err = read_file(k, "latency", *tally, take_latency);
	return err;
}

/* ---- what was added --------------------------------------------------------------------- */

/* Figures only grow, until they begin anew: then all of it was added. */
static void subtract(__u64 *now, const __u64 *before, size_t n)
{
	if (now[0] < before[0])
		return;
	for (size_t i = 0; i < n; i++)
		now[i] -= before[i];
}

static bool passes(const struct mlt_filter *filter, const struct mlt_cell_key *key)
{
	if (filter->failures_only && key->cause == MLOCKTRACE_CAUSE_OK)
		return false;
	return !filter->ops || filter->ops >> key->op & 1;
}

static int add_cells(const struct mlt_kmod *k, const struct mlt_tally *now, struct mlt_tally *to)
{
	int err = 0;

	for (size_t i = 0; i < now->room && !err; i++) {
		const struct mlt_tally_cell *at = &now->cells[i];
		struct mlt_cell added = at->cell, before;

		if (!at->used || !passes(&k->filter, &at->key))
			continue;
		before = mlt_tally_get(k->counted, &at->key);
		subtract(&added.calls, &before.calls, sizeof(added) / sizeof(added.calls));
		err = mlt_tally_add(to, &at->key, &added);
	}
	return err;
}

/* (of failures alone there are no durations) */
static void add_times(const struct mlt_kmod *k, const struct mlt_tally *now, struct mlt_tally *to)
{
	for (uint8_t op = 0; op < MLT_TOTAL_OPS && !k->filter.failures_only; op++) {
		struct mlt_times added = now->times[op];

		if (k->filter.ops && !(k->filter.ops >> op & 1))
			continue;
		subtract(&added.calls, &k->counted->times[op].calls,
			 sizeof(added) / sizeof(added.calls));
		mlt_tally_times(to, op, &added);
	}
}

int mlt_kmod_count(struct mlocktrace *h)
{
	struct mlt_kmod *k = h->priv;
	struct mlt_tally *now = NULL;
	int err = 0;

	if (k->done)
		return 0;
	err = read_all(k, &now);
	if (!err)
		err = add_cells(k, now, h->tally);
	if (err) {
		mlt_tally_free(now);
		return err;
	}
	add_times(k, now, h->tally);
	mlt_tally_free(k->counted);
	k->counted = now;
	return 0;
}

int mlt_kmod_begin_counting(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	struct mlt_kmod *k = h->priv;
	int err = check_options(h, opts);

	if (err)
		return err;
	err = mlt_kmod_read_stats(k, true);
	if (!err)
		err = read_all(k, &k->counted);
	if (err == -ENOENT)
		return mlt_fail(h, -EOPNOTSUPP, "the kernel module that is loaded does not count yet: load the "
				"one that came with this library (modprobe -r mlocktrace; modprobe mlocktrace)");
	return err ? mlt_fail(h, err, "cannot read %s/counts: %s", k->dir, strerror(-err)) : 0;
}

void mlt_kmod_end_counting(struct mlt_kmod *k)
{
	mlt_tally_free(k->counted);
}

uint64_t mlt_kmod_calls_counted(const struct mlocktrace *h)
{
	uint64_t calls = 0;

	for (size_t i = 0; i < h->tally->room; i++)
		calls += h->tally->cells[i].cell.calls;
	return calls;
}
