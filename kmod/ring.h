/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The flight recorder: one buffer per CPU that keeps the newest records. Whoever
 * makes records reserves and submits them here; readers (events.c) take copies,
 * each at its own pace. A reader never holds up a writer for longer than one
 * record takes to copy, and a writer never waits for readers.
 */
#ifndef MLT_RING_H
#define MLT_RING_H

#include <linux/bits.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <mlocktrace/event.h>

#define MLT_RECORD_MAX                                                                             \
	(sizeof(struct mlocktrace_event) +                                                         \
	 (MLOCKTRACE_STACK_USER + MLOCKTRACE_STACK_KERNEL) * sizeof(u64))

#define MLT_SESSIONS 32 /* readers with a filter; each has a bit */
/* Bit of mlt_ring_arm() for who wants any record; those below are the sessions'. */
#define MLT_WANTS_ANY BIT_ULL(MLT_SESSIONS)

/**
 * struct mlt_cursor - how far a reader has come in the records of one CPU
 * @pos: where the next one is to be looked for
 * @seq: sequence number of the last one passed
 * @session: bit of the session that reads, if it has a filter, else 0
 * @passed: how many of the session's records were in this buffer before @pos
 *
 * All zero is before the first record ever, without a filter.
 */
struct mlt_cursor {
	u64 pos;
	u64 seq;
	u64 passed;
	u32 session;
};

/**
 * struct mlt_step - what a cursor met on its way to the next record
 * @size: of the record
 * @targets: what it was submitted with
 * @lost: how many were overwritten before it; with a filter, of the session's own
 */
struct mlt_step {
	u32 size;
	u32 targets;
	u64 lost;
};

/**
 * struct mlt_ring_sums - what the buffers have seen, since the last reset
 * @seen: records submitted
 * @overwritten: of these, no longer there; somebody may have read them before
 */
struct mlt_ring_sums {
	u64 seen;
	u64 overwritten;
};

int mlt_ring_init(unsigned int buffer_kb);
void mlt_ring_destroy(void);
void mlt_ring_reset(void);

/* With preemption off, as in any probe; never sleep, never allocate. */
struct mlocktrace_event *mlt_ring_reserve(void);
void mlt_ring_submit(struct mlocktrace_event *e, u32 targets);
void mlt_ring_discard(struct mlocktrace_event *e);

/* For readers. */
extern struct wait_queue_head mlt_ring_wait;

void mlt_ring_arm(u64 wanted);
bool mlt_ring_is_armed(u64 wanted);
bool mlt_ring_take(unsigned int cpu, struct mlt_cursor *cursor, struct mlt_step *step,
		   void *record);
void mlt_ring_rewind(unsigned int cpu, struct mlt_cursor *cursor);
void mlt_ring_skip(unsigned int cpu, struct mlt_cursor *cursor);
void mlt_ring_select(unsigned int cpu, struct mlt_cursor *cursor, u32 session);
void mlt_ring_forget(u32 session);
u64 mlt_ring_settle(void);
bool mlt_ring_has(unsigned int cpu, const struct mlt_cursor *cursor);
bool mlt_ring_sums(unsigned int cpu, struct mlt_ring_sums *sums);

#endif
