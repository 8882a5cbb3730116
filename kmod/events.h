/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file `events`, for debugfs.c.
 */
#ifndef MLT_EVENTS_H
#define MLT_EVENTS_H

#include <linux/fs.h>
#include <linux/types.h>

extern const struct file_operations mlt_events_fops;

/* Open files; records handed out to all of them together, `lost` ones not counted. */
unsigned int mlt_events_readers(void);
u64 mlt_events_delivered(void);
void mlt_events_reset(void);

#endif
