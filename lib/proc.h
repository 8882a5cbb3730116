/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Files of a process, through a descriptor of its folder in /proc: what they
 * say is then of one process, even if the pid is used again meanwhile.
 */
#ifndef MLT_PROC_H
#define MLT_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* That folder, or -errno; -ESRCH: no such process. The caller closes it. */
int mlt_proc_dir(pid_t pid);

/* All processes that /proc shows, until @each returns other than 0, which is then the result; or -errno. */
int mlt_proc_each(int (*each)(void *ctx, pid_t pid), void *ctx);

/* A file of the folder for reading; NULL and errno. */
FILE *mlt_proc_open(int dir, const char *name);

/* When the process started, in clock ticks since boot, from its stat; false if it can't be read. */
bool mlt_proc_started(int dir, uint64_t *ticks);

/* Is a record's start_ns that moment, as far as ticks tell? 0 of either is not known, and so true. */
bool mlt_proc_same_start(uint64_t ticks, uint64_t start_ns);

/* A capability in another user namespace counts for nothing: the kernel asks for the initial one.
 * True if it can't be read. */
bool mlt_proc_in_initial_userns(int dir);

/* Are ids of processes those of the initial pid namespace for us? 1, 0, or -errno: it can't be read. */
int mlt_proc_in_initial_pidns(void);

#endif
