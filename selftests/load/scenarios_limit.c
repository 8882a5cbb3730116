// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of RLIMIT_MEMLOCK. Unless a scenario says otherwise it starts as
 * uid 65534 with 64 KiB, 16 pages. With workload --limit it starts with that
 * limit instead, and then the rows do not apply: this is how a test asks
 * whether the limit that a verdict names is really enough.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

#include "workload.h"

#define OVER(op, overlap) { MLOCKTRACE_OP_##op, ENOMEM, MLOCKTRACE_CAUSE_OVER_LIMIT, 0, overlap }

static void exactly_at_limit(void)
{
	char *p = map_pages(17, RW);

	call_mlock(p, 16 * page);
	call_mlock(p + 16 * page, 1);
	call_munlock(p, page);
	call_mlock(p + 16 * page, 1);
}

static void one_page_over(void)
{
	char *p = map_pages(17, RW);

	call_mlock(p, 17 * page);
	call_mlock(p, 16 * page + 1);
	call(MLOCKTRACE_OP_MLOCK2, p, 17 * page, MLOCK_ONFAULT);
	call(MLOCKTRACE_OP_MLOCK2, p, 17 * page, 0);
}

static void one_page_over_alone(void)
{
	call_mlock(map_pages(17, RW), 17 * page);
}

static void overlap_counts_once(void)
{
	char *p = map_pages(18, RW);

	call_mlock(p, 10 * page);
	call_mlock(p, 18 * page);
	call_mlock(p, 16 * page);
}

static void overlap_in_pieces(void)
{
	char *p = map_pages(20, RW);

	call_mlock(p + 4 * page, 4 * page);
	call_mlock(p + 12 * page, 2 * page);
	call_mlock(p, 20 * page);
	call_mlock(p + 6 * page, 16 * page - 4 * page);
}

static void hole_behind_overlap(void)
{
	char *p = map_with_guards(11);

	call_mlock(p, 10 * page);
	call_mlock(p - page, 12 * page);
}

static void hole_over_limit(void)
{
	char *p = map_with_guards(20);

	munmap(p + 3 * page, page);
	call_mlock(p, 20 * page);
}

static void after_lowering(void)
{
	char *p = map_pages(16, RW);

	call_mlock(p, 16 * page);
	call_setrlimit(0, 4 * page, USER_HARD_LIMIT);
	call_mlock(p, 0);
	call_mlock(p, page);
	call_munlock(p, 12 * page);
	call_mlock(p, 0);
	call_munlock(p, 16 * page);
}

static void limit_of_odd_size(void)
{
	char *p = map_pages(2, RW);

	call_setrlimit(0, page + 904, USER_HARD_LIMIT);
	call_mlock(p, page);
	call_mlock(p, 2 * page);
}

static void almost_everything(void)
{
	char *p = map_pages(4, RW);

	call_mlock(p, 4 * page);
	call_mlock(p, SIZE_MAX - 2 * page + 1);
}

static void limit_of_zero(void)
{
	char *p = map_pages(4, RW);

	call_mlock(p, 4 * page);
	call_setrlimit(0, 0, USER_HARD_LIMIT);
	call_mlock(p, page);
	call_mlock(p, 0);
	call(MLOCKTRACE_OP_MLOCK2, p, page, MLOCK_ONFAULT);
	call(MLOCKTRACE_OP_MLOCK2, p, page, 0x80);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_FUTURE);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_CURRENT);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, 0);
	call_munlock(p, page);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
}

static void limit_below_a_page(void)
{
	char *p = map_pages(1, RW);

	call_setrlimit(0, page - 1, USER_HARD_LIMIT);
	call_mlock(p, 1);
}

static void mlockall_over(void)
{
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_CURRENT);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_FUTURE);
}

static void mlockall_over_alone(void)
{
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_CURRENT);
}

static void capable(void)
{
	char *p = map_pages(32, RW);
	uint64_t soft, hard;

	raw_getrlimit(&soft, &hard);
	call_mlock(p, 16 * page);
	call_setrlimit(0, 2 * page, hard);
	call_mlock(p, 32 * page);
	call_setrlimit(0, 0, hard);
	call_mlock(p, page);
	call(MLOCKTRACE_OP_MLOCK2, p, page, MLOCK_ONFAULT);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_CURRENT);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
}

const struct scenario limit_scenarios[] = {
	{ "exactly_at_limit_is_allowed", "16 pages of 16, then one more", AS_USER,
	  exactly_at_limit, NULL, {
		ROW(MLOCK, 0, OK, 16), OVER(MLOCK, 0), ROW(MUNLOCK, 0, OK, -1),
		ROW(MLOCK, 0, OK, 1), ROW(EXIT, 0, OK, -16) } },
	{ "one_page_over_is_refused", "17 pages of 16, also by mlock2", AS_USER,
	  one_page_over, NULL, {
		OVER(MLOCK, 0), OVER(MLOCK, 0), OVER(MLOCK2, 0), OVER(MLOCK2, 0) } },
	{ "mlock_needs_one_page_more", "for --limit: 17 pages", AS_USER,
	  one_page_over_alone, NULL, { OVER(MLOCK, 0) } },
	{ "overlap_counts_once", "40K locked, 40K of them and 32K more, then 24K more", AS_USER,
	  overlap_counts_once, NULL, {
		ROW(MLOCK, 0, OK, 10), OVER(MLOCK, 10), ROW(MLOCK, 0, OK, 6),
		ROW(EXIT, 0, OK, -16) } },
	{ "overlap_counts_in_pieces", "two locked pieces inside the range", AS_USER,
	  overlap_in_pieces, NULL, {
		ROW(MLOCK, 0, OK, 4), ROW(MLOCK, 0, OK, 2), OVER(MLOCK, 6),
		ROW(MLOCK, 0, OK, 8), ROW(EXIT, 0, OK, -14) } },
	{ "hole_behind_overlap_is_a_hole", "over the limit only by the naive sum", AS_USER,
	  hole_behind_overlap, NULL, {
		ROW(MLOCK, 0, OK, 10), ROW(MLOCK, ENOMEM, NOT_MAPPED, 0), ROW(EXIT, 0, OK, -10) } },
	{ "the_limit_is_tested_before_holes", "20 pages of 16, one not mapped", AS_USER,
	  hole_over_limit, NULL, { OVER(MLOCK, 0) } },
	{ "lowered_limit_refuses_even_nothing", "mlock(p, 0) with more locked than allowed", AS_USER,
	  after_lowering, NULL, {
		ROW(MLOCK, 0, OK, 16), ROW(SETRLIMIT, 0, OK, 0), OVER(MLOCK, 0), OVER(MLOCK, 1),
		ROW(MUNLOCK, 0, OK, -12), ROW(MLOCK, 0, OK, 0), ROW(MUNLOCK, 0, OK, -4) } },
	{ "limit_is_rounded_down_to_pages", "a limit of 5000 bytes is one page", AS_USER,
	  limit_of_odd_size, NULL, {
		ROW(SETRLIMIT, 0, OK, 0), ROW(MLOCK, 0, OK, 1), OVER(MLOCK, 1),
		ROW(EXIT, 0, OK, -1) } },
	{ "almost_everything_is_over_limit", "the sum of bytes does not fit into 64 bits",
	  AS_USER | ONLY_64, almost_everything, NULL, {
		ROW(MLOCK, 0, OK, 4), OVER(MLOCK, 4), ROW(EXIT, 0, OK, -4) } },
	{ "limit_of_zero_refuses_all_locking", "and still no unlocking; flags are tested first", AS_USER,
	  limit_of_zero, NULL, {
		ROW(MLOCK, 0, OK, 4), ROW(SETRLIMIT, 0, OK, 0), ROW(MLOCK, EPERM, LIMIT_ZERO, 0),
		ROW(MLOCK, EPERM, LIMIT_ZERO, 0), ROW(MLOCK2, EPERM, LIMIT_ZERO, 0),
		ROW(MLOCK2, EINVAL, BAD_FLAGS, 0), ROW(MLOCKALL, EPERM, LIMIT_ZERO, 0),
		ROW(MLOCKALL, EPERM, LIMIT_ZERO, 0), ROW(MLOCKALL, EINVAL, BAD_FLAGS, 0),
		ROW(MUNLOCK, 0, OK, -1), ROW(MUNLOCKALL, 0, OK, -3) } },
	{ "limit_below_a_page_is_not_zero", "4095 bytes: over the limit, not forbidden", AS_USER,
	  limit_below_a_page, NULL, { ROW(SETRLIMIT, 0, OK, 0), OVER(MLOCK, 0) } },
	{ "mlockall_over_limit", "the whole address space must fit; MCL_FUTURE alone is not tested", AS_USER,
	  mlockall_over, NULL, {
		OVER(MLOCKALL, 0), OVER(MLOCKALL, 0), ROW(MLOCKALL, 0, OK, 0) } },
	{ "mlockall_needs_the_address_space", "for --limit: MCL_CURRENT", AS_USER,
	  mlockall_over_alone, NULL, { OVER(MLOCKALL, 0) } },
	{ "capability_passes_every_limit", "CAP_IPC_LOCK with limits of 2 pages and 0", NEEDS_IPC_LOCK,
	  capable, NULL, {
		ROW(MLOCK, 0, OK, 16), ROW(SETRLIMIT, 0, OK, 0), ROW(MLOCK, 0, OK, 16),
		ROW(SETRLIMIT, 0, OK, 0), ROW(MLOCK, 0, OK, 0), ROW(MLOCK2, 0, OK, 0),
		ROW(MLOCKALL, 0, OK, ANY), ROW(MUNLOCKALL, 0, OK, ANY) } },
	{ NULL, NULL, 0, NULL, NULL, { { 0 } } }
};
