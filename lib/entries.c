// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Threads, and whoever else shares a counter, are met one by one in the kernel: here
 * they become one entry, in bytes instead of pages.
 */
#include "entries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int mlt_entries_read(struct mlt_entries *entries, int fd)
{
	struct mlt_entry *more;
	ssize_t n;

	do {
		if (entries->room - entries->bytes < sizeof(*more)) {
			size_t room = entries->room ? entries->room * 2 : 64 * sizeof(*more);

			more = realloc(entries->list, room);
			if (!more)
				return -ENOMEM;
			entries->list = more;
			entries->room = room;
		}
		n = read(fd, (char *)entries->list + entries->bytes, entries->room - entries->bytes);
		if (n > 0)
			entries->bytes += (size_t)n;
	} while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
	entries->n = entries->bytes / sizeof(*entries->list);
	return n < 0 ? -errno : 0;
}

void mlt_entries_free(struct mlt_entries *entries)
{
	free(entries->list);
	memset(entries, 0, sizeof(*entries));
}

/* Those of one counter together; first the one that the books know, if any does. */
static int by_counter(const void *a, const void *b)
{
	const struct mlt_entry *x = a, *y = b;

	if (x->mm != y->mm)
		return x->mm < y->mm ? -1 : 1;
	if (x->counter != y->counter)
		return x->counter < y->counter ? -1 : 1;
	return (x->last == MLT_UNKNOWN) - (y->last == MLT_UNKNOWN);
}

static bool same_counter(const struct mlt_entry *x, const struct mlt_entry *y)
{
	return x->mm == y->mm && x->counter == y->counter;
}

void mlt_entries_merge(struct mlt_entries *entries)
{
	struct mlt_entry *list = entries->list;
	size_t kept = 0;

	if (entries->n)
		qsort(list, entries->n, sizeof(*list), by_counter);
	for (size_t i = 0; i < entries->n; i++) {
		if (kept && same_counter(&list[kept - 1], &list[i]))
			list[kept - 1].wanted |= list[i].wanted;
		else
			list[kept++] = list[i];
	}
	entries->n = kept;
}

void mlt_entry_to_holding(struct mlocktrace_holding *to, const struct mlt_entry *from)
{
	int64_t page = sysconf(_SC_PAGESIZE);

	memset(to, 0, sizeof(*to));
	to->size = sizeof(*to);
	to->mm_id = from->mm_id;
	to->pid = from->pid;
	to->uid = from->uid;
	to->start_ns = from->start_ns;
	memcpy(to->comm, from->comm, sizeof(to->comm));
	to->known = from->last != MLT_UNKNOWN && from->base != MLT_UNKNOWN;
	to->kernel = from->locked * page;
	if (to->known) {
		to->books = from->last * page;
		to->held_before = from->base * page;
	}
	to->changes = from->changes;
	to->unattributed = from->residues;
	to->counter = from->counter;
}

int mlt_entries_tell(const struct mlt_entries *entries,
		     int (*each)(void *ctx, const struct mlocktrace_holding *holding), void *ctx)
{
	struct mlocktrace_holding holding;
	int err = 0;

	for (size_t i = 0; i < entries->n && !err; i++) {
		if (!entries->list[i].wanted)
			continue;
		mlt_entry_to_holding(&holding, &entries->list[i]);
		err = each(ctx, &holding);
	}
	return err;
}
