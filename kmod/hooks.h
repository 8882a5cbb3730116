/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the rest of the module asks of the probes.
 */
#ifndef MLT_HOOKS_H
#define MLT_HOOKS_H

#include <linux/types.h>

/**
 * struct mlt_hook_info - one place where we listen
 * @name: of the function or tracepoint
 * @err: why it could not be attached, negative errno; 0 = it is
 * @hits: how often it was reached
 * @misses: how often it was not seen, for want of an instance or inside another probe
 */
struct mlt_hook_info {
	const char *name;
	int err;
	u64 hits;
	u64 misses;
};

/* The first place that is used, from the @i-th on. Where to ask next; -ENOENT past the last. */
int mlt_hook_line(unsigned int i, struct mlt_hook_info *info);

int mlt_hooks_start(unsigned int entries, bool enabled);
void mlt_hooks_end(void);
void mlt_hooks_enable(bool on);
bool mlt_hooks_enabled(void);
/* Hits, misses and what was not followed, from 0 again. */
void mlt_hooks_reset(void);
/* Calls that were not followed to their end. */
u64 mlt_hooks_untracked(void);

#endif
