// SPDX-License-Identifier: GPL-2.0
/*
 * A round of `top` for programs: one object, with the rows as `ps` has them and what only several
 * rounds can tell.
 */
#include <stdlib.h>

#include "json.h"
#include "record.h"
#include "top.h"

/* A refusal as `trace --json` has it; null if there is no memory for it. */
static struct json_object *record(const struct mlocktrace_event *event)
{
	const struct mlocktrace_writer_opts opts = { .size = sizeof(opts), .format = MLOCKTRACE_JSON };
	char *text = record_text(event, &opts);
	struct json_object *object = text ? json_tokener_parse(text) : NULL;

	free(text);
	return object;
}

static void put_track(struct json_object *to, const struct top_model *model,
		      const struct top_track *track)
{
	const struct mlocktrace_event *last = top_last(track, 0);
	int used = top_used(track);

	json_put_int(to, "change", top_change(track));
	json_put_known(to, "used_percent", used, used >= 0);
	json_put_uint(to, "refused", track->refused);
	json_put_uint(to, "refused_now", track->refused_now);
	json_put_bool(to, "refused_lately", top_lately(model, track->refused_ns));
	json_put_bool(to, "ended", track->ended);
	json_object_object_add(to, "last_refusal", last ? record(last) : NULL);
}

static struct json_object *rows_of(const struct top_model *model, const struct top_list *list,
				   enum ps_view view)
{
	struct json_object *rows = json_object_new_array();

	for (size_t i = 0; i < list->n; i++) {
		struct json_object *row = json_object_new_object();

		ps_put_row(row, &list->rows[i]->row, view);
		put_track(row, model, list->rows[i]);
		json_object_array_add(rows, row);
	}
	return rows;
}

static void put_users(struct json_object *to, const struct top_model *model,
		      const struct top_order *as)
{
	struct top_order order = { .view = PS_USERS, .sort = TOP_LOCKED, .idle = as->idle };
	struct top_list list;

	if (!top_list_make(&list, model, &order))
		json_object_object_add(to, "users", rows_of(model, &list, PS_USERS));
	top_list_free(&list);
}

void top_print_json(FILE *out, const struct top_source *source, const struct top_view *view)
{
	const struct top_model *model = &source->model;
	struct json_object *object = json_object_new_object();
	struct json_object *total = json_object_new_object();
	double rate = top_source_rate(source);

	json_put_uint(object, "round", model->rounds);
	json_put_uint(object, "time_ns", model->now_ns);
	json_put_bool(object, "traced", source->tracer);
	json_put_text(object, "why_not", source->tracer ? NULL : source->why_not);
	json_put_text(object, "source", source->tracer ? mlocktrace_source(source->tracer) : NULL);
	json_put_text(object, "tier", source->tracer ? mlocktrace_tier(source->tracer) : NULL);
	json_put_uint(object, "refused", model->refused);
	json_put_uint(object, "refused_now", model->refused_now);
	json_object_object_add(object, "refused_per_second",
			       rate >= 0 ? json_object_new_double(rate) : NULL);
	json_put_known(object, "lost", (int64_t)source->lost, source->tracer);
	ps_put_total(total, source->snapshot);
	json_object_object_add(object, "total", total);
	if (view->order.view == PS_PROCESSES)
		json_object_object_add(object, "processes", rows_of(model, &view->list, PS_PROCESSES));
	put_users(object, model, &view->order);
	json_print(out, object);
}
