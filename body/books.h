/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Who holds what: what is there when we come, and what the books say beside the
 * kernel whenever somebody asks.
 */
#ifndef MLT_BOOKS_BODY_H
#define MLT_BOOKS_BODY_H

#include "charges.h"

/* ---- baseline ------------------------------------------------------------------ */

#define MLT_EACH_COUNTER(counter)                                                                  \
	for (__u32 counter = MLOCKTRACE_COUNTER_VMPIN; counter <= MLOCKTRACE_COUNTER_SHM; counter++)

/* What is charged already when we come: the first look at it shall not take it for new. */
MLT_SUB int mlt_pools_baseline(struct task_struct *task)
{
	MLT_EACH_COUNTER(counter)
	{
		__u64 owner = mlt_pool_owner(task, counter);
		struct mlt_pool *pool;

		if (!owner || !mlt_pool_count(owner, counter))
			continue;
		pool = mlt_pool_of(owner, counter, 0);
		if (pool)
			pool->last = pool->base = mlt_pool_count(owner, counter);
	}
	return 0;
}

/* The reader's pid namespace, by the first look of the reader. */
static __always_inline void mlt_learn_pidns(void)
{
	struct pid *pid = MLT_READ(mlt_task(), thread_pid);
	struct upid upid = {};

	shared.pidns_level = MLT_READ(pid, level);
	mlt_read_kernel(&upid, mlt_sizeof(struct upid), mlt_upid(pid, shared.pidns_level));
	shared.pidns_inum = MLT_READ(upid.ns, ns.inum);
}

/* Name the address space of a task, if it holds locked pages already. */
static __always_inline int mlt_baseline(struct task_struct *task)
{
	struct mm_struct *mm = MLT_READ(task, mm);
	struct mlt_mm *known;
	__u64 locked;

	if (cfg.charges)
		mlt_pools_baseline(task);
	if (!shared.pidns_inum)
		mlt_learn_pidns();
	if (!mm) /* of a process whose leader has left, another thread has it */
		return 0;
	locked = MLT_READ(mm, locked_vm);
	if (!locked || !cfg.mm_ends)
		return 0;
	known = mlt_mm_meet((__u64)mm, task, mlt_task_wanted(task) ? MLT_WANTED : 0);
	/* Read outside the lock, so it counts only if no release has come before. */
	locked = MLT_READ(mm, locked_vm);
	if (known) {
		mlt_swap(&known->last, MLT_UNKNOWN, locked);
		mlt_swap(&known->base, MLT_UNKNOWN, locked);
	}
	return 0;
}

/* ---- ledger -------------------------------------------------------------------- */

/* @pool: NULL = not in the books */
MLT_SUB int mlt_pool_entry(struct mlt_entry *entry, const struct mlt_pool_key *key,
			   const struct mlt_pool *pool)
{
	if (!entry || !key)
		return 0;
	entry->mm = key->owner;
	entry->counter = key->counter;
	entry->uid = mlt_pool_uid(key->owner, key->counter);
	entry->last = entry->base = MLT_UNKNOWN;
	if (pool) {
		entry->mm_id = pool->id;
		entry->last = pool->last;
		entry->base = pool->base;
		entry->changes = pool->changes;
		entry->residues = pool->residues;
		entry->uid = pool->uid;
		entry->wanted = pool->wanted;
	}
	/* Who holds nothing may be gone: what is in its place is another's. */
	entry->locked = pool && !pool->last ? 0 : mlt_pool_count(key->owner, key->counter);
	return 0;
}

MLT_SUB int mlt_pools_of_task(void *out, struct task_struct *task)
{
	MLT_EACH_COUNTER(counter)
	{
		struct mlt_pool_key key = { .owner = mlt_pool_owner(task, counter),
					    .counter = counter };
		struct mlt_entry entry = {};

		if (!key.owner || !mlt_pool_count(key.owner, counter))
			continue;
		mlt_pool_entry(&entry, &key, mlt_map_find(&pools, &key));
		entry.locked = mlt_pool_count(key.owner, counter);
		entry.wanted |= mlt_task_wanted(task);
		if (counter == MLOCKTRACE_COUNTER_VMPIN) {
			entry.start_ns = MLT_READ(task, group_leader, start_boottime);
			entry.pid = mlt_pid(task);
			entry.uid = MLT_READ(task, real_cred, uid.val);
			mlt_read_field(entry.comm, sizeof(entry.comm), &task->comm);
		}
		mlt_entry_write(out, &entry);
	}
	return 0;
}

/*
 * What the books say of each address space, and what the kernel does, one struct
 * mlt_entry per task that has it. Both are read outside of mmap_lock, so a change
 * under way shows as a difference; the reader asks again.
 */
static __always_inline int mlt_ledger_of_task(void *out, struct task_struct *task)
{
	struct mlt_entry entry = {};
	struct task_struct *owner;
	struct mlt_mm *known;
	__u64 key;

	if (MLT_READ(task, flags) & MLT_PF_KTHREAD) /* which borrows it at most */
		return 0;
	if (cfg.charges)
		mlt_pools_of_task(out, task);
	key = (__u64)MLT_READ(task, mm);
	if (!key)
		return 0;
	known = mlt_map_find(&mms, &key);
	entry.last = MLT_UNKNOWN;
	entry.base = MLT_UNKNOWN;
	if (known) {
		entry.mm_id = known->id;
		entry.base = known->base;
		entry.changes = known->changes;
		entry.residues = known->residues;
		entry.last = known->last;
	}
	entry.locked = MLT_READ((struct mm_struct *)key, locked_vm);
	if (!known && !entry.locked)
		return 0;
	entry.mm = key;
	entry.counter = MLOCKTRACE_COUNTER_VMLCK;
	owner = MLT_READ(mlt_mm_owner(key, task), group_leader);
	entry.wanted = (known && known->wanted) || mlt_task_wanted(owner);
	entry.start_ns = MLT_READ(owner, start_boottime);
	entry.pid = mlt_pid(owner);
	entry.uid = MLT_READ(owner, real_cred, uid.val);
	mlt_read_field(entry.comm, sizeof(entry.comm), &owner->comm);
	mlt_entry_write(out, &entry);
	return 0;
}

/* The books' own pools, also of users without a process: a locked segment outlives its locker. */
static __always_inline int mlt_ledger_of_pool(void *out, struct mlt_pool_key *key,
					      struct mlt_pool *pool)
{
	struct mlt_entry entry = {};

	if (shared.enabled && pool->last &&
	    (cfg.tier == MLOCKTRACE_TIER_TRACEPOINT || key->counter == MLOCKTRACE_COUNTER_VMPIN))
		mlt_pool_look(key->owner, key->counter);
	mlt_pool_entry(&entry, key, pool);
	mlt_entry_write(out, &entry);
	return 0;
}

#endif
