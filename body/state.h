/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * State, settings, and how to look at the current task: the ground of the bodies.
 * Nothing here knows what an operation means.
 *
 * The bodies are what each hook means, written once for both producers. How the
 * kernel is read and where state is kept is the producer's, who includes its own
 * primitives first: bpf/prim.bpf.h, where they are described, or kmod/prim.h.
 */
#ifndef MLT_STATE_BODY_H
#define MLT_STATE_BODY_H

#ifndef MLT_PRIM
#error "a producer's primitives come first"
#endif

#define MLT_RLIMIT_MEMLOCK 8 /* include/uapi/asm-generic/resource.h */
#define MLT_CAP_IPC_LOCK 14  /* include/uapi/linux/capability.h */
#define MLT_VM_LOCKED 0x2000UL /* include/linux/mm.h */
#define MLT_VM_GROWSDOWN 0x100UL
#define MLT_SIGSEGV 11
#define MLT_TS_COMPAT 2	     /* arch/x86/include/asm/thread_info.h */
#define MLT_PF_KTHREAD 0x00200000 /* include/linux/sched.h */
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

#define PAGE_BYTES (1ULL << cfg.page_shift)
#define PAGE_DOWN(x) ((x) & ~(PAGE_BYTES - 1))
#define PAGE_UP(x) PAGE_DOWN((x) + PAGE_BYTES - 1)

/* A walk over the mappings of a range; see vmas.h. */
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
	__s32 sysno; /* where its entry was seen; 0 = not (read() does not come here) */
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
MLT_MAP(calls, __u32, struct mlt_call, 16384);

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

/* address of the mm_struct */
MLT_MAP(mms, __u64, struct mlt_mm, 16384);

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

MLT_MAP(pools, struct mlt_pool_key, struct mlt_pool, 16384);

/* Where the limit of a process came from, if it was set while we looked. */
struct mlt_origin {
	__u64 time_ns;
	__u64 limit; /* bytes, the soft one */
	__u32 pid; /* as the reader sees it */
	__u16 forks;
	__u16 execs;
	char comm[MLOCKTRACE_COMM_LEN];
};

/* tgid in the initial pid namespace */
MLT_MAP(origins, __u32, struct mlt_origin, 16384);

/* With by_pid: processes to record, by pid in the reader's pid namespace. */
MLT_MAP(targets, __u32, __u8, 16384);

/*
 * What is asked of the current task in many places. Global functions, because the
 * verifier then looks at each one once; from 6.2 on it searches the kernel's type
 * information for every typed pointer that is loaded, which takes it a millisecond.
 */
MLT_GLOBAL __u64 mlt_current_mm(void)
{
	struct task_struct *task = mlt_task();

	return (__u64)MLT_READ(task, mm);
}

MLT_GLOBAL __s64 mlt_locked_vm(void)
{
	struct mm_struct *mm = MLT_GET(mlt_current(), mm);

	return mm ? MLT_GET(mm, locked_vm) : 0;
}

MLT_GLOBAL __u64 mlt_soft_limit(void)
{
	struct signal_struct *signal = MLT_GET(mlt_current(), signal);

	return MLT_GET(signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_cur);
}

MLT_GLOBAL __u64 mlt_hard_limit(void)
{
	struct signal_struct *signal = MLT_GET(mlt_current(), signal);

	return MLT_GET(signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_max);
}

/* CLOCK_BOOTTIME when the process started. */
MLT_GLOBAL __u64 mlt_start_ns(void)
{
	struct task_struct *leader = MLT_GET(mlt_current(), group_leader);

	return MLT_GET(leader, start_boottime);
}

/* How the name of one of the caller's files begins: what it is, of those without a place on disk. */
#define MLT_NAME_PERF 0x76655f667265705bULL /* "[perf_event]" */
#define MLT_NAME_SECRET 0x656d746572636573ULL /* "secretmem" */

MLT_GLOBAL __u64 mlt_file_name(__s32 fd)
{
	struct task_struct *task = mlt_task();
	struct fdtable *table = MLT_READ(task, files, fdt);
	const unsigned char *name;
	struct file *file = 0;
	__u64 begin = 0;

	if (fd < 0 || (__u32)fd >= MLT_READ(table, max_fds))
		return 0;
	mlt_read_kernel(&file, sizeof(file), MLT_READ(table, fd) + fd);
	name = MLT_READ(file, f_path.dentry, d_name.name);
	mlt_read_kernel(&begin, sizeof(begin), name);
	return begin;
}

/* Is the current system call a 32-bit one? */
static __always_inline int mlt_is_compat(void)
{
	return MLT_GET(mlt_current(), thread_info.status) & MLT_TS_COMPAT ? 1 : 0;
}

static __always_inline struct mlt_cpu *mlt_cpu(void)
{
	return &shared.cpus[mlt_cpu_id() & (MLT_MAX_CPUS - 1)];
}

/* A pid as its own namespace knows it, and that namespace's inode. */
static __always_inline struct upid *mlt_upid(struct pid *pid, __u32 level)
{
	return (void *)&pid->numbers[0] + level * mlt_sizeof(struct upid);
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

	if (MLT_READ(pid, level) < level)
		return 0;
	mlt_read_kernel(&upid, mlt_sizeof(struct upid), mlt_upid(pid, level));
	inum = MLT_READ(upid.ns, ns.inum);
	return inum == shared.pidns_inum ? upid.nr : 0;
}

static __always_inline __u32 mlt_pid(struct task_struct *task)
{
	if (!shared.pidns_level)
		return MLT_READ(task, tgid);
	return mlt_pid_in_ns(MLT_READ(task, group_leader, thread_pid));
}

/* The same of the current task, where the helper is cheaper. */
static __always_inline __u32 mlt_current_pid(void)
{
	if (!shared.pidns_level)
		return mlt_this_tgid();
	return mlt_pid(mlt_task());
}

static __always_inline __u32 mlt_current_tid(void)
{
	struct task_struct *task = mlt_task();

	if (!shared.pidns_level)
		return mlt_this_tid();
	return mlt_pid_in_ns(MLT_READ(task, thread_pid));
}

/* Is the current task one to record? */
MLT_GLOBAL int mlt_wanted(void)
{
	if (!shared.enabled)
		return 0;
	if (cfg.by_pid) {
		__u32 pid = mlt_current_pid();

		if (!mlt_map_find(&targets, &pid))
			return 0;
	}
	if (cfg.by_uid && mlt_this_uid() != cfg.uid)
		return 0;
	if (cfg.by_comm) {
		__u64 comm[2] = {};

		mlt_this_comm(comm, sizeof(comm));
		if (comm[0] != ((const volatile __u64 *)cfg.comm)[0] ||
		    comm[1] != ((const volatile __u64 *)cfg.comm)[1])
			return 0;
	}
	if (cfg.by_cgroup &&
	    mlt_this_cgroup_at(cfg.cgroup_level) != cfg.cgroup_id)
		return 0;
	return 1;
}

/* Of filters only these can be asked of another task; the rest are at its end. */
static __always_inline int mlt_task_wanted(struct task_struct *task)
{
	__u32 pid = mlt_pid(task);

	return !cfg.by_uid && !cfg.by_comm && !cfg.by_cgroup &&
	       (!cfg.by_pid || mlt_map_find(&targets, &pid));
}

static __always_inline struct mlt_call *mlt_call_lookup(void)
{
	__u32 tid = mlt_this_tid();

	return mlt_map_find(&calls, &tid);
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
	__u32 tid = mlt_this_tid() | MLT_NESTED;
	struct mlt_call *call;

	if (!shared.active)
		return 0;
	call = mlt_map_find(&calls, &tid);
	return call && call->active ? call : 0;
}

/*
 * CAP_IPC_LOCK effective in the initial user namespace, as cap_capable()
 * decides it: only a task of that namespace can have it.
 */
MLT_GLOBAL int mlt_capable(void)
{
	struct task_struct *task = mlt_current();
	struct cred *cred = (struct cred *)MLT_GET(task, cred);
	struct user_namespace *ns = MLT_GET(cred, user_ns);
	__u32 low = 0;

	if (MLT_GET(ns, level))
		return 0;
	mlt_read_field(&low, sizeof(low), &cred->cap_effective);
	return low >> MLT_CAP_IPC_LOCK & 1;
}

static __always_inline int mlt_op_wanted(__u8 op)
{
	return cfg.ops >> op & 1;
}

#endif
