// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Reading the ledger of the eBPF programs: the kernel walks its tasks, then the
 * books, and writes what the books say of each counter and what it is.
 */
#include "source_bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct entries {
	char *bytes;
	size_t used, size;
};

static size_t n_entries(const struct entries *all)
{
	return all->used / sizeof(struct mlt_entry);
}

/* Append everything the iterator has to say. */
static int read_entries(int fd, struct entries *all)
{
	char *more;
	ssize_t n;

	do {
		if (all->size - all->used < sizeof(struct mlt_entry)) {
			all->size = all->size ? all->size * 2 : 64 * sizeof(struct mlt_entry);
			more = realloc(all->bytes, all->size);
			if (!more)
				return -ENOMEM;
			all->bytes = more;
		}
		n = read(fd, all->bytes + all->used, all->size - all->used);
		if (n > 0)
			all->used += (size_t)n;
	} while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
	return n < 0 ? -errno : 0;
}

static int run_iterator(const struct bpf_link *link, struct entries *all)
{
	int fd = bpf_iter_create(bpf_link__fd(link)), err;

	if (fd < 0)
		return -errno;
	err = read_entries(fd, all);
	close(fd);
	return err;
}

static int walk_tasks(struct mlt_bpf *b, struct entries *all)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(b->obj, "iter_ledger");

	if (!b->ledger && prog)
		b->ledger = bpf_program__attach_iter(prog, NULL);
	return b->ledger ? run_iterator(b->ledger, all) : -errno;
}

/* No task may tell of a user's counter: what it counts can outlive all of the user's processes. */
static int walk_pools(struct mlt_bpf *b, struct entries *all)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(b->obj, "iter_pools");
	struct bpf_map *map = bpf_object__find_map_by_name(b->obj, "pools");
	union bpf_iter_link_info over = { 0 };
	DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &over,
			    .link_info_len = sizeof(over));

	if (!prog || !map)
		return 0;
	over.map.map_fd = bpf_map__fd(map);
	if (!b->pools)
		b->pools = bpf_program__attach_iter(prog, &opts);
	return b->pools ? run_iterator(b->pools, all) : -errno;
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

static void to_holding(struct mlocktrace_holding *to, const struct mlt_entry *from, int64_t page)
{
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

/* A name that outlives its address space would pass to the next one: then there are no books. */
static bool has_books(const struct mlt_bpf *b)
{
	struct bpf_map *rodata = bpf_object__find_map_by_name(b->obj, ".rodata");
	const struct mlt_config *cfg;
	size_t size = 0;

	cfg = rodata ? bpf_map__initial_value(rodata, &size) : NULL;
	return cfg && size >= sizeof(*cfg) && cfg->mm_ends && cfg->implicit;
}

/* Threads, and whoever else shares a counter, are met one by one: one entry for all of them. */
static int tell_each(struct entries *all,
		     int (*each)(void *ctx, const struct mlocktrace_holding *holding), void *ctx)
{
	struct mlt_entry *entries = (struct mlt_entry *)all->bytes;
	int64_t page = sysconf(_SC_PAGESIZE);
	struct mlocktrace_holding holding;
	size_t n = n_entries(all), next;
	int err = 0;

	if (n)
		qsort(entries, n, sizeof(*entries), by_counter);
	for (size_t i = 0; i < n && !err; i = next) {
		bool wanted = false;

		for (next = i; next < n && same_counter(&entries[next], &entries[i]); next++)
			wanted |= entries[next].wanted;
		if (!wanted)
			continue;
		to_holding(&holding, &entries[i], page);
		err = each(ctx, &holding);
	}
	return err;
}

int mlt_bpf_ledger(struct mlocktrace *h,
		   int (*each)(void *ctx, const struct mlocktrace_holding *holding), void *ctx)
{
	struct mlt_bpf *b = h->priv;
	struct entries all = { 0 };
	int err;

	if (!has_books(b))
		return -EOPNOTSUPP;
	err = walk_tasks(b, &all);
	if (!err)
		err = walk_pools(b, &all);
	if (!err)
		err = tell_each(&all, each, ctx);
	free(all.bytes);
	return err;
}
