// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Reading the ledger of the eBPF programs: the kernel walks its tasks, then the
 * books, and writes what the books say of each counter and what it is.
 */
#include "source_bpf.h"
#include "entries.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <unistd.h>

static int run_iterator(const struct bpf_link *link, struct mlt_entries *all)
{
	int fd = bpf_iter_create(bpf_link__fd(link)), err;

	if (fd < 0)
		return -errno;
	err = mlt_entries_read(all, fd);
	close(fd);
	return err;
}

static int walk_tasks(struct mlt_bpf *b, struct mlt_entries *all)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(b->obj, "iter_ledger");

	if (!b->ledger && prog)
		b->ledger = bpf_program__attach_iter(prog, NULL);
	return b->ledger ? run_iterator(b->ledger, all) : -errno;
}

/* No task may tell of a user's counter: what it counts can outlive all of the user's processes. */
static int walk_pools(struct mlt_bpf *b, struct mlt_entries *all)
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
	struct mlt_entries all = { 0 };
	int err;

	if (!has_books(b))
		return -EOPNOTSUPP;
	err = walk_tasks(b, &all);
	if (!err)
		err = walk_pools(b, &all);
	if (!err) {
		mlt_entries_merge(&all);
		err = mlt_entries_tell(&all, each, ctx);
	}
	mlt_entries_free(&all);
	return err;
}
