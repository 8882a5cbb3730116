/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The counters other than VmLck that RLIMIT_MEMLOCK is compared with. They belong
 * to a user or are VmPin, change without a lock, and most are given back where no
 * function is left to hook. So it is the same as with VmLck: a look at the counter
 * now and then, and what it is now, less what it was, is what was done in between.
 * Where a hook knows what is being done it looks at once; every release by somebody
 * else ends in free_uid(). The sum of all records is the counter; which operation a
 * change is put down to can be wrong while several of the same user are under way.
 *
 * The paths are in ipc/shm.c, mm/mlock.c, io_uring/rsrc.c, kernel/events/core.c,
 * net/xdp/xdp_umem.c, net/core/skbuff.c and mm/secretmem.c.
 */
#ifndef MLT_POOLS_BODY_H
#define MLT_POOLS_BODY_H

#include "record.h"

/* ---- the counters ---------------------------------------------------------------- */

/* Pages: see mlt_pool_count(). */
MLT_GLOBAL __s64 mlt_pool_count_of(__u64 owner, __u32 counter)
{
	struct user_struct *user = (struct user_struct *)owner;
	struct mm_struct *mm = (struct mm_struct *)owner;

	switch (counter) {
	case MLOCKTRACE_COUNTER_VMPIN:
		return MLT_READ(mm, pinned_vm.counter);
	case MLOCKTRACE_COUNTER_USER:
		return MLT_READ(user, locked_vm.counter);
	case MLOCKTRACE_COUNTER_PERF:
		return mlt_user_perf_pool(user);
	case MLOCKTRACE_COUNTER_SHM:
		return mlt_shm_pages(owner);
	}
	return 0;
}

static __always_inline __s64 mlt_pool_count(__u64 owner, __u32 counter)
{
	return mlt_pool_count_of(mlt_number(owner), counter);
}

/*
 * Whose it is: a uid. Of VmPin, which is an address space's: 0, or where the ends of these are
 * not seen, the process, since the next one may come to the same place.
 */
MLT_GLOBAL __u32 mlt_pool_uid_of(__u64 owner, __u32 counter)
{
	if (counter == MLOCKTRACE_COUNTER_VMPIN)
		return cfg.mm_ends || !mlt_mm_has_owner() ?
			       0 : MLT_READ((struct mm_struct *)owner, owner, tgid);
	if (counter == MLOCKTRACE_COUNTER_SHM && mlt_ucounts_have_memlock())
		return MLT_READ((struct ucounts *)owner, uid.val);
	return MLT_READ((struct user_struct *)owner, uid.val);
}

static __always_inline __u32 mlt_pool_uid(__u64 owner, __u32 counter)
{
	return mlt_pool_uid_of(mlt_number(owner), counter);
}

/* Whose counter a task's charges go to, if nothing else is said. */
static __always_inline __u64 mlt_pool_owner(struct task_struct *task, __u32 counter)
{
	if (counter == MLOCKTRACE_COUNTER_VMPIN)
		return (__u64)MLT_READ(task, mm);
	if (counter == MLOCKTRACE_COUNTER_SHM && mlt_ucounts_have_memlock())
		return (__u64)MLT_READ(task, cred, ucounts);
	return (__u64)MLT_READ(task, cred, user);
}

/* Which one the rings of perf are charged to before VmPin. */
static __always_inline __u32 mlt_perf_counter(void)
{
	return mlt_user_has_perf_pool() ? MLOCKTRACE_COUNTER_PERF : MLOCKTRACE_COUNTER_USER;
}

/* Pages of a ring that the user's pool has no room for. */
static __always_inline __u64 mlt_beyond_pool(__u64 user, __u64 pages)
{
	__u64 had = mlt_pool_count(user, mlt_perf_counter());

	if (had > shared.perf_pool)
		had = shared.perf_pool;
	return had + pages > shared.perf_pool ? had + pages - shared.perf_pool : 0;
}

static __always_inline int mlt_op_is_charge(__u8 op)
{
	return op >= MLOCKTRACE_OP_SHM_LOCK && op <= MLOCKTRACE_OP_SECRETMEM;
}

/* ---- the books -------------------------------------------------------------------- */

/*
 * The pool, entered with @base pages when it first holds others than these; what was
 * charged when we came is in the books. NULL: nothing was ever charged, or no room.
 */
MLT_SUB struct mlt_pool *mlt_pool_of(__u64 owner, __u32 counter, __s64 base)
{
	struct mlt_pool_key key = { .owner = owner, .counter = counter };
	struct mlt_pool *pool = mlt_map_find(&pools, &key);

	if (pool && pool->uid != mlt_pool_uid(owner, counter)) {
		/* Another user in the place of one that is gone, and all that was charged with him. */
		if (!mlt_map_del(&pools, &key))
			mlt_add(&shared.pools, -1);
		pool = 0;
		base = 0;
	}
	if (pool)
		return pool->id ? pool : 0; /* being entered on another CPU */
	if (!owner || mlt_pool_count(owner, counter) == base)
		return 0;
	_Static_assert(sizeof(*pool) <= sizeof(shared.zeros), "zeros");
	if (mlt_map_add(&pools, &key, shared.zeros)) {
		mlt_fetch_inc(&mlt_cpu()->untracked);
		return 0;
	}
	mlt_add(&shared.pools, 1);
	pool = mlt_map_find(&pools, &key);
	if (!pool)
		return 0;
	pool->last = pool->base = base;
	pool->uid = mlt_pool_uid(owner, counter);
	pool->id = mlt_new_id();
	return pool;
}

/* Take note of the counter: `before` and `after` of the call, and whether they differ. */
MLT_OUTLINE int mlt_pool_book(struct mlt_call *call, struct mlt_pool *pool, __u64 owner, __u32 counter)
{
	__s64 now;

	if (!call || !pool)
		return 0;
	call->before = MLT_BOOK(&pool->last, now, mlt_pool_count(owner, counter), 0);
	call->after = now;
	call->counter = counter;
	call->account = pool->id;
	call->owner_uid = pool->uid;
	pool->changes += call->before != now;
	return call->before != now;
}

/* What is charged with nobody there who says what it is. */
static __always_inline __u8 mlt_charged_op(__u32 counter)
{
	if (counter == MLOCKTRACE_COUNTER_SHM)
		return MLOCKTRACE_OP_SHM_LOCK;
	/* RDMA, vDPA and others in modules. */
	return counter == MLOCKTRACE_COUNTER_VMPIN ? MLOCKTRACE_OP_PIN : MLOCKTRACE_OP_UNATTRIBUTED;
}

/* What is given back with nobody there who says what it is: what was charged, and fits. */
static __always_inline __u8 mlt_released_op(struct mlt_pool *pool, __u32 counter, __s64 pages)
{
	__u8 op = counter == MLOCKTRACE_COUNTER_VMPIN ? MLOCKTRACE_OP_PIN : MLOCKTRACE_OP_UNATTRIBUTED;

	if (counter == MLOCKTRACE_COUNTER_SHM)
		return MLOCKTRACE_OP_SHM_UNLOCK;
	for (int i = 0; i < MLT_POOL_OPS; i++) {
		if (pool->held[i] == pages)
			return MLT_POOL_FIRST_OP + i;
		if (pool->held[i] > pages)
			op = MLT_POOL_FIRST_OP + i;
	}
	return op;
}

static __always_inline void mlt_pool_hold(struct mlt_pool *pool, __u8 op, __s64 pages)
{
	__u32 i = op - MLT_POOL_FIRST_OP;

	if (i < MLT_POOL_OPS)
		mlt_add(&pool->held[i], pages);
}

/* Somebody that the filters let through: with this change its records begin. */
static __always_inline void mlt_pool_wanted(struct mlt_pool *pool, const struct mlt_call *call)
{
	if (!pool->wanted)
		pool->base = call->before;
	pool->wanted = 1;
}

static __always_inline int mlt_pool_emit(void *ctx, struct mlt_call *call, __s32 ret)
{
	if (!call)
		return 0;
	mlt_read_limit(call);
	call->flags |= mlt_capable() ? MLOCKTRACE_F_CAPABLE : 0;
	if (cfg.failures_only && ret >= 0)
		return 0;
	return mlt_emit(ctx, call, ret, 0, 0);
}

/* The last of a user who is gone, whose place is another's now: he has given back all of it. */
static __always_inline void mlt_pool_close(void *ctx, struct mlt_call *call, __u64 owner, __u32 counter)
{
	struct mlt_pool_key key = { .owner = owner, .counter = counter };
	struct mlt_pool *pool = mlt_map_find(&pools, &key);
	__u8 op = call->op;

	if (!pool || !pool->last || pool->uid == mlt_pool_uid(owner, counter))
		return;
	call->before = pool->last;
	call->after = 0;
	call->counter = counter;
	call->account = pool->id;
	call->owner_uid = pool->uid;
	call->target_pid = pool->pid;
	call->flags |= MLOCKTRACE_F_REMOTE | MLOCKTRACE_F_INFERRED;
	call->op = counter == MLOCKTRACE_COUNTER_VMPIN ? MLOCKTRACE_OP_EXIT :
							  mlt_released_op(pool, counter, pool->last);
	pool->last = 0;
	if (shared.enabled && pool->wanted && mlt_op_wanted(call->op))
		mlt_pool_emit(ctx, call, 0);
	call->flags &= ~(MLOCKTRACE_F_REMOTE | MLOCKTRACE_F_INFERRED);
	call->target_pid = 0;
	call->op = op;
}

/*
 * Who looks in passing, and finds more than there was, has come in between: whoever charged
 * it is still to book it, and knows what it is. Of VmPin nobody but modules might be.
 */
static __always_inline int mlt_is_being_charged(struct mlt_call *call, struct mlt_pool *pool,
						__u64 owner, __u32 counter)
{
	return !call->op && counter != MLOCKTRACE_COUNTER_VMPIN &&
	       mlt_pool_count(owner, counter) > pool->last;
}

/*
 * After an operation, or whenever somebody looks: book what a counter has become
 * and make it a record. @call has the op; 0 = nobody knows it.
 */
MLT_SUB int mlt_pool_sync(void *ctx, struct mlt_call *call, __u64 owner, __u32 counter)
{
	struct mlt_pool *pool;
	int foreign, wanted;
	__s64 moved;

	if (!call)
		return 0;
	mlt_pool_close(ctx, call, owner, counter);
	pool = mlt_pool_of(owner, counter, call->pool_base);
	if (!pool || mlt_is_being_charged(call, pool, owner, counter) ||
	    !mlt_pool_book(call, pool, mlt_number(owner), counter))
		return 0;
	moved = call->after - call->before;
	foreign = mlt_pool_owner(mlt_current(), counter) != owner;
	/* What is found while a bystander runs is none of his. */
	wanted = (call->op || !foreign) && mlt_wanted();
	if (foreign)
		call->flags |= MLOCKTRACE_F_REMOTE | (call->op ? 0 : MLOCKTRACE_F_INFERRED);
	if (!call->op)
		call->op = moved < 0 ? mlt_released_op(pool, counter, -moved) : mlt_charged_op(counter);
	if (call->op == MLOCKTRACE_OP_UNATTRIBUTED)
		pool->residues++;
	mlt_pool_hold(pool, call->op, moved);
	if (wanted)
		mlt_pool_wanted(pool, call);
	if (moved > 0 && wanted) {
		pool->pid = mlt_current_pid();
		pool->mm = mlt_current_mm();
	}
	if (shared.enabled && (wanted || pool->wanted) && mlt_op_wanted(call->op)) {
		call->target_pid = foreign ? pool->pid : 0;
		call->asked = moved > 0 ? mlt_bytes(moved) : 0;
		mlt_pool_emit(ctx, call, 0);
	}
	call->flags &= ~(MLOCKTRACE_F_REMOTE | MLOCKTRACE_F_INFERRED);
	call->target_pid = 0;
	return 1;
}

/* Nothing was charged, and it failed. */
MLT_SUB int mlt_charge_refused(void *ctx, struct mlt_call *call, __u64 owner, __u32 counter, __s32 ret)
{
	struct mlt_pool *pool;

	if (!call || !shared.enabled || !mlt_wanted() || !mlt_op_wanted(call->op))
		return 0;
	pool = mlt_pool_of(owner, counter, call->pool_base);
	call->before = call->after = mlt_pool_count(owner, counter);
	call->counter = counter;
	call->account = pool ? pool->id : 0;
	call->owner_uid = mlt_pool_uid(owner, counter);
	return mlt_pool_emit(ctx, call, ret);
}

/* A call of its own, also in an interrupt, where the task's belong to what it was doing. */
static __always_inline struct mlt_call *mlt_pool_call(__u8 op, __u32 *key)
{
	struct mlt_cpu *cpu = mlt_cpu();
	struct mlt_call *call;

	*key = MLT_APART | (mlt_cpu_id() & (MLT_MAX_CPUS - 1)) << 20 |
	       (mlt_fetch_inc(&cpu->apart) & 0xfffff);
	mlt_map_set(&calls, key, shared.zeros);
	call = mlt_map_find(&calls, key);
	if (!call) {
		mlt_fetch_inc(&cpu->untracked);
		return 0;
	}
	call->op = op;
	call->implicit = 1;
	call->time_ns = mlt_now();
	return call;
}

static __always_inline void mlt_pool_call_done(__u32 *key)
{
	mlt_map_del(&calls, key);
}

/* ---- shmctl(), which is followed like the lock calls -------------------------------- */

/* What its hooks inside do not tell, or without them: as the caller's own counter says. */
MLT_SUB int mlt_begin_shm(struct mlt_call *call)
{
	struct task_struct *task = mlt_task();
	__u64 owner = mlt_pool_owner(task, MLOCKTRACE_COUNTER_SHM);

	if (!call)
		return 0;
	call->counter = MLOCKTRACE_COUNTER_SHM;
	call->arg = call->args[0]; /* the segment's id */
	call->pool_base = mlt_pool_count(owner, MLOCKTRACE_COUNTER_SHM);
	return 0;
}

MLT_SUB int mlt_end_shm(struct mlt_call *call, __s32 ret)
{
	struct task_struct *task = mlt_task();
	struct mlt_pool *pool;

	if (!call)
		return 0;
	mlt_read_limit(call);
	call->flags |= mlt_capable() ? MLOCKTRACE_F_CAPABLE : 0;
	if (!call->owner) {
		call->owner = mlt_pool_owner(task, MLOCKTRACE_COUNTER_SHM);
		call->flags |= cfg.tier == MLOCKTRACE_TIER_TRACEPOINT ? MLOCKTRACE_F_SAMPLED : 0;
	}
	pool = mlt_pool_of(call->owner, MLOCKTRACE_COUNTER_SHM, call->pool_base);
	if (!pool) {
		call->before = call->after = mlt_pool_count(call->owner, MLOCKTRACE_COUNTER_SHM);
		call->owner_uid = mlt_pool_uid(call->owner, MLOCKTRACE_COUNTER_SHM);
		return 0;
	}
	mlt_pool_book(call, pool, mlt_number(call->owner), MLOCKTRACE_COUNTER_SHM);
	if (mlt_wanted())
		mlt_pool_wanted(pool, call);
	if (call->after > call->before) {
		pool->pid = mlt_current_pid();
		call->asked = mlt_bytes(call->after - call->before);
	}
	return 0;
}

#endif
