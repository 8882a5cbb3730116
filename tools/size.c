// SPDX-License-Identifier: GPL-2.0
/*
 * Maxima per counter and owner. The limit is compared with each counter alone,
 * so that the largest of all is what is needed.
 */
#define _GNU_SOURCE 1
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "owner.h"
#include "size.h"

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* A process may have several address spaces, one after the other: they are one row. */
static int compare_rows(const void *a, const void *b)
{
	const struct size_row *x = a, *y = b;
	int order = compare(x->counter, y->counter);

	if (!order)
		order = compare(x->pid, y->pid);
	if (!order)
		order = compare(x->start_ns, y->start_ns);
	return order || !owner_is_user(x->counter) ? order : compare(x->uid, y->uid);
}

static struct size_row *row_of(struct size *size, const struct mlocktrace_event *event)
{
	bool of_user = owner_is_user(event->counter);
	struct size_row key = {
		.counter = event->counter,
		.pid = of_user ? 0 : event->pid,
		.start_ns = of_user ? 0 : event->start_ns,
		.uid = of_user ? event->owner_uid : event->uid,
		.already = event->before,
	};
	struct size_row **found = tfind(&key, &size->tree, compare_rows), *row;

	if (found)
		return *found;
	row = malloc(sizeof(*row));
	if (row)
		*row = key;
	if (!row || !tsearch(row, &size->tree, compare_rows)) {
		free(row);
		size->out_of_memory = true;
		return NULL;
	}
	return row;
}

static bool is_limit(const struct mlocktrace_event *event)
{
	enum mlocktrace_cause cause = mlocktrace_cause(event);

	return cause == MLOCKTRACE_CAUSE_OVER_LIMIT || cause == MLOCKTRACE_CAUSE_LIMIT_ZERO;
}

/* A failed call needs what it needs only if it did something, or the limit was the reason. */
static uint64_t least_of(const struct mlocktrace_event *event)
{
	bool counts = event->ret >= 0 || event->after > event->before || is_limit(event);

	return counts ? mlocktrace_least_limit(event) : 0;
}

/* See mlocktrace_least_limit(): what was not charged was locked before, or is never charged. */
static uint64_t at_most(const struct mlocktrace_event *event, uint64_t least)
{
	bool is_mlock = event->op == MLOCKTRACE_OP_MLOCK || event->op == MLOCKTRACE_OP_MLOCK2;
	uint64_t naive;

	if (!least || !is_mlock || event->ret < 0 || event->before < 0 ||
	    __builtin_add_overflow((uint64_t)event->before, event->asked, &naive))
		return least;
	return naive > least ? naive : least;
}

static void take_top(struct size *size, struct size_row *row, const struct mlocktrace_event *event,
		     uint64_t least)
{
	row->need = least;
	row->top = *event;
	row->top.size = sizeof(row->top);
	row->top.n_user = row->top.n_kernel = 0;
	free(row->text);
	row->text = size->show ? size->show(size->ctx, event) : NULL;
	if (least > size->need_of[row->counter])
		size->need_of[row->counter] = least;
	if (!size->worst || least > size->worst->need)
		size->worst = row;
}

static void add_to_row(struct size *size, struct size_row *row, const struct mlocktrace_event *event)
{
	uint64_t least = least_of(event), most = at_most(event, least);

	memcpy(row->comm, event->comm, sizeof(row->comm));
	if (most > row->at_most)
		row->at_most = most;
	if (event->after > row->peak)
		row->peak = event->after;
	if (row->peak > size->peak_of[row->counter])
		size->peak_of[row->counter] = row->peak;
	row->refused += is_limit(event);
	if (least > row->need)
		take_top(size, row, event, least);
}

static void add_limit(struct size *size, const struct mlocktrace_event *event)
{
	/* Out of the way still */
	if (event->ret < 0 || event->limit >= SIZE_NO_LIMIT)
		return;
	size->own_limits++;
	size->own_limit = *event;
}

void size_add(struct size *size, const struct mlocktrace_event *event)
{
	struct size_row *row;

	switch (event->op) {
	case MLOCKTRACE_OP_LOST:
		size->lost += event->count;
		return;
	case MLOCKTRACE_OP_SETRLIMIT:
		add_limit(size, event);
		return;
	}
	if (is_limit(event) && !size->refused++)
		size->first_refused = *event;
	size->failed += event->ret < 0 && !is_limit(event);
	if (!event->counter || event->counter >= MLOCKTRACE_COUNTER_MAX ||
	    (event->after <= event->before && !least_of(event)))
		return;
	row = row_of(size, event);
	if (row)
		add_to_row(size, row, event);
}

static void free_row(void *row)
{
	free(((struct size_row *)row)->text);
	free(row);
}

void size_free(struct size *size)
{
	tdestroy(size->tree, free_row);
	*size = (struct size){ 0 };
}

uint64_t size_need(const struct size *size)
{
	return size->worst ? size->worst->need : 0;
}

struct walk {
	void (*each)(void *ctx, const struct size_row *row);
	void *ctx;
};

static void visit(const void *node, VISIT when, void *closure)
{
	const struct walk *walk = closure;

	if (when == postorder || when == leaf)
		walk->each(walk->ctx, *(struct size_row *const *)node);
}

void size_each(const struct size *size, void (*each)(void *ctx, const struct size_row *row), void *ctx)
{
	struct walk walk = { .each = each, .ctx = ctx };

	twalk_r(size->tree, visit, &walk);
}
