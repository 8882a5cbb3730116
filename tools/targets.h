/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processes given with -p, each held by a pidfd: a number that is reused
 * later cannot be mistaken for the process that was meant, and its end is seen.
 */
#ifndef TOOLS_TARGETS_H
#define TOOLS_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct target {
	pid_t pid;
	int pidfd; /* -1 once the process has ended */
};

struct targets {
	struct target *list;
	size_t n;
	size_t alive;
};

/* Look the processes up; a thread's id stands for its process. 0, or -1 after a message. */
int targets_open(struct targets *targets, const pid_t *pids, size_t n_pids);

/* Notice an end; call when the pidfd of list[i] is readable. Says so. */
void target_ended(struct targets *targets, size_t i, bool follow);

/* After the tracer has looked the numbers up itself: were they still the same processes?
 * 0, or -1 after a message. */
int targets_check(struct targets *targets);

void targets_close(struct targets *targets);

#endif
