// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Who a process is: the start time tells a reused pid from its former owner.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"

#define NS_PER_SECOND 1000000000ULL
#define INITIAL_USER_NAMESPACE "user:[4026531837]" /* PROC_USER_INIT_INO, the same everywhere */

int mlt_proc_dir(pid_t pid)
{
	char path[32];
	int dir;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0)
		return dir;
	return errno == ENOENT ? -ESRCH : -errno;
}

FILE *mlt_proc_open(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
	int err = errno;

	if (!in && fd >= 0)
		close(fd);
	errno = err;
	return in;
}

bool mlt_proc_started(int dir, uint64_t *ticks)
{
	unsigned long long started = 0;
	char text[2048], *rest;
	FILE *in = mlt_proc_open(dir, "stat");
	size_t n;

	*ticks = 0;
	if (!in)
		return false;
	n = fread(text, 1, sizeof(text) - 1, in);
	fclose(in);
	text[n] = '\0';
	/* The name in brackets is the process's choice, and may hold brackets, spaces and newlines. */
	rest = strrchr(text, ')');
	if (!rest || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			    "%*d %*d %*d %llu", &started) != 1)
		return false;
	*ticks = started;
	return true;
}

bool mlt_proc_same_start(uint64_t ticks, uint64_t start_ns)
{
	long per_second = sysconf(_SC_CLK_TCK);

	if (!ticks || !start_ns || per_second <= 0)
		return true;
	/* The kernel rounds, and not everywhere in the same direction. */
	return start_ns / (NS_PER_SECOND / per_second) - ticks + 1 <= 2;
}

bool mlt_proc_in_initial_userns(int dir)
{
	char name[64];
	ssize_t n = readlinkat(dir, "ns/user", name, sizeof(name) - 1);

	if (n < 0)
		return true;
	name[n] = '\0';
	return !strcmp(name, INITIAL_USER_NAMESPACE);
}
