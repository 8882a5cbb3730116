/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records to test with. The caller changes what the test is about.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <errno.h>

#include "decode.h"

#define K 1024ULL
#define M (K * K)

static inline struct mlocktrace_event sample(unsigned int op)
{
	return (struct mlocktrace_event){
		.size = sizeof(struct mlocktrace_event),
		.abi = MLOCKTRACE_ABI,
		.op = op,
		.counter = MLOCKTRACE_COUNTER_VMLCK,
		.tier = MLOCKTRACE_TIER_FENTRY,
		.cpu = 1,
		.seq = 17,
		.time_ns = 5025678901234,
		.duration_ns = 12345,
		.pid = 4242,
		.tid = 4242,
		.start_ns = 4000000000000,
		.uid = 1000,
		.cgroup_id = 77,
		.mm_id = 5,
		.addr = 0x7f12a4000000,
		.limit = 8 * M,
		.hard_limit = 8 * M,
		.comm = "postgres",
	};
}

/* A lock call that worked, of len whole pages. */
static inline struct mlocktrace_event sample_lock(unsigned int op, int64_t before, uint64_t len)
{
	struct mlocktrace_event event = sample(op);

	event.len = len;
	event.asked = len;
	event.before = before;
	event.after = before + (int64_t)len;
	event.flags = MLOCKTRACE_F_STEPS | MLOCKTRACE_F_LIMIT_PASSED | MLOCKTRACE_F_OVERLAP_KNOWN;
	return event;
}

/* The same, refused for the limit. */
static inline struct mlocktrace_event sample_over_limit(unsigned int op, int64_t before, uint64_t len,
							uint64_t overlap)
{
	struct mlocktrace_event event = sample_lock(op, before, len);

	event.after = before;
	event.overlap = overlap;
	event.flags = MLOCKTRACE_F_STEPS | MLOCKTRACE_F_OVERLAP_KNOWN;
	event.ret = -ENOMEM;
	return event;
}

/* Frames behind an event that lies in a room for them. */
static inline void sample_stack(struct mlt_event_room *room, unsigned int n_user, unsigned int n_kernel)
{
	room->event.n_user = n_user;
	room->event.n_kernel = n_kernel;
	room->event.size = sizeof(room->event) + 8 * (n_user + n_kernel);
	for (unsigned int i = 0; i < n_user + n_kernel; i++)
		room->stack[i] = (i < n_user ? 0x7f0000001000 : 0xffffffff81000000) + i;
}

#endif
