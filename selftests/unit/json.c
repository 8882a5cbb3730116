// SPDX-License-Identifier: GPL-2.0
/*
 * Records as programs see them: one golden page, every key of the contract in
 * its order in every object, and lines that a strict parser takes whatever the
 * record holds.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "data.h"
#include "ktap.h"
#include "sample.h"

#define F(TAG) MLOCKTRACE_F_##TAG

/* DESIGN.md, "JSON lines": these keys, in this order, in every object. */
static const char *const contract[] = {
	"time_ns", "pid", "tid", "uid", "comm", "op", "counter", "addr", "len", "flags", "ret", "errno",
	"cause", "before", "after", "delta", "limit", "hard_limit", "capable", "duration_ns", "cgroup",
	"source", "tier",
};

static char *page;
static size_t page_size;

static void write_page(const struct mlocktrace_event *const *events, size_t n, bool verbose)
{
	struct mlocktrace_writer_opts opts = { .size = sizeof(opts), .format = MLOCKTRACE_JSON };
	struct mlocktrace_writer *writer = NULL;
	FILE *out = open_memstream(&page, &page_size);

	opts.verbose = verbose;
	check_int(mlocktrace_writer_new(&writer, out, &opts), 0);
	for (size_t i = 0; i < n; i++)
		check_int(mlocktrace_write(writer, events[i]), 0);
	check_int(mlocktrace_writer_finish(writer, NULL), 0);
	mlocktrace_writer_free(writer);
	fclose(out);
}

/* The object of one record; strict about everything json-c can be strict about. */
static struct json_object *object_of(const struct mlocktrace_event *event, bool verbose)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;

	write_page(&event, 1, verbose);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, page, page_size);
	if (!check(object != NULL) || !check(json_tokener_get_parse_end(tokener) >= page_size - 1) ||
	    !check(page[page_size - 1] == '\n') || !check(strlen(page) == page_size))
		ktap_diag(page);
	json_tokener_free(tokener);
	free(page);
	return object;
}

static const char *text_at(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value))
		return "(missing)";
	return json_object_get_string(value) ? json_object_get_string(value) : "null";
}

static bool has_key(struct json_object *object, const char *key)
{
	return json_object_object_get_ex(object, key, NULL);
}

static bool begins_with_contract(struct json_object *object)
{
	size_t i = 0;

	json_object_object_foreach(object, key, value) {
		(void)value;
		if (i == KTAP_SIZE(contract))
			break;
		if (strcmp(key, contract[i])) {
			printf("# key %zu is %s, not %s\n", i, key, contract[i]);
			return false;
		}
		i++;
	}
	return i == KTAP_SIZE(contract);
}

static struct mlocktrace_event changed_limit(void)
{
	struct mlocktrace_event event = sample(MLOCKTRACE_OP_SETRLIMIT);

	event.counter = MLOCKTRACE_COUNTER_NONE;
	event.old_limit = 64 * K;
	event.old_hard_limit = MLOCKTRACE_UNLIMITED;
	event.target_pid = 4300;
	return event;
}

static void the_golden_page(void)
{
	struct mlocktrace_event lock = sample_lock(MLOCKTRACE_OP_MLOCK2, 60 * K, 64 * K);
	struct mlocktrace_event over = sample_over_limit(MLOCKTRACE_OP_MLOCK, 60 * K, 16 * M, 4 * K);
	struct mlocktrace_event hole = sample_lock(MLOCKTRACE_OP_MUNLOCK, 64 * K, 0);
	struct mlocktrace_event all = sample_lock(MLOCKTRACE_OP_MLOCKALL, 0, 12 * M);
	struct mlocktrace_event limit = changed_limit();
	struct mlocktrace_event fork = sample(MLOCKTRACE_OP_FORK);
	struct mlocktrace_event lost = sample(MLOCKTRACE_OP_LOST);
	struct mlocktrace_event wild = sample(200);
	struct mlt_event_room stack = { .event = sample_lock(MLOCKTRACE_OP_MLOCK, 0, 4 * K) };
	const struct mlocktrace_event *events[] = { &lock, &over, &hole, &all, &limit, &fork, &lost, &wild,
						    &stack.event };

	lock.arg = MLOCK_ONFAULT;
	lock.flags |= F(ONFAULT) | F(CAPABLE);
	hole.ret = -ENOMEM;
	hole.flags |= F(HOLE);
	hole.where = hole.addr + 4096;
	hole.inner_ret = -ENOMEM;
	all.flags |= F(MCL_CURRENT) | F(PARTIAL);
	all.limit = MLOCKTRACE_UNLIMITED;
	all.hard_limit = MLOCKTRACE_UNLIMITED;
	fork.target_pid = 4243;
	lost.count = 123;
	wild.counter = 99;
	wild.tier = 98;
	wild.flags = 1ULL << 40 | 1ULL << 63;
	wild.ret = -4000;
	sample_stack(&stack, 2, 1);
	write_page(events, KTAP_SIZE(events), false);
	check_golden("json.txt", page);
	free(page);
	write_page(events, KTAP_SIZE(events), true);
	check_golden("json-verbose.txt", page);
	free(page);
}

static struct mlocktrace_event moved_mapping(void)
{
	struct mlocktrace_event event = sample_lock(MLOCKTRACE_OP_MREMAP, 64 * K, 64 * K);

	event.sysno = 25;
	event.where = 0x7f0000000000;
	event.old_len = 64 * K;
	event.len = 128 * K;
	event.arg = MREMAP_MAYMOVE;
	return event;
}

/* Refused a locked page, of a limit that was seen set. */
static struct mlocktrace_event refused_stack(void)
{
	struct mlocktrace_event event = sample_over_limit(MLOCKTRACE_OP_STACK, 8 * M, 4 * K, 0);

	event.sysno = -1;
	event.flags = F(ARMED);
	event.armed_ns = event.time_ns - 3250000000;
	event.limit_ns = event.time_ns - 12000000000;
	event.limit_pid = 812;
	event.limit_forks = 2;
	event.limit_execs = 1;
	memcpy(event.limit_comm, "pr\033limit", 8);
	return event;
}

static void what_happens_by_the_way(void)
{
	struct mlocktrace_event map = sample_lock(MLOCKTRACE_OP_MMAP, 60 * K, 16 * K);
	struct mlocktrace_event moved = moved_mapping(), stack = refused_stack();
	struct mlocktrace_event unmapped = sample(MLOCKTRACE_OP_MUNMAP);
	struct mlocktrace_event ring = sample_over_limit(MLOCKTRACE_OP_IO_URING, 8 * M, 16 * K, 0);
	struct mlocktrace_event segment = sample_over_limit(MLOCKTRACE_OP_SHM_LOCK, 0, 16 * K, 0);
	const struct mlocktrace_event *events[] = { &map, &moved, &stack, &unmapped, &ring, &segment };

	map.sysno = 192;
	map.arg = MAP_LOCKED;
	map.flags = F(MAP_LOCKED) | F(COMPAT);
	unmapped.sysno = 11;
	unmapped.before = 16 * K;
	ring.counter = MLOCKTRACE_COUNTER_USER;
	ring.owner_uid = 1001;
	ring.sysno = 427;
	segment.counter = MLOCKTRACE_COUNTER_SHM;
	segment.owner_uid = 1001;
	segment.arg = 65538;
	segment.sysno = 31;
	segment.flags = F(NO_BEFORE);
	write_page(events, KTAP_SIZE(events), false);
	check_golden("json-implicit.txt", page);
	free(page);
}

static void facts_that_a_record_lacks_have_no_key(void)
{
	static const char *const keys[] = { "old_addr", "old_len", "sysno", "armed_ns", "limit_set", "owner_uid",
					    "signal", "where", "overlap" };
	struct mlocktrace_event event = sample(MLOCKTRACE_OP_EXIT);
	struct json_object *object;

	event.where = event.old_len = 4 * K;
	event.armed_ns = event.owner_uid = 7;
	object = object_of(&event, false);
	for (size_t i = 0; i < KTAP_SIZE(keys); i++)
		if (!check(!has_key(object, keys[i])))
			printf("# %s\n", keys[i]);
	json_object_put(object);
	/* MCL_FUTURE was on, and nobody saw since when. */
	event = sample(MLOCKTRACE_OP_MMAP);
	event.flags = F(ARMED);
	event.sysno = -1;
	object = object_of(&event, false);
	check(!has_key(object, "armed_ns"));
	check(!has_key(object, "sysno"));
	json_object_put(object);
}

static void the_old_place_of_a_mapping_is_no_hole(void)
{
	struct mlocktrace_event event = moved_mapping();
	struct json_object *object;

	event.flags = F(HOLE);
	object = object_of(&event, false);
	check_text(text_at(object, "old_addr"), "0x7f0000000000");
	check_text(text_at(object, "old_len"), "65536");
	check(!has_key(object, "where"));
	check(!has_key(object, "overlap"));
	json_object_put(object);
}

static void a_limit_that_was_seen_set_is_an_object(void)
{
	struct mlocktrace_event event = refused_stack();
	struct json_object *object = object_of(&event, false), *set;

	check_text(text_at(object, "signal"), "SIGSEGV");
	check_text(text_at(object, "errno"), "ENOMEM");
	if (check(json_object_object_get_ex(object, "limit_set", &set))) {
		check_text(text_at(set, "time_ns"), "5013678901234");
		check_text(text_at(set, "pid"), "812");
		check_text(text_at(set, "comm"), "pr\\x1blimit");
		check_text(text_at(set, "forks"), "2");
		check_text(text_at(set, "execs"), "1");
	}
	json_object_put(object);
}

static void a_counter_that_could_not_be_read_is_null(void)
{
	struct mlocktrace_event event = sample_over_limit(MLOCKTRACE_OP_SHM_LOCK, 0, 16 * K, 0);
	struct json_object *object;

	event.flags = F(NO_BEFORE);
	object = object_of(&event, false);
	check_text(text_at(object, "before"), "null");
	check_text(text_at(object, "after"), "null");
	check(!has_key(object, "needed_limit"));
	json_object_put(object);
}

static void every_op_has_every_key_of_the_contract(void)
{
	for (unsigned int op = 1; op <= MLOCKTRACE_OP_MAX; op++) {
		struct mlocktrace_event event = sample(op);
		struct json_object *object = object_of(&event, op % 2);

		check(begins_with_contract(object));
		json_object_put(object);
	}
}

static void verdicts_are_there_on_refusal_or_when_asked_for(void)
{
	struct mlocktrace_event event = sample_over_limit(MLOCKTRACE_OP_MLOCK, 60 * K, 16 * M, 0);
	struct json_object *object = object_of(&event, false);

	check(!strncmp(text_at(object, "explain"), "over the limit", 14));
	check_text(text_at(object, "cause"), "over_limit");
	check_text(text_at(object, "errno"), "ENOMEM");
	check_text(text_at(object, "needed_limit"), "16838656");
	json_object_put(object);
	event = sample_lock(MLOCKTRACE_OP_MLOCK, 0, 4 * K);
	object = object_of(&event, false);
	check(!has_key(object, "explain"));
	check(!has_key(object, "needed_limit"));
	check(!has_key(object, "inner_ret"));
	check(!has_key(object, "where"));
	check(!has_key(object, "stack"));
	check(!has_key(object, "target_pid"));
	check_text(text_at(object, "errno"), "null");
	check_text(text_at(object, "cause"), "ok");
	json_object_put(object);
	object = object_of(&event, true);
	check(has_key(object, "explain"));
	json_object_put(object);
	event.flags |= F(PARTIAL);
	object = object_of(&event, false);
	check(has_key(object, "explain"));
	json_object_put(object);
}

static void another_process_is_named_when_it_is_another(void)
{
	struct mlocktrace_event event = changed_limit();
	struct json_object *object = object_of(&event, false);

	check_text(text_at(object, "target_pid"), "4300");
	check_text(text_at(object, "old_limit"), "65536");
	check_text(text_at(object, "old_hard_limit"), "unlimited");
	check_text(text_at(object, "counter"), "null");
	json_object_put(object);
	event.target_pid = event.pid;
	event.flags |= F(NO_BEFORE);
	object = object_of(&event, false);
	check(!has_key(object, "target_pid"));
	check_text(text_at(object, "old_limit"), "null");
	json_object_put(object);
}

static void large_numbers_are_not_rounded(void)
{
	struct mlocktrace_event event = sample_lock(MLOCKTRACE_OP_MLOCK, 0, 0);
	struct json_object *object;

	event.len = MLOCKTRACE_UNLIMITED;
	event.addr = 0xfffffffffffff001;
	event.before = INT64_MIN;
	event.after = INT64_MIN;
	event.limit = MLOCKTRACE_UNLIMITED - 1;
	object = object_of(&event, false);
	check_text(text_at(object, "len"), "18446744073709551615");
	check_text(text_at(object, "addr"), "0xfffffffffffff001");
	check_text(text_at(object, "before"), "-9223372036854775808");
	check_text(text_at(object, "limit"), "18446744073709551614");
	check_text(text_at(object, "hard_limit"), "8388608");
	json_object_put(object);
}

static void the_capability_is_a_key_and_not_a_flag(void)
{
	struct mlocktrace_event event = sample_lock(MLOCKTRACE_OP_MLOCK, 0, 0);
	struct json_object *object;

	event.flags = F(CAPABLE) | F(COMPAT);
	object = object_of(&event, false);
	check_text(text_at(object, "capable"), "true");
	check_text(text_at(object, "flags"), "[ \"compat\" ]");
	json_object_put(object);
}

static void hostile_names_parse_and_stay_apart(void)
{
	static const char *const names[] = {
		"a\nb", "a\\nb", "a\\x0ab", "\"", "\\", "\\\"", "\033[2J", "\xff\xfe", "\\xff", "\xc3\xa9",
		"\xed\xa0\x80", "{\"pid\":1}", "a\x7f", "\xc2\x9b", "/", "'", "\xe2\x80\xa8", "",
		"exactly16bytes!!",
	};
	char seen[KTAP_SIZE(names)][80];

	for (size_t i = 0; i < KTAP_SIZE(names); i++) {
		struct mlocktrace_event event = sample(MLOCKTRACE_OP_EXIT);
		struct json_object *object;

		memset(event.comm, 0, sizeof(event.comm));
		memcpy(event.comm, names[i], strnlen(names[i], sizeof(event.comm)));
		object = object_of(&event, true);
		check(begins_with_contract(object));
		snprintf(seen[i], sizeof(seen[i]), "%s", text_at(object, "comm"));
		check_text(text_at(object, "pid"), "4242");
		json_object_put(object);
		for (size_t k = 0; k < i; k++)
			check(strcmp(seen[i], seen[k]));
	}
	check_text(seen[0], "a\\x0ab");
	check_text(seen[9], "\xc3\xa9");
	check_text(seen[18], "exactly16bytes!!");
}

static void lost_records_say_how_many_and_where_and_accuse_nobody(void)
{
	struct mlocktrace_event event = sample(MLOCKTRACE_OP_LOST);
	struct json_object *object;

	event.count = 1ULL << 40;
	object = object_of(&event, false);
	check_text(text_at(object, "count"), "1099511627776");
	check_text(text_at(object, "cpu"), "1");
	check_text(text_at(object, "pid"), "null");
	check_text(text_at(object, "comm"), "null");
	check_text(text_at(object, "ret"), "0");
	check_text(text_at(object, "delta"), "0");
	json_object_put(object);
}

static void any_record_is_one_line_of_strict_json(void)
{
	srand(7);
	for (int round = 0; round < 20000; round++) {
		struct mlt_event_room room = { 0 };
		struct json_object *object;

		for (size_t i = 0; i < sizeof(room.event); i++)
			((unsigned char *)&room.event)[i] = rand() % 3 ? 0 : rand();
		room.event.op = rand() % (MLOCKTRACE_OP_MAX + 1);
		room.event.ret = rand() % 2 ? -(rand() % 40) : room.event.ret;
		sample_stack(&room, rand() % 3, rand() % 3);
		object = object_of(&room.event, rand() % 2);
		if (!object || !begins_with_contract(object)) {
			check(!"strict JSON with every key");
			return;
		}
		json_object_put(object);
		if (!ktap.ok)
			return;
	}
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(the_golden_page),
		KTAP_TEST(what_happens_by_the_way),
		KTAP_TEST(facts_that_a_record_lacks_have_no_key),
		KTAP_TEST(the_old_place_of_a_mapping_is_no_hole),
		KTAP_TEST(a_limit_that_was_seen_set_is_an_object),
		KTAP_TEST(a_counter_that_could_not_be_read_is_null),
		KTAP_TEST(every_op_has_every_key_of_the_contract),
		KTAP_TEST(verdicts_are_there_on_refusal_or_when_asked_for),
		KTAP_TEST(another_process_is_named_when_it_is_another),
		KTAP_TEST(large_numbers_are_not_rounded),
		KTAP_TEST(the_capability_is_a_key_and_not_a_flag),
		KTAP_TEST(hostile_names_parse_and_stay_apart),
		KTAP_TEST(lost_records_say_how_many_and_where_and_accuse_nobody),
		KTAP_TEST(any_record_is_one_line_of_strict_json),
	};

	return ktap_run(tests, KTAP_SIZE(tests));
}
