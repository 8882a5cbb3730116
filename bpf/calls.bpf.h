/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What each hook means, written once for all tiers. A hook of tag T is a pair
 * mlt_T_enter(arguments) and mlt_T_exit(result); the stubs in mlocktrace.bpf.c
 * know how we were called and nothing else.
 *
 * The order of tests inside the kernel's calls, on which the flags rest, is in
 * mm/mlock.c (do_mlock, apply_vma_lock_flags, mlock_fixup) and mm/gup.c.
 */
#ifndef MLT_CALLS_BPF_H
#define MLT_CALLS_BPF_H

#include "record.bpf.h"
#include "vmas.bpf.h"

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
	default:
		return MLOCKTRACE_OP_SETRLIMIT;
	}
}

static __always_inline int mlt_op_wanted(__u8 op)
{
	return cfg.ops >> op & 1;
}

static __always_inline __u64 mlt_locked_vm(void)
{
	struct mm_struct *mm = READ(mlt_current(), mm);

	return mm ? READ(mm, locked_vm) : 0;
}

static __always_inline void mlt_read_limit(struct mlt_call *call)
{
	struct task_struct *task = mlt_current();
	struct signal_struct *signal = READ(task, signal);

	call->limit = READ(signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_cur);
	call->hard_limit = READ(signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_max);
}

/* The counter under mmap_lock: the first reading is `before`, the last is `after`. */
static __always_inline void mlt_read_counter(struct mlt_call *call)
{
	call->after = mlt_locked_vm();
	if (!call->seen_lock)
		call->before = call->after;
	call->seen_lock = 1;
}

static __always_inline __u64 mlt_asked_pages(const struct mlt_call *call)
{
	return PAGE_UP(call->len + (call->addr & (PAGE_BYTES - 1))) >> cfg.page_shift;
}

/* Would the kernel's first, naive sum exceed the limit? Then overlap decides. */
static __always_inline int mlt_over_naively(const struct mlt_call *call)
{
	return call->limit != MLOCKTRACE_UNLIMITED &&
	       call->before + mlt_asked_pages(call) > call->limit >> cfg.page_shift;
}

static __always_inline int mlt_op_locks_range(__u8 op)
{
	return op == MLOCKTRACE_OP_MLOCK || op == MLOCKTRACE_OP_MLOCK2;
}

/* ---- system calls ---------------------------------------------------------- */

MLT_SUB int mlt_begin_lock(struct mlt_call *call)
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

MLT_SUB int mlt_begin_setrlimit(struct mlt_call *call, __u32 sys)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct signal_struct *signal = BPF_CORE_READ(task, signal);

	if (!call)
		return 0;
	if (sys == MLT_SYS_setrlimit) {
		call->new_ptr = call->args[1];
		call->small_rlimit = call->flags & MLOCKTRACE_F_COMPAT ? 1 : 0;
	} else {
		call->target_pid = call->args[0];
		call->new_ptr = call->args[2];
		call->old_ptr = call->args[3];
	}
	if (call->target_pid == mlt_current_pid())
		call->target_pid = 0;
	if (call->target_pid) {
		call->flags |= MLOCKTRACE_F_NO_BEFORE;
		return 0;
	}
	call->old_limit = BPF_CORE_READ(signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_cur);
	call->old_hard_limit = BPF_CORE_READ(signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_max);
	call->before = call->after = mlt_locked_vm();
	return 0;
}

/* A zeroed, active call for this thread, or NULL when there is no room for one. */
MLT_SUB struct mlt_call *mlt_call_begin(__u8 op, const struct pt_regs *regs, int compat)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct mlt_call *call = bpf_map_lookup_elem(&calls, &tid);

	if (!call) {
		struct mlt_call fresh = {};

		bpf_map_update_elem(&calls, &tid, &fresh, BPF_NOEXIST);
		call = bpf_map_lookup_elem(&calls, &tid);
		if (!call) {
			mlt_fetch_inc(&mlt_cpu()->untracked);
			return 0;
		}
	} else {
		if (call->active) /* its exit was missed */
			__sync_fetch_and_add(&shared.active, -1);
		__builtin_memset(call, 0, sizeof(*call));
	}
	call->op = op;
	call->mm = (__u64)READ(mlt_current(), mm);
	call->time_ns = bpf_ktime_get_ns();
	if (compat) {
		call->flags |= MLOCKTRACE_F_COMPAT;
		call->args[0] = (__u32)READ_REGS(regs, bx);
		call->args[1] = (__u32)READ_REGS(regs, cx);
		call->args[2] = (__u32)READ_REGS(regs, dx);
		call->args[3] = (__u32)READ_REGS(regs, si);
	} else {
		call->args[0] = READ_REGS(regs, di);
		call->args[1] = READ_REGS(regs, si);
		call->args[2] = READ_REGS(regs, dx);
		call->args[3] = READ_REGS(regs, r10);
	}
	if (cfg.tier != MLOCKTRACE_TIER_TRACEPOINT)
		call->flags |= MLOCKTRACE_F_STEPS;
	call->active = 1;
	__sync_fetch_and_add(&shared.active, 1);
	return call;
}

/*
 * Is this a call to follow? Changes of a limit are followed whoever makes them,
 * because they may be for a process that is wanted: decided at the exit.
 */
MLT_SUB int mlt_syscall_enter(__u32 sys, const struct pt_regs *regs, int compat)
{
	__u8 op = mlt_op_of(sys);
	__u32 resource;

	if (!shared.enabled || !mlt_op_wanted(op))
		return 0;
	if (op != MLOCKTRACE_OP_SETRLIMIT) {
		if (mlt_wanted())
			mlt_begin_lock(mlt_call_begin(op, regs, compat));
		return 0;
	}
	if (sys == MLT_SYS_setrlimit)
		resource = compat ? READ_REGS(regs, bx) : READ_REGS(regs, di);
	else
		resource = compat ? READ_REGS(regs, cx) : READ_REGS(regs, si);
	if (resource == MLT_RLIMIT_MEMLOCK)
		mlt_begin_setrlimit(mlt_call_begin(op, regs, compat), sys);
	return 0;
}

MLT_SUB int mlt_end_setrlimit(struct mlt_call *call, __s32 ret)
{
	__u64 pair[2] = {};
	__u32 small[2] = {};

	if (!call)
		return 0;
	if (!call->limit_known && call->small_rlimit) {
		bpf_probe_read_user(small, sizeof(small), (void *)call->new_ptr);
		/* COMPAT_RLIM_INFINITY, arch/x86/include/asm/compat.h */
		call->limit = small[0] == ~0U ? MLOCKTRACE_UNLIMITED : small[0];
		call->hard_limit = small[1] == ~0U ? MLOCKTRACE_UNLIMITED : small[1];
	} else if (!call->limit_known) {
		bpf_probe_read_user(pair, sizeof(pair), (void *)call->new_ptr);
		call->limit = pair[0];
		call->hard_limit = pair[1];
	}
	if (call->flags & MLOCKTRACE_F_NO_BEFORE && !ret && call->old_ptr &&
	    !bpf_probe_read_user(pair, sizeof(pair), (void *)call->old_ptr)) {
		call->old_limit = pair[0];
		call->old_hard_limit = pair[1];
		call->flags &= ~MLOCKTRACE_F_NO_BEFORE;
	}
	return 0;
}

MLT_SUB int mlt_limit_change_wanted(const struct mlt_call *call)
{
	__u32 target;

	if (!call)
		return 0;
	if (mlt_wanted())
		return 1;
	target = call->target_pid;
	return cfg.by_pid && target && bpf_map_lookup_elem(&targets, &target);
}

MLT_SUB int mlt_check_map_limit(struct mlt_call *call)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	if (call && (__u32)BPF_CORE_READ(task, mm, map_count) >= shared.max_map_count)
		call->flags |= MLOCKTRACE_F_MAP_LIMIT;
	return 0;
}

/* What the inner hooks did not tell is looked up now, outside mmap_lock. */
MLT_SUB int mlt_end_lock(struct mlt_call *call, __s32 ret)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	if (!call)
		return 0;
	if (!call->seen_lock) {
		call->after = mlt_locked_vm();
		if (call->flags & MLOCKTRACE_F_STEPS || cfg.mmap_lock)
			call->before = call->after;
		if (BPF_CORE_READ(task, mm, mm_users.counter) > 1)
			call->flags |= MLOCKTRACE_F_SAMPLED;
	}
	if (mlt_capable())
		call->flags |= MLOCKTRACE_F_CAPABLE;
	if (call->op == MLOCKTRACE_OP_MLOCKALL && !call->total_vm)
		call->total_vm = BPF_CORE_READ(task, mm, total_vm);
	/* Of interest only where it decided. */
	if (ret != -MLT_ENOMEM || !mlt_op_locks_range(call->op) || !mlt_over_naively(call)) {
		call->overlap = 0;
		call->flags &= ~MLOCKTRACE_F_OVERLAP_KNOWN;
	}
	if (ret != -MLT_ENOMEM)
		call->flags &= ~MLOCKTRACE_F_HOLE;
	return 0;
}

MLT_SUB int mlt_call_end(void *ctx, struct mlt_call *call, __s32 ret)
{
	struct mlt_mm *mm = 0;

	if (!call)
		return 0;
	call->active = 0;
	__sync_fetch_and_add(&shared.active, -1);
	if (call->op == MLOCKTRACE_OP_SETRLIMIT) {
		if (!call->new_ptr || !mlt_limit_change_wanted(call)) /* NULL: only asks */
			return 0;
		mlt_end_setrlimit(call, ret);
		if (mlt_capable())
			call->flags |= MLOCKTRACE_F_CAPABLE;
	} else {
		mlt_end_lock(call, ret);
		mm = mlt_mm_known(call);
	}
	if (cfg.failures_only && ret >= 0)
		return 0;
	return mlt_emit(ctx, call, ret, mm, 0);
}

static __always_inline int mlt_syscall_exit(void *ctx, __s32 ret)
{
	return mlt_call_end(ctx, mlt_call_active(), ret);
}

/*
 * Tracepoint tier: what the inner steps would have told of an ENOMEM. The limit
 * is looked into under mmap_lock where its tracepoints are (mlt_lock_released).
 */
static __always_inline int mlt_call_end_blind(void *ctx, struct mlt_call *call, __s32 ret)
{
	if (ret == -MLT_ENOMEM && mlt_op_is_ranged(call->op) &&
	    !(call->flags & MLOCKTRACE_F_POPULATED)) {
		mlt_scan_range();
		mlt_check_map_limit(call);
		/* Without those tracepoints: within the limit, and now locked from end to end,
		 * so it was fault-in that failed. */
		if (!cfg.mmap_lock && call->flags & MLOCKTRACE_F_OVERLAP_KNOWN && call->overlap &&
		    call->overlap == mlt_bytes(mlt_asked_pages(call)) &&
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
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct mlt_call *call;

	if (ret >= 0 || !shared.enabled || sys == MLT_SYS_setrlimit || sys == MLT_SYS_prlimit64)
		return 0;
	if (!BPF_CORE_READ(task, ptrace) &&
	    !(mlt_task_has_seccomp() && BPF_CORE_READ(task, seccomp.mode)))
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

/* ---- inner steps, function tiers ------------------------------------------- */

static __always_inline int mlt_apply_vma_lock_flags_enter(void *ctx, const __u64 *arg)
{
	struct mlt_call *call = mlt_call_active();

	if (!call)
		return 0;
	call->flags |= MLOCKTRACE_F_LIMIT_PASSED;
	mlt_read_counter(call);
	return 0;
}

static __always_inline int mlt_apply_vma_lock_flags_exit(__s32 ret)
{
	struct mlt_call *call = mlt_call_active();

	if (!call)
		return 0;
	mlt_read_counter(call);
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
		mlt_read_counter(call);
	return 0;
}

static __always_inline int mlt_mlock_fixup_exit(__s32 ret)
{
	struct mlt_call *call = mlt_call_active();

	if (!call)
		return 0;
	mlt_read_counter(call);
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
		call->flags |= MLOCKTRACE_F_POPULATED;
	return 0;
}

static __always_inline int mlt___mm_populate_exit(__s32 ret)
{
	struct mlt_call *call = mlt_call_active();

	if (call && ret < 0) {
		call->inner_ret = ret;
		call->flags |= MLOCKTRACE_F_POPULATE_FAILED;
	}
	return 0;
}

static __always_inline int mlt_populate_vma_page_range_exit(__s32 ret)
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

	if (call)
		call->cap_pending = (__u32)arg[0] == MLT_CAP_IPC_LOCK;
	return 0;
}

/*
 * The kernel asks for the capability only where the limit stands in the way,
 * and with a limit above 0 only under mmap_lock: what it compared is here.
 */
static __always_inline int mlt_capable_exit(__s32 ret)
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
		struct task_struct *task = (struct task_struct *)bpf_get_current_task();

		call->total_vm = BPF_CORE_READ(task, mm, total_vm);
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
	bpf_probe_read_kernel(pair, sizeof(pair), (void *)arg[2]);
	call->limit = pair[0];
	call->hard_limit = pair[1];
	call->limit_known = 1;
	signal = BPF_CORE_READ(target, signal);
	call->old_limit = BPF_CORE_READ(signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_cur);
	call->old_hard_limit = BPF_CORE_READ(signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_max);
	call->flags &= ~MLOCKTRACE_F_NO_BEFORE;
	return 0;
}

/* ---- inner steps, tracepoint tier ------------------------------------------ */

static __always_inline int mlt_lock_acquired(__u64 mm, int write)
{
	struct mlt_call *call = mlt_call_active();

	if (!call || call->mm != mm)
		return 0;
	if (write) {
		if (!call->seen_lock)
			mlt_read_counter(call);
	} else if (call->unlocked && mlt_op_locks_range(call->op)) {
		/* The only thing these calls do under the read lock. */
		call->flags |= MLOCKTRACE_F_POPULATED;
	}
	return 0;
}

static __always_inline int mlt_lock_released(__u64 mm, int write)
{
	struct mlt_call *call = mlt_call_active();

	if (!call || call->mm != mm || !write || !call->seen_lock || call->unlocked)
		return 0;
	mlt_read_counter(call);
	call->unlocked = 1;
	if (mlt_op_locks_range(call->op) && call->after == call->before &&
	    mlt_over_naively(call) && !mlt_capable())
		mlt_scan_range();
	if (call->op == MLOCKTRACE_OP_MLOCKALL) {
		struct task_struct *task = (struct task_struct *)bpf_get_current_task();

		call->total_vm = BPF_CORE_READ(task, mm, total_vm);
	}
	return 0;
}

/* ---- processes and address spaces ------------------------------------------ */

/*
 * The last user of an address space let go of it. Its counter is not lowered,
 * it ends with it. By then an exiting task has no mm, and one in exec has the
 * new one already; anybody else only happened to hold the last reference.
 */
MLT_SUB int mlt_mm_end(void *ctx, __u64 mm)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	__u64 current_mm = (__u64)BPF_CORE_READ(task, mm);
	struct mlt_call call = {};
	struct mlt_mm *known, who = {};
	int own;

	if (!shared.enabled)
		return 0;
	known = bpf_map_lookup_elem(&mms, &mm);
	call.before = BPF_CORE_READ((struct mm_struct *)mm, locked_vm);
	if (known) {
		who = *known;
		bpf_map_delete_elem(&mms, &mm);
		own = who.tgid == tgid;
		if (!who.wanted && !(own && mlt_wanted()))
			return 0;
	} else {
		own = !current_mm;
		call.flags |= MLOCKTRACE_F_INFERRED;
		if (!own || !mlt_wanted())
			return 0;
	}
	call.op = own && current_mm ? MLOCKTRACE_OP_EXEC : MLOCKTRACE_OP_EXIT;
	if (!call.before || cfg.failures_only || !mlt_op_wanted(call.op))
		return 0;
	if (!own)
		call.flags |= MLOCKTRACE_F_LATE;
	call.time_ns = bpf_ktime_get_ns();
	call.mm = mm;
	mlt_read_limit(&call);
	return mlt_emit(ctx, &call, 0, known ? &who : 0, own ? 0 : &who);
}

static __always_inline int mlt_exit_mmap_enter(void *ctx, const __u64 *arg)
{
	return mlt_mm_end(ctx, arg[0]);
}

/* Follow the child; and say what it does not inherit, if there is anything. */
MLT_SUB int mlt_fork(void *ctx, struct task_struct *parent, struct task_struct *child)
{
	__u64 mm = (__u64)BPF_CORE_READ(parent, mm);
	struct mlt_call call = {};
	__u32 pid, parent_pid;
	__u8 one = 1;

	if (BPF_CORE_READ(child, tgid) == BPF_CORE_READ(parent, tgid) || !shared.enabled)
		return 0;
	pid = mlt_pid(child);
	parent_pid = mlt_pid(parent);
	/* Whatever else is asked of a process: its child may have another name, user or cgroup. */
	if (cfg.by_pid && cfg.follow && pid && bpf_map_lookup_elem(&targets, &parent_pid))
		bpf_map_update_elem(&targets, &pid, &one, BPF_ANY);
	if (!mlt_wanted() || cfg.failures_only || !mlt_op_wanted(MLOCKTRACE_OP_FORK) || !mm ||
	    (__u64)BPF_CORE_READ(child, mm) == mm)
		return 0;
	call.before = call.after = BPF_CORE_READ((struct mm_struct *)mm, locked_vm);
	if (BPF_CORE_READ((struct mm_struct *)mm, def_flags) & MLT_VM_LOCKED)
		call.flags |= MLOCKTRACE_F_MCL_FUTURE;
	if (!call.before && !call.flags)
		return 0;
	call.op = MLOCKTRACE_OP_FORK;
	call.target_pid = pid;
	call.time_ns = bpf_ktime_get_ns();
	call.mm = mm;
	mlt_read_limit(&call);
	return mlt_emit(ctx, &call, 0, mlt_mm_known(&call), 0);
}

/* Forget what ends: the thread's call, and the process as a target before its pid is reused. */
MLT_SUB int mlt_task_exit(struct task_struct *task)
{
	__u32 pid, tid = BPF_CORE_READ(task, pid);
	struct mlt_call *call = bpf_map_lookup_elem(&calls, &tid);

	if (call) {
		if (call->active)
			__sync_fetch_and_add(&shared.active, -1);
		bpf_map_delete_elem(&calls, &tid);
	}
	if (cfg.by_pid && !BPF_CORE_READ(task, signal, live.counter)) {
		pid = mlt_pid(task);
		bpf_map_delete_elem(&targets, &pid);
	}
	return 0;
}

#endif
