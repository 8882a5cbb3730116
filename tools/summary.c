// SPDX-License-Identifier: GPL-2.0
/*
 * The table at the end of a report:
 *
 *	    PID COMM               CALLS  REFUSED      PEAK  CAUSES
 *	   4242 database              17        3      8.0M  over_limit 2, not_mapped 1
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "message.h"
#include "summary.h"

static bool is_call(unsigned int op)
{
	switch (op) {
	case MLOCKTRACE_OP_LOST:
	case MLOCKTRACE_OP_EXEC:
	case MLOCKTRACE_OP_EXIT:
	case MLOCKTRACE_OP_FORK:
	case MLOCKTRACE_OP_STACK:
	case MLOCKTRACE_OP_UNATTRIBUTED:
		return false;
	default:
		return true;
	}
}

/* Its place in the open-addressed table, taken or free. */
static struct summary_row *place_of(const struct summary *summary, uint32_t pid, uint64_t start_ns)
{
	size_t at = (pid * 0x9e3779b97f4a7c15ULL ^ start_ns) * 0x9e3779b97f4a7c15ULL >> 32;
	struct summary_row *row;

	for (;; at++) {
		row = &summary->rows[at & (summary->size - 1)];
		if (!row->pid || (row->pid == pid && row->start_ns == start_ns))
			return row;
	}
}

static bool make_room(struct summary *summary)
{
	struct summary bigger = { .size = summary->size ? summary->size * 2 : 64 };

	if (summary->n * 4 < summary->size * 3)
		return true;
	bigger.rows = calloc(bigger.size, sizeof(*bigger.rows));
	if (!bigger.rows)
		return false;
	for (size_t i = 0; i < summary->size; i++)
		if (summary->rows[i].pid)
			*place_of(&bigger, summary->rows[i].pid, summary->rows[i].start_ns) =
				summary->rows[i];
	free(summary->rows);
	summary->rows = bigger.rows;
	summary->size = bigger.size;
	return true;
}

void summary_add(struct summary *summary, const struct mlocktrace_event *event)
{
	struct summary_row *row;

	if (event->op == MLOCKTRACE_OP_LOST)
		summary->lost += event->count;
	if (event->op == MLOCKTRACE_OP_LOST || !event->pid)
		return;
	if (!make_room(summary)) {
		summary->incomplete = true;
		return;
	}
	row = place_of(summary, event->pid, event->start_ns);
	if (!row->pid) {
		row->pid = event->pid;
		row->start_ns = event->start_ns;
		summary->n++;
	}
	memcpy(row->comm, event->comm, sizeof(row->comm));
	row->calls += is_call(event->op);
	if (event->ret < 0) {
		row->refused++;
		row->causes[mlocktrace_cause(event)]++;
	}
	if (event->counter != MLOCKTRACE_COUNTER_VMLCK || event->target_pid)
		return;
	if (event->before > row->peak)
		row->peak = event->before;
	if (event->after > row->peak)
		row->peak = event->after;
}

static int worst_first(const void *a, const void *b)
{
	const struct summary_row *x = a, *y = b;

	if (x->refused != y->refused)
		return x->refused > y->refused ? -1 : 1;
	if (x->calls != y->calls)
		return x->calls > y->calls ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static void print_text_row(FILE *out, const struct summary_row *row)
{
	char comm[4 * MLOCKTRACE_COMM_LEN], size[24];
	const char *separator = "";

	mlocktrace_escape(comm, sizeof(comm), row->comm, sizeof(row->comm));
	fprintf(out, "%7u %-15s %8" PRIu64 " %8" PRIu64 " %9s  ", row->pid, comm, row->calls,
		row->refused, size_text(size, row->peak));
	for (unsigned int i = 0; i < MLOCKTRACE_CAUSE_MAX; i++) {
		if (!row->causes[i])
			continue;
		fprintf(out, "%s%s %" PRIu64, separator, mlocktrace_cause_name(i), row->causes[i]);
		separator = ", ";
	}
	fprintf(out, "%s\n", *separator ? "" : "-");
}

static void print_json_row(FILE *out, const struct summary_row *row)
{
	struct json_object *object = json_object_new_object(), *causes = json_object_new_object();

	for (unsigned int i = 0; i < MLOCKTRACE_CAUSE_MAX; i++)
		if (row->causes[i])
			json_put_uint(causes, mlocktrace_cause_name(i), row->causes[i]);
	json_put_int(object, "pid", row->pid);
	json_put_uint(object, "start_ns", row->start_ns);
	json_put_escaped(object, "comm", row->comm, sizeof(row->comm));
	json_put_uint(object, "calls", row->calls);
	json_put_uint(object, "refused", row->refused);
	json_put_int(object, "peak", row->peak);
	json_object_object_add(object, "causes", causes);
	json_print(out, object);
}

static void print_total(const struct summary *summary, FILE *out, bool json)
{
	struct json_object *object;

	if (json) {
		object = json_object_new_object();
		json_put_uint(object, "processes", summary->n);
		json_put_uint(object, "lost", summary->lost);
		json_print(out, object);
		return;
	}
	fprintf(out, "%zu process%s, %" PRIu64 " records lost%s\n", summary->n,
		summary->n == 1 ? "" : "es", summary->lost,
		summary->incomplete ? "; some processes are missing: out of memory" : "");
}

void summary_print(struct summary *summary, FILE *out, bool json)
{
	size_t used = 0;

	for (size_t i = 0; i < summary->size; i++)
		if (summary->rows[i].pid)
			summary->rows[used++] = summary->rows[i];
	if (used)
		qsort(summary->rows, used, sizeof(*summary->rows), worst_first);
	if (!json && used)
		fprintf(out, "%7s %-15s %8s %8s %9s  %s\n", "PID", "COMM", "CALLS", "REFUSED",
			"PEAK", "CAUSES");
	for (size_t i = 0; i < used; i++) {
		if (json)
			print_json_row(out, &summary->rows[i]);
		else
			print_text_row(out, &summary->rows[i]);
	}
	print_total(summary, out, json);
}

void summary_free(struct summary *summary)
{
	free(summary->rows);
	*summary = (struct summary){ 0 };
}
