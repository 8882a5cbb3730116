/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The files in debugfs that tell what was counted.
 */
#ifndef MLT_COUNTS_FILES_H
#define MLT_COUNTS_FILES_H

#include <linux/fs.h>

extern const struct file_operations mlt_counts_fops;
extern const struct file_operations mlt_latency_fops;

#endif
