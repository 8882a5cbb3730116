// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that hold locks: one of every kind, and says where; of a file; of zeros.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workload.h"

/* name, address and size of each range, and what is in RAM; collected before the heap is locked */
static char told[2048];

static void tell(const char *name, const void *at, size_t pages, size_t resident)
{
	static size_t used;

	used += snprintf(told + used, sizeof(told) - used, "%s 0x%lx %zu %zu\n", name,
			 (unsigned long)at, pages * page, resident * page);
}

/* Two mappings of one page: twice against the limit, once in RAM. */
static void lock_memfd(void)
{
	int fd = syscall(SYS_memfd_create, "one page", 0);

	if (fd < 0 || ftruncate(fd, page))
		die("memfd_create");
	for (int i = 0; i < 2; i++) {
		char *at = mmap(NULL, page, RW, MAP_SHARED, fd, 0);

		if (at == MAP_FAILED || raw_call(MLOCKTRACE_OP_MLOCK, (unsigned long)at, page, 0))
			die("mlock of a memfd");
		tell("memfd", at, 1, 1);
	}
	close(fd);
}

static int hold(const char *at, size_t len)
{
	if (at == MAP_FAILED || raw_call(MLOCKTRACE_OP_MLOCK, (unsigned long)at, len, 0))
		die("mlock");
	printf("%d\n", getpid());
	fflush(stdout);
	pause();
	return 0;
}

/* Pages that cannot be written to are all the kernel's one page of zeros. */
int run_hold_zeros(int argc, char **argv)
{
	size_t len = (argc ? strtoul(argv[0], NULL, 10) : 4) * page;

	return hold(mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), len);
}

/* All of a file, shared with whoever does the same. */
int run_hold_file(int argc, char **argv)
{
	struct stat st;
	int fd;

	if (argc != 1)
		return 2;
	fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		die(argv[0]);
	return hold(mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0), st.st_size);
}

int run_regions(int argc, char **argv)
{
	char *at;

	(void)argc;
	(void)argv;
	at = map_with_guards(6);
	raw_call(MLOCKTRACE_OP_MLOCK, (unsigned long)at, 6 * page, 0);
	raw_call(MLOCKTRACE_OP_MUNLOCK, (unsigned long)(at + 4 * page), 2 * page, 0);
	tell("mlock", at, 4, 4);

	at = map_with_guards(8);
	raw_call(MLOCKTRACE_OP_MLOCK2, (unsigned long)at, 8 * page, 1 /* MLOCK_ONFAULT */);
	at[0] = at[5 * page] = 1;
	tell("onfault", at, 8, 2);

	at = mmap(NULL, 3 * page, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	tell("mmap", at, 3, 3);

	at = map_with_guards(2);
	mprotect(at, 2 * page, PROT_NONE);
	raw_call(MLOCKTRACE_OP_MLOCK, (unsigned long)at, 2 * page, 0);
	tell("hole", at, 2, 0);

	lock_memfd();

	/* The heap grows by itself no more from here on: the rest of it stays unlocked. */
	at = sbrk(0);
	if ((unsigned long)at % page)
		sbrk(page - (unsigned long)at % page);
	raw_call(MLOCKTRACE_OP_MLOCKALL, 0, 0, 2 /* MCL_FUTURE */);
	at = sbrk(5 * page);
	tell("brk", at, 5, 5);
	if (write(STDOUT_FILENO, told, strlen(told)) < 0)
		return 1;
	for (;;)
		pause();
}
