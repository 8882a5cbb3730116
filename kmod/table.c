// SPDX-License-Identifier: GPL-2.0
/*
 * Accounting, see table.h.
 *
 * Places are found by the pid; a bucket's lock protects the places in it. The pool's
 * lock protects who is free and who has ended, and may be taken inside a bucket's.
 * The place of one who has ended is taken from him in three steps, each under one
 * lock: claimed in the pool, unlinked from his bucket, linked to the new one's.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hash.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/percpu.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "table.h"
#include "../body/cause.h"

#define MLT_PROCESSES_MAX SZ_1M
#define MLT_USERS 1024 /* a power of two */

struct mlt_place {
	struct mlt_process process;
	struct hlist_node node; /* in its bucket; unhashed: nobody is here */
	struct list_head pooled; /* in one of the two lists of the pool, or alone */
	bool claimed; /* somebody is taking it: leave it alone */
};

struct mlt_bucket {
	raw_spinlock_t lock;
	struct hlist_head places;
};

static struct mlt_place *mlt_places;
static unsigned int mlt_n_places;
static struct mlt_bucket *mlt_buckets;
static unsigned int mlt_bucket_bits;

static DEFINE_RAW_SPINLOCK(mlt_pool_lock);
static LIST_HEAD(mlt_free);
static LIST_HEAD(mlt_ended); /* the oldest first */

struct mlt_user_place {
	struct mlt_user user;
	bool used;
};

static struct mlt_user_place mlt_users[MLT_USERS];
static DEFINE_RAW_SPINLOCK(mlt_users_lock);

static atomic64_t mlt_untracked_processes;
static atomic64_t mlt_untracked_users;

/* ---- locks ------------------------------------------------------------------------------- */

/* Does this CPU hold one of the locks, or is it about to? A real NMI must then keep away. */
static DEFINE_PER_CPU(unsigned int, mlt_table_inside);

static unsigned long mlt_lock(raw_spinlock_t *lock)
	__acquires(lock)
{
	unsigned long flags;

	local_irq_save(flags);
	this_cpu_inc(mlt_table_inside);
	barrier();
	raw_spin_lock(lock);
	return flags;
}

static void mlt_unlock(raw_spinlock_t *lock, unsigned long flags)
	__releases(lock)
{
	raw_spin_unlock(lock);
	barrier();
	this_cpu_dec(mlt_table_inside);
	local_irq_restore(flags);
}

static bool mlt_table_is_out_of_reach(void)
{
	return in_nmi() && this_cpu_read(mlt_table_inside);
}

static struct mlt_bucket *mlt_bucket_of(u32 pid)
{
	return &mlt_buckets[hash_32(pid, mlt_bucket_bits)];
}

/* ---- places ------------------------------------------------------------------------------ */

static struct mlt_place *mlt_find(const struct mlt_bucket *bucket, u32 pid, u64 start_ns)
{
	struct mlt_place *place;

	hlist_for_each_entry(place, &bucket->places, node)
		if (place->process.pid == pid && place->process.start_ns == start_ns)
			return place;
	return NULL;
}

/* A free place, or that of who ended first; NULL if all are of the living. */
static struct mlt_place *mlt_place_get(void)
{
	struct mlt_place *place;
	struct mlt_bucket *bucket;
	unsigned long flags;

	flags = mlt_lock(&mlt_pool_lock);
	place = list_first_entry_or_null(list_empty(&mlt_free) ? &mlt_ended : &mlt_free,
					 struct mlt_place, pooled);
	if (place) {
		list_del_init(&place->pooled);
		place->claimed = true;
	}
	mlt_unlock(&mlt_pool_lock, flags);
	if (!place)
		return NULL;
	/* Nobody gives it another pid but us. */
	bucket = mlt_bucket_of(place->process.pid);
	flags = mlt_lock(&bucket->lock);
	hlist_del_init(&place->node);
	mlt_unlock(&bucket->lock, flags);
	return place;
}

/* It was not needed, or is needed no more. */
static void mlt_place_put(struct mlt_place *place)
{
	unsigned long flags = mlt_lock(&mlt_pool_lock);

	place->claimed = false;
	list_add(&place->pooled, &mlt_free);
	mlt_unlock(&mlt_pool_lock, flags);
}

/* With its bucket locked. */
static void mlt_place_end(struct mlt_place *place)
{
	unsigned long flags;

	if (place->process.ended)
		return;
	place->process.ended = true;
	place->process.locked = 0;
	flags = mlt_lock(&mlt_pool_lock);
	list_add_tail(&place->pooled, &mlt_ended);
	mlt_unlock(&mlt_pool_lock, flags);
}

/* With the bucket locked: @place is now that of the record's process. */
static void mlt_place_take(struct mlt_place *place, struct mlt_bucket *bucket,
			   const struct mlocktrace_event *e)
{
	struct mlt_place *other;

	/* Whoever had this pid before has ended, although nobody told us. */
	hlist_for_each_entry(other, &bucket->places, node)
		if (other->process.pid == e->pid)
			mlt_place_end(other);
	memset(&place->process, 0, sizeof(place->process));
	place->process.start_ns = e->start_ns;
	WRITE_ONCE(place->process.pid, e->pid);
	place->claimed = false;
	hlist_add_head(&place->node, &bucket->places);
}

/* ---- accounting --------------------------------------------------------------------------- */

static u64 mlt_held(s64 counter)
{
	return counter > 0 ? counter : 0; /* below zero by a bug of 6.1 */
}

static void mlt_account_vmlck(struct mlt_process *process, const struct mlocktrace_event *e)
{
	if (e->counter != MLOCKTRACE_COUNTER_VMLCK || mlt_has(e, MLOCKTRACE_F_NO_BEFORE))
		return;
	process->peak = max3(process->peak, mlt_held(e->before), mlt_held(e->after));
	if (e->op == MLOCKTRACE_OP_EXIT || e->op == MLOCKTRACE_OP_EXEC)
		process->locked = 0;
	else if (!process->ended)
		process->locked = mlt_held(e->after);
}

static void mlt_account_process(struct mlt_process *process, const struct mlocktrace_event *e,
				u32 cause)
{
	process->uid = e->uid;
	memcpy(process->comm, e->comm, sizeof(process->comm));
	process->events++;
	if (e->ret < 0) {
		process->refusals++;
		process->by_cause[cause]++;
		process->last_cause = cause;
	}
	if (!mlt_is_remote(e))
		mlt_account_vmlck(process, e);
}

static void mlt_account_caller(const struct mlocktrace_event *e, u32 cause)
{
	struct mlt_bucket *bucket = mlt_bucket_of(e->pid);
	struct mlt_place *place, *fresh = NULL;
	unsigned long flags;

	flags = mlt_lock(&bucket->lock);
	place = mlt_find(bucket, e->pid, e->start_ns);
	/* Of who has ended and is forgotten, nothing will ever say so again. */
	if (!place && !mlt_has(e, MLOCKTRACE_F_LATE)) {
		mlt_unlock(&bucket->lock, flags);
		fresh = mlt_place_get();
		flags = mlt_lock(&bucket->lock);
		place = mlt_find(bucket, e->pid, e->start_ns);
		if (!place && fresh) {
			mlt_place_take(fresh, bucket, e);
			place = fresh;
			fresh = NULL;
		}
	}
	if (place)
		mlt_account_process(&place->process, e, cause);
	mlt_unlock(&bucket->lock, flags);
	if (fresh)
		mlt_place_put(fresh);
	if (!place)
		atomic64_inc(&mlt_untracked_processes);
}

/* Somebody else moved its counter. */
static void mlt_account_target(const struct mlocktrace_event *e)
{
	u32 pid = mlt_remote_target(e);
	struct mlt_bucket *bucket = mlt_bucket_of(pid);
	struct mlt_place *place;
	unsigned long flags;

	if (!pid)
		return;
	flags = mlt_lock(&bucket->lock);
	hlist_for_each_entry(place, &bucket->places, node)
		if (place->process.pid == pid && !place->process.ended)
			mlt_account_vmlck(&place->process, e);
	mlt_unlock(&bucket->lock, flags);
}

static bool mlt_is_of_user(const struct mlocktrace_event *e)
{
	return e->counter == MLOCKTRACE_COUNTER_USER || e->counter == MLOCKTRACE_COUNTER_PERF ||
	       e->counter == MLOCKTRACE_COUNTER_SHM;
}

/* With the users locked; NULL if there is no place. */
static struct mlt_user *mlt_user_of(u32 uid)
{
	unsigned int at = hash_32(uid, ilog2(MLT_USERS)), i;

	for (i = 0; i < MLT_USERS; i++) {
		struct mlt_user_place *place = &mlt_users[(at + i) % MLT_USERS];

		if (!place->used) {
			place->user = (struct mlt_user){ .uid = uid };
			place->used = true;
		}
		if (place->user.uid == uid)
			return &place->user;
	}
	return NULL;
}

static void mlt_account_user(const struct mlocktrace_event *e)
{
	bool of_user = mlt_is_of_user(e);
	struct mlt_user *user;
	unsigned long flags;

	if (!of_user && e->ret >= 0)
		return;
	flags = mlt_lock(&mlt_users_lock);
	user = mlt_user_of(of_user ? e->owner_uid : e->uid);
	if (user) {
		user->refusals += e->ret < 0;
		if (of_user && !mlt_has(e, MLOCKTRACE_F_NO_BEFORE))
			user->held[e->counter] = mlt_held(e->after);
	}
	mlt_unlock(&mlt_users_lock, flags);
	if (!user)
		atomic64_inc(&mlt_untracked_users);
}

/**
 * mlt_table_account() - enter a record into the books
 * @e: complete but for what mlt_ring_submit() sets
 *
 * Return: the record's cause, enum mlocktrace_cause
 */
u32 mlt_table_account(const struct mlocktrace_event *e)
{
	u32 cause = mlt_cause(e);

	if (mlt_table_is_out_of_reach()) {
		atomic64_inc(&mlt_untracked_processes);
		return cause;
	}
	if (!mlt_is_found(e))
		mlt_account_caller(e, cause);
	mlt_account_target(e);
	mlt_account_user(e);
	return cause;
}

/**
 * mlt_table_exit() - a process has ended
 * @pid: in the initial pid namespace
 * @start_ns: CLOCK_BOOTTIME when it started
 *
 * It is kept until its place is needed.
 */
void mlt_table_exit(u32 pid, u64 start_ns)
{
	struct mlt_bucket *bucket = mlt_bucket_of(pid);
	struct mlt_place *place;
	unsigned long flags;

	if (mlt_table_is_out_of_reach() || hlist_empty(&bucket->places))
		return;
	flags = mlt_lock(&bucket->lock);
	place = mlt_find(bucket, pid, start_ns);
	if (place)
		mlt_place_end(place);
	mlt_unlock(&bucket->lock, flags);
}

/* ---- reading ------------------------------------------------------------------------------ */

/**
 * mlt_table_process() - what is in a place
 * @i: which, from 0
 * @process: the answer
 *
 * Return: 0, -ENOENT if nobody is there, -ERANGE past the last one
 */
int mlt_table_process(unsigned int i, struct mlt_process *process)
{
	struct mlt_bucket *bucket;
	struct mlt_place *place;
	unsigned long flags;
	int err = -ENOENT;
	u32 pid;

	if (i >= mlt_n_places)
		return -ERANGE;
	place = &mlt_places[i];
	pid = READ_ONCE(place->process.pid);
	bucket = mlt_bucket_of(pid);
	flags = mlt_lock(&bucket->lock);
	/* If it is another one's by now, that is another bucket's. */
	if (READ_ONCE(place->process.pid) == pid && !hlist_unhashed(&place->node)) {
		*process = place->process;
		err = 0;
	}
	mlt_unlock(&bucket->lock, flags);
	return err;
}

/**
 * mlt_table_user() - the same of users
 * @i: which, from 0
 * @user: the answer
 *
 * Return: 0, -ENOENT if nobody is there, -ERANGE past the last one
 */
int mlt_table_user(unsigned int i, struct mlt_user *user)
{
	unsigned long flags;
	int err = -ENOENT;

	if (i >= MLT_USERS)
		return -ERANGE;
	flags = mlt_lock(&mlt_users_lock);
	if (mlt_users[i].used) {
		*user = mlt_users[i].user;
		err = 0;
	}
	mlt_unlock(&mlt_users_lock, flags);
	return err;
}

u64 mlt_table_untracked_processes(void)
{
	return atomic64_read(&mlt_untracked_processes);
}

u64 mlt_table_untracked_users(void)
{
	return atomic64_read(&mlt_untracked_users);
}

/* ---- start and end ------------------------------------------------------------------------ */

/* With its bucket locked. Who claimed it does the rest himself. */
static void mlt_place_clear(struct mlt_place *place)
{
	unsigned long flags = mlt_lock(&mlt_pool_lock);

	if (!place->claimed) {
		list_del_init(&place->pooled);
		hlist_del_init(&place->node);
		list_add(&place->pooled, &mlt_free);
	}
	mlt_unlock(&mlt_pool_lock, flags);
}

/**
 * mlt_table_reset() - forget everybody and everything
 *
 * Whoever locks memory meanwhile may be in the books already when it returns.
 */
void mlt_table_reset(void)
{
	unsigned int i, n_buckets = 1U << mlt_bucket_bits;
	struct mlt_place *place;
	struct hlist_node *next;
	unsigned long flags;

	for (i = 0; i < n_buckets; i++) {
		flags = mlt_lock(&mlt_buckets[i].lock);
		hlist_for_each_entry_safe(place, next, &mlt_buckets[i].places, node)
			mlt_place_clear(place);
		mlt_unlock(&mlt_buckets[i].lock, flags);
	}
	flags = mlt_lock(&mlt_users_lock);
	memset(mlt_users, 0, sizeof(mlt_users));
	mlt_unlock(&mlt_users_lock, flags);
	atomic64_set(&mlt_untracked_processes, 0);
	atomic64_set(&mlt_untracked_users, 0);
}

/**
 * mlt_table_init() - make room
 * @processes: for how many
 *
 * Return: 0, -EINVAL or -ENOMEM; on failure nothing is left behind
 */
int mlt_table_init(unsigned int processes)
{
	unsigned int i, n_buckets;

	if (!processes || processes > MLT_PROCESSES_MAX) {
		pr_err("processes=%u: want 1 to %u\n", processes, MLT_PROCESSES_MAX);
		return -EINVAL;
	}
	/* A hash of no bits would be a shift by 32. */
	mlt_bucket_bits = max(1, order_base_2(processes));
	n_buckets = 1U << mlt_bucket_bits;
	mlt_places = vcalloc(processes, sizeof(*mlt_places));
	mlt_buckets = vcalloc(n_buckets, sizeof(*mlt_buckets));
	if (!mlt_places || !mlt_buckets) {
		mlt_table_destroy();
		return -ENOMEM;
	}
	for (i = 0; i < n_buckets; i++)
		raw_spin_lock_init(&mlt_buckets[i].lock);
	mlt_n_places = processes;
	for (i = 0; i < processes; i++)
		list_add_tail(&mlt_places[i].pooled, &mlt_free);
	return 0;
}

/**
 * mlt_table_destroy() - free it
 *
 * When no probe and no reader is left.
 */
void mlt_table_destroy(void)
{
	mlt_n_places = 0;
	vfree(mlt_places);
	mlt_places = NULL;
	vfree(mlt_buckets);
	mlt_buckets = NULL;
	INIT_LIST_HEAD(&mlt_free);
	INIT_LIST_HEAD(&mlt_ended);
}
