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

/* Only with CONFIG_SECCOMP. */
#define mlt_task_has_seccomp() bpf_core_field_exists(((struct task_struct *)0)->seccomp)

#endif
