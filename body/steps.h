/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the steps inside a call tell about it. In the function tiers a hook of
 * tag T is a pair mlt_T_enter(context, arguments) and mlt_T_exit(context, result); in the
 * tracepoint tier the two ends of mmap_lock take their place.
 */
#ifndef MLT_STEPS_BODY_H
#define MLT_STEPS_BODY_H

#include "ledger.h"

/* ---- inner steps, function tiers ------------------------------------------- */

/*
 * Any of these steps proves that the limit was passed, so that one program
 * skipped by the kernel makes no false verdict.
 */
static __always_inline void mlt_step_enter(struct mlt_call *call)
{
	call->flags |= MLOCKTRACE_F_LIMIT_PASSED;
	call->inside = 1;
	mlt_read_counter(call);
}

static __always_inline void mlt_step_exit(struct mlt_call *call)
{
	call->flags |= MLOCKTRACE_F_LIMIT_PASSED;
	call->inside = 0;
	mlt_read_counter(call);
}

static __always_inline int mlt_apply_vma_lock_flags_enter(void *ctx, const __u64 *arg)
{
	struct mlt_call *call = mlt_call_active();

	if (!call)
		return 0;
	mlt_step_enter(call);
	return 0;
}

static __always_inline int mlt_apply_vma_lock_flags_exit(void *ctx, __s32 ret)
{
	struct mlt_call *call = mlt_call_active();

	if (!call)
		return 0;
	mlt_step_exit(call);
	if (ret == -MLT_ENOMEM && !(call->flags & MLOCKTRACE_F_SPLIT_FAILED)) {
		call->scanned = 0; /* what was found before the change is old */
		mlt_scan_range();
		call->inner_ret = ret;
	}
	return 0;
}

static __always_inline int mlt_mlock_fixup_enter(void *ctx, const __u64 *arg)
{
	struct mlt_call *call = mlt_call_active();

	if (call)
		mlt_step_enter(call);
	return 0;
}

static __always_inline int mlt_mlock_fixup_exit(void *ctx, __s32 ret)
{
	struct mlt_call *call = mlt_call_active();

	if (!call)
		return 0;
	mlt_step_exit(call);
	if (!cfg.mmap_lock && cfg.implicit) /* still inside the lock */
		mlt_sync(ctx, call->mm, call);
	if (ret) {
		call->inner_ret = ret;
		call->flags |= MLOCKTRACE_F_SPLIT_FAILED;
		if (call->op == MLOCKTRACE_OP_MLOCKALL)
			call->flags |= MLOCKTRACE_F_PARTIAL;
		mlt_check_map_limit(call);
	}
	return 0;
}

static __always_inline int mlt___mm_populate_enter(void *ctx, const __u64 *arg)
{
	struct mlt_call *call = mlt_call_active();

	if (call)
		call->flags |= MLOCKTRACE_F_POPULATED | MLOCKTRACE_F_LIMIT_PASSED;
	return 0;
}

static __always_inline int mlt___mm_populate_exit(void *ctx, __s32 ret)
{
	struct mlt_call *call = mlt_call_active();

	if (call && ret < 0) {
		call->inner_ret = ret;
		call->flags |= MLOCKTRACE_F_POPULATE_FAILED;
	}
	return 0;
}

static __always_inline int mlt_populate_vma_page_range_exit(void *ctx, __s32 ret)
{
	struct mlt_call *call = mlt_call_active();

	if (call && ret < 0 && call->op == MLOCKTRACE_OP_MLOCKALL) {
		call->inner_ret = ret;
		call->flags |= MLOCKTRACE_F_PARTIAL;
	}
	return 0;
}

static __always_inline int mlt_capable_enter(void *ctx, const __u64 *arg)
{
	struct mlt_call *call = mlt_call_active();

	if (call && !call->implicit)
		call->cap_pending = (__u32)arg[0] == MLT_CAP_IPC_LOCK;
	return 0;
}

/*
 * The kernel asks for the capability only where the limit stands in the way,
 * and with a limit above 0 only under mmap_lock: what it compared is here.
 */
static __always_inline int mlt_capable_exit(void *ctx, __s32 ret)
{
	struct mlt_call *call = mlt_call_active();

	if (!call || !call->cap_pending)
		return 0;
	call->cap_pending = 0;
	if ((__u8)ret)
		return 0;
	call->flags |= MLOCKTRACE_F_CAP_DENIED;
	mlt_read_limit(call);
	if (!call->limit)
		return 0;
	mlt_read_counter(call);
	if (call->op == MLOCKTRACE_OP_MLOCKALL) {
		struct task_struct *task = mlt_task();

		call->total_vm = MLT_READ(task, mm, total_vm);
	} else if (mlt_op_locks_range(call->op)) {
		mlt_scan_range();
	}
	return 0;
}

/* Also where the new limits are sure: the kernel's own copy. */
static __always_inline int mlt_do_prlimit_enter(void *ctx, const __u64 *arg)
{
	struct task_struct *target = (struct task_struct *)arg[0];
	struct mlt_call *call = mlt_call_active();
	struct signal_struct *signal;
	__u64 pair[2] = {};

	if (!call || call->op != MLOCKTRACE_OP_SETRLIMIT || !arg[2])
		return 0;
	mlt_read_kernel(pair, sizeof(pair), (void *)arg[2]);
	call->limit = pair[0];
	call->hard_limit = pair[1];
	call->limit_known = 1;
	signal = MLT_READ(target, signal);
	call->target_pid = 0;
	if ((__u32)MLT_READ(target, tgid) != mlt_this_tgid()) {
		call->target_pid = mlt_pid(target);
		call->target_tgid = MLT_READ(target, tgid);
	}
	call->old_limit = MLT_READ(signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_cur);
	call->old_hard_limit = MLT_READ(signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_max);
	call->flags &= ~(MLOCKTRACE_F_NO_BEFORE | MLOCKTRACE_F_FOREIGN_TARGET);
	return 0;
}

/* ---- both ends of mmap_lock, where tracepoints begin and end the calls ------- */

static __always_inline int mlt_lock_acquired(__u64 mm, int write)
{
	struct mlt_call *call = mlt_call_active();

	if (!call || call->implicit || call->mm != mm)
		return 0;
	if (write) {
		if (!call->seen_lock)
			mlt_read_counter(call);
	} else if (call->unlocked &&
		   (mlt_op_locks_range(call->op) || call->op == MLOCKTRACE_OP_MLOCKALL)) {
		/* The only thing these calls do under the read lock. */
		call->flags |= MLOCKTRACE_F_POPULATED;
	}
	return 0;
}

/* The lock call that is about to leave the lock, with what it did there; or NULL. */
static __always_inline struct mlt_call *mlt_call_leaves_lock(__u64 mm)
{
	struct mlt_call *call = mlt_call_active();

	if (!call || call->implicit || call->mm != mm || call->unlocked ||
	    call->op == MLOCKTRACE_OP_SETRLIMIT)
		return 0;
	call->unlocked = 1;
	mlt_read_counter(call);
	if (mlt_op_locks_range(call->op) && call->after == call->before &&
	    mlt_over_naively(call) && !mlt_capable())
		mlt_scan_range();
	if (call->op == MLOCKTRACE_OP_MLOCKALL) {
		struct task_struct *task = mlt_task();

		call->total_vm = MLT_READ(task, mm, total_vm);
	}
	return call;
}

MLT_SUB int mlt_lock_released(void *ctx, __u64 mm)
{
	struct mlt_call *call = mlt_call_leaves_lock(mm);

	if (!cfg.implicit || !mlt_may_hold((struct mm_struct *)mm))
		return 0;
	return mlt_sync(ctx, mm, call);
}

/*
 * A read lock, perhaps downgraded from a write lock that the counter was changed
 * under: this thread comes here before it lets any other in.
 */
MLT_SUB int mlt_lock_shared(void *ctx, __u64 mm)
{
	__u64 key = mm;
	struct mlt_mm *known = mlt_map_find(&mms, &key);

	if (known && known->last == (__s64)MLT_READ((struct mm_struct *)mm, locked_vm))
		return 0;
	return mlt_sync(ctx, mm, 0);
}

/*
 * Every process comes here at every turn of its lock: out after two loads where nothing
 * is or was locked. @mm is typed, so these are plain.
 */
static __always_inline int mlt_is_of_interest(struct mm_struct *mm)
{
	return cfg.implicit && (*mlt_mm_filter(mm->mmap_base) || mm->locked_vm);
}

static __always_inline int mlt_lock_matters(struct mm_struct *mm)
{
	return shared.active || mlt_is_of_interest(mm);
}

static __always_inline int mlt_lock_taken(void *ctx, struct mm_struct *mm, int write)
{
	mlt_lock_acquired((__u64)mm, write);
	return write || !mlt_is_of_interest(mm) ? 0 : mlt_lock_shared(ctx, (__u64)mm);
}

/* ---- stacks that may not grow, and pages pinned for devices ------------------ */

static __always_inline int mlt_expand_downwards_enter(void *ctx, const __u64 *arg)
{
	struct vm_area_struct *vma = (struct vm_area_struct *)arg[0];
	struct mlt_call *call;

	if (!shared.enabled || !(MLT_READ(vma, vm_flags) & MLT_VM_LOCKED) || !mlt_wanted() ||
	    !mlt_op_wanted(MLOCKTRACE_OP_STACK))
		return 0;
	call = mlt_implicit_begin(MLOCKTRACE_OP_STACK, (__u64)MLT_READ(vma, vm_mm), 1);
	if (call) {
		call->where = (__u64)vma;
		call->addr = arg[1];
	}
	return 0;
}

static __always_inline int mlt_expand_downwards_exit(void *ctx, __s32 ret)
{
	struct mlt_call *call = mlt_nested_active();
	struct vm_area_struct *vma;

	if (!call || call->op != MLOCKTRACE_OP_STACK)
		return 0;
	vma = (struct vm_area_struct *)call->where;
	call->where = 0;
	if (ret)
		return mlt_stack_refused(ctx, call, vma, call->addr);
	return mlt_sync_here(); /* or the release of the lock will find it */
}

/*
 * Without that function: a fault that ends in SIGSEGV, and the mapping above it
 * is a locked stack. Not seen is one inside a system call, which fails with EFAULT.
 */
MLT_SUB int mlt_segv(void *ctx, __u64 address)
{
	struct task_struct *task = mlt_task();
	struct mm_struct *mm = MLT_READ(task, mm);
	struct vm_area_struct *vma;
	struct mlt_call *call;
	__u64 start;

	if (!mm || !mlt_may_hold(mm) || !mlt_wanted() || !mlt_op_wanted(MLOCKTRACE_OP_STACK))
		return 0;
	call = mlt_implicit_begin(MLOCKTRACE_OP_STACK, (__u64)mm, 0);
	start = mlt_mapping_start(call, address, MLT_READ(mm, start_stack));
	if (!call)
		return 0;
	vma = (struct vm_area_struct *)call->walk.first;
	if (start <= address ||
	    ~MLT_READ(vma, vm_flags) & (MLT_VM_LOCKED | MLT_VM_GROWSDOWN)) {
		mlt_call_done(call);
		return 0;
	}
	return mlt_stack_refused(ctx, call, vma, address);
}

/* Seldom enough to be noted for every process; the counter is looked at when the lock is released. */
static __always_inline int mlt___account_locked_vm_enter(void *ctx, const __u64 *arg)
{
	struct mlt_call *call;

	if (!shared.enabled)
		return 0;
	call = mlt_call_new(MLOCKTRACE_OP_ACCOUNT_LOCKED_VM, 1);
	if (call) {
		call->implicit = 1;
		call->mm = arg[0];
	}
	return 0;
}

/* ---- where mmap_lock has no tracepoints ------------------------------------------ */

static __always_inline int mlt_mmap_region_exit(void *ctx, __s32 ret)
{
	return mlt_sync_here();
}

/* Whatever munmap() does to the counter it has done by then; its write lock may be downgraded. */
static __always_inline int mlt_free_pgtables_enter(void *ctx, const __u64 *arg)
{
	return mlt_sync_here();
}

static __always_inline int mlt_do_brk_flags_exit(void *ctx, __s32 ret)
{
	return mlt_sync_here();
}

static __always_inline int mlt_move_vma_exit(void *ctx, __s32 ret)
{
	return mlt_sync_here();
}

#endif
