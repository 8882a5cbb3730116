// SPDX-License-Identifier: GPL-2.0
/*
 * Locked ranges for programs: an object for each, and a last one with the sums.
 */
#include <string.h>

#include "json.h"
#include "regions.h"

static struct json_object *lock_object(const struct mlocktrace_lock *lock)
{
	struct json_object *object = json_object_new_object(), *stack;
	const struct mlocktrace_event *event = lock->event;

	json_put_address(object, "addr", lock->start);
	json_put_uint(object, "len", lock->end - lock->start);
	if (!event) {
		json_put_null(object, "op");
		return object;
	}
	json_put_text(object, "op", mlocktrace_op_name(event->op));
	json_put_text(object, "call", lock->call);
	json_put_uint(object, "time_ns", event->time_ns);
	json_put_uint(object, "pid", event->pid);
	json_put_uint(object, "tid", event->tid);
	json_put_escaped(object, "comm", event->comm, sizeof(event->comm));
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

	json_put_uint(object, "pid", view->total.pid);
	json_put_address(object, "addr", region->start);
	json_put_uint(object, "len", region->end - region->start);
	json_put_text(object, "backing", mlocktrace_backing_name(region->backing));
	json_put_escaped(object, "path", region->path, strlen(region->path));
	json_put_text(object, "perms", region->perms);
	json_put_bool(object, "on_fault", region->on_fault);
	json_put_uint(object, "resident", region->resident);
	json_put_uint(object, "pss", region->share);
	json_put_uint(object, "swapped", region->swapped);
	json_put_known(object, "present", region->present, view->total.pages_known);
	json_put_known(object, "unique", region->unique, view->total.unique_known);
	if (view->history)
		put_locks(object, view, region);
	json_print(out, object);
}

static void print_total(const struct regions_view *view, FILE *out)
{
	const struct mlocktrace_regions_total *total = &view->total;
	struct json_object *object = json_object_new_object();

	json_put_uint(object, "pid", total->pid);
	json_put_escaped(object, "comm", total->comm, sizeof(total->comm));
	json_put_uint(object, "regions", total->n_regions);
	json_put_uint(object, "locked", total->locked);
	json_put_uint(object, "on_fault", total->on_fault);
	json_put_uint(object, "vmlck", total->vmlck);
	json_put_uint(object, "vmpin", total->vmpin);
	json_put_uint(object, "uncharged", total->uncharged);
	json_put_uint(object, "unlocked", total->unlocked);
	json_put_uint(object, "resident", total->resident);
	json_put_uint(object, "pss", total->share);
	json_put_uint(object, "swapped", total->swapped);
	json_put_known(object, "present", total->present, total->pages_known);
	json_put_known(object, "unique", total->unique, total->unique_known);
	json_put_uint(object, "hugetlb", total->hugetlb);
	json_put_uint(object, "special", total->special);
	json_put_limit(object, "limit", total->limit);
	json_put_limit(object, "hard_limit", total->hard_limit);
	json_put_bool(object, "capable", total->capable);
	json_put_bool(object, "moving", total->moving);
	if (view->history) {
		json_put_uint(object, "recorded", regions_known_bytes(view));
		json_put_uint(object, "records", view->stats.taken);
		json_put_uint(object, "lost", view->stats.lost);
	}
	json_print(out, object);
}

void regions_print_json(const struct regions_view *view, FILE *out)
{
	struct mlocktrace_region region = { .size = sizeof(region) };

	for (size_t i = 0; !mlocktrace_region(view->regions, i, &region); i++)
		print_region(view, out, &region);
	print_total(view, out);
}
