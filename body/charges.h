/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Functions in which the counters other than VmLck are charged and given back. What
 * is done with what they see is in pools.h.
 */
#ifndef MLT_CHARGES_BODY_H
#define MLT_CHARGES_BODY_H

#include "looks.h"

/* ---- charges by functions: ENTER knows whose and how much, EXIT whether ------------- */

/* @asked: pages */
MLT_SUB int mlt_charge_enter(__u8 op, __u64 owner, __u32 counter, __u64 asked)
{
	struct mlt_call *call;

	if (!shared.enabled || !owner)
		return 0;
	call = mlt_call_new(op, 1);
	if (!call)
		return 0;
	call->implicit = 1;
	call->counter = counter;
	call->owner = owner;
	call->asked = mlt_bytes(asked);
	call->pool_base = mlt_pool_count(owner, counter);
	return 0;
}

MLT_SUB int mlt_charge_exit(void *ctx, __u8 op, __s32 ret)
{
	struct mlt_call *call = mlt_nested_active();

	if (!call || call->op != op)
		return 0;
	if (ret < 0)
		mlt_charge_refused(ctx, call, call->owner, call->counter, ret);
	else
		mlt_pool_sync(ctx, call, call->owner, call->counter);
	mlt_call_done(call);
	return 0;
}

/*
 * (user, pages); those who may lock what they like have no user here. It tells of what was
 * refused only: newer kernels call it several times for a ring, and have copies of it
 * elsewhere. What was charged is seen at the end of the system call, and so is what was
 * refused to one that asks for several buffers, one after the other.
 */
static __always_inline int mlt___io_account_mem_enter(void *ctx, const __u64 *arg)
{
	return mlt_charge_enter(MLOCKTRACE_OP_IO_URING, arg[0], MLOCKTRACE_COUNTER_USER, arg[1]);
}

static __always_inline int mlt___io_account_mem_exit(void *ctx, __s32 ret)
{
	struct mlt_call *call = mlt_nested_active();

	if (!call || call->op != MLOCKTRACE_OP_IO_URING)
		return 0;
	if (ret < 0 && mlt_charge_of_number(mlt_sysno(), mlt_is_compat()))
		call->booked = 1; /* see mlt_refused_inside() */
	else if (ret < 0)
		mlt_charge_refused(ctx, call, call->owner, call->counter, ret);
	mlt_call_done(call);
	return 0;
}

/* (what is pinned so far, bytes); the kernel counts two pages more than the bytes could touch */
static __always_inline int mlt_mm_account_pinned_pages_enter(void *ctx, const __u64 *arg)
{
	__u64 user = (__u64)MLT_READ((struct mmpin *)arg[0], user);

	if (!user)
		user = mlt_pool_owner(mlt_current(), MLOCKTRACE_COUNTER_USER);
	return mlt_charge_enter(MLOCKTRACE_OP_ZEROCOPY, user, MLOCKTRACE_COUNTER_USER,
				(arg[1] >> cfg.page_shift) + 2);
}

static __always_inline int mlt_mm_account_pinned_pages_exit(void *ctx, __s32 ret)
{
	return mlt_charge_exit(ctx, MLOCKTRACE_OP_ZEROCOPY, ret);
}

/* (struct xdp_umem_reg *): address and length come first (include/uapi/linux/if_xdp.h) */
static __always_inline int mlt_xdp_umem_create_enter(void *ctx, const __u64 *arg)
{
	__u64 range[2] = {};

	mlt_read_kernel(range, sizeof(range), (void *)arg[0]);
	return mlt_charge_enter(MLOCKTRACE_OP_XDP_UMEM,
				mlt_pool_owner(mlt_current(), MLOCKTRACE_COUNTER_USER),
				MLOCKTRACE_COUNTER_USER, PAGE_UP(range[1]) >> cfg.page_shift);
}

static __always_inline int mlt_xdp_umem_create_exit(void *ctx, __u64 ret)
{
	return mlt_charge_exit(ctx, MLOCKTRACE_OP_XDP_UMEM, ret >= -MLT_MAX_ERRNO ? (__s32)ret : 0);
}

/*
 * (vm_fault): one page of secret memory. Where it is locked by mmap instead, nothing is
 * charged here.
 */
static __always_inline int mlt_secretmem_fault_enter(void *ctx, const __u64 *arg)
{
	return mlt_charge_enter(MLOCKTRACE_OP_SECRETMEM,
				mlt_pool_owner(mlt_current(), MLOCKTRACE_COUNTER_USER),
				MLOCKTRACE_COUNTER_USER, 1);
}

static __always_inline int mlt_secretmem_fault_exit(void *ctx, __u32 ret)
{
	return mlt_charge_exit(ctx, MLOCKTRACE_OP_SECRETMEM, ret & MLT_VM_FAULT_SIGBUS ? -MLT_EFAULT : 0);
}

/* ---- perf rings: up to a pool by the user, the rest to VmPin ------------------------- */

/* (file, vma) */
static __always_inline int mlt_perf_mmap_enter(void *ctx, const __u64 *arg)
{
	struct vm_area_struct *vma = (struct vm_area_struct *)arg[1];
	__u64 user = mlt_pool_owner(mlt_current(), MLOCKTRACE_COUNTER_USER);
	__u64 pages = (MLT_READ(vma, vm_end) - MLT_READ(vma, vm_start)) >> cfg.page_shift;

	return mlt_charge_enter(MLOCKTRACE_OP_PERF_MMAP, user, mlt_perf_counter(),
				mlt_beyond_pool(user, pages));
}

static __always_inline int mlt_perf_mmap_exit(void *ctx, __s32 ret)
{
	struct mlt_call *call = mlt_nested_active();
	__u64 mm = mlt_current_mm();

	if (!call || call->op != MLOCKTRACE_OP_PERF_MMAP)
		return 0;
	if (!ret)
		mlt_pool_sync(ctx, call, call->owner, call->counter);
	call->pool_base = 0;
	if (!ret)
		mlt_pool_sync(ctx, call, mm, MLOCKTRACE_COUNTER_VMPIN);
	else
		mlt_charge_refused(ctx, call, mm, MLOCKTRACE_COUNTER_VMPIN, ret);
	mlt_call_done(call);
	return 0;
}

/* ---- releases ---------------------------------------------------------------------- */

/*
 * (user): whoever has given back what he had charged lets go of the user, mostly a
 * kernel thread or an interrupt.
 */
MLT_SUB int mlt_user_released(__u64 user)
{
	struct mlt_pool_key key = { .owner = user, .counter = MLOCKTRACE_COUNTER_USER };
	struct mlt_pool *pool = mlt_map_find(&pools, &key);
	__u64 mm;
	__u32 at;

	/* That of another user, who had the same place, says nothing of this one. */
	if (!pool || pool->uid != mlt_pool_uid(user, MLOCKTRACE_COUNTER_USER)) {
		key.counter = MLOCKTRACE_COUNTER_PERF;
		pool = mlt_map_find(&pools, &key) ?: pool;
	}
	if (!pool)
		return 0;
	/* VmPin of an address space that has ended is nobody's. */
	key.owner = pool->mm;
	key.counter = MLOCKTRACE_COUNTER_VMPIN;
	mm = mlt_map_find(&pools, &key) ? pool->mm : 0;
	if (!mlt_pool_call(0, &at))
		return 0;
	mlt_pools_look(at, user, mm);
	mlt_pool_call_done(&at);
	return 0;
}

static __always_inline int mlt_free_uid_enter(void *ctx, const __u64 *arg)
{
	return shared.pools && arg[0] ? mlt_user_released(mlt_number(arg[0])) : 0;
}

/* Newer kernels let go of the user only after a grace period. */
static __always_inline int mlt_perf_mmap_close_exit(void *ctx, __s32 ret)
{
	return shared.pools ? mlt_charge_row_exit(MLOCKTRACE_OP_PERF_MMAP, 0) : 0;
}

/* An address space ends, and with it what is in VmPin; who pinned it may unpin it later. */
MLT_SUB int mlt_pool_mm_end(void *ctx, __u64 mm)
{
	struct mlt_pool_key key = { .owner = mm, .counter = MLOCKTRACE_COUNTER_VMPIN };
	struct mlt_pool *pool = mlt_map_find(&pools, &key);
	struct mlt_call *call;
	__u32 at;

	if (!pool)
		return 0;
	call = mlt_pool_call(0, &at);
	if (call) {
		mlt_pool_sync(ctx, call, mm, MLOCKTRACE_COUNTER_VMPIN);
		call->op = MLOCKTRACE_OP_EXIT;
		call->before = pool->last;
		call->after = 0;
		if (call->before && shared.enabled && pool->wanted && mlt_op_wanted(call->op))
			mlt_pool_emit(ctx, call, 0);
		mlt_pool_call_done(&at);
	}
	if (!mlt_map_del(&pools, &key))
		mlt_add(&shared.pools, -1);
	return 0;
}

/* ---- System V segments -------------------------------------------------------------- */

/* The call of shmctl() under way that is to lock or unlock, or NULL. */
static __always_inline struct mlt_call *mlt_shm_call(__u8 op)
{
	struct mlt_call *call = mlt_call_active();

	return call && call->op == op && !call->owner ? call : 0;
}

/* (bytes, whose counter) */
static __always_inline int mlt_user_shm_lock_enter(void *ctx, const __u64 *arg)
{
	struct mlt_call *call = mlt_shm_call(MLOCKTRACE_OP_SHM_LOCK);
	__u64 pages = PAGE_UP(arg[0]) >> cfg.page_shift;
	int huge = mlt_sysno() == (mlt_is_compat() ? MLT_NR32_shmget : MLT_NR64_shmget);

	if (!call)
		return mlt_charge_enter(huge ? MLOCKTRACE_OP_SHM_HUGETLB : MLOCKTRACE_OP_SHM_LOCK, arg[1],
					MLOCKTRACE_COUNTER_SHM, pages);
	call->owner = arg[1];
	call->asked = mlt_bytes(pages);
	call->pool_base = mlt_pool_count(arg[1], MLOCKTRACE_COUNTER_SHM);
	return 0;
}

/* The answer is yes or no, and no has no other reason than the limit. */
static __always_inline int mlt_user_shm_lock_exit(void *ctx, __s32 ret)
{
	struct mlt_call *nested = mlt_nested_active();

	/* That of shmctl() is read at its end. */
	if (!nested || nested->counter != MLOCKTRACE_COUNTER_SHM)
		return 0;
	if (!(__u8)ret && nested->op == MLOCKTRACE_OP_SHM_HUGETLB) { /* shmget() goes on to EPERM */
		mlt_call_done(nested);
		return 0;
	}
	return mlt_charge_exit(ctx, nested->op, (__u8)ret ? 0 : -MLT_ENOMEM);
}

static __always_inline int mlt_user_shm_unlock_enter(void *ctx, const __u64 *arg)
{
	struct mlt_call *call = mlt_shm_call(MLOCKTRACE_OP_SHM_UNLOCK);

	if (!call)
		return mlt_charge_enter(MLOCKTRACE_OP_SHM_UNLOCK, arg[1], MLOCKTRACE_COUNTER_SHM, 0);
	call->owner = arg[1];
	call->pool_base = mlt_pool_count(arg[1], MLOCKTRACE_COUNTER_SHM);
	return 0;
}

static __always_inline int mlt_user_shm_unlock_exit(void *ctx, __s32 ret)
{
	return mlt_charge_exit(ctx, MLOCKTRACE_OP_SHM_UNLOCK, 0);
}

#endif
