// SPDX-License-Identifier: GPL-2.0
/*
 * Records replayed: whose a range is after each kind of call. Addresses are
 * pages counted from BASE; who holds page N is told by the record's seq.
 */
#include <linux/mman.h>
#include <stdlib.h>
#include <unistd.h>

#include "history.h"
#include "ktap.h"
#include "regions.h"
#include "sample.h"

#define BASE 0x7f0000000000ULL
#define PAGE 4096ULL

static struct mlocktrace_history *history;
static uint64_t next_seq;

static void begin(void)
{
	struct mlocktrace_regions of = { .total.pid = 4242 };

	of.start_ticks = 4000000000000 / (1000000000 / sysconf(_SC_CLK_TCK));
	mlocktrace_history_free(history);
	check_int(mlocktrace_history_new(&history, &of, NULL, NULL), 0);
	next_seq = 0;
}

/* A record over pages [at, at + n) that changed the counter by as many; more is up to the caller. */
static struct mlocktrace_event over(unsigned int op, uint64_t at, int64_t n)
{
	struct mlocktrace_event event = sample(op);

	event.seq = ++next_seq;
	event.addr = BASE + at * PAGE;
	event.len = (uint64_t)(n < 0 ? -n : n) * PAGE;
	event.before = 1024 * (int64_t)PAGE;
	event.after = event.before + n * (int64_t)PAGE;
	event.flags = MLOCKTRACE_F_STEPS | MLOCKTRACE_F_LIMIT_PASSED | MLOCKTRACE_F_OVERLAP_KNOWN;
	return event;
}

static void add(struct mlocktrace_event event)
{
	check_int(mlocktrace_history_add(history, &event), 1);
}

/* Pages 0 to 9, a digit each: the seq of the record that holds it, '.' = none. */
static const char *map(void)
{
	static char text[11];
	struct mlocktrace_lock lock = { .size = sizeof(lock) };

	for (unsigned int i = 0; i < 10; i++) {
		int known = mlocktrace_history_at(history, BASE + i * PAGE, &lock);

		text[i] = known > 0 ? '0' + (int)lock.event->seq : '.';
		check(lock.start <= BASE + i * PAGE && lock.end > BASE + i * PAGE);
		check(known == (lock.event != NULL));
	}
	return text;
}

static void the_newest_lock_wins(void)
{
	begin();
	check_text(map(), "..........");
	add(over(MLOCKTRACE_OP_MLOCK, 1, 8));
	check_text(map(), ".11111111.");
	add(over(MLOCKTRACE_OP_MLOCK2, 3, 2));
	check_text(map(), ".11221111.");
	add(over(MLOCKTRACE_OP_MLOCK, 0, 2));
	check_text(map(), "331221111.");
	add(over(MLOCKTRACE_OP_MLOCK, 8, 2));
	check_text(map(), "3312211144");
	add(over(MLOCKTRACE_OP_MLOCK, 0, 10));
	check_text(map(), "5555555555");
}

static void parts_of_pages_are_whole_pages(void)
{
	struct mlocktrace_event event;

	begin();
	event = over(MLOCKTRACE_OP_MLOCK, 2, 1);
	event.addr += PAGE - 1;
	event.len = 2;
	add(event);
	check_text(map(), "..11......");
	event.len = 0;
	event.addr = BASE + 1;
	add(event);
	event.addr = UINT64_MAX - 100;
	event.len = UINT64_MAX;
	add(event);
	check_text(map(), "..11......");
}

static void what_is_unlocked_is_nobodys(void)
{
	begin();
	add(over(MLOCKTRACE_OP_MLOCK, 0, 10));
	add(over(MLOCKTRACE_OP_MUNLOCK, 4, -2));
	check_text(map(), "1111..1111");
	add(over(MLOCKTRACE_OP_MUNMAP, 0, -1));
	check_text(map(), ".111..1111");
	add(over(MLOCKTRACE_OP_MUNLOCKALL, 0, 0));
	check_text(map(), "..........");
}

static void refused_locks_lock_nothing(void)
{
	struct mlocktrace_event event;

	begin();
	add(over(MLOCKTRACE_OP_MLOCK, 0, 2));
	event = sample_over_limit(MLOCKTRACE_OP_MLOCK, 8 * M, 10 * PAGE, 0);
	event.addr = BASE;
	add(event);
	event = over(MLOCKTRACE_OP_MLOCKALL, 0, 0);
	event.ret = -ENOMEM;
	event.flags = MLOCKTRACE_F_MCL_CURRENT;
	add(event);
	event = over(MLOCKTRACE_OP_MUNLOCKALL, 0, 0);
	event.ret = -EINTR;
	add(event);
	check_text(map(), "11........");
}

static void failed_locks_keep_what_they_did(void)
{
	struct mlocktrace_event event;

	begin();
	event = over(MLOCKTRACE_OP_MLOCK, 0, 6);
	event.after = event.before + 3 * (int64_t)PAGE;
	event.ret = -ENOMEM;
	event.flags |= MLOCKTRACE_F_HOLE;
	event.where = BASE + 3 * PAGE;
	add(event);
	check_text(map(), "111.......");
	event = over(MLOCKTRACE_OP_MLOCK, 5, 2);
	event.ret = -ENOMEM;
	event.inner_ret = -EFAULT;
	event.flags |= MLOCKTRACE_F_POPULATED | MLOCKTRACE_F_POPULATE_FAILED;
	add(event);
	check_text(map(), "111..22...");
}

static void mlockall_takes_all_that_is_mapped(void)
{
	struct mlocktrace_event event;

	begin();
	add(over(MLOCKTRACE_OP_MLOCK, 2, 2));
	event = over(MLOCKTRACE_OP_MLOCKALL, 0, 0);
	event.flags |= MLOCKTRACE_F_MCL_FUTURE;
	add(event);
	check_text(map(), "..11......");
	event.seq = 3;
	event.flags |= MLOCKTRACE_F_MCL_CURRENT;
	add(event);
	check_text(map(), "3333333333");
}

static void mappings_come_and_go(void)
{
	struct mlocktrace_event event;

	begin();
	event = over(MLOCKTRACE_OP_MMAP, 0, 4);
	event.flags |= MLOCKTRACE_F_MAP_LOCKED;
	add(event);
	event = over(MLOCKTRACE_OP_BRK, 6, 3);
	add(event);
	check_text(map(), "1111..222.");
	event = over(MLOCKTRACE_OP_BRK, 8, -1);
	add(event);
	check_text(map(), "1111..22..");
	/* Over locked pages, and not locked itself */
	event = over(MLOCKTRACE_OP_MMAP, 1, 2);
	event.after = event.before - 2 * (int64_t)PAGE;
	add(event);
	check_text(map(), "1..1..22..");
	/* Under MCL_FUTURE over as many locked pages: the counter comes back to what it was. */
	event = over(MLOCKTRACE_OP_MMAP, 6, 2);
	event.after = event.before;
	event.flags |= MLOCKTRACE_F_ARMED;
	add(event);
	check_text(map(), "1..1..55..");
	add(over(MLOCKTRACE_OP_STACK, 9, 1));
	check_text(map(), "1..1..55.6");
	/* Where it went is not known. */
	event = over(MLOCKTRACE_OP_MUNMAP, 9, -1);
	event.addr = 0;
	add(event);
	check_text(map(), "1..1..55.6");
}

static struct mlocktrace_event moved(uint64_t from, uint64_t old, uint64_t to, uint64_t len)
{
	struct mlocktrace_event event = over(MLOCKTRACE_OP_MREMAP, to, (int64_t)len);

	event.where = BASE + from * PAGE;
	event.old_len = old * PAGE;
	event.after = event.before + (int64_t)(len - old) * (int64_t)PAGE;
	return event;
}

static void moved_locks_stay_whose_they_were(void)
{
	struct mlocktrace_event event;

	begin();
	add(over(MLOCKTRACE_OP_MLOCK, 0, 1));
	add(over(MLOCKTRACE_OP_MLOCK, 1, 2));
	add(moved(0, 2, 5, 4));
	check_text(map(), "..2..1233.");
	add(moved(5, 4, 5, 1));
	check_text(map(), "..2..1....");
	add(moved(5, 1, 5, 3));
	check_text(map(), "..2..155..");
	/* To a place that overlaps nothing but what was locked there */
	add(moved(5, 3, 0, 2));
	check_text(map(), "152.......");
	event = moved(0, 2, 7, 2);
	event.arg = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
	event.after = event.before + 2 * (int64_t)PAGE;
	add(event);
	check_text(map(), "..2....15.");
	/* Shared pages, mapped once more */
	event = moved(7, 0, 2, 2);
	add(event);
	check_text(map(), "..88...15.");
	event.old_len = UINT64_MAX;
	add(event);
	event.old_len = PAGE;
	event.where = UINT64_MAX - 5;
	add(event);
}

static void only_this_process_and_its_address_space_count(void)
{
	struct mlocktrace_history_stats stats = { .size = sizeof(stats) };
	struct mlocktrace_event event;

	begin();
	event = over(MLOCKTRACE_OP_MLOCK, 0, 9);
	event.pid = 17;
	check_int(mlocktrace_history_add(history, &event), 0);
	event.pid = 4242;
	event.start_ns -= 50000000000;
	check_int(mlocktrace_history_add(history, &event), 0);
	check_text(map(), "..........");
	add(over(MLOCKTRACE_OP_MLOCK, 0, 2));
	/* A child of vfork in the same address space */
	event = over(MLOCKTRACE_OP_MLOCK, 3, 2);
	event.pid = 18;
	event.start_ns += 1000000000;
	add(event);
	check_text(map(), "22.33.....");
	event.op = MLOCKTRACE_OP_EXEC;
	add(event);
	check_text(map(), "22.33.....");
	/* Other counters than VmLck */
	event = over(MLOCKTRACE_OP_MLOCK, 0, 9);
	event.counter = MLOCKTRACE_COUNTER_USER;
	add(event);
	check_text(map(), "22.33.....");
	event = sample(MLOCKTRACE_OP_LOST);
	event.count = 12;
	check_int(mlocktrace_history_add(history, &event), 0);
	check_int(mlocktrace_history_stats(history, &stats), 0);
	check_int(stats.taken, 4);
	check_int(stats.foreign, 1);
	check_int(stats.lost, 12);
}

static void exec_begins_anew(void)
{
	struct mlocktrace_event event;

	begin();
	add(over(MLOCKTRACE_OP_MLOCK, 0, 2));
	add(over(MLOCKTRACE_OP_EXEC, 0, 0));
	check_text(map(), "..........");
	event = over(MLOCKTRACE_OP_MLOCK, 4, 2);
	event.mm_id = 6;
	add(event);
	check_text(map(), "....33....");
	/* What was thrown away ends late. */
	event = over(MLOCKTRACE_OP_EXIT, 0, 0);
	check_int(mlocktrace_history_add(history, &event), 0);
	check_text(map(), "....33....");
	/* The record of exec was lost: another address space tells it. */
	event = over(MLOCKTRACE_OP_MLOCK, 7, 1);
	event.mm_id = 9;
	add(event);
	check_text(map(), ".......5..");
}

static void stacks_and_calls_are_kept(void)
{
	struct mlocktrace_lock lock = { .size = sizeof(lock) };
	struct mlt_event_room room;

	begin();
	memset(&room, 0, sizeof(room));
	room.event = over(MLOCKTRACE_OP_MLOCK, 1, 1);
	sample_stack(&room, 2, 1);
	check_int(mlocktrace_history_add(history, &room.event), 1);
	memset(&room, 0, sizeof(room));
	check_int(mlocktrace_history_at(history, BASE + PAGE, &lock), 1);
	check_text(lock.call, "mlock(0x7f0000001000, 4K)");
	check_int(lock.n_frames, 3);
	check_text(lock.frames[0], "0xffffffff81000002");
	check_text(lock.frames[1], "0x7f0000001000");
	check_int(lock.event->size, sizeof(struct mlocktrace_event));
	lock.size = 8;
	check_int(mlocktrace_history_at(history, BASE + PAGE, &lock), -EINVAL);
}

/* The same, page by page, in the simplest way there is. */
static void any_order_is_as_good(void)
{
	struct mlt_ranges ranges = { 0 };
	struct mlt_claim *claims[4], *wanted[64] = { 0 };

	for (size_t i = 0; i < 4; i++) {
		claims[i] = calloc(1, sizeof(*claims[i]));
		claims[i]->refs = 1;
	}
	srand(1);
	for (int turn = 0; turn < 5000; turn++) {
		uint64_t start = rand() % 64, end = start + rand() % (65 - start), to = rand() % 64;
		struct mlt_claim *claim = rand() % 3 ? claims[rand() % 4] : NULL;

		if (rand() % 4) {
			check_int(mlt_ranges_set(&ranges, start, end, claim), 0);
			for (uint64_t i = start; i < end; i++)
				wanted[i] = claim;
		} else if (to + (end - start) <= 64) {
			struct mlt_claim *old[64];

			check_int(mlt_ranges_move(&ranges, start, end - start, to), 0);
			memcpy(old, wanted, sizeof(old));
			for (uint64_t i = start; i < end; i++)
				wanted[i] = NULL;
			for (uint64_t i = start; i < end; i++)
				wanted[to + i - start] = old[i];
		}
		for (uint64_t i = 0; i < 64; i++) {
			size_t at = mlt_ranges_find(&ranges, i);
			bool there = at < ranges.n && ranges.list[at].start <= i;

			if (!check((there ? ranges.list[at].claim : NULL) == wanted[i]))
				turn = 5000;
		}
	}
	mlt_ranges_free(&ranges);
	for (size_t i = 0; i < 4; i++) {
		check_int(claims[i]->refs, 1);
		mlt_claim_put(claims[i]);
	}
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(the_newest_lock_wins),
		KTAP_TEST(parts_of_pages_are_whole_pages),
		KTAP_TEST(what_is_unlocked_is_nobodys),
		KTAP_TEST(refused_locks_lock_nothing),
		KTAP_TEST(failed_locks_keep_what_they_did),
		KTAP_TEST(mlockall_takes_all_that_is_mapped),
		KTAP_TEST(mappings_come_and_go),
		KTAP_TEST(moved_locks_stay_whose_they_were),
		KTAP_TEST(only_this_process_and_its_address_space_count),
		KTAP_TEST(exec_begins_anew),
		KTAP_TEST(stacks_and_calls_are_kept),
		KTAP_TEST(any_order_is_as_good),
	};
	int status;

	status = ktap_run(tests, KTAP_SIZE(tests));
	mlocktrace_history_free(history);
	return status;
}
