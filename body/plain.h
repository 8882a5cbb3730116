/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1 OR BSD-2-Clause */
/*
 * Errnos, integers and the arguments of lock calls, from where they are: the
 * only place in body/ that knows kernel headers from those of user space, and both from eBPF.
 */
#ifndef MLT_PLAIN_BODY_H
#define MLT_PLAIN_BODY_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/mman.h>
#include <linux/types.h>
#elif defined(__bpf__)
#include <asm-generic/errno.h>
#include <asm-generic/mman.h>
typedef __u32 uint32_t;
typedef __u64 uint64_t;
typedef __s64 int64_t;
#else
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#endif

#endif
