// SPDX-License-Identifier: GPL-2.0
/*
 * The flight recorder, see ring.h.
 *
 * A buffer is a row of slots, each a struct mlt_slot and a record. Positions in it
 * are bytes since the module was loaded; modulo the buffer's size they say where.
 * What is between tail and head is whole and valid. One raw lock per buffer: the
 * writer is always on the buffer's own CPU, so the only other one that it meets
 * there is a reader copying a single record.
 *
 * Loss is told by sequence numbers alone: whoever finds 7 after 4 has lost two, no
 * matter why.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpuhotplug.h>
#include <linux/irq_work.h>
#include <linux/log2.h>
#include <linux/percpu.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

#include "ring.h"

#define MLT_RING_MIN SZ_4K
#define MLT_RING_MAX SZ_256M

struct mlt_slot {
	u32 size; /* of the record behind it, which is padded to 8 bytes */
	u32 targets;
};

/* Who can interrupt whom while a record is being filled. */
enum mlt_level {
	MLT_TASK,
	MLT_SOFTIRQ,
	MLT_HARDIRQ,
	MLT_NMI,
	MLT_LEVELS
};

struct mlt_ring;

struct mlt_scratch {
	struct mlt_ring *ring;
	bool busy;
	union {
		struct mlocktrace_event e;
		u64 room[MLT_RECORD_MAX / sizeof(u64)];
	};
};

struct mlt_ring {
	raw_spinlock_t lock;
	unsigned int cpu;
	u64 head; /* written under lock, compared without */
	u64 tail;
	u64 seq;
	u64 overwritten;
	u64 seq_at_reset;
	u64 overwritten_at_reset;
	u64 evicted[MLT_SESSIONS]; /* records that bore the session's bit and are overwritten */
	atomic_t skipped; /* records that got no further than their number, which they get later */
	struct irq_work waker;
	u8 *buf;
	struct mlt_scratch scratch[MLT_LEVELS];
};

static DEFINE_PER_CPU(struct mlt_ring *, mlt_rings);
static u64 mlt_ring_size; /* of each, a power of two */
static int mlt_ring_hotplug = -1;

DECLARE_WAIT_QUEUE_HEAD(mlt_ring_wait);

/* Sessions that sleep, or will: see mlt_ring_arm(). */
static atomic64_t mlt_ring_armed;

/* ---- waking readers ------------------------------------------------------------------ */

static void mlt_ring_wake(struct irq_work *work)
{
	wake_up_all(&mlt_ring_wait);
}

/**
 * mlt_ring_arm() - ask to be woken at the next record
 * @wanted: the session's bit, or MLT_WANTS_ANY
 *
 * To be called before looking for records and then sleeping on mlt_ring_wait:
 * what is submitted after the look wakes the sleeper. The first such record uses
 * it up.
 */
void mlt_ring_arm(u64 wanted)
{
	atomic64_or(wanted, &mlt_ring_armed);
	/* Pairs with mlt_ring_submit(): either it sees us armed, or we see its record. */
	smp_mb__after_atomic();
}

/**
 * mlt_ring_is_armed() - has no such record come since mlt_ring_arm()?
 * @wanted: the session's bit. (With MLT_WANTS_ANY another one may have asked since.)
 *
 * Return: false if one has, and who sleeps is being woken
 */
bool mlt_ring_is_armed(u64 wanted)
{
	return atomic64_read(&mlt_ring_armed) & wanted;
}

/* ---- the lock ------------------------------------------------------------------------- */

/* What each CPU has locked, or is about to lock. */
static DEFINE_PER_CPU(struct mlt_ring *, mlt_ring_locking);

/* Lock with interrupts off; the result is for mlt_ring_unlock(). */
static struct mlt_ring *mlt_ring_lock(struct mlt_ring *ring)
	__acquires(&ring->lock)
{
	struct mlt_ring *outer = this_cpu_read(mlt_ring_locking);

	this_cpu_write(mlt_ring_locking, ring);
	/* An NMI must find it written before the lock is taken. */
	barrier();
	raw_spin_lock(&ring->lock);
	return outer;
}

static void mlt_ring_unlock(struct mlt_ring *ring, struct mlt_ring *outer)
	__releases(&ring->lock)
{
	raw_spin_unlock(&ring->lock);
	barrier();
	this_cpu_write(mlt_ring_locking, outer);
}

/*
 * A breakpoint of a kprobe counts as an NMI, and may wait for another CPU; a real one
 * must not wait for what it has interrupted.
 */
static bool mlt_ring_is_mine(const struct mlt_ring *ring)
{
	return in_nmi() && this_cpu_read(mlt_ring_locking) == ring;
}

/* ---- writing --------------------------------------------------------------------------- */

static enum mlt_level mlt_this_level(void)
{
	if (in_nmi())
		return MLT_NMI;
	if (in_hardirq())
		return MLT_HARDIRQ;
	return in_serving_softirq() ? MLT_SOFTIRQ : MLT_TASK;
}

/**
 * mlt_ring_reserve() - a record to be filled
 *
 * It has room for a full stack tail and holds what an earlier record left there.
 * To be followed by mlt_ring_submit() or mlt_ring_discard() without preemption in
 * between. An interrupt may meanwhile reserve one of its own.
 *
 * Return: the record; NULL if there is one already at this level of nesting. That
 * one is then counted as submitted, and readers find it lost.
 */
struct mlocktrace_event *mlt_ring_reserve(void)
{
	struct mlt_ring *ring = this_cpu_read(mlt_rings);
	struct mlt_scratch *scratch;

	if (!ring)
		return NULL;
	scratch = &ring->scratch[mlt_this_level()];
	if (scratch->busy) {
		atomic_inc(&ring->skipped);
		return NULL;
	}
	scratch->busy = true;
	/* An interrupt of the same level cannot come, but the compiler must not know better. */
	barrier();
	return &scratch->e;
}

static void mlt_scratch_free(struct mlt_scratch *scratch)
{
	barrier();
	scratch->busy = false;
}

/**
 * mlt_ring_discard() - nothing is to be said after all
 * @e: from mlt_ring_reserve()
 */
void mlt_ring_discard(struct mlocktrace_event *e)
{
	mlt_scratch_free(container_of(e, struct mlt_scratch, e));
}

static void mlt_ring_put(struct mlt_ring *ring, u64 pos, const void *from, u32 size)
{
	u64 at = pos & (mlt_ring_size - 1);
	u32 first = min_t(u64, size, mlt_ring_size - at);

	memcpy(ring->buf + at, from, first);
	memcpy(ring->buf, from + first, size - first);
}

static void mlt_ring_get(const struct mlt_ring *ring, u64 pos, void *to, u32 size)
{
	u64 at = pos & (mlt_ring_size - 1);
	u32 first = min_t(u64, size, mlt_ring_size - at);

	memcpy(to, ring->buf + at, first);
	memcpy(to + first, ring->buf, size - first);
}

/* Slots and records are multiples of 8 bytes, so that a struct mlt_slot is never in two parts. */
static struct mlt_slot *mlt_slot_at(const struct mlt_ring *ring, u64 pos)
{
	return (struct mlt_slot *)(ring->buf + (pos & (mlt_ring_size - 1)));
}

static u32 mlt_slot_bytes(u32 size)
{
	return sizeof(struct mlt_slot) + ALIGN(size, sizeof(u64));
}

/* Make room for one more. */
static void mlt_ring_evict(struct mlt_ring *ring)
{
	const struct mlt_slot *slot = mlt_slot_at(ring, ring->tail);
	unsigned long targets = slot->targets;
	unsigned int session;

	for_each_set_bit(session, &targets, MLT_SESSIONS)
		ring->evicted[session]++;
	ring->tail += mlt_slot_bytes(slot->size);
	ring->overwritten++;
}

static void mlt_ring_append(struct mlt_ring *ring, struct mlocktrace_event *e, u32 targets)
{
	struct mlt_slot slot = { .targets = targets };
	u32 bytes;

	e->size = clamp_t(u16, e->size, sizeof(*e), MLT_RECORD_MAX);
	slot.size = e->size;
	bytes = mlt_slot_bytes(slot.size);
	ring->seq += 1 + atomic_xchg(&ring->skipped, 0);
	e->seq = ring->seq;
	e->cpu = ring->cpu;
	e->dropped = 0;
	/* Under the lock: see mlt_ring_settle(). */
	e->duration_ns = ktime_get_mono_fast_ns() - e->time_ns;
	while (ring->head + bytes - ring->tail > mlt_ring_size)
		mlt_ring_evict(ring);
	mlt_ring_put(ring, ring->head, &slot, sizeof(slot));
	mlt_ring_put(ring, ring->head + sizeof(slot), e, slot.size);
	WRITE_ONCE(ring->head, ring->head + bytes);
}

/**
 * mlt_ring_submit() - the record is filled: keep it, and wake who waits for it
 * @e: from mlt_ring_reserve(); its seq, cpu, dropped and duration_ns are set here
 * @targets: sessions that want the process's records, see targets.h
 */
void mlt_ring_submit(struct mlocktrace_event *e, u32 targets)
{
	struct mlt_scratch *scratch = container_of(e, struct mlt_scratch, e);
	struct mlt_ring *ring = scratch->ring, *outer;
	unsigned long flags;

	local_irq_save(flags);
	if (mlt_ring_is_mine(ring)) {
		atomic_inc(&ring->skipped);
		goto out;
	}
	outer = mlt_ring_lock(ring);
	mlt_ring_append(ring, e, targets);
	mlt_ring_unlock(ring, outer);
	/* Pairs with mlt_ring_arm(). */
	smp_mb();
	if (atomic64_read(&mlt_ring_armed) & (MLT_WANTS_ANY | targets)) {
		atomic64_andnot(MLT_WANTS_ANY | targets, &mlt_ring_armed);
		irq_work_queue(&ring->waker);
	}
out:
	local_irq_restore(flags);
	mlt_scratch_free(scratch);
}

/* ---- reading --------------------------------------------------------------------------- */

static struct mlt_ring *mlt_ring_of(unsigned int cpu)
{
	return READ_ONCE(per_cpu(mlt_rings, cpu));
}

/* To behind the next record, which is there. With the buffer locked. */
static void mlt_ring_step(struct mlt_ring *ring, struct mlt_cursor *cursor, struct mlt_step *step,
			  void *record)
{
	u64 *evicted = cursor->session ? &ring->evicted[ilog2(cursor->session)] : NULL;
	struct mlocktrace_event *e = record;
	const struct mlt_slot *slot;

	step->lost = 0;
	if (cursor->pos < ring->tail) {
		cursor->pos = ring->tail;
		/* All its records before the tail are evicted: those that it passed, and more. */
		if (evicted) {
			step->lost = *evicted - cursor->passed;
			cursor->passed = *evicted;
		}
	}
	slot = mlt_slot_at(ring, cursor->pos);
	step->size = slot->size;
	step->targets = slot->targets;
	mlt_ring_get(ring, cursor->pos + sizeof(*slot), record, step->size);
	cursor->pos += mlt_slot_bytes(step->size);
	if (!evicted)
		step->lost = e->seq - cursor->seq - 1;
	else if (step->targets & cursor->session)
		cursor->passed++;
	cursor->seq = e->seq;
}

/**
 * mlt_ring_take() - copy the next record of a CPU
 * @cpu: below nr_cpu_ids
 * @cursor: where the reader is; moves on
 * @step: what it met
 * @record: room for MLT_RECORD_MAX bytes
 *
 * If records were overwritten in between, the next one is the oldest that is left.
 *
 * Return: false if there is none
 */
bool mlt_ring_take(unsigned int cpu, struct mlt_cursor *cursor, struct mlt_step *step,
		   void *record)
{
	struct mlt_ring *ring = mlt_ring_of(cpu), *outer;
	unsigned long flags;
	bool found;

	if (!ring || READ_ONCE(ring->head) == cursor->pos)
		return false;
	local_irq_save(flags);
	outer = mlt_ring_lock(ring);
	found = cursor->pos != ring->head;
	if (found)
		mlt_ring_step(ring, cursor, step, record);
	mlt_ring_unlock(ring, outer);
	local_irq_restore(flags);
	return found;
}

/**
 * mlt_ring_select() - from now on the reader has a filter
 * @cpu: below nr_cpu_ids
 * @cursor: where the reader is
 * @session: the bit of his session, which no record bears yet; 0: no filter any more
 *
 * Only his own records will count as lost.
 */
void mlt_ring_select(unsigned int cpu, struct mlt_cursor *cursor, u32 session)
{
	struct mlt_ring *ring = mlt_ring_of(cpu), *outer;
	unsigned long flags;

	cursor->session = session;
	cursor->passed = 0;
	if (!ring || !session)
		return;
	local_irq_save(flags);
	outer = mlt_ring_lock(ring);
	cursor->passed = ring->evicted[ilog2(session)];
	mlt_ring_unlock(ring, outer);
	local_irq_restore(flags);
}

/* Some slots at a time: interrupts are off. */
#define MLT_SLOTS_AT_ONCE 64

static u64 mlt_ring_forget_some(struct mlt_ring *ring, u64 pos, u64 end, u32 session)
{
	struct mlt_slot *slot;
	unsigned int i;

	pos = max(pos, ring->tail);
	for (i = 0; i < MLT_SLOTS_AT_ONCE && pos < end; i++) {
		slot = mlt_slot_at(ring, pos);
		slot->targets &= ~session;
		pos += mlt_slot_bytes(slot->size);
	}
	return pos;
}

/**
 * mlt_ring_forget() - no record bears this session's bit any more
 * @session: the bit, which no new one is submitted with
 *
 * So that it can be another session's. May sleep.
 */
void mlt_ring_forget(u32 session)
{
	unsigned long flags;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct mlt_ring *ring = mlt_ring_of(cpu), *outer;
		u64 pos = 0, end = ring ? READ_ONCE(ring->head) : 0;

		while (pos < end) {
			local_irq_save(flags);
			outer = mlt_ring_lock(ring);
			pos = mlt_ring_forget_some(ring, pos, end, session);
			mlt_ring_unlock(ring, outer);
			local_irq_restore(flags);
			cond_resched();
		}
	}
}

/**
 * mlt_ring_rewind() - back to the oldest record of a CPU that is kept
 * @cpu: below nr_cpu_ids
 * @cursor: moves to before it; what was overwritten earlier does not count as lost
 */
void mlt_ring_rewind(unsigned int cpu, struct mlt_cursor *cursor)
{
	struct mlt_ring *ring = mlt_ring_of(cpu), *outer;
	struct mlocktrace_event e;
	unsigned long flags;

	if (!ring)
		return;
	local_irq_save(flags);
	outer = mlt_ring_lock(ring);
	cursor->pos = ring->tail;
	cursor->seq = ring->seq;
	if (ring->tail != ring->head) {
		mlt_ring_get(ring, ring->tail + sizeof(struct mlt_slot), &e, sizeof(e));
		cursor->seq = e.seq - 1;
	}
	mlt_ring_unlock(ring, outer);
	local_irq_restore(flags);
}

/**
 * mlt_ring_skip() - on to behind the newest record of a CPU, as if all had been read
 * @cpu: below nr_cpu_ids
 * @cursor: without a filter
 */
void mlt_ring_skip(unsigned int cpu, struct mlt_cursor *cursor)
{
	struct mlt_ring *ring = mlt_ring_of(cpu), *outer;
	unsigned long flags;

	if (!ring)
		return;
	local_irq_save(flags);
	outer = mlt_ring_lock(ring);
	cursor->pos = ring->head;
	/* Those that are still to get their number came before, too. */
	cursor->seq = ring->seq + atomic_read(&ring->skipped);
	mlt_ring_unlock(ring, outer);
	local_irq_restore(flags);
}

/**
 * mlt_ring_settle() - until when is all there that will ever be?
 *
 * A record gets its time (time_ns + duration_ns) and its place under the lock of its
 * CPU's buffer. Whoever had the lock when we took the time is through with it now.
 *
 * Return: a time; every record of an earlier one can be read
 */
u64 mlt_ring_settle(void)
{
	u64 now = ktime_get_mono_fast_ns();
	struct mlt_ring *ring, *outer;
	unsigned long flags;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		ring = mlt_ring_of(cpu);
		if (!ring)
			continue;
		local_irq_save(flags);
		outer = mlt_ring_lock(ring);
		mlt_ring_unlock(ring, outer);
		local_irq_restore(flags);
	}
	return now;
}

/**
 * mlt_ring_has() - is there a record that the cursor has not passed?
 * @cpu: below nr_cpu_ids
 * @cursor: where the reader is
 *
 * Return: true if mlt_ring_take() would find one
 */
bool mlt_ring_has(unsigned int cpu, const struct mlt_cursor *cursor)
{
	struct mlt_ring *ring = mlt_ring_of(cpu);

	return ring && READ_ONCE(ring->head) != READ_ONCE(cursor->pos);
}

/**
 * mlt_ring_sums() - what a CPU's buffer has seen
 * @cpu: below nr_cpu_ids
 * @sums: the answer
 *
 * Return: false if that CPU has no buffer: it was never online
 */
bool mlt_ring_sums(unsigned int cpu, struct mlt_ring_sums *sums)
{
	struct mlt_ring *ring = mlt_ring_of(cpu), *outer;
	unsigned long flags;

	if (!ring)
		return false;
	local_irq_save(flags);
	outer = mlt_ring_lock(ring);
	sums->seen = ring->seq + atomic_read(&ring->skipped) - ring->seq_at_reset;
	sums->overwritten = ring->overwritten - ring->overwritten_at_reset;
	mlt_ring_unlock(ring, outer);
	local_irq_restore(flags);
	return true;
}

/**
 * mlt_ring_reset() - count from 0 again
 *
 * Only what mlt_ring_sums() says: records stay, and their numbers go on.
 */
void mlt_ring_reset(void)
{
	unsigned long flags;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct mlt_ring *ring = mlt_ring_of(cpu), *outer;

		if (!ring)
			continue;
		local_irq_save(flags);
		outer = mlt_ring_lock(ring);
		ring->seq_at_reset = ring->seq + atomic_read(&ring->skipped);
		ring->overwritten_at_reset = ring->overwritten;
		mlt_ring_unlock(ring, outer);
		local_irq_restore(flags);
	}
}

/* ---- start and end --------------------------------------------------------------------- */

/* A CPU comes online; its buffer stays until the end. */
static int mlt_ring_prepare(unsigned int cpu)
{
	struct mlt_ring *ring;
	int i;

	if (mlt_ring_of(cpu))
		return 0;
	ring = kzalloc_node(sizeof(*ring), GFP_KERNEL, cpu_to_node(cpu));
	if (!ring)
		return -ENOMEM;
	ring->buf = vzalloc_node(mlt_ring_size, cpu_to_node(cpu));
	if (!ring->buf) {
		kfree(ring);
		return -ENOMEM;
	}
	raw_spin_lock_init(&ring->lock);
	init_irq_work(&ring->waker, mlt_ring_wake);
	ring->cpu = cpu;
	for (i = 0; i < MLT_LEVELS; i++)
		ring->scratch[i].ring = ring;
	/* Complete before anybody finds it. */
	smp_store_release(per_cpu_ptr(&mlt_rings, cpu), ring);
	return 0;
}

/**
 * mlt_ring_init() - make the buffers
 * @buffer_kb: size of one CPU's, a power of two
 *
 * Return: 0, -EINVAL or -ENOMEM; on failure nothing is left behind
 */
int mlt_ring_init(unsigned int buffer_kb)
{
	int err;

	mlt_ring_size = (u64)buffer_kb * SZ_1K;
	if (!is_power_of_2(mlt_ring_size) || mlt_ring_size < MLT_RING_MIN ||
	    mlt_ring_size > MLT_RING_MAX) {
		pr_err("buffer_kb=%u: want a power of two from %u to %u\n", buffer_kb,
		       MLT_RING_MIN / SZ_1K, MLT_RING_MAX / SZ_1K);
		return -EINVAL;
	}
	err = cpuhp_setup_state(CPUHP_BP_PREPARE_DYN, "mlocktrace:prepare", mlt_ring_prepare, NULL);
	if (err < 0) {
		mlt_ring_destroy();
		return err;
	}
	mlt_ring_hotplug = err;
	return 0;
}

/**
 * mlt_ring_destroy() - free the buffers
 *
 * When no probe is left that could submit, and no file open that could read.
 */
void mlt_ring_destroy(void)
{
	unsigned int cpu;

	if (mlt_ring_hotplug >= 0)
		cpuhp_remove_state_nocalls(mlt_ring_hotplug);
	mlt_ring_hotplug = -1;
	for_each_possible_cpu(cpu) {
		struct mlt_ring *ring = mlt_ring_of(cpu);

		if (!ring)
			continue;
		per_cpu(mlt_rings, cpu) = NULL;
		irq_work_sync(&ring->waker);
		vfree(ring->buf);
		kfree(ring);
	}
}
