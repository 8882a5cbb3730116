/* SPDX-License-Identifier: GPL-2.0 */
/*
 * COMMAND: a child made before anything of the tracer's exists, held back until
 * it is traced, then let go with the caller's limits, environment, signals and
 * terminal.
 */
#ifndef TOOLS_CHILD_H
#define TOOLS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "identity.h"

struct child {
	char **argv;
	pid_t pid;	/* 0 = none */
	int pidfd;
	int go;		/* writing releases it, closing without makes it leave */
	int exec_error; /* says why if it could not become COMMAND */
	bool running;
	bool exec_failed;
	int status;	/* exit status, once it has ended */
};

/* Fork and hold. @as: whom it will run as; NULL = the caller. With @stdout_to_stderr COMMAND's
 * standard output goes to stderr. 0, or -1 after a message. */
int child_start(struct child *child, char **argv, const struct identity *as, bool stdout_to_stderr);

/* 0, or -errno. */
int child_release(struct child *child);

/* Its pidfd is readable: collect it; says why if it could not run. */
void child_collect(struct child *child);

/* Let go of it; one that was never released ends without having run COMMAND. */
void child_close(struct child *child);

#endif
