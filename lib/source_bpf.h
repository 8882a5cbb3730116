/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Between the parts of the bpf source: asking the kernel (source_bpf_kernel.c),
 * loading (source_bpf_load.c) and reading (source_bpf.c).
 */
#ifndef MLT_SOURCE_BPF_H
#define MLT_SOURCE_BPF_H

#include "internal.h"
#include "../body/shared.h"

struct btf;
struct bpf_object;
struct bpf_program;
struct bpf_link;
struct ring_buffer;

/* One place that is listened to: a row of hooks.def in one tier. */
struct mlt_bpf_hook {
	char name[64];
	const char *help;
	bool required;
	bool attached;
	char why_not[160];
	char call[32]; /* by tracepoints of its own: which system call; else "" */
	struct bpf_program *progs[2]; /* entry and exit; NULL = not wanted */
	struct bpf_link *links[2];
};

#define MLT_BPF_MAX_HOOKS 120

struct mlt_bpf {
	struct btf *btf; /* the kernel's type information */
	struct bpf_object *obj;
	struct mlt_bpf_hook hooks[MLT_BPF_MAX_HOOKS];
	size_t n_hooks;
	struct mlt_shared *shared; /* the programs' memory, mapped */
	size_t shared_size;
	size_t buffer_bytes;
	/* The iterators over the ledger, once it was asked for: of tasks, and of the books' pools. */
	struct bpf_link *ledger;
	struct bpf_link *pools;
	uint64_t missed; /* of programs already unloaded */
	enum mlocktrace_skips skips; /* of the tier in use */

	struct ring_buffer *ring;
	int epoll_fd;
	int timer_fd;
	int ring_fd;
	bool lazy; /* looking every few milliseconds instead of being woken */
	int lazy_us;
};

/* ---- source_bpf_kernel.c ---- */

/* Fetching atomics came in 5.12; an older verifier refuses the instruction wherever it stands. */
bool mlt_kernel_has_atomic_fetch(void);
bool mlt_kernel_has_kprobes(void);
/* Arguments of a kernel function or tracepoint; -1 if there is none of that name. */
int mlt_kernel_nargs(const struct btf *btf, const char *function);
int mlt_kernel_tp_nargs(const struct btf *btf, const char *tp);
/* Does eBPF count against the limit on locked memory? */
bool mlt_kernel_charges_bpf(const struct btf *btf);
/* vm.max_map_count; the largest number if it is not known. */
unsigned int mlt_kernel_max_map_count(void);
/* Pages of perf rings that each user has before the limit counts; many if it is not known. */
uint64_t mlt_kernel_perf_pool(void);
/* Locked down so far that eBPF may not read its memory; false if that is not known. */
bool mlt_kernel_hides_memory(void);
/* Which programs this kernel may skip, since it preempts them; each kind includes those before. */
enum mlt_skipping {
	MLT_SKIPPING_NONE,
	MLT_SKIPPING_FUNCTIONS,
	MLT_SKIPPING_SYSCALLS, /* those of sys_enter and sys_exit, but not of each call's own */
	MLT_SKIPPING_TRACEPOINTS, /* all, or those two and there are no others */
};
enum mlt_skipping mlt_kernel_skipping(const struct btf *btf);
/* Fill in all of cfg but the filters; what such programs may miss for being skipped. */
enum mlocktrace_skips mlt_kernel_fill_config(const struct btf *btf, enum mlocktrace_tier tier,
					     struct mlt_config *cfg);

/* ---- source_bpf_words.c ---- */

/* libbpf's words while this thread listens: into the log of @h, the first warning also here. */
struct mlt_bpf_words {
	const struct mlocktrace *h;
	char first[256];
	void (*before)(void); /* whoever listened until then, a libbpf_print_fn_t */
};

void mlt_bpf_listen(struct mlt_bpf_words *words, const struct mlocktrace *h);
void mlt_bpf_listen_no_more(struct mlt_bpf_words *words);
/* Why loading failed with @err. */
void mlt_bpf_explain_load(const struct mlt_bpf_words *words, int err, char *why, size_t why_size);
/* And what may be done, "; ..." or "". @memlock_short: eBPF counts against a limit that is low. */
const char *mlt_bpf_remedy(int err, bool memlock_short);

/* ---- source_bpf_load.c ---- */

int mlt_bpf_find_btf(struct mlocktrace *h, const struct mlocktrace_opts *opts);
void mlt_bpf_forget_btf(struct mlt_bpf *b);
/* Load and attach one tier, not yet recording. -errno with why in `why`. */
int mlt_bpf_load(struct mlocktrace *h, const struct mlocktrace_opts *opts, enum mlocktrace_tier tier,
		 const struct mlt_config *filters, char *why, size_t why_size);
/* Undo it, also half done. */
void mlt_bpf_unload(struct mlt_bpf *b);
/* Detach every hook; the maps stay readable. */
void mlt_bpf_detach(struct mlt_bpf *b);
/* Start: pids in, pid namespace and holders known, recording on. */
int mlt_bpf_enable(struct mlocktrace *h, const struct mlocktrace_opts *opts);
/* Hook invocations the kernel skipped, as far as it counts them. */
uint64_t mlt_bpf_missed(const struct mlt_bpf *b);

/* ---- source_bpf_counts.c ---- */

/* Before loading: counting needs no ring buffer, and nothing else needs its tables. */
int mlt_bpf_choose_maps(const struct mlocktrace *h);
/* As the slot of struct mlt_source. */
int mlt_bpf_count(struct mlocktrace *h);

/* ---- source_bpf_ledger.c ---- */

/* As mlocktrace_ledger(). */
int mlt_bpf_ledger(struct mlocktrace *h,
		   int (*each)(void *ctx, const struct mlocktrace_holding *holding), void *ctx);

#endif
