/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the bodies (body/) are written against, in a kernel module; bpf/prim.bpf.h
 * describes each name. All of it may be used with preemption off and in interrupts.
 */
#ifndef MLT_PRIM_KMOD_H
#define MLT_PRIM_KMOD_H
#define MLT_PRIM

#include <linux/atomic.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/sched/user.h>
#include <linux/skbuff.h>
#include <linux/stacktrace.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "../body/shared.h"
#include "compat.h"
#include "map.h"
#include "ring.h"

/* An op in hooks.def, by whose name macros make others. */
#undef SHM_HUGETLB

#define MLT_SUB static noinline __maybe_unused
#define MLT_GLOBAL static noinline __maybe_unused
#define MLT_OUTLINE MLT_GLOBAL
#define mlt_number(pointer) (pointer)
#define MLT_UNROLL

static struct mlt_config cfg;
static struct mlt_shared shared;

#define MLT_MAP(name, key_type, value_type, entries)                                               \
	static struct mlt_map name = {                                                             \
		.key_size = sizeof(key_type), .value_size = sizeof(value_type)                     \
	}

/*
 * Much of what is read belongs to somebody else and may be gone by now, so a read may
 * fault and gives 0 then. The check keeps it out of user space, whose faults SMAP
 * would make fatal.
 */
static __always_inline bool mlt_is_kernel(const void *from)
{
	unsigned long at = (unsigned long)from;

	return at >= PAGE_OFFSET && __is_canonical_address(at, boot_cpu_data.x86_virt_bits);
}

static __always_inline void mlt_hop(void *to, const void *from, size_t size)
{
	if (unlikely(!mlt_is_kernel(from)))
		goto fault;
	switch (size) {
	case 1:
		__get_kernel_nofault(to, from, u8, fault);
		return;
	case 2:
		__get_kernel_nofault(to, from, u16, fault);
		return;
	case 4:
		__get_kernel_nofault(to, from, u32, fault);
		return;
	case 8:
		__get_kernel_nofault(to, from, u64, fault);
		return;
	}
fault:
	memset(to, 0, size);
}

/* (a union, since the field may be const) */
#define MLT_HOP(p, field)                                                                          \
	({                                                                                         \
		union {                                                                            \
			typeof((p)->field) value;                                                  \
			u8 bytes[sizeof((p)->field)];                                              \
		} hop_;                                                                            \
												   \
		BUILD_BUG_ON(sizeof(hop_) > 8);                                                    \
		mlt_hop(hop_.bytes, (const void __force *)&(p)->field, sizeof(hop_));              \
		hop_.value;                                                                        \
	})
#define MLT_READ_1(p, a) MLT_HOP(p, a)
#define MLT_READ_2(p, a, b) MLT_HOP(MLT_HOP(p, a), b)
#define MLT_READ_3(p, a, b, c) MLT_HOP(MLT_READ_2(p, a, b), c)
#define MLT_READ_4(p, a, b, c, d) MLT_HOP(MLT_READ_3(p, a, b, c), d)
#define MLT_READ_N(_1, _2, _3, _4, name, ...) name
#define MLT_READ(p, ...)                                                                           \
	MLT_READ_N(__VA_ARGS__, MLT_READ_4, MLT_READ_3, MLT_READ_2, MLT_READ_1)(p, __VA_ARGS__)
#define MLT_GET(p, field) ((p)->field)
#define MLT_REG(regs, field) ((regs)->field)

#define mlt_read_field(to, size, from) mlt_read_kernel(to, size, from)
#define mlt_read_kernel(to, size, from)                                                            \
	copy_from_kernel_nofault(to, (const void __force *)(from), size)
#define mlt_read_user(to, size, from)                                                              \
	copy_from_user_nofault(to, (const void __user __force *)(from), size)
#define mlt_sizeof(type) sizeof(type)
#define mlt_offsetof(type, field) offsetof(type, field)
#define mlt_enum(type, name) name

#define mlt_task() current
#define mlt_current() current
#define mlt_task_regs() task_pt_regs(current)
#define mlt_this_tgid() ((u32)current->tgid)
#define mlt_this_tid() ((u32)current->pid)
#define mlt_this_uid() ((u32)__kuid_val(current_uid()))
#define mlt_this_comm(to, size) strscpy_pad((char *)(to), current->comm, size)
#define mlt_this_cgroup() MLT_READ(current, cgroups, dfl_cgrp, kn, id)
#define mlt_cpu_id() ((u32)raw_smp_processor_id())
#define mlt_now() ktime_get_mono_fast_ns()

static inline u64 mlt_this_cgroup_at(u32 level)
{
	struct cgroup *cgroup = cgroup_ancestor(task_dfl_cgroup(current), level);

	return cgroup ? cgroup_id(cgroup) : 0;
}

#define mlt_add(p, n) __sync_fetch_and_add(p, n)

static __always_inline u64 mlt_fetch_inc(u64 *p)
{
	return atomic64_fetch_inc((atomic64_t *)p);
}

static __always_inline s64 mlt_swap(s64 *p, s64 from, s64 to)
{
	return atomic64_cmpxchg((atomic64_t *)p, from, to);
}

static void mlt_event_submit(struct mlocktrace_event *e);
static int mlt_stack(struct pt_regs *regs, void *to, u32 bytes, int user, int skip);
#define mlt_event_reserve(size) ((void *)mlt_ring_reserve())

/* What the ledger's file is filled with. */
struct mlt_entries {
	struct mlt_entry *entry;
	size_t n, max; /* n may be above max: there was no room */
};

static inline void mlt_entry_write(struct mlt_entries *out, const struct mlt_entry *entry)
{
	if (out->n < out->max)
		out->entry[out->n] = *entry;
	out->n++;
}

/* ---- what differs between kernels, as in bpf/kver.bpf.h ----------------------------- */

#define mlt_mm_has_maple_tree() 1
#define MLT_MAPLE_TREE_ONLY
#define mlt_mm_has_owner() IS_ENABLED(CONFIG_MEMCG)
#define mlt_user_has_perf_pool() MLT_HAS_PERF_POOL
#if MLT_HAS_PERF_POOL /* see Kbuild */
#define mlt_user_perf_pool(user) MLT_READ(user, perf_mlock.counter)
#else
#define mlt_user_perf_pool(user) ((void)(user), 0)
#endif
#define mlt_ucounts_have_memlock() 1
#define mlt_shm_pages(owner)                                                                       \
	MLT_READ((struct ucounts *)(owner), rlimit[UCOUNT_RLIMIT_MEMLOCK].counter)
#define mlt_task_has_seccomp() IS_ENABLED(CONFIG_SECCOMP)

#endif
