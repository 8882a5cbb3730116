// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of the five lock calls whose outcome is not about the limit. Each
 * row of a table says what one call must answer and by how many pages it must
 * move VmLck; calls are made in the order of the rows.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scarce.h"
#include "workload.h"

static void all_five_calls(void)
{
	char *p = map_pages(8, RW);

	call_mlock(p, 4 * page);
	call(MLOCKTRACE_OP_MLOCK2, p + 4 * page, 2 * page, 0);
	call(MLOCKTRACE_OP_MLOCK2, p + 6 * page, 2 * page, MLOCK_ONFAULT);
	call_munlock(p, 4 * page);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_FUTURE);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
}

static void all_of_memory(void)
{
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_CURRENT);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_CURRENT | MCL_ONFAULT);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_FUTURE | MCL_ONFAULT);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
}

static void odd_lengths(void)
{
	char *p = map_pages(4, RW);

	call_mlock(p + 100, 1);
	call_mlock(p + 100, page);
	call_mlock(p, 0);
	call_munlock(p, page + 1);
	call_munlock(p, 0);
}

static void wrapping_length(void)
{
	call_mlock(map_pages(1, RW), SIZE_MAX);
}

static void relocking(void)
{
	char *p = map_pages(6, RW);

	call_mlock(p, 4 * page);
	call_mlock(p, 4 * page);
	call(MLOCKTRACE_OP_MLOCK2, p, 4 * page, MLOCK_ONFAULT);
	call_mlock(p, 6 * page);
	call_munlock(p, 6 * page);
	call_munlock(p, 6 * page);
}

static void hole_at_start(void)
{
	char *p = map_with_guards(4);

	call_mlock(p - page, 3 * page);
	call(MLOCKTRACE_OP_MLOCK2, p - page, 3 * page, MLOCK_ONFAULT);
}

static void hole_in_middle(void)
{
	char *p = map_with_guards(6);

	munmap(p + 2 * page, 2 * page);
	call_mlock(p, 6 * page);
	call_mlock(p + 4 * page, 2 * page);
	call_munlock(p, 6 * page);
	call(MLOCKTRACE_OP_MLOCK2, p + 2 * page, page, 0);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
}

static void hole_at_end(void)
{
	char *p = map_with_guards(4);

	call_mlock(p, 5 * page);
	call_munlock(p, 5 * page);
}

static void no_access(void)
{
	char *p = map_pages(6, PROT_NONE);

	call_mlock(p, 6 * page);
	call_mlock(p, 6 * page);
	call_munlock(p, 6 * page);
	call_mlock(p, 2 * page);
}

static void no_access_on_fault(void)
{
	char *p = map_pages(6, PROT_NONE);

	call(MLOCKTRACE_OP_MLOCK2, p, 6 * page, MLOCK_ONFAULT);
	call_mlock(p, 6 * page);
}

/* 5.10 does, later kernels leave the pages alone. */
const char *on_fault_faults_in(void)
{
	unsigned long p = (unsigned long)map_pages(1, PROT_NONE);
	bool fails = raw_call(MLOCKTRACE_OP_MLOCK2, p, page, MLOCK_ONFAULT) < 0;

	munmap((void *)p, page);
	return fails ? "this kernel faults pages in even with MLOCK_ONFAULT" : NULL;
}

static void past_end_of_file(void)
{
	int fd = memfd_create("mlocktrace", 0);
	char *p;

	if (fd < 0 || ftruncate(fd, page))
		die("memfd_create");
	p = mmap(NULL, 5 * page, RW, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die("mmap");
	call_mlock(p, 5 * page);
	call_munlock(p, 5 * page);
}

static void bad_flags(void)
{
	char *p = map_pages(1, RW);

	call(MLOCKTRACE_OP_MLOCK2, p, page, 0x80);
	call(MLOCKTRACE_OP_MLOCK2, p, page, 0x80 | MLOCK_ONFAULT);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, 0);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, 0x80);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, 0x80 | MCL_CURRENT);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_ONFAULT);
}

static void bad_range(void)
{
	char *p = map_pages(1, RW);

	call_mlock(p, SIZE_MAX - 2 * page + 1);
	call(MLOCKTRACE_OP_MLOCK2, p, SIZE_MAX - 2 * page + 1, MLOCK_ONFAULT);
	call_munlock(p, SIZE_MAX - 2 * page + 1);
}

/* Pages that alternate in protection cannot merge: every page is a mapping. */
static void use_up_maps(void)
{
	int prot = PROT_NONE;

	while (mmap(NULL, page, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		prot ^= PROT_READ;
	if (errno != ENOMEM)
		die("mmap");
}

static void split_at_map_limit(void)
{
	char *p = map_with_guards(3);
	char *q = map_with_guards(6);

	if (mprotect(q, 2 * page, PROT_READ))
		die("mprotect");
	use_up_maps();
	call_mlock(p + page, page);
	/* The whole first mapping needs no split, the second does. */
	call_mlock(q, 3 * page);
}

static void partial_mlockall(void)
{
	map_pages(4, PROT_NONE);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_CURRENT);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
}

/* From now on mlock and munlock answer EPERM before the kernel looks at them. */
static void refuse_by_seccomp(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mlock, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_munlock, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		die("seccomp");
}

static const char *no_seccomp(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 ? "the kernel has no seccomp" : NULL;
}

static void refused_by_seccomp(void)
{
	char *p = map_pages(2, RW);

	refuse_by_seccomp();
	call_mlock(p, 2 * page);
	call_munlock(p, 2 * page);
}

const struct scenario lock_scenarios[] = {
	{ "all_five_calls_work", "each call once, with and without flags", AS_USER,
	  all_five_calls, NULL, {
		ROW(MLOCK, 0, OK, 4), ROW(MLOCK2, 0, OK, 2), ROW(MLOCK2, 0, OK, 2),
		ROW(MUNLOCK, 0, OK, -4), ROW(MUNLOCKALL, 0, OK, -4), ROW(MLOCKALL, 0, OK, 0),
		ROW(MUNLOCKALL, 0, OK, 0) } },
	{ "mlockall_locks_all_of_memory", "MCL_CURRENT and what it goes with", NEEDS_IPC_LOCK,
	  all_of_memory, NULL, {
		ROW(MLOCKALL, 0, OK, ANY), ROW(MUNLOCKALL, 0, OK, ANY), ROW(MLOCKALL, 0, OK, ANY),
		ROW(MUNLOCKALL, 0, OK, ANY), ROW(MLOCKALL, 0, OK, 0), ROW(MUNLOCKALL, 0, OK, 0) } },
	{ "odd_lengths_are_rounded_to_pages", "the kernel locks whole pages", AS_USER,
	  odd_lengths, NULL, {
		ROW(MLOCK, 0, OK, 1), ROW(MLOCK, 0, OK, 1), ROW(MLOCK, 0, OK, 0),
		ROW(MUNLOCK, 0, OK, -2), ROW(MUNLOCK, 0, OK, 0) } },
	{ "a_wrapping_length_is_zero_pages", "SIZE_MAX bytes round up to 0", AS_USER | ONLY_64,
	  wrapping_length, NULL, { ROW(MLOCK, 0, OK, 0) } },
	{ "relocking_charges_once", "locked pages are not charged again", AS_USER,
	  relocking, NULL, {
		ROW(MLOCK, 0, OK, 4), ROW(MLOCK, 0, OK, 0), ROW(MLOCK2, 0, OK, 0),
		ROW(MLOCK, 0, OK, 2), ROW(MUNLOCK, 0, OK, -6), ROW(MUNLOCK, 0, OK, 0) } },
	{ "hole_at_start_locks_nothing", "first page not mapped", AS_USER,
	  hole_at_start, NULL, {
		ROW(MLOCK, ENOMEM, NOT_MAPPED, 0), ROW(MLOCK2, ENOMEM, NOT_MAPPED, 0) } },
	{ "hole_in_middle_locks_what_is_before", "and munlock stops there too", AS_USER,
	  hole_in_middle, NULL, {
		ROW(MLOCK, ENOMEM, NOT_MAPPED, 2), ROW(MLOCK, 0, OK, 2),
		ROW(MUNLOCK, ENOMEM, NOT_MAPPED, -2), ROW(MLOCK2, ENOMEM, NOT_MAPPED, 0),
		ROW(MUNLOCKALL, 0, OK, -2) } },
	{ "hole_at_end_locks_the_rest", "last page not mapped", AS_USER,
	  hole_at_end, NULL, {
		ROW(MLOCK, ENOMEM, NOT_MAPPED, 4), ROW(MUNLOCK, ENOMEM, NOT_MAPPED, -4) } },
	{ "no_access_stays_charged", "PROT_NONE cannot be faulted in", AS_USER,
	  no_access, NULL, {
		ROW(MLOCK, ENOMEM, POPULATE_FAILED, 6), ROW(MLOCK, ENOMEM, POPULATE_FAILED, 0),
		ROW(MUNLOCK, 0, OK, -6), ROW(MLOCK, ENOMEM, POPULATE_FAILED, 2),
		ROW(EXIT, 0, OK, -2) } },
	{ "no_access_on_fault_is_allowed", "until it is to be faulted in", AS_USER,
	  no_access_on_fault, on_fault_faults_in, {
		ROW(MLOCK2, 0, OK, 6), ROW(MLOCK, ENOMEM, POPULATE_FAILED, 0),
		ROW(EXIT, 0, OK, -6) } },
	{ "past_end_of_file_stays_charged", "a file shorter than its mapping", AS_USER,
	  past_end_of_file, NULL, {
		ROW(MLOCK, ENOMEM, POPULATE_FAILED, 5), ROW(MUNLOCK, 0, OK, -5) } },
	{ "bad_flags_are_named", "unknown flags, none, MCL_ONFAULT alone", AS_USER,
	  bad_flags, NULL, {
		ROW(MLOCK2, EINVAL, BAD_FLAGS, 0), ROW(MLOCK2, EINVAL, BAD_FLAGS, 0),
		ROW(MLOCKALL, EINVAL, BAD_FLAGS, 0), ROW(MLOCKALL, EINVAL, BAD_FLAGS, 0),
		ROW(MLOCKALL, EINVAL, BAD_FLAGS, 0), ROW(MLOCKALL, EINVAL, BAD_FLAGS, 0) } },
	{ "bad_range_is_named", "address + length overflows", NEEDS_IPC_LOCK | ONLY_64,
	  bad_range, NULL, {
		ROW(MLOCK, EINVAL, BAD_RANGE, 0), ROW(MLOCK2, EINVAL, BAD_RANGE, 0),
		ROW(MUNLOCK, EINVAL, BAD_RANGE, 0) } },
	{ "split_at_map_limit_fails", "vm.max_map_count mappings", AS_USER,
	  split_at_map_limit, NULL, {
		ROW(MLOCK, ENOMEM, TOO_MANY_MAPS, 0), ROW(MLOCK, ENOMEM, TOO_MANY_MAPS, 2),
		ROW(EXIT, 0, OK, -2) } },
	{ "partial_mlockall_succeeds", "it passes over what cannot be faulted in", NEEDS_IPC_LOCK,
	  partial_mlockall, NULL, {
		ROW(MLOCKALL, 0, OK, ANY), ROW(MUNLOCKALL, 0, OK, ANY) } },
	{ "killed_while_faulting_in", "SIGKILL while a page waits for userfaultfd", 0,
	  killed_while_faulting_in, no_userfaultfd, {
		ROW(MLOCK, EINTR, INTERRUPTED, 4), ROW(EXIT, 0, OK, -4) } },
	{ "no_memory_in_cgroup", "the memory cgroup is full", NEEDS_IPC_LOCK,
	  no_memory_in_cgroup, no_memory_cgroup, {
		ROW(MLOCK, EAGAIN, NO_MEMORY, CGROUP_ASKED_PAGES), ROW(EXIT, 0, OK, -CGROUP_ASKED_PAGES) } },
	{ "refused_by_seccomp", "a filter answers EPERM", AS_USER | TP_ONLY,
	  refused_by_seccomp, no_seccomp, {
		ROW(MLOCK, EPERM, DENIED, 0), ROW(MUNLOCK, EPERM, DENIED, 0) } },
	{ NULL, NULL, 0, NULL, NULL, { { 0 } } }
};
