// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * The bpf source: chooses a tier, reads the ring buffer in batches, and tells
 * the producer's side of the books. Loading is in source_bpf_load.c, and what is
 * asked of the kernel before in source_bpf_kernel.c.
 *
 * Waking a reader costs more than making a record. So the reader asks to be
 * woken only after it found nothing for a while; before that it looks every
 * few milliseconds, and the programs do not wake it at all.
 */
#include "source_bpf.h"
#include "live.h"
#include "tally.h"

#include <bpf/libbpf.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define MLT_DEFAULT_BUFFER (8U << 20)
#define MLT_MAX_BUFFER (1U << 30)
#define MLT_BATCH_BYTES (64U << 10)
#define MLT_LAZY_US 10000 /* between looks, with the default buffer */

/* ---- options to filters --------------------------------------------------------- */

static int read_filters(struct mlocktrace *h, const struct mlocktrace_opts *opts,
			struct mlt_config *cfg)
{
	struct mlt_cgroup cgroup = { 0 };
	int err;

	cfg->ops = (opts->ops ? opts->ops : ~0ULL) & ~1ULL; /* no op is 0 */
	cfg->failures_only = opts->failures_only;
	cfg->stacks = opts->stacks;
	cfg->counting = h->tally != NULL;
	cfg->group_by = h->tally ? h->tally->group_by : 0;
	cfg->by_pid = opts->n_pids > 0;
	cfg->follow = opts->follow;
	cfg->by_uid = opts->by_uid;
	cfg->uid = opts->uid;
	if (opts->comm) {
		if (strlen(opts->comm) >= sizeof(cfg->comm))
			return mlt_fail(h, -EINVAL, "a task's name has at most %zu bytes: %s",
					sizeof(cfg->comm) - 1, opts->comm);
		strcpy(cfg->comm, opts->comm);
		cfg->by_comm = 1;
	}
	if (!opts->cgroup)
		return 0;
	/* The kernel compares cgroups by id and depth below the root of the hierarchy. */
	err = mlt_cgroup_open(h, opts->cgroup, &cgroup);
	mlt_cgroup_close(&cgroup);
	cfg->cgroup_id = cgroup.id;
	cfg->cgroup_level = cgroup.depth;
	cfg->by_cgroup = 1;
	return err;
}

static int choose_buffer(struct mlocktrace *h, const struct mlocktrace_opts *opts, struct mlt_bpf *b)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	size_t want = opts->buffer_bytes ? opts->buffer_bytes : MLT_DEFAULT_BUFFER;

	if (want > MLT_MAX_BUFFER)
		return mlt_fail(h, -EINVAL, "a buffer of %zu bytes is more than the most, %u", want,
				MLT_MAX_BUFFER);
	while (size < want)
		size *= 2;
	b->buffer_bytes = size;
	b->lazy_us = (int)((uint64_t)MLT_LAZY_US * size / MLT_DEFAULT_BUFFER);
	if (b->lazy_us > MLT_LAZY_US)
		b->lazy_us = MLT_LAZY_US;
	if (b->lazy_us < 100)
		b->lazy_us = 100;
	/* Names for a stack are found only while its process lives. */
	if (opts->stacks && b->lazy_us > 1000)
		b->lazy_us = 1000;
	return 0;
}

/* ---- reading ---------------------------------------------------------------------- */

static int on_record(void *ctx, void *data, size_t size)
{
	struct mlocktrace *h = ctx;
	const struct mlocktrace_event *e = data;

	/* A slot for stacks is larger than the record in it. */
	if (e->size && e->size < size)
		size = e->size;
	if (mlt_batch_add(h, data, size))
		return -ENOMEM;
	/* libbpf stops after this one, having consumed it. */
	return h->batch_used >= MLT_BATCH_BYTES ? -EAGAIN : 0;
}

static int open_reader(struct mlocktrace *h, struct mlt_bpf *b)
{
	struct epoll_event timer = { .events = EPOLLIN }, ring = { .events = EPOLLIN };

	b->ring_fd = bpf_object__find_map_fd_by_name(b->obj, "events");
	b->ring = ring_buffer__new(b->ring_fd, on_record, h, NULL);
	if (!b->ring)
		return -errno;
	b->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	b->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (b->epoll_fd < 0 || b->timer_fd < 0 ||
	    epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, b->timer_fd, &timer) ||
	    epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, b->ring_fd, &ring))
		return -errno;
	return 0;
}

/*
 * Listen to the ring, or leave it alone until the timer says look again. The
 * order when listening: say that we wait, then let epoll look at the ring. A
 * program reserves its slot first and looks whether we wait second, so either
 * epoll sees the slot or the program sees us.
 */
static void set_lazy(struct mlt_bpf *b, bool lazy)
{
	struct epoll_event ring = { .events = lazy ? 0 : EPOLLIN };
	struct itimerspec at = { .it_value.tv_nsec = lazy ? b->lazy_us * 1000L : 0 };

	timerfd_settime(b->timer_fd, 0, &at, NULL);
	__atomic_store_n(&b->shared->reader_waits, !lazy, __ATOMIC_SEQ_CST);
	if (b->lazy != lazy)
		epoll_ctl(b->epoll_fd, EPOLL_CTL_MOD, b->ring_fd, &ring);
	b->lazy = lazy;
}

static int consume(struct mlt_bpf *b)
{
	int n = ring_buffer__consume(b->ring);

	return n < 0 && n != -EAGAIN ? n : 0;
}

static int bpf_fill(struct mlocktrace *h)
{
	struct mlt_bpf *b = h->priv;
	int err = consume(b);

	if (err || h->batch_used)
		return err;
	if (!h->idle) {
		/* It just ran dry: more is likely soon. */
		set_lazy(b, true);
		return 0;
	}
	set_lazy(b, false);
	return consume(b);
}

static int bpf_wait(struct mlocktrace *h, int timeout_ms)
{
	struct mlt_bpf *b = h->priv;
	struct pollfd pfd = { .fd = b->epoll_fd, .events = POLLIN };
	struct epoll_event ring = { .events = EPOLLIN };
	int n;

	/* Called without draining first: say that we wait, and let epoll look once more. */
	if (!b->lazy) {
		__atomic_store_n(&b->shared->reader_waits, 1, __ATOMIC_SEQ_CST);
		epoll_ctl(b->epoll_fd, EPOLL_CTL_MOD, b->ring_fd, &ring);
	}
	n = poll(&pfd, 1, timeout_ms);
	return n < 0 ? -errno : n;
}

static int bpf_fd(const struct mlocktrace *h)
{
	const struct mlt_bpf *b = h->priv;

	return b->epoll_fd;
}

/* ---- life ---------------------------------------------------------------------------- */

static const enum mlocktrace_tier best_first[] = {
	MLOCKTRACE_TIER_FENTRY,
	MLOCKTRACE_TIER_KPROBE,
	MLOCKTRACE_TIER_TRACEPOINT,
};

static int tier_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(best_first) / sizeof(best_first[0]); i++) {
		if (!strcmp(name, mlocktrace_tier_name(best_first[i])))
			return best_first[i];
	}
	return MLOCKTRACE_TIER_NONE;
}

/* All maps together, in bytes, and some to spare */
#define ENOUGH_FOR_MAPS (64ULL << 20)

static bool maps_exceed_limit(const struct mlt_bpf *b)
{
	struct rlimit limit;

	return mlt_kernel_charges_bpf(b->btf) && !getrlimit(RLIMIT_MEMLOCK, &limit) &&
	       limit.rlim_cur < ENOUGH_FOR_MAPS;
}

static const char *remedy(const struct mlt_bpf *b, int err)
{
	return mlt_bpf_remedy(err, maps_exceed_limit(b));
}

static int load_named(struct mlocktrace *h, const struct mlocktrace_opts *opts,
		      const struct mlt_config *cfg, int tier)
{
	char why[256] = "";
	int err;

	if (!tier)
		return mlt_fail(h, -EINVAL, "no tier %s: there are fentry, kprobe and tracepoint",
				opts->tier);
	err = mlt_bpf_load(h, opts, (enum mlocktrace_tier)tier, cfg, why, sizeof(why));
	if (err)
		return mlt_fail(h, err, "%s%s", why, remedy(h->priv, err));
	h->tier = mlocktrace_tier_name((unsigned int)tier);
	return 0;
}

/* Where programs of functions are skipped, and where those of tracepoints are. */
static const enum mlocktrace_tier functions_last[] = {
	MLOCKTRACE_TIER_TRACEPOINT,
	MLOCKTRACE_TIER_FENTRY,
	MLOCKTRACE_TIER_KPROBE,
};
static const enum mlocktrace_tier kprobe_first[] = {
	MLOCKTRACE_TIER_KPROBE,
	MLOCKTRACE_TIER_TRACEPOINT,
	MLOCKTRACE_TIER_FENTRY,
};

static const enum mlocktrace_tier *tiers_in_order(const struct mlt_bpf *b)
{
	switch (mlt_kernel_skipping(b->btf)) {
	case MLT_SKIPPING_NONE:
		return best_first;
	case MLT_SKIPPING_TRACEPOINTS:
		return kprobe_first;
	default:
		return functions_last;
	}
}

static int load_best(struct mlocktrace *h, const struct mlocktrace_opts *opts,
		     const struct mlt_config *cfg)
{
	const enum mlocktrace_tier *order = tiers_in_order(h->priv);
	char all[900] = "", why[256] = "";
	size_t used = 0;
	int err = -EOPNOTSUPP;
	bool refused = false;

	if (opts->tier && strcmp(opts->tier, "auto"))
		return load_named(h, opts, cfg, tier_by_name(opts->tier));
	for (size_t i = 0; i < sizeof(best_first) / sizeof(best_first[0]); i++) {
		const char *name = mlocktrace_tier_name(order[i]);

		err = mlt_bpf_load(h, opts, order[i], cfg, why, sizeof(why));
		if (!err) {
			h->tier = name;
			return 0;
		}
		if (used < sizeof(all))
			used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s: %s",
						 used ? "; " : "", name, why);
		mlt_log(h, MLOCKTRACE_LOG_INFO, "tier %s does not work: %s", name, why);
		refused |= err == -EPERM;
	}
	if (refused) /* what privilege could change is worth more than what cannot be changed */
		err = -EPERM;
	return mlt_fail(h, err, "no tier works here: %s%s", all, remedy(h->priv, err));
}

static int bpf_open(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	struct mlt_config cfg = {};
	struct mlt_bpf *b = h->priv;
	int err;

	b->epoll_fd = -1;
	b->timer_fd = -1;
	h->realtime_offset_ns = mlt_realtime_offset();
	err = mlt_check_pids(h, opts);
	if (!err)
		err = mlt_bpf_find_btf(h, opts);
	if (!err)
		err = read_filters(h, opts, &cfg);
	if (!err)
		err = choose_buffer(h, opts, b);
	if (!err)
		err = load_best(h, opts, &cfg);
	mlt_bpf_forget_btf(b); /* megabytes, and all was asked */
	if (err)
		return err;
	err = h->tally ? 0 : open_reader(h, b);
	if (err)
		return mlt_fail(h, err, "cannot read the ring buffer: %s", strerror(-err));
	return mlt_bpf_enable(h, opts);
}

static int bpf_stop(struct mlocktrace *h)
{
	struct mlt_bpf *b = h->priv;

	__atomic_store_n(&b->shared->enabled, 0, __ATOMIC_SEQ_CST);
	mlt_bpf_detach(b);
	/* A grace period: programs that were running have made their records. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	return 0;
}

static int bpf_stats(struct mlocktrace *h, int cpu, struct mlocktrace_stats *stats)
{
	struct mlt_bpf *b = h->priv;
	int n = libbpf_num_possible_cpus();

	if (n > MLT_MAX_CPUS)
		n = MLT_MAX_CPUS;
	if (cpu >= n)
		return -ENOENT;
	stats->seen = 0;
	stats->dropped = 0;
	stats->untracked = 0;
	stats->ended = 0;
	stats->ended_adrift = 0;
	stats->ended_unattributed = 0;
	for (int i = 0; i < n; i++) {
		struct mlt_cpu *c = &b->shared->cpus[i];

		if (cpu >= 0 && i != cpu)
			continue;
		/* dropped first: never more of them than seen. */
		stats->dropped += __atomic_load_n(&c->dropped, __ATOMIC_ACQUIRE);
		stats->seen += __atomic_load_n(&c->seen, __ATOMIC_ACQUIRE);
		stats->untracked += __atomic_load_n(&c->untracked, __ATOMIC_RELAXED);
		stats->ended += __atomic_load_n(&c->ended, __ATOMIC_RELAXED);
		stats->ended_adrift += __atomic_load_n(&c->ended_adrift, __ATOMIC_RELAXED);
		stats->ended_unattributed += __atomic_load_n(&c->ended_unattributed, __ATOMIC_RELAXED);
	}
	if (cpu < 0)
		stats->missed = mlt_bpf_missed(b);
	return 0;
}

static enum mlocktrace_skips bpf_skips(const struct mlocktrace *h)
{
	const struct mlt_bpf *b = h->priv;

	return b->skips;
}

static int bpf_hook(const struct mlocktrace *h, size_t i, struct mlocktrace_hook *hook)
{
	const struct mlt_bpf *b = h->priv;

	if (i >= b->n_hooks)
		return -ENOENT;
	hook->name = b->hooks[i].name;
	hook->help = b->hooks[i].help;
	hook->attached = b->hooks[i].attached;
	hook->required = b->hooks[i].required;
	hook->why_not = b->hooks[i].why_not;
	return 0;
}

static void bpf_close(struct mlocktrace *h)
{
	struct mlt_bpf *b = h->priv;

	ring_buffer__free(b->ring);
	if (b->timer_fd > 0)
		close(b->timer_fd);
	if (b->epoll_fd > 0)
		close(b->epoll_fd);
	mlt_bpf_unload(b);
	mlt_bpf_forget_btf(b);
}

const struct mlt_source mlt_source_bpf = {
	.name = "bpf",
	.priv_size = sizeof(struct mlt_bpf),
	.live = true,
	.open = bpf_open,
	.fill = bpf_fill,
	.wait = bpf_wait,
	.fd = bpf_fd,
	.stop = bpf_stop,
	.stats = bpf_stats,
	.ledger = mlt_bpf_ledger,
	.count = mlt_bpf_count,
	.skips = bpf_skips,
	.hook = bpf_hook,
	.close = bpf_close,
};
