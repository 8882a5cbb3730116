/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The files in debugfs, see debugfs.c.
 */
#ifndef MLT_DEBUGFS_H
#define MLT_DEBUGFS_H

int mlt_debugfs_init(void);
void mlt_debugfs_exit(void);

#endif
