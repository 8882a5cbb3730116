/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-2-Clause */
/*
 * The record: one per operation (one system call, one implicit change, one
 * refusal), the same bytes from every producer, in every recording.
 *
 * Sizes are bytes, never pages; times are nanoseconds. Producers write facts;
 * why a call failed is derived from them (mlocktrace_cause()). Fields are
 * only ever appended: a reader takes `size` bytes and treats what it does not
 * find as 0.
 */
#ifndef MLOCKTRACE_EVENT_H
#define MLOCKTRACE_EVENT_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define MLOCKTRACE_ABI 1
#define MLOCKTRACE_COMM_LEN 16
#define MLOCKTRACE_UNLIMITED (~0ULL) /* RLIM_INFINITY */
#define MLOCKTRACE_STACK_USER 48     /* most frames of each kind in a tail */
#define MLOCKTRACE_STACK_KERNEL 16

#define MLT_OP(id, TAG, name, help) MLOCKTRACE_OP_##TAG = id,
enum mlocktrace_op {
#include <mlocktrace/events.def>
	MLOCKTRACE_OP_MAX
};

#define MLT_COUNTER(id, TAG, name, help) MLOCKTRACE_COUNTER_##TAG = id,
enum mlocktrace_counter {
	MLOCKTRACE_COUNTER_NONE = 0,
#include <mlocktrace/events.def>
	MLOCKTRACE_COUNTER_MAX
};

/* Of no record: derived from it, always by the same code. */
#define MLT_CAUSE(id, TAG, name, help, advice) MLOCKTRACE_CAUSE_##TAG = id,
enum mlocktrace_cause {
#include <mlocktrace/events.def>
	MLOCKTRACE_CAUSE_MAX
};

#define MLT_TIER(id, TAG, name, source, help) MLOCKTRACE_TIER_##TAG = id,
enum mlocktrace_tier {
	MLOCKTRACE_TIER_NONE = 0,
#include <mlocktrace/events.def>
	MLOCKTRACE_TIER_MAX
};

#define MLT_FLAG(bit, TAG, name, help) MLOCKTRACE_F_##TAG = 1u << bit,
enum mlocktrace_flag {
#include <mlocktrace/events.def>
};

struct mlocktrace_event {
	__u16 size;	/* of this record with its stack tail */
	__u8 abi;	/* MLOCKTRACE_ABI */
	__u8 op;	/* enum mlocktrace_op */
	__u8 counter;	/* enum mlocktrace_counter */
	__u8 tier;	/* enum mlocktrace_tier */
	__u16 cpu;	/* where it was recorded; `lost`: whose records are lost */
	__u64 seq;	/* per CPU, from 1, counting dropped records too */
	__u64 time_ns;	/* CLOCK_MONOTONIC when the operation began */
	__u64 duration_ns;
	__u32 pid;	/* the caller's process and thread, */
	__u32 tid;	/*   as seen from the tracer's pid namespace */
	__u64 start_ns;	/* CLOCK_BOOTTIME when pid started: (pid, start_ns) is unique */
	__u32 uid;	/* real uid in the initial user namespace */
	__u32 target_pid; /* whose limit or address space it is, if not pid's; fork: the child */
	__u64 cgroup_id; /* cgroup v2 id: the inode number of its folder */
	__u64 mm_id;	/* account of the counter (an address space, a user) for the tracer's lifetime; 0 = none */
	__u64 addr;	/* as the caller gave it; mmap, mremap: where the mapping is now (a hint or the */
	__u64 len;	/*   old one on failure); brk, stack: the part that was to come or to go */
	union {
		__u64 asked;	 /* what the kernel adds up: in whole pages; mlockall: the whole address space */
		__u64 old_limit; /* setrlimit: soft limit before */
		__u64 count;	 /* lost: how many records */
	};
	union {
		__u64 overlap;	      /* the part of asked that was locked already (see OVERLAP_KNOWN) */
		__u64 old_hard_limit; /* setrlimit: hard limit before */
		__u64 old_len;	      /* mremap: as the caller gave it */
	};
	__s64 before;	/* the counter, before and */
	__s64 after;	/*   after: after - before is what this record changed */
	__u64 limit;	/* RLIMIT_MEMLOCK of the caller (setrlimit: what was asked for), MLOCKTRACE_UNLIMITED = none */
	__u64 hard_limit;
	__u64 where;	/* with HOLE: the first unmapped address of the range; mremap: the old address */
	__u64 flags;	/* MLOCKTRACE_F_* */
	__s32 ret;	/* 0, or the negative errno the caller got */
	__s32 inner_ret; /* negative errno of the inner step that failed, else 0 */
	__u32 arg;	/* flags argument of mlock2, mlockall, mmap and mremap, unfiltered */
	__u32 dropped;	/* records dropped on this CPU so far, modulo 2^32 */
	__u16 n_user;	/* stack tail: n_user, then n_kernel addresses */
	__u16 n_kernel;	/*   of __u64 each, innermost first */
	__s32 sysno;	/* system call it happened in, as the caller's ABI counts; -1 = none */
	char comm[MLOCKTRACE_COMM_LEN]; /* bytes as the task set them, zero-padded */
	__u64 armed_ns; /* with ARMED: time_ns of the mlockall(MCL_FUTURE); 0 = before we came */
	/* Where the limit in force came from; limit_ns 0 = set before we came. */
	__u64 limit_ns;	   /* time_ns of the setrlimit */
	__u32 limit_pid;   /* of the process that made it */
	__u16 limit_forks; /* inherited since then over so many forks */
	__u16 limit_execs; /*   and execs (both end at 65535) */
	char limit_comm[MLOCKTRACE_COMM_LEN];
	__u32 owner_uid;   /* of the counters user, perf and shm: whose it is, as uid */
	__u32 reserved;	   /* 0 */
	/* __u64 stack[n_user + n_kernel]; */
};

#ifdef __cplusplus
#define MLT_ASSERT static_assert
#else
#define MLT_ASSERT _Static_assert
#endif
#define MLT_AT(field, offset) \
	MLT_ASSERT(__builtin_offsetof(struct mlocktrace_event, field) == (offset), "ABI: " #field)

MLT_AT(size, 0);
MLT_AT(abi, 2);
MLT_AT(op, 3);
MLT_AT(counter, 4);
MLT_AT(tier, 5);
MLT_AT(cpu, 6);
MLT_AT(seq, 8);
MLT_AT(time_ns, 16);
MLT_AT(duration_ns, 24);
MLT_AT(pid, 32);
MLT_AT(tid, 36);
MLT_AT(start_ns, 40);
MLT_AT(uid, 48);
MLT_AT(target_pid, 52);
MLT_AT(cgroup_id, 56);
MLT_AT(mm_id, 64);
MLT_AT(addr, 72);
MLT_AT(len, 80);
MLT_AT(asked, 88);
MLT_AT(overlap, 96);
MLT_AT(before, 104);
MLT_AT(after, 112);
MLT_AT(limit, 120);
MLT_AT(hard_limit, 128);
MLT_AT(where, 136);
MLT_AT(flags, 144);
MLT_AT(ret, 152);
MLT_AT(inner_ret, 156);
MLT_AT(arg, 160);
MLT_AT(dropped, 164);
MLT_AT(n_user, 168);
MLT_AT(n_kernel, 170);
MLT_AT(sysno, 172);
MLT_AT(comm, 176);
MLT_AT(armed_ns, 192);
MLT_AT(limit_ns, 200);
MLT_AT(limit_pid, 208);
MLT_AT(limit_forks, 212);
MLT_AT(limit_execs, 214);
MLT_AT(limit_comm, 216);
MLT_AT(owner_uid, 232);
MLT_AT(reserved, 236);
MLT_ASSERT(sizeof(struct mlocktrace_event) == 240, "ABI: size");
#undef MLT_AT
#undef MLT_ASSERT

#endif
