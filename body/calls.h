/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What each hook means, written once for all tiers. A hook of tag T is a pair
 * mlt_T_enter(arguments) and mlt_T_exit(result); the stubs of the producers
 * know how we were called and nothing else.
 *
 * The order of tests inside the kernel's calls, on which the flags rest, is in
 * mm/mlock.c (do_mlock, apply_vma_lock_flags, mlock_fixup) and mm/gup.c.
 */
#ifndef MLT_CALLS_BODY_H
#define MLT_CALLS_BODY_H

#include "pools.h"
#include "vmas.h"

static __always_inline __u8 mlt_op_of(__u32 sys)
{
	switch (sys) {
	case MLT_SYS_mlock:
		return MLOCKTRACE_OP_MLOCK;
	case MLT_SYS_mlock2:
		return MLOCKTRACE_OP_MLOCK2;
	case MLT_SYS_munlock:
		return MLOCKTRACE_OP_MUNLOCK;
	case MLT_SYS_mlockall:
		return MLOCKTRACE_OP_MLOCKALL;
	case MLT_SYS_munlockall:
		return MLOCKTRACE_OP_MUNLOCKALL;
	case MLT_SYS_setrlimit:
	case MLT_SYS_prlimit64:
		return MLOCKTRACE_OP_SETRLIMIT;
	case MLT_SYS_shmctl:
	case MLT_SYS_ipc: /* or to unlock: see mlt_shm_enter() */
		return MLOCKTRACE_OP_SHM_LOCK;
	default: /* a row without its op: never wanted */
		return 0;
	}
}

/* The counter under mmap_lock: the first reading is `before`, the last is `after`. */
static __always_inline void mlt_read_counter(struct mlt_call *call)
{
	call->after = mlt_locked_vm();
	if (!call->seen_lock)
		call->before = call->after;
	call->seen_lock = 1;
}

/* Would the kernel's first, naive sum exceed the limit? Then overlap decides. */
static __always_inline int mlt_over_naively(const struct mlt_call *call)
{
	return call->limit != MLOCKTRACE_UNLIMITED &&
	       call->before + (mlt_asked(call) >> cfg.page_shift) > call->limit >> cfg.page_shift;
}

static __always_inline int mlt_op_locks_range(__u8 op)
{
	return op == MLOCKTRACE_OP_MLOCK || op == MLOCKTRACE_OP_MLOCK2;
}

/* ---- system calls ---------------------------------------------------------- */

MLT_OUTLINE int mlt_begin_lock(struct mlt_call *call)
{
	if (!call)
		return 0;
	if (mlt_op_is_ranged(call->op)) {
		call->addr = call->args[0];
		call->len = call->args[1];
	}
	if (call->op == MLOCKTRACE_OP_MLOCK2) {
		call->arg = call->args[2];
		call->flags |= call->arg & 1 ? MLOCKTRACE_F_ONFAULT : 0;
		call->flags |= call->arg & ~1U ? MLOCKTRACE_F_UNKNOWN_FLAGS : 0;
	} else if (call->op == MLOCKTRACE_OP_MLOCKALL) {
		call->arg = call->args[0];
		call->flags |= (call->arg & 7) << 1; /* MCL_*: bits 0 to 2; their flags: 1 to 3 */
		call->flags |= call->arg & ~7U ? MLOCKTRACE_F_UNKNOWN_FLAGS : 0;
	}
	mlt_read_limit(call);
	/* A first guess, replaced by what is read under mmap_lock. */
	call->before = mlt_locked_vm();
	return 0;
}

/* The limits asked for, from the caller's memory. */
MLT_OUTLINE int mlt_read_new_limits(struct mlt_call *call)
{
	__u64 pair[2] = {};
	__u32 small[2] = {};
	long err;

	if (!call || call->limit_known)
		return 0;
	if (call->small_rlimit) {
		err = mlt_read_user(small, sizeof(small), (void *)call->new_ptr);
		/* COMPAT_RLIM_INFINITY, arch/x86/include/asm/compat.h */
		pair[0] = small[0] == ~0U ? MLOCKTRACE_UNLIMITED : small[0];
		pair[1] = small[1] == ~0U ? MLOCKTRACE_UNLIMITED : small[1];
	} else {
		err = mlt_read_user(pair, sizeof(pair), (void *)call->new_ptr);
	}
	if (err)
		return 0;
	call->limit = pair[0];
	call->hard_limit = pair[1];
	call->limit_known = 1;
	return 0;
}

/*
 * Whom prlimit() is for: its argument is an id in the caller's pid namespace,
 * and any thread of the caller is the caller.
 */
MLT_SUB int mlt_find_target(struct mlt_call *call, __u32 arg)
{
	struct task_struct *task = mlt_task();
	struct pid *tid = MLT_READ(task, thread_pid);
	struct pid *tgid = MLT_READ(task, group_leader, thread_pid);
	__u32 level = MLT_READ(tid, level);
	struct upid own = {}, leader = {};

	if (!call || !arg)
		return 0;
	mlt_read_kernel(&own, mlt_sizeof(struct upid), mlt_upid(tid, level));
	mlt_read_kernel(&leader, mlt_sizeof(struct upid), mlt_upid(tgid, level));
	if (arg == (__u32)own.nr || arg == (__u32)leader.nr)
		return 0;
	call->flags |= MLOCKTRACE_F_NO_BEFORE;
	if (MLT_READ(own.ns, ns.inum) == shared.pidns_inum)
		call->target_pid = arg;
	else
		call->flags |= MLOCKTRACE_F_FOREIGN_TARGET;
	return 0;
}

MLT_OUTLINE int mlt_begin_setrlimit(struct mlt_call *call, __u32 sys)
{
	struct task_struct *task = mlt_task();
	struct signal_struct *signal = MLT_READ(task, signal);

	if (!call)
		return 0;
	if (sys == MLT_SYS_setrlimit) {
		call->new_ptr = call->args[1];
		call->small_rlimit = call->flags & MLOCKTRACE_F_COMPAT ? 1 : 0;
	} else {
		call->new_ptr = call->args[2];
		call->old_ptr = call->args[3];
		mlt_find_target(call, call->args[0]);
	}
	/* Now: the kernel may write the old limits to the same place. */
	mlt_read_new_limits(call);
	if (call->flags & MLOCKTRACE_F_NO_BEFORE)
		return 0;
	call->old_limit = MLT_READ(signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_cur);
	call->old_hard_limit = MLT_READ(signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_max);
	call->before = call->after = mlt_locked_vm();
	return 0;
}

static __always_inline void mlt_call_done(struct mlt_call *call)
{
	call->active = 0;
	mlt_add(&shared.active, -1);
}

/*
 * The thread is past a call whose exit did not reach us: a return probe had no
 * instance left, or a program was skipped.
 */
static __always_inline void mlt_call_lost(struct mlt_call *call)
{
	mlt_call_done(call);
	if (!call->implicit || call->before != call->after)
		mlt_fetch_inc(&mlt_cpu()->untracked);
}

/* A zeroed, active call for this thread, or NULL when there is no room for one. */
MLT_SUB struct mlt_call *mlt_call_new(__u8 op, int nested)
{
	__u32 tid = mlt_this_tid() | (nested ? MLT_NESTED : 0);
	struct mlt_call *call = mlt_map_find(&calls, &tid);

	if (!call) {
		_Static_assert(sizeof(*call) <= sizeof(shared.zeros), "zeros");
		mlt_map_add(&calls, &tid, shared.zeros);
		call = mlt_map_find(&calls, &tid);
		if (!call) {
			mlt_fetch_inc(&mlt_cpu()->untracked);
			return 0;
		}
	} else {
		if (call->active)
			mlt_call_lost(call);
		__builtin_memset(call, 0, __builtin_offsetof(struct mlt_call, walk));
	}
	call->op = op;
	call->nested = nested ? 1 : 0;
	call->time_ns = mlt_now();
	call->active = 1;
	mlt_add(&shared.active, 1);
	return call;
}

/* The same for a system call at its entry. */
MLT_SUB struct mlt_call *mlt_call_begin(__u8 op, const struct pt_regs *regs, int compat)
{
	struct mlt_call *call = mlt_call_new(op, 0);

	if (!call)
		return 0;
	call->mm = mlt_current_mm();
	call->sysno = MLT_REG(regs, orig_ax);
	if (compat) {
		call->flags |= MLOCKTRACE_F_COMPAT;
		call->args[0] = (__u32)MLT_REG(regs, bx);
		call->args[1] = (__u32)MLT_REG(regs, cx);
		call->args[2] = (__u32)MLT_REG(regs, dx);
		call->args[3] = (__u32)MLT_REG(regs, si);
	} else {
		call->args[0] = MLT_REG(regs, di);
		call->args[1] = MLT_REG(regs, si);
		call->args[2] = MLT_REG(regs, dx);
		call->args[3] = MLT_REG(regs, r10);
	}
	if (cfg.tier != MLOCKTRACE_TIER_TRACEPOINT)
		call->flags |= MLOCKTRACE_F_STEPS;
	return call;
}

/* ipc() of 32-bit programs: (call, first, second, third, ...), see ipc/syscall.c */
#define MLT_SHMGET 23 /* include/uapi/linux/ipc.h */
#define MLT_SHMCTL 24

static __always_inline __u32 mlt_ipc_call(const struct pt_regs *regs)
{
	return MLT_REG(regs, bx) & 0xffff;
}

MLT_SUB int mlt_shm_enter(__u32 sys, const struct pt_regs *regs, int compat)
{
	__u8 op = MLOCKTRACE_OP_SHM_LOCK;
	struct mlt_call *call;
	__u32 cmd;

	if (sys == MLT_SYS_ipc) {
		if (!compat || mlt_ipc_call(regs) != MLT_SHMCTL)
			return 0;
		cmd = MLT_REG(regs, dx);
	} else {
		cmd = compat ? MLT_REG(regs, cx) : MLT_REG(regs, si);
	}
	cmd &= ~MLT_IPC_64;
	if (cmd == MLT_SHM_UNLOCK)
		op = MLOCKTRACE_OP_SHM_UNLOCK;
	else if (cmd != MLT_SHM_LOCK)
		return 0;
	if (!mlt_op_wanted(op) || !mlt_wanted())
		return 0;
	call = mlt_call_begin(op, regs, compat);
	if (call && sys == MLT_SYS_ipc)
		call->args[0] = call->args[1];
	mlt_begin_shm(call);
	return 0;
}

/*
 * Is this a call to follow? Changes of a limit are followed whoever makes them,
 * because they may be for a process that is wanted: decided at the exit.
 */
MLT_SUB int mlt_syscall_enter(__u32 sys, const struct pt_regs *regs, int compat)
{
	__u8 op = mlt_op_of(sys);
	__u32 resource;

	if (!shared.enabled)
		return 0;
	if (op == MLOCKTRACE_OP_SHM_LOCK)
		return cfg.charges ? mlt_shm_enter(sys, regs, compat) : 0;
	if (!mlt_op_wanted(op))
		return 0;
	if (op != MLOCKTRACE_OP_SETRLIMIT) {
		if (mlt_wanted())
			mlt_begin_lock(mlt_call_begin(op, regs, compat));
		return 0;
	}
	if (sys == MLT_SYS_setrlimit) {
		resource = compat ? MLT_REG(regs, bx) : MLT_REG(regs, di);
		if (resource == MLT_RLIMIT_MEMLOCK && mlt_wanted())
			mlt_begin_setrlimit(mlt_call_begin(op, regs, compat), sys);
		return 0;
	}
	resource = compat ? MLT_REG(regs, cx) : MLT_REG(regs, si);
	if (resource != MLT_RLIMIT_MEMLOCK || !MLT_REG(regs, dx)) /* NULL: only asks */
		return 0;
	/* Somebody else may change the limit of a process that is wanted: see the exit. */
	if ((cfg.by_pid && (compat ? MLT_REG(regs, bx) : MLT_REG(regs, di))) || mlt_wanted())
		mlt_begin_setrlimit(mlt_call_begin(op, regs, compat), sys);
	return 0;
}

/*
 * A wrapper's only argument is the user's registers. Which ABI it is, the task
 * says: a call without arguments has one function for both.
 */
static __always_inline int mlt_wrapper(__u32 sys, const struct pt_regs *regs)
{
	return mlt_syscall_enter(sys, regs, mlt_is_compat());
}

MLT_OUTLINE int mlt_end_setrlimit(struct mlt_call *call, __s32 ret)
{
	__u64 pair[2] = {};

	if (!call)
		return 0;
	mlt_read_new_limits(call);
	if (!call->limit_known)
		call->flags |= MLOCKTRACE_F_UNREADABLE;
	if (call->flags & MLOCKTRACE_F_NO_BEFORE && !ret && call->old_ptr &&
	    !mlt_read_user(pair, sizeof(pair), (void *)call->old_ptr)) {
		call->old_limit = pair[0];
		call->old_hard_limit = pair[1];
		call->flags &= ~MLOCKTRACE_F_NO_BEFORE;
	}
	return 0;
}

/* A limit was set: what it breaks, it breaks later, and perhaps in a child. */
MLT_OUTLINE int mlt_note_origin(const struct mlt_call *call)
{
	__u32 tgid = mlt_this_tgid(), target = tgid;
	struct mlt_origin origin = {};

	if (!call)
		return 0;
	/* The id of another process is known in the reader's namespace only, if that is not the first. */
	if (call->target_pid)
		target = call->target_tgid ? call->target_tgid :
			 shared.pidns_level ? 0 : call->target_pid;
	else if (call->flags & MLOCKTRACE_F_FOREIGN_TARGET)
		target = 0;
	if (!target)
		return 0;
	origin.time_ns = call->time_ns;
	origin.limit = call->limit;
	origin.pid = mlt_current_pid();
	mlt_this_comm(origin.comm, sizeof(origin.comm));
	if (!mlt_map_add(&origins, &target, &origin))
		mlt_add(&shared.origins, 1);
	else
		mlt_map_set(&origins, &target, &origin);
	return 0;
}

MLT_OUTLINE int mlt_limit_change_wanted(const struct mlt_call *call)
{
	__u32 target;

	if (!call)
		return 0;
	if (mlt_wanted())
		return 1;
	target = call->target_pid;
	return cfg.by_pid && target && mlt_map_find(&targets, &target);
}

MLT_OUTLINE int mlt_check_map_limit(struct mlt_call *call)
{
	struct task_struct *task = mlt_task();

	if (call && (__u32)MLT_READ(task, mm, map_count) >= shared.max_map_count)
		call->flags |= MLOCKTRACE_F_MAP_LIMIT;
	return 0;
}

/* What the inner hooks did not tell is looked up now, outside mmap_lock. */
MLT_OUTLINE int mlt_end_lock(struct mlt_call *call, __s32 ret)
{
	struct task_struct *task = mlt_task();

	if (!call)
		return 0;
	if (!call->seen_lock) {
		call->after = mlt_locked_vm();
		if (call->flags & MLOCKTRACE_F_STEPS || cfg.mmap_lock)
			call->before = call->after;
		if (MLT_READ(task, mm, mm_users.counter) > 1)
			call->flags |= MLOCKTRACE_F_SAMPLED;
	}
	if (call->inside) { /* the end of the step was not seen, so `after` is from its beginning */
		call->after = mlt_locked_vm();
		if (MLT_READ(task, mm, mm_users.counter) > 1)
			call->flags |= MLOCKTRACE_F_SAMPLED;
	}
	if (mlt_capable())
		call->flags |= MLOCKTRACE_F_CAPABLE;
	if (call->op == MLOCKTRACE_OP_MLOCKALL && !call->total_vm)
		call->total_vm = MLT_READ(task, mm, total_vm);
	/* Of interest only where it decided. */
	if (ret != -MLT_ENOMEM || !mlt_op_locks_range(call->op) || !mlt_over_naively(call)) {
		call->overlap = 0;
		call->flags &= ~MLOCKTRACE_F_OVERLAP_KNOWN;
	}
	if (ret != -MLT_ENOMEM)
		call->flags &= ~MLOCKTRACE_F_HOLE;
	return 0;
}

/* Remember who armed MCL_FUTURE: what it breaks, it breaks later. */
static __always_inline void mlt_note_armed(const struct mlt_call *call, struct mlt_mm *mm, __s32 ret)
{
	if (!mm || ret ||
	    (call->op != MLOCKTRACE_OP_MLOCKALL && call->op != MLOCKTRACE_OP_MUNLOCKALL))
		return;
	mm->armed_ns = call->flags & MLOCKTRACE_F_MCL_FUTURE ? call->time_ns : 0;
	mm->armed_capable = call->flags & MLOCKTRACE_F_CAPABLE ? 1 : 0;
}

MLT_SUB int mlt_call_end(void *ctx, struct mlt_call *call, __s32 ret)
{
	struct mlt_mm *mm = 0;

	if (!call)
		return 0;
	mlt_call_done(call);
	if (call->op == MLOCKTRACE_OP_SETRLIMIT) {
		if (!mlt_limit_change_wanted(call))
			return 0;
		mlt_end_setrlimit(call, ret);
		if (!ret)
			mlt_note_origin(call);
		if (mlt_capable())
			call->flags |= MLOCKTRACE_F_CAPABLE;
	} else if (mlt_op_is_charge(call->op)) {
		mlt_end_shm(call, ret);
	} else {
		mlt_end_lock(call, ret);
		mm = mlt_mm_known(call);
		mlt_note_armed(call, mm, ret);
		if (mm && cfg.by_tracepoint && !cfg.mmap_lock) {
			mm->changes += mm->last != call->after;
			mm->last = call->after;
		}
	}
	if (cfg.failures_only && ret >= 0)
		return 0;
	return mlt_emit(ctx, call, ret, mm, 0);
}

/*
 * The end by tracepoint: what the inner steps would have told of an ENOMEM. The
 * limit is looked into under mmap_lock where its tracepoints are (mlt_lock_released).
 */
static __always_inline int mlt_call_end_blind(void *ctx, struct mlt_call *call, __s32 ret)
{
	if (call->counter) /* not a lock call */
		return mlt_call_end(ctx, call, ret);
	/* One of the two is before every ENOMEM; if neither was seen, steps were skipped. */
	if (!(call->flags & (MLOCKTRACE_F_LIMIT_PASSED | MLOCKTRACE_F_CAP_DENIED)))
		call->flags &= ~MLOCKTRACE_F_STEPS;
	if (ret == -MLT_ENOMEM && mlt_op_is_ranged(call->op) &&
	    !(call->flags & (MLOCKTRACE_F_STEPS | MLOCKTRACE_F_POPULATED))) {
		mlt_scan_range();
		mlt_check_map_limit(call);
		/* Without those tracepoints: within the limit, and now locked from end to end,
		 * so it was fault-in that failed. */
		if (!cfg.mmap_lock && call->flags & MLOCKTRACE_F_OVERLAP_KNOWN && call->overlap &&
		    call->overlap == mlt_asked(call) &&
		    (mlt_capable() || mlt_bytes(call->before) <= call->limit))
			call->flags |= MLOCKTRACE_F_POPULATED;
	}
	return mlt_call_end(ctx, call, ret);
}

/*
 * A call that was answered before the kernel's own code: sys_exit without
 * sys_enter. A call under way since before we attached looks the same, so only
 * a task with a filter or a tracer, and a failure, count.
 */
MLT_SUB int mlt_syscall_refused(void *ctx, __u32 sys, struct pt_regs *regs, __s32 ret,
					  int compat)
{
	struct task_struct *task = mlt_task();
	struct mlt_call *call;

	if (ret >= 0 || !shared.enabled || sys == MLT_SYS_setrlimit || sys == MLT_SYS_prlimit64 ||
	    sys == MLT_SYS_shmctl || sys == MLT_SYS_ipc)
		return 0;
	/* Killed where its tracer stopped it, before the call began: nobody was refused. */
	if (ret == -MLT_ENOSYS && MLT_READ(task, signal, flags) & MLT_SIGNAL_GROUP_EXIT)
		return 0;
	if (!MLT_READ(task, ptrace) &&
	    !(mlt_task_has_seccomp() && MLT_READ(task, seccomp.mode)))
		return 0;
	if (!mlt_op_wanted(mlt_op_of(sys)) || !mlt_wanted())
		return 0;
	call = mlt_call_begin(mlt_op_of(sys), regs, compat);
	mlt_begin_lock(call);
	if (call) {
		call->flags |= MLOCKTRACE_F_SECCOMP;
		call->scanned = 1;
	}
	return mlt_call_end(ctx, call, ret);
}

#endif
