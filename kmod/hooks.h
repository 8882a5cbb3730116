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

/**
 * mlt_hook_line() - what became of a place
 * @i: 0, or what the last call returned
 * @info: the answer, of the first place from there on that is used
 *
 * Return: where to ask next; -ENOENT past the last
 */
int mlt_hook_line(unsigned int i, struct mlt_hook_info *info);

/**
 * struct mlt_hooks_options - what is recorded, and of whom
 * @enabled: from the beginning
 * @stacks: with call stacks
 * @failures_only: only what failed
 * @uid: real user id; -1: of all
 * @comm: name of the process; NULL or empty: of any
 */
struct mlt_hooks_options {
	bool enabled;
	bool stacks;
	bool failures_only;
	int uid;
	char *comm;
};

/**
 * mlt_hooks_start() - listen
 * @entries: how many threads, address spaces and so on are followed, each
 * @options: see there; not needed afterwards
 *
 * Return: 0 or negative errno. Places that are not required may be missing.
 */
int mlt_hooks_start(unsigned int entries, const struct mlt_hooks_options *options);

/**
 * mlt_hooks_end() - listen no more
 *
 * When it returns, no probe is running. May sleep.
 */
void mlt_hooks_end(void);

/**
 * mlt_hooks_enable() - make records, or do not
 * @on: which; the probes stay
 */
void mlt_hooks_enable(bool on);
bool mlt_hooks_enabled(void);

/**
 * mlt_hooks_stacks() - records with call stacks, as a setting
 * @on: else only while a reader needs them
 */
void mlt_hooks_stacks(bool on);

/**
 * mlt_hooks_need_stacks() - the same for a reader
 * @needed: from now on, or no longer; each reader takes back what it asked for
 */
void mlt_hooks_need_stacks(bool needed);

/**
 * mlt_hooks_reset() - count hits, misses and what was not followed from 0 again
 */
void mlt_hooks_reset(void);

/**
 * struct mlt_hooks_sums - what the probes count beside the records
 * @untracked: calls that were not followed to their end
 * @ended: address spaces that ended, of those that held something or were in the books
 * @ended_adrift: of these, where the books were not what the counter was
 * @ended_unattributed: changes of theirs that nothing explained
 */
struct mlt_hooks_sums {
	u64 untracked;
	u64 ended;
	u64 ended_adrift;
	u64 ended_unattributed;
};

/**
 * mlt_hooks_sums() - these figures, since the last reset
 * @sums: the answer
 */
void mlt_hooks_sums(struct mlt_hooks_sums *sums);

struct mlt_entry;

/**
 * mlt_ledger_fill() - what the books say beside the kernel's counters
 * @entry: where to
 * @max: how many fit
 * @n: how many there are, perhaps more than that
 *
 * Return: 0 or -ENOMEM; may sleep.
 */
int mlt_ledger_fill(struct mlt_entry *entry, size_t max, size_t *n);

#endif
