/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A look at the counters other than VmLck when a system call ends that may have moved
 * them: in every tier those that are seldom called, in the tracepoint tier all of them,
 * since no function tells what happens inside. And who holds what, for the iterators.
 */
#ifndef MLT_LOOKS_BODY_H
#define MLT_LOOKS_BODY_H

#include "ledger.h"

/* mlt_pool_sync() for the call at @key: a global function, as mlt_sync_here(). */
MLT_GLOBAL int mlt_pool_sync_at(__u32 key, __u64 owner, __u32 counter)
{
	struct mlt_call *call = mlt_map_find(&calls, &key);
	__u8 op;

	if (!call)
		return 0;
	op = call->op;
	mlt_pool_sync(0, call, owner, counter);
	call->op = op;
	return 0;
}

static __always_inline void mlt_pools_look(__u32 key, __u64 user, __u64 mm)
{
	mlt_pool_sync_at(key, user, MLOCKTRACE_COUNTER_USER);
	if (mlt_user_has_perf_pool())
		mlt_pool_sync_at(key, user, MLOCKTRACE_COUNTER_PERF);
	mlt_pool_sync_at(key, mm, MLOCKTRACE_COUNTER_VMPIN);
}

/*
 * The end of a system call that may have moved them: all that the caller is charged
 * for. @asked: bytes that were refused for that; 0 = none, or a hook inside has said so.
 */
static __always_inline int mlt_charging_call_exit(__u32 op, __s32 ret, __u64 asked)
{
	struct task_struct *task = mlt_task();
	struct mlt_call *call;
	__u64 user;
	__u32 at;

	if (!shared.enabled)
		return 0;
	call = mlt_pool_call(op, &at);
	if (!call)
		return 0;
	user = mlt_pool_owner(task, MLOCKTRACE_COUNTER_USER);
	mlt_pools_look(at, user, (__u64)MLT_READ(task, mm));
	call->asked = asked;
	if (ret < 0 && asked)
		mlt_charge_refused(0, call, user, MLOCKTRACE_COUNTER_USER, ret);
	mlt_pool_call_done(&at);
	return 0;
}

/* ---- what was asked for, by the arguments of the system call -------------------------- */

#define MLT_SOL_XDP 283 /* include/linux/socket.h */
#define MLT_XDP_UMEM_REG 4 /* include/uapi/linux/if_xdp.h */
#define MLT_MSG_ZEROCOPY 0x4000000 /* include/linux/socket.h */
#define MLT_REGISTER_BUFFERS 0 /* include/uapi/linux/io_uring.h */
#define MLT_MAP_SHARED 1
#define MLT_SHM_HUGETLB 04000 /* include/uapi/linux/shm.h */
#define MLT_MANY_VECTORS 128

struct mlt_vector {
	__u64 base, len;
};

/*
 * Bytes of whole pages that a user's vectors touch; of more than we look at those of the
 * first, which is less than was asked for. 0 = they cannot be read.
 */
MLT_GLOBAL __u64 mlt_vectors_asked(__u64 vectors, __u64 n)
{
	struct mlt_vector v = {};
	__u64 sum = 0;

	for (__u32 i = 0; i < MLT_MANY_VECTORS && i < n; i++) {
		if (mlt_read_user(&v, sizeof(v), (void *)(vectors + i * sizeof(v))))
			return 0;
		sum += PAGE_UP(v.base + v.len) - PAGE_DOWN(v.base);
	}
	return sum;
}

/* The same of a 32-bit program. */
MLT_GLOBAL __u64 mlt_small_vectors_asked(__u64 vectors, __u64 n)
{
	struct {
		__u32 base, len;
	} v = {};
	__u64 sum = 0;

	for (__u32 i = 0; i < MLT_MANY_VECTORS && i < n; i++) {
		if (mlt_read_user(&v, sizeof(v), (void *)(vectors + i * sizeof(v))))
			return 0;
		sum += PAGE_UP((__u64)v.base + v.len) - PAGE_DOWN((__u64)v.base);
	}
	return sum;
}

/* io_uring_register(fd, opcode, vectors, how many) */
MLT_SUB __u64 mlt_register_asked(struct pt_regs *regs, int compat)
{
	if ((__u32)(compat ? MLT_READ(regs, cx) : MLT_READ(regs, si)) != MLT_REGISTER_BUFFERS)
		return 0;
	if (compat)
		return mlt_small_vectors_asked((__u32)MLT_READ(regs, dx), (__u32)MLT_READ(regs, si));
	return mlt_vectors_asked(MLT_READ(regs, dx), (__u32)MLT_READ(regs, r10));
}

/* As the kernel does: two pages more than that many bytes fill. */
static __always_inline __u64 mlt_zerocopy_asked(__u64 bytes)
{
	return PAGE_DOWN(bytes) + 2 * PAGE_BYTES;
}

/* sendmsg(): (fd, struct msghdr *, flags); of its vectors' bytes, since pages do not matter here */
MLT_GLOBAL __u64 mlt_sendmsg_asked(__u64 header)
{
	__u64 vectors[2] = {}, sum = 0;
	struct mlt_vector v = {};

	/* struct user_msghdr: name, its length, vectors, how many (include/linux/socket.h) */
	if (mlt_read_user(vectors, sizeof(vectors), (void *)(header + 16)))
		return 0;
	for (__u32 i = 0; i < MLT_MANY_VECTORS && i < vectors[1]; i++) {
		if (mlt_read_user(&v, sizeof(v), (void *)(vectors[0] + i * sizeof(v))))
			return 0;
		sum += v.len;
	}
	return mlt_zerocopy_asked(sum);
}

/* What a system call was to charge, in bytes; of what 32-bit callers send nothing is known. */
MLT_SUB __u64 mlt_call_asked(struct pt_regs *regs, __s32 nr, __s32 ret)
{
	int compat = mlt_is_compat();
	__u64 range[2] = {};

	if (nr == MLT_NR64_io_uring_register) /* the same number in both */
		return ret == -MLT_ENOMEM ? mlt_register_asked(regs, compat) : 0;
	if (compat || ret != -MLT_ENOBUFS)
		return 0;
	if (nr == MLT_NR64_sendto)
		return mlt_zerocopy_asked(MLT_READ(regs, dx));
	if (nr == MLT_NR64_sendmsg)
		return mlt_sendmsg_asked(MLT_READ(regs, si));
	if (nr == MLT_NR64_setsockopt &&
	    !mlt_read_user(range, sizeof(range), (void *)MLT_READ(regs, r10)))
		return PAGE_UP(range[1]);
	return 0;
}

/* Of the caller's own counter. @asked: bytes; 0 = not known */
MLT_SUB int mlt_call_refused(__u8 op, __u32 counter, __u64 asked, __s32 ret)
{
	struct task_struct *task = mlt_task();
	struct mlt_call *call;
	__u32 at;

	call = mlt_pool_call(op, &at);
	if (!call)
		return 0;
	call->asked = PAGE_UP(asked);
	mlt_charge_refused(0, call, mlt_pool_owner(task, counter), counter, ret);
	mlt_pool_call_done(&at);
	return 0;
}

/* A huge segment that the caller may not have; what it may have is charged to nobody. */
static __always_inline int mlt_shmget_exit(__u64 size, __u64 flags, __s32 ret)
{
	return ret == -MLT_EPERM && flags & MLT_SHM_HUGETLB ?
		       mlt_call_refused(MLOCKTRACE_OP_SHM_HUGETLB, MLOCKTRACE_COUNTER_SHM, size, ret) :
		       0;
}

/* Op of a row of MLT_SYSCHARGE by its number, or 0. */
MLT_GLOBAL int mlt_charge_of_number(__s32 nr, int compat)
{
#define MLT_SYSCHARGE(tag, OP, nr64, nr32, sym32, help)                                            \
	if (nr == (compat ? nr32 : nr64))                                                          \
		return MLOCKTRACE_OP_##OP;
#include <mlocktrace/hooks.def>
	return 0;
}

/* Bytes that a function inside of this io_uring call was refused; 0 = none was. */
static __always_inline __u64 mlt_refused_inside(void)
{
	__u32 tid = mlt_this_tid() | MLT_NESTED;
	struct mlt_call *call = mlt_map_find(&calls, &tid);

	if (!call || call->op != MLOCKTRACE_OP_IO_URING || !call->booked)
		return 0;
	call->booked = 0;
	return call->asked;
}

/* The end of a row of MLT_SYSCHARGE. A global function, as mlt_sync_here(). */
MLT_GLOBAL int mlt_charge_row_exit(__u32 op, __s32 ret)
{
	struct pt_regs *regs = mlt_task_regs();
	__u64 inside, asked;

	if (op == MLOCKTRACE_OP_SHM_HUGETLB)
		return mlt_shmget_exit(mlt_is_compat() ? MLT_READ(regs, cx) : MLT_READ(regs, si),
				       MLT_READ(regs, dx), ret);
	inside = mlt_refused_inside();
	asked = ret < 0 ? mlt_call_asked(regs, mlt_sysno(), ret) : 0;
	/* What one of its buffers was refused is less than all of them need. */
	return mlt_charging_call_exit(op, ret, asked > inside ? asked : inside);
}

/* ---- the tracepoint tier ---------------------------------------------------------------- */

#define MLT_NO_OP 0xff
/* include/uapi/linux/net.h */
#define MLT_SYS_SEND 9
#define MLT_SYS_SENDTO 11
#define MLT_SYS_SETSOCKOPT 14
#define MLT_SYS_SENDMSG 16
#define MLT_SYS_SENDMMSG 20

/* socketcall() of 32-bit programs: the arguments proper are in the caller's memory. */
static __always_inline __u8 mlt_op_of_socketcall(__u32 call)
{
	if (call == MLT_SYS_SETSOCKOPT)
		return MLOCKTRACE_OP_XDP_UMEM;
	if (call == MLT_SYS_SEND || call == MLT_SYS_SENDTO || call == MLT_SYS_SENDMSG ||
	    call == MLT_SYS_SENDMMSG)
		return MLOCKTRACE_OP_ZEROCOPY;
	return shared.pools ? 0 : MLT_NO_OP;
}

/* Is it one that charges, by its arguments? Its op; 0 = it can only give back; MLT_NO_OP = neither. */
static __always_inline __u8 mlt_op_of_look(struct pt_regs *regs, __s32 nr, int compat)
{
	__u64 flags;

	if (nr == (compat ? MLT_NR32_setsockopt : MLT_NR64_setsockopt))
		return (__u32)(compat ? MLT_READ(regs, cx) : MLT_READ(regs, si)) == MLT_SOL_XDP &&
		       (__u32)MLT_READ(regs, dx) == MLT_XDP_UMEM_REG ?
			       MLOCKTRACE_OP_XDP_UMEM : MLT_NO_OP;
	if (nr == (compat ? MLT_NR32_mmap : MLT_NR64_mmap)) {
		flags = compat ? MLT_READ(regs, si) : MLT_READ(regs, r10);
		return flags & MLT_MAP_SHARED && mlt_mmap_fd() >= 0 ? MLOCKTRACE_OP_PERF_MMAP : MLT_NO_OP;
	}
	if (compat && nr == MLT_NR32_socketcall)
		return mlt_op_of_socketcall(MLT_READ(regs, bx));
	flags = 0;
	if (nr == (compat ? MLT_NR32_sendmsg : MLT_NR64_sendmsg))
		flags = MLT_READ(regs, dx);
	else if (nr == (compat ? MLT_NR32_sendto : MLT_NR64_sendto) ||
		 nr == (compat ? MLT_NR32_sendmmsg : MLT_NR64_sendmmsg))
		flags = compat ? MLT_READ(regs, si) : MLT_READ(regs, r10);
	if (flags & MLT_MSG_ZEROCOPY)
		return MLOCKTRACE_OP_ZEROCOPY;
	return shared.pools ? 0 : MLT_NO_OP;
}

/*
 * What kernel threads and interrupts have given back, the tracepoint tier learns when
 * somebody looks into the books.
 */
MLT_GLOBAL int mlt_pool_look(__u64 owner, __u32 counter)
{
	__u32 at;

	if (!mlt_pool_call(0, &at))
		return 0;
	mlt_pool_sync_at(at, owner, counter);
	mlt_pool_call_done(&at);
	return 0;
}

/*
 * Without function hooks: what removing or leaving a segment gives back to the caller,
 * if he has locked it. To anybody else is seen when that one is looked at next.
 */
MLT_GLOBAL int mlt_shm_look(void)
{
	return mlt_pool_look(mlt_pool_owner(mlt_current(), MLOCKTRACE_COUNTER_SHM),
			     MLOCKTRACE_COUNTER_SHM);
}

/* ipc() of 32-bit programs, but for what is followed from its beginning: see mlt_shm_enter() */
static __always_inline int mlt_ipc_exit(__s32 ret)
{
	struct pt_regs *regs = mlt_task_regs();

	if (!cfg.charges)
		return 0;
	if (cfg.tier == MLOCKTRACE_TIER_TRACEPOINT)
		mlt_shm_look();
	return (MLT_READ(regs, bx) & 0xffff) != MLT_SHMGET ?
		       0 : mlt_shmget_exit(MLT_READ(regs, dx), MLT_READ(regs, si), ret);
}

/* The end of a system call, by its function. */
static __always_inline int mlt_syscall_exit(void *ctx, __u32 sys, __s32 ret)
{
	struct mlt_call *call = mlt_call_active();

	if (call && !call->implicit)
		return mlt_call_end(ctx, call, ret);
	return sys == MLT_SYS_ipc ? mlt_ipc_exit(ret) : 0;
}

/* A mapping of @len bytes that was refused: of a ring? */
MLT_SUB int mlt_perf_refused(__u64 len, __s32 ret)
{
	__u64 user = mlt_pool_owner(mlt_current(), MLOCKTRACE_COUNTER_USER);

	if (ret != -MLT_EPERM || mlt_file_name(mlt_mmap_fd()) != MLT_NAME_PERF)
		return 0;
	return mlt_call_refused(MLOCKTRACE_OP_PERF_MMAP, MLOCKTRACE_COUNTER_VMPIN,
				mlt_bytes(mlt_beyond_pool(user, PAGE_UP(len) >> cfg.page_shift)), ret);
}

MLT_GLOBAL int mlt_look_exit(__s32 nr, __u64 ret)
{
	struct pt_regs *regs = mlt_task_regs();
	int compat = mlt_is_compat();
	int ours = compat ? nr == MLT_NR32_mmap || nr == MLT_NR32_munmap :
			    nr == MLT_NR64_mmap || nr == MLT_NR64_munmap;
	__s32 err = ret >= -MLT_MAX_ERRNO ? (__s32)ret : 0;
	__u8 op = mlt_charge_of_number(nr, compat);

	if (op) /* by its own tracepoint, if calls have those */
		return cfg.calls_by_name && !compat ? 0 : mlt_charge_row_exit(op, err);
	if (cfg.tier != MLOCKTRACE_TIER_TRACEPOINT)
		return 0;
#define MLT_SYSLOOK(tag, nr64, nr32) ours |= nr == (compat ? nr32 : nr64);
#include <mlocktrace/hooks.def>
	if (compat && nr == MLT_NR32_ipc)
		return mlt_ipc_exit(err);
	if (nr == (compat ? MLT_NR32_shmdt : MLT_NR64_shmdt))
		return mlt_shm_look();
	op = ours ? mlt_op_of_look(regs, nr, compat) : MLT_NO_OP;
	if (op == MLT_NO_OP)
		return 0;
	if (op == MLOCKTRACE_OP_PERF_MMAP && err)
		return mlt_perf_refused(compat ? MLT_READ(regs, cx) : MLT_READ(regs, si), err);
	return mlt_charging_call_exit(op, err, err && op ? mlt_call_asked(regs, nr, err) : 0);
}

#endif
