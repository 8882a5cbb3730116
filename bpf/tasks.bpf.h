/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Processes and address spaces: fork, exec, exit, and what is forgotten when.
 */
#ifndef MLT_TASKS_BPF_H
#define MLT_TASKS_BPF_H

#include "calls.bpf.h"

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

	known = bpf_map_lookup_elem(&mms, &mm);
	if (known) {
		who = *known;
		bpf_map_delete_elem(&mms, &mm);
	}
	if (!shared.enabled)
		return 0;
	call.before = BPF_CORE_READ((struct mm_struct *)mm, locked_vm);
	if (known) {
		own = who.tgid == tgid;
		if (!who.wanted && !(own && mlt_wanted()))
			return 0;
	} else {
		own = !current_mm && !(BPF_CORE_READ(task, flags) & MLT_PF_KTHREAD);
		if (!own || !mlt_wanted())
			return 0;
	}
	if (!known || who.wanted == MLT_INFERRED)
		call.flags |= MLOCKTRACE_F_INFERRED;
	call.op = own && current_mm ? MLOCKTRACE_OP_EXEC : MLOCKTRACE_OP_EXIT;
	if (!call.before || cfg.failures_only || !mlt_op_wanted(call.op))
		return 0;
	call.time_ns = bpf_ktime_get_ns();
	call.mm = mm;
	if (own) {
		mlt_read_limit(&call);
		call.flags |= mlt_capable() ? MLOCKTRACE_F_CAPABLE : 0;
	} else {
		call.flags |= MLOCKTRACE_F_LATE;
		call.limit = who.limit;
		call.hard_limit = who.hard_limit;
	}
	return mlt_emit(ctx, &call, 0, known ? &who : 0, own ? 0 : &who);
}

static __always_inline int mlt_exit_mmap_enter(void *ctx, const __u64 *arg)
{
	return cfg.by_tracepoint ? 0 : mlt_mm_end(ctx, arg[0]);
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
	if (cfg.by_pid && cfg.follow && pid && bpf_map_lookup_elem(&targets, &parent_pid) &&
	    bpf_map_update_elem(&targets, &pid, &one, BPF_ANY))
		mlt_fetch_inc(&mlt_cpu()->untracked);
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
	call.flags |= mlt_capable() ? MLOCKTRACE_F_CAPABLE : 0;
	return mlt_emit(ctx, &call, 0, mlt_mm_known(&call), 0);
}

MLT_SUB int mlt_forget_thread(__u32 tid)
{
	struct mlt_call *call = bpf_map_lookup_elem(&calls, &tid);

	if (call) {
		if (call->active)
			mlt_call_lost(call);
		bpf_map_delete_elem(&calls, &tid);
	}
	return 0;
}

/* Forget what ends: the thread's call, and the process as a target before its pid is reused. */
MLT_SUB int mlt_task_exit(struct task_struct *task)
{
	__u64 mm = (__u64)BPF_CORE_READ(task, mm);
	__u32 pid;

	mlt_forget_thread(BPF_CORE_READ(task, pid));
	if (!cfg.by_pid || BPF_CORE_READ(task, signal, live.counter))
		return 0;
	/* On newer kernels the address space is still there; its end would be nobody's. */
	if (mm && BPF_CORE_READ((struct mm_struct *)mm, locked_vm) &&
	    !bpf_map_lookup_elem(&mms, &mm) && mlt_wanted())
		mlt_mm_name(mm, task, MLT_INFERRED);
	pid = mlt_pid(task);
	bpf_map_delete_elem(&targets, &pid);
	return 0;
}

#endif
