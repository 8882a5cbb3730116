// SPDX-License-Identifier: GPL-2.0
/*
 * The truth table of the lock calls and setrlimit: a row is one situation,
 * named for what a reader should learn from it. At the end: every cause that an
 * op can meet has a row. Tables of the other ops: cause_map.c, cause_pool.c.
 */
#include <sys/mman.h>

#include "cause_rows.h"

static const struct row rows[] = {
	/* What works is ok, whatever else is known. */
	{ "mlock_that_worked_is_ok", OP(MLOCK), 0, PASSED | F(POPULATED), .delta = 4 * K, IS(OK) },
	{ "mlock2_that_worked_is_ok", OP(MLOCK2), 0, PASSED, IS(OK) },
	{ "munlock_that_worked_is_ok", OP(MUNLOCK), 0, F(STEPS), IS(OK) },
	{ "mlockall_that_skipped_mappings_is_ok", OP(MLOCKALL), 0, F(PARTIAL), IS(OK) },
	{ "munlockall_that_worked_is_ok", OP(MUNLOCKALL), IS(OK) },
	{ "exec_is_ok", OP(EXEC), IS(OK) },
	{ "exit_is_ok", OP(EXIT), IS(OK) },
	{ "fork_is_ok", OP(FORK), IS(OK) },
	{ "setrlimit_that_worked_is_ok", OP(SETRLIMIT), IS(OK) },
	{ "lost_records_are_no_failure", OP(LOST), IS(OK) },
	{ "zero_from_a_seccomp_filter_is_ok", OP(MLOCK), 0, F(SECCOMP), IS(OK) },

	/* mlock and the limit, with its steps watched */
	{ "mlock_not_past_the_limit_is_over_it", OP(MLOCK), -ENOMEM, F(STEPS) | F(CAP_DENIED), 60 * K,
	  16 * M, 0, 8 * M, IS(OVER_LIMIT), .needed = 60 * K + 16 * M },
	{ "mlock2_not_past_the_limit_is_over_it", OP(MLOCK2), -ENOMEM, F(STEPS), 64 * K, 4 * K, 0, 64 * K,
	  IS(OVER_LIMIT), .needed = 68 * K },
	{ "what_was_locked_already_lowers_the_need", OP(MLOCK), -ENOMEM, F(STEPS) | F(OVERLAP_KNOWN),
	  60 * K, 70 * K, 40 * K, 64 * K, IS(OVER_LIMIT), .needed = 90 * K },
	{ "mlock_of_nothing_above_a_lowered_limit_is_over_it", OP(MLOCK), -ENOMEM, F(STEPS), 64 * K, 0, 0,
	  4 * K, IS(OVER_LIMIT), .needed = 64 * K },
	{ "a_need_beyond_64_bits_is_no_limit_at_all", OP(MLOCK), -ENOMEM, F(STEPS), 64 * K, -8 * K, 0,
	  64 * K, IS(OVER_LIMIT), .needed = NONE },

	{ "mlock_whose_later_steps_were_missed_is_judged_by_its_sum", OP(MLOCK), -ENOMEM, F(STEPS), 60 * K,
	  4 * K, 0, 64 * K, IS(NOT_MAPPED) },

	/* ... and by tracepoints only */
	{ "exactly_at_the_limit_is_not_over_it", OP(MLOCK), -ENOMEM, 0, 60 * K, 4 * K, 0, 64 * K,
	  IS(NOT_MAPPED) },
	{ "one_page_over_a_known_sum_is_over_it", OP(MLOCK), -ENOMEM, F(OVERLAP_KNOWN), 60 * K, 8 * K, 0,
	  64 * K, IS(OVER_LIMIT), .needed = 68 * K },
	{ "a_known_overlap_that_just_fits_is_not_over_it", OP(MLOCK), -ENOMEM, F(OVERLAP_KNOWN), 60 * K,
	  8 * K, 4 * K, 64 * K, IS(NOT_MAPPED) },
	{ "a_known_overlap_one_page_short_is_over_it", OP(MLOCK), -ENOMEM, F(OVERLAP_KNOWN), 60 * K,
	  12 * K, 4 * K, 64 * K, IS(OVER_LIMIT), .needed = 68 * K },
	{ "asking_for_more_than_the_limit_is_surely_over_it", OP(MLOCK), -ENOMEM, 0, 0, 68 * K, 0, 64 * K,
	  IS(OVER_LIMIT), .needed = 68 * K },
	{ "having_more_than_the_limit_is_surely_over_it", OP(MLOCK), -ENOMEM, 0, 68 * K, 0, 0, 64 * K,
	  IS(OVER_LIMIT), .needed = 68 * K },
	{ "a_sum_over_the_limit_with_unknown_overlap_is_not_sure", OP(MLOCK), -ENOMEM, 0, 64 * K, 4 * K, 0,
	  64 * K, IS(OTHER) },
	{ "asking_for_just_the_limit_is_not_sure", OP(MLOCK), -ENOMEM, 0, 4 * K, 64 * K, 0, 64 * K,
	  IS(OTHER) },
	{ "a_lower_bound_of_the_overlap_is_not_sure", OP(MLOCK), -ENOMEM, 0, 60 * K, 12 * K, 4 * K, 64 * K,
	  IS(OTHER) },
	{ "unsure_but_with_a_hole_is_a_hole", OP(MLOCK), -ENOMEM, F(HOLE), 64 * K, 4 * K, 0, 64 * K,
	  IS(NOT_MAPPED) },
	{ "a_hole_does_not_hide_what_is_surely_over_the_limit", OP(MLOCK), -ENOMEM, F(HOLE), 0, 68 * K, 0,
	  64 * K, IS(OVER_LIMIT), .needed = 68 * K },
	{ "unsure_at_the_map_limit_is_too_many_maps", OP(MLOCK), -ENOMEM, F(MAP_LIMIT), 64 * K, 4 * K, 0,
	  64 * K, IS(TOO_MANY_MAPS) },
	{ "a_changed_counter_means_past_the_limit", OP(MLOCK), -ENOMEM, 0, 60 * K, 68 * K, 0, 64 * K,
	  .delta = 4 * K, IS(NOT_MAPPED) },
	{ "a_changed_sample_does_not_mean_past_the_limit", OP(MLOCK), -ENOMEM, F(SAMPLED), 60 * K, 68 * K,
	  0, 64 * K, .delta = 4 * K, IS(OVER_LIMIT), .needed = 128 * K },
	{ "with_the_capability_it_is_not_the_limit", OP(MLOCK), -ENOMEM, F(CAPABLE), 0, 68 * K, 0, 64 * K,
	  IS(NOT_MAPPED) },
	{ "a_capability_that_was_denied_does_not_count", OP(MLOCK), -ENOMEM, F(CAPABLE) | F(CAP_DENIED), 0,
	  68 * K, 0, 64 * K, IS(OVER_LIMIT), .needed = 68 * K },
	{ "without_a_limit_it_is_not_the_limit", OP(MLOCK), -ENOMEM, 0, 1ULL << 46, 1ULL << 46, 0, NONE,
	  IS(NOT_MAPPED) },
	{ "a_sum_beyond_64_bits_is_over_any_limit", OP(MLOCK), -ENOMEM, F(OVERLAP_KNOWN), 64 * K, -8 * K,
	  0, NONE - 1, IS(OVER_LIMIT), .needed = NONE },
	{ "a_counter_below_zero_is_a_huge_one", OP(MLOCK), -ENOMEM, F(OVERLAP_KNOWN), -64 * K, 4 * K, 0,
	  64 * K, IS(OVER_LIMIT), .needed = NONE },
	{ "a_counter_below_zero_can_be_made_up_for", OP(MLOCK), -ENOMEM, F(OVERLAP_KNOWN), -64 * K,
	  128 * K, 0, 64 * K, IS(NOT_MAPPED) },

	/* mlock behind the limit */
	{ "mlock_past_the_limit_met_a_hole", OP(MLOCK), -ENOMEM, PASSED | F(HOLE), 0, 68 * K, 0, 64 * K,
	  .delta = 16 * K, IS(NOT_MAPPED) },
	{ "mlock_past_the_limit_met_a_hole_unseen", OP(MLOCK), -ENOMEM, PASSED, IS(NOT_MAPPED) },
	{ "mlock2_past_the_limit_met_a_hole", OP(MLOCK2), -ENOMEM, PASSED | F(HOLE), IS(NOT_MAPPED) },
	{ "mlock_split_at_the_map_limit", OP(MLOCK), -ENOMEM, PASSED | F(SPLIT_FAILED) | F(MAP_LIMIT),
	  IS(TOO_MANY_MAPS) },
	{ "mlock2_split_at_the_map_limit", OP(MLOCK2), -ENOMEM, PASSED | F(SPLIT_FAILED) | F(MAP_LIMIT),
	  IS(TOO_MANY_MAPS) },
	{ "mlock_split_without_memory", OP(MLOCK), -ENOMEM, PASSED | F(SPLIT_FAILED), IS(NO_MEMORY) },
	{ "mlock_at_the_map_limit_that_split_well_met_a_hole", OP(MLOCK), -ENOMEM, PASSED | F(MAP_LIMIT),
	  IS(NOT_MAPPED) },
	{ "mlock_unwatched_at_the_map_limit", OP(MLOCK), -ENOMEM, F(MAP_LIMIT), .limit = 64 * K,
	  IS(TOO_MANY_MAPS) },
	{ "mlock_unwatched_at_the_map_limit_with_a_hole", OP(MLOCK), -ENOMEM, F(MAP_LIMIT) | F(HOLE),
	  .limit = 64 * K, IS(NOT_MAPPED) },
	{ "mlock_that_cannot_fault_in", OP(MLOCK), -ENOMEM, PASSED | F(POPULATED) | F(POPULATE_FAILED),
	  .delta = 24 * K, .inner_ret = -EFAULT, IS(POPULATE_FAILED) },
	{ "mlock2_that_cannot_fault_in", OP(MLOCK2), -ENOMEM, PASSED | F(POPULATE_FAILED),
	  .inner_ret = -EFAULT, IS(POPULATE_FAILED) },
	{ "mlock_that_finds_no_memory_to_fault_in", OP(MLOCK), -ENOMEM, PASSED | F(POPULATE_FAILED),
	  .inner_ret = -ENOMEM, IS(NO_MEMORY) },
	{ "mlock_unwatched_that_went_on_to_fault_in", OP(MLOCK), -ENOMEM, F(POPULATED), 0, 68 * K, 0,
	  64 * K, IS(POPULATE_FAILED) },
	{ "mlock_that_meets_poison", OP(MLOCK), -EHWPOISON, PASSED | F(POPULATED), IS(POPULATE_FAILED) },
	{ "mlock2_that_meets_poison", OP(MLOCK2), -EHWPOISON, F(POPULATE_FAILED), IS(POPULATE_FAILED) },
	{ "mlock_eagain_is_short_memory", OP(MLOCK), -EAGAIN, PASSED | F(POPULATED), IS(NO_MEMORY) },
	{ "mlock2_eagain_is_short_memory", OP(MLOCK2), -EAGAIN, IS(NO_MEMORY) },
	{ "mlock_with_an_errno_of_no_rule", OP(MLOCK), -EIO, PASSED, IS(OTHER) },
	{ "mlock2_with_an_errno_of_no_rule", OP(MLOCK2), -EIO, PASSED, IS(OTHER) },

	/* arguments, permission, signals */
	{ "mlock_that_wraps_around", OP(MLOCK), -EINVAL, PASSED, IS(BAD_RANGE) },
	{ "mlock2_that_wraps_around", OP(MLOCK2), -EINVAL, PASSED, .arg = MLOCK_ONFAULT, IS(BAD_RANGE) },
	{ "mlock2_with_unknown_flags_in_its_argument", OP(MLOCK2), -EINVAL, 0, .arg = 8, IS(BAD_FLAGS) },
	{ "mlock2_with_unknown_flags_as_a_fact", OP(MLOCK2), -EINVAL, F(UNKNOWN_FLAGS), IS(BAD_FLAGS) },
	{ "mlock_has_no_flags_to_be_bad", OP(MLOCK), -EINVAL, F(UNKNOWN_FLAGS), .arg = 8, IS(BAD_RANGE) },
	{ "mlock_of_a_mapping_that_refuses_to_be_split", OP(MLOCK), -EINVAL, PASSED | F(SPLIT_FAILED),
	  IS(OTHER) },
	{ "mlock_with_a_limit_of_zero", OP(MLOCK), -EPERM, F(CAP_DENIED), 0, 8 * K, IS(LIMIT_ZERO),
	  .needed = 8 * K },
	{ "mlock2_with_a_limit_of_zero", OP(MLOCK2), -EPERM, 0, 4 * K, 8 * K, IS(LIMIT_ZERO),
	  .needed = 12 * K },
	{ "mlock_of_nothing_with_a_limit_of_zero_needs_a_page", OP(MLOCK), -EPERM, IS(LIMIT_ZERO),
	  .needed = 4 * K },
	{ "mlock_refused_although_capable_with_a_limit_of_zero", OP(MLOCK), -EPERM, F(CAPABLE),
	  IS(DENIED) },
	{ "mlock_whose_capability_was_denied_with_a_limit_of_zero", OP(MLOCK), -EPERM,
	  F(CAPABLE) | F(CAP_DENIED), .asked = 4 * K, IS(LIMIT_ZERO), .needed = 4 * K },
	{ "mlock_refused_with_a_limit_above_zero", OP(MLOCK), -EPERM, F(CAP_DENIED), .limit = 1,
	  IS(DENIED) },
	{ "mlock2_refused_with_a_limit_above_zero", OP(MLOCK2), -EPERM, .limit = 64 * K, IS(DENIED) },
	{ "mlock_refused_without_a_limit", OP(MLOCK), -EPERM, .limit = NONE, IS(DENIED) },
	{ "mlock_refused_by_seccomp", OP(MLOCK), -EPERM, F(SECCOMP), IS(DENIED) },
	{ "mlock_refused_by_seccomp_with_enomem", OP(MLOCK), -ENOMEM, F(SECCOMP), 0, 68 * K, 0, 64 * K,
	  IS(DENIED) },
	{ "mlock2_refused_by_seccomp_with_eintr", OP(MLOCK2), -EINTR, F(SECCOMP), IS(DENIED) },
	{ "mlock_killed_while_waiting", OP(MLOCK), -EINTR, F(STEPS), IS(INTERRUPTED) },
	{ "mlock2_killed_while_faulting_in", OP(MLOCK2), -EINTR, PASSED | F(POPULATED), IS(INTERRUPTED) },

	/* munlock */
	{ "munlock_that_met_a_hole", OP(MUNLOCK), -ENOMEM, F(STEPS) | F(HOLE), .delta = -4 * K,
	  IS(NOT_MAPPED) },
	{ "munlock_knows_no_limit", OP(MUNLOCK), -ENOMEM, 0, 64 * K, 68 * K, 0, 64 * K, IS(NOT_MAPPED) },
	{ "munlock_split_at_the_map_limit", OP(MUNLOCK), -ENOMEM, F(STEPS) | F(SPLIT_FAILED) | F(MAP_LIMIT),
	  IS(TOO_MANY_MAPS) },
	{ "munlock_split_without_memory", OP(MUNLOCK), -ENOMEM, F(STEPS) | F(SPLIT_FAILED), IS(NO_MEMORY) },
	{ "munlock_unwatched_at_the_map_limit", OP(MUNLOCK), -ENOMEM, F(MAP_LIMIT), IS(TOO_MANY_MAPS) },
	{ "munlock_at_the_map_limit_that_split_well_met_a_hole", OP(MUNLOCK), -ENOMEM,
	  F(STEPS) | F(MAP_LIMIT), IS(NOT_MAPPED) },
	{ "munlock_unwatched_at_the_map_limit_with_a_hole", OP(MUNLOCK), -ENOMEM, F(MAP_LIMIT) | F(HOLE),
	  IS(NOT_MAPPED) },
	{ "munlock_that_wraps_around", OP(MUNLOCK), -EINVAL, IS(BAD_RANGE) },
	{ "munlock_killed", OP(MUNLOCK), -EINTR, IS(INTERRUPTED) },
	{ "munlock_refused_by_seccomp", OP(MUNLOCK), -EPERM, F(SECCOMP), IS(DENIED) },
	{ "munlock_never_asks_for_permission", OP(MUNLOCK), -EPERM, IS(OTHER) },

	/* mlockall and munlockall */
	{ "mlockall_compares_the_whole_address_space", OP(MLOCKALL), -ENOMEM, F(MCL_CURRENT), 60 * K,
	  12 * M, 0, 8 * M, .arg = MCL_CURRENT, IS(OVER_LIMIT), .needed = 12 * M },
	{ "mlockall_of_no_flags", OP(MLOCKALL), -EINVAL, IS(BAD_FLAGS) },
	{ "mlockall_of_onfault_alone", OP(MLOCKALL), -EINVAL, F(MCL_ONFAULT), .arg = MCL_ONFAULT,
	  IS(BAD_FLAGS) },
	{ "mlockall_with_a_limit_of_zero_needs_the_whole_address_space", OP(MLOCKALL), -EPERM, 0, 4 * K,
	  12 * M, .arg = MCL_CURRENT, IS(LIMIT_ZERO), .needed = 12 * M },
	{ "mlockall_of_the_future_with_a_limit_of_zero_needs_a_page", OP(MLOCKALL), -EPERM, 0, 0, 12 * M,
	  .arg = MCL_FUTURE, IS(LIMIT_ZERO), .needed = 4 * K },
	{ "mlockall_refused_with_a_limit_above_zero", OP(MLOCKALL), -EPERM, .limit = 64 * K, IS(DENIED) },
	{ "mlockall_refused_by_seccomp", OP(MLOCKALL), -ENOSYS, F(SECCOMP), IS(DENIED) },
	{ "mlockall_killed_while_waiting", OP(MLOCKALL), -EINTR, IS(INTERRUPTED) },
	{ "mlockall_with_an_errno_of_no_rule", OP(MLOCKALL), -EIO, IS(OTHER) },
	{ "munlockall_killed_while_waiting", OP(MUNLOCKALL), -EINTR, IS(INTERRUPTED) },
	{ "munlockall_refused_by_seccomp", OP(MUNLOCKALL), -EPERM, F(SECCOMP), IS(DENIED) },
	{ "munlockall_has_no_other_failure", OP(MUNLOCKALL), -ENOMEM, IS(OTHER) },

	/* setrlimit */
	{ "setrlimit_without_permission", OP(SETRLIMIT), -EPERM, IS(DENIED) },
	{ "setrlimit_refused_by_seccomp", OP(SETRLIMIT), -EACCES, F(SECCOMP), IS(DENIED) },
	{ "setrlimit_of_soft_above_hard", OP(SETRLIMIT), -EINVAL, .limit = 64 * K, IS(BAD_RANGE) },
	{ "setrlimit_of_nobody", OP(SETRLIMIT), -ESRCH, IS(OTHER) },
	{ "setrlimit_with_a_bad_pointer", OP(SETRLIMIT), -EFAULT, IS(OTHER) },

	/* the rest */
	{ "an_unknown_op_that_failed_is_other", .op = 200, .ret = -ENOMEM, IS(OTHER) },
	{ "an_errno_below_all_errnos_is_other", OP(MLOCK), -2147483647 - 1, IS(OTHER) },
};

/* A page less would not do: what the kernel's own arithmetic says of the need. */
static void needed_limits_are_enough_and_a_page_less_is_not(void)
{
	for (size_t i = 0; i < KTAP_SIZE(rows); i++) {
		struct mlocktrace_event event = event_of(&rows[i]);

		if (rows[i].cause != MLOCKTRACE_CAUSE_OVER_LIMIT || rows[i].needed == NONE)
			continue;
		event.flags &= ~(uint64_t)F(STEPS);
		event.flags |= F(OVERLAP_KNOWN);
		if (event.op == MLOCKTRACE_OP_MLOCKALL)
			continue;
		event.limit = rows[i].needed;
		check(mlocktrace_cause(&event) != MLOCKTRACE_CAUSE_OVER_LIMIT);
		event.limit = rows[i].needed - 1;
		event.after = event.before;
		check_int(mlocktrace_cause(&event), MLOCKTRACE_CAUSE_OVER_LIMIT);
	}
}

static void every_cause_that_an_op_can_meet_has_a_row(void)
{
	check_coverage(rows, KTAP_SIZE(rows), 1, MLOCKTRACE_OP_MMAP);
}

static void any_record_has_a_cause_and_it_depends_on_nothing_else(void)
{
	struct mlocktrace_event event, copy;

	srand(3);
	for (int round = 0; round < 300000; round++) {
		enum mlocktrace_cause cause;

		for (size_t i = 0; i < sizeof(event); i++)
			((unsigned char *)&event)[i] = rand() % 3 ? 0 : rand();
		event.ret = rand() % 4 ? -(rand() % 40) : event.ret;
		copy = event;
		cause = mlocktrace_cause(&event);
		mlocktrace_needed_limit(&event);
		if (cause >= MLOCKTRACE_CAUSE_MAX || cause != mlocktrace_cause(&event) ||
		    memcmp(&event, &copy, sizeof(event)) || (cause == 0) != (event.ret >= 0)) {
			check(!"a cause within bounds, ok only for success, record untouched");
			return;
		}
	}
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(needed_limits_are_enough_and_a_page_less_is_not),
		KTAP_TEST(every_cause_that_an_op_can_meet_has_a_row),
		KTAP_TEST(any_record_has_a_cause_and_it_depends_on_nothing_else),
	};

	ktap_plan(KTAP_SIZE(rows) + KTAP_SIZE(tests));
	run_rows(rows, KTAP_SIZE(rows));
	ktap_run_all(tests, KTAP_SIZE(tests));
	return ktap_status();
}
