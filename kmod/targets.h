/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which processes the readers of `events` want, see targets.c.
 */
#ifndef MLT_TARGETS_KMOD_H
#define MLT_TARGETS_KMOD_H

#include <linux/types.h>

/* Mask of the sessions that follow the children of their targets, too. */
extern u32 mlt_following;

/**
 * mlt_targets_init() - make room
 * @entries: for how many processes
 *
 * Return: 0 or -ENOMEM; may sleep. To be undone by mlt_targets_destroy(), which
 * tolerates that it failed.
 */
int mlt_targets_init(unsigned int entries);
void mlt_targets_destroy(void);

/**
 * mlt_target_add() - a reading session wants the records of a process
 * @pid: which need not exist
 * @session_bit: the session's
 *
 * Return: 0 or -ENOSPC
 */
int mlt_target_add(u32 pid, u32 session_bit);

/**
 * mlt_targets_drop() - a reading session has ended
 * @session_bit: which is no longer in mlt_following
 */
void mlt_targets_drop(u32 session_bit);

/**
 * mlt_targets_of() - who wants the records of a process; in probes
 * @pid: the process
 *
 * Return: mask of sessions
 */
u32 mlt_targets_of(u32 pid);

/**
 * mlt_session_wants() - a reading session wants the records of some ops only
 * @session_bit: the session's
 * @ops: mask of enum mlocktrace_op; ~0: all again
 *
 * The callers see to it that one comes after the other.
 */
void mlt_session_wants(u32 session_bit, u64 ops);

/**
 * mlt_sessions_of() - who wants the records of an op; in probes
 * @op: enum mlocktrace_op
 *
 * Return: mask of sessions
 */
u32 mlt_sessions_of(u8 op);

/**
 * mlt_targets_fork() - a process has made another; in probes
 * @parent: the process
 * @child: is wanted by whoever follows the parent's children
 */
void mlt_targets_fork(u32 parent, u32 child);

/**
 * mlt_targets_exit() - the last thread of a process ends; in probes
 * @pid: the process, whose records may come late
 */
void mlt_targets_exit(u32 pid);

#endif
