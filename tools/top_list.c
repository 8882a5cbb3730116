// SPDX-License-Identifier: GPL-2.0
/*
 * Columns, order and choice of rows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "top_list.h"
#include "words.h"

#define BOTH (PS_PROCESSES | PS_USERS)

const struct top_column top_columns[TOP_COLUMNS] = {
	[TOP_PID] = { "pid", "PID", 'P', PS_PROCESSES, PS_PID, 0, 0, 0 },
	[TOP_USER] = { "user", "USER", 'U', BOTH, PS_USER, 6, 16, 2 },
	[TOP_COMM] = { "comm", "COMM", 'C', PS_PROCESSES, PS_COMM, 8, 15, 0 },
	[TOP_PROCESSES] = { "processes", "PROCS", 'N', PS_USERS, PS_N_PROCESSES, 0, 0, 4 },
	[TOP_LOCKED] = { "locked", "LOCKED", 'L', BOTH, PS_LOCKED, 0, 0, 0 },
	[TOP_CHANGE] = { "change", "CHANGE", 'D', BOTH, PS_COLUMNS, 0, 0, 5 },
	[TOP_PINNED] = { "pinned", "PINNED", 'I', BOTH, PS_PINNED, 0, 0, 6 },
	[TOP_CHARGED] = { "charged", "CHARGED", 'G', PS_USERS, PS_CHARGED, 0, 0, 0 },
	[TOP_SHM] = { "shm", "SHM", 'S', PS_USERS, PS_SHM, 0, 0, 7 },
	[TOP_LIMIT] = { "limit", "LIMIT", 'M', BOTH, PS_LIMIT, 0, 0, 0 },
	[TOP_USED] = { "used_percent", "USED", '%', BOTH, PS_COLUMNS, 10, 0, 0 },
	[TOP_REFUSED] = { "refused", "REF", 'R', BOTH, PS_COLUMNS, 0, 0, 0 },
	[TOP_HELD] = { NULL, "HELD", '\0', BOTH, PS_COLUMNS, 6, 40, 3 },
	[TOP_UNIT] = { "unit", "UNIT", 'V', PS_PROCESSES, PS_UNIT, 9, 48, 1 },
};

/* ---- columns ------------------------------------------------------------------------------- */

static bool can_sort(enum ps_view view, enum top_column_id id)
{
	return top_columns[id].views & view && top_columns[id].key;
}

/* Of all views */
const char *top_key_word(size_t i)
{
	for (int id = 0; id < TOP_COLUMNS; id++)
		if (top_columns[id].key && !i--)
			return top_columns[id].key;
	return NULL;
}

enum top_column_id top_column_by_key(enum ps_view view, const char *key)
{
	for (int id = 0; id < TOP_COLUMNS; id++)
		if (can_sort(view, id) && !strcmp(top_columns[id].key, key))
			return id;
	return TOP_COLUMNS;
}

enum top_column_id top_column_by_letter(enum ps_view view, int letter)
{
	for (int id = 0; id < TOP_COLUMNS; id++)
		if (can_sort(view, id) && top_columns[id].letter == letter)
			return id;
	return TOP_COLUMNS;
}

enum top_column_id top_column_beside(enum ps_view view, enum top_column_id of, int direction)
{
	int id = (int)of;

	do {
		id = (id + direction + TOP_COLUMNS) % TOP_COLUMNS;
	} while (!can_sort(view, id));
	return id;
}

/* ---- order --------------------------------------------------------------------------------- */

static int compare_amounts(int64_t a, int64_t b)
{
	return a > b ? -1 : a < b;
}

static int compare(const struct top_track *a, const struct top_track *b, enum top_column_id by)
{
	switch (by) {
	case TOP_CHANGE:
		return compare_amounts(top_change(a), top_change(b));
	case TOP_USED:
		return compare_amounts(top_used(a), top_used(b));
	case TOP_REFUSED:
		return compare_amounts((int64_t)a->refused, (int64_t)b->refused);
	default:
		return ps_compare_cells(&a->row.cells[top_columns[by].cell],
					&b->row.cells[top_columns[by].cell], top_columns[by].cell);
	}
}

/* Among equals who holds most comes first, and in the end nobody jumps about. */
static int compare_tracks(const void *a, const void *b, void *ctx)
{
	const struct top_track *x = *(struct top_track *const *)a, *y = *(struct top_track *const *)b;
	const struct top_order *order = ctx;
	int result = compare(x, y, order->sort);

	if (order->reverse)
		result = -result;
	if (!result)
		result = compare_amounts((int64_t)top_held(x, 0), (int64_t)top_held(y, 0));
	if (!result)
		result = -compare_amounts((int64_t)x->id, (int64_t)y->id);
	return result;
}

/* ---- choice --------------------------------------------------------------------------------- */

static bool has(const struct ps_row *row, enum ps_column_id id, const char *part)
{
	char buf[24];

	return row->cells[id].known && strcasestr(ps_cell_text(buf, row, id), part);
}

static bool passes(const struct top_track *track, const struct top_order *order)
{
	const char *filter = order->filter;

	if (order->of_user && track->row.cells[PS_UID].value != order->uid)
		return false;
	return !*filter || has(&track->row, PS_PID, filter) || has(&track->row, PS_USER, filter) ||
	       has(&track->row, PS_COMM, filter) || has(&track->row, PS_UNIT, filter);
}

static bool has_anything(const struct top_track *track)
{
	const struct ps_cell *cells = track->row.cells;

	return cells[PS_LOCKED].value || cells[PS_PINNED].value || cells[PS_CHARGED].value ||
	       cells[PS_PERF].value || cells[PS_SHM].value;
}

int top_list_make(struct top_list *list, const struct top_model *model, const struct top_order *order)
{
	const struct top_tracks *tracks = order->view == PS_USERS ? &model->users : &model->processes;

	*list = (struct top_list){ .rows = calloc(tracks->n + 1, sizeof(*list->rows)) };
	if (!list->rows)
		return -ENOMEM;
	for (struct top_track *t = top_next(tracks, NULL); t; t = top_next(tracks, t)) {
		if (order->view == PS_USERS && !order->idle && !has_anything(t) &&
		    !top_lately(model, t->refused_ns))
			continue;
		if (passes(t, order))
			list->rows[list->n++] = t;
	}
	qsort_r(list->rows, list->n, sizeof(*list->rows), compare_tracks, (void *)order);
	return 0;
}

void top_list_free(struct top_list *list)
{
	free(list->rows);
	*list = (struct top_list){ 0 };
}
