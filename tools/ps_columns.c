// SPDX-License-Identifier: GPL-2.0
/*
 * The columns of `ps`, and order among rows by one of them.
 */
#include <stdlib.h>
#include <string.h>

#include "ps.h"
#include "words.h"

#define SHOWN(views) views, views
#define JSON_ONLY(views) views, 0

const struct ps_column ps_columns[PS_COLUMNS] = {
	[PS_PID] = { "pid", "PID", PS_NUMBER, SHOWN(PS_PROCESSES), 0 },
	[PS_USER] = { "user", "USER", PS_TEXT, SHOWN(PS_PROCESSES | PS_USERS), 16 },
	[PS_UID] = { "uid", NULL, PS_NUMBER, JSON_ONLY(PS_PROCESSES | PS_USERS), 0 },
	[PS_COMM] = { "comm", "COMM", PS_TEXT, SHOWN(PS_PROCESSES), 24 },
	[PS_N_PROCESSES] = { "processes", "PROCESSES", PS_NUMBER, SHOWN(PS_USERS | PS_GROUPS), 0 },
	[PS_N_HOLDERS] = { "holders", "HOLDERS", PS_NUMBER, SHOWN(PS_USERS | PS_GROUPS), 0 },
	[PS_LOCKED] = { "locked", "LOCKED", PS_BYTES, SHOWN(PS_EVERY), 0 },
	[PS_PINNED] = { "pinned", "PINNED", PS_BYTES, SHOWN(PS_EVERY), 0 },
	[PS_CHARGED] = { "charged", "CHARGED", PS_BYTES, SHOWN(PS_USERS), 0 },
	[PS_UNEXPLAINED] = { "unexplained", "UNSEEN", PS_BYTES, SHOWN(PS_USERS), 0 },
	[PS_PERF] = { "perf", "PERF", PS_BYTES, SHOWN(PS_USERS), 0 },
	[PS_SHM] = { "shm", "SHM", PS_BYTES, SHOWN(PS_USERS), 0 },
	[PS_LIMIT] = { "limit", "LIMIT", PS_BYTES_OR_NONE, SHOWN(PS_PROCESSES | PS_USERS), 0 },
	[PS_HARD_LIMIT] = { "hard_limit", NULL, PS_BYTES_OR_NONE, JSON_ONLY(PS_PROCESSES), 0 },
	[PS_HEADROOM] = { "headroom", "HEADROOM", PS_ROOM, SHOWN(PS_PROCESSES), 0 },
	[PS_CAPABLE] = { "capable", NULL, PS_YES_NO, JSON_ONLY(PS_PROCESSES), 0 },
	[PS_REFUSALS] = { "refusals", "REFUSED", PS_NUMBER, SHOWN(PS_PROCESSES | PS_GROUPS), 0 },
	[PS_EVENTS] = { "events", NULL, PS_NUMBER, JSON_ONLY(PS_PROCESSES), 0 },
	[PS_SHARES] = { "shares", NULL, PS_YES_NO, JSON_ONLY(PS_PROCESSES), 0 },
	[PS_MM] = { "mm", NULL, PS_NUMBER, JSON_ONLY(PS_PROCESSES), 0 },
	[PS_START] = { "start_ns", NULL, PS_NUMBER, JSON_ONLY(PS_PROCESSES), 0 },
	[PS_UNIT] = { "unit", "UNIT", PS_TEXT, SHOWN(PS_PROCESSES | PS_UNITS), 120 },
	[PS_UNIT_KIND] = { "unit_kind", NULL, PS_TEXT, JSON_ONLY(PS_PROCESSES | PS_GROUPS), 0 },
	[PS_CGROUP] = { "cgroup", "CGROUP", PS_TEXT, PS_PROCESSES | PS_CGROUPS, PS_CGROUPS, 120 },
	[PS_CGROUP_ID] = { "cgroup_id", NULL, PS_NUMBER, JSON_ONLY(PS_PROCESSES), 0 },
};

/* Of all views; which has which is another question. */
const char *ps_key_word(size_t i)
{
	return i < PS_COLUMNS ? ps_columns[i].key : NULL;
}

enum ps_column_id ps_column_by_key(enum ps_view view, const char *key)
{
	size_t i;

	for (i = 0; i < PS_COLUMNS; i++)
		if (ps_columns[i].views & view && !strcmp(ps_columns[i].key, key))
			break;
	return (enum ps_column_id)i;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int ps_compare_cells(const struct ps_cell *a, const struct ps_cell *b, enum ps_column_id by)
{
	bool is_id = by == PS_PID || by == PS_UID || by == PS_MM || by == PS_START;

	if (a->known != b->known)
		return a->known ? -1 : 1;
	switch (ps_columns[by].type) {
	case PS_TEXT:
		return a->known ? strcmp(a->text, b->text) : 0;
	case PS_ROOM: /* who has least of it comes first */
		return (int64_t)a->value < (int64_t)b->value ? -1 : (int64_t)a->value > (int64_t)b->value;
	default:
		return is_id ? compare_numbers(a->value, b->value) : compare_numbers(b->value, a->value);
	}
}

static int compare_rows(const void *a, const void *b, void *by)
{
	const struct ps_row *x = a, *y = b;
	enum ps_column_id id = *(enum ps_column_id *)by;
	int order = ps_compare_cells(&x->cells[id], &y->cells[id], id);

	return order ? order : compare_numbers(x->rank, y->rank);
}

void ps_sort(struct ps_rows *rows, enum ps_column_id by)
{
	/* Equal ones stay as they are. */
	for (size_t i = 0; i < rows->n; i++)
		rows->list[i].rank = i;
	if (rows->n)
		qsort_r(rows->list, rows->n, sizeof(*rows->list), compare_rows, &by);
}
