// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of calls that lock and unlock by the way: mmap, munmap, mremap, brk
 * and shmat, in a process of their own and around fork, exec and threads. All of
 * these succeed; scenarios_refused.c has the others.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workload.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)

static char *map_locked(size_t pages)
{
	return call_mmap_anonymous(NULL, pages, MAP_LOCKED);
}

static void arm(void)
{
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_FUTURE);
}

static void *plain_mmap(void *hint, size_t pages, int flags)
{
	void *p = mmap(hint, pages * page, RW, flags | PRIVATE, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

/* ---- mmap and munmap -------------------------------------------------------- */

static void map_locked_in_all_ways(void)
{
	int fd = memfd_create("mlocktrace", 0);

	if (fd < 0 || ftruncate(fd, page))
		die("memfd_create");
	map_locked(4);
	call_mmap(NULL, 2 * page, PROT_NONE, PRIVATE | MAP_LOCKED, -1);
	call_mmap(NULL, page + 1, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_LOCKED, -1);
	call_mmap(NULL, 3 * page, RW, MAP_SHARED | MAP_LOCKED, fd);
	call_mmap(NULL, 2 * page, RW, PRIVATE | MAP_LOCKED | MAP_NORESERVE, -1);
	call_mmap(NULL, page, RW, PRIVATE | MAP_LOCKED | MAP_NONBLOCK | MAP_POPULATE, -1);
}

static void armed_maps(void)
{
	char *p;

	arm();
	p = call_mmap_anonymous(NULL, 4, 0);
	call_mmap(NULL, 2 * page, PROT_NONE, PRIVATE, -1);
	call_munlock(p, 3 * page);
	call_munmap(p, 4 * page);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
	plain_mmap(NULL, 4, 0);
	expect_pages_locked(0);
}

static void disarmed_by_mlockall(void)
{
	int64_t held;

	arm();
	call_mmap_anonymous(NULL, 2, 0);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_CURRENT);
	held = vmlck() / (int64_t)page;
	plain_mmap(NULL, 4, 0);
	expect_pages_locked(held);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
}

static void armed_on_fault(void)
{
	char *p;

	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_FUTURE | MCL_ONFAULT);
	p = call_mmap_anonymous(NULL, 4, 0);
	call_mlock(p, 4 * page);
	call_munmap(p, 4 * page);
}

static void map_over_locked(void)
{
	char *p = map_pages(8, RW);

	call_mlock(p, 6 * page);
	call_mmap_anonymous(p + 2 * page, 3, MAP_FIXED);
	call_mmap_anonymous(p, 8, MAP_FIXED | MAP_LOCKED);
	/* What comes is as much as what goes. */
	plain_mmap(p, 8, MAP_FIXED | MAP_LOCKED);
	expect_pages_locked(8);
	call_mmap(p + page, page, PROT_NONE, PRIVATE | MAP_FIXED, -1);
	plain_mmap(p + page, 1, MAP_FIXED);
	expect_pages_locked(7);
}

static void unmap_in_pieces(void)
{
	char *p = map_locked(8);

	call_munmap(p + 3 * page, 2 * page);
	call_munmap(p + 2 * page, 4 * page);
	munmap(p + 2 * page, 4 * page);
	expect_pages_locked(4);
	call_munmap(p, 8 * page);
}

static void unmap_half_locked(void)
{
	char *p = map_pages(6, RW);
	char *q = map_pages(3, RW);

	call_mlock(p + page, 2 * page);
	call_mlock(p + 4 * page, page);
	call_munmap(p, 6 * page);
	call_mlock(q, 3 * page);
	call_munmap(q, page + 1);
	munmap(map_pages(2, RW), 2 * page);
}

static void what_does_not_count(void)
{
	char *p = map_locked(6);

	if (mprotect(p + page, page, PROT_READ) || mprotect(p + page, page, RW))
		die("mprotect");
	if (!madvise(p, 6 * page, MADV_DONTNEED) || errno != EINVAL)
		complain("locked pages could be thrown away");
	expect_pages_locked(6);
	call_munmap(p, 6 * page);
}

/* 2^32 pages: some kernels (6.1.192, 6.18.44) lose them when locking, not when unmapping. */
#define VERY_MUCH (sizeof(long) > 4 ? (size_t)(1ULL << 44) : 0)
#define UNCHARGED (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

static void very_much(void)
{
	void *p = mmap(NULL, VERY_MUCH, PROT_READ, UNCHARGED, -1, 0);

	call(MLOCKTRACE_OP_MLOCK2, p, VERY_MUCH, MLOCK_ONFAULT);
	call_munmap(p, VERY_MUCH);
	if (!vmlck())
		log_skip_rows(1);
}

static const char *not_very_much(void)
{
	void *p = mmap(NULL, VERY_MUCH, PROT_READ, UNCHARGED, -1, 0);

	if (p == MAP_FAILED)
		return "no mapping of 16 TiB";
	munmap(p, VERY_MUCH);
	/* One that looks at each page would take hours. */
	return on_fault_faults_in();
}

/* ---- brk and shmat ---------------------------------------------------------- */

static char *whole_break(void)
{
	unsigned long end = ((unsigned long)current_break() + page - 1) / page * page;

	if (brk((void *)end))
		die("brk");
	return (char *)end;
}

static void armed_heap(void)
{
	char *base = whole_break();

	arm();
	call_brk(base + 3 * page);
	call_brk(base + 3 * page + 100);
	syscall(SYS_brk, base + 3 * page + 200);
	expect_pages_locked(4);
	call_brk(base + page + 1);
	call_brk(base);
}

static void locked_heap(void)
{
	char *base = whole_break();

	syscall(SYS_brk, base + 6 * page);
	call_mlock(base + 2 * page, 2 * page);
	syscall(SYS_brk, base + 8 * page);
	syscall(SYS_brk, base + 4 * page);
	expect_pages_locked(2);
	call_brk(base + 3 * page);
	call_brk(base);
}

static void armed_shmat(void)
{
	int id = shmget(IPC_PRIVATE, 4 * page, IPC_CREAT | 0600);
	char *p;

	if (id < 0)
		die("shmget");
	arm();
	p = call_shmat(id, 4 * page);
	shmctl(id, IPC_RMID, NULL);
	call_shmdt(p);
}

const char *no_shm(void)
{
	int id = shmget(IPC_PRIVATE, page, IPC_CREAT | 0600);

	if (id < 0)
		return "no System V shared memory";
	shmctl(id, IPC_RMID, NULL);
	return NULL;
}

/* ---- mremap ----------------------------------------------------------------- */

static void resize_in_place(void)
{
	char *p = map_with_guards(8);

	munmap(p + 4 * page, 4 * page);
	call_mlock(p, 4 * page);
	call_mremap(LOCKED, p, 4 * page, 6 * page, 0, NULL);
	mremap(p, 6 * page, 6 * page, 0);
	expect_pages_locked(6);
	call_mremap(LOCKED, p, 6 * page, 3 * page, 0, NULL);
	call_mremap(LOCKED, p, 3 * page, 3 * page + 1, MREMAP_MAYMOVE, NULL);
}

static void move_and_resize(void)
{
	char *p = map_pages(8, RW);
	char *to = map_pages(8, RW);
	char *q;

	call_mlock(p, 3 * page);
	/* The rest of the mapping is in the way. */
	q = call_mremap(LOCKED, p, 3 * page, 5 * page, MREMAP_MAYMOVE, NULL);
	if (mremap(q, 5 * page, 5 * page, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		die("mremap");
	expect_pages_locked(5);
	call_mremap(LOCKED, to, 5 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED, p);
}

static void move_onto_locked(void)
{
	char *from = map_pages(2, RW);
	char *unlocked = map_pages(1, RW);
	char *to = map_pages(5, RW);

	call_mlock(to, 5 * page);
	call_mlock(from, 2 * page);
	call_mremap(LOCKED, from, 2 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED, to + page);
	call_mremap(UNLOCKED, unlocked, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, to + 4 * page);
}

static void duplicate(void)
{
	char *p = call_mmap(NULL, 3 * page, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_LOCKED, -1);

	call_mremap(LOCKED, p, 0, 3 * page, MREMAP_MAYMOVE, NULL);
}

/*
 * Nothing comes and nothing goes, but some kernels forget to subtract what the
 * old mapping was charged, in whole or in part (6.1.170, 6.12.107, 6.18).
 */
static void move_and_keep(size_t pages, size_t moved)
{
	const int flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
	struct log_row row = {
		.op = MLOCKTRACE_OP_MREMAP, .addr = (unsigned long)map_locked(pages),
		.len = moved * page, .arg = flags,
	};
	long to;

	row.where = row.addr;
	row.before = vmlck();
	to = syscall(SYS_mremap, row.addr, moved * page, moved * page, flags, 0);
	if (to == -1)
		die("mremap");
	row.addr = to;
	row.after = vmlck();
	if (row.after != row.before)
		log_row(&row);
	else
		log_skip_rows(1);
}

static void move_and_keep_mapping(void)
{
	move_and_keep(4, 4);
	move_and_keep(6, 2);
}

static const char *no_dontunmap(void)
{
	void *p = map_pages(1, RW);
	void *q = mremap(p, page, page, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);

	if (q == MAP_FAILED)
		return "this kernel has no MREMAP_DONTUNMAP";
	munmap(p, page);
	munmap(q, page);
	return NULL;
}

/* ---- other processes, other threads ----------------------------------------- */

static void fork_disarms(void)
{
	char *p;
	pid_t child;

	arm();
	p = call_mmap_anonymous(NULL, 4, 0);
	child = make_child();
	if (!child) {
		plain_mmap(NULL, 2, 0);
		munmap(p, 2 * page);
		expect_pages_locked(0);
		map_locked(2);
		end_of_child();
	}
	wait_for(child);
	log_skip_rows(2);
	call_mmap_anonymous(NULL, 1, 0);
	call_munmap(p, 4 * page);
}

static void exec_disarms(void)
{
	arm();
	call_mmap_anonymous(NULL, 4, 0);
	exec_self("must-hold-nothing");
}

static int go[2];

/* Started before, since starting a thread maps memory of its own. */
static void *map_in_thread(void *arg)
{
	char c;

	if (read(go[0], &c, 1) != 1)
		die("read");
	return call_mmap_anonymous(arg, 2, 0);
}

static void thread_maps(void)
{
	pthread_t thread;
	void *p;

	if (pipe(go) || pthread_create(&thread, NULL, map_in_thread, NULL))
		die("pthread_create");
	arm();
	if (write(go[1], "", 1) != 1)
		die("write");
	pthread_join(thread, &p);
	call_munmap(p, 2 * page);
}

static int map_in_shared_memory(void *addr)
{
	call_mmap_anonymous(addr, 3, MAP_FIXED);
	arm();
	call_mmap_anonymous(addr, 2, MAP_FIXED);
	syscall(SYS_exit_group, 0);
	return 0;
}

static void child_in_shared_memory(void)
{
	char *stack = map_pages(16, RW);
	char *p = map_locked(6);
	pid_t child = clone(map_in_shared_memory, stack + 16 * page,
			    CLONE_VM | CLONE_VFORK | SIGCHLD, p);

	if (child < 0)
		die("clone");
	wait_for(child);
	call_mmap_anonymous(NULL, 1, 0);
	call_munmap(p, 6 * page);
}

const struct scenario map_scenarios[] = {
	{ "map_locked_is_charged", "MAP_LOCKED: also PROT_NONE, odd lengths, past the end of a file",
	  AS_USER, map_locked_in_all_ways, NULL, {
		ROW(MMAP, 0, OK, 4), ROW(MMAP, 0, OK, 2), ROW(MMAP, 0, OK, 2), ROW(MMAP, 0, OK, 3),
		ROW(MMAP, 0, OK, 2), ROW(MMAP, 0, OK, 1), ROW(EXIT, 0, OK, -14) } },
	{ "what_an_armed_process_maps_is_locked", "MCL_FUTURE, until munlockall", AS_USER,
	  armed_maps, NULL, {
		ROW(MLOCKALL, 0, OK, 0), ROW(MMAP, 0, OK, 4), ROW(MMAP, 0, OK, 2),
		ROW(MUNLOCK, 0, OK, -3), ROW(MUNMAP, 0, OK, -1), ROW(MUNLOCKALL, 0, OK, -2) } },
	{ "another_mlockall_disarms", "MCL_CURRENT without MCL_FUTURE", NEEDS_IPC_LOCK,
	  disarmed_by_mlockall, NULL, {
		ROW(MLOCKALL, 0, OK, 0), ROW(MMAP, 0, OK, 2), ROW(MLOCKALL, 0, OK, ANY),
		ROW(MUNLOCKALL, 0, OK, ANY) } },
	{ "armed_on_fault_charges_in_full", "MCL_FUTURE with MCL_ONFAULT", AS_USER,
	  armed_on_fault, NULL, {
		ROW(MLOCKALL, 0, OK, 0), ROW(MMAP, 0, OK, 4), ROW(MLOCK, 0, OK, 0),
		ROW(MUNMAP, 0, OK, -4) } },
	{ "map_over_locked_pages", "MAP_FIXED: one record of what comes less what goes", AS_USER,
	  map_over_locked, NULL, {
		ROW(MLOCK, 0, OK, 6), ROW(MMAP, 0, OK, -3), ROW(MMAP, 0, OK, 5),
		ROW(MMAP, 0, OK, -1), ROW(EXIT, 0, OK, -7) } },
	{ "munmap_in_pieces", "the middle, then across a hole, then a hole, then the rest", AS_USER,
	  unmap_in_pieces, NULL, {
		ROW(MMAP, 0, OK, 8), ROW(MUNMAP, 0, OK, -2), ROW(MUNMAP, 0, OK, -2),
		ROW(MUNMAP, 0, OK, -4) } },
	{ "munmap_of_half_locked_memory", "only what was locked counts", AS_USER,
	  unmap_half_locked, NULL, {
		ROW(MLOCK, 0, OK, 2), ROW(MLOCK, 0, OK, 1), ROW(MUNMAP, 0, OK, -3),
		ROW(MLOCK, 0, OK, 3), ROW(MUNMAP, 0, OK, -2), ROW(EXIT, 0, OK, -1) } },
	{ "munmap_of_16_tib", "the counter of some kernels falls below 0", NEEDS_IPC_LOCK | ONLY_64,
	  very_much, not_very_much, {
		ROW(MLOCK2, 0, OK, ANY), ROW(MUNMAP, 0, OK, ANY), ROW(EXIT, 0, OK, ANY) } },
	{ "mprotect_and_madvise_do_not_count", "mappings are split and merged, no more", AS_USER,
	  what_does_not_count, NULL, { ROW(MMAP, 0, OK, 6), ROW(MUNMAP, 0, OK, -6) } },
	{ "armed_heap_grows_and_shrinks", "brk in pages; within a page nothing happens", AS_USER,
	  armed_heap, NULL, {
		ROW(MLOCKALL, 0, OK, 0), ROW(BRK, 0, OK, 3), ROW(BRK, 0, OK, 1),
		ROW(BRK, 0, OK, -2), ROW(BRK, 0, OK, -2) } },
	{ "locked_heap_shrinks", "brk of a heap that was locked by mlock in part", AS_USER,
	  locked_heap, NULL, {
		ROW(MLOCK, 0, OK, 2), ROW(BRK, 0, OK, -1), ROW(BRK, 0, OK, -1) } },
	{ "armed_process_attaches_a_segment", "shmat and shmdt", AS_USER, armed_shmat, no_shm, {
		ROW(MLOCKALL, 0, OK, 0), ROW(MMAP, 0, OK, 4), ROW(MUNMAP, 0, OK, -4) } },
	{ "mremap_in_place", "grow, shrink, grow by a byte", AS_USER, resize_in_place, NULL, {
		ROW(MLOCK, 0, OK, 4), ROW(MREMAP, 0, OK, 2), ROW(MREMAP, 0, OK, -3),
		ROW(MREMAP, 0, OK, 1), ROW(EXIT, 0, OK, -4) } },
	{ "mremap_elsewhere", "move and grow, move, move and shrink", AS_USER, move_and_resize, NULL, {
		ROW(MLOCK, 0, OK, 3), ROW(MREMAP, 0, OK, 2), ROW(MREMAP, 0, OK, -3),
		ROW(EXIT, 0, OK, -2) } },
	{ "mremap_onto_locked_pages", "MREMAP_FIXED of a locked mapping, and of one that is not",
	  AS_USER, move_onto_locked, NULL, {
		ROW(MLOCK, 0, OK, 5), ROW(MLOCK, 0, OK, 2), ROW(MREMAP, 0, OK, -2),
		ROW(MREMAP, 0, OK, -1), ROW(EXIT, 0, OK, -4) } },
	{ "mremap_duplicates_a_shared_mapping", "old length 0", AS_USER, duplicate, NULL, {
		ROW(MMAP, 0, OK, 3), ROW(MREMAP, 0, OK, 3), ROW(EXIT, 0, OK, -6) } },
	{ "mremap_keeps_the_old_mapping", "MREMAP_DONTUNMAP, of all and of a part", AS_USER,
	  move_and_keep_mapping, no_dontunmap, {
		ROW(MMAP, 0, OK, 4), ROW(MREMAP, 0, OK, ANY), ROW(MMAP, 0, OK, 6),
		ROW(MREMAP, 0, OK, ANY), ROW(EXIT, 0, OK, ANY) } },
	{ "fork_disarms_the_child", "and its mappings are its own", AS_USER, fork_disarms, NULL, {
		ROW(MLOCKALL, 0, OK, 0), ROW(MMAP, 0, OK, 4), ROW(FORK, 0, OK, 0),
		ROW(MMAP, 0, OK, 2), ROW(EXIT, 0, OK, -2), ROW(MMAP, 0, OK, 1),
		ROW(MUNMAP, 0, OK, -4), ROW(EXIT, 0, OK, -1) } },
	{ "exec_disarms", "the new program's mappings leave no record", AS_USER, exec_disarms, NULL, {
		ROW(MLOCKALL, 0, OK, 0), ROW(MMAP, 0, OK, 4), ROW(EXEC, 0, OK, -4) } },
	{ "a_thread_maps_what_another_unmaps", "one address space, one count", AS_USER,
	  thread_maps, NULL, {
		ROW(MLOCKALL, 0, OK, 0), ROW(MMAP, 0, OK, 2), ROW(MUNMAP, 0, OK, -2) } },
	{ "a_child_maps_in_its_parents_memory", "clone(CLONE_VM): also MCL_FUTURE is the parent's",
	  AS_USER, child_in_shared_memory, NULL, {
		ROW(MMAP, 0, OK, 6), ROW(MMAP, 0, OK, -3), ROW(MLOCKALL, 0, OK, 0),
		ROW(MMAP, 0, OK, 2), ROW(MMAP, 0, OK, 1), ROW(MUNMAP, 0, OK, -5),
		ROW(EXIT, 0, OK, -1) } },
	{ NULL, NULL, 0, NULL, NULL, { { 0 } } }
};
