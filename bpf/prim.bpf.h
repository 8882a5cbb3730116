/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the bodies (body/) are written against, in eBPF. The module has the same
 * names in kmod/prim.h.
 *
 *  MLT_READ(p, a, b.c)	p->a->b.c; 0 if any of the pointers leads nowhere
 *  MLT_GET(p, field)	a field of the current task, or of what it points to: never nowhere
 *  MLT_REG(regs, field)	the same of the user's registers
 *  mlt_read_field(to, size, from)
 *			bytes of a field whose type differs between kernels
 *  mlt_read_kernel(to, size, from), mlt_read_user(to, size, from)
 *			any bytes; not 0 if they cannot be read
 *  mlt_sizeof(type), mlt_offsetof(type, field), mlt_enum(type, name)
 *			as the running kernel has them
 *  mlt_task(), mlt_current()
 *			the current task; the second for MLT_GET()
 *  mlt_task_regs()	the user's registers of the current system call
 *  mlt_this_*()	more of the current task; ids are those of the initial namespaces
 *  mlt_now(), mlt_cpu_id()
 *  MLT_MAP(name, key, value, entries), mlt_map_find(), _add(), _set(), _del()
 *			a hash table of fixed size. A value stays readable after it was
 *			deleted, but may be another one's by then. add() fails if the key
 *			is there, and they all return 0 on success.
 *  mlt_add(p, n)	atomically, as the next ones
 *  mlt_fetch_inc(p), mlt_swap(p, from, to)
 *			the value before
 *  mlt_event_reserve(size), mlt_event_submit(event)
 *			a record to fill, NULL if there is no room; and off it goes
 *  mlt_stack(ctx, to, bytes, user, skip)
 *			addresses of the current stack; bytes written, negative if there is none.
 *			Without a context perhaps only those of the user.
 *  mlt_entry_write(out, entry)
 *			a struct mlt_entry, to where the ledger's reader finds it
 *  MLT_SUB, MLT_GLOBAL, MLT_OUTLINE
 *			a function that is one of its own; see below
 *  mlt_number(pointer)	as MLT_GLOBAL functions take it
 *  MLT_UNROLL		before a loop of a few turns
 *  cfg, shared		see shared.h
 */
#ifndef MLT_PRIM_BPF_H
#define MLT_PRIM_BPF_H
#define MLT_PRIM

#include "types.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#define _LINUX_TYPES_H /* types.bpf.h stands for it */
#include "../body/shared.h"
#include "kver.bpf.h"

/*
 * A subprogram. `used` keeps the compiler from dropping a result that nobody
 * looks at: it would leave anything in r0, and 5.10 refuses a stack address there.
 */
#define MLT_SUB static __attribute__((noinline, used))

/*
 * A global function: the verifier looks at it once, and not again from each caller and
 * with all that each of them knows of the arguments. It takes numbers only, and so knows
 * no context.
 */
#define MLT_GLOBAL __noinline

/* The same, for pointers to values of maps or null, where the kernel has that (5.12, too). */
#ifdef MLT_NO_ATOMIC_FETCH
#define MLT_OUTLINE MLT_SUB
#else
#define MLT_OUTLINE __noinline
#endif

#define MLT_UNROLL _Pragma("unroll")

const volatile struct mlt_config cfg = {};
struct mlt_shared shared = {};

#define MLT_MAP(name, key_type, value_type, entries)                                               \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_HASH);                                                   \
		__uint(max_entries, entries);                                                      \
		__type(key, key_type);                                                             \
		__type(value, value_type);                                                         \
	} name SEC(".maps")

#define mlt_map_find(map, key) bpf_map_lookup_elem(map, key)
#define mlt_map_add(map, key, value) bpf_map_update_elem(map, key, value, BPF_NOEXIST)
#define mlt_map_set(map, key, value) bpf_map_update_elem(map, key, value, BPF_ANY)
#define mlt_map_del(map, key) bpf_map_delete_elem(map, key)

#define MLT_READ(...) BPF_CORE_READ(__VA_ARGS__)
#define mlt_read_field(to, size, from) bpf_core_read(to, size, from)
#define mlt_read_kernel(to, size, from) bpf_probe_read_kernel(to, size, from)
#define mlt_read_user(to, size, from) bpf_probe_read_user(to, size, from)
#define mlt_sizeof(type) bpf_core_type_size(type)
#define mlt_offsetof(type, field) bpf_core_field_offset(type, field)
#define mlt_enum(type, name) bpf_core_enum_value(type, name)

/* What the verifier knows as a kernel's pointer it lets nobody pass as a number; a copy it does not know. */
static __always_inline __u64 mlt_number(__u64 pointer)
{
	__u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), &pointer);
	return number;
}

#define mlt_task() ((struct task_struct *)bpf_get_current_task())
#define mlt_this_tgid() ((__u32)(bpf_get_current_pid_tgid() >> 32))
#define mlt_this_tid() ((__u32)bpf_get_current_pid_tgid())
#define mlt_this_uid() ((__u32)bpf_get_current_uid_gid())
#define mlt_this_comm(to, size) bpf_get_current_comm(to, size)
#define mlt_this_cgroup() bpf_get_current_cgroup_id()
#define mlt_this_cgroup_at(level) bpf_get_current_ancestor_cgroup_id(level)
#define mlt_cpu_id() bpf_get_smp_processor_id()
#define mlt_now() bpf_ktime_get_ns()
#define mlt_entry_write(out, entry) bpf_seq_write(out, entry, sizeof(*(entry)))

/*
 * Plain loads where bpf_get_current_task_btf() gives a typed pointer, else the
 * probe read helper; the verifier sees only one of the two.
 */
#define MLT_GET(p, field)                                                                          \
	({                                                                                         \
		typeof((p)->field) v_;                                                             \
		if (cfg.task_btf)                                                                  \
			v_ = (p)->field;                                                           \
		else                                                                               \
			bpf_core_read(&v_, sizeof(v_), &(p)->field);                               \
		v_;                                                                                \
	})

/* Only a kprobe hands them over untyped. */
#define MLT_REG(regs, field)                                                                       \
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
	return mlt_task();
}

#define MLT_THREAD_SIZE 16384 /* arch/x86/include/asm/page_64_types.h */

/* They are at the top of the kernel stack. */
static __always_inline struct pt_regs *mlt_task_regs(void)
{
	__u64 top = (__u64)BPF_CORE_READ(mlt_task(), stack) + MLT_THREAD_SIZE - cfg.stack_padding;

	return (struct pt_regs *)(top - bpf_core_type_size(struct pt_regs));
}

#define mlt_add(p, n) __sync_fetch_and_add(p, n)

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

#include "events.bpf.h"

static __always_inline long mlt_stack(void *ctx, void *to, __u32 bytes, int user, __u64 skip)
{
	if (ctx)
		return bpf_get_stack(ctx, to, bytes, (user ? BPF_F_USER_STACK : 0) | skip);
	/* The user's part begins at the task's registers, wherever we are. */
	if (!user || !cfg.task_btf)
		return 0;
	return bpf_get_task_stack(bpf_get_current_task_btf(), to, bytes, BPF_F_USER_STACK | skip);
}

#endif
