/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Processes and address spaces: fork, exec, exit, and what is forgotten when.
 */
#ifndef MLT_TASKS_BODY_H
#define MLT_TASKS_BODY_H

#include "charges.h"

/* Its lock will be released once more, and only then may its address be reused. */
static __always_inline void mlt_mm_dies(__u64 mm, struct mlt_mm *known, __s64 locked)
{
	if (!cfg.mmap_lock || !cfg.implicit) {
		mlt_mm_forget(mm);
		return;
	}
	if (!known && locked) {
		mlt_mm_name(mm, mlt_task(), 0);
		known = mlt_map_find(&mms, &mm);
	}
	if (known)
		known->dead = 1;
}

MLT_SUB int mlt_forget_entry(__u32 tid)
{
	struct mlt_call *call = mlt_map_find(&calls, &tid);

	if (call) {
		if (call->active)
			mlt_call_lost(call);
		mlt_map_del(&calls, &tid);
	}
	return 0;
}

/* Its record. @own: the current task is of the process it belonged to. */
MLT_SUB int mlt_mm_ended(void *ctx, __u64 mm, struct mlt_mm *known, int own, __s64 locked)
{
	__u64 current_mm = mlt_current_mm();
	__u8 op = own && current_mm ? MLOCKTRACE_OP_EXEC : MLOCKTRACE_OP_EXIT;
	struct mlt_call *call;

	if (!locked || cfg.failures_only || !mlt_op_wanted(op))
		return 0;
	call = mlt_call_new(op, 1);
	if (!call)
		return 0;
	call->mm = mm;
	call->before = locked;
	if (own || !known) {
		mlt_read_limit(call);
		call->flags |= mlt_capable() ? MLOCKTRACE_F_CAPABLE : 0;
	} else {
		call->flags |= MLOCKTRACE_F_LATE;
		call->limit = known->limit;
		call->hard_limit = known->hard_limit;
	}
	if (!known || known->wanted == MLT_INFERRED)
		call->flags |= MLOCKTRACE_F_INFERRED;
	mlt_call_done(call);
	return mlt_emit(ctx, call, 0, known, own ? 0 : known);
}

/* Close its account. Without a look at implicit changes the books may lag behind the counter. */
static __always_inline void mlt_close_account(const struct mlt_mm *known, __s64 locked)
{
	struct mlt_cpu *cpu = mlt_cpu();

	if (!known && !locked)
		return;
	mlt_fetch_inc(&cpu->ended);
	if (known)
		mlt_add(&cpu->ended_unattributed, known->residues);
	if (cfg.implicit && (known ? known->last != MLT_UNKNOWN && known->last != locked : locked != 0))
		mlt_fetch_inc(&cpu->ended_adrift);
}

/*
 * The last user of an address space let go of it. Its counter is not lowered,
 * it ends with it. By then an exiting task has no mm, and one in exec has the
 * new one already; anybody else only happened to hold the last reference.
 */
MLT_SUB int mlt_mm_end(void *ctx, __u64 mm)
{
	struct task_struct *task = mlt_current();
	__u32 tgid = mlt_this_tgid();
	__s64 locked = MLT_READ((struct mm_struct *)mm, locked_vm);
	struct mlt_mm *known = mlt_map_find(&mms, &mm);
	int own, wanted;

	own = known ? known->tgid == tgid :
		      !mlt_current_mm() && !(MLT_GET(task, flags) & MLT_PF_KTHREAD);
	wanted = known && known->wanted ? 1 : own && mlt_wanted();
	if (shared.enabled && wanted) {
		if (known && known->last != MLT_UNKNOWN && known->last != locked && cfg.implicit)
			mlt_unattributed(ctx, known, mm, known->last, locked);
		mlt_close_account(known, locked);
		mlt_mm_ended(ctx, mm, known, own, locked);
		mlt_forget_entry(mlt_this_tid() | MLT_NESTED);
	}
	mlt_mm_dies(mm, known, locked);
	if (cfg.charges && shared.pools)
		mlt_pool_mm_end(ctx, mm);
	return 0;
}

static __always_inline int mlt_exit_mmap_enter(void *ctx, const __u64 *arg)
{
	return cfg.by_tracepoint ? 0 : mlt_mm_end(ctx, arg[0]);
}

/* What the child does not inherit, if there is anything. */
MLT_SUB int mlt_fork_record(void *ctx, struct task_struct *parent, __u32 pid)
{
	struct mm_struct *mm = MLT_READ(parent, mm);
	__s64 locked = MLT_READ(mm, locked_vm);
	int armed = mlt_armed((__u64)mm);
	struct mlt_call *call;

	if (!locked && !armed)
		return 0;
	call = mlt_call_new(MLOCKTRACE_OP_FORK, 1);
	if (!call)
		return 0;
	call->mm = (__u64)mm;
	call->before = call->after = locked;
	call->target_pid = pid;
	mlt_read_limit(call);
	call->flags |= armed ? MLOCKTRACE_F_MCL_FUTURE : 0;
	call->flags |= mlt_capable() ? MLOCKTRACE_F_CAPABLE : 0;
	mlt_call_done(call);
	return mlt_emit(ctx, call, 0, mlt_mm_known(call), 0);
}

/* A child has its parent's limits. */
static __always_inline void mlt_inherit_origin(__u32 parent, __u32 child)
{
	struct mlt_origin *from, origin;

	from = shared.origins ? mlt_map_find(&origins, &parent) : 0;
	if (!from)
		return;
	origin = *from;
	if (origin.forks != 0xffff)
		origin.forks++;
	if (!mlt_map_add(&origins, &child, &origin))
		mlt_add(&shared.origins, 1);
}

/* An exec keeps them. */
static __always_inline void mlt_exec_origin(void)
{
	__u32 tgid = mlt_this_tgid();
	struct mlt_origin *origin;

	origin = shared.origins ? mlt_map_find(&origins, &tgid) : 0;
	if (origin && origin->execs != 0xffff)
		origin->execs++;
}

/* Follow the child. */
MLT_SUB int mlt_fork(void *ctx, struct task_struct *parent, struct task_struct *child)
{
	__u64 mm = (__u64)MLT_READ(parent, mm);
	__u32 pid, parent_pid;
	__u8 one = 1;

	if (MLT_READ(child, tgid) == MLT_READ(parent, tgid) || !shared.enabled)
		return 0;
	mlt_inherit_origin(MLT_READ(parent, tgid), MLT_READ(child, tgid));
	pid = mlt_pid(child);
	parent_pid = mlt_pid(parent);
	/* Whatever else is asked of a process: its child may have another name, user or cgroup. */
	if (cfg.by_pid && cfg.follow && pid && mlt_map_find(&targets, &parent_pid) &&
	    mlt_map_set(&targets, &pid, &one))
		mlt_fetch_inc(&mlt_cpu()->untracked);
	if (!mlt_wanted() || cfg.failures_only || !mlt_op_wanted(MLOCKTRACE_OP_FORK) || !mm ||
	    (__u64)MLT_READ(child, mm) == mm)
		return 0;
	return mlt_fork_record(ctx, parent, pid);
}

MLT_SUB int mlt_forget_thread(__u32 tid)
{
	mlt_forget_entry(tid | MLT_NESTED);
	return mlt_forget_entry(tid);
}

/* Forget what ends: the thread's call, and the process as a target before its pid is reused. */
MLT_SUB int mlt_task_exit(struct task_struct *task)
{
	__u64 mm = (__u64)MLT_READ(task, mm);
	__u32 pid;

	mlt_forget_thread(MLT_READ(task, pid));
	if (MLT_READ(task, signal, live.counter))
		return 0;
	pid = MLT_READ(task, tgid);
	if (shared.origins && !mlt_map_del(&origins, &pid))
		mlt_add(&shared.origins, -1);
	if (!cfg.by_pid)
		return 0;
	/* On newer kernels the address space is still there; its end would be nobody's. */
	if (mm && MLT_READ((struct mm_struct *)mm, locked_vm) &&
	    !mlt_map_find(&mms, &mm) && mlt_wanted())
		mlt_mm_name(mm, task, MLT_INFERRED);
	pid = mlt_pid(task);
	mlt_map_del(&targets, &pid);
	return 0;
}

/* ---- where functions stand alone, for the tracepoints of the scheduler ----------- */

static __always_inline int mlt_wake_up_new_task_enter(void *ctx, const __u64 *arg)
{
	return mlt_fork(ctx, mlt_task(),
			(struct task_struct *)arg[0]);
}

/* A thread that calls exec becomes the leader and takes its id; a leader has nothing under way. */
static __always_inline int mlt_begin_new_exec_enter(void *ctx, const __u64 *arg)
{
	return mlt_forget_thread(mlt_this_tid());
}

static __always_inline int mlt_setup_new_exec_enter(void *ctx, const __u64 *arg)
{
	mlt_exec_origin();
	return 0;
}

/* Also called for a child that a failing fork takes back. */
static __always_inline int mlt_exit_files_enter(void *ctx, const __u64 *arg)
{
	return arg[0] == (__u64)mlt_task() ? mlt_task_exit((struct task_struct *)arg[0]) : 0;
}

#endif
