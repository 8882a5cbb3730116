// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The programs: how we are called, in every tier. Each row of hooks.def becomes
 * its programs by expansion; arguments and result are handed to the bodies in
 * calls, steps and tasks.bpf.h. The loader finds a program by its name, <kind>_<tag>, and decides
 * which are loaded ('?' in a section's name: none by itself).
 */
#include "prim.bpf.h"
#include "../body/calls.h"
#include "../body/steps.h"
#include "../body/charges.h"
#include "../body/tasks.h"
#include "../body/books.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * The words of a trampoline's context; the result follows the arguments. The
 * verifier wants each load at a constant offset, and left to itself the compiler
 * merges the loads of two branches into one of a computed offset.
 */
#define MLT_CTX unsigned long long *ctx
#define CTX(i)                                                                                     \
	({                                                                                         \
		__u64 word_;                                                                       \
		asm volatile("%0 = *(u64 *)(%1 + %2)" : "=r"(word_) : "r"(ctx), "i"((i) * 8));     \
		word_;                                                                             \
	})

/* How many arguments the running kernel's function has is known at load, so one case is left. */
static __always_inline __u64 mlt_result(MLT_CTX, __u8 nargs)
{
	switch (nargs) {
	case 1:
		return CTX(1);
	case 2:
		return CTX(2);
	case 3:
		return CTX(3);
	case 4:
		return CTX(4);
	case 5:
		return CTX(5);
	case 6:
		return CTX(6);
	default:
		return 0;
	}
}

/* ---- system calls ---------------------------------------------------------- */

#define MLT_WRAPPER(abi, symbol, tag)                                                              \
	SEC("?fentry/" symbol)                                                                     \
	int fentry_##abi##_##tag(MLT_CTX)                                                          \
	{                                                                                          \
		return mlt_wrapper(MLT_SYS_##tag,                                                  \
				   cfg.regs_hidden ? mlt_task_regs() : (void *)CTX(0));            \
	}                                                                                          \
	SEC("?fexit/" symbol)                                                                      \
	int fexit_##abi##_##tag(MLT_CTX)                                                           \
	{                                                                                          \
		return mlt_syscall_exit(ctx, MLT_SYS_##tag, CTX(1));                               \
	}                                                                                          \
	SEC("?kprobe/" symbol)                                                                     \
	int kprobe_##abi##_##tag(struct pt_regs *ctx)                                              \
	{                                                                                          \
		return mlt_wrapper(MLT_SYS_##tag, (struct pt_regs *)ctx->di);                      \
	}                                                                                          \
	SEC("?kretprobe/" symbol)                                                                  \
	int kretprobe_##abi##_##tag(struct pt_regs *ctx)                                           \
	{                                                                                          \
		return mlt_syscall_exit(ctx, MLT_SYS_##tag, ctx->ax);                              \
	}

#define MLT_SYSCALL(tag, nr64, nr32, sym32, only, help)                                                  \
	MLT_WRAPPER(x64, "__x64_sys_" #tag, tag)                                                   \
	MLT_WRAPPER(ia32, "__ia32_" #sym32, tag)
#include <mlocktrace/hooks.def>

#define MLT_WRAPPER_EXIT(abi, symbol, tag, OP)                                                     \
	SEC("?fexit/" symbol)                                                                      \
	int fexit_##abi##_##tag(MLT_CTX)                                                           \
	{                                                                                          \
		if (MLOCKTRACE_OP_##OP == MLOCKTRACE_OP_MREMAP) /* growth in place */              \
			mlt_sync_here();                                                           \
		return mlt_by_the_way(ctx, MLOCKTRACE_OP_##OP, CTX(1));                            \
	}                                                                                          \
	SEC("?kretprobe/" symbol)                                                                  \
	int kretprobe_##abi##_##tag(struct pt_regs *ctx)                                           \
	{                                                                                          \
		if (MLOCKTRACE_OP_##OP == MLOCKTRACE_OP_MREMAP)                                    \
			mlt_sync_here();                                                           \
		return mlt_by_the_way(ctx, MLOCKTRACE_OP_##OP, ctx->ax);                           \
	}

#define MLT_SYSEXIT(tag, OP, nr64, nr32, sym32, help)                                              \
	MLT_WRAPPER_EXIT(x64, "__x64_sys_" #tag, tag, OP)                                          \
	MLT_WRAPPER_EXIT(ia32, "__ia32_" #sym32, tag, OP)
#include <mlocktrace/hooks.def>

#define MLT_CHARGE_EXIT(abi, symbol, tag, OP)                                                      \
	SEC("?fexit/" symbol)                                                                      \
	int fexit_##abi##_##tag(MLT_CTX)                                                           \
	{                                                                                          \
		return mlt_charge_row_exit(MLOCKTRACE_OP_##OP, CTX(1));                       \
	}                                                                                          \
	SEC("?kretprobe/" symbol)                                                                  \
	int kretprobe_##abi##_##tag(struct pt_regs *ctx)                                           \
	{                                                                                          \
		return mlt_charge_row_exit(MLOCKTRACE_OP_##OP, ctx->ax);                      \
	}

#define MLT_SYSCHARGE(tag, OP, nr64, nr32, sym32, help)                                            \
	MLT_CHARGE_EXIT(x64, "__x64_sys_" #tag, tag, OP)                                           \
	MLT_CHARGE_EXIT(ia32, "__ia32_" #sym32, tag, OP)
#include <mlocktrace/hooks.def>

/* ---- functions inside them --------------------------------------------------- */

/*
 * Only the arguments a body wants are touched: the verifier refuses those of
 * types it cannot follow.
 */
#define MLT_STUB_ENTER(tag, n)                                                                     \
	SEC("?fentry/" #tag)                                                                       \
	int fentry_##tag(MLT_CTX)                                                                  \
	{                                                                                          \
		__u64 arg[] = { n > 0 ? CTX(0) : 0, n > 1 ? CTX(1) : 0, n > 2 ? CTX(2) : 0 };      \
                                                                                                   \
		return mlt_##tag##_enter(ctx, arg);                                                \
	}                                                                                          \
	SEC("?kprobe/" #tag)                                                                       \
	int kprobe_##tag(struct pt_regs *ctx)                                                      \
	{                                                                                          \
		__u64 arg[] = { ctx->di, ctx->si, ctx->dx };                                       \
                                                                                                   \
		return mlt_##tag##_enter(ctx, arg);                                                \
	}
#define MLT_STUB_EXIT(tag, n)                                                                      \
	SEC("?fexit/" #tag)                                                                        \
	int fexit_##tag(MLT_CTX)                                                                   \
	{                                                                                          \
		return mlt_##tag##_exit(ctx, mlt_result(ctx, cfg.nargs[MLT_FUNC_##tag]));               \
	}                                                                                          \
	SEC("?kretprobe/" #tag)                                                                    \
	int kretprobe_##tag(struct pt_regs *ctx)                                                   \
	{                                                                                          \
		return mlt_##tag##_exit(ctx, ctx->ax);                                                  \
	}
#define MLT_STUB_PAIR(tag, n) MLT_STUB_ENTER(tag, n) MLT_STUB_EXIT(tag, n)
#define MLT_FUNC(tag, tiers, shape, args, required, help) MLT_STUB_##shape(tag, args)
#include <mlocktrace/hooks.def>

/* ---- tracepoints -------------------------------------------------------------- */

/* Every call of every process comes here, so what is not ours leaves after one look. */
static __always_inline int mlt_nr_matters(const volatile __u64 *words, __u32 nr)
{
	return nr < MLT_SYS_WORDS * 64 && words[nr / 64 & (MLT_SYS_WORDS - 1)] >> nr % 64 & 1;
}

/* Row of hooks.def for a system call number, or MLT_SYS_MAX. */
MLT_GLOBAL int mlt_sys_row(__s32 nr, int compat)
{
#define MLT_SYSCALL(tag, nr64, nr32, sym32, only, help)                                            \
	if (nr == (compat ? nr32 : nr64))                                                          \
		return MLT_SYS_##tag;
#include <mlocktrace/hooks.def>
	return MLT_SYS_MAX;
}

/* The kernel takes the number as an int, whatever stands above it in the register. */
static __always_inline __s32 mlt_nr(__u64 id)
{
	return (__u32)id & ~0x40000000U; /* __X32_SYSCALL_BIT */
}

/* With a tracepoint for each call these two are left with 32-bit tasks, which those leave out. */
static __always_inline int mlt_by_name(int compat)
{
	return cfg.calls_by_name && !compat;
}

SEC("?tp_btf/sys_enter")
int tp_sys_enter(MLT_CTX)
{
	__s32 nr = mlt_nr(CTX(1));
	__u32 sys;
	int compat;

	if (!mlt_nr_matters(cfg.sys_enter, nr))
		return 0;
	compat = mlt_is_compat();
	sys = mlt_sys_row(nr, compat);
	if (sys == MLT_SYS_MAX || mlt_by_name(compat))
		return 0;
	return mlt_syscall_enter(sys, (struct pt_regs *)CTX(0), compat);
}

/* The other end of a call: of one that is followed, or of one that never began. */
static __always_inline int mlt_call_exit(void *ctx, __u32 sys, struct pt_regs *regs, __u64 ret,
					 int compat)
{
	struct mlt_call *call = mlt_call_active();

	if (call && !call->implicit)
		return mlt_call_end_blind(ctx, call, ret);
	if (sys == MLT_SYS_ipc) /* and goes on to a look */
		return 0;
	if (sys == MLT_SYS_shmctl)
		return cfg.tier == MLOCKTRACE_TIER_TRACEPOINT ? mlt_shm_look() : 0;
	return mlt_syscall_refused(ctx, sys, regs, ret, compat);
}

SEC("?tp_btf/sys_exit")
int tp_sys_exit(MLT_CTX)
{
	struct pt_regs *regs = (struct pt_regs *)CTX(0);
	__s32 nr = mlt_nr(regs->orig_ax);
	__u64 ret = CTX(1);
	int compat;
	__u32 sys;
	__u8 op;

	if (!mlt_nr_matters(cfg.sys_exit, nr))
		return 0;
	compat = mlt_is_compat();
	sys = mlt_sys_row(nr, compat);
	if (sys != MLT_SYS_MAX && !mlt_by_name(compat))
		mlt_call_exit(ctx, sys, regs, ret, compat);
	if (sys != MLT_SYS_MAX && sys != MLT_SYS_ipc)
		return 0;
	if (cfg.charges)
		mlt_look_exit(nr, ret);
	op = cfg.implicit ? mlt_op_of_number(nr, compat) : 0;
	if (!op || mlt_by_name(compat))
		return 0;
	mlt_sync_here();
	return mlt_exit_row(nr, compat) == MLT_SYSEXIT_MAX ? 0 : mlt_by_the_way(ctx, op, ret);
}

/*
 * Attached to the tracepoints of each call by its name. Where those two above can
 * be preempted and then skip, these cannot: perf runs them with preemption off.
 */
struct mlt_named {
	__u64 common;
	__s32 nr;
	__u64 ret; /* exit */
};

SEC("?tp")
int named_enter(struct mlt_named *ctx)
{
	__u32 sys = mlt_sys_row(ctx->nr, 0);

	return sys == MLT_SYS_MAX ? 0 : mlt_syscall_enter(sys, mlt_task_regs(), 0);
}

SEC("?tp")
int named_exit(struct mlt_named *ctx)
{
	__s32 nr = ctx->nr;
	__u32 sys = mlt_sys_row(nr, 0);

	if (sys != MLT_SYS_MAX)
		return mlt_call_exit(ctx, sys, mlt_task_regs(), ctx->ret, 0);
	if (mlt_charge_of_number(nr, 0))
		return mlt_charge_row_exit(mlt_charge_of_number(nr, 0), ctx->ret);
	return mlt_by_the_way(ctx, mlt_op_of_number(nr, 0), ctx->ret);
}

SEC("?tp_btf/mmap_lock_acquire_returned")
int tp_mmap_lock_acquire_returned(MLT_CTX)
{
	struct mm_struct *mm = (struct mm_struct *)CTX(0);
	__u64 write, ok;

	if (!mlt_lock_matters(mm))
		return 0;
	write = cfg.mmap_lock_path ? CTX(2) : CTX(1);
	ok = cfg.mmap_lock_path ? CTX(3) : CTX(2);
	return (__u8)ok ? mlt_lock_taken(ctx, mm, (__u8)write) : 0;
}

SEC("?tp_btf/mmap_lock_released")
int tp_mmap_lock_released(MLT_CTX)
{
	struct mm_struct *mm = (struct mm_struct *)CTX(0);
	__u64 write = cfg.mmap_lock_path ? CTX(2) : CTX(1);

	return (__u8)write && mlt_lock_matters(mm) ? mlt_lock_released(ctx, (__u64)mm) : 0;
}

/* (signal, siginfo or a small number, task, group, result) */
SEC("?tp_btf/signal_generate")
int tp_signal_generate(MLT_CTX)
{
	struct kernel_siginfo *info = (struct kernel_siginfo *)CTX(1);

	if ((__u32)CTX(0) != MLT_SIGSEGV || (__u64)info < 16 || !shared.enabled ||
	    CTX(2) != bpf_get_current_task() || mlt_sysno() != -1)
		return 0;
	return mlt_segv(ctx, (__u64)BPF_CORE_READ(info, _sifields._sigfault._addr));
}

SEC("?tp_btf/exit_mmap")
int tp_exit_mmap(MLT_CTX)
{
	return mlt_mm_end(ctx, CTX(0));
}

SEC("?tp_btf/sched_process_fork")
int tp_sched_process_fork(MLT_CTX)
{
	return mlt_fork(ctx, (struct task_struct *)CTX(0), (struct task_struct *)CTX(1));
}

/* A thread that calls exec becomes the leader and takes its id: (task, old pid, bprm). */
SEC("?tp_btf/sched_process_exec")
int tp_sched_process_exec(MLT_CTX)
{
	__u32 old = CTX(1);

	mlt_exec_origin();
	return old == (__u32)bpf_get_current_pid_tgid() ? 0 : mlt_forget_thread(old);
}

SEC("?tp_btf/sched_process_exit")
int tp_sched_process_exit(MLT_CTX)
{
	return mlt_task_exit((struct task_struct *)CTX(0));
}

/* ---- baseline and ledger ---------------------------------------------------------- */

/* Run once by the loader after everything is attached. */
SEC("?iter/task")
int iter_baseline(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	return task ? mlt_baseline(task) : 0;
}

/* Run whenever somebody asks, as the next one. */
SEC("?iter/task")
int iter_ledger(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	return task ? mlt_ledger_of_task(ctx->meta->seq, task) : 0;
}

SEC("?iter/bpf_map_elem")
int iter_pools(struct bpf_iter__bpf_map_elem *ctx)
{
	struct mlt_pool_key *key = ctx->key;
	struct mlt_pool *pool = ctx->value;

	return key && pool ? mlt_ledger_of_pool(ctx->meta->seq, key, pool) : 0;
}
