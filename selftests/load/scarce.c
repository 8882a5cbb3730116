// SPDX-License-Identifier: GPL-2.0
/*
 * mlock() that blocks in a page fault until it is killed, and mlock() that
 * finds its memory cgroup full. See scarce.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scarce.h"
#include "workload.h"

static int open_userfaultfd(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && ioctl(fd, UFFDIO_API, &api)) {
		close(fd);
		return -1;
	}
	return fd;
}

const char *no_userfaultfd(void)
{
	int fd = open_userfaultfd();

	if (fd < 0)
		return "no userfaultfd";
	close(fd);
	return NULL;
}

/* The child's own faults on these pages wait for an answer that nobody gives. */
static void lock_pages_that_never_come(void *addr, int report_fd)
{
	struct uffdio_register range = {
		.range = { .start = (unsigned long)addr, .len = 4 * page },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = open_userfaultfd();

	if (fd < 0 || ioctl(fd, UFFDIO_REGISTER, &range) ||
	    write(report_fd, &fd, sizeof(fd)) != sizeof(fd))
		_exit(4);
	raw_call(MLOCKTRACE_OP_MLOCK, (unsigned long)addr, 4 * page, 0);
	_exit(4);
}

static void wait_until_it_faults(pid_t child, int report_fd)
{
	struct pollfd fault = { .events = POLLIN };
	int pidfd, number;

	if (read(report_fd, &number, sizeof(number)) != sizeof(number))
		die("userfaultfd");
	pidfd = syscall(SYS_pidfd_open, child, 0);
	fault.fd = syscall(SYS_pidfd_getfd, pidfd, number, 0);
	if (fault.fd < 0 || poll(&fault, 1, 60000) != 1 || fault.revents != POLLIN)
		die("userfaultfd of the child");
	close(fault.fd);
	close(pidfd);
}

void killed_while_faulting_in(void)
{
	void *addr = map_pages(4, PROT_READ | PROT_WRITE);
	int report[2], status;
	pid_t child;

	if (pipe(report))
		die("pipe");
	child = make_child();
	if (!child)
		lock_pages_that_never_come(addr, report[1]);
	close(report[1]);
	wait_until_it_faults(child, report[0]);
	kill(child, SIGKILL);
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
		complain("the child was not killed");
	log_child(child, MLOCKTRACE_OP_MLOCK, addr, 4 * page, -EINTR, 0, 4 * page);
	log_child(child, MLOCKTRACE_OP_EXIT, NULL, 0, 0, 4 * page, 0);
}

/*
 * Without an OOM killer to fall back on, a charge over the limit fails inside
 * mlock(). Version 1 can switch it off per group; version 2 spares tasks of
 * oom_score_adj -1000, which only CAP_SYS_RESOURCE may set.
 */
static const struct memcg {
	const char *root, *limit, *no_kill_file, *no_kill;
} memcgs[] = {
	{ "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.oom_control", "1" },
	{ "/sys/fs/cgroup", "memory.max", "/proc/self/oom_score_adj", "-1000" },
	{ "/sys/fs/cgroup/unified", "memory.max", "/proc/self/oom_score_adj", "-1000" },
};

static char memcg_dir[128];
static const struct memcg *memcg;

static bool put(const char *dir, const char *file, const char *text)
{
	char path[256];
	bool ok;
	int fd;

	if (*file == '/')
		snprintf(path, sizeof(path), "%s", file);
	else
		snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

static bool make_memcg(const struct memcg *m)
{
	char limit[32], pid[16];

	snprintf(memcg_dir, sizeof(memcg_dir), "%s/mlocktrace-%d", m->root, getpid());
	put(m->root, "cgroup.subtree_control", "+memory");
	if (mkdir(memcg_dir, 0755))
		return false;
	snprintf(limit, sizeof(limit), "%lu", CGROUP_LIMIT_PAGES * (unsigned long)page);
	snprintf(pid, sizeof(pid), "%d", getpid());
	if (put(memcg_dir, m->limit, limit) && put(memcg_dir, m->no_kill_file, m->no_kill) &&
	    put(memcg_dir, "cgroup.procs", pid)) {
		memcg = m;
		return true;
	}
	rmdir(memcg_dir);
	return false;
}

static void leave_memcg(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	put(memcg->root, "cgroup.procs", pid);
	rmdir(memcg_dir);
}

static bool enter_memcg(void)
{
	for (size_t i = 0; i < sizeof(memcgs) / sizeof(*memcgs); i++)
		if (make_memcg(&memcgs[i]))
			return true;
	return false;
}

const char *no_memory_cgroup(void)
{
	pid_t child = fork();
	int status;

	if (!child) {
		if (!enter_memcg())
			_exit(1);
		leave_memcg();
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status)
		return "no memory cgroup that can be filled without its OOM killer";
	return NULL;
}

void no_memory_in_cgroup(void)
{
	struct log_row row = { .op = MLOCKTRACE_OP_MLOCK, .len = CGROUP_ASKED_PAGES * page };
	char path[256];
	int limit_fd;

	row.addr = (unsigned long)map_pages(CGROUP_ASKED_PAGES, PROT_READ | PROT_WRITE);
	row.asked = row.len;
	/* If a fault of our own hits the full group, it sleeps until a signal kills us. */
	alarm(60);
	if (!enter_memcg())
		die("memory cgroup");
	snprintf(path, sizeof(path), "%s/%s", memcg_dir, memcg->limit);
	limit_fd = open(path, O_WRONLY | O_CLOEXEC);
	row.before = vmlck();
	row.ret = raw_call(row.op, row.addr, row.len, 0);
	/* Make room before anything else needs memory. */
	if (limit_fd < 0 || write(limit_fd, "1073741824", 10) != 10)
		die(path);
	row.after = vmlck();
	log_row(&row);
	leave_memcg();
	alarm(0);
}
