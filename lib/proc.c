// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Who a process is: the start time tells a reused pid from its former owner.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"

#define NS_PER_SECOND 1000000000ULL
#define INITIAL_USER_NAMESPACE "user:[4026531837]" /* PROC_USER_INIT_INO, the same everywhere */
#define INITIAL_PID_NAMESPACE "pid:[4026531836]" /* PROC_PID_INIT_INO */

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

int mlt_proc_each(int (*each)(void *ctx, pid_t pid), void *ctx)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	int err = 0;

	if (!proc)
		return -errno;
	while (!err && (entry = readdir(proc))) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);

		if (pid > 0 && pid <= INT_MAX && !*end)
			err = each(ctx, (pid_t)pid);
	}
	closedir(proc);
	return err;
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

static int link_is(int dir, const char *path, const char *wanted)
{
	char name[64];
	ssize_t n = readlinkat(dir, path, name, sizeof(name) - 1);

	if (n < 0)
		return -errno;
	name[n] = '\0';
	return !strcmp(name, wanted);
}

bool mlt_proc_in_initial_userns(int dir)
{
	return link_is(dir, "ns/user", INITIAL_USER_NAMESPACE) != 0;
}

int mlt_proc_in_initial_pidns(void)
{
	return link_is(AT_FDCWD, "/proc/self/ns/pid", INITIAL_PID_NAMESPACE);
}
