/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the bodies and whoever sets them going (lib/source_bpf*.c for eBPF, the module
 * for itself) agree on besides the record: settings fixed before the start, and memory
 * both sides see afterwards.
 */
#ifndef MLT_SHARED_BODY_H
#define MLT_SHARED_BODY_H

#include <mlocktrace/event.h>

#define MLT_MM_FILTER 4096 /* power of two */
#define MLT_MAX_CPUS 1024 /* power of two; CPUs beyond share a slot */
#define MLT_SYS_WORDS 8 /* power of two; of 64 numbers of system calls each, more than there are */

enum mlt_sys_row {
#define MLT_SYSCALL(tag, nr64, nr32, sym32, only, help) MLT_SYS_##tag,
#include <mlocktrace/hooks.def>
	MLT_SYS_MAX
};

enum mlt_sysexit_row {
#define MLT_SYSEXIT(tag, OP, nr64, nr32, sym32, help) MLT_SYSEXIT_##tag,
#include <mlocktrace/hooks.def>
	MLT_SYSEXIT_MAX
};

enum mlt_func_row {
#define MLT_FUNC(tag, tiers, shape, args, required, help) MLT_FUNC_##tag,
#include <mlocktrace/hooks.def>
	MLT_FUNC_MAX
};

/* Read-only for the programs: the verifier drops the branches they switch off. */
struct mlt_config {
	__u64 ops;	      /* bit (1 << op): let through */
	/* Numbers of system calls, of either ABI, that are looked into at their entry or exit. */
	__u64 sys_enter[MLT_SYS_WORDS];
	__u64 sys_exit[MLT_SYS_WORDS];
	__u64 cgroup_id;      /* with by_cgroup */
	__u32 cgroup_level;   /* depth of that cgroup */
	__u32 uid;	      /* with by_uid */
	__u32 page_shift;
	char comm[MLOCKTRACE_COMM_LEN]; /* with by_comm */
	__u8 tier;
	__u8 by_pid;
	__u8 follow;
	__u8 by_uid;
	__u8 by_comm;
	__u8 by_cgroup;
	__u8 failures_only;
	__u8 stacks;
	__u8 counting; /* records are counted and not handed out */
	__u8 group_by; /*   by enum mlt_group_by */
	__u8 calls_by_name; /* each system call has a tracepoint of its own */
	__u8 by_tracepoint; /* calls and address spaces begin and end by tracepoints */
	__u8 functions_alone; /* nothing is hooked but functions */
	/* What this kernel can do. */
	__u8 task_btf;	     /* bpf_get_current_task_btf (5.11): plain loads from the task */
	__u8 implicit;	     /* implicit changes are wanted and seen */
	__u8 charges;	     /* charges of the other counters are wanted */
	__u8 mmap_lock;	     /* mmap_lock tracepoints are attached */
	__u8 mmap_lock_path; /* mmap_lock tracepoints pass a memcg path (before 6.15) */
	__u8 mm_ends;	     /* the end of an address space is seen */
	__u8 stack_padding;  /* bytes above the user's registers on the kernel stack */
	__u8 regs_hidden;    /* system call wrappers have an argument of unknown type */
	__u8 regs_btf;	     /* the user's registers come as a typed pointer */
	__u8 nargs[MLT_FUNC_MAX]; /* of the hooked functions with a result: where fexit finds it */
};

struct mlt_cpu {
	__u64 seen;    /* records made */
	__u64 dropped; /* of these, lost for want of buffer */
	__u64 mm_ids;  /* address spaces named on this CPU */
	__u64 untracked; /* calls not followed to their end: no room for their state, or no exit seen */
	/* Of address spaces that have ended: */
	__u64 ended;   /* how many of those that the books know, or that held something */
	__u64 ended_adrift; /* of these, where the counter was not what the books said */
	__u64 ended_unattributed; /* changes that nothing explained */
	__u64 apart;   /* calls of no thread made on this CPU */
};

#define MLT_UNKNOWN (-0x7fffffffffffffffLL)

/* What the iterators over the ledger write of each counter of an address space or user, in pages. */
struct mlt_entry {
	__u64 mm;     /* address of what the counter belongs to; the same for all who share it */
	__u64 mm_id;  /* 0 = not in the books */
	__u64 start_ns;
	__s64 locked; /* the kernel's counter */
	__s64 last;   /* what the books say; MLT_UNKNOWN without any */
	__s64 base;   /*   and what they began with */
	__u64 changes;
	__u64 residues;
	__u32 pid, uid;
	__u32 counter, pad32;
	__u64 wanted; /* the filters let it through */
	char comm[MLOCKTRACE_COMM_LEN];
};

/* Both sides read and write, by plain loads and stores or the atomics noted. */
struct mlt_shared {
	__u32 enabled;	      /* loader: everything is attached, record now */
	__u32 reader_waits;   /* reader: wake me at the next record; cleared by the waker */
	__u32 active;	      /* programs, atomically: traced calls under way */
	__u32 max_map_count;  /* loader: vm.max_map_count */
	__u32 pidns_level;    /* set by the task iterator: reader's pid namespace, */
	__u32 pidns_inum;     /*   depth and inode */
	__u32 origins;	      /* programs, atomically: entries of that map */
	__u32 pools;	      /*   and of that one */
	__u64 perf_pool;      /* loader: pages of perf rings that each user has for free */
	__u64 pad[3];
	__u64 zeros[64];      /* what a new entry of a map is copied from */
	__u32 mm_filter[MLT_MM_FILTER]; /* programs, atomically: address spaces known, by hash */
	struct mlt_cpu cpus[MLT_MAX_CPUS];
};

#endif
