/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MLT_TARGETS_KMOD_H
#define MLT_TARGETS_KMOD_H

#include <linux/types.h>

/* Mask of the sessions that follow the children of their targets, too. */
extern u32 mlt_following;

int mlt_targets_init(unsigned int entries);
void mlt_targets_destroy(void);

/* A reading session, by its bit, wants the records of a process. 0 or -ENOSPC. */
int mlt_target_add(u32 pid, u32 session_bit);
/* It has ended. */
void mlt_targets_drop(u32 session_bit);

/* In probes: who wants them; and what becomes of targets. */
u32 mlt_targets_of(u32 pid);
void mlt_targets_fork(u32 parent, u32 child);
void mlt_targets_exit(u32 pid);

#endif
