// SPDX-License-Identifier: GPL-2.0
/*
 * Many processes that hold a little or nothing, some under names that try to break out,
 * and one that has its address space together with the first.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "workload.h"

static void stay(void)
{
	for (;;)
		pause();
}

static void begin_one(int i, pid_t parent)
{
	size_t pages = (size_t)i % 4;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	if (i % 5 == 0)
		prctl(PR_SET_NAME, hostile_name(i / 5), 0, 0, 0);
	if (pages && mlock(map_pages(pages, RW), pages * page))
		die("mlock");
}

static int share(void *ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (write(*(int *)ready, "", 1) != 1)
		_exit(1);
	stay();
	return 0;
}

/* Each says when it has come so far: "ready" means that all have. */
int run_crowd(int argc, char **argv)
{
	static char stack[65536] __attribute__((aligned(16)));
	int n = argc > 0 ? atoi(argv[0]) : 100, ready[2];
	pid_t self = getpid();
	char byte;

	if (pipe(ready))
		die("pipe");
	if (mlock(map_pages(5, RW), 5 * page))
		die("mlock");
	for (int i = 0; i < n; i++) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (child)
			continue;
		begin_one(i, self);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		stay();
	}
	if (clone(share, stack + sizeof(stack), CLONE_VM | SIGCHLD, &ready[1]) < 0)
		die("clone");
	for (int i = 0; i < n + 1; i++)
		if (read(ready[0], &byte, 1) != 1)
			die("read");
	printf("ready %d\n", self);
	fflush(stdout);
	stay();
	return 0;
}
