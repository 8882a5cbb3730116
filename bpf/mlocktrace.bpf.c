// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The programs: how we are called, in every tier. Each row of hooks.def becomes
 * its programs by expansion; arguments and result are handed to the bodies in
 * calls, steps and tasks.bpf.h. The loader finds a program by its name, <kind>_<tag>, and decides
 * which are loaded ('?' in a section's name: none by itself).
 */
#include "state.bpf.h"
#include "calls.bpf.h"
#include "steps.bpf.h"
#include "tasks.bpf.h"

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
static __always_inline __s32 mlt_result(MLT_CTX, __u8 nargs)
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

/*
 * A wrapper's only argument is the user's registers. Which ABI it is, the task
 * says: a call without arguments has one function for both.
 */
static __always_inline int mlt_wrapper(__u32 sys, const struct pt_regs *regs)
{
	struct task_struct *task = mlt_current();

	return mlt_syscall_enter(sys, regs,
				 READ(task, thread_info.status) & MLT_TS_COMPAT ? 1 : 0);
}

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
		return mlt_syscall_exit(ctx, CTX(1));                                              \
	}                                                                                          \
	SEC("?kprobe/" symbol)                                                                     \
	int kprobe_##abi##_##tag(struct pt_regs *ctx)                                              \
	{                                                                                          \
		return mlt_wrapper(MLT_SYS_##tag, (struct pt_regs *)ctx->di);                      \
	}                                                                                          \
	SEC("?kretprobe/" symbol)                                                                  \
	int kretprobe_##abi##_##tag(struct pt_regs *ctx)                                           \
	{                                                                                          \
		return mlt_syscall_exit(ctx, ctx->ax);                                             \
	}

#define MLT_SYSCALL(tag, nr64, nr32, sym32, help)                                                  \
	MLT_WRAPPER(x64, "__x64_sys_" #tag, tag)                                                   \
	MLT_WRAPPER(ia32, "__ia32_" #sym32, tag)
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
		return mlt_##tag##_exit(mlt_result(ctx, cfg.nargs[MLT_FUNC_##tag]));               \
	}                                                                                          \
	SEC("?kretprobe/" #tag)                                                                    \
	int kretprobe_##tag(struct pt_regs *ctx)                                                   \
	{                                                                                          \
		return mlt_##tag##_exit(ctx->ax);                                                  \
	}
#define MLT_STUB_PAIR(tag, n) MLT_STUB_ENTER(tag, n) MLT_STUB_EXIT(tag, n)
#define MLT_FUNC(tag, shape, args, required, help) MLT_STUB_##shape(tag, args)
#include <mlocktrace/hooks.def>

/* ---- tracepoints -------------------------------------------------------------- */

/*
 * Row of hooks.def for a system call number, or MLT_SYS_MAX. Every call of
 * every process comes here, so what is not ours leaves after a few compares.
 */
static __always_inline __u32 mlt_sys_row(__u64 nr, int *compat)
{
	struct task_struct *task;
	int ours = 0;

#define MLT_SYSCALL(tag, nr64, nr32, sym32, help) ours |= nr == nr64 || nr == nr32;
#include <mlocktrace/hooks.def>
	if (!ours)
		return MLT_SYS_MAX;
	task = mlt_current();
	*compat = READ(task, thread_info.status) & MLT_TS_COMPAT ? 1 : 0;
#define MLT_SYSCALL(tag, nr64, nr32, sym32, help)                                                  \
	if (nr == (*compat ? nr32 : nr64))                                                         \
		return MLT_SYS_##tag;
#include <mlocktrace/hooks.def>
	return MLT_SYS_MAX;
}

/* The kernel takes the number as an int, whatever stands above it in the register. */
static __always_inline __u64 mlt_nr(__u64 id)
{
	return (__u32)id & ~0x40000000U; /* __X32_SYSCALL_BIT */
}

SEC("?tp_btf/sys_enter")
int tp_sys_enter(MLT_CTX)
{
	int compat = 0;
	__u32 sys = mlt_sys_row(mlt_nr(CTX(1)), &compat);

	return sys == MLT_SYS_MAX ? 0 : mlt_syscall_enter(sys, (struct pt_regs *)CTX(0), compat);
}

SEC("?tp_btf/sys_exit")
int tp_sys_exit(MLT_CTX)
{
	struct pt_regs *regs = (struct pt_regs *)CTX(0);
	__u64 nr = mlt_nr(READ_REGS(regs, orig_ax));
	int compat = 0;
	__u32 sys = mlt_sys_row(nr, &compat);
	struct mlt_call *call;

	if (sys == MLT_SYS_MAX)
		return 0;
	call = mlt_call_active();
	if (call)
		return mlt_call_end_blind(ctx, call, CTX(1));
	return mlt_syscall_refused(ctx, sys, regs, CTX(1), compat);
}

SEC("?tp_btf/mmap_lock_acquire_returned")
int tp_mmap_lock_acquire_returned(MLT_CTX)
{
	__u64 write, ok;

	if (!shared.active)
		return 0;
	write = cfg.mmap_lock_path ? CTX(2) : CTX(1);
	ok = cfg.mmap_lock_path ? CTX(3) : CTX(2);
	return (__u8)ok ? mlt_lock_acquired(CTX(0), (__u8)write) : 0;
}

SEC("?tp_btf/mmap_lock_released")
int tp_mmap_lock_released(MLT_CTX)
{
	__u64 write;

	if (!shared.active)
		return 0;
	write = cfg.mmap_lock_path ? CTX(2) : CTX(1);
	return mlt_lock_released(CTX(0), (__u8)write);
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

	return old == (__u32)bpf_get_current_pid_tgid() ? 0 : mlt_forget_thread(old);
}

SEC("?tp_btf/sched_process_exit")
int tp_sched_process_exit(MLT_CTX)
{
	return mlt_task_exit((struct task_struct *)CTX(0));
}

/* ---- baseline ------------------------------------------------------------------ */

/*
 * Run once by the loader after everything is attached: learns the reader's pid
 * namespace, and names the address spaces that hold locked pages already.
 */
SEC("?iter/task")
int iter_baseline(struct bpf_iter__task *ctx)
{
	struct task_struct *reader = (struct task_struct *)bpf_get_current_task();
	struct task_struct *task = ctx->task;
	struct mm_struct *mm;
	struct pid *pid;
	__u64 key, locked;
	__u32 pid_key;
	int wanted;

	if (!task)
		return 0;
	if (!shared.pidns_inum) {
		struct upid upid = {};

		pid = BPF_CORE_READ(reader, thread_pid);
		shared.pidns_level = BPF_CORE_READ(pid, level);
		bpf_probe_read_kernel(&upid, bpf_core_type_size(struct upid),
				      mlt_upid(pid, shared.pidns_level));
		shared.pidns_inum = BPF_CORE_READ(upid.ns, ns.inum);
	}
	mm = BPF_CORE_READ(task, mm);
	if (!mm || BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
		return 0;
	locked = BPF_CORE_READ(mm, locked_vm);
	key = (__u64)mm;
	if (!locked || !cfg.mm_ends)
		return 0;
	/* Of filters only these can be asked of another task; the rest are at its end. */
	pid_key = mlt_pid(task);
	wanted = !cfg.by_uid && !cfg.by_comm && !cfg.by_cgroup &&
		 (!cfg.by_pid || bpf_map_lookup_elem(&targets, &pid_key));
	mlt_mm_name(key, task, wanted ? MLT_WANTED : 0);
	return 0;
}
