// SPDX-License-Identifier: GPL-2.0
/*
 * Locked ranges for programs: an object for each, and a last one with the sums.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "message.h"
#include "regions.h"

static void put(struct json_object *to, const char *key, uint64_t value)
{
	json_object_object_add(to, key, json_object_new_uint64(value));
}

static void put_known(struct json_object *to, const char *key, uint64_t value, bool known)
{
	json_object_object_add(to, key, known ? json_object_new_uint64(value) : NULL);
}

static void put_bool(struct json_object *to, const char *key, bool value)
{
	json_object_object_add(to, key, json_object_new_boolean(value));
}

static void put_text(struct json_object *to, const char *key, const char *text)
{
	json_object_object_add(to, key, json_object_new_string(text));
}

/* JSON has no bytes: what is no UTF-8 is escaped as on a terminal. */
static void put_escaped(struct json_object *to, const char *key, const char *text, size_t len)
{
	char escaped[4 * 4096];

	mlocktrace_escape(escaped, sizeof(escaped), text, len);
	put_text(to, key, escaped);
}

static void put_address(struct json_object *to, const char *key, uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	put_text(to, key, text);
}

static void put_limit(struct json_object *to, const char *key, uint64_t limit)
{
	if (limit == MLOCKTRACE_UNLIMITED)
		put_text(to, key, "unlimited");
	else
		put(to, key, limit);
}

static void print(FILE *out, struct json_object *object)
{
	fprintf(out, "%s\n", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
								    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

static struct json_object *lock_object(const struct mlocktrace_lock *lock)
{
	struct json_object *object = json_object_new_object(), *stack;
	const struct mlocktrace_event *event = lock->event;

	put_address(object, "addr", lock->start);
	put(object, "len", lock->end - lock->start);
	if (!event) {
		json_object_object_add(object, "op", NULL);
		return object;
	}
	put_text(object, "op", mlocktrace_op_name(event->op));
	put_text(object, "call", lock->call);
	put(object, "time_ns", event->time_ns);
	put(object, "pid", event->pid);
	put(object, "tid", event->tid);
	put_escaped(object, "comm", event->comm, sizeof(event->comm));
	if (!lock->n_frames)
		return object;
	stack = json_object_new_array();
	for (size_t i = 0; i < lock->n_frames; i++)
		json_object_array_add(stack, json_object_new_string(lock->frames[i]));
	json_object_object_add(object, "stack", stack);
	return object;
}

static void put_locks(struct json_object *object, const struct regions_view *view,
		      const struct mlocktrace_region *region)
{
	struct mlocktrace_lock lock = { .size = sizeof(lock) };
	struct json_object *locks = json_object_new_array();

	for (uint64_t at = region->start; at < region->end; at = lock.end) {
		mlocktrace_history_at(view->history, at, &lock);
		lock.start = at;
		if (lock.end > region->end)
			lock.end = region->end;
		json_object_array_add(locks, lock_object(&lock));
	}
	json_object_object_add(object, "locks", locks);
}

static void print_region(const struct regions_view *view, FILE *out,
			 const struct mlocktrace_region *region)
{
	struct json_object *object = json_object_new_object();

	put(object, "pid", view->total.pid);
	put_address(object, "addr", region->start);
	put(object, "len", region->end - region->start);
	put_text(object, "backing", mlocktrace_backing_name(region->backing));
	put_escaped(object, "path", region->path, strlen(region->path));
	put_text(object, "perms", region->perms);
	put_bool(object, "on_fault", region->on_fault);
	put(object, "resident", region->resident);
	put(object, "pss", region->share);
	put(object, "swapped", region->swapped);
	put_known(object, "present", region->present, view->total.pages_known);
	put_known(object, "unique", region->unique, view->total.unique_known);
	if (view->history)
		put_locks(object, view, region);
	print(out, object);
}

static void print_total(const struct regions_view *view, FILE *out)
{
	const struct mlocktrace_regions_total *total = &view->total;
	struct json_object *object = json_object_new_object();

	put(object, "pid", total->pid);
	put_escaped(object, "comm", total->comm, sizeof(total->comm));
	put(object, "regions", total->n_regions);
	put(object, "locked", total->locked);
	put(object, "on_fault", total->on_fault);
	put(object, "vmlck", total->vmlck);
	put(object, "vmpin", total->vmpin);
	put(object, "uncharged", total->uncharged);
	put(object, "unlocked", total->unlocked);
	put(object, "resident", total->resident);
	put(object, "pss", total->share);
	put(object, "swapped", total->swapped);
	put_known(object, "present", total->present, total->pages_known);
	put_known(object, "unique", total->unique, total->unique_known);
	put(object, "hugetlb", total->hugetlb);
	put(object, "special", total->special);
	put_limit(object, "limit", total->limit);
	put_limit(object, "hard_limit", total->hard_limit);
	put_bool(object, "capable", total->capable);
	put_bool(object, "moving", total->moving);
	if (view->history) {
		put(object, "recorded", regions_known_bytes(view));
		put(object, "records", view->stats.taken);
		put(object, "lost", view->stats.lost);
	}
	print(out, object);
}

void regions_print_json(const struct regions_view *view, FILE *out)
{
	struct mlocktrace_region region = { .size = sizeof(region) };

	for (size_t i = 0; !mlocktrace_region(view->regions, i, &region); i++)
		print_region(view, out, &region);
	print_total(view, out);
}
