// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * The module's ledger, as a reader that came later sees it: the books are kept since
 * the module was loaded, so what they said when we began is what was held before. And
 * they are kept for all readers: whom our filters let through is found out here.
 */
#include "source_kmod.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define STARTED_MOVING 1 /* in pad32 of our copies, which the module leaves 0 */

int mlt_kmod_read_ledger(const struct mlt_kmod *k, struct mlt_entries *entries)
{
	int fd = mlt_kmod_file(k, "ledger", O_RDONLY), err;

	if (fd < 0)
		return fd;
	err = mlt_entries_read(entries, fd);
	close(fd);
	/* The module writes whole ones. */
	if (!err && entries->bytes % sizeof(*entries->list))
		err = -EBADMSG;
	if (!err)
		mlt_entries_merge(entries);
	return err;
}

/* Entries are in the order of what they belong to. */
static struct mlt_entry *find(const struct mlt_entries *in, const struct mlt_entry *entry)
{
	size_t low = 0, high = in->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct mlt_entry *at = &in->list[middle];

		if (at->mm == entry->mm && at->counter == entry->counter)
			return at->mm_id == entry->mm_id ? at : NULL;
		if (at->mm < entry->mm || (at->mm == entry->mm && at->counter < entry->counter))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void mlt_kmod_begin_ledger(struct mlt_kmod *k, const struct mlt_entries *before,
			   struct mlt_entries *after)
{
	for (size_t i = 0; i < after->n; i++) {
		struct mlt_entry *now = &after->list[i];
		const struct mlt_entry *then = find(before, now);

		/* A record of the change may be ours, or may be none of ours. */
		now->pad32 = !then || then->changes != now->changes ? STARTED_MOVING : 0;
	}
	k->start = *after;
	memset(after, 0, sizeof(*after));
	k->has_ledger = true;
}

/* ---- whose are they? ------------------------------------------------------------------ */

static bool process_passes(const struct mlt_filter *filter, const struct mlt_entry *entry)
{
	if (filter->pids.n && !mlt_ids_have(&filter->pids, entry->pid))
		return false;
	if (filter->by_uid && entry->uid != filter->uid)
		return false;
	return !filter->by_comm || !strncmp(entry->comm, filter->comm, sizeof(entry->comm));
}

/* A user's counter is looked at if a process of that user is. */
static bool user_passes(const struct mlt_kmod *k, const struct mlt_entries *all, uint32_t uid)
{
	const struct mlt_filter *filter = &k->filter;

	if (filter->by_uid && uid != filter->uid)
		return false;
	if (filter->pids.n)
		return mlt_ids_have(&k->users, uid);
	for (size_t i = 0; i < all->n && filter->by_comm; i++) {
		const struct mlt_entry *entry = &all->list[i];

		if (!mlt_is_of_user(entry->counter) && entry->uid == uid && process_passes(filter, entry))
			return true;
	}
	return !filter->by_comm;
}

/* What it held when we began; an address space made since held nothing before its books began. */
static void since_we_began(const struct mlt_kmod *k, struct mlocktrace_holding *holding,
			   const struct mlt_entry *entry)
{
	const struct mlt_entry *start = find(&k->start, entry);
	struct mlocktrace_holding then;

	if (!start || !holding->known)
		return;
	mlt_entry_to_holding(&then, start);
	holding->began_moving = start->pad32;
	if (!then.known)
		return;
	holding->held_before = then.books;
	holding->unattributed -= then.unattributed;
}

int mlt_kmod_ledger(struct mlocktrace *h,
		    int (*each)(void *ctx, const struct mlocktrace_holding *holding), void *ctx)
{
	struct mlt_kmod *k = h->priv;
	struct mlt_entries all = { 0 };
	struct mlocktrace_holding holding;
	int err;

	/* An entry does not say in which cgroup its process is. */
	if (!k->has_ledger || k->filter.by_cgroup)
		return -EOPNOTSUPP;
	err = mlt_kmod_read_ledger(k, &all);
	for (size_t i = 0; i < all.n && !err; i++) {
		const struct mlt_entry *entry = &all.list[i];

		if (!entry->wanted)
			continue;
		if (mlt_is_of_user(entry->counter) ? !user_passes(k, &all, entry->uid) :
						     !process_passes(&k->filter, entry))
			continue;
		mlt_entry_to_holding(&holding, entry);
		since_we_began(k, &holding, entry);
		err = each(ctx, &holding);
	}
	mlt_entries_free(&all);
	return err;
}
