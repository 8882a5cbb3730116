// SPDX-License-Identifier: GPL-2.0
/*
 * The truth table of what changes mappings: mmap and its kin, brk, the stack,
 * mremap, munmap. A row is one situation, named for what a reader should learn
 * from it.
 */
#include <sys/mman.h>

#include "cause_rows.h"

/* Numbers of system calls on x86-64, and of 32-bit programs there */
enum { MMAP = 9, BRK = 12, MREMAP = 25, SHMAT = 30, IO_SETUP = 206, REMAP_FILE_PAGES = 216, NOT_IN_CALL = -1 };
enum { COMPAT_IO_SETUP = 245, COMPAT_REMAP_FILE_PAGES = 257 };

static const struct row rows[] = {
	/* mmap */
	{ "mmap_that_worked_is_ok", OP(MMAP), 0, F(MAP_LOCKED), .delta = 16 * K, IS(OK) },
	{ "mmap_of_a_locked_page_too_many_is_over_the_limit", OP(MMAP), -EAGAIN, F(MAP_LOCKED), 60 * K,
	  8 * K, 0, 64 * K, .sysno = MMAP, IS(OVER_LIMIT), .needed = 68 * K },
	{ "mmap_under_mcl_future_is_over_the_limit", OP(MMAP), -EAGAIN, F(ARMED), 60 * K, 16 * M, 0, 8 * M,
	  .sysno = MMAP, IS(OVER_LIMIT), .needed = 60 * K + 16 * M },
	{ "mmap_under_mcl_future_with_a_limit_of_zero_is_over_it", OP(MMAP), -EAGAIN, F(ARMED), 0, 4 * K,
	  .sysno = MMAP, IS(OVER_LIMIT), .needed = 4 * K },
	{ "mmap_exactly_at_the_limit_met_a_driver", OP(MMAP), -EAGAIN, F(MAP_LOCKED), 60 * K, 4 * K, 0,
	  64 * K, .sysno = MMAP, IS(OTHER) },
	{ "mmap_that_nobody_wanted_locked_met_a_driver", OP(MMAP), -EAGAIN, F(STEPS), 60 * K, 16 * M, 0,
	  64 * K, .sysno = MMAP, IS(OTHER) },
	{ "mmap_asked_for_a_capability_only_because_it_was_to_be_locked", OP(MMAP), -EAGAIN, F(CAP_DENIED),
	  60 * K, 16 * M, 0, 64 * K, .sysno = MMAP, IS(OVER_LIMIT), .needed = 60 * K + 16 * M },
	{ "mmap_past_the_limit_met_a_driver", OP(MMAP), -EAGAIN, F(ARMED) | PASSED, 60 * K, 16 * K, 0,
	  64 * K, IS(OTHER) },
	{ "mmap_that_unmapped_its_target_was_past_the_limit", OP(MMAP), -EAGAIN, F(ARMED), 60 * K, 16 * K,
	  0, 64 * K, .delta = -16384, IS(OTHER) },
	{ "mmap_with_the_capability_met_a_driver", OP(MMAP), -EAGAIN, F(ARMED) | F(CAPABLE), 60 * K, 16 * M,
	  0, 64 * K, IS(OTHER) },
	{ "mmap_takes_nothing_off_for_what_it_replaces", OP(MMAP), -EAGAIN, F(MAP_LOCKED), 60 * K, 8 * K,
	  8 * K, 64 * K, .arg = MAP_FIXED, .sysno = MMAP, IS(OVER_LIMIT), .needed = 68 * K },
	{ "mmap_map_locked_with_a_limit_of_zero", OP(MMAP), -EPERM, F(MAP_LOCKED), 0, 16 * K, .sysno = MMAP,
	  IS(LIMIT_ZERO), .needed = 16 * K },
	{ "mmap_map_locked_refused_with_a_limit_above_zero", OP(MMAP), -EPERM, F(MAP_LOCKED), .limit = 4 * K,
	  IS(DENIED) },
	{ "mmap_map_locked_refused_although_capable", OP(MMAP), -EPERM, F(MAP_LOCKED) | F(CAPABLE),
	  IS(DENIED) },
	{ "mmap_without_map_locked_needs_no_permission_to_lock", OP(MMAP), -EPERM, F(ARMED), IS(DENIED) },
	{ "mmap_refused_by_seccomp", OP(MMAP), -EAGAIN, F(ARMED) | F(SECCOMP), 60 * K, 16 * K, 0, 64 * K,
	  IS(DENIED) },
	{ "mmap_killed_while_waiting", OP(MMAP), -EINTR, F(ARMED), IS(INTERRUPTED) },
	{ "mmap_enomem_is_not_the_limit", OP(MMAP), -ENOMEM, F(ARMED), 60 * K, 16 * M, 0, 64 * K,
	  .sysno = MMAP, IS(NO_MEMORY) },
	{ "mmap_at_the_map_limit", OP(MMAP), -ENOMEM, F(ARMED) | F(MAP_LIMIT), IS(TOO_MANY_MAPS) },
	{ "mmap_over_rlimit_as", OP(MMAP), -ENOMEM, F(ARMED) | F(RLIMIT_AS) | F(MAP_LIMIT), IS(OTHER) },
	{ "mmap_with_bad_arguments", OP(MMAP), -EINVAL, F(ARMED), 60 * K, 16 * M, 0, 64 * K, IS(OTHER) },
	{ "shmat_under_mcl_future_is_over_the_limit", OP(MMAP), -EAGAIN, F(ARMED), 60 * K, 16 * K, 0,
	  64 * K, .sysno = SHMAT, IS(OVER_LIMIT), .needed = 76 * K },
	{ "io_setup_hides_the_limit_behind_enomem", OP(MMAP), -ENOMEM, F(ARMED), 60 * K, 16 * K, 0, 64 * K,
	  .sysno = IO_SETUP, IS(OVER_LIMIT), .needed = 76 * K },
	{ "io_setup_of_a_32_bit_program_hides_it_too", OP(MMAP), -ENOMEM, F(ARMED) | F(COMPAT), 60 * K,
	  16 * K, 0, 64 * K, .sysno = COMPAT_IO_SETUP, IS(OVER_LIMIT), .needed = 76 * K },
	{ "io_setup_whose_mapping_said_eagain_is_over_the_limit", OP(MMAP), -ENOMEM, F(ARMED), 60 * K,
	  16 * K, 0, 128 * K, .inner_ret = -EAGAIN, .sysno = IO_SETUP, IS(OVER_LIMIT), .needed = 76 * K },
	{ "io_setup_that_fits_found_no_memory", OP(MMAP), -ENOMEM, F(ARMED), 48 * K, 16 * K, 0, 64 * K,
	  .sysno = IO_SETUP, IS(NO_MEMORY) },
	{ "io_setup_s_number_means_another_call_to_32_bit_programs", OP(MMAP), -ENOMEM, F(ARMED) | F(COMPAT),
	  60 * K, 16 * K, 0, 64 * K, .sysno = IO_SETUP, IS(NO_MEMORY) },
	{ "remap_file_pages_of_a_locked_mapping_is_over_the_limit", OP(MMAP), -EAGAIN, 0, 60 * K, 16 * K, 0,
	  64 * K, .sysno = REMAP_FILE_PAGES, IS(OVER_LIMIT), .needed = 76 * K },
	{ "remap_file_pages_with_a_limit_of_zero", OP(MMAP), -EPERM, F(COMPAT), 16 * K, 16 * K,
	  .sysno = COMPAT_REMAP_FILE_PAGES, IS(LIMIT_ZERO), .needed = 32 * K },

	/* brk */
	{ "brk_that_grew_is_ok", OP(BRK), 0, F(ARMED), .delta = 132 * K, IS(OK) },
	{ "brk_whose_inner_check_said_so_is_over_the_limit", OP(BRK), -ENOMEM, F(ARMED), 60 * K, 132 * K, 0,
	  64 * K, .inner_ret = -EAGAIN, .sysno = BRK, IS(OVER_LIMIT), .needed = 192 * K },
	{ "brk_whose_inner_check_said_so_needs_no_arithmetic", OP(BRK), -ENOMEM, F(ARMED), 60 * K, 4 * K, 0,
	  64 * K, .inner_ret = -EAGAIN, IS(OVER_LIMIT), .needed = 64 * K },
	{ "brk_over_the_limit_by_arithmetic", OP(BRK), -ENOMEM, F(ARMED), 60 * K, 8 * K, 0, 64 * K,
	  IS(OVER_LIMIT), .needed = 68 * K },
	{ "brk_over_two_limits_met_this_one_first", OP(BRK), -ENOMEM, F(ARMED) | F(RLIMIT_AS), 60 * K, 8 * K,
	  0, 64 * K, IS(OVER_LIMIT), .needed = 68 * K },
	{ "brk_exactly_at_the_limit_found_no_memory", OP(BRK), -ENOMEM, F(ARMED), 60 * K, 4 * K, 0, 64 * K,
	  IS(NO_MEMORY) },
	{ "brk_without_mcl_future_is_not_locked", OP(BRK), -ENOMEM, 0, 60 * K, 132 * K, 0, 64 * K,
	  IS(NO_MEMORY) },
	{ "brk_with_the_capability_found_no_memory", OP(BRK), -ENOMEM, F(ARMED) | F(CAPABLE), 60 * K,
	  132 * K, 0, 64 * K, IS(NO_MEMORY) },
	{ "brk_whose_inner_step_said_enomem_found_no_memory", OP(BRK), -ENOMEM, F(ARMED), 60 * K, 132 * K, 0,
	  64 * K, .inner_ret = -ENOMEM, IS(NO_MEMORY) },
	{ "brk_past_the_limit_found_no_memory", OP(BRK), -ENOMEM, F(ARMED) | PASSED, 60 * K, 132 * K, 0,
	  64 * K, IS(NO_MEMORY) },
	{ "brk_over_rlimit_data_that_fits_this_limit", OP(BRK), -ENOMEM, F(ARMED) | F(RLIMIT_AS), 0, 4 * K,
	  0, 64 * K, IS(OTHER) },
	{ "brk_at_the_map_limit", OP(BRK), -ENOMEM, F(ARMED) | F(MAP_LIMIT), 0, 4 * K, 0, 64 * K,
	  IS(TOO_MANY_MAPS) },
	{ "brk_killed_while_waiting", OP(BRK), -EINTR, IS(INTERRUPTED) },
	{ "brk_refused_by_seccomp", OP(BRK), -ENOMEM, F(ARMED) | F(SECCOMP), 60 * K, 8 * K, 0, 64 * K,
	  IS(DENIED) },
	{ "brk_with_an_errno_of_no_rule", OP(BRK), -EIO, F(ARMED), 60 * K, 8 * K, 0, 64 * K, IS(OTHER) },

	/* the stack */
	{ "stack_that_grew_is_ok", OP(STACK), .delta = 4 * K, .sysno = NOT_IN_CALL, IS(OK) },
	{ "stack_over_the_limit", OP(STACK), -ENOMEM, F(ARMED), 60 * K, 8 * K, 0, 64 * K,
	  .sysno = NOT_IN_CALL, IS(OVER_LIMIT), .needed = 68 * K },
	{ "stack_locked_by_mlock_over_the_limit", OP(STACK), -ENOMEM, 0, 60 * K, 8 * K, 0, 64 * K,
	  IS(OVER_LIMIT), .needed = 68 * K },
	{ "stack_grown_by_another_process_over_its_limit", OP(STACK), -ENOMEM, F(REMOTE), 60 * K, 8 * K, 0,
	  64 * K, IS(OVER_LIMIT), .needed = 68 * K },
	{ "stack_exactly_at_the_limit_met_something_else", OP(STACK), -ENOMEM, F(ARMED), 60 * K, 4 * K, 0,
	  64 * K, .sysno = NOT_IN_CALL, IS(OTHER) },
	{ "stack_with_the_capability_met_something_else", OP(STACK), -ENOMEM, F(CAPABLE), 60 * K, 8 * K, 0,
	  64 * K, IS(OTHER) },
	{ "stack_over_rlimit_stack_never_came_to_this_limit", OP(STACK), -ENOMEM, F(RLIMIT_STACK), 60 * K,
	  8 * K, 0, 64 * K, IS(OTHER) },
	{ "stack_over_rlimit_as_never_came_to_this_limit", OP(STACK), -ENOMEM, F(RLIMIT_AS), 60 * K, 8 * K,
	  0, 64 * K, IS(OTHER) },
	{ "stack_past_the_limit_met_something_else", OP(STACK), -ENOMEM, PASSED, 60 * K, 8 * K, 0, 64 * K,
	  IS(OTHER) },

	/* mremap; its old length lies where mlock's overlap does */
	{ "mremap_that_grew_is_ok", OP(MREMAP), 0, 0, 64 * K, 64 * K, 64 * K, .delta = 64 * K, IS(OK) },
	{ "mremap_eagain_is_the_limit", OP(MREMAP), -EAGAIN, 0, 60 * K, 8 * K, 60 * K, 64 * K,
	  .sysno = MREMAP, IS(OVER_LIMIT), .needed = 68 * K },
	{ "mremap_unmapped_its_target_before_it_asked", OP(MREMAP), -EAGAIN, F(ARMED), 60 * K, 32 * K,
	  32 * K, 64 * K, .delta = -16384, IS(OVER_LIMIT), .needed = 76 * K },
	{ "mremap_of_no_mapping", OP(MREMAP), -EFAULT, 0, 60 * K, 8 * K, 4 * K, 64 * K, IS(NOT_MAPPED) },
	{ "mremap_enomem_is_not_the_limit", OP(MREMAP), -ENOMEM, 0, 60 * K, 8 * K, 4 * K, 64 * K,
	  IS(NO_MEMORY) },
	{ "mremap_at_the_map_limit", OP(MREMAP), -ENOMEM, F(MAP_LIMIT), IS(TOO_MANY_MAPS) },
	{ "mremap_over_rlimit_as", OP(MREMAP), -ENOMEM, F(RLIMIT_AS), IS(OTHER) },
	{ "mremap_with_bad_arguments", OP(MREMAP), -EINVAL, 0, 60 * K, 8 * K, 4 * K, 64 * K, IS(OTHER) },
	{ "mremap_of_a_sealed_mapping", OP(MREMAP), -EPERM, IS(DENIED) },
	{ "mremap_killed_while_waiting", OP(MREMAP), -EINTR, IS(INTERRUPTED) },

	/* munmap, unattributed */
	{ "munmap_that_worked_is_ok", OP(MUNMAP), .before = 64 * K, .delta = -16384, IS(OK) },
	{ "munmap_of_a_part_at_the_map_limit", OP(MUNMAP), -ENOMEM, F(MAP_LIMIT), IS(TOO_MANY_MAPS) },
	{ "munmap_of_a_part_without_memory", OP(MUNMAP), -ENOMEM, 0, 64 * K, 0, 0, 4 * K, IS(NO_MEMORY) },
	{ "munmap_with_bad_arguments", OP(MUNMAP), -EINVAL, IS(OTHER) },
	{ "munmap_of_a_sealed_mapping", OP(MUNMAP), -EPERM, IS(DENIED) },
	{ "munmap_killed_while_waiting", OP(MUNMAP), -EINTR, IS(INTERRUPTED) },
	{ "unattributed_is_ok", OP(UNATTRIBUTED), .delta = 4 * K, IS(OK) },
};

static void every_cause_that_an_op_can_meet_has_a_row(void)
{
	check_coverage(rows, KTAP_SIZE(rows), MLOCKTRACE_OP_MMAP, MLOCKTRACE_OP_SHM_LOCK);
}

/* Where the sum decides, the need passes and a byte less does not. */
static void needed_limits_are_enough_and_a_byte_less_is_not(void)
{
	size_t tried = 0;

	for (size_t i = 0; i < KTAP_SIZE(rows); i++) {
		struct mlocktrace_event event = event_of(&rows[i]);

		if (rows[i].cause != MLOCKTRACE_CAUSE_OVER_LIMIT || event.op == MLOCKTRACE_OP_MREMAP)
			continue;
		event.inner_ret = 0;
		event.limit = rows[i].needed;
		check(mlocktrace_cause(&event) != MLOCKTRACE_CAUSE_OVER_LIMIT);
		event.limit = rows[i].needed - 1;
		check_int(mlocktrace_cause(&event), MLOCKTRACE_CAUSE_OVER_LIMIT);
		tried++;
	}
	check(tried > 10);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(every_cause_that_an_op_can_meet_has_a_row),
		KTAP_TEST(needed_limits_are_enough_and_a_byte_less_is_not),
	};

	ktap_plan(KTAP_SIZE(rows) + KTAP_SIZE(tests));
	run_rows(rows, KTAP_SIZE(rows));
	ktap_run_all(tests, KTAP_SIZE(tests));
	return ktap_status();
}
