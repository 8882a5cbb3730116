// SPDX-License-Identifier: GPL-2.0
/*
 * The truth table of mlocktrace_least_limit(): which sum each kind of operation
 * has compared with the limit when it worked, and what compares nothing. A row is
 * one situation, named for what a reader should learn from it. What was refused
 * is in the tables of the causes.
 */
#include <sys/mman.h>

#include "cause_rows.h"

#define COUNTER(TAG) MLOCKTRACE_COUNTER_##TAG

/* Numbers of system calls on x86-64 */
enum { MMAP = 9, BRK = 12, MREMAP = 25 };

struct sum_row {
	struct row row;
	enum mlocktrace_counter counter;
	uint64_t least;
};

/* name, op, ret, flags, before, asked, overlap, limit, delta */
static const struct sum_row rows[] = {
	/* mlock: locked + asked - overlap */
	{ { "mlock_adds_to_what_is_locked", OP(MLOCK), 0, PASSED, 60 * K, 16 * K, 0, NONE,
	    .delta = 16 * K }, COUNTER(VMLCK), 76 * K },
	{ { "mlock_takes_off_what_it_finds_locked", OP(MLOCK), 0, PASSED, 60 * K, 16 * K, 0, NONE,
	    .delta = 4 * K }, COUNTER(VMLCK), 64 * K },
	{ { "mlock_of_what_is_locked_already_needs_what_there_is", OP(MLOCK2), 0, PASSED, 60 * K, 16 * K,
	    0, NONE }, COUNTER(VMLCK), 60 * K },
	{ { "mlock_cannot_have_found_more_locked_than_there_was", OP(MLOCK), 0, PASSED, 4 * K, 2 * M, 0,
	    NONE }, COUNTER(VMLCK), 2 * M },
	{ { "mlock_of_nothing_needs_some_limit", OP(MLOCK), 0, PASSED, 0, 0, 0, NONE }, COUNTER(VMLCK),
	  4 * K },
	{ { "mlock_of_nothing_is_compared_with_what_there_is", OP(MLOCK), 0, PASSED, 60 * K, 0, 0, NONE },
	  COUNTER(VMLCK), 60 * K },
	{ { "mlock_needs_the_same_with_the_capability", OP(MLOCK), 0, PASSED | F(CAPABLE), 60 * K, 16 * K,
	    0, 64 * K, .delta = 16 * K }, COUNTER(VMLCK), 76 * K },
	{ { "mlock_that_could_not_fault_in_had_passed", OP(MLOCK), -ENOMEM,
	    PASSED | F(POPULATED) | F(POPULATE_FAILED), 4 * K, 24 * K, 0, NONE, .delta = 24 * K,
	    .inner_ret = -EFAULT }, COUNTER(VMLCK), 28 * K },
	{ { "mlock_that_met_a_hole_had_asked_for_all_of_it", OP(MLOCK), -ENOMEM, PASSED | F(HOLE), 0,
	    48 * K, 0, NONE, .delta = 16 * K }, COUNTER(VMLCK), 48 * K },
	{ { "mlock_with_bad_flags_compared_nothing", OP(MLOCK2), -EINVAL, F(UNKNOWN_FLAGS), 4 * K, 8 * K,
	    0, NONE }, COUNTER(VMLCK), 0 },
	{ { "mlock_answered_by_seccomp_compared_nothing", OP(MLOCK), 0, F(SECCOMP), 4 * K, 8 * K, 0,
	    NONE }, COUNTER(VMLCK), 0 },
	{ { "a_counter_below_zero_is_no_need", OP(MLOCK), 0, PASSED, -64 * K, 8 * K, 0, NONE,
	    .delta = 8 * K }, COUNTER(VMLCK), 8 * K },

	/* mlockall: the whole address space, or nothing */
	{ { "mlockall_compares_the_whole_address_space", OP(MLOCKALL), 0, F(MCL_CURRENT), 60 * K, 12 * M,
	    0, NONE, .delta = 4 * M, .arg = MCL_CURRENT | MCL_FUTURE }, COUNTER(VMLCK), 12 * M },
	{ { "mlockall_of_the_future_needs_some_limit", OP(MLOCKALL), 0, F(MCL_FUTURE), 60 * K, 12 * M, 0,
	    NONE, .arg = MCL_FUTURE }, COUNTER(VMLCK), 4 * K },

	/* mmap, brk, stack, mremap: locked + asked, nothing taken off */
	{ { "mmap_adds_to_what_is_locked", OP(MMAP), 0, F(MAP_LOCKED), 60 * K, 8 * K, 0, NONE,
	    .delta = 8 * K, .sysno = MMAP }, COUNTER(VMLCK), 68 * K },
	{ { "mmap_counts_what_it_replaces_twice", OP(MMAP), 0, F(ARMED), 60 * K, 16 * K, 0, NONE,
	    .delta = 4 * K, .arg = MAP_FIXED, .sysno = MMAP }, COUNTER(VMLCK), 76 * K },
	{ { "mmap_that_changes_nothing_was_compared", OP(MMAP), 0, F(ARMED), 60 * K, 16 * K, 0, NONE,
	    .arg = MAP_FIXED, .sysno = MMAP }, COUNTER(VMLCK), 76 * K },
	{ { "mmap_that_replaces_more_than_it_locks_was_compared", OP(MMAP), 0, F(MAP_LOCKED), 60 * K,
	    16 * K, 0, NONE, .delta = -4096, .arg = MAP_FIXED, .sysno = MMAP }, COUNTER(VMLCK), 76 * K },
	{ { "mmap_of_ordinary_memory_over_locked_was_not", OP(MMAP), 0, 0, 60 * K, 16 * K, 0, NONE,
	    .delta = -16384, .arg = MAP_FIXED, .sysno = MMAP }, COUNTER(VMLCK), 0 },
	{ { "brk_adds_to_what_is_locked", OP(BRK), 0, F(ARMED), 60 * K, 132 * K, 0, NONE,
	    .delta = 132 * K, .sysno = BRK }, COUNTER(VMLCK), 192 * K },
	{ { "brk_that_shrinks_compares_nothing", OP(BRK), 0, F(ARMED), 60 * K, 0, 0, NONE,
	    .delta = -4096, .sysno = BRK }, COUNTER(VMLCK), 0 },
	{ { "stack_adds_to_what_is_locked", OP(STACK), 0, F(ARMED), 60 * K, 8 * K, 0, NONE,
	    .delta = 8 * K, .sysno = -1 }, COUNTER(VMLCK), 68 * K },
	{ { "mremap_asks_for_what_it_grows_by", OP(MREMAP), 0, 0, 60 * K, 12 * K, 16 * K, NONE,
	    .delta = 12 * K, .sysno = MREMAP }, COUNTER(VMLCK), 72 * K },
	{ { "mremap_that_only_moves_compares_nothing", OP(MREMAP), 0, 0, 60 * K, 0, 16 * K, NONE,
	    .delta = -4096, .sysno = MREMAP }, COUNTER(VMLCK), 0 },
	{ { "unlocking_compares_nothing", OP(MUNLOCK), 0, F(STEPS), 60 * K, 16 * K, 0, NONE,
	    .delta = -16384 }, COUNTER(VMLCK), 0 },
	{ { "unmapping_compares_nothing", OP(MUNMAP), 0, 0, 60 * K, 16 * K, 0, NONE, .delta = -16384 },
	  COUNTER(VMLCK), 0 },
	{ { "what_nobody_knows_needs_what_it_came_to", OP(UNATTRIBUTED), 0, 0, 60 * K, 0, 0, NONE,
	    .delta = 8 * K }, COUNTER(VMLCK), 68 * K },
	{ { "the_end_compares_nothing", OP(EXIT), 0, 0, 60 * K, 0, 0, NONE, .delta = -60 * 1024 },
	  COUNTER(VMLCK), 0 },
	{ { "a_new_limit_compares_nothing", OP(SETRLIMIT), 0, 0, 60 * K, 0, 0, 64 * K }, COUNTER(NONE), 0 },

	/* the other counters */
	{ { "shm_lock_adds_to_the_user_s", OP(SHM_LOCK), 0, 0, 60 * K, 16 * K, 0, NONE,
	    .delta = 16 * K }, COUNTER(SHM), 76 * K },
	{ { "shm_lock_of_a_locked_segment_compares_nothing", OP(SHM_LOCK), 0, 0, 60 * K, 0, 0, NONE },
	  COUNTER(SHM), 0 },
	{ { "shm_lock_with_an_unread_counter_does_not_say", OP(SHM_LOCK), 0, F(NO_BEFORE), 0, 16 * K, 0,
	    NONE, .delta = 16 * K }, COUNTER(SHM), 0 },
	{ { "huge_segments_are_no_matter_of_the_limit", OP(SHM_HUGETLB), 0, 0, 0, 2 * M, 0, NONE },
	  COUNTER(SHM), 0 },
	{ { "io_uring_adds_to_the_user_s", OP(IO_URING), 0, 0, 60 * K, 256 * K, 0, NONE,
	    .delta = 256 * K }, COUNTER(USER), 316 * K },
	{ { "io_uring_adds_to_vmpin_without_a_test", OP(IO_URING), 0, 0, 60 * K, 256 * K, 0, NONE,
	    .delta = 256 * K }, COUNTER(VMPIN), 0 },
	{ { "io_uring_that_gives_back_compares_nothing", OP(IO_URING), 0, 0, 316 * K, 0, 0, NONE,
	    .delta = -256 * 1024 }, COUNTER(USER), 0 },
	{ { "perf_pool_is_the_user_s_without_a_test", OP(PERF_MMAP), 0, 0, 0, 516 * K, 0, NONE,
	    .delta = 516 * K }, COUNTER(PERF), 0 },
	{ { "perf_pool_of_older_kernels_likewise", OP(PERF_MMAP), 0, 0, 0, 516 * K, 0, NONE,
	    .delta = 516 * K }, COUNTER(USER), 0 },
	{ { "perf_ring_beyond_the_pool_adds_to_vmpin", OP(PERF_MMAP), 0, 0, 60 * K, 512 * K, 0, NONE,
	    .delta = 512 * K }, COUNTER(VMPIN), 572 * K },
	{ { "xdp_umem_adds_to_the_user_s", OP(XDP_UMEM), 0, 0, 4 * K, 16 * K, 0, NONE, .delta = 16 * K },
	  COUNTER(USER), 20 * K },
	{ { "zerocopy_adds_to_the_user_s", OP(ZEROCOPY), 0, 0, 4 * K, 12 * K, 0, NONE, .delta = 12 * K },
	  COUNTER(USER), 16 * K },
	{ { "secretmem_adds_to_the_user_s", OP(SECRETMEM), 0, 0, 4 * K, 4 * K, 0, NONE, .delta = 4 * K },
	  COUNTER(USER), 8 * K },
	{ { "pages_for_a_device_need_what_they_came_to", OP(ACCOUNT_LOCKED_VM), 0, 0, 60 * K, 0, 0, NONE,
	    .delta = 16 * K }, COUNTER(VMLCK), 76 * K },
	{ { "pinned_pages_need_what_they_came_to", OP(PIN), 0, 0, 60 * K, 0, 0, NONE, .delta = 16 * K },
	  COUNTER(VMPIN), 76 * K },
};

static void run_sum_rows(void)
{
	for (size_t i = 0; i < KTAP_SIZE(rows); i++) {
		struct mlocktrace_event event = event_of(&rows[i].row);

		ktap_begin();
		event.counter = rows[i].counter;
		check_int(mlocktrace_least_limit(&event), rows[i].least);
		check_int(mlocktrace_needed_limit(&event), 0);
		ktap_end(rows[i].row.name);
	}
}

/* An operation that adds to a counter and is compared with the limit is in the table as such. */
static void every_op_that_adds_has_a_row(void)
{
	for (unsigned int op = MLOCKTRACE_OP_LOST + 1; op < MLOCKTRACE_OP_MAX; op++) {
		bool has = false;

		switch (op) {
		case MLOCKTRACE_OP_MUNLOCKALL:
		case MLOCKTRACE_OP_EXEC:
		case MLOCKTRACE_OP_FORK:
		case MLOCKTRACE_OP_SHM_UNLOCK:
			continue;
		}
		for (size_t i = 0; i < KTAP_SIZE(rows); i++)
			has |= rows[i].row.op == op;
		if (!check(has))
			printf("# %s\n", mlocktrace_op_name(op));
	}
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(every_op_that_adds_has_a_row),
	};

	ktap_plan(KTAP_SIZE(rows) + KTAP_SIZE(tests));
	run_sum_rows();
	ktap_run_all(tests, KTAP_SIZE(tests));
	return ktap_status();
}
