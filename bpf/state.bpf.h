/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Maps, settings, and how to look at the current task: the ground of the eBPF
 * programs. Nothing here knows what an operation means.
 */
#ifndef MLT_STATE_BPF_H
#define MLT_STATE_BPF_H

#include "types.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#define _LINUX_TYPES_H /* types.bpf.h stands for it */
#include "shared.h"
#include "kver.bpf.h"

/*
 * A subprogram. `used` keeps the compiler from dropping a result that nobody
 * looks at: it would leave anything in r0, and 5.10 refuses a stack address there.
 */
#define MLT_SUB static __attribute__((noinline, used))

#define MLT_RLIMIT_MEMLOCK 8 /* include/uapi/asm-generic/resource.h */
#define MLT_CAP_IPC_LOCK 14  /* include/uapi/linux/capability.h */
#define MLT_VM_LOCKED 0x2000UL /* include/linux/mm.h */
#define MLT_VM_GROWSDOWN 0x100UL
#define MLT_SIGSEGV 11
#define MLT_TS_COMPAT 2	     /* arch/x86/include/asm/thread_info.h */
#define MLT_PF_KTHREAD 0x00200000 /* include/linux/sched.h */
#define MLT_THREAD_SIZE 16384 /* arch/x86/include/asm/page_64_types.h */
#define MLT_EPERM 1
#define MLT_ENOMEM 12
#define MLT_EFAULT 14
#define MLT_ENOSYS 38
#define MLT_ENOBUFS 105
#define MLT_MAX_ERRNO 4095ULL
#define MLT_VM_FAULT_SIGBUS 2 /* include/linux/mm_types.h */
#define MLT_SHM_LOCK 11 /* include/uapi/linux/shm.h */
#define MLT_SHM_UNLOCK 12
#define MLT_IPC_64 0x100 /* include/uapi/linux/ipc.h: or-ed to a command, for newer structs */
#define MLT_SIGNAL_GROUP_EXIT 4 /* include/linux/sched/signal.h */

const volatile struct mlt_config cfg = {};
struct mlt_shared shared = {};

#define PAGE_BYTES (1ULL << cfg.page_shift)
#define PAGE_DOWN(x) ((x) & ~(PAGE_BYTES - 1))
#define PAGE_UP(x) PAGE_DOWN((x) + PAGE_BYTES - 1)

/* A walk over the mappings of a range; see vmas.bpf.h. */
struct mlt_walk {
	__u64 at; /* everything below is accounted for */
	__u64 end;
	__u64 locked; /* bytes */
	__u64 hole;   /* first unmapped address, or end */
	__u64 first;  /* the first mapping met: address of its vm_area_struct */
	__u64 root;   /* maple tree: where to begin, */
	__u64 entry;  /*   where we are, */
	__u64 max;    /*   and the last index below it; red-black tree: the next node */
	__u64 pivots[15]; /* of the node, here because the stack is small */
};

/*
 * A traced call of one thread, from its entry to its exit. The inner hooks add
 * what they see; the exit turns it into a record. Counters are in pages here.
 */
struct mlt_call {
	__u64 time_ns;
	__u64 args[4]; /* of the system call */
	__u64 addr;
	__u64 len;
	__u64 overlap; /* bytes; mremap: the old length */
	__u64 asked;   /* bytes, of implicit changes */
	__u64 where;
	__s64 before;
	__s64 after;
	__u64 total_vm;
	__u64 limit;
	__u64 hard_limit;
	__u64 old_limit;
	__u64 old_hard_limit;
	__u64 new_ptr; /* prlimit64: user addresses of the new */
	__u64 old_ptr; /*   and old limits */
	__u64 mm;      /* address only */
	__u64 owner;   /* of a counter that is not mm's: address of the user_struct, ucounts or mm */
	__u64 account; /* its id in the books */
	__s64 pool_base; /* pages: that counter before the call */
	__u32 owner_uid;
	__u32 flags;
	__u32 arg;
	__s32 inner_ret;
	__u32 target_pid;
	__u32 target_tgid; /* the same in the initial pid namespace; 0 = not known */
	__u8 op;
	__u8 counter;	   /* 0 = as the op has it */
	__u8 active;
	__u8 seen_lock;	   /* before and after were read under mmap_lock */
	__u8 unlocked;	   /* the write lock was released since */
	__u8 inside;	   /* a function that changes the counter was entered and not left */
	__u8 cap_pending;  /* inside capable(CAP_IPC_LOCK) */
	__u8 limit_known;  /* setrlimit: the new limits were read from the kernel's copy */
	__u8 small_rlimit; /* setrlimit: two 32-bit words at new_ptr */
	__u8 booked;	   /* the ledger has taken note of its change */
	__u8 scanned;	   /* overlap and hole were looked for */
	__u8 implicit;	   /* an implicit change, waiting for the exit of its system call */
	__u8 nested;	   /* inside a traced call of the same thread */
	struct mlt_walk walk; /* last: not cleared for each call */
};

/* Of what happens inside a traced call of the same thread; no id is that large (PID_MAX_LIMIT). */
#define MLT_NESTED 0x80000000U
/* Of no thread at all, for the time of one program. */
#define MLT_APART 0x40000000U

/* Keyed by thread id. An entry lives from a thread's first traced call to its exit. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct mlt_call);
} calls SEC(".maps");

enum { MLT_WANTED = 1, MLT_INFERRED = 2 };

/* Who an address space belongs to, from its first traced lock to its end. */
struct mlt_mm {
	__u64 id;
	__u64 start_ns;
	__u64 cgroup_id;
	__u64 limit, hard_limit; /* when it was named */
	__s64 last;	/* pages: the counter when mmap_lock was last released, or MLT_UNKNOWN */
	__s64 base;	/* pages: what the books begin with, from before we recorded; or MLT_UNKNOWN */
	__u64 changes;	/* how often `last` became another one */
	__u64 stack_vm; /* pages: mm->stack_vm at that time */
	__u64 brk, brk_before; /* mm->brk at that time, and at the one before */
	__u64 armed_ns; /* when mlockall(MCL_FUTURE) was called; 0 = not, or before we came */
	__u32 armed_capable; /*   with CAP_IPC_LOCK */
	__u32 dead;	/* exit_mmap has begun; mmap_lock is released once more after that */
	__u64 residues;	/* changes that nothing explained */
	__u32 pid, tid, uid;
	__u32 tgid; /* in the initial pid namespace */
	__u64 wanted; /* MLT_WANTED: the filters let its calls through; or MLT_INFERRED */
	char comm[MLOCKTRACE_COMM_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64); /* address of the mm_struct */
	__type(value, struct mlt_mm);
} mms SEC(".maps");

/* One counter that is not an address space's VmLck. */
struct mlt_pool_key {
	__u64 owner;	/* address of the user_struct, ucounts or mm_struct */
	__u32 counter;
	__u32 pad;
};

/* What can be charged to one and given back by somebody else. */
#define MLT_POOL_FIRST_OP MLOCKTRACE_OP_IO_URING
#define MLT_POOL_OPS 5

struct mlt_pool {
	__u64 id;
	__s64 last; /* pages, when it was last looked at */
	__s64 base; /*   and when recording began */
	__s64 held[MLT_POOL_OPS]; /* of this, charged by each op */
	__u64 changes;
	__u64 residues; /* changes that nothing explained */
	__u64 wanted; /* the filters let somebody through who charged it */
	__u64 mm; /* of who charged it last: VmPin may go with it */
	__u32 uid, pid; /* whose it is; who charged it last, as the reader sees it */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct mlt_pool_key);
	__type(value, struct mlt_pool);
} pools SEC(".maps");

/* Where the limit of a process came from, if it was set while we looked. */
struct mlt_origin {
	__u64 time_ns;
	__u64 limit; /* bytes, the soft one */
	__u32 pid; /* as the reader sees it */
	__u16 forks;
	__u16 execs;
	char comm[MLOCKTRACE_COMM_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32); /* tgid in the initial pid namespace */
	__type(value, struct mlt_origin);
} origins SEC(".maps");

/* With by_pid: processes to record, by pid in the reader's pid namespace. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u8);
} targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} events SEC(".maps");

/*
 * READ(p, field): a field of the current task or of what it points to. Plain
 * loads where bpf_get_current_task_btf() gives a typed pointer, else the probe
 * read helper; the verifier sees only one of the two.
 */
#define READ(p, field)                                                                             \
	({                                                                                         \
		typeof((p)->field) v_;                                                             \
		if (cfg.task_btf)                                                                  \
			v_ = (p)->field;                                                           \
		else                                                                               \
			bpf_core_read(&v_, sizeof(v_), &(p)->field);                               \
		v_;                                                                                \
	})

/* The same for the user's registers, which only a kprobe hands over untyped. */
#define READ_REGS(regs, field)                                                                     \
	({                                                                                         \
		unsigned long v_;                                                                  \
		if (cfg.regs_btf)                                                                  \
			v_ = (regs)->field;                                                        \
		else                                                                               \
			v_ = BPF_CORE_READ(regs, field);                                           \
		v_;                                                                                \
	})

static __always_inline struct task_struct *mlt_current(void)
{
	if (cfg.task_btf)
		return bpf_get_current_task_btf();
	return (struct task_struct *)bpf_get_current_task();
}

/*
 * What is asked of the current task in many places. Global functions, because the
 * verifier then looks at each one once; from 6.2 on it searches the kernel's type
 * information for every typed pointer that is loaded, which takes it a millisecond.
 */
__noinline __u64 mlt_current_mm(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return (__u64)BPF_CORE_READ(task, mm);
}

__noinline __s64 mlt_locked_vm(void)
{
	struct mm_struct *mm = READ(mlt_current(), mm);

	return mm ? READ(mm, locked_vm) : 0;
}

__noinline __u64 mlt_soft_limit(void)
{
	struct signal_struct *signal = READ(mlt_current(), signal);

	return READ(signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_cur);
}

__noinline __u64 mlt_hard_limit(void)
{
	struct signal_struct *signal = READ(mlt_current(), signal);

	return READ(signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_max);
}

/* CLOCK_BOOTTIME when the process started. */
__noinline __u64 mlt_start_ns(void)
{
	struct task_struct *leader = READ(mlt_current(), group_leader);

	return READ(leader, start_boottime);
}

/* How the name of one of the caller's files begins: what it is, of those without a place on disk. */
#define MLT_NAME_PERF 0x76655f667265705bULL /* "[perf_event]" */
#define MLT_NAME_SECRET 0x656d746572636573ULL /* "secretmem" */

__noinline __u64 mlt_file_name(__s32 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	const unsigned char *name;
	struct file *file = 0;
	__u64 begin = 0;

	if (fd < 0 || (__u32)fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + fd);
	name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	bpf_probe_read_kernel(&begin, sizeof(begin), name);
	return begin;
}

/* Is the current system call a 32-bit one? */
static __always_inline int mlt_is_compat(void)
{
	return READ(mlt_current(), thread_info.status) & MLT_TS_COMPAT ? 1 : 0;
}

/* The user's registers of a system call, at the top of the kernel stack. */
static __always_inline struct pt_regs *mlt_task_regs(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 top = (__u64)BPF_CORE_READ(task, stack) + MLT_THREAD_SIZE - cfg.stack_padding;

	return (struct pt_regs *)(top - bpf_core_type_size(struct pt_regs));
}

static __always_inline __u64 mlt_fetch_inc(__u64 *p)
{
#ifdef MLT_NO_ATOMIC_FETCH
	/* Before 5.12 programs run without preemption: nobody comes between. */
	__u64 old = *p;

	*(volatile __u64 *)p = old + 1;
	return old;
#else
	return __sync_fetch_and_add(p, 1);
#endif
}

/* What was there; @to is now, if that was @from. */
static __always_inline __s64 mlt_swap(__s64 *p, __s64 from, __s64 to)
{
#ifdef MLT_NO_ATOMIC_FETCH
	__s64 old = *(volatile __s64 *)p;

	if (old == from)
		*(volatile __s64 *)p = to;
	return old;
#else
	return __sync_val_compare_and_swap(p, from, to);
#endif
}

static __always_inline struct mlt_cpu *mlt_cpu(void)
{
	return &shared.cpus[bpf_get_smp_processor_id() & (MLT_MAX_CPUS - 1)];
}

/* A pid as its own namespace knows it, and that namespace's inode. */
static __always_inline struct upid *mlt_upid(struct pid *pid, __u32 level)
{
	return (void *)&pid->numbers[0] + level * bpf_core_type_size(struct upid);
}

/*
 * Id of a pid in the reader's pid namespace; 0 if it is not in there. @ns_pid
 * is the id in the initial namespace, which is enough where the reader is there.
 */
MLT_SUB __u32 mlt_pid_in_ns(struct pid *pid)
{
	__u32 level = shared.pidns_level;
	struct upid upid = {};
	__u32 inum;

	if (BPF_CORE_READ(pid, level) < level)
		return 0;
	bpf_probe_read_kernel(&upid, bpf_core_type_size(struct upid), mlt_upid(pid, level));
	inum = BPF_CORE_READ(upid.ns, ns.inum);
	return inum == shared.pidns_inum ? upid.nr : 0;
}

static __always_inline __u32 mlt_pid(struct task_struct *task)
{
	if (!shared.pidns_level)
		return BPF_CORE_READ(task, tgid);
	return mlt_pid_in_ns(BPF_CORE_READ(task, group_leader, thread_pid));
}

/* The same of the current task, where the helper is cheaper. */
static __always_inline __u32 mlt_current_pid(void)
{
	if (!shared.pidns_level)
		return bpf_get_current_pid_tgid() >> 32;
	return mlt_pid((struct task_struct *)bpf_get_current_task());
}

static __always_inline __u32 mlt_current_tid(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	if (!shared.pidns_level)
		return (__u32)bpf_get_current_pid_tgid();
	return mlt_pid_in_ns(BPF_CORE_READ(task, thread_pid));
}

/* Is the current task one to record? */
__noinline int mlt_wanted(void)
{
	if (!shared.enabled)
		return 0;
	if (cfg.by_pid) {
		__u32 pid = mlt_current_pid();

		if (!bpf_map_lookup_elem(&targets, &pid))
			return 0;
	}
	if (cfg.by_uid && (__u32)bpf_get_current_uid_gid() != cfg.uid)
		return 0;
	if (cfg.by_comm) {
		__u64 comm[2] = {};

		bpf_get_current_comm(comm, sizeof(comm));
		if (comm[0] != ((const volatile __u64 *)cfg.comm)[0] ||
		    comm[1] != ((const volatile __u64 *)cfg.comm)[1])
			return 0;
	}
	if (cfg.by_cgroup &&
	    bpf_get_current_ancestor_cgroup_id(cfg.cgroup_level) != cfg.cgroup_id)
		return 0;
	return 1;
}

/* Of filters only these can be asked of another task; the rest are at its end. */
static __always_inline int mlt_task_wanted(struct task_struct *task)
{
	__u32 pid = mlt_pid(task);

	return !cfg.by_uid && !cfg.by_comm && !cfg.by_cgroup &&
	       (!cfg.by_pid || bpf_map_lookup_elem(&targets, &pid));
}

static __always_inline struct mlt_call *mlt_call_lookup(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&calls, &tid);
}

/*
 * May this address space be in mms? Asked at every release of every mmap_lock.
 * Its mmap_base is random and stays the same from exec to exit.
 */
static __always_inline __u32 *mlt_mm_filter(__u64 mmap_base)
{
	return &shared.mm_filter[mmap_base >> cfg.page_shift & (MLT_MM_FILTER - 1)];
}

/* The call the current thread is in, if it is a traced one. */
static __always_inline struct mlt_call *mlt_call_active(void)
{
	struct mlt_call *call;

	if (!shared.active)
		return 0;
	call = mlt_call_lookup();
	return call && call->active ? call : 0;
}

/* What is under way inside it, see MLT_NESTED. */
static __always_inline struct mlt_call *mlt_nested_active(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid() | MLT_NESTED;
	struct mlt_call *call;

	if (!shared.active)
		return 0;
	call = bpf_map_lookup_elem(&calls, &tid);
	return call && call->active ? call : 0;
}

/*
 * CAP_IPC_LOCK effective in the initial user namespace, as cap_capable()
 * decides it: only a task of that namespace can have it.
 */
__noinline int mlt_capable(void)
{
	struct task_struct *task = mlt_current();
	struct cred *cred = READ(task, cred);
	struct user_namespace *ns = READ(cred, user_ns);
	__u32 low = 0;

	if (READ(ns, level))
		return 0;
	bpf_core_read(&low, sizeof(low), &cred->cap_effective);
	return low >> MLT_CAP_IPC_LOCK & 1;
}

static __always_inline int mlt_op_wanted(__u8 op)
{
	return cfg.ops >> op & 1;
}

#endif
