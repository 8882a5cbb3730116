// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Load and attach the eBPF programs of one tier. Expands hooks.def into a list
 * of hooks, and keeps for each one that fails the reason. What the kernel has
 * is asked in source_bpf_kernel.c.
 */
#include "source_bpf.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Only their embedded object files are used: programs are found by name. */
#include "mlocktrace.skel.h"
#include "mlocktrace_nofetch.skel.h"

/* Which kinds of hook a tier is made of: see hooks.def. */
#define MLT_FN 1
#define MLT_TPT 2
#define MLT_PRE 4
#define MLT_ALONE 8
#define MLT_FNS (MLT_FN | MLT_PRE | MLT_ALONE)
#define MLT_NAMED 16  /* where each system call has tracepoints of its own */
#define MLT_BY_THE_WAY 32 /* only for implicit changes */
#define MLT_CHARGES 64 /* only for the counters other than vmlck */

#define MLT_ENTER 1
#define MLT_EXIT 2
#define MLT_PAIR 3

struct row {
	enum { ROW_SYSCALL, ROW_NAMED, ROW_FUNC, ROW_TP } kind;
	const char *tag;
	const char *sym32;
	const char *help;
	int shape; /* MLT_ENTER ... */
	int tiers;
	bool required;
	bool only_ia32; /* 64-bit programs have no such system call */
};

static const struct row rows[] = {
#define MLT_SYSCALL(t, nr64, nr32, s32, only, h)                                                   \
	{ .kind = ROW_SYSCALL, .tag = #t, .sym32 = #s32, .help = h, .shape = MLT_PAIR,             \
	  .tiers = MLT_FN | MLT_ALONE | (only), .required = !(only), .only_ia32 = (nr64) < 0 },    \
	{ .kind = ROW_NAMED, .tag = #t, .help = h, .shape = MLT_PAIR, .tiers = MLT_NAMED | (only), \
	  .required = !(only), .only_ia32 = (nr64) < 0 },
#define MLT_SYSEXIT(t, OP, nr64, nr32, s32, h)                                                     \
	{ .kind = ROW_SYSCALL, .tag = #t, .sym32 = #s32, .help = h, .shape = MLT_EXIT,             \
	  .tiers = MLT_FN | MLT_ALONE | MLT_BY_THE_WAY },                                            \
	{ .kind = ROW_NAMED, .tag = #t, .help = h, .shape = MLT_EXIT,                              \
	  .tiers = MLT_NAMED | MLT_BY_THE_WAY },
#define MLT_SYSCHARGE(t, OP, nr64, nr32, s32, h)                                                   \
	{ .kind = ROW_SYSCALL, .tag = #t, .sym32 = #s32, .help = h, .shape = MLT_EXIT,             \
	  .tiers = MLT_FN | MLT_ALONE | MLT_CHARGES },                                             \
	{ .kind = ROW_NAMED, .tag = #t, .help = h, .shape = MLT_EXIT,                              \
	  .tiers = MLT_NAMED | MLT_CHARGES },
#define MLT_FUNC(t, tr, sh, args, req, h)                                                          \
	{ .kind = ROW_FUNC, .tag = #t, .help = h, .shape = MLT_##sh, .tiers = tr, .required = req },
#define MLT_TP(t, tr, req, h)                                                                      \
	{ .kind = ROW_TP, .tag = #t, .help = h, .shape = MLT_ENTER, .tiers = tr, .required = req },
#include <mlocktrace/hooks.def>
};

/* A system call may be two hooks, one for each ABI. */
_Static_assert(3 * sizeof(rows) / sizeof(rows[0]) / 2 <= MLT_BPF_MAX_HOOKS, "MLT_BPF_MAX_HOOKS");

/* What is needed while loading. */
struct loader {
	struct mlocktrace *h;
	struct mlt_bpf *b;
	enum mlocktrace_tier tier;
	struct mlt_config cfg;
	struct mlt_bpf_words words;
};

/* ---- the list of hooks ---------------------------------------------------------- */

static void want_program(struct loader *l, struct mlt_bpf_hook *hook, int end, const char *kind,
			 const char *abi, const char *tag)
{
	char name[80];

	snprintf(name, sizeof(name), "%s_%s%s", kind, abi, tag);
	hook->progs[end] = bpf_object__find_program_by_name(l->b->obj, name);
	if (hook->progs[end])
		bpf_program__set_autoload(hook->progs[end], true);
	else
		snprintf(hook->why_not, sizeof(hook->why_not), "no program %s", name);
}

static struct mlt_bpf_hook *add_hook(struct loader *l, const struct row *row, const char *name)
{
	struct mlt_bpf_hook *hook;

	if (l->b->n_hooks == MLT_BPF_MAX_HOOKS)
		return NULL;
	hook = &l->b->hooks[l->b->n_hooks++];
	snprintf(hook->name, sizeof(hook->name), "%s", name);
	hook->help = row->help;
	hook->required = row->required;
	return hook;
}

static void add_function(struct loader *l, const struct row *row, const char *name, const char *abi,
			 bool required)
{
	bool fentry = l->tier == MLOCKTRACE_TIER_FENTRY;
	struct mlt_bpf_hook *hook = add_hook(l, row, name);
	int nargs = mlt_kernel_nargs(l->b->btf, name);

	if (!hook)
		return;
	hook->required = required;
	/* Some functions are not in the type information, or have more arguments than a
	 * trampoline may pass on (6, before 6.11). A kprobe does without both. */
	if (fentry && (nargs < 0 || nargs > 6) && mlt_kernel_has_kprobes())
		fentry = false;
	if (fentry && nargs < 0) {
		snprintf(hook->why_not, sizeof(hook->why_not),
			 "this kernel has no such function (inlined or absent)");
		return;
	}
	if (row->shape & MLT_ENTER)
		want_program(l, hook, 0, fentry ? "fentry" : "kprobe", abi, row->tag);
	if (row->shape & MLT_EXIT)
		want_program(l, hook, 1, fentry ? "fexit" : "kretprobe", abi, row->tag);
}

static void add_tracepoint(struct loader *l, const struct row *row)
{
	struct mlt_bpf_hook *hook = add_hook(l, row, row->tag);

	if (!hook)
		return;
	if (mlt_kernel_tp_nargs(l->b->btf, row->tag) < 0) {
		snprintf(hook->why_not, sizeof(hook->why_not), "this kernel has no such tracepoint");
		return;
	}
	/* The programs count on what the kernel has (see mlt_kernel_fill_config). */
	hook->required = true;
	want_program(l, hook, 0, "tp", "", row->tag);
}

/* Each system call's own tracepoints. */
static void add_named(struct loader *l, const struct row *row)
{
	struct mlt_bpf_hook *hook;
	char name[64];

	snprintf(name, sizeof(name), "sys_%s_%s", row->shape & MLT_ENTER ? "enter" : "exit", row->tag);
	hook = add_hook(l, row, name);
	if (!hook)
		return;
	snprintf(hook->call, sizeof(hook->call), "%s", row->tag);
	if (row->shape & MLT_ENTER)
		want_program(l, hook, 0, "named", "", "enter");
	want_program(l, hook, 1, "named", "", "exit");
}

static int row_kind(const struct loader *l)
{
	int named = l->cfg.calls_by_name ? MLT_NAMED : 0;

	if (l->tier == MLOCKTRACE_TIER_TRACEPOINT)
		return MLT_TPT | named;
	if (l->cfg.by_tracepoint)
		return MLT_PRE | named;
	return l->cfg.functions_alone ? MLT_ALONE : MLT_FN;
}

static void list_hooks(struct loader *l)
{
	int kind = row_kind(l);
	char name[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		if (!(row->tiers & kind) || (row->tiers & MLT_BY_THE_WAY && !l->cfg.implicit) ||
		    (row->tiers & MLT_CHARGES && !l->cfg.charges))
			continue;
		switch (row->kind) {
		case ROW_SYSCALL:
			snprintf(name, sizeof(name), "__x64_sys_%s", row->tag);
			if (!row->only_ia32)
				add_function(l, row, name, "x64_", row->required);
			snprintf(name, sizeof(name), "__ia32_%s", row->sym32);
			if (strcmp(row->sym32, "same"))
				add_function(l, row, name, "ia32_", false);
			break;
		case ROW_NAMED:
			if (!row->only_ia32)
				add_named(l, row);
			break;
		case ROW_FUNC:
			add_function(l, row, row->tag, "", row->required);
			break;
		case ROW_TP:
			add_tracepoint(l, row);
			break;
		}
	}
}

/* ---- load, attach ------------------------------------------------------------------ */

static int open_object(struct loader *l, const char *btf_path)
{
	LIBBPF_OPTS(bpf_object_open_opts, open_opts, .object_name = "mlocktrace",
		    .btf_custom_path = btf_path);
	const void *elf;
	size_t size;

	elf = mlt_kernel_has_atomic_fetch() ? mlocktrace_bpf__elf_bytes(&size) :
					      mlocktrace_nofetch_bpf__elf_bytes(&size);
	l->b->obj = bpf_object__open_mem(elf, size, &open_opts);
	return l->b->obj ? 0 : -errno;
}

static int set_config(struct loader *l)
{
	struct bpf_map *rodata = bpf_object__find_map_by_name(l->b->obj, ".rodata");

	/* cfg is the only constant of the programs. */
	if (!rodata || bpf_map__value_size(rodata) != sizeof(l->cfg))
		return -EINVAL;
	return bpf_map__set_initial_value(rodata, &l->cfg, sizeof(l->cfg));
}

static int map_shared(struct mlt_bpf *b)
{
	struct bpf_map *bss = bpf_object__find_map_by_name(b->obj, ".bss");
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!bss || bpf_map__value_size(bss) < sizeof(struct mlt_shared))
		return -EINVAL;
	b->shared_size = (bpf_map__value_size(bss) + page - 1) & ~(page - 1);
	b->shared = mmap(NULL, b->shared_size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(bss),
			 0);
	if (b->shared == MAP_FAILED) {
		b->shared = NULL;
		return -errno;
	}
	return 0;
}

static struct bpf_link *attach_end(const struct mlt_bpf_hook *hook, int end)
{
	char name[64];

	if (!hook->call[0])
		return bpf_program__attach(hook->progs[end]);
	snprintf(name, sizeof(name), "sys_%s_%s", end ? "exit" : "enter", hook->call);
	return bpf_program__attach_tracepoint(hook->progs[end], "syscalls", name);
}

static void attach_hook(struct loader *l, struct mlt_bpf_hook *hook)
{
	if (hook->why_not[0])
		return;
	for (int end = 1; end >= 0; end--) { /* the exit first: no entry without one */
		if (!hook->progs[end])
			continue;
		l->words.first[0] = '\0';
		hook->links[end] = attach_end(hook, end);
		if (!hook->links[end]) {
			int err = errno;

			snprintf(hook->why_not, sizeof(hook->why_not), "%s",
				 err == ENOENT ? "this kernel has no such function (inlined or absent)" :
				 err == EINVAL ? "this kernel lets nobody trace the function" :
				 err == EBUSY  ? "the function is hooked under its other name, or by somebody else" :
						 strerror(err));
			for (int i = 0; i < 2; i++) {
				bpf_link__destroy(hook->links[i]);
				hook->links[i] = NULL;
			}
			return;
		}
	}
	hook->attached = true;
}

static int attach_all(struct loader *l, char *why, size_t why_size)
{
	for (size_t i = 0; i < l->b->n_hooks; i++) {
		struct mlt_bpf_hook *hook = &l->b->hooks[i];

		attach_hook(l, hook);
		if (hook->required && !hook->attached) {
			snprintf(why, why_size, "%s: %s", hook->name, hook->why_not);
			return -EOPNOTSUPP;
		}
		if (!hook->attached)
			mlt_log(l->h, MLOCKTRACE_LOG_DEBUG, "%s not hooked: %s", hook->name,
				hook->why_not);
	}
	return 0;
}

static void tell_load_cost(struct loader *l)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, l->b->obj) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (bpf_program__fd(prog) >= 0 &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			mlt_log(l->h, MLOCKTRACE_LOG_DEBUG, "%s: %u instructions, %u verified",
				bpf_program__name(prog), info.xlated_prog_len / 8,
				info.verified_insns);
	}
}

static int load_tier(struct loader *l, const char *btf_path, char *why, size_t why_size)
{
	static const char *const iterators[] = { "iter_baseline", "iter_ledger", "iter_pools" };
	struct bpf_program *iterator;
	int err;

	err = open_object(l, btf_path);
	if (!err) {
		list_hooks(l);
		for (size_t i = 0; i < sizeof(iterators) / sizeof(iterators[0]); i++) {
			iterator = bpf_object__find_program_by_name(l->b->obj, iterators[i]);
			if (iterator)
				bpf_program__set_autoload(iterator, true);
		}
		err = set_config(l);
	}
	if (!err)
		err = mlt_bpf_choose_maps(l->h);
	if (!err)
		err = bpf_object__load(l->b->obj);
	if (!err)
		err = map_shared(l->b);
	if (err) {
		mlt_bpf_explain_load(&l->words, err, why, why_size);
		/* The verifier's word for a program that this kernel cannot run. */
		return err == -EINVAL || mlt_kernel_hides_memory() ? -EOPNOTSUPP : err;
	}
	tell_load_cost(l);
	return attach_all(l, why, why_size);
}

int mlt_bpf_find_btf(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	struct mlt_bpf_words words;
	struct mlt_bpf *b = h->priv;
	int err;

	mlt_bpf_listen(&words, h);
	b->btf = btf__parse(opts->btf_path ? opts->btf_path : "/sys/kernel/btf/vmlinux", NULL);
	err = errno;
	mlt_bpf_listen_no_more(&words);
	if (b->btf)
		return 0;
	errno = err >= 4000 ? EINVAL : err; /* libbpf has numbers of its own */
	if (opts->btf_path)
		return mlt_fail(h, -errno, "no type information (BTF) in %s: %s", opts->btf_path,
				strerror(errno));
	return mlt_fail(h, -ENOENT,
			"this kernel has no type information (/sys/kernel/btf/vmlinux: %s); "
			"give its BTF with --btf FILE, or boot one with CONFIG_DEBUG_INFO_BTF=y",
			strerror(errno));
}

void mlt_bpf_forget_btf(struct mlt_bpf *b)
{
	btf__free(b->btf);
	b->btf = NULL;
}

int mlt_bpf_load(struct mlocktrace *h, const struct mlocktrace_opts *opts, enum mlocktrace_tier tier,
		 const struct mlt_config *filters, char *why, size_t why_size)
{
	struct loader l = { .h = h, .b = h->priv, .tier = tier, .cfg = *filters };
	int err;

	/* Said before a hundred programs are loaded for nothing. */
	if (tier == MLOCKTRACE_TIER_KPROBE && !mlt_kernel_has_kprobes()) {
		snprintf(why, why_size, "this kernel has no kprobes (CONFIG_KPROBE_EVENTS)");
		return -EOPNOTSUPP;
	}
	mlt_bpf_listen(&l.words, h);
	l.b->skips = mlt_kernel_fill_config(l.b->btf, tier, &l.cfg);
	err = load_tier(&l, opts->btf_path, why, why_size);
	if (err)
		mlt_bpf_unload(h->priv);
	mlt_bpf_listen_no_more(&l.words);
	return err;
}

void mlt_bpf_detach(struct mlt_bpf *b)
{
	b->missed = mlt_bpf_missed(b);
	for (size_t i = 0; i < b->n_hooks; i++) {
		for (int end = 0; end < 2; end++) {
			bpf_link__destroy(b->hooks[i].links[end]);
			b->hooks[i].links[end] = NULL;
		}
	}
}

void mlt_bpf_unload(struct mlt_bpf *b)
{
	mlt_bpf_detach(b);
	bpf_link__destroy(b->ledger);
	b->ledger = NULL;
	bpf_link__destroy(b->pools);
	b->pools = NULL;
	if (b->shared)
		munmap(b->shared, b->shared_size);
	b->shared = NULL;
	bpf_object__close(b->obj);
	b->obj = NULL;
	b->n_hooks = 0;
	memset(b->hooks, 0, sizeof(b->hooks));
}

/* ---- start -------------------------------------------------------------------------- */

/* The iterator's side effects are what is wanted; it prints nothing. */
static int run_baseline(struct mlt_bpf *b)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(b->obj, "iter_baseline");
	struct bpf_link *link = prog ? bpf_program__attach_iter(prog, NULL) : NULL;
	char none[64];
	int fd, err = 0;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0) {
		err = -errno;
	} else {
		while (read(fd, none, sizeof(none)) > 0)
			;
		close(fd);
	}
	bpf_link__destroy(link);
	return err;
}

int mlt_bpf_enable(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	struct mlt_bpf *b = h->priv;
	struct bpf_map *targets = bpf_object__find_map_by_name(b->obj, "targets");
	int err;

	for (size_t i = 0; i < opts->n_pids; i++) {
		__u32 pid = (__u32)opts->pids[i];
		__u8 one = 1;

		if (!targets || bpf_map_update_elem(bpf_map__fd(targets), &pid, &one, BPF_ANY))
			return mlt_fail(h, -errno, "cannot follow process %u: %s", pid,
					strerror(errno));
	}
	b->shared->max_map_count = mlt_kernel_max_map_count();
	b->shared->perf_pool = mlt_kernel_perf_pool();
	err = run_baseline(b);
	if (err)
		mlt_log(h, MLOCKTRACE_LOG_WARN,
			"no task iterator (%s): who held locks before now is not known",
			strerror(-err));
	__atomic_store_n(&b->shared->reader_waits, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&b->shared->enabled, 1, __ATOMIC_SEQ_CST);
	return 0;
}

/*
 * What the kernel says of a kprobe's link from 6.7 on (struct bpf_link_info in
 * include/uapi/linux/bpf.h there, member perf_event.kprobe); older headers lack it.
 */
struct kprobe_link_info {
	__u32 type, id, prog_id, pad;
	__u32 event_type, pad2;
	__u64 func_name;
	__u32 name_len, offset;
	__u64 addr;
	__u64 missed;
};

/* Return probes that found no instance. A program's own misses are in its info. */
static uint64_t link_missed(const struct bpf_link *link)
{
	struct kprobe_link_info info = {};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_link__fd(link), &info, &len) || info.type != 7 ||
	    info.event_type < 3 || info.event_type > 4) /* BPF_LINK_TYPE_PERF_EVENT; k(ret)probe */
		return 0;
	return info.missed;
}

uint64_t mlt_bpf_missed(const struct mlt_bpf *b)
{
	uint64_t missed = b->missed;

	for (size_t i = 0; i < b->n_hooks; i++) {
		for (int end = 0; end < 2; end++) {
			struct bpf_link *link = b->hooks[i].links[end];
			struct bpf_prog_info info = {};
			__u32 len = sizeof(info);

			if (!link)
				continue;
			missed += link_missed(link);
			/* The tracepoints of all calls share two programs, of which the first row tells. */
			if (b->hooks[i].call[0] && i && b->hooks[i - 1].call[0])
				continue;
			if (!bpf_obj_get_info_by_fd(bpf_program__fd(b->hooks[i].progs[end]), &info,
						    &len))
				missed += info.recursion_misses;
		}
	}
	return missed;
}
