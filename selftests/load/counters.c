// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own counters, from the pinned iterator of counters.bpf.c: see --counters.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counters.h"
#include "workload.h"

static const char *iterator;
static struct counters *read_by_child;

void counters_open(const char *path)
{
	iterator = path;
	read_by_child = mmap(NULL, sizeof(*read_by_child), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (read_by_child == MAP_FAILED)
		die("mmap");
}

/*
 * It stays open: close() would make the tracer look at the counters, and so find
 * early what nothing else has told it of.
 */
static void read_own(struct counters *counters)
{
	int fd = open(iterator, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		die(iterator);
	n = read(fd, counters, sizeof(*counters));
	if (n != sizeof(*counters)) {
		errno = n < 0 ? errno : ENODATA;
		die(iterator);
	}
}

/* Those of another user: his task is asked, so there has to be one. */
static void read_as(uid_t uid)
{
	pid_t child = fork();
	int status;

	if (!child) {
		if (setresuid(uid, uid, uid))
			die("setresuid");
		read_own(read_by_child);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status)
		die("counters of another user");
	/* Another's address space */
	read_by_child->vmpin = NO_COUNTER;
}

bool counters_are_read(void)
{
	return iterator;
}

void counters_read(uid_t uid, struct counters *counters)
{
	if (uid == getuid()) {
		read_own(counters);
	} else {
		read_as(uid);
		*counters = *read_by_child;
	}
	if (counters->uid != uid)
		complain("asked for counters of user %u, got those of %lld", uid, counters->uid);
}
