/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What differs between kernels, asked of their type information and answered
 * by accessors. The only file with bpf_core_*_exists().
 */
#ifndef MLT_KVER_BPF_H
#define MLT_KVER_BPF_H

#include "types.bpf.h"
#include <bpf/bpf_core_read.h>

/* struct mm_struct lost its list of mappings to the maple tree in 6.1 (763ecb035029). */
#define mlt_mm_has_maple_tree() bpf_core_field_exists(((struct mm_struct *)0)->mm_mt)

/* Only with CONFIG_MEMCG. */
#define mlt_mm_has_owner() bpf_core_field_exists(((struct mm_struct *)0)->owner)

/* Rings of perf have a pool of their own in some 6.x and 7.x; else it is locked_vm. */
#define mlt_user_has_perf_pool() bpf_core_field_exists(((struct user_struct *)0)->perf_mlock)
#define mlt_user_perf_pool(user)                                                                   \
	(mlt_user_has_perf_pool() ? BPF_CORE_READ(user, perf_mlock.counter) : 0)

/* SHM_LOCK has been counted in each user namespace since 5.14, before in all of them at once. */
#define mlt_ucounts_have_memlock()                                                                 \
	bpf_core_enum_value_exists(enum rlimit_type, UCOUNT_RLIMIT_MEMLOCK)
#define mlt_shm_pages(owner)                                                                       \
	(mlt_ucounts_have_memlock() ?                                                              \
		 BPF_CORE_READ((struct ucounts *)(owner),                                          \
			       rlimit[bpf_core_enum_value(enum rlimit_type,                        \
							  UCOUNT_RLIMIT_MEMLOCK)].counter) :       \
		 BPF_CORE_READ((struct user_struct *)(owner), locked_shm))

/* Only with CONFIG_SECCOMP. */
#define mlt_task_has_seccomp() bpf_core_field_exists(((struct task_struct *)0)->seccomp)

#endif
