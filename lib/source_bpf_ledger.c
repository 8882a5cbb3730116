// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Reading the ledger of the eBPF programs: the kernel walks its tasks and
 * writes what the books say of each address space and what the counter is.
 */
#include "source_bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Everything the iterator has to say; -errno or the number of entries. */
static long read_entries(int fd, struct mlt_entry **entries)
{
	size_t used = 0, size = 0;
	char *bytes = NULL, *more;
	ssize_t n;

	do {
		if (size - used < sizeof(**entries)) {
			size = size ? size * 2 : 64 * sizeof(**entries);
			more = realloc(bytes, size);
			if (!more) {
				free(bytes);
				return -ENOMEM;
			}
			bytes = more;
		}
		n = read(fd, bytes + used, size - used);
		if (n > 0)
			used += (size_t)n;
	} while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
	if (n < 0) {
		n = -errno;
		free(bytes);
		return n;
	}
	*entries = (struct mlt_entry *)bytes;
	return (long)(used / sizeof(**entries));
}

static int by_mm(const void *a, const void *b)
{
	const struct mlt_entry *x = a, *y = b;

	return x->mm < y->mm ? -1 : x->mm > y->mm;
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
}

static int open_iterator(struct mlt_bpf *b)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(b->obj, "iter_ledger");

	if (!b->ledger && prog)
		b->ledger = bpf_program__attach_iter(prog, NULL);
	return b->ledger ? bpf_iter_create(bpf_link__fd(b->ledger)) : -1;
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

int mlt_bpf_ledger(struct mlocktrace *h,
		   int (*each)(void *ctx, const struct mlocktrace_holding *holding), void *ctx)
{
	struct mlt_bpf *b = h->priv;
	int64_t page = sysconf(_SC_PAGESIZE);
	struct mlt_entry *entries = NULL;
	struct mlocktrace_holding holding;
	int fd, err = 0;
	long n;

	if (!has_books(b))
		return -EOPNOTSUPP;
	fd = open_iterator(b);
	if (fd < 0)
		return -errno;
	n = read_entries(fd, &entries);
	close(fd);
	if (n < 0)
		return (int)n;
	/* Threads, and whoever else shares an address space, are met one by one. */
	if (n)
		qsort(entries, (size_t)n, sizeof(*entries), by_mm);
	for (long i = 0; i < n && !err; i++) {
		if (!entries[i].wanted || (i && entries[i].mm == entries[i - 1].mm))
			continue;
		to_holding(&holding, &entries[i], page);
		err = each(ctx, &holding);
	}
	free(entries);
	return err;
}
