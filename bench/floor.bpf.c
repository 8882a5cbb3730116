// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * What a mechanism costs when next to nothing is done with it: the least that anybody could
 * trace mlock() and munlock() for. Per mechanism (fentry, kprobe, tracepoint) and call there is
 *
 *	empty	returns
 *	count	adds to a counter of its CPU
 *	record	hands over a record of the call's end, in the size of ours
 *	timed	the same with the duration and VmLck before and after, for which the entry is hooked, too
 *
 * named MECHANISM_WEIGHT_CALL, and twice with a further word where both ends are hooked. And the
 * two ends of mmap_lock, empty; and two bare iterators, over tasks and over mappings. Pointers are
 * loaded as cheaply as each mechanism allows.
 */
#include "types.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#define _LINUX_TYPES_H /* types.bpf.h stands for it */
#include "floor.h"

#define VM_LOCKED 0x2000UL	/* include/linux/mm.h */
#define RLIMIT_MEMLOCK 8	/* include/uapi/asm-generic/resource.h */
#define NR_MLOCK 149		/* arch/x86/entry/syscalls/syscall_64.tbl */
#define NR_MUNLOCK 150

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counter SEC(".maps");

struct begin {
	__u64 time_ns;
	__u64 before;
	__u64 addr;
	__u64 len;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct begin);
} begins SEC(".maps");

__u64 lost = 0;
__u32 wanted_pid = 0; /* of iter_vma */

static __always_inline int count(void)
{
	__u32 zero = 0;
	__u64 *value = bpf_map_lookup_elem(&counter, &zero);

	if (value)
		++*value;
	return 0;
}

static __always_inline struct floor_record *make_record(__u64 addr, __u64 len, long ret, __u32 op)
{
	__u64 ids = bpf_get_current_pid_tgid();
	struct floor_record *r = bpf_ringbuf_reserve(&records, sizeof(*r), 0);

	if (!r) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	r->time_ns = bpf_ktime_get_ns();
	r->duration_ns = 0;
	r->addr = addr;
	r->len = len;
	r->ret = ret;
	r->before = 0;
	r->after = 0;
	r->pid = ids >> 32;
	r->tid = ids;
	r->uid = bpf_get_current_uid_gid();
	r->op = op;
	bpf_get_current_comm(r->comm, sizeof(r->comm));
	return r;
}

static __always_inline int record(__u64 addr, __u64 len, long ret, __u32 op)
{
	struct floor_record *r = make_record(addr, len, ret, op);

	if (r)
		bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline __u64 locked_vm(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = task->mm;

	return mm ? mm->locked_vm : 0;
}

/* What was there is written over, which is cheaper than a new entry. */
static __always_inline int begin(__u64 addr, __u64 len)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct begin *at = bpf_map_lookup_elem(&begins, &tid);
	struct begin first = {};

	if (!at) {
		bpf_map_update_elem(&begins, &tid, &first, BPF_ANY);
		at = bpf_map_lookup_elem(&begins, &tid);
	}
	if (!at)
		return 0;
	at->time_ns = bpf_ktime_get_ns();
	at->before = locked_vm();
	at->addr = addr;
	at->len = len;
	return 0;
}

static __always_inline int timed(long ret, __u32 op)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct begin *at = bpf_map_lookup_elem(&begins, &tid);
	struct floor_record *r = at ? make_record(at->addr, at->len, ret, op) : 0;

	if (!r)
		return 0;
	r->duration_ns = r->time_ns - at->time_ns;
	r->before = at->before;
	r->after = locked_vm();
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}

/* ---- functions: a program per call ------------------------------------------------------ */

#define CTX unsigned long long *ctx
#define REGS ((struct pt_regs *)ctx[0])

/* A kprobe's argument is the address of the user's registers. */
static __always_inline struct pt_regs *user_regs(struct pt_regs *regs)
{
	return (struct pt_regs *)regs->di;
}

#define FUNCTION(call, nr)                                                                         \
	SEC("?fexit/__x64_sys_" #call) int fentry_empty_##call(CTX) { return 0; }                  \
	SEC("?fexit/__x64_sys_" #call) int fentry_count_##call(CTX) { return count(); }            \
	SEC("?fexit/__x64_sys_" #call) int fentry_record_##call(CTX)                               \
	{                                                                                          \
		return record(REGS->di, REGS->si, ctx[1], nr);                                     \
	}                                                                                          \
	SEC("?fentry/__x64_sys_" #call) int fentry_timed_##call##_begin(CTX)                       \
	{                                                                                          \
		return begin(REGS->di, REGS->si);                                                  \
	}                                                                                          \
	SEC("?fexit/__x64_sys_" #call) int fentry_timed_##call(CTX)                                \
	{                                                                                          \
		return timed(ctx[1], nr);                                                          \
	}                                                                                          \
	SEC("?kretprobe/__x64_sys_" #call) int kprobe_empty_##call(struct pt_regs *ctx)            \
	{                                                                                          \
		return 0;                                                                          \
	}                                                                                          \
	SEC("?kretprobe/__x64_sys_" #call) int kprobe_count_##call(struct pt_regs *ctx)            \
	{                                                                                          \
		return count();                                                                    \
	}                                                                                          \
	SEC("?kretprobe/__x64_sys_" #call) int kprobe_record_##call(struct pt_regs *ctx)           \
	{                                                                                          \
		return record(0, 0, ctx->ax, nr); /* the arguments are gone */                     \
	}                                                                                          \
	SEC("?kprobe/__x64_sys_" #call) int kprobe_timed_##call##_begin(struct pt_regs *ctx)       \
	{                                                                                          \
		return begin(BPF_CORE_READ(user_regs(ctx), di),                                    \
			     BPF_CORE_READ(user_regs(ctx), si));                                   \
	}                                                                                          \
	SEC("?kretprobe/__x64_sys_" #call) int kprobe_timed_##call(struct pt_regs *ctx)            \
	{                                                                                          \
		return timed(ctx->ax, nr);                                                         \
	}

FUNCTION(mlock, NR_MLOCK)
FUNCTION(munlock, NR_MUNLOCK)

/* ---- tracepoints: a program for all calls ------------------------------------------------- */

static __always_inline int is_ours(__u64 nr)
{
	return nr == NR_MLOCK || nr == NR_MUNLOCK;
}

#define TRACEPOINT(weight, what)                                                                   \
	SEC("?tp_btf/sys_exit") int tracepoint_##weight##_exit(CTX)                                \
	{                                                                                          \
		__u64 nr = REGS->orig_ax;                                                          \
                                                                                                   \
		return is_ours(nr) ? what : 0;                                                     \
	}

TRACEPOINT(empty, 0)
TRACEPOINT(count, count())
TRACEPOINT(record, record(REGS->di, REGS->si, ctx[1], nr))
TRACEPOINT(timed, timed(ctx[1], nr))

SEC("?tp_btf/sys_enter") int tracepoint_timed_enter(CTX)
{
	return is_ours(ctx[1]) ? begin(REGS->di, REGS->si) : 0;
}

/* Every process pays for these. */
SEC("?tp_btf/mmap_lock_acquire_returned") int mmaplock_empty_acquired(CTX) { return 0; }
SEC("?tp_btf/mmap_lock_released") int mmaplock_empty_released(CTX) { return 0; }

/* ---- iterators ---------------------------------------------------------------------------- */

SEC("?iter/task") int iter_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct floor_holder holder = {};
	struct mm_struct *mm;

	if (!task || task->pid != task->tgid)
		return 0;
	mm = BPF_CORE_READ(task, mm);
	if (!mm)
		return 0;
	holder.locked = BPF_CORE_READ(mm, locked_vm);
	holder.pinned = BPF_CORE_READ(mm, pinned_vm.counter);
	if (!holder.locked && !holder.pinned)
		return 0;
	holder.pid = task->tgid;
	holder.uid = BPF_CORE_READ(task, real_cred, uid.val);
	holder.limit = BPF_CORE_READ(task, signal, rlim[RLIMIT_MEMLOCK].rlim_cur);
	bpf_core_read(holder.comm, sizeof(holder.comm), &task->comm);
	bpf_seq_write(ctx->meta->seq, &holder, sizeof(holder));
	return 0;
}

struct bpf_iter__task_vma {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct vm_area_struct *vma;
} __attribute__((preserve_access_index));

SEC("?iter/task_vma") int iter_vma(struct bpf_iter__task_vma *ctx)
{
	struct task_struct *task = ctx->task;
	struct vm_area_struct *vma = ctx->vma;
	struct floor_range range;

	if (!task || !vma || task->tgid != wanted_pid || !(vma->vm_flags & VM_LOCKED))
		return 0;
	range.start = vma->vm_start;
	range.end = vma->vm_end;
	bpf_seq_write(ctx->meta->seq, &range, sizeof(range));
	return 0;
}
