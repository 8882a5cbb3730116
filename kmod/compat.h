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

#endif
