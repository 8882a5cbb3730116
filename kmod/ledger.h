/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file `ledger`, see ledger.c.
 */
#ifndef MLT_LEDGER_KMOD_H
#define MLT_LEDGER_KMOD_H

#include <linux/fs.h>

extern const struct file_operations mlt_ledger_fops;

#endif
