/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Records for programs: one JSON object per line. The keys of the contract
 * come first, in its order, in every object; further keys carry facts of some
 * ops. Strings are valid UTF-8 whatever the kernel held.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>

#include "format.h"
#include "verdict.h"

/* json-c copies keys unless told that they are constant; ours are literals, each added once. */
#define KEY_FLAGS (JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY)
#define LINE_FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

struct object {
	struct json_object *json;
	int err; /* sticky -ENOMEM: a key that is missing is worse than no line */
};

/* json-c has no object for null, so a value that may be NULL says so itself. */
static void put(struct object *to, const char *key, struct json_object *value)
{
	if (!value || json_object_object_add_ex(to->json, key, value, KEY_FLAGS)) {
		json_object_put(value);
		to->err = -ENOMEM;
	}
}

static void put_null(struct object *to, const char *key)
{
	if (json_object_object_add_ex(to->json, key, NULL, KEY_FLAGS))
		to->err = -ENOMEM;
}

static void put_uint(struct object *to, const char *key, uint64_t value)
{
	put(to, key, json_object_new_uint64(value));
}

static void put_int(struct object *to, const char *key, int64_t value)
{
	put(to, key, json_object_new_int64(value));
}

static void put_text(struct object *to, const char *key, const char *text)
{
	put(to, key, json_object_new_string(text));
}

/* The name of an id, the number of one without a name, null for id 0. */
static void put_id(struct object *to, const char *key, unsigned int id, const char *name)
{
	if (name)
		put_text(to, key, name);
	else if (id)
		put_uint(to, key, id);
	else
		put_null(to, key);
}

static void put_address(struct object *to, const char *key, uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	put_text(to, key, text);
}

static void put_limit(struct object *to, const char *key, uint64_t limit)
{
	if (limit == MLOCKTRACE_UNLIMITED)
		put_text(to, key, "unlimited");
	else
		put_uint(to, key, limit);
}

static void put_comm(struct object *to, const char name[MLOCKTRACE_COMM_LEN])
{
	char comm[4 * MLOCKTRACE_COMM_LEN + 1];

	mlocktrace_escape(comm, sizeof(comm), name, MLOCKTRACE_COMM_LEN);
	put_text(to, "comm", comm);
}

static void append(struct object *to, struct json_object *array, const char *text)
{
	struct json_object *value = json_object_new_string(text);

	if (!value || json_object_array_add(array, value)) {
		json_object_put(value);
		to->err = -ENOMEM;
	}
}

/* Names; bits without one in hex. CAPABLE has a key of its own. */
static void put_flags(struct object *to, uint64_t flags)
{
	struct json_object *array = json_object_new_array();
	uint64_t unknown = 0;
	char text[24];

	put(to, "flags", array);
	if (!array)
		return;
	flags &= ~(uint64_t)MLOCKTRACE_F_CAPABLE;
	for (unsigned int bit = 0; bit < 64; bit++) {
		if (!(flags >> bit & 1))
			continue;
		if (mlocktrace_flag_name(bit))
			append(to, array, mlocktrace_flag_name(bit));
		else
			unknown |= 1ULL << bit;
	}
	if (unknown) {
		snprintf(text, sizeof(text), "0x%" PRIx64, unknown);
		append(to, array, text);
	}
}

static void put_result(struct object *to, const struct mlocktrace_event *event)
{
	const char *name = mlt_result_name(event->ret);

	put_int(to, "ret", event->ret);
	if (name)
		put_text(to, "errno", name);
	else
		put_null(to, "errno");
	put_text(to, "cause", mlocktrace_cause_name(mlocktrace_cause(event)));
}

/* A lost record made up by the handle has no tier of its own. */
static void put_origin(struct object *to, const struct mlocktrace_writer *writer,
		       const struct mlocktrace_event *event)
{
	const struct mlocktrace *handle = writer->opts.source;
	const char *source = mlt_tier_source(event->tier);
	const char *tier = mlocktrace_tier_name(event->tier);

	if (!source && handle)
		source = handle->source->name;
	if (!event->tier && handle && handle->tier[0])
		tier = handle->tier;
	put_id(to, "source", 0, source);
	put_id(to, "tier", event->tier, tier);
}

/* The keys that every object has, in the order of the contract. */
static void put_contract(struct object *to, const struct mlocktrace_writer *writer,
			 const struct mlocktrace_event *event)
{
	put_uint(to, "time_ns", event->time_ns);
	put_uint(to, "pid", event->pid);
	put_uint(to, "tid", event->tid);
	put_uint(to, "uid", event->uid);
	put_comm(to, event->comm);
	put_id(to, "op", event->op, mlocktrace_op_name(event->op));
	put_id(to, "counter", event->counter, mlocktrace_counter_name(event->counter));
	put_address(to, "addr", event->addr);
	put_uint(to, "len", event->len);
	put_flags(to, event->flags);
	put_result(to, event);
	if (mlt_had_unknown(event)) {
		put_null(to, "before");
		put_null(to, "after");
	} else {
		put_int(to, "before", event->before);
		put_int(to, "after", event->after);
	}
	put_int(to, "delta", mlt_delta(event));
	put_limit(to, "limit", event->limit);
	put_limit(to, "hard_limit", event->hard_limit);
	put(to, "capable", json_object_new_boolean(!!(event->flags & MLOCKTRACE_F_CAPABLE)));
	put_uint(to, "duration_ns", event->duration_ns);
	put_uint(to, "cgroup", event->cgroup_id);
	put_origin(to, writer, event);
}

/* Lost records: nobody knows whose they were, so what would be a false fact is null. */
static void put_lost(struct object *to, const struct mlocktrace_writer *writer,
		     const struct mlocktrace_event *event)
{
	static const char *const unknown[] = { "limit", "hard_limit", "capable", "duration_ns", "cgroup" };

	put_uint(to, "time_ns", event->time_ns);
	put_null(to, "pid");
	put_null(to, "tid");
	put_null(to, "uid");
	put_null(to, "comm");
	put_id(to, "op", event->op, mlocktrace_op_name(event->op));
	put_null(to, "counter");
	put_null(to, "addr");
	put_null(to, "len");
	put_flags(to, event->flags);
	put_result(to, event);
	put_null(to, "before");
	put_null(to, "after");
	put_int(to, "delta", 0);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		put_null(to, unknown[i]);
	put_origin(to, writer, event);
	put_uint(to, "count", event->count);
}

static void put_stack(struct object *to, const struct mlocktrace_writer *writer,
		      const struct mlocktrace_event *event)
{
	struct json_object *array;
	char frame[512];

	if (!event->n_user && !event->n_kernel)
		return;
	array = json_object_new_array();
	put(to, "stack", array);
	for (size_t k = 0; array && mlt_frame_text(writer, event, k, frame, sizeof(frame)); k++)
		append(to, array, frame);
}

static void put_explain(struct object *to, const struct mlocktrace_writer *writer,
			const struct mlocktrace_event *event)
{
	char verdict[1024];

	if (!writer->opts.verbose && !mlt_wants_verdict(event))
		return;
	if (mlocktrace_explain(event, verdict, sizeof(verdict)) > 0)
		put_text(to, "explain", verdict);
}

static void put_old_limits(struct object *to, const struct mlocktrace_event *event)
{
	if (event->flags & MLOCKTRACE_F_NO_BEFORE) {
		put_null(to, "old_limit");
		put_null(to, "old_hard_limit");
	} else {
		put_limit(to, "old_limit", event->old_limit);
		put_limit(to, "old_hard_limit", event->old_hard_limit);
	}
}

/* What the op was asked to do, beyond addr and len. */
static void put_request(struct object *to, const struct mlocktrace_event *event)
{
	switch (event->op) {
	case MLOCKTRACE_OP_MREMAP:
		put_address(to, "old_addr", event->where);
		put_uint(to, "old_len", event->old_len);
		/* fall through */
	case MLOCKTRACE_OP_MLOCK2:
	case MLOCKTRACE_OP_MLOCKALL:
	case MLOCKTRACE_OP_MMAP:
	case MLOCKTRACE_OP_SHM_LOCK:
	case MLOCKTRACE_OP_SHM_UNLOCK:
		put_uint(to, "arg", event->arg);
		/* fall through */
	case MLOCKTRACE_OP_MLOCK:
	case MLOCKTRACE_OP_MUNLOCK:
	case MLOCKTRACE_OP_BRK:
	case MLOCKTRACE_OP_STACK:
	case MLOCKTRACE_OP_SHM_HUGETLB:
	case MLOCKTRACE_OP_IO_URING:
	case MLOCKTRACE_OP_PERF_MMAP:
	case MLOCKTRACE_OP_XDP_UMEM:
	case MLOCKTRACE_OP_ZEROCOPY:
	case MLOCKTRACE_OP_SECRETMEM:
	case MLOCKTRACE_OP_ACCOUNT_LOCKED_VM:
	case MLOCKTRACE_OP_PIN:
		put_uint(to, "asked", event->asked);
		break;
	case MLOCKTRACE_OP_SETRLIMIT:
		put_old_limits(to, event);
		break;
	}
	if (mlt_is_mlock(event) || event->op == MLOCKTRACE_OP_MLOCKALL ||
	    event->op == MLOCKTRACE_OP_MUNLOCK)
		put_uint(to, "overlap", event->overlap);
}

/* Whose limit and counter it was, and since when: what a refusal points back to. */
static void put_past(struct object *to, const struct mlocktrace_event *event)
{
	struct object set = { 0 };

	if (mlt_has(event, MLOCKTRACE_F_ARMED) && event->armed_ns)
		put_uint(to, "armed_ns", event->armed_ns);
	if (mlt_is_of_user(event->counter))
		put_uint(to, "owner_uid", event->owner_uid);
	if (!event->limit_ns)
		return;
	set.json = json_object_new_object();
	put(to, "limit_set", set.json);
	if (!set.json)
		return;
	put_uint(&set, "time_ns", event->limit_ns);
	put_uint(&set, "pid", event->limit_pid);
	put_comm(&set, event->limit_comm);
	put_uint(&set, "forks", event->limit_forks);
	put_uint(&set, "execs", event->limit_execs);
	if (set.err)
		to->err = set.err;
}

/* Facts that only some records have. */
static void put_facts(struct object *to, const struct mlocktrace_event *event)
{
	uint64_t needed = mlocktrace_needed_limit(event);
	const char *signal = mlt_signal_name(event);

	put_request(to, event);
	/* The calls that lock by name are their own system calls. */
	if (mlt_is_implicit(event) && event->sysno >= 0)
		put_uint(to, "sysno", event->sysno);
	if (signal)
		put_text(to, "signal", signal);
	if (mlt_has(event, MLOCKTRACE_F_HOLE) && event->op != MLOCKTRACE_OP_MREMAP)
		put_address(to, "where", event->where);
	if (event->inner_ret)
		put_int(to, "inner_ret", event->inner_ret);
	if (needed)
		put_limit(to, "needed_limit", needed);
	put_past(to, event);
	put_uint(to, "start_ns", event->start_ns);
	put_uint(to, "mm_id", event->mm_id);
}

static int json_event(struct mlocktrace_writer *writer, const struct mlocktrace_event *event)
{
	struct object object = { .json = json_object_new_object() };
	const char *line;
	size_t length;

	if (!object.json)
		return -ENOMEM;
	if (event->op == MLOCKTRACE_OP_LOST) {
		put_lost(&object, writer, event);
	} else {
		put_contract(&object, writer, event);
		put_stack(&object, writer, event);
		put_explain(&object, writer, event);
		if (event->target_pid && event->target_pid != event->pid)
			put_uint(&object, "target_pid", event->target_pid);
		put_facts(&object, event);
	}
	put_uint(&object, "cpu", event->cpu);
	put_uint(&object, "seq", event->seq);
	line = json_object_to_json_string_length(object.json, LINE_FLAGS, &length);
	if (!line)
		object.err = -ENOMEM;
	if (!object.err) {
		mlt_buf_add(&writer->buf, line, length);
		mlt_buf_text(&writer->buf, "\n");
	}
	json_object_put(object.json);
	return object.err;
}

const struct mlt_format mlt_format_json = {
	.event = json_event,
};
