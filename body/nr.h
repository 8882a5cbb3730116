/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1 OR BSD-2-Clause */
/*
 * Numbers of the system calls that hooks.def knows, for x86-64 and ia32 callers.
 */
#ifndef MLT_NR_BODY_H
#define MLT_NR_BODY_H

enum {
#define MLT_SYSEXIT(tag, OP, nr64, nr32, sym32, help) MLT_NR64_##tag = nr64, MLT_NR32_##tag = nr32,
#define MLT_SYSNR(tag, OP, nr64, nr32) MLT_NR64_##tag = nr64, MLT_NR32_##tag = nr32,
#define MLT_SYSCHARGE(tag, OP, nr64, nr32, sym32, help) MLT_NR64_##tag = nr64, MLT_NR32_##tag = nr32,
#define MLT_SYSLOOK(tag, nr64, nr32) MLT_NR64_##tag = nr64, MLT_NR32_##tag = nr32,
#include <mlocktrace/hooks.def>
};

#endif
