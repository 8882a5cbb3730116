// SPDX-License-Identifier: GPL-2.0
/*
 * Which processes the readers of `events` want to see: each reading session that has a
 * filter is a bit. Whoever follows children gets them at fork.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <mlocktrace/event.h>

#include "map.h"
#include "targets.h"

/*
 * With the sessions' bits: the process has ended. Its records may come late, and its
 * id stays until it is another's.
 */
#define MLT_TARGET_ENDED BIT_ULL(32)

static struct mlt_map followed = { .key_size = sizeof(u32), .value_size = sizeof(u64) };
static atomic_t mlt_n_followed;

/* By op: sessions that do not want it. */
static u32 mlt_unwanted[MLOCKTRACE_OP_MAX];

u32 mlt_following;

int mlt_targets_init(unsigned int entries)
{
	return mlt_map_init(&followed, entries);
}

void mlt_targets_destroy(void)
{
	mlt_map_destroy(&followed);
}

static int mlt_is_ended(void *ctx, const void *key, void *value)
{
	bool ended = *(u64 *)value & MLT_TARGET_ENDED;

	if (ended)
		atomic_dec(&mlt_n_followed);
	return ended;
}

static int mlt_follow(u32 pid, u64 bits)
{
	u64 *known = mlt_map_find(&followed, &pid);
	int err;

	if (known) {
		atomic64_or(bits, (atomic64_t *)known);
		return 0;
	}
	err = mlt_map_add(&followed, &pid, &bits);
	if (err == -ENOSPC) {
		mlt_map_each(&followed, mlt_is_ended, NULL);
		err = mlt_map_add(&followed, &pid, &bits);
	}
	if (!err)
		atomic_inc(&mlt_n_followed);
	return err;
}

int mlt_target_add(u32 pid, u32 session_bit)
{
	return mlt_follow(pid, session_bit);
}

static int mlt_drop(void *ctx, const void *key, void *value)
{
	u64 left = atomic64_fetch_andnot(*(u32 *)ctx, (atomic64_t *)value) & ~(u64)*(u32 *)ctx;

	if ((u32)left)
		return 0;
	atomic_dec(&mlt_n_followed);
	return 1;
}

void mlt_targets_drop(u32 session_bit)
{
	mlt_map_each(&followed, mlt_drop, &session_bit);
}

u32 mlt_targets_of(u32 pid)
{
	u64 *known = atomic_read(&mlt_n_followed) ? mlt_map_find(&followed, &pid) : NULL;

	return known ? READ_ONCE(*known) : 0;
}

void mlt_session_wants(u32 session_bit, u64 ops)
{
	unsigned int op;

	for (op = 0; op < ARRAY_SIZE(mlt_unwanted); op++) {
		u32 others = mlt_unwanted[op] & ~session_bit;

		WRITE_ONCE(mlt_unwanted[op], others | (ops & BIT_ULL(op) ? 0 : session_bit));
	}
}

u32 mlt_sessions_of(u8 op)
{
	return op < ARRAY_SIZE(mlt_unwanted) ? ~READ_ONCE(mlt_unwanted[op]) : ~0U;
}

void mlt_targets_fork(u32 parent, u32 child)
{
	u32 bits;

	if (!atomic_read(&mlt_n_followed))
		return;
	/* Its id may have been a process's that was followed. */
	if (!mlt_map_del(&followed, &child))
		atomic_dec(&mlt_n_followed);
	bits = mlt_targets_of(parent) & READ_ONCE(mlt_following);
	if (bits && mlt_follow(child, bits))
		pr_warn_once("more processes to follow than there is room for\n");
}

void mlt_targets_exit(u32 pid)
{
	u64 *known = atomic_read(&mlt_n_followed) ? mlt_map_find(&followed, &pid) : NULL;

	if (known)
		atomic64_or(MLT_TARGET_ENDED, (atomic64_t *)known);
}
