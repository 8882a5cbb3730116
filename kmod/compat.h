/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels, and nowhere else: one accessor per difference, with
 * the version and the upstream commit that made it.
 */
#ifndef MLT_COMPAT_H
#define MLT_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "mlocktrace needs Linux 6.1 or newer"
#endif

/* The tracepoints of mmap_lock pass the path of a memory cgroup until 6.15. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
#define MLT_LOCK_PATH const char *memcg_path,
#else
#define MLT_LOCK_PATH
#endif

#endif
