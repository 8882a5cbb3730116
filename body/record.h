/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * From a finished call to a record in the ring buffer, with the books of the
 * stream: every record made gets the next number of its CPU, and one that
 * finds no room is counted.
 */
#ifndef MLT_RECORD_BODY_H
#define MLT_RECORD_BODY_H

#include "state.h"

#define MLT_TAIL_BYTES ((MLOCKTRACE_STACK_USER + MLOCKTRACE_STACK_KERNEL) * 8)

struct mlt_stacked_event {
	struct mlocktrace_event event;
	__u64 stack[MLOCKTRACE_STACK_USER + MLOCKTRACE_STACK_KERNEL];
};

static __always_inline __u64 mlt_bytes(__u64 pages)
{
	return pages << cfg.page_shift;
}

/* The range in whole pages, as the kernel rounds it. */
static __always_inline __u64 mlt_asked(const struct mlt_call *call)
{
	return PAGE_UP(call->len + (call->addr & (PAGE_BYTES - 1)));
}

static __always_inline __u64 mlt_op_is_ranged(__u8 op)
{
	return op == MLOCKTRACE_OP_MLOCK || op == MLOCKTRACE_OP_MLOCK2 ||
	       op == MLOCKTRACE_OP_MUNLOCK;
}

/* What is asked of the caller, now. */
static __always_inline void mlt_read_limit(struct mlt_call *call)
{
	call->limit = mlt_soft_limit();
	call->hard_limit = mlt_hard_limit();
}

/*
 * Book a counter: *@last becomes @now, what @read gives. What it was before, less
 * what others have booked in the meantime: unless we are @alone, which mmap_lock
 * makes sure of, what another task has changed and booked must not be put back.
 */
#define MLT_BOOK(last, now, read, alone)                                                           \
	({                                                                                         \
		__s64 before_ = *(last), moved_ = 0, old_;                                         \
                                                                                                   \
		for (int i_ = 0; i_ < 4; i_++) {                                                   \
			now = (read);                                                              \
			old_ = mlt_swap(last, before_, now);                                       \
			if (old_ == before_) {                                                     \
				if ((alone) || before_ == MLT_UNKNOWN) {                           \
					moved_ = now - before_;                                    \
					break;                                                     \
				}                                                                  \
				moved_ += now - before_;                                           \
				if (now == (__s64)(read))                                          \
					break;                                                     \
				old_ = now;                                                        \
			}                                                                          \
			before_ = old_;                                                            \
		}                                                                                  \
		now - moved_;                                                                      \
	})

/* Whose it is: a vfork child or a CLONE_VM task locks on behalf of the owner. */
static __always_inline struct task_struct *mlt_mm_owner(__u64 mm, struct task_struct *task)
{
	struct task_struct *owner = 0;

	if (mlt_mm_has_owner())
		owner = MLT_READ((struct mm_struct *)mm, owner);
	return owner ? owner : task;
}

/* Of an address space or another account; never 0. */
static __always_inline __u64 mlt_new_id(void)
{
	return mlt_fetch_inc(&mlt_cpu()->mm_ids) * MLT_MAX_CPUS + mlt_cpu_id() + 1;
}

/* Give an address space its id and owner. */
MLT_SUB int mlt_mm_name(__u64 mm, struct task_struct *task, int wanted)
{
	struct task_struct *owner = mlt_mm_owner(mm, task);
	struct mlt_mm fresh = {};
	__u64 key = mm;

	fresh.id = mlt_new_id();
	fresh.tgid = MLT_READ(owner, tgid);
	fresh.pid = mlt_pid(owner);
	fresh.tid = fresh.pid;
	fresh.start_ns = MLT_READ(owner, group_leader, start_boottime);
	fresh.uid = MLT_READ(owner, real_cred, uid.val);
	fresh.cgroup_id = MLT_READ(owner, cgroups, dfl_cgrp, kn, id);
	fresh.limit = MLT_READ(owner, signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_cur);
	fresh.hard_limit = MLT_READ(owner, signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_max);
	fresh.wanted = wanted;
	fresh.last = MLT_UNKNOWN;
	fresh.base = MLT_UNKNOWN;
	fresh.stack_vm = MLT_READ((struct mm_struct *)mm, stack_vm);
	fresh.brk = MLT_READ((struct mm_struct *)mm, brk);
	mlt_read_field(fresh.comm, sizeof(fresh.comm), &owner->comm);
	if (mlt_map_add(&mms, &key, &fresh))
		return -1;
	mlt_add(mlt_mm_filter(MLT_READ((struct mm_struct *)mm, mmap_base)), 1);
	return 0;
}

MLT_SUB int mlt_mm_forget(__u64 mm)
{
	__u64 key = mm;

	if (!mlt_map_del(&mms, &key))
		mlt_add(mlt_mm_filter(MLT_READ((struct mm_struct *)mm, mmap_base)), -1);
	return 0;
}

/* Its last user is gone: it ends, or is what others, as khugepaged, still keep of it. */
static __always_inline int mlt_mm_is_left(__u64 mm)
{
	return !MLT_READ((struct mm_struct *)mm, mm_users.counter);
}

/*
 * To name one that may end meanwhile. Its end forgets the name if that is there already; if
 * the end came first, nobody would, and the next address space in its place would inherit it.
 */
static __always_inline struct mlt_mm *mlt_mm_meet(__u64 mm, struct task_struct *task, int wanted)
{
	__u64 key = mm;

	mlt_mm_name(mm, task, wanted);
	if (mlt_mm_is_left(mm)) {
		mlt_mm_forget(mm);
		return 0;
	}
	return mlt_map_find(&mms, &key);
}

/* Its id and owner; it is named when it first holds something. */
MLT_SUB struct mlt_mm *mlt_mm_known(struct mlt_call *call)
{
	struct mlt_mm *known;
	__u64 key;

	if (!call || !cfg.mm_ends) /* a name that outlives its mm would pass to the next one */
		return 0;
	key = call->mm;
	known = mlt_map_find(&mms, &key);
	if (known)
		known->wanted |= MLT_WANTED;
	if (known || (!call->after && !call->before && call->op != MLOCKTRACE_OP_MLOCKALL))
		return known;
	mlt_mm_name(key, mlt_task(), MLT_WANTED);
	known = mlt_map_find(&mms, &key);
	if (known) {
		known->last = call->after;
		/* Who held something when we came was named then. */
		known->base = 0;
	}
	return known;
}

/* The system call this task is in, or -1. An exception leaves -1 there (arch/x86/entry/entry_64.S). */
static __always_inline __s32 mlt_sysno(void)
{
	return MLT_READ(mlt_task_regs(), orig_ax);
}

/* Who: the current task, or the owner of an address space that ended without it. */
static __always_inline void mlt_fill_who(struct mlocktrace_event *e, const struct mlt_mm *instead)
{
	if (instead) {
		e->pid = instead->pid;
		e->tid = instead->tid;
		e->start_ns = instead->start_ns;
		e->uid = instead->uid;
		e->cgroup_id = instead->cgroup_id;
		__builtin_memcpy(e->comm, instead->comm, sizeof(e->comm));
		return;
	}
	e->pid = mlt_current_pid();
	e->tid = mlt_current_tid();
	e->start_ns = mlt_start_ns();
	e->uid = mlt_this_uid();
	e->cgroup_id = mlt_this_cgroup();
	mlt_this_comm(e->comm, sizeof(e->comm));
}

/*
 * A system call is made by a leaf of the C library that pushes nothing, so the
 * frame pointer is still its caller's and a walk by frame pointers skips that
 * caller. Its address is the word at the stack pointer, if a call instruction
 * stands before where that word points. Returns it, or 0.
 */
MLT_SUB __u64 mlt_leaf_caller(__u64 *ip)
{
	struct pt_regs *regs = mlt_task_regs();
	__u64 sp = MLT_READ(regs, sp), ret = 0;
	__u8 before[6] = {};

	*ip = MLT_READ(regs, ip);
	if (mlt_read_user(&ret, sizeof(ret), (void *)sp) ||
	    mlt_read_user(before, sizeof(before), (void *)(ret - sizeof(before))))
		return 0;
	if (before[1] == 0xe8 ||			   /* call rel32 */
	    (before[0] == 0xff && before[1] == 0x15) ||	   /* call *disp32(%rip) */
	    (before[4] == 0xff && before[5] >> 3 == 0x1a)) /* call *%reg */
		return ret;
	return 0;
}

static __always_inline void mlt_fill_stacks(void *ctx, struct mlt_stacked_event *s)
{
	__u64 user, kernel, ip = 0, caller = mlt_leaf_caller(&ip);
	long got;

	got = mlt_stack(ctx, s->stack, MLOCKTRACE_STACK_USER * 8, 1, 0);
	user = got < 0 ? 0 : got & ~7L;
	if (user > MLOCKTRACE_STACK_USER * 8)
		return;
	/* The registers are those of this call only if the walk began at them. */
	if (caller && user && s->stack[0] == ip && s->stack[1] != caller) {
		s->stack[1] = caller;
		got = mlt_stack(ctx, s->stack + 2, (MLOCKTRACE_STACK_USER - 2) * 8, 1, 1);
		user = 16 + (got < 0 ? 0 : got & ~7L);
		if (user > MLOCKTRACE_STACK_USER * 8)
			return;
	}
	got = mlt_stack(ctx, (void *)s->stack + user, MLOCKTRACE_STACK_KERNEL * 8, 0, 0);
	kernel = got < 0 ? 0 : got;
	s->event.n_user = user / 8;
	s->event.n_kernel = kernel / 8;
	s->event.size += user + kernel;
	if (user == MLOCKTRACE_STACK_USER * 8 || kernel == MLOCKTRACE_STACK_KERNEL * 8)
		s->event.flags |= MLOCKTRACE_F_TRUNCATED_STACK;
}

/* Of a refusal: who set the limit that was in the way. */
static __always_inline void mlt_fill_origin(struct mlocktrace_event *e, __s32 ret)
{
	__u32 tgid = mlt_this_tgid();
	struct mlt_origin *origin;

	origin = ret < 0 && shared.origins ? mlt_map_find(&origins, &tgid) : 0;
	/* Somebody we do not follow may have set another one since. */
	if (origin && origin->limit == e->limit) {
		e->limit_ns = origin->time_ns;
		e->limit_pid = origin->pid;
		e->limit_forks = origin->forks;
		e->limit_execs = origin->execs;
		__builtin_memcpy(e->limit_comm, origin->comm, sizeof(e->limit_comm));
	} else {
		e->limit_ns = 0;
		e->limit_pid = 0;
		e->limit_forks = 0;
		e->limit_execs = 0;
		__builtin_memset(e->limit_comm, 0, sizeof(e->limit_comm));
	}
}

/* Make the record: see mlt_emit(). */
static __always_inline int mlt_make_record(void *ctx, struct mlt_call *call, __s32 ret,
					   const struct mlt_mm *mm, const struct mlt_mm *who)
{
	struct mlt_cpu *cpu = mlt_cpu();
	struct mlocktrace_event *e;
	__u64 seq, now = mlt_now();
	__u8 op;

	if (!call)
		return 0;
	op = call->op;
	seq = mlt_fetch_inc(&cpu->seen) + 1;
	if (cfg.stacks)
		e = mlt_event_reserve(sizeof(struct mlt_stacked_event));
	else
		e = mlt_event_reserve(sizeof(struct mlocktrace_event));
	if (!e) {
		mlt_fetch_inc(&cpu->dropped);
		return 0;
	}
	e->size = sizeof(*e);
	e->abi = MLOCKTRACE_ABI;
	e->op = op;
	if (call->counter)
		e->counter = call->counter;
	else
		e->counter = op == MLOCKTRACE_OP_SETRLIMIT ? MLOCKTRACE_COUNTER_NONE :
							     MLOCKTRACE_COUNTER_VMLCK;
	e->tier = cfg.tier;
	e->cpu = mlt_cpu_id() & (MLT_MAX_CPUS - 1);
	e->seq = seq;
	e->time_ns = call->time_ns;
	e->duration_ns = now - call->time_ns;
	mlt_fill_who(e, who);
	e->target_pid = call->target_pid;
	e->mm_id = mm ? mm->id : call->account;
	e->addr = call->addr;
	e->len = call->len;
	e->asked = 0;
	e->overlap = call->overlap;
	if (mlt_op_is_ranged(op)) {
		e->asked = mlt_asked(call);
	} else if (op == MLOCKTRACE_OP_MLOCKALL) {
		e->asked = mlt_bytes(call->total_vm);
	} else if (call->implicit || call->counter) {
		e->asked = call->asked;
	} else if (op == MLOCKTRACE_OP_SETRLIMIT) {
		e->old_limit = call->old_limit;
		e->old_hard_limit = call->old_hard_limit;
	}
	e->before = mlt_bytes(call->before);
	e->after = mlt_bytes(call->after);
	e->limit = call->limit;
	e->hard_limit = call->hard_limit;
	e->where = call->where;
	e->flags = call->flags;
	e->ret = ret;
	e->inner_ret = call->inner_ret;
	e->arg = call->arg;
	e->dropped = cpu->dropped;
	e->n_user = 0;
	e->n_kernel = 0;
	e->sysno = call->sysno ? call->sysno : mlt_sysno();
	e->armed_ns = mm && call->flags & MLOCKTRACE_F_ARMED ? mm->armed_ns : 0;
	mlt_fill_origin(e, ret);
	e->owner_uid = e->counter == MLOCKTRACE_COUNTER_VMPIN ? 0 : call->owner_uid;
	e->reserved = 0;
	/* What somebody else gave back has not to do with where the current task is. */
	if (cfg.stacks && (ctx || !(call->flags & MLOCKTRACE_F_REMOTE)))
		mlt_fill_stacks(ctx, (struct mlt_stacked_event *)e);
	mlt_event_submit(e);
	return 0;
}

MLT_SUB int mlt_emit_with_stacks(void *ctx, struct mlt_call *call, __s32 ret,
				 const struct mlt_mm *mm, const struct mlt_mm *who)
{
	return mlt_make_record(ctx, call, ret, mm, who);
}

MLT_OUTLINE int mlt_emit_plain(struct mlt_call *call, __s32 ret, const struct mlt_mm *mm,
			       const struct mlt_mm *who)
{
	return mlt_make_record(0, call, ret, mm, who);
}

/*
 * Make the record. @who: see mlt_fill_who(). The call's counters are in pages,
 * the record's in bytes.
 */
static __always_inline int mlt_emit(void *ctx, struct mlt_call *call, __s32 ret,
				    const struct mlt_mm *mm, const struct mlt_mm *who)
{
	return cfg.stacks ? mlt_emit_with_stacks(ctx, call, ret, mm, who) :
			    mlt_emit_plain(call, ret, mm, who);
}

#endif
