// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of what happens to locks and limits around a process: exec, exit,
 * fork, threads, and setrlimit by oneself and by others.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

/* An address space that holds nothing ends without a record worth a row. */
static void log_end(enum mlocktrace_op op)
{
	struct log_row row = { .op = op, .before = vmlck() };

	if (row.before)
		log_row(&row);
}

void end_scenario(void)
{
	log_quiet();
	log_end(MLOCKTRACE_OP_EXIT);
	if (!log_all_rows_seen())
		complain("ended before row %u", log_position());
	_exit(log_failures() != 0);
}

void end_of_child(void)
{
	log_end(MLOCKTRACE_OP_EXIT);
	_exit(log_failures() != 0);
}

void exec_self(const char *mode)
{
	log_end(MLOCKTRACE_OP_EXEC);
	execl("/proc/self/exe", "workload", mode, (char *)NULL);
	die("exec");
}

pid_t make_child(void)
{
	struct log_row row = { .op = MLOCKTRACE_OP_FORK, .before = vmlck() };

	row.after = row.before;
	row.target = fork();
	if (row.target < 0)
		die("fork");
	/* A parent without locks has nothing that the child could fail to inherit. */
	if (!row.before)
		return row.target;
	if (row.target)
		log_row(&row);
	else
		log_skip_rows(1);
	return row.target;
}

void wait_for(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || status)
		complain("child %d ended with status 0x%x", child, status);
}

static void exit_holding(void)
{
	call_mlock(map_pages(4, RW), 4 * page);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_FUTURE);
}

static void exec_holding(void)
{
	call_mlock(map_pages(4, RW), 4 * page);
	exec_self("must-hold-nothing");
}

static void *exec_in_thread(void *arg)
{
	exec_self("must-hold-nothing");
	return arg;
}

static void exec_from_thread(void)
{
	pthread_t thread;

	call_mlock(map_pages(3, RW), 3 * page);
	pthread_create(&thread, NULL, exec_in_thread, NULL);
	pthread_join(thread, NULL);
}

static void fork_inherits(void)
{
	char *p = map_pages(4, RW);
	pid_t child;

	call_mlock(p, 4 * page);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_FUTURE);
	child = make_child();
	if (!child) {
		if (vmlck())
			complain("the child holds locks");
		map_pages(1, RW);
		if (vmlck())
			complain("the child inherited MCL_FUTURE");
		call_mlock(p, 2 * page);
		end_of_child();
	}
	wait_for(child);
	log_skip_rows(2);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
}

/* The child is a process of its own in its parent's address space. */
static int lock_in_shared_memory(void *addr)
{
	call_mlock(addr, 2 * page);
	syscall(SYS_exit_group, 0);
	return 0;
}

static void shared_address_space(void)
{
	char *stack = map_pages(16, RW);
	char *p = map_pages(6, RW);
	pid_t child;

	call_mlock(p, 4 * page);
	child = clone(lock_in_shared_memory, stack + 16 * page, CLONE_VM | CLONE_VFORK | SIGCHLD,
		      p + 4 * page);
	if (child < 0)
		die("clone");
	wait_for(child);
	call_munlock(p, 6 * page);
}

static void *lock_in_thread(void *addr)
{
	call_mlock(addr, 2 * page);
	return NULL;
}

static void threads_share(void)
{
	char *p = map_pages(4, RW);
	pthread_t thread;

	pthread_create(&thread, NULL, lock_in_thread, p);
	pthread_join(thread, NULL);
	pthread_create(&thread, NULL, lock_in_thread, p + 2 * page);
	pthread_join(thread, NULL);
	call_munlock(p, 4 * page);
}

static void killed(void)
{
	char *p = map_pages(4, RW);
	pid_t child = make_child();
	int status;

	if (!child) {
		call_mlock(p, 4 * page);
		kill(getpid(), SIGKILL);
	}
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
		complain("the child was not killed");
	log_skip_rows(1);
	log_child(child, MLOCKTRACE_OP_EXIT, NULL, 0, 0, 4 * page, 0);
}

static void own_limit(void)
{
	struct rlimit files;

	call_setrlimit(0, 8 * page, USER_HARD_LIMIT);
	call_setrlimit(0, USER_HARD_LIMIT, USER_HARD_LIMIT);
	call_setrlimit(0, USER_HARD_LIMIT, USER_HARD_LIMIT + 1);
	call_setrlimit(0, MLOCKTRACE_UNLIMITED, MLOCKTRACE_UNLIMITED);
	call_setrlimit(0, 8 * page, 4 * page);
	call_setrlimit(getpid(), 4 * page, 8 * page);
	/* Reading it, and other limits, leave no record. */
	getrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_NOFILE, &files);
}

/* The older system call, which the C library no longer uses. */
static void old_setrlimit(void)
{
	unsigned long limit[2] = { 8 * page, 16 * page };
	struct log_row row = {
		.op = MLOCKTRACE_OP_SETRLIMIT, .limit = limit[0], .hard = limit[1],
	};

	row.ret = syscall(SYS_setrlimit, RLIMIT_MEMLOCK, limit) ? -errno : 0;
	log_row(&row);
}

static void limit_of_child(void)
{
	int hold[2];
	pid_t child;
	char c;

	if (pipe(hold))
		die("pipe");
	child = make_child();
	if (!child) {
		close(hold[1]);
		if (read(hold[0], &c, 1))
			_exit(1);
		_exit(0);
	}
	call_setrlimit(child, 8 * page, 16 * page);
	call_setrlimit(child, 8 * page, 17 * page);
	call_setrlimit(child, 9 * page, 8 * page);
	close(hold[1]);
	wait_for(child);
}

static void limit_of_stranger(void)
{
	call_setrlimit(1, page, page);
	call_setrlimit(0x3fffffff, page, page);
}

const struct scenario life_scenarios[] = {
	{ "exit_gives_locks_back", "a process ends with 4 pages locked", AS_USER,
	  exit_holding, NULL, {
		ROW(MLOCK, 0, OK, 4), ROW(MLOCKALL, 0, OK, 0), ROW(EXIT, 0, OK, -4) } },
	{ "exec_gives_locks_back", "and the new program holds nothing", AS_USER,
	  exec_holding, NULL, { ROW(MLOCK, 0, OK, 4), ROW(EXEC, 0, OK, -4) } },
	{ "exec_from_a_thread", "the thread takes its leader's place", AS_USER,
	  exec_from_thread, NULL, { ROW(MLOCK, 0, OK, 3), ROW(EXEC, 0, OK, -3) } },
	{ "fork_inherits_nothing", "neither locks nor MCL_FUTURE", AS_USER,
	  fork_inherits, NULL, {
		ROW(MLOCK, 0, OK, 4), ROW(MLOCKALL, 0, OK, 0), ROW(FORK, 0, OK, 0),
		ROW(MLOCK, 0, OK, 2), ROW(EXIT, 0, OK, -2), ROW(MUNLOCKALL, 0, OK, -4) } },
	{ "a_shared_address_space_has_one_count", "clone(CLONE_VM): the child's lock is its parent's",
	  AS_USER, shared_address_space, NULL, {
		ROW(MLOCK, 0, OK, 4), ROW(MLOCK, 0, OK, 2), ROW(MUNLOCK, 0, OK, -6) } },
	{ "threads_share_one_count", "two threads lock, the main thread unlocks", AS_USER,
	  threads_share, NULL, {
		ROW(MLOCK, 0, OK, 2), ROW(MLOCK, 0, OK, 2), ROW(MUNLOCK, 0, OK, -4) } },
	{ "a_killed_process_gives_locks_back", "SIGKILL with 4 pages locked", AS_USER,
	  killed, NULL, { ROW(MLOCK, 0, OK, 4), ROW(EXIT, 0, OK, -4) } },
	{ "own_limit_changes", "lower, raise, above the hard limit, soft above hard", AS_USER,
	  own_limit, NULL, {
		ROW(SETRLIMIT, 0, OK, 0), ROW(SETRLIMIT, 0, OK, 0), ROW(SETRLIMIT, EPERM, DENIED, 0),
		ROW(SETRLIMIT, EPERM, DENIED, 0), ROW(SETRLIMIT, EINVAL, BAD_RANGE, 0),
		ROW(SETRLIMIT, 0, OK, 0) } },
	{ "setrlimit_of_old", "setrlimit(2) itself", AS_USER,
	  old_setrlimit, NULL, { ROW(SETRLIMIT, 0, OK, 0) } },
	{ "limit_of_a_child_changes", "prlimit(2) of another process, allowed and not", AS_USER,
	  limit_of_child, NULL, {
		ROW(SETRLIMIT, 0, OK, 0), ROW(SETRLIMIT, EPERM, DENIED, 0),
		ROW(SETRLIMIT, EINVAL, BAD_RANGE, 0) } },
	{ "limit_of_a_stranger_stays", "prlimit(2) of root's process, and of nobody's", AS_USER,
	  limit_of_stranger, NULL, {
		ROW(SETRLIMIT, EPERM, DENIED, 0), ROW(SETRLIMIT, ESRCH, OTHER, 0) } },
	{ NULL, NULL, 0, NULL, NULL, { { 0 } } }
};
