// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of locked stacks that grow, or may not: by a page fault, in a system
 * call, by the hand of another process. MAP_GROWSDOWN makes a stack to the
 * kernel, and its size is known; the real one is used, too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

#define OVER(op, error) ROW(op, error, OVER_LIMIT, 0)
#define ELSE(op, error) ROW(op, error, NOT_THE_LIMIT, 0)

static struct log_row growth(char *start, size_t pages)
{
	return (struct log_row) {
		.op = MLOCKTRACE_OP_STACK, .addr = (unsigned long)start - pages * page,
		.len = pages * page, .asked = pages * page, .before = vmlck(),
	};
}

/* read(2) of one byte there */
static void call_read_below(char *start, size_t pages)
{
	struct log_row row = growth(start, pages);
	int ends[2];

	if (pipe(ends) || write(ends[1], "", 1) != 1)
		die("pipe");
	row.ret = read(ends[0], (void *)row.addr, 1) == 1 ? 0 : -ENOMEM;
	row.after = vmlck();
	log_row(&row);
	close(ends[0]);
	close(ends[1]);
}

/* A call that writes one word and does not try again, as copies do that failed half-way. */
static void call_getcpu_below(char *start, size_t pages)
{
	struct log_row row = growth(start, pages);

	row.ret = syscall(SYS_getcpu, row.addr, NULL, NULL) ? -ENOMEM : 0;
	if (row.ret && errno != EFAULT)
		complain("getcpu: errno %d", errno);
	row.after = vmlck();
	log_row(&row);
}

static void grow_by_fault(void)
{
	char *start = map_stack(stack_room(), 4, MAP_LOCKED);

	call_touch(start, 1);
	call_touch(start - page, 4);
	/* There it is by now. */
	touch(start - 3 * page);
	call_read_below(start - 5 * page, 2);
	call_munmap(start - 7 * page, 3 * page);
}

static void grow_when_armed(void)
{
	char *room = stack_room();
	char *start;

	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_FUTURE | MCL_ONFAULT);
	start = map_stack(room, 2, 0);
	call_touch(start, 3);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
	touch(start - 5 * page);
	expect_pages_locked(0);
}

static void grow_real_stack(void)
{
	char *start = stack_start(__builtin_frame_address(0));

	call_mlock(start, page);
	call_touch(start, 3);
	call_touch(start - 3 * page, 1);
	/* MCL_FUTURE alone is for mappings to come, and the stack is there. */
	call_munlock(start - 4 * page, 5 * page);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_FUTURE);
	touch(start - 6 * page);
	expect_pages_locked(0);
}

static void grow_all_locked(void)
{
	char *start;

	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_CURRENT | MCL_FUTURE);
	start = stack_start(__builtin_frame_address(0));
	call_touch(start, 40);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
}

static void grow_over(void)
{
	char *start = map_stack(stack_room(), 10, MAP_LOCKED);

	call_touch(start, 7);
	call_touch(start, 6);
	call_getcpu_below(start - 6 * page, 1);
}

static void grow_over_alone(void)
{
	call_touch(map_stack(stack_room(), 10, MAP_LOCKED), 7);
}

static void grow_to_death(void)
{
	struct shared {
		char *start;
		int64_t held;
	} *shared = mmap(NULL, page, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct rlimit no_core = { 0, 0 };
	pid_t child = make_child();
	int status;

	if (!child) {
		setrlimit(RLIMIT_CORE, &no_core);
		shared->start = map_stack(stack_room(), 3, MAP_LOCKED);
		shared->held = vmlck();
		shared->start[-14 * (long)page] = 1;
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
		complain("the child did not die of SIGSEGV");
	log_skip_rows(1);
	log_child(child, MLOCKTRACE_OP_STACK, shared->start - 14 * page, 14 * page, -ENOMEM,
		  shared->held, shared->held);
	log_child(child, MLOCKTRACE_OP_EXIT, NULL, 0, 0, shared->held, 0);
}

static void other_limit(int resource, size_t bytes)
{
	char *start = map_stack(stack_room(), 4, MAP_LOCKED);
	struct rlimit limit = { bytes, bytes };

	if (!bytes)
		limit.rlim_cur = limit.rlim_max = status_bytes("VmSize:") + page;
	if (setrlimit(resource, &limit))
		die("setrlimit");
	call_touch(start, 2);
	call_getcpu_below(start, 2);
	call_touch(start, 1);
}

static void over_stack_limit(void)
{
	other_limit(RLIMIT_STACK, 5 * page);
}

static void over_address_space(void)
{
	other_limit(RLIMIT_AS, 0);
}

static void over_guard_gap(void)
{
	char *end = stack_room();

	if (mmap(end - 20 * page, page, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		die("mmap");
	call_touch(map_stack(end, 4, MAP_LOCKED), 1);
}

/* ---- the stack of another process ------------------------------------------- */

static int to_child[2], to_parent[2];

static void tell(int fd, const void *what, size_t size)
{
	if (write(fd, what, size) != (ssize_t)size)
		die("write");
}

static void hear(int fd, void *what, size_t size)
{
	if (read(fd, what, size) != (ssize_t)size)
		die("read");
}

static void child_with_stack(void)
{
	char *start = map_stack(stack_room(), 4, MAP_LOCKED);
	tell(to_parent[1], &start, sizeof(start));
	hear(to_child[0], &start, 1);
	log_skip_rows(2);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
	end_of_child();
}

static struct log_row growth_of(pid_t child, char *start, size_t pages)
{
	struct log_row row = growth(start, pages);

	row.target = child;
	row.before = vmlck_of(child);
	return row;
}

static void grow_by_reading(pid_t child, char *start, size_t pages)
{
	struct log_row row = growth_of(child, start, pages);
	char path[32], c;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", child);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(path);
	row.ret = pread64(fd, &c, 1, row.addr) == 1 ? 0 : -errno;
	row.after = vmlck_of(child);
	log_row(&row);
	close(fd);
}

static void grow_by_ptrace(pid_t child, char *start, size_t pages)
{
	struct log_row row;
	int status;

	if (ptrace(PTRACE_ATTACH, child, 0, 0) || waitpid(child, &status, 0) != child)
		die("ptrace");
	row = growth_of(child, start, pages);
	errno = 0;
	ptrace(PTRACE_PEEKDATA, child, row.addr, 0);
	row.ret = -errno;
	row.after = vmlck_of(child);
	log_row(&row);
	ptrace(PTRACE_DETACH, child, 0, 0);
}

/* Root's limit and capability count, not those of the process. */
static void grow_by_stranger(void)
{
	pid_t child;
	char *start;

	if (pipe(to_child) || pipe(to_parent))
		die("pipe");
	child = make_child();
	if (!child) {
		drop_and_log(USER_SOFT_LIMIT, USER_HARD_LIMIT);
		child_with_stack();
	}
	hear(to_parent[0], &start, sizeof(start));
	log_skip_rows(1);
	grow_by_reading(child, start, 20);
	grow_by_ptrace(child, start - 20 * page, 2);
	tell(to_child[1], "", 1);
	wait_for(child);
	log_skip_rows(1);
}

const struct scenario stack_scenarios[] = {
	{ "locked_stack_grows", "by a page, by several, in read(2)", AS_USER, grow_by_fault, NULL, {
		ROW(MMAP, 0, OK, 4), ROW(STACK, 0, OK, 1), ROW(STACK, 0, OK, 4),
		ROW(STACK, 0, OK, 2), ROW(MUNMAP, 0, OK, -3), ROW(EXIT, 0, OK, -8) } },
	{ "armed_stack_grows", "one that was mapped since, until munlockall", AS_USER,
	  grow_when_armed, NULL, {
		ROW(MLOCKALL, 0, OK, 0), ROW(MMAP, 0, OK, 2), ROW(STACK, 0, OK, 3),
		ROW(MUNLOCKALL, 0, OK, -5) } },
	{ "real_stack_grows", "if its lowest page is locked", AS_USER, grow_real_stack, NULL, {
		ROW(MLOCK, 0, OK, 1), ROW(STACK, 0, OK, 3), ROW(STACK, 0, OK, 1),
		ROW(MUNLOCK, 0, OK, -5), ROW(MLOCKALL, 0, OK, 0) } },
	{ "stack_of_all_locked_grows", "mlockall(MCL_CURRENT | MCL_FUTURE)", NEEDS_IPC_LOCK,
	  grow_all_locked, NULL, {
		ROW(MLOCKALL, 0, OK, ANY), ROW(STACK, 0, OK, 40), ROW(MUNLOCKALL, 0, OK, ANY) } },
	{ "stack_over_limit", "SIGSEGV, and EFAULT in a system call", AS_USER, grow_over, NULL, {
		ROW(MMAP, 0, OK, 10), OVER(STACK, ENOMEM), ROW(STACK, 0, OK, 6),
		OVER(STACK, ENOMEM), ROW(EXIT, 0, OK, -16) } },
	{ "stack_needs_one_page_more", "for --limit: 7 pages behind 10", AS_USER,
	  grow_over_alone, NULL, {
		ROW(MMAP, 0, OK, 10), OVER(STACK, ENOMEM), ROW(EXIT, 0, OK, -10) } },
	{ "stack_over_limit_is_deadly", "SIGSEGV without a handler", AS_USER, grow_to_death, NULL, {
		ROW(MMAP, 0, OK, 3), OVER(STACK, ENOMEM), ROW(EXIT, 0, OK, -3) } },
	{ "stack_limit_is_not_the_limit", "RLIMIT_STACK", AS_USER, over_stack_limit, NULL, {
		ROW(MMAP, 0, OK, 4), ELSE(STACK, ENOMEM), ELSE(STACK, ENOMEM),
		ROW(STACK, 0, OK, 1), ROW(EXIT, 0, OK, -5) } },
	{ "stack_in_full_address_space", "RLIMIT_AS", AS_USER, over_address_space, NULL, {
		ROW(MMAP, 0, OK, 4), ELSE(STACK, ENOMEM), ELSE(STACK, ENOMEM),
		ROW(STACK, 0, OK, 1), ROW(EXIT, 0, OK, -5) } },
	{ "stack_at_a_mapping_below", "the gap that the kernel keeps", AS_USER, over_guard_gap, NULL, {
		ROW(MMAP, 0, OK, 4), ELSE(STACK, ENOMEM), ROW(EXIT, 0, OK, -4) } },
	{ "stack_grows_by_a_strangers_hand", "reading it in /proc/PID/mem, and by ptrace, over its limit",
	  NEEDS_IPC_LOCK, grow_by_stranger, NULL, {
		ROW(MMAP, 0, OK, 4), ROW(STACK, 0, OK, 20), ROW(STACK, 0, OK, 2),
		ROW(MUNLOCKALL, 0, OK, -26) } },
	{ NULL, NULL, 0, NULL, NULL, { { 0 } } }
};
