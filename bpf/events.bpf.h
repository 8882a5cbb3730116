/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Where a record is filled and where it goes: a slot of the ring buffer, or with cfg.counting
 * a scratch record that is counted. A part of prim.bpf.h.
 */
#ifndef MLT_EVENTS_BPF_H
#define MLT_EVENTS_BPF_H

#include "counts.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} events SEC(".maps");

/* (the size is a constant for the verifier) */
static __always_inline void *mlt_event_reserve(__u64 size)
{
	return cfg.counting ? mlt_scratch_event() : bpf_ringbuf_reserve(&events, size, 0);
}

/* Waking the reader costs more than the record: only when it has said that it sleeps. */
static __always_inline void mlt_event_submit(struct mlocktrace_event *e)
{
	__u64 wakeup = BPF_RB_NO_WAKEUP;

	if (cfg.counting) {
		mlt_scratch_submit(e);
		return;
	}
	if (shared.reader_waits) {
		shared.reader_waits = 0;
		wakeup = BPF_RB_FORCE_WAKEUP;
	}
	bpf_ringbuf_submit(e, wakeup);
}

#endif
