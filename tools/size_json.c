// SPDX-License-Identifier: GPL-2.0
/*
 * What a program needs, for programs: an object per counter and owner, and a
 * last one with the figure and the lines to set.
 */
#include "json.h"
#include "owner.h"
#include "size_print.h"

/* The record as `trace -j` shows it */
static struct json_object *record_of(const struct size_row *row)
{
	return row && row->text ? json_tokener_parse(row->text) : NULL;
}

static void print_row(void *ctx, const struct size_row *row)
{
	const struct owner owner = { row->counter, row->uid, row->pid, row->start_ns, row->comm };
	struct json_object *object = json_object_new_object();

	owner_put_json(object, &owner, "process");
	json_put_uint(object, "need", row->need);
	json_put_uint(object, "at_most", row->at_most);
	json_put_int(object, "peak", row->peak);
	json_put_known(object, "already", row->already, owner_is_user(row->counter));
	json_put_uint(object, "refused", row->refused);
	json_object_object_add(object, "record", record_of(row));
	json_print(ctx, object);
}

static void add_remark(void *ctx, const char *text)
{
	json_object_array_add(ctx, json_object_new_string(text));
}

static void print_summary(const struct size_view *view, FILE *out)
{
	struct json_object *object = json_object_new_object(), *remarks = json_object_new_array();
	struct size_line lines[SIZE_LINES];

	size_lines(view, lines);
	json_put_text(object, "type", "summary");
	json_put_limit(object, "need", size_need(view->size));
	json_put_bool(object, "lower_bound", size_is_incomplete(view));
	json_put_uint(object, "refused", view->size->refused);
	json_put_uint(object, "failed", view->size->failed);
	json_put_uint(object, "own_limits", view->size->own_limits);
	json_put_bool(object, "capable", view->capable);
	json_put_uint(object, "lost", view->stats->dropped);
	json_put_uint(object, "missed", view->stats->missed);
	json_put_uint(object, "untracked", view->stats->untracked);
	for (int i = 0; i < SIZE_LINES; i++)
		json_put_text(object, lines[i].key, lines[i].text);
	size_remarks(view, add_remark, remarks);
	json_object_object_add(object, "remarks", remarks);
	json_print(out, object);
}

void size_print_json(const struct size_view *view, FILE *out)
{
	size_each(view->size, print_row, out);
	print_summary(view, out);
}
