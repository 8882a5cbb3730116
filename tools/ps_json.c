// SPDX-License-Identifier: GPL-2.0
/*
 * `ps` for programs: an object for each row, and a last one with the sums.
 */
#include <string.h>

#include "json.h"
#include "ps.h"

static void put_cell(struct json_object *to, const struct ps_column *column,
		     const struct ps_cell *cell)
{
	if (!cell->known) {
		json_put_null(to, column->key);
		return;
	}
	switch (column->type) {
	case PS_TEXT:
		json_put_text(to, column->key, cell->text);
		break;
	case PS_BYTES_OR_NONE:
		json_put_limit(to, column->key, cell->value);
		break;
	case PS_ROOM:
		if (cell->value == PS_NO_END)
			json_put_limit(to, column->key, MLOCKTRACE_UNLIMITED);
		else
			json_put_int(to, column->key, (int64_t)cell->value);
		break;
	case PS_YES_NO:
		json_put_bool(to, column->key, cell->value);
		break;
	default:
		json_put_uint(to, column->key, cell->value);
	}
}

void ps_put_row(struct json_object *to, const struct ps_row *row, enum ps_view view)
{
	for (size_t c = 0; c < PS_COLUMNS; c++)
		if (ps_columns[c].views & view)
			put_cell(to, &ps_columns[c], &row->cells[c]);
}

void ps_put_total(struct json_object *to, const struct mlocktrace_snapshot *snapshot)
{
	struct mlocktrace_snapshot_total total = { .size = sizeof(total) };

	mlocktrace_snapshot_total(snapshot, &total);
	json_put_uint(to, "processes", total.n_processes);
	json_put_uint(to, "holders", total.n_holders);
	json_put_uint(to, "hidden", total.n_hidden);
	json_put_uint(to, "users", total.n_users);
	json_put_uint(to, "vmlck", total.vmlck);
	json_put_uint(to, "vmpin", total.vmpin);
	json_put_uint(to, "mlocked", total.mlocked);
	json_put_uint(to, "unevictable", total.unevictable);
	json_put_text(to, "method", mlocktrace_snapshot_method(snapshot));
	json_put_text(to, "blind", mlocktrace_snapshot_blind(snapshot));
}

void ps_print_json(const struct ps_rows *rows, FILE *out)
{
	for (size_t i = 0; i < rows->n; i++) {
		struct json_object *object = json_object_new_object();

		ps_put_row(object, &rows->list[i], rows->view);
		json_print(out, object);
	}
}

void ps_print_json_total(const struct mlocktrace_snapshot *snapshot, FILE *out)
{
	struct json_object *object = json_object_new_object();

	ps_put_total(object, snapshot);
	json_print(out, object);
}
