// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of calls that would lock by the way and are refused: over the limit,
 * which is 16 pages unless a scenario changes it, or for another reason, which
 * must not be blamed on the limit.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workload.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#define MAP_HUGE_2M (21 << 26)
#define HUGE (2048 * KIB)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define OVER(op, error) ROW(op, error, OVER_LIMIT, 0)
#define ELSE(op, error) ROW(op, error, NOT_THE_LIMIT, 0)
#define ARMED ROW(MLOCKALL, 0, OK, 0)

static char *map_locked(size_t pages)
{
	return call_mmap_anonymous(NULL, pages, MAP_LOCKED);
}

static void arm(void)
{
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_FUTURE);
}

/* ---- over the limit --------------------------------------------------------- */

static void map_locked_over(void)
{
	map_locked(17);
	map_locked(10);
	map_locked(7);
	call_mmap_anonymous((void *)(512UL << 20), 7, MAP_LOCKED);
	map_locked(6);
	/* Without MAP_LOCKED nobody asks for the limit. */
	map_pages(17, RW);
}

static void map_locked_over_alone(void)
{
	map_locked(17);
}

static void map_locked_at_zero(void)
{
	call_setrlimit(0, 0, USER_HARD_LIMIT);
	map_locked(1);
	map_pages(1, RW);
}

static void armed_map_over(void)
{
	char *p;

	arm();
	call_mmap_anonymous(NULL, 17, 0);
	p = call_mmap_anonymous(NULL, 10, 0);
	call_mmap_anonymous(NULL, 7, 0);
	call_setrlimit(0, 4 * page, USER_HARD_LIMIT);
	call_mmap_anonymous(NULL, 1, 0);
	call_munmap(p, 8 * page);
	call_mmap_anonymous(NULL, 2, 0);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
	map_pages(17, RW);
}

static void armed_map_over_alone(void)
{
	arm();
	call_mmap_anonymous(NULL, 17, 0);
}

static void armed_heap_over(void)
{
	char *base = current_break();

	base += -(unsigned long)base % page;
	if (brk(base))
		die("brk");
	arm();
	call_brk(base + 17 * page);
	call_brk(base + 4 * page);
	call_brk(base + 16 * page + 1);
}

static void armed_shmat_over(void)
{
	int id = shmget(IPC_PRIVATE, 17 * page, IPC_CREAT | 0600);

	if (id < 0)
		die("shmget");
	arm();
	call_shmat(id, 17 * page);
	shmctl(id, IPC_RMID, NULL);
}

/* The ring would not be charged, and still there is no room for it. */
static void armed_io_setup(void)
{
	struct log_row row = {
		.op = MLOCKTRACE_OP_MMAP, .unsaid = UNSAID_LEN | UNSAID_ARG | UNSAID_ASKED,
		.optional = true,
	};
	unsigned long context = 0;

	arm();
	if (syscall(SYS_io_setup, 1, &context))
		die("io_setup");
	expect_pages_locked(0);
	call_mmap_anonymous(NULL, 16, 0);
	context = 0;
	row.before = vmlck();
	row.ret = syscall(SYS_io_setup, 1, &context) ? -errno : 0;
	row.after = vmlck();
	log_row(&row);
}

static const char *no_aio(void)
{
	unsigned long context = 0;

	if (syscall(SYS_io_setup, 1, &context))
		return "no asynchronous I/O";
	syscall(SYS_io_destroy, context);
	return NULL;
}

static void mremap_over(void)
{
	const int shared = MAP_SHARED | MAP_ANONYMOUS | MAP_LOCKED;
	char *p = map_locked(6);
	char *q = call_mmap(NULL, 6 * page, RW, shared, -1);

	call_mremap(LOCKED, p, 6 * page, 11 * page, MREMAP_MAYMOVE, NULL);
	call_mremap(LOCKED, q, 0, 6 * page, MREMAP_MAYMOVE, NULL);
	if (mremap(map_pages(1, RW), page, 20 * page, MREMAP_MAYMOVE) == MAP_FAILED)
		complain("mremap of an unlocked mapping was refused");
	call_mremap(LOCKED, p, 6 * page, 10 * page, MREMAP_MAYMOVE, NULL);
}

/* What is to be overwritten is gone before the limit is tested, except on later kernels. */
static void mremap_over_and_onto(void)
{
	char *to = map_pages(20, RW);
	char *p = map_locked(8);

	call_mlock(to, 4 * page);
	call_mremap(LOCKED, p, 8 * page, 17 * page, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

static void map_over_counts_twice(void)
{
	char *p = map_locked(10);

	call_mmap_anonymous(p, 10, MAP_FIXED | MAP_LOCKED);
	expect_pages_locked(10);
	call_mlock(p, 10 * page);
}

/* This system call maps anew with the flags that the mapping has. */
static void remap_counts_twice(void)
{
	const int shared = MAP_SHARED | MAP_ANONYMOUS | MAP_LOCKED;
	char *p = call_mmap(NULL, 10 * page, RW, shared, -1);
	struct log_row row = {
		.op = MLOCKTRACE_OP_MMAP, .optional = true,
		.unsaid = UNSAID_ADDR | UNSAID_LEN | UNSAID_ARG | UNSAID_ASKED,
	};

	if (syscall(SYS_remap_file_pages, p, page, 0, 1, 0))
		die("remap_file_pages");
	expect_pages_locked(10);
	row.before = vmlck();
	row.ret = syscall(SYS_remap_file_pages, p + page, 7 * page, 0, 2, 0) ? -errno : 0;
	row.after = vmlck();
	log_row(&row);
}

static void map_huge(void)
{
	call_mmap_anonymous(NULL, HUGE / page,
			    MAP_LOCKED | MAP_HUGETLB | MAP_HUGE_2M | MAP_NORESERVE);
}

/* With the capability, and then it adds nothing. */
static const char *no_huge_pages(void)
{
	void *p = mmap(NULL, HUGE, RW,
		       PRIVATE | MAP_HUGETLB | MAP_HUGE_2M | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return "no huge pages of 2 MiB";
	munmap(p, HUGE);
	return NULL;
}

static void capability_given_up(void)
{
	char *p;

	call_setrlimit(0, USER_SOFT_LIMIT, USER_HARD_LIMIT);
	arm();
	p = call_mmap_anonymous(NULL, 32, 0);
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		die("setresuid");
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	call_mmap_anonymous(NULL, 1, 0);
	map_locked(1);
	call_munmap(p, 31 * page);
	call_mmap_anonymous(NULL, 1, 0);
}

/* ---- not about the limit ---------------------------------------------------- */

static void bad_mappings(void)
{
	char *p = map_pages(2, RW);

	call_mmap(NULL, page, RW, MAP_PRIVATE | MAP_LOCKED, 999);
	call_mmap(p, page, RW, PRIVATE | MAP_LOCKED | MAP_FIXED_NOREPLACE, -1);
	call_mmap(p + 1, page, RW, PRIVATE | MAP_LOCKED | MAP_FIXED, -1);
	call_mmap(NULL, 0, RW, PRIVATE | MAP_LOCKED, -1);
	call_mmap(NULL, page, RW, MAP_ANONYMOUS | MAP_LOCKED, -1);
	/* Nothing was to be locked. */
	if (mmap(NULL, 0, RW, PRIVATE, -1, 0) != MAP_FAILED)
		complain("a mapping of no length");
	arm();
	call_mmap(NULL, page, RW, MAP_PRIVATE, 999);
}

static void limit_address_space(int resource, size_t bytes)
{
	struct rlimit limit = { bytes, bytes };

	if (setrlimit(resource, &limit))
		die("setrlimit");
}

static void address_space_full(void)
{
	arm();
	limit_address_space(RLIMIT_AS, status_bytes("VmSize:") + 2 * page);
	call_mmap_anonymous(NULL, 3, 0);
	map_locked(3);
	call_mmap_anonymous(NULL, 2, 0);
}

static void heap_full(void)
{
	char *base = current_break();

	base += -(unsigned long)base % page;
	if (brk(base))
		die("brk");
	arm();
	limit_address_space(RLIMIT_DATA, 1);
	call_brk(base + page);
}

static void bad_mremaps(void)
{
	const int flags = MREMAP_MAYMOVE;
	char *p = map_with_guards(4);
	char *q = map_pages(4, RW);

	call_mlock(p, 4 * page);
	call_mlock(q, 2 * page);
	call_mremap(LOCKED, p, 6 * page, 8 * page, flags, NULL);
	call_mremap(LOCKED, p, 0, 4 * page, flags, NULL);
	call_mremap(LOCKED, q, 2 * page, 3 * page, 0, NULL);
	limit_address_space(RLIMIT_AS, status_bytes("VmSize:"));
	call_mremap(LOCKED, p, 4 * page, 5 * page, flags, NULL);
	/* Not a locked one */
	if (mremap(q + 2 * page, 0, page, flags) != MAP_FAILED)
		complain("a private mapping was duplicated");
}

static int open_software_event(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_DUMMY,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static const char *no_perf(void)
{
	int fd = open_software_event();

	if (fd < 0)
		return "no perf events";
	close(fd);
	return NULL;
}

/*
 * A ring of four pages is refused by the driver, which is asked late: what was
 * at the address before is gone by then.
 */
static void refused_by_driver(void)
{
	int fd = open_software_event();
	char *p = map_pages(5, RW);
	struct log_row row = {
		.op = MLOCKTRACE_OP_MMAP, .addr = (unsigned long)p + page, .len = 4 * page,
		.arg = MAP_SHARED | MAP_FIXED, .asked = 4 * page,
	};

	call_mmap(NULL, 4 * page, RW, MAP_SHARED | MAP_LOCKED, fd);
	call_mlock(p, 5 * page);
	row.before = vmlck();
	if (mmap(p + page, 4 * page, RW, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		row.ret = -errno;
	row.after = vmlck();
	if (row.after != row.before)
		log_row(&row);
	else
		log_skip_rows(1);
}

const struct scenario refused_scenarios[] = {
	{ "map_locked_over_limit", "MAP_LOCKED: 17 pages of 16, then 7 behind 10", AS_USER,
	  map_locked_over, NULL, {
		OVER(MMAP, EAGAIN), ROW(MMAP, 0, OK, 10), OVER(MMAP, EAGAIN), OVER(MMAP, EAGAIN),
		ROW(MMAP, 0, OK, 6), ROW(EXIT, 0, OK, -16) } },
	{ "map_locked_needs_one_page_more", "for --limit: 17 pages", AS_USER,
	  map_locked_over_alone, NULL, { OVER(MMAP, EAGAIN) } },
	{ "map_locked_at_limit_zero", "MAP_LOCKED is not permitted", AS_USER,
	  map_locked_at_zero, NULL, {
		ROW(SETRLIMIT, 0, OK, 0), ROW(MMAP, EPERM, LIMIT_ZERO, 0) } },
	{ "armed_mmap_over_limit", "also after the limit was lowered, until munlockall", AS_USER,
	  armed_map_over, NULL, {
		ARMED, OVER(MMAP, EAGAIN), ROW(MMAP, 0, OK, 10), OVER(MMAP, EAGAIN),
		ROW(SETRLIMIT, 0, OK, 0), OVER(MMAP, EAGAIN), ROW(MUNMAP, 0, OK, -8),
		ROW(MMAP, 0, OK, 2), ROW(MUNLOCKALL, 0, OK, -4) } },
	{ "armed_mmap_needs_one_page_more", "for --limit: 17 pages", AS_USER,
	  armed_map_over_alone, NULL, { ARMED, OVER(MMAP, EAGAIN) } },
	{ "armed_heap_over_limit", "brk answers with the old break", AS_USER,
	  armed_heap_over, NULL, {
		ARMED, OVER(BRK, ENOMEM), ROW(BRK, 0, OK, 4), OVER(BRK, ENOMEM),
		ROW(EXIT, 0, OK, -4) } },
	{ "armed_shmat_over_limit", "17 pages", AS_USER, armed_shmat_over, no_shm, {
		ARMED, OVER(MMAP, EAGAIN) } },
	{ "armed_io_setup_at_limit", "a ring that would not be charged", AS_USER,
	  armed_io_setup, no_aio, {
		ARMED, ROW(MMAP, 0, OK, 16), OVER(MMAP, ENOMEM), ROW(EXIT, 0, OK, -16) } },
	{ "mremap_over_limit", "grow, and duplicate", AS_USER, mremap_over, NULL, {
		ROW(MMAP, 0, OK, 6), ROW(MMAP, 0, OK, 6), OVER(MREMAP, EAGAIN),
		OVER(MREMAP, EAGAIN), ROW(MREMAP, 0, OK, 4), ROW(EXIT, 0, OK, -16) } },
	{ "mremap_over_limit_onto_locked_pages", "which may be gone, although it failed", AS_USER,
	  mremap_over_and_onto, NULL, {
		ROW(MMAP, 0, OK, 8), ROW(MLOCK, 0, OK, 4), ROW(MREMAP, EAGAIN, OVER_LIMIT, ANY),
		ROW(EXIT, 0, OK, ANY) } },
	{ "map_over_locked_pages_counts_twice", "although it would add nothing", AS_USER,
	  map_over_counts_twice, NULL, {
		ROW(MMAP, 0, OK, 10), OVER(MMAP, EAGAIN), ROW(MLOCK, 0, OK, 0),
		ROW(EXIT, 0, OK, -10) } },
	{ "remap_file_pages_counts_twice", "7 pages of 10 that are locked", AS_USER,
	  remap_counts_twice, NULL, {
		ROW(MMAP, 0, OK, 10), OVER(MMAP, EAGAIN), ROW(EXIT, 0, OK, -10) } },
	{ "huge_pages_over_limit", "although they would not be charged", AS_USER,
	  map_huge, no_huge_pages, { OVER(MMAP, EAGAIN) } },
	{ "capability_given_up_after_arming", "32 pages with it, none without", NEEDS_IPC_LOCK,
	  capability_given_up, NULL, {
		ROW(SETRLIMIT, 0, OK, 0), ARMED, ROW(MMAP, 0, OK, 32), OVER(MMAP, EAGAIN),
		OVER(MMAP, EAGAIN), ROW(MUNMAP, 0, OK, -31), ROW(MMAP, 0, OK, 1),
		ROW(EXIT, 0, OK, -2) } },
	{ "bad_mappings_are_not_the_limit", "descriptor, place, address, length, type", AS_USER,
	  bad_mappings, NULL, {
		ELSE(MMAP, EBADF), ELSE(MMAP, EEXIST), ELSE(MMAP, EINVAL), ELSE(MMAP, EINVAL),
		ELSE(MMAP, EINVAL), ARMED, ELSE(MMAP, EBADF) } },
	{ "address_space_full_is_not_the_limit", "RLIMIT_AS", AS_USER, address_space_full, NULL, {
		ARMED, ELSE(MMAP, ENOMEM), ELSE(MMAP, ENOMEM), ROW(MMAP, 0, OK, 2),
		ROW(EXIT, 0, OK, -2) } },
	{ "heap_full_is_not_the_limit", "RLIMIT_DATA", AS_USER, heap_full, NULL, {
		ARMED, ELSE(BRK, ENOMEM) } },
	{ "bad_mremaps_are_not_the_limit", "past the end, of a private one, no room, RLIMIT_AS", AS_USER,
	  bad_mremaps, NULL, {
		ROW(MLOCK, 0, OK, 4), ROW(MLOCK, 0, OK, 2), ELSE(MREMAP, EFAULT),
		ELSE(MREMAP, EINVAL), ELSE(MREMAP, ENOMEM), ELSE(MREMAP, ENOMEM),
		ROW(EXIT, 0, OK, -6) } },
	{ "refused_by_a_driver", "a perf ring of a size that there is not", 0,
	  refused_by_driver, no_perf, {
		ELSE(MMAP, EINVAL), ROW(MLOCK, 0, OK, 5), ROW(MMAP, EINVAL, NOT_THE_LIMIT, ANY),
		ROW(EXIT, 0, OK, ANY) } },
	{ NULL, NULL, 0, NULL, NULL, { { 0 } } }
};
