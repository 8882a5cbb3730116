/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The truth about VmLck: mm->locked_vm changes only while mmap_lock is held for
 * write, so what it is when the lock is released, less what it was the last
 * time, is what was done in between, whoever did it. A lock call takes its own
 * share; what is left is an implicit change, or a missed one, and becomes a
 * record of its own. Thus the sum of all records is the counter.
 *
 * The paths are in mm/mmap.c, mm/vma.c, mm/mremap.c and mm/util.c.
 */
#ifndef MLT_LEDGER_BODY_H
#define MLT_LEDGER_BODY_H

#include "calls.h"
#include "nr.h"

#define MLT_MAP_LOCKED 0x2000 /* include/uapi/asm-generic/mman.h */
#define MLT_RLIMIT_STACK 3 /* include/uapi/asm-generic/resource.h */
#define MLT_RLIMIT_AS 9

/* Op of a system call that may change the counter, or 0. */
MLT_GLOBAL int mlt_op_of_number(__s32 nr, int compat)
{
#define MLT_SYSCALL(tag, nr64, nr32, sym32, only, help)                                            \
	if (!mlt_op_is_charge(mlt_op_of(MLT_SYS_##tag)) && nr == (compat ? nr32 : nr64))           \
		return mlt_op_of(MLT_SYS_##tag);
#define MLT_SYSEXIT(tag, OP, nr64, nr32, sym32, help)                                              \
	if (nr == (compat ? nr32 : nr64))                                                          \
		return MLOCKTRACE_OP_##OP;
#define MLT_SYSNR(tag, OP, nr64, nr32)                                                             \
	if (nr == (compat ? nr32 : nr64))                                                          \
		return MLOCKTRACE_OP_##OP;
#include <mlocktrace/hooks.def>
	return 0;
}

/* Row of a system call whose exit is looked at for its implicit change, or MLT_SYSEXIT_MAX. */
MLT_GLOBAL int mlt_exit_row(__s32 nr, int compat)
{
#define MLT_SYSEXIT(tag, OP, nr64, nr32, sym32, help)                                              \
	if (nr == (compat ? nr32 : nr64))                                                          \
		return MLT_SYSEXIT_##tag;
#include <mlocktrace/hooks.def>
	return MLT_SYSEXIT_MAX;
}

static __always_inline int mlt_armed(__u64 mm)
{
	return MLT_READ((struct mm_struct *)mm, def_flags) & MLT_VM_LOCKED ? 1 : 0;
}

/* An implicit change in the making; its arguments are those of the system call. */
MLT_SUB struct mlt_call *mlt_implicit_begin(__u8 op, __u64 mm, int nested)
{
	struct mlt_call *call = mlt_call_new(op, nested);
	struct pt_regs *regs = mlt_task_regs();

	if (!call)
		return 0;
	call->implicit = 1;
	call->mm = mm;
	if (mlt_is_compat()) {
		call->flags |= MLOCKTRACE_F_COMPAT;
		call->args[0] = (__u32)MLT_READ(regs, bx);
		call->args[1] = (__u32)MLT_READ(regs, cx);
		call->args[2] = (__u32)MLT_READ(regs, dx);
		call->args[3] = (__u32)MLT_READ(regs, si);
	} else {
		call->args[0] = MLT_READ(regs, di);
		call->args[1] = MLT_READ(regs, si);
		call->args[2] = MLT_READ(regs, dx);
		call->args[3] = MLT_READ(regs, r10);
	}
	return call;
}

/* Where the mapping at @at, or the first one above it, begins; 0 if that is not known. */
MLT_OUTLINE __u64 mlt_mapping_start(struct mlt_call *call, __u64 at, __u64 end)
{
	struct vm_area_struct *vma;
	struct mlt_walk *w;

	if (!call || call->nested) /* the walk is the outer call's */
		return 0;
	w = &call->walk;
	w->at = PAGE_DOWN(at);
	w->end = end;
	w->hole = end;
	w->first = 0;
	mlt_walk_range(w);
	vma = (struct vm_area_struct *)w->first;
	return vma ? MLT_READ(vma, vm_start) : 0;
}

/*
 * Where a stack begins now that has grown: as expand_downwards() told us, else the
 * lowest mapping of the main one, if that is the locked one; 0 = not known. No
 * more than stack_vm pages belong to stacks, and nothing else is near.
 */
static __always_inline __u64 mlt_grown_stack(struct mlt_call *call, struct mm_struct *mm)
{
	struct mlt_call *grows = mlt_nested_active();
	struct vm_area_struct *vma;
	__u64 top, start;

	if (grows && grows->op == MLOCKTRACE_OP_STACK && grows->mm == call->mm) {
		mlt_call_done(grows);
		return PAGE_DOWN(grows->addr);
	}
	if (call->flags & MLOCKTRACE_F_REMOTE)
		return 0;
	top = PAGE_UP(MLT_READ(mm, start_stack));
	start = mlt_mapping_start(call, top - mlt_bytes(MLT_READ(mm, stack_vm)), top);
	vma = (struct vm_area_struct *)call->walk.first;
	if (!start || ~MLT_READ(vma, vm_flags) & (MLT_VM_LOCKED | MLT_VM_GROWSDOWN))
		return 0;
	return start;
}

/*
 * Which part of the address space a change was about, and what the kernel's test
 * adds up. @was: the break before.
 */
MLT_OUTLINE int mlt_implicit_range(struct mlt_call *call, __s64 delta, __u64 was)
{
	__s32 nr = mlt_sysno();
	struct mm_struct *mm;
	int compat;
	__u64 brk;

	if (!call)
		return 0;
	compat = call->flags & MLOCKTRACE_F_COMPAT ? 1 : 0;
	mm = (struct mm_struct *)call->mm;
	call->addr = call->args[0];
	call->len = mlt_bytes(delta < 0 ? -delta : delta);
	switch (call->op) {
	case MLOCKTRACE_OP_MMAP:
		if (nr == (compat ? MLT_NR32_mmap : MLT_NR64_mmap)) {
			call->len = call->args[1];
			call->arg = call->args[3];
			if (call->arg & MLT_MAP_LOCKED)
				call->flags |= MLOCKTRACE_F_MAP_LOCKED;
		} else { /* shmat: the address asked for; of others the arguments mean something else */
			call->addr = nr == (compat ? MLT_NR32_shmat : MLT_NR64_shmat) ? call->args[1] : 0;
		}
		call->asked = PAGE_UP(call->len);
		break;
	case MLOCKTRACE_OP_MREMAP:
		call->where = call->args[0];
		call->overlap = call->args[1]; /* the record's old_len */
		call->len = call->args[2];
		call->arg = call->args[3];
		if (PAGE_UP(call->len) > PAGE_UP(call->overlap))
			call->asked = PAGE_UP(call->len) - PAGE_UP(call->overlap);
		break;
	case MLOCKTRACE_OP_BRK:
		brk = MLT_READ(mm, brk);
		call->addr = PAGE_UP(brk < was ? brk : was);
		call->len = PAGE_UP(brk < was ? was : brk) - call->addr;
		call->asked = brk < was ? 0 : call->len;
		break;
	case MLOCKTRACE_OP_STACK:
		call->asked = call->len;
		call->addr = mlt_grown_stack(call, mm);
		break;
	case MLOCKTRACE_OP_MUNMAP:
		if (nr == (compat ? MLT_NR32_munmap : MLT_NR64_munmap))
			call->len = call->args[1];
		else if (nr != (compat ? MLT_NR32_shmdt : MLT_NR64_shmdt))
			call->addr = 0;
		break;
	case MLOCKTRACE_OP_UNATTRIBUTED:
	case MLOCKTRACE_OP_ACCOUNT_LOCKED_VM:
		call->addr = 0;
		call->len = 0;
		break;
	}
	return 0;
}

/* The record of an implicit change or refusal. */
MLT_SUB int mlt_implicit_emit(void *ctx, struct mlt_call *call, __s32 ret)
{
	struct mlt_mm *known;
	__u64 key;

	if (!call)
		return 0;
	mlt_call_done(call);
	if (cfg.failures_only && !ret)
		return 0;
	key = call->mm;
	known = mlt_map_find(&mms, &key);
	mlt_read_limit(call);
	if (mlt_capable())
		call->flags |= MLOCKTRACE_F_CAPABLE;
	if (call->op <= MLOCKTRACE_OP_MREMAP && call->op >= MLOCKTRACE_OP_MMAP && mlt_armed(key)) {
		call->flags |= MLOCKTRACE_F_ARMED;
		if (known && known->armed_capable && !(call->flags & MLOCKTRACE_F_CAPABLE))
			call->flags |= MLOCKTRACE_F_CAP_GIVEN_UP;
	}
	return mlt_emit(ctx, call, ret, known, 0);
}

/* The part of a change that nothing explains. */
MLT_SUB int mlt_unattributed(void *ctx, struct mlt_mm *known, __u64 mm, __s64 before, __s64 after)
{
	struct mlt_call *call;

	if (!known)
		return 0;
	known->residues++;
	if (!mlt_op_wanted(MLOCKTRACE_OP_UNATTRIBUTED) || !shared.enabled)
		return 0;
	/* Nested: the change that is explained follows in a record of its own. */
	call = mlt_implicit_begin(MLOCKTRACE_OP_UNATTRIBUTED, mm, 1);
	if (!call)
		return 0;
	call->before = before;
	call->after = after;
	return mlt_implicit_emit(ctx, call, 0);
}

/* Was __account_locked_vm() called for this address space? See mlt___account_locked_vm_enter(). */
static __always_inline int mlt_accounted(__u64 mm)
{
	struct mlt_call *call = mlt_nested_active();

	if (!call || call->op != MLOCKTRACE_OP_ACCOUNT_LOCKED_VM || call->mm != mm)
		return 0;
	mlt_call_done(call);
	return 1;
}

/*
 * What changed the counter outside a lock call: the system call by its number;
 * a fault can only grow a stack, and so can another process that looks in.
 */
MLT_SUB __u8 mlt_implicit_op(struct mlt_mm *known, __u64 mm, __s64 delta)
{
	__u64 stack_vm = MLT_READ((struct mm_struct *)mm, stack_vm);
	__s32 nr = mlt_sysno();
	__u8 op = 0;
	int grown;

	if (!known)
		return 0;
	grown = delta > 0 && stack_vm - known->stack_vm == (__u64)delta;
	known->stack_vm = stack_vm;
	if (mlt_accounted(mm))
		return MLOCKTRACE_OP_ACCOUNT_LOCKED_VM;
	if (mlt_current_mm() == mm && nr >= 0)
		op = mlt_op_of_number(nr, mlt_is_compat());
	if (nr == MLT_NR32_ipc && op == MLOCKTRACE_OP_MMAP && mlt_is_compat() && delta < 0)
		op = MLOCKTRACE_OP_MUNMAP; /* shmdt */
	if (!op)
		op = grown ? MLOCKTRACE_OP_STACK : MLOCKTRACE_OP_UNATTRIBUTED;
	return op;
}

/* May a call of this thread fail for the limit without changing anything? Its exit will say. */
static __always_inline int mlt_may_be_refused(__u8 op, __u64 mm)
{
	if (op == MLOCKTRACE_OP_MREMAP)
		return 1;
	return (op == MLOCKTRACE_OP_MMAP || op == MLOCKTRACE_OP_BRK) && mlt_armed(mm);
}

/* Is this thread's main entry of a call that goes on? */
static __always_inline int mlt_entry_is_taken(void)
{
	struct mlt_call *call = mlt_call_active();

	return call && !call->implicit;
}

/* A further change within the same system call: one record for all of them. */
static __always_inline int mlt_implicit_again(__u8 op, __u64 mm, __s64 delta, __u64 brk)
{
	struct mlt_call *call = mlt_call_active();

	if (!call || !call->implicit || call->op != op || call->mm != mm)
		return 0;
	call->after += delta;
	mlt_implicit_range(call, call->after - call->before, brk);
	return 1;
}

MLT_SUB int mlt_implicit_change(void *ctx, struct mlt_mm *known, __u64 mm, __s64 before, __s64 now)
{
	struct mlt_call *call;
	int remote, exits;
	__u8 op;

	if (!known || !shared.enabled)
		return 0;
	op = mlt_implicit_op(known, mm, now - before);
	if (op == MLOCKTRACE_OP_UNATTRIBUTED && before != now)
		known->residues++;
	if (!mlt_op_wanted(op) || !((known->wanted & MLT_WANTED) || mlt_wanted()))
		return 0;
	remote = mlt_current_mm() != mm;
	exits = !remote && op != MLOCKTRACE_OP_STACK &&
		mlt_exit_row(mlt_sysno(), mlt_is_compat()) != MLT_SYSEXIT_MAX;
	if (before == now && !(exits && mlt_may_be_refused(op, mm)))
		return 0;
	if (exits && mlt_implicit_again(op, mm, now - before, known->brk_before))
		return 0;
	call = mlt_implicit_begin(op, mm, mlt_entry_is_taken());
	if (!call)
		return 0;
	call->before = before;
	call->after = now;
	call->seen_lock = 1;
	call->unlocked = 1;
	if (remote) {
		call->flags |= MLOCKTRACE_F_REMOTE;
		call->target_pid = known->pid;
	}
	mlt_implicit_range(call, now - before, known->brk_before);
	/* What the call answers, and where the mapping went, its exit tells. */
	if (exits && !call->nested)
		return 0;
	return mlt_implicit_emit(ctx, call, 0);
}

/*
 * Under mmap_lock, held for write or about to be downgraded by this thread: take
 * note of the counter. @call: the lock call whose own the change is, or NULL.
 */
MLT_SUB int mlt_sync(void *ctx, __u64 mm, struct mlt_call *call)
{
	__u64 key = mm;
	struct mlt_mm *known = mlt_map_find(&mms, &key);
	__s64 now = MLT_READ((struct mm_struct *)mm, locked_vm), before;

	if (!known) {
		if (!now)
			return 0;
		known = mlt_mm_meet(mm, mlt_task(), mlt_wanted() ? MLT_WANTED : 0);
		if (!known) {
			if (!mlt_mm_is_left(mm))
				mlt_fetch_inc(&mlt_cpu()->untracked);
			return 0;
		}
		/* An address space begins with nothing; before we record, with what it has. */
		known->last = shared.enabled ? 0 : now;
		known->base = known->last;
	}
	if (known->dead)
		return mlt_mm_forget(mm);
	before = MLT_BOOK(&known->last, now, MLT_READ((struct mm_struct *)mm, locked_vm),
			  cfg.mmap_lock);
	if (before == MLT_UNKNOWN)
		before = call ? call->before : now;
	if (before != now)
		known->changes++;
	/* What changes before we record was there when we came. */
	if (!shared.enabled || known->base == MLT_UNKNOWN)
		known->base = shared.enabled ? before : now;
	known->brk_before = known->brk;
	known->brk = MLT_READ((struct mm_struct *)mm, brk);
	if (!call)
		return mlt_implicit_change(ctx, known, mm, before, now);
	known->stack_vm = MLT_READ((struct mm_struct *)mm, stack_vm);
	if (call->booked) /* a further step of it, where functions stand for the lock */
		return 0;
	call->booked = 1;
	if (call->before != before)
		return mlt_unattributed(ctx, known, mm, before, call->before);
	return 0;
}

/* Is it worth a look? Nearly every address space holds nothing and never did. */
static __always_inline int mlt_may_hold(struct mm_struct *mm)
{
	return *mlt_mm_filter(MLT_READ(mm, mmap_base)) || MLT_READ(mm, locked_vm);
}

/*
 * The same where no tracepoint tells of the release: at the ends of functions
 * inside the lock. Such a kernel's verifier takes seconds to follow it from each
 * of its callers; a global function it looks at once. That knows no context, so
 * these records have the user's stack at most.
 */
MLT_GLOBAL int mlt_sync_here(void)
{
	struct mm_struct *mm = (struct mm_struct *)mlt_current_mm();
	struct mlt_call *grows = mlt_nested_active();

	if (grows && grows->op == MLOCKTRACE_OP_STACK) /* perhaps another process's */
		mm = (struct mm_struct *)grows->mm;
	return !cfg.mmap_lock && mm && cfg.implicit && mlt_may_hold(mm) ? mlt_sync(0, (__u64)mm, 0) : 0;
}

/* ---- the ends of system calls that may change the counter by the way ------------ */

/* The file argument of mmap(). */
static __always_inline __s32 mlt_mmap_fd(void)
{
	struct pt_regs *regs = mlt_task_regs();

	return mlt_is_compat() ? MLT_READ(regs, di) : MLT_READ(regs, r8);
}

/* Did it fail where memory would have been locked? */
MLT_OUTLINE int mlt_refusal_matters(struct mlt_call *call)
{
	struct mm_struct *mm;
	__u64 start;

	if (!call)
		return 0;
	mm = (struct mm_struct *)call->mm;
	if (mlt_armed((__u64)mm))
		return 1;
	if (call->op == MLOCKTRACE_OP_MREMAP) {
		if (!MLT_READ(mm, locked_vm))
			return 0;
		start = PAGE_DOWN(call->where);
		call->walk.locked = 0;
		mlt_mapping_start(call, start, start + PAGE_BYTES);
		return call->walk.locked ? 1 : 0;
	}
	if (call->flags & MLOCKTRACE_F_MAP_LOCKED)
		return 1;
	/* Where secret memory is locked by its mmap, nothing else says so. */
	if (call->op != MLOCKTRACE_OP_MMAP || mlt_file_name(mlt_mmap_fd()) != MLT_NAME_SECRET)
		return 0;
	call->flags |= MLOCKTRACE_F_MAP_LOCKED;
	return 1;
}

MLT_SUB int mlt_implicit_fails(void *ctx, struct mlt_call *call, __s32 err)
{
	struct task_struct *task = mlt_task();
	struct mm_struct *mm;
	__u64 brk, want;

	if (!call)
		return 0;
	mm = (struct mm_struct *)call->mm;
	if (!call->seen_lock) {
		call->before = call->after = mlt_locked_vm();
		if (MLT_READ(task, mm, mm_users.counter) > 1)
			call->flags |= MLOCKTRACE_F_SAMPLED;
		mlt_implicit_range(call, 0, 0);
	}
	if (call->op == MLOCKTRACE_OP_BRK) { /* (range by delta: there was none) */
		brk = PAGE_UP(MLT_READ(mm, brk));
		want = PAGE_UP(call->args[0]);
		call->addr = brk;
		call->len = call->asked = want - brk;
	}
	if (!mlt_refusal_matters(call)) {
		mlt_call_done(call);
		return 0;
	}
	return mlt_implicit_emit(ctx, call, err);
}

/* brk() answers the break there is: a lower one than was asked for is a refusal. */
static __always_inline int mlt_brk_failed(__u64 ret)
{
	struct pt_regs *regs = mlt_task_regs();

	return ret < (mlt_is_compat() ? (__u32)MLT_READ(regs, bx) : MLT_READ(regs, di));
}

/* Where functions stand for the lock: the break moves after the one that makes it grow. */
static __always_inline void mlt_brk_moved(struct mlt_call *call, __u64 mm)
{
	struct mlt_mm *known = mlt_map_find(&mms, &mm);

	if (!known)
		return;
	if (call && !call->len)
		mlt_implicit_range(call, call->after - call->before, known->brk);
	known->brk = MLT_READ((struct mm_struct *)mm, brk);
}

/*
 * Changed nothing, and was compared with the limit: under MCL_FUTURE a mapping that
 * replaces one of its size counts twice, and one that is never charged counts, too.
 */
static __always_inline int mlt_was_compared(const struct mlt_call *call, __s32 err)
{
	return !err && call->op == MLOCKTRACE_OP_MMAP && call->asked;
}

/* @ret: what the kernel answers, of which the upper half matters here. */
MLT_SUB int mlt_implicit_exit(void *ctx, __u8 op, __u64 ret)
{
	struct mlt_call *call = mlt_call_active();
	__u64 mm = mlt_current_mm();
	__s32 err = ret >= -MLT_MAX_ERRNO ? (__s32)ret : 0;

	if (call && !call->implicit) /* an exit went missing; not ours */
		return 0;
	if (op == MLOCKTRACE_OP_BRK) {
		err = mlt_brk_failed(ret) ? -MLT_ENOMEM : 0;
		if (!cfg.mmap_lock)
			mlt_brk_moved(call, mm);
	}
	if (call && (call->before != call->after || mlt_was_compared(call, err))) {
		if (!err && ret && op != MLOCKTRACE_OP_BRK)
			call->addr = ret;
		return mlt_implicit_emit(ctx, call, err);
	}
	if (!err) {
		if (call)
			mlt_call_done(call);
		return 0;
	}
	if (!call) {
		if (!shared.enabled || !mlt_op_wanted(op) || !mlt_wanted())
			return 0;
		call = mlt_implicit_begin(op, mm, 0);
	}
	return mlt_implicit_fails(ctx, call, err);
}

/* That brk() was refused matters only where the heap is locked, and that is cheaper to ask. */
static __always_inline int mlt_brk_matters(__u64 ret)
{
	struct mm_struct *mm = MLT_GET(mlt_current(), mm);

	return !cfg.mmap_lock || !mm || (MLT_GET(mm, def_flags) & MLT_VM_LOCKED && mlt_brk_failed(ret));
}

/* Nearly all of these succeed and lock nothing: out after a few compares. */
static __always_inline int mlt_by_the_way(void *ctx, __u8 op, __u64 ret)
{
	if (!shared.active && ret < -MLT_MAX_ERRNO &&
	    (op != MLOCKTRACE_OP_BRK || !mlt_brk_matters(ret)))
		return 0;
	return mlt_implicit_exit(ctx, op, ret);
}

/* ---- a locked stack that may not grow ------------------------------------------- */

/* Which other limit stands in the way; the kernel asks in this order (acct_stack_growth). */
static __always_inline void mlt_other_limits(struct mlt_call *call, struct mm_struct *mm, __u64 size)
{
	struct task_struct *task = mlt_task();
	struct signal_struct *signal = MLT_READ(task, signal);
	__u64 as = MLT_READ(signal, rlim[MLT_RLIMIT_AS].rlim_cur);

	if (as != MLOCKTRACE_UNLIMITED &&
	    MLT_READ(mm, total_vm) + (call->asked >> cfg.page_shift) > as >> cfg.page_shift)
		call->flags |= MLOCKTRACE_F_RLIMIT_AS;
	else if (size > MLT_READ(signal, rlim[MLT_RLIMIT_STACK].rlim_cur))
		call->flags |= MLOCKTRACE_F_RLIMIT_STACK;
}

/* @vma was to grow down to @address and did not. */
MLT_SUB int mlt_stack_refused(void *ctx, struct mlt_call *call, struct vm_area_struct *vma,
			      __u64 address)
{
	struct mm_struct *mm = MLT_READ(vma, vm_mm);

	if (!call)
		return 0;
	call->addr = PAGE_DOWN(address);
	call->len = call->asked = MLT_READ(vma, vm_start) - call->addr;
	call->before = call->after = MLT_READ(mm, locked_vm);
	mlt_other_limits(call, mm, MLT_READ(vma, vm_end) - call->addr);
	if ((__u64)mm != mlt_current_mm())
		call->flags |= MLOCKTRACE_F_REMOTE;
	return mlt_implicit_emit(ctx, call, -MLT_ENOMEM);
}

#endif
