// SPDX-License-Identifier: GPL-2.0
/*
 * Processes by pidfd. The order is what makes it safe: the pidfd is taken
 * before the tracer looks the number up, and must still be alive after it.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "message.h"
#include "targets.h"

/* The process that task @id belongs to; @id itself if /proc can't say. */
static pid_t process_of(pid_t id)
{
	char path[64], line[128];
	pid_t pid = id;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", id);
	status = fopen(path, "re");
	if (!status)
		return id;
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "Tgid: %d", &pid) == 1)
			break;
	fclose(status);
	return pid > 0 ? pid : id;
}

static bool has_ended(int pidfd)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) > 0;
}

static int target_open(struct targets *targets, pid_t id)
{
	pid_t pid = process_of(id);
	int pidfd;

	for (size_t i = 0; i < targets->n; i++)
		if (targets->list[i].pid == pid)
			return 0;
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		if (errno == ESRCH)
			error("no process %d; `ps -e` lists the processes there are", id);
		else
			error("cannot watch process %d: %s", id, strerror(errno));
		return -1;
	}
	if (has_ended(pidfd)) {
		error("process %d has ended already (its parent has not collected it yet)", pid);
		close(pidfd);
		return -1;
	}
	if (pid != id)
		note("%d is a thread of process %d: tracing the process", id, pid);
	targets->list[targets->n++] = (struct target){ .pid = pid, .pidfd = pidfd };
	targets->alive++;
	return 0;
}

int targets_open(struct targets *targets, const pid_t *pids, size_t n_pids)
{
	targets->list = calloc(n_pids + 1, sizeof(*targets->list));
	if (!targets->list) {
		error("out of memory");
		return -1;
	}
	for (size_t i = 0; i < n_pids; i++)
		if (target_open(targets, pids[i]))
			return -1;
	return 0;
}

static void target_forget(struct targets *targets, size_t i)
{
	close(targets->list[i].pidfd);
	targets->list[i].pidfd = -1;
	targets->alive--;
}

int targets_check(struct targets *targets)
{
	for (size_t i = 0; i < targets->n; i++) {
		if (!has_ended(targets->list[i].pidfd))
			continue;
		error("process %d ended before tracing began", targets->list[i].pid);
		target_forget(targets, i);
	}
	return targets->n && !targets->alive ? -1 : 0;
}

void target_ended(struct targets *targets, size_t i, bool follow)
{
	pid_t pid = targets->list[i].pid;

	target_forget(targets, i);
	if (targets->alive)
		note("process %d has ended; %zu of %zu left", pid, targets->alive, targets->n);
	else
		note("process %d has ended%s", pid,
		     follow ? "; what children it left are not followed further" : "");
}

void targets_close(struct targets *targets)
{
	for (size_t i = 0; i < targets->n; i++)
		if (targets->list[i].pidfd >= 0)
			close(targets->list[i].pidfd);
	free(targets->list);
	*targets = (struct targets){ 0 };
}
