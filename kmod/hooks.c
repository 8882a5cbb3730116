// SPDX-License-Identifier: GPL-2.0
/*
 * How the module is called: each row of hooks.def becomes probes by expansion, as it
 * becomes programs in bpf/mlocktrace.bpf.c, and the same bodies say what it means.
 *
 * Kprobes and tracepoints call us with preemption off. A function's entry and exit are
 * one kretprobe; its entry alone is a kprobe, which is cheaper.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/tracepoint.h>
#include <linux/vmalloc.h>

#include "prim.h"
#include "../body/calls.h"
#include "../body/steps.h"
#include "../body/cause.h"
#include "../body/charges.h"
#include "../body/tasks.h"
#include "../body/books.h"

#include "counts.h"
#include "hooks.h"
#include "table.h"
#include "targets.h"
#include "trace.h"

/* Calls under way that sleep hold an instance each; one is 100 bytes. */
#define MLT_MAX_INSIDE 512

/* ---- from a finished record on ------------------------------------------------------ */

static void mlt_event_submit(struct mlocktrace_event *e)
{
	u32 targets = mlt_is_found(e) ? 0 : mlt_targets_of(e->pid);
	u32 cause = mlt_table_account(e);

	if (e->target_pid)
		targets |= mlt_targets_of(e->target_pid);
	targets &= mlt_sessions_of(e->op);
	mlt_counts_add(e, cause);
	mlt_trace_record(e, cause);
	mlt_ring_submit(e, targets);
}

/* By frame pointers, as the BPF helper walks. */
static int mlt_user_stack(struct pt_regs *regs, u64 *to, int max, int skip)
{
	struct {
		u64 next, ret;
	} frame;
	u64 bp = regs->bp;
	int n = 0;

	if (skip)
		skip--;
	else
		to[n++] = regs->ip;
	while (n < max && bp && !(bp & 7)) {
		if (copy_from_user_nofault(&frame, (const void __user *)bp, sizeof(frame)) ||
		    !frame.ret)
			break;
		if (skip)
			skip--;
		else
			to[n++] = frame.ret;
		if (frame.next <= bp)
			break;
		bp = frame.next;
	}
	return n;
}

static int mlt_stack(struct pt_regs *regs, void *to, u32 bytes, int user, int skip)
{
	int n;

	if (user)
		n = user_64bit_mode(task_pt_regs(current)) && current->mm ?
			    mlt_user_stack(task_pt_regs(current), to, bytes / 8, skip) : 0;
	else
		n = stack_trace_save(to, bytes / 8, skip);
	return n * 8;
}

/* ---- the probes ----------------------------------------------------------------------- */

enum mlt_probe_id {
#define MLT_SYSCALL(tag, nr64, nr32, sym32, only, help) MLT_P_x64_##tag, MLT_P_ia32_##tag,
#define MLT_SYSEXIT(tag, OP, nr64, nr32, sym32, help) MLT_P_x64_##tag, MLT_P_ia32_##tag,
#define MLT_SYSCHARGE(tag, OP, nr64, nr32, sym32, help) MLT_P_x64_##tag, MLT_P_ia32_##tag,
#define MLT_FUNC(tag, tiers, shape, args, required, help) MLT_P_##tag,
#include <mlocktrace/hooks.def>
	MLT_P_mmap_lock_acquire_returned,
	MLT_P_mmap_lock_released,
	MLT_P_sched_process_fork,
	MLT_P_sched_process_exec,
	MLT_P_sched_process_exit,
	MLT_P_MAX
};

struct mlt_hits {
	u64 n[MLT_P_MAX];
};

static DEFINE_PER_CPU(struct mlt_hits, mlt_hits);

#define MLT_HIT(id) this_cpu_inc(mlt_hits.n[MLT_P_##id])

#define MLT_WRAPPER(abi, tag)                                                                      \
	static int enter_##abi##_##tag(struct kretprobe_instance *ri, struct pt_regs *regs)        \
	{                                                                                          \
		MLT_HIT(abi##_##tag);                                                              \
		mlt_wrapper(MLT_SYS_##tag, (struct pt_regs *)regs->di);                            \
		/* That one's end is looked at, whatever it did. */                                \
		return MLT_SYS_##tag != MLT_SYS_ipc && !mlt_call_active();                         \
	}                                                                                          \
	static int exit_##abi##_##tag(struct kretprobe_instance *ri, struct pt_regs *regs)         \
	{                                                                                          \
		return mlt_syscall_exit(regs, MLT_SYS_##tag, regs_return_value(regs));             \
	}
#define MLT_SYSCALL(tag, nr64, nr32, sym32, only, help) MLT_WRAPPER(x64, tag) MLT_WRAPPER(ia32, tag)
#include <mlocktrace/hooks.def>

/*
 * Can this call change or ask for anything that is counted? Nearly none can, and whose
 * entry says so needs no return probe. With other threads nothing is sure: one may lock
 * what this call is about to unmap.
 */
static bool mlt_can_matter(u8 op, const struct pt_regs *regs, int compat)
{
	struct mm_struct *mm = current->mm;

	if (shared.active || !mm || mm->locked_vm || mm->def_flags & MLT_VM_LOCKED ||
	    atomic_read(&mm->mm_users) > 1)
		return true;
	if (op != MLOCKTRACE_OP_MMAP)
		return false;
	if ((compat ? regs->si : regs->r10) & MLT_MAP_LOCKED)
		return true;
	return mlt_file_name(compat ? regs->di : regs->r8) == MLT_NAME_SECRET;
}

#define MLT_WRAPPER_EXIT(abi, tag, OP)                                                             \
	static int enter_##abi##_##tag(struct kretprobe_instance *ri, struct pt_regs *regs)        \
	{                                                                                          \
		MLT_HIT(abi##_##tag);                                                              \
		return !mlt_can_matter(MLOCKTRACE_OP_##OP, (struct pt_regs *)regs->di,             \
				       mlt_is_compat());                                           \
	}                                                                                          \
	static int exit_##abi##_##tag(struct kretprobe_instance *ri, struct pt_regs *regs)         \
	{                                                                                          \
		return mlt_by_the_way(regs, MLOCKTRACE_OP_##OP, regs_return_value(regs));          \
	}
#define MLT_SYSEXIT(tag, OP, nr64, nr32, sym32, help)                                              \
	MLT_WRAPPER_EXIT(x64, tag, OP) MLT_WRAPPER_EXIT(ia32, tag, OP)
#include <mlocktrace/hooks.def>

#define MLT_CHARGE_EXIT(abi, tag, OP)                                                              \
	static int enter_##abi##_##tag(struct kretprobe_instance *ri, struct pt_regs *regs)        \
	{                                                                                          \
		MLT_HIT(abi##_##tag);                                                              \
		return 0;                                                                          \
	}                                                                                          \
	static int exit_##abi##_##tag(struct kretprobe_instance *ri, struct pt_regs *regs)         \
	{                                                                                          \
		return mlt_charge_row_exit(MLOCKTRACE_OP_##OP, regs_return_value(regs));           \
	}
#define MLT_SYSCHARGE(tag, OP, nr64, nr32, sym32, help)                                            \
	MLT_CHARGE_EXIT(x64, tag, OP) MLT_CHARGE_EXIT(ia32, tag, OP)
#include <mlocktrace/hooks.def>

/* ---- functions inside ----------------------------------------------------------------- */

#define MLT_ARGS(regs) { (regs)->di, (regs)->si, (regs)->dx }
#define MLT_STUB_ENTER(tag)                                                                        \
	static int enter_##tag(struct kprobe *kp, struct pt_regs *regs)                            \
	{                                                                                          \
		u64 arg[] = MLT_ARGS(regs);                                                        \
												   \
		MLT_HIT(tag);                                                                      \
		mlt_##tag##_enter(regs, arg);                                                      \
		return 0;                                                                          \
	}
#define MLT_STUB_RETURN(tag)                                                                       \
	static int exit_##tag(struct kretprobe_instance *ri, struct pt_regs *regs)                 \
	{                                                                                          \
		mlt_##tag##_exit(regs, regs_return_value(regs));                                   \
		return 0;                                                                          \
	}
/* All of them are about a call that is followed, or say at their entry that one begins. */
#define MLT_STUB_PAIR(tag)                                                                         \
	static int enter_##tag(struct kretprobe_instance *ri, struct pt_regs *regs)                \
	{                                                                                          \
		u64 arg[] = MLT_ARGS(regs);                                                        \
												   \
		MLT_HIT(tag);                                                                      \
		mlt_##tag##_enter(regs, arg);                                                      \
		return !shared.active;                                                             \
	}                                                                                          \
	MLT_STUB_RETURN(tag)
#define MLT_STUB_EXIT(tag)                                                                         \
	static int enter_##tag(struct kretprobe_instance *ri, struct pt_regs *regs)                \
	{                                                                                          \
		MLT_HIT(tag);                                                                      \
		return !shared.active && !shared.pools;                                            \
	}                                                                                          \
	MLT_STUB_RETURN(tag)
#define MLT_FUNC(tag, tiers, shape, args, required, help) MLT_STUB_##shape(tag)
#include <mlocktrace/hooks.def>

/* ---- tracepoints ---------------------------------------------------------------------- */

static void tp_mmap_lock_acquire_returned(void *data, struct mm_struct *mm,
					  MLT_LOCK_PATH bool write, bool success)
{
	if (!mlt_lock_matters(mm))
		return;
	MLT_HIT(mmap_lock_acquire_returned);
	if (success)
		mlt_lock_taken(NULL, mm, write);
}

static void tp_mmap_lock_released(void *data, struct mm_struct *mm, MLT_LOCK_PATH bool write)
{
	if (!write || !mlt_lock_matters(mm))
		return;
	MLT_HIT(mmap_lock_released);
	mlt_lock_released(NULL, (u64)mm);
}

static void tp_sched_process_fork(void *data, struct task_struct *parent, struct task_struct *child)
{
	MLT_HIT(sched_process_fork);
	if (child->tgid == child->pid)
		mlt_targets_fork(parent->tgid, child->tgid);
	mlt_fork(NULL, parent, child);
}

static void tp_sched_process_exec(void *data, struct task_struct *task, pid_t old_pid,
				  struct linux_binprm *bprm)
{
	MLT_HIT(sched_process_exec);
	mlt_exec_origin();
	if (old_pid != task->pid)
		mlt_forget_thread(old_pid);
}

static void tp_sched_process_exit(void *data, struct task_struct *task)
{
	MLT_HIT(sched_process_exit);
	mlt_task_exit(task);
	if (!atomic_read(&task->signal->live)) {
		mlt_table_exit(task->tgid, task->group_leader->start_boottime);
		mlt_targets_exit(task->tgid);
	}
}

/* ---- the table ------------------------------------------------------------------------ */

enum mlt_probe_kind {
	MLT_KPROBE,
	MLT_KRETPROBE,
	MLT_TRACEPOINT,
};

struct mlt_probe {
	const char *name; /* of the function or tracepoint; NULL: none here */
	enum mlt_probe_kind kind;
	union {
		struct kprobe kp;
		struct kretprobe rp;
		struct {
			struct tracepoint *at;
			void *fn;
		} tp;
	};
	int err; /* why it is not there; 0 = it is */
	u64 forgiven; /* misses until the last reset */
};

#define MLT_RETURNS(id, symbol)                                                                    \
	[MLT_P_##id] = { .name = symbol, .kind = MLT_KRETPROBE,                                    \
			 .rp = { .kp.symbol_name = symbol, .entry_handler = enter_##id,            \
				 .handler = exit_##id, .maxactive = MLT_MAX_INSIDE } },
#define MLT_ENTERS(id, symbol)                                                                     \
	[MLT_P_##id] = { .name = symbol, .kind = MLT_KPROBE,                                       \
			 .kp = { .symbol_name = symbol, .pre_handler = enter_##id } },
#define MLT_TRACES(id)                                                                             \
	[MLT_P_##id] = { .name = #id, .kind = MLT_TRACEPOINT, .tp.fn = tp_##id },

#define MLT_PROBE_PAIR(tag) MLT_RETURNS(tag, #tag)
#define MLT_PROBE_EXIT(tag) MLT_RETURNS(tag, #tag)
#define MLT_PROBE_ENTER(tag) MLT_ENTERS(tag, #tag)

static struct mlt_probe mlt_probes[MLT_P_MAX] = {
#define MLT_SYSCALL(tag, nr64, nr32, sym32, only, help)                                            \
	MLT_RETURNS(x64_##tag, "__x64_sys_" #tag) MLT_RETURNS(ia32_##tag, "__ia32_" #sym32)
#define MLT_SYSEXIT(tag, OP, nr64, nr32, sym32, help)                                              \
	MLT_RETURNS(x64_##tag, "__x64_sys_" #tag) MLT_RETURNS(ia32_##tag, "__ia32_" #sym32)
#define MLT_SYSCHARGE(tag, OP, nr64, nr32, sym32, help)                                            \
	MLT_RETURNS(x64_##tag, "__x64_sys_" #tag) MLT_RETURNS(ia32_##tag, "__ia32_" #sym32)
#define MLT_FUNC(tag, tiers, shape, args, required, help) MLT_PROBE_##shape(tag)
#include <mlocktrace/hooks.def>
	MLT_TRACES(mmap_lock_acquire_returned)
	MLT_TRACES(mmap_lock_released)
	MLT_TRACES(sched_process_fork)
	MLT_TRACES(sched_process_exec)
	MLT_TRACES(sched_process_exit)
};

/* Which rows are for functions beside tracepoints, as this module has them. */
enum {
	MLT_FN = 1,
	MLT_PRE = 0,
	MLT_ALONE = 0,
	MLT_TPT = 0,
	MLT_FNS = MLT_FN,
	MLT_BY_THE_WAY = 0,
	MLT_CHARGES = 0,
};

static bool mlt_is_used(unsigned int id)
{
	switch (id) {
#define MLT_FUNC(tag, tiers, shape, args, required, help)                                          \
	case MLT_P_##tag:                                                                          \
		return (tiers) & MLT_FN;
#include <mlocktrace/hooks.def>
	}
	switch (id) {
#define MLT_SYSCALL(tag, nr64, nr32, sym32, only, help)                                            \
	case MLT_P_x64_##tag:                                                                      \
		return (nr64) >= 0;
#include <mlocktrace/hooks.def>
	}
	/* A call without arguments has one function for both ABIs. */
	return strcmp(mlt_probes[id].name, "__ia32_same");
}

static void mlt_find_tracepoint(struct tracepoint *tp, void *name_and_result)
{
	struct mlt_probe *probe = name_and_result;

	if (!strcmp(tp->name, probe->name))
		probe->tp.at = tp;
}

static int mlt_attach(struct mlt_probe *probe)
{
	switch (probe->kind) {
	case MLT_KPROBE:
		return register_kprobe(&probe->kp);
	case MLT_KRETPROBE:
		return register_kretprobe(&probe->rp);
	default:
		for_each_kernel_tracepoint(mlt_find_tracepoint, probe);
		return probe->tp.at ? tracepoint_probe_register(probe->tp.at, probe->tp.fn, NULL) :
				      -ENOENT;
	}
}

/* Those that are to go, and a grace period for all of them at a time, not for each. */
static struct kprobe *mlt_going_kp[MLT_P_MAX];
static struct kretprobe *mlt_going_rp[MLT_P_MAX];

/* Tracepoints first: they are what makes records of what the rest has begun. */
static void mlt_detach_all(void)
{
	int i, n_kp = 0, n_rp = 0;

	for (i = MLT_P_MAX - 1; i >= 0; i--) {
		struct mlt_probe *probe = &mlt_probes[i];

		if (!probe->name || probe->err || !mlt_is_used(i))
			continue;
		probe->err = -ESHUTDOWN;
		if (probe->kind == MLT_TRACEPOINT)
			tracepoint_probe_unregister(probe->tp.at, probe->tp.fn, NULL);
		else if (probe->kind == MLT_KPROBE)
			mlt_going_kp[n_kp++] = &probe->kp;
		else
			mlt_going_rp[n_rp++] = &probe->rp;
	}
	unregister_kretprobes(mlt_going_rp, n_rp);
	unregister_kprobes(mlt_going_kp, n_kp);
	tracepoint_synchronize_unregister();
}

static u64 mlt_misses(const struct mlt_probe *probe)
{
	switch (probe->kind) {
	case MLT_KPROBE:
		return probe->kp.nmissed;
	case MLT_KRETPROBE:
		return probe->rp.nmissed + probe->rp.kp.nmissed;
	default:
		return 0;
	}
}

int mlt_hook_line(unsigned int i, struct mlt_hook_info *info)
{
	struct mlt_probe *probe;
	int cpu;

	while (i < MLT_P_MAX && !mlt_is_used(i))
		i++;
	if (i >= MLT_P_MAX)
		return -ENOENT;
	probe = &mlt_probes[i];
	info->name = probe->name;
	info->err = probe->err;
	info->misses = mlt_misses(probe) - probe->forgiven;
	info->hits = 0;
	for_each_possible_cpu(cpu)
		info->hits += per_cpu(mlt_hits, cpu).n[i];
	return i + 1;
}

void mlt_hooks_reset(void)
{
	int i, cpu;

	for (i = 0; i < MLT_P_MAX; i++)
		mlt_probes[i].forgiven = mlt_misses(&mlt_probes[i]);
	for_each_possible_cpu(cpu) {
		memset(per_cpu_ptr(&mlt_hits, cpu), 0, sizeof(mlt_hits));
		/* (the ids that it gives out go on) */
		shared.cpus[cpu & (MLT_MAX_CPUS - 1)].untracked = 0;
		shared.cpus[cpu & (MLT_MAX_CPUS - 1)].ended = 0;
		shared.cpus[cpu & (MLT_MAX_CPUS - 1)].ended_adrift = 0;
		shared.cpus[cpu & (MLT_MAX_CPUS - 1)].ended_unattributed = 0;
	}
}

/* ---- start and end ---------------------------------------------------------------------- */

/* Of a file with one number in /proc/sys: the variables behind them are not exported. */
static s64 mlt_sysctl(const char *path, s64 otherwise)
{
	struct file *file = filp_open(path, O_RDONLY, 0);
	char text[24] = {};
	loff_t at = 0;
	s64 value;

	if (IS_ERR(file))
		return otherwise;
	if (kernel_read(file, text, sizeof(text) - 1, &at) <= 0 ||
	    kstrtoll(strim(text), 10, &value))
		value = otherwise;
	filp_close(file, NULL);
	return value;
}

static struct mlt_map *const mlt_maps[] = { &calls, &mms, &pools, &origins, &targets };

static int mlt_maps_init(unsigned int entries)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(mlt_maps); i++) {
		err = mlt_map_init(mlt_maps[i], entries);
		if (err)
			return err;
	}
	return 0;
}

static void mlt_maps_destroy(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mlt_maps); i++)
		mlt_map_destroy(mlt_maps[i]);
}

static void mlt_configure(const struct mlt_hooks_options *options)
{
	cfg.ops = ~0ULL;
	cfg.failures_only = options->failures_only;
	mlt_hooks_stacks(options->stacks);
	cfg.by_uid = options->uid >= 0;
	cfg.uid = options->uid;
	cfg.by_comm = options->comm && *options->comm;
	if (cfg.by_comm)
		strscpy_pad(cfg.comm, options->comm, sizeof(cfg.comm));
	cfg.page_shift = PAGE_SHIFT;
	cfg.tier = MLOCKTRACE_TIER_KMOD;
	cfg.implicit = 1;
	cfg.charges = 1;
	cfg.mmap_lock = 1;
	cfg.mm_ends = 1;
	shared.max_map_count = mlt_sysctl("/proc/sys/vm/max_map_count", INT_MAX);
	/* A CPU's share of that file is what each user has. */
	shared.perf_pool = (mlt_sysctl("/proc/sys/kernel/perf_event_mlock_kb", 516) >>
			    (PAGE_SHIFT - 10)) * num_online_cpus();
	shared.pidns_inum = init_pid_ns.ns.inum;
}

static void mlt_baseline_all(void)
{
	struct task_struct *process, *thread;

	rcu_read_lock();
	for_each_process_thread(process, thread)
		mlt_baseline(thread);
	rcu_read_unlock();
}

/* May it be without that one? */
static bool mlt_is_required(unsigned int id)
{
	switch (id) {
#define MLT_SYSCALL(tag, nr64, nr32, sym32, only, help)                                            \
	case MLT_P_x64_##tag:                                                                      \
		return !(only);
#define MLT_FUNC(tag, tiers, shape, args, required, help)                                          \
	case MLT_P_##tag:                                                                          \
		return required;
#include <mlocktrace/hooks.def>
	case MLT_P_mmap_lock_acquire_returned:
	case MLT_P_mmap_lock_released:
	case MLT_P_sched_process_fork:
	case MLT_P_sched_process_exec:
	case MLT_P_sched_process_exit:
		return true;
	}
	return false;
}

int mlt_hooks_start(unsigned int entries, const struct mlt_hooks_options *options)
{
	unsigned int i;
	int err;

	mlt_configure(options);
	for (i = 0; i < MLT_P_MAX; i++)
		mlt_probes[i].err = -ENODEV;
	err = mlt_maps_init(entries);
	for (i = 0; i < MLT_P_MAX && !err; i++) {
		if (!mlt_is_used(i))
			continue;
		mlt_probes[i].err = mlt_attach(&mlt_probes[i]);
		if (!mlt_probes[i].err)
			continue;
		if (mlt_is_required(i)) {
			err = mlt_probes[i].err;
			pr_err("%s cannot be hooked (%d), and nothing works without it\n",
			       mlt_probes[i].name, err);
		} else {
			pr_info("%s cannot be hooked (%d): see debugfs mlocktrace/hooks\n",
				mlt_probes[i].name, mlt_probes[i].err);
		}
	}
	if (err) {
		mlt_hooks_end();
		return err;
	}
	mlt_baseline_all();
	mlt_hooks_enable(options->enabled);
	return 0;
}

void mlt_hooks_end(void)
{
	shared.enabled = 0;
	mlt_detach_all();
	mlt_maps_destroy();
}

void mlt_hooks_enable(bool on)
{
	WRITE_ONCE(shared.enabled, on);
}

bool mlt_hooks_enabled(void)
{
	return READ_ONCE(shared.enabled);
}

static atomic_t mlt_stack_readers;
static bool mlt_stacks_are_set;

static void mlt_decide_stacks(void)
{
	WRITE_ONCE(cfg.stacks, READ_ONCE(mlt_stacks_are_set) || atomic_read(&mlt_stack_readers));
}

void mlt_hooks_stacks(bool on)
{
	WRITE_ONCE(mlt_stacks_are_set, on);
	mlt_decide_stacks();
}

void mlt_hooks_need_stacks(bool needed)
{
	atomic_add(needed ? 1 : -1, &mlt_stack_readers);
	mlt_decide_stacks();
}

void mlt_hooks_sums(struct mlt_hooks_sums *sums)
{
	int cpu;

	memset(sums, 0, sizeof(*sums));
	for (cpu = 0; cpu < min_t(int, nr_cpu_ids, MLT_MAX_CPUS); cpu++) {
		const struct mlt_cpu *from = &shared.cpus[cpu];

		sums->untracked += READ_ONCE(from->untracked);
		sums->ended += READ_ONCE(from->ended);
		sums->ended_adrift += READ_ONCE(from->ended_adrift);
		sums->ended_unattributed += READ_ONCE(from->ended_unattributed);
	}
}

/* ---- the ledger's file ------------------------------------------------------------------- */

struct mlt_pool_keys {
	struct mlt_pool_key *key;
	size_t n, max;
};

static int mlt_note_pool(void *ctx, const void *key, void *value)
{
	struct mlt_pool_keys *keys = ctx;

	if (keys->n < keys->max)
		keys->key[keys->n++] = *(const struct mlt_pool_key *)key;
	return 0;
}

/* Not while the table is walked: a look at a pool may change the table. */
static int mlt_ledger_pools(struct mlt_entries *out)
{
	struct mlt_pool_keys keys = { .max = pools.n_slots };
	struct mlt_pool *pool;
	size_t i;

	keys.key = vmalloc(array_size(keys.max, sizeof(*keys.key)));
	if (!keys.key)
		return -ENOMEM;
	mlt_map_each(&pools, mlt_note_pool, &keys);
	for (i = 0; i < keys.n; i++) {
		preempt_disable();
		pool = mlt_map_find(&pools, &keys.key[i]);
		if (pool)
			mlt_ledger_of_pool(out, &keys.key[i], pool);
		preempt_enable();
	}
	vfree(keys.key);
	return 0;
}

int mlt_ledger_fill(struct mlt_entry *entry, size_t max, size_t *n)
{
	struct mlt_entries out = { .entry = entry, .max = max };
	struct task_struct *process, *thread;
	int err;

	err = mlt_ledger_pools(&out);
	rcu_read_lock();
	for_each_process_thread(process, thread)
		mlt_ledger_of_task(&out, thread);
	rcu_read_unlock();
	*n = out.n;
	return err;
}
