// SPDX-License-Identifier: GPL-2.0
/*
 * A look as JSON, for the page of the exporter.
 */
#include <string.h>

#include "exporter_show.h"
#include "json.h"

/* A page is to be read. The metrics have the sums of all. */
#define MOST_HOLDERS 100

static struct json_object *machine(const struct look *look)
{
	struct json_object *to = json_object_new_object();

	json_put_uint(to, "mlocked", look->total.mlocked);
	json_put_uint(to, "unevictable", look->total.unevictable);
	json_put_uint(to, "vmlck", look->total.vmlck);
	json_put_uint(to, "vmpin", look->total.vmpin);
	json_put_uint(to, "processes", look->total.n_processes);
	json_put_uint(to, "holders", look->total.n_holders);
	json_put_uint(to, "hidden", look->total.n_hidden);
	return to;
}

static struct json_object *holder_object(const struct mlocktrace_holder *holder)
{
	struct json_object *to = json_object_new_object();
	char unit[METRICS_LABEL_SIZE];

	json_put_int(to, "pid", holder->pid);
	json_put_int(to, "uid", holder->uid);
	json_put_escaped(to, "comm", holder->comm, sizeof(holder->comm));
	look_label_of_path(holder->cgroup, unit);
	json_put_text(to, "unit", unit);
	json_put_uint(to, "vmlck", holder->vmlck);
	json_put_uint(to, "vmpin", holder->vmpin);
	json_put_limit(to, "limit", holder->limit);
	json_put_limit(to, "hard_limit", holder->hard_limit);
	json_put_bool(to, "capable", holder->capable);
	json_put_bool(to, "shares", holder->shares);
	return to;
}

static struct json_object *holders(const struct look *look)
{
	struct mlocktrace_holder holder = { .size = sizeof(holder) };
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < MOST_HOLDERS && !mlocktrace_snapshot_holder(look->snapshot, i, &holder); i++)
		json_object_array_add(list, holder_object(&holder));
	return list;
}

static struct json_object *users(const struct look *look)
{
	struct json_object *list = json_object_new_array();
	const struct labels *labels = &look->user_labels;

	for (size_t i = 0; i < labels->n; i++) {
		const struct look_user *user = &look->users[i];
		struct json_object *to;

		if (!labels_is_seen(labels, i) || !user->counters_known)
			continue;
		to = json_object_new_object();
		json_put_text(to, "user", labels->list[i].value);
		json_put_uint(to, "charged", user->user);
		json_put_known(to, "perf", user->perf, user->perf_known);
		json_put_uint(to, "shm", user->shm);
		json_put_limit(to, "limit", user->limit);
		json_object_array_add(list, to);
	}
	return list;
}

/* What a cause means, in a sentence; NULL = this library has none. */
static const char *meaning(const char *cause)
{
	const char *kind, *help, *advice;

	for (size_t i = 0; cause && !mlocktrace_about(cause, i, &kind, &help, &advice); i++)
		if (!strcmp(kind, "cause"))
			return help;
	return NULL;
}

static struct json_object *refusals(const struct look *look)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < look->n_refusals; i++) {
		const struct look_refusals *refusal = &look->refusals[i];
		struct json_object *to = json_object_new_object();
		const char *cause = mlocktrace_cause_name(refusal->cause);

		json_put_text(to, "op", mlocktrace_op_name(refusal->op));
		json_put_text(to, "counter", refusal->counter ? mlocktrace_counter_name(refusal->counter) : NULL);
		json_put_text(to, "cause", cause);
		json_put_text(to, "means", meaning(cause));
		json_put_text(to, "group", look->refusal_labels.list[refusal->label].value);
		json_put_uint(to, "count", refusal->n);
		json_object_array_add(list, to);
	}
	return list;
}

static struct json_object *stream(const struct look *look)
{
	struct json_object *to = json_object_new_object();

	json_put_uint(to, "seen", look->stats.seen);
	json_put_uint(to, "dropped", look->stats.dropped);
	json_put_uint(to, "untracked", look->stats.untracked);
	json_put_uint(to, "missed", look->stats.missed);
	json_put_uint(to, "hooks_attached", look->hooks_attached);
	json_put_uint(to, "hooks_failed", look->hooks_failed);
	return to;
}

char *show_json(const struct look *look, size_t *len)
{
	struct json_object *to = json_object_new_object();
	const char *text;
	char *copy = NULL;

	json_put_text(to, "version", mlocktrace_version());
	json_put_text(to, "source", mlocktrace_source(look->counting));
	json_put_text(to, "tier", mlocktrace_tier(look->counting));
	json_put_text(to, "method", mlocktrace_snapshot_method(look->snapshot));
	json_put_text(to, "blind", mlocktrace_snapshot_blind(look->snapshot));
	json_object_object_add(to, "machine", machine(look));
	json_object_object_add(to, "holders", holders(look));
	json_object_object_add(to, "users", users(look));
	json_object_object_add(to, "refusals", refusals(look));
	json_object_object_add(to, "records", stream(look));
	text = json_object_to_json_string_ext(to, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text) {
		copy = strdup(text);
		*len = strlen(text);
	}
	json_object_put(to);
	return copy;
}
