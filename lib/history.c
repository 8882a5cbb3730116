// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Who locked what: records replayed in their order, with the effect that each
 * had on the address space of one process. It knows only what was recorded. A
 * range whose lock was made before, or moved without a change of the counter
 * (which leaves no record), is nobody's. A stale range does no harm: whoever
 * asks has asked the kernel first whether the address is locked.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format.h"
#include "history.h"
#include "proc.h"
#include "regions.h"
#include "verdict.h"

#define FRAME_SIZE 512

struct mlocktrace_history {
	uint32_t pid;
	uint64_t start_ticks;
	uint64_t page;
	struct mlocktrace_symbols *symbols;
	struct mlt_ranges ranges;
	uint64_t mm_id; /* the address space the ranges are in; 0 = not known yet */
	uint64_t ended; /* the one before it */
	struct mlocktrace_history_stats stats;
};

/* ---- what a record did ---------------------------------------------------------- */

static uint64_t page_up(const struct mlocktrace_history *h, uint64_t address)
{
	return (address + h->page - 1) & -h->page;
}

/* The whole pages of [addr, addr + len); nothing if that wraps. */
static bool pages_of(const struct mlocktrace_history *h, uint64_t addr, uint64_t len, uint64_t *start,
		     uint64_t *end)
{
	*start = addr & -h->page;
	*end = page_up(h, addr + len);
	return len && addr + len > addr && *end > *start;
}

static bool copy_frames(struct mlocktrace_history *h, const struct mlocktrace_event *event,
			struct mlt_claim *claim)
{
	size_t own = h->symbols ? mlt_symbols_tracer_frames(h->symbols, event) : 0;
	size_t n_user, n_kernel, n;
	const uint64_t *stack = mlocktrace_event_user_stack(event, &n_user);

	mlocktrace_event_kernel_stack(event, &n_kernel);
	n = n_kernel - own + n_user;
	if (!n)
		return true;
	claim->frames = calloc(n, sizeof(*claim->frames));
	if (!claim->frames)
		return false;
	/* As everywhere: from the kernel's innermost frame out to the program's first. */
	for (size_t k = 0; k < n; k++) {
		size_t i = k < n_kernel - own ? n_user + own + k : k - (n_kernel - own);
		char name[FRAME_SIZE];

		if (h->symbols)
			mlocktrace_symbol(h->symbols, event, i, name, sizeof(name));
		else
			snprintf(name, sizeof(name), "0x%" PRIx64, stack[i]);
		claim->frames[k] = strdup(name);
		if (!claim->frames[k])
			return false;
		claim->n_frames = k + 1;
	}
	return true;
}

/* A copy of the record with one reference; NULL = no memory. */
static struct mlt_claim *claim_of(struct mlocktrace_history *h, const struct mlocktrace_event *event)
{
	struct mlt_claim *claim = calloc(1, sizeof(*claim));
	struct mlt_buf call = { 0 };

	if (!claim)
		return NULL;
	claim->refs = 1;
	claim->event = *event;
	claim->event.size = sizeof(*event);
	claim->event.n_user = claim->event.n_kernel = 0;
	mlt_call_text(&call, event);
	mlt_buf_add(&call, "", 1);
	claim->call = call.data;
	if (!call.err && copy_frames(h, event, claim))
		return claim;
	mlt_claim_put(claim);
	return NULL;
}

static int lock_range(struct mlocktrace_history *h, const struct mlocktrace_event *event,
		      uint64_t start, uint64_t end)
{
	struct mlt_claim *claim = start < end ? claim_of(h, event) : NULL;
	int err;

	if (start >= end)
		return 0;
	if (!claim)
		return -ENOMEM;
	err = mlt_ranges_set(&h->ranges, start, end, claim);
	mlt_claim_put(claim);
	return err;
}

/* As far as mlock and munlock got: with a hole, pages before it are done although the call fails. */
static uint64_t done_until(const struct mlocktrace_history *h, const struct mlocktrace_event *event,
			   uint64_t start, uint64_t end)
{
	if (!event->ret)
		return end;
	switch (mlocktrace_cause(event)) {
	case MLOCKTRACE_CAUSE_POPULATE_FAILED:
		return end; /* what cannot be faulted in stays locked */
	case MLOCKTRACE_CAUSE_NOT_MAPPED:
		if (!mlt_has(event, MLOCKTRACE_F_HOLE) || event->where < start)
			break;
		return event->where < end ? event->where & -h->page : end;
	case MLOCKTRACE_CAUSE_OVER_LIMIT:
	case MLOCKTRACE_CAUSE_LIMIT_ZERO:
	case MLOCKTRACE_CAUSE_DENIED:
		return start;
	default:
		break;
	}
	/* Interrupted, or out of mappings: it got somewhere, and what it did not reach is not locked. */
	return event->after != event->before ? end : start;
}

static int replay_mlock(struct mlocktrace_history *h, const struct mlocktrace_event *event, bool locks)
{
	uint64_t start, end;

	if (!pages_of(h, event->addr, event->len, &start, &end))
		return 0;
	end = done_until(h, event, start, end);
	if (locks)
		return lock_range(h, event, start, end);
	return mlt_ranges_set(&h->ranges, start, end, NULL);
}

/* MCL_FUTURE alone locks nothing yet; the mappings that it locks have records of their own. */
static int replay_mlockall(struct mlocktrace_history *h, const struct mlocktrace_event *event)
{
	if (event->ret || !mlt_has(event, MLOCKTRACE_F_MCL_CURRENT))
		return 0;
	return lock_range(h, event, 0, UINT64_MAX);
}

/* mmap, brk and stack: a part that came, or with a smaller counter, one that went. */
static int replay_part(struct mlocktrace_history *h, const struct mlocktrace_event *event)
{
	uint64_t start, end;
	bool locks = event->after > event->before || mlt_has(event, MLOCKTRACE_F_MAP_LOCKED) ||
		     mlt_has(event, MLOCKTRACE_F_ARMED);

	if (event->ret || !event->addr || !pages_of(h, event->addr, event->len, &start, &end))
		return 0;
	if (event->op == MLOCKTRACE_OP_BRK)
		locks = event->after > event->before;
	if (locks)
		return lock_range(h, event, start, end);
	return mlt_ranges_set(&h->ranges, start, end, NULL);
}

static int replay_munmap(struct mlocktrace_history *h, const struct mlocktrace_event *event)
{
	uint64_t start, end;

	if (event->ret || !event->addr || !pages_of(h, event->addr, event->len, &start, &end))
		return 0;
	return mlt_ranges_set(&h->ranges, start, end, NULL);
}

/* What was locked stays whose it was, at its new place; what it grew by is mremap's. */
static int replay_mremap(struct mlocktrace_history *h, const struct mlocktrace_event *event)
{
	uint64_t old = page_up(h, event->old_len), len = page_up(h, event->len), from = event->where;
	uint64_t start, end;
	int err = 0;

	if (event->ret || !event->addr || !pages_of(h, event->addr, event->len, &start, &end) ||
	    from + old < from || old < event->old_len)
		return 0;
	/* An old length of 0 maps shared pages a second time. */
	if (!old)
		return event->after > event->before ? lock_range(h, event, start, end) : 0;
	if (from != start)
		err = mlt_ranges_move(&h->ranges, from, old < len ? old : len, start);
	if (!err && old > len)
		return mlt_ranges_set(&h->ranges, from + len, from + old, NULL);
	/* With MREMAP_DONTUNMAP the old place stays mapped but not locked, and nothing grows. */
	if (!err && event->after > event->before)
		err = lock_range(h, event, start + old, end);
	return err;
}

static int replay(struct mlocktrace_history *h, const struct mlocktrace_event *event)
{
	switch (event->op) {
	case MLOCKTRACE_OP_MLOCK:
	case MLOCKTRACE_OP_MLOCK2:
		return replay_mlock(h, event, true);
	case MLOCKTRACE_OP_MUNLOCK:
		return replay_mlock(h, event, false);
	case MLOCKTRACE_OP_MLOCKALL:
		return replay_mlockall(h, event);
	case MLOCKTRACE_OP_MUNLOCKALL:
		if (!event->ret)
			mlt_ranges_free(&h->ranges);
		return 0;
	case MLOCKTRACE_OP_MMAP:
	case MLOCKTRACE_OP_BRK:
	case MLOCKTRACE_OP_STACK:
		return replay_part(h, event);
	case MLOCKTRACE_OP_MREMAP:
		return replay_mremap(h, event);
	case MLOCKTRACE_OP_MUNMAP:
		return replay_munmap(h, event);
	}
	return 0;
}

/* ---- whose record it is ----------------------------------------------------------- */

static void forget_address_space(struct mlocktrace_history *h, uint64_t mm_id)
{
	mlt_ranges_free(&h->ranges);
	if (h->mm_id)
		h->ended = h->mm_id;
	h->mm_id = mm_id;
}

/*
 * Of the process itself: its records say which address space it has now. Of
 * others (children of vfork, tasks that share it): only in one that is known.
 */
static bool is_ours(struct mlocktrace_history *h, const struct mlocktrace_event *event)
{
	if (event->pid != h->pid || mlt_is_remote(event))
		return h->mm_id && event->mm_id == h->mm_id;
	if (!mlt_proc_same_start(h->start_ticks, event->start_ns)) {
		h->stats.foreign++;
		return false;
	}
	if (!event->mm_id || event->mm_id == h->mm_id)
		return true;
	/* Another task can hold what exec threw away, and give it back late. */
	if (event->mm_id == h->ended || mlt_has(event, MLOCKTRACE_F_LATE))
		return false;
	forget_address_space(h, event->mm_id);
	return true;
}

MLT_API int mlocktrace_history_add(struct mlocktrace_history *h, const struct mlocktrace_event *event)
{
	int err = 0;

	if (event->op == MLOCKTRACE_OP_LOST) {
		h->stats.lost += event->count;
		return 0;
	}
	if (!is_ours(h, event))
		return 0;
	h->stats.taken++;
	if (event->op == MLOCKTRACE_OP_EXEC || event->op == MLOCKTRACE_OP_EXIT) {
		/* The id is that of the address space that went; a child that shared it leaves it be. */
		if (event->pid == h->pid)
			forget_address_space(h, 0);
		return 1;
	}
	if (event->counter == MLOCKTRACE_COUNTER_VMLCK)
		err = replay(h, event);
	return err ? err : 1;
}

/* ---- the rest of the interface ------------------------------------------------------- */

MLT_API int mlocktrace_history_new(struct mlocktrace_history **history,
				   const struct mlocktrace_regions *of, const struct mlocktrace *source,
				   struct mlocktrace_symbols *symbols)
{
	struct mlocktrace_history *h = calloc(1, sizeof(*h));

	*history = h;
	if (!h)
		return -ENOMEM;
	h->pid = of->total.pid;
	h->start_ticks = of->start_ticks;
	h->page = sysconf(_SC_PAGESIZE);
	h->symbols = symbols;
	h->stats.size = sizeof(h->stats);
	if (symbols)
		mlt_symbols_bind(symbols, source);
	return 0;
}

MLT_API void mlocktrace_history_free(struct mlocktrace_history *h)
{
	if (!h)
		return;
	mlt_ranges_free(&h->ranges);
	free(h);
}

MLT_API int mlocktrace_history_at(const struct mlocktrace_history *h, uint64_t addr,
				  struct mlocktrace_lock *lock)
{
	struct mlocktrace_lock found = { .size = sizeof(found), .end = UINT64_MAX };
	size_t i = mlt_ranges_find(&h->ranges, addr);
	bool known = i < h->ranges.n && h->ranges.list[i].start <= addr;
	int err;

	if (known) {
		const struct mlt_range *range = &h->ranges.list[i];

		found.start = range->start;
		found.end = range->end;
		found.event = &range->claim->event;
		found.call = range->claim->call;
		found.frames = (const char *const *)range->claim->frames;
		found.n_frames = range->claim->n_frames;
	} else {
		found.start = i ? h->ranges.list[i - 1].end : 0;
		if (i < h->ranges.n)
			found.end = h->ranges.list[i].start;
	}
	err = mlt_copy_out(lock, &found, sizeof(found), offsetof(struct mlocktrace_lock, call));
	return err ? err : known;
}

MLT_API int mlocktrace_history_stats(const struct mlocktrace_history *h,
				     struct mlocktrace_history_stats *stats)
{
	return mlt_copy_out(stats, &h->stats, sizeof(h->stats),
			    offsetof(struct mlocktrace_history_stats, lost));
}
