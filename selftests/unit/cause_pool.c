// SPDX-License-Identifier: GPL-2.0
/*
 * The truth table of the charges to the counters other than vmlck, and of pages
 * pinned for devices. A row is one situation, named for what a reader should
 * learn from it.
 */
#include "cause_rows.h"

static const struct row rows[] = {
	/* System V segments */
	{ "shm_lock_that_worked_is_ok", OP(SHM_LOCK), .delta = 16 * K, IS(OK) },
	{ "shm_lock_over_the_limit", OP(SHM_LOCK), -ENOMEM, 0, 60 * K, 16 * K, 0, 64 * K, IS(OVER_LIMIT),
	  .needed = 76 * K },
	{ "shm_lock_with_an_unread_counter_needs_nobody_knows_what", OP(SHM_LOCK), -ENOMEM, F(NO_BEFORE), 0,
	  16 * K, 0, 64 * K, IS(OVER_LIMIT) },
	{ "shm_lock_that_fits_met_the_maximum_of_a_namespace", OP(SHM_LOCK), -ENOMEM, 0, 48 * K, 16 * K, 0,
	  64 * K, IS(OVER_LIMIT) },
	{ "shm_lock_with_a_limit_of_zero", OP(SHM_LOCK), -EPERM, 0, 0, 16 * K, IS(LIMIT_ZERO),
	  .needed = 16 * K },
	{ "shm_lock_of_somebody_else_s_segment", OP(SHM_LOCK), -EPERM, .limit = 64 * K, IS(DENIED) },
	{ "shm_lock_refused_although_capable", OP(SHM_LOCK), -EPERM, F(CAPABLE), IS(DENIED) },
	{ "shm_lock_of_a_removed_segment", OP(SHM_LOCK), -EIDRM, 0, 60 * K, 16 * K, 0, 64 * K, IS(OTHER) },
	{ "shm_unlock_that_worked_is_ok", OP(SHM_UNLOCK), .before = 16 * K, .delta = -16384, IS(OK) },
	{ "shm_unlock_knows_no_limit_of_zero", OP(SHM_UNLOCK), -EPERM, 0, 16 * K, 16 * K, IS(DENIED) },
	{ "shm_unlock_of_a_removed_segment", OP(SHM_UNLOCK), -EIDRM, IS(OTHER) },
	{ "shm_hugetlb_that_worked_is_ok", OP(SHM_HUGETLB), IS(OK) },
	{ "shm_hugetlb_is_no_matter_of_the_limit", OP(SHM_HUGETLB), -EPERM, 0, 0, 2 * M, 0, 0, IS(DENIED) },
	{ "shm_hugetlb_without_huge_pages", OP(SHM_HUGETLB), -ENOMEM, 0, 0, 2 * M, 0, 64 * K,
	  IS(NO_MEMORY) },
	{ "shm_hugetlb_of_a_key_that_is_taken", OP(SHM_HUGETLB), -EEXIST, IS(OTHER) },

	/* the user's pool: io_uring, AF_XDP, zero-copy sends */
	{ "io_uring_that_worked_is_ok", OP(IO_URING), .delta = 16 * K, IS(OK) },
	{ "io_uring_over_the_limit", OP(IO_URING), -ENOMEM, 0, 60 * K, 16 * K, 0, 64 * K, IS(OVER_LIMIT),
	  .needed = 76 * K },
	{ "io_uring_exactly_at_the_limit_found_no_memory", OP(IO_URING), -ENOMEM, 0, 48 * K, 16 * K, 0,
	  64 * K, IS(NO_MEMORY) },
	{ "io_uring_with_the_capability_found_no_memory", OP(IO_URING), -ENOMEM, F(CAPABLE), 60 * K, 16 * K,
	  0, 64 * K, IS(NO_MEMORY) },
	{ "io_uring_past_the_limit_found_no_memory", OP(IO_URING), -ENOMEM, F(LIMIT_PASSED), 60 * K, 16 * K,
	  0, 64 * K, IS(NO_MEMORY) },
	{ "io_uring_whose_counter_others_moved_is_over_the_limit_all_the_same", OP(IO_URING), -ENOMEM, 0,
	  60 * K, 16 * K, 0, 64 * K, .delta = 4 * K, IS(OVER_LIMIT), .needed = 76 * K },
	{ "io_uring_switched_off", OP(IO_URING), -EPERM, IS(DENIED) },
	{ "io_uring_with_an_errno_of_no_rule", OP(IO_URING), -EBADF, 0, 60 * K, 16 * K, 0, 64 * K,
	  IS(OTHER) },
	{ "xdp_umem_that_worked_is_ok", OP(XDP_UMEM), .delta = 16 * K, IS(OK) },
	{ "xdp_umem_over_the_limit", OP(XDP_UMEM), -ENOBUFS, 0, 60 * K, 16 * K, 0, 64 * K, IS(OVER_LIMIT),
	  .needed = 76 * K },
	{ "xdp_umem_enomem_is_not_the_limit", OP(XDP_UMEM), -ENOMEM, 0, 60 * K, 16 * K, 0, 64 * K,
	  IS(NO_MEMORY) },
	{ "xdp_umem_without_the_right_to_raw_sockets", OP(XDP_UMEM), -EPERM, IS(DENIED) },
	{ "xdp_umem_with_bad_arguments", OP(XDP_UMEM), -EINVAL, 0, 60 * K, 16 * K, 0, 64 * K, IS(OTHER) },
	{ "zerocopy_that_worked_is_ok", OP(ZEROCOPY), .delta = 12 * K, IS(OK) },
	{ "zerocopy_over_the_limit", OP(ZEROCOPY), -ENOBUFS, F(CAP_DENIED), 60 * K, 12 * K, 0, 64 * K,
	  IS(OVER_LIMIT), .needed = 72 * K },
	{ "zerocopy_that_fits_found_no_option_memory", OP(ZEROCOPY), -ENOBUFS, F(CAP_DENIED), 48 * K, 12 * K,
	  0, 64 * K, IS(NO_MEMORY) },
	{ "zerocopy_with_the_capability_found_no_option_memory", OP(ZEROCOPY), -ENOBUFS, F(CAPABLE), 60 * K,
	  12 * K, 0, 64 * K, IS(NO_MEMORY) },
	{ "zerocopy_refused_by_a_firewall", OP(ZEROCOPY), -EPERM, 0, 60 * K, 12 * K, 0, 0, IS(DENIED) },
	{ "zerocopy_to_nobody", OP(ZEROCOPY), -EPIPE, 0, 60 * K, 12 * K, 0, 64 * K, IS(OTHER) },

	/* perf rings */
	{ "perf_mmap_that_worked_is_ok", OP(PERF_MMAP), .delta = 16 * K, IS(OK) },
	{ "perf_mmap_over_pool_and_limit", OP(PERF_MMAP), -EPERM, 0, 0, 520 * K, 0, 64 * K, IS(OVER_LIMIT),
	  .needed = 520 * K },
	{ "perf_mmap_that_was_told_no_is_over_the_limit", OP(PERF_MMAP), -EPERM, F(CAP_DENIED), 0, 4 * K, 0,
	  64 * K, IS(OVER_LIMIT), .needed = 4 * K },
	{ "perf_mmap_over_a_limit_of_zero_is_over_it", OP(PERF_MMAP), -EPERM, 0, 0, 4 * K, IS(OVER_LIMIT),
	  .needed = 4 * K },
	{ "perf_mmap_within_the_limit_was_denied", OP(PERF_MMAP), -EPERM, 0, 0, 4 * K, 0, 64 * K,
	  IS(DENIED) },
	{ "perf_mmap_with_the_capability_was_denied", OP(PERF_MMAP), -EPERM, F(CAPABLE), 0, 520 * K, 0,
	  64 * K, IS(DENIED) },
	{ "perf_mmap_enomem_is_not_the_limit", OP(PERF_MMAP), -ENOMEM, 0, 0, 520 * K, 0, 64 * K,
	  IS(NO_MEMORY) },
	{ "perf_mmap_with_bad_arguments", OP(PERF_MMAP), -EINVAL, 0, 0, 520 * K, 0, 64 * K, IS(OTHER) },

	/* secret memory */
	{ "secretmem_that_was_touched_is_ok", OP(SECRETMEM), .delta = 4 * K, .sysno = -1, IS(OK) },
	{ "secretmem_over_the_limit", OP(SECRETMEM), -EFAULT, 0, 64 * K, 4 * K, 0, 64 * K, .sysno = -1,
	  IS(OVER_LIMIT), .needed = 68 * K },
	{ "secretmem_over_the_limit_whatever_the_capabilities", OP(SECRETMEM), -EFAULT, F(CAPABLE), 64 * K,
	  4 * K, 0, 64 * K, .sysno = -1, IS(OVER_LIMIT), .needed = 68 * K },
	{ "secretmem_past_the_end_of_its_file", OP(SECRETMEM), -EFAULT, 0, 60 * K, 4 * K, 0, 64 * K,
	  .sysno = -1, IS(OTHER) },
	{ "secretmem_mapped_on_an_older_kernel_is_over_the_limit", OP(SECRETMEM), -EAGAIN, 0, 60 * K, 8 * K,
	  0, 64 * K, IS(OVER_LIMIT), .needed = 68 * K },
	{ "secretmem_mapped_with_the_capability_met_something_else", OP(SECRETMEM), -EAGAIN, F(CAPABLE),
	  60 * K, 8 * K, 0, 64 * K, IS(OTHER) },
	{ "secretmem_without_memory", OP(SECRETMEM), -ENOMEM, 0, 64 * K, 4 * K, 0, 64 * K, IS(NO_MEMORY) },
	{ "secretmem_refused_by_a_security_module", OP(SECRETMEM), -EPERM, IS(DENIED) },

	/* pages pinned for devices */
	{ "account_locked_vm_that_worked_is_ok", OP(ACCOUNT_LOCKED_VM), .delta = 16 * K, IS(OK) },
	{ "account_locked_vm_over_the_limit", OP(ACCOUNT_LOCKED_VM), -ENOMEM, 0, 60 * K, 16 * K, 0, 64 * K,
	  IS(OVER_LIMIT), .needed = 76 * K },
	{ "account_locked_vm_that_fits_found_no_memory", OP(ACCOUNT_LOCKED_VM), -ENOMEM, 0, 48 * K, 16 * K,
	  0, 64 * K, IS(NO_MEMORY) },
	{ "account_locked_vm_with_a_limit_of_zero", OP(ACCOUNT_LOCKED_VM), -EPERM, 0, 0, 16 * K,
	  IS(LIMIT_ZERO), .needed = 16 * K },
	{ "account_locked_vm_denied_by_something_else", OP(ACCOUNT_LOCKED_VM), -EPERM, 0, 0, 16 * K, 0, 4 * K,
	  IS(DENIED) },
	{ "account_locked_vm_with_an_errno_of_no_rule", OP(ACCOUNT_LOCKED_VM), -EEXIST, 0, 60 * K, 16 * K, 0,
	  64 * K, IS(OTHER) },
	{ "pin_that_worked_is_ok", OP(PIN), .delta = 16 * K, IS(OK) },
	{ "pin_over_the_limit", OP(PIN), -ENOMEM, 0, 60 * K, 16 * K, 0, 64 * K, IS(OVER_LIMIT),
	  .needed = 76 * K },
	{ "pin_with_the_capability_found_no_memory", OP(PIN), -ENOMEM, F(CAPABLE), 60 * K, 16 * K, 0, 64 * K,
	  IS(NO_MEMORY) },
	{ "pin_of_a_negative_counter_is_over_the_limit", OP(PIN), -ENOMEM, 0, -64 * K, 16 * K, 0, 64 * K,
	  IS(OVER_LIMIT), .needed = NONE },
	{ "pin_with_a_limit_of_zero", OP(PIN), -EPERM, 0, 0, 0, IS(LIMIT_ZERO), .needed = 4 * K },
	{ "pin_denied_by_something_else", OP(PIN), -EPERM, F(CAPABLE), 0, 16 * K, IS(DENIED) },
	{ "pin_of_no_memory_at_all", OP(PIN), -EFAULT, 0, 60 * K, 16 * K, 0, 64 * K, IS(OTHER) },
};

static void every_cause_that_an_op_can_meet_has_a_row(void)
{
	check_coverage(rows, KTAP_SIZE(rows), MLOCKTRACE_OP_SHM_LOCK, MLOCKTRACE_OP_MAX);
}

/* Where the sum decides, the need passes and a byte less does not. */
static void needed_limits_are_enough_and_a_byte_less_is_not(void)
{
	size_t tried = 0;

	for (size_t i = 0; i < KTAP_SIZE(rows); i++) {
		struct mlocktrace_event event = event_of(&rows[i]);

		if (rows[i].cause != MLOCKTRACE_CAUSE_OVER_LIMIT || event.op == MLOCKTRACE_OP_SHM_LOCK ||
		    rows[i].needed == NONE)
			continue;
		event.flags &= ~(uint64_t)F(CAP_DENIED);
		event.limit = rows[i].needed;
		check(mlocktrace_cause(&event) != MLOCKTRACE_CAUSE_OVER_LIMIT);
		event.limit = rows[i].needed - 1;
		check_int(mlocktrace_cause(&event), MLOCKTRACE_CAUSE_OVER_LIMIT);
		tried++;
	}
	check(tried > 8);
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
