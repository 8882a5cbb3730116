// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * The handle: opens a source, hands out its records one by one, and keeps the
 * books of the stream, so that every record made is either handed out or shown
 * as lost. Knows sources only by their vtable.
 */
#include "counts.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char mlt_open_error[1024];

void mlt_log(const struct mlocktrace *h, enum mlocktrace_log_level level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	if (!h || !h->log)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	h->log(h->log_ctx, level, line);
}

int mlt_fail(struct mlocktrace *h, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(mlt_open_error, sizeof(mlt_open_error), fmt, ap);
	va_end(ap);
	mlt_log(h, MLOCKTRACE_LOG_ERROR, "%s", mlt_open_error);
	return err;
}

MLT_API const char *mlocktrace_open_error(void)
{
	return mlt_open_error;
}

struct mlt_cpu_books *mlt_cpu_books(struct mlocktrace *h, unsigned int cpu)
{
	if (cpu >= h->n_cpus) {
		size_t n = cpu + 1;
		struct mlt_cpu_books *more = realloc(h->cpus, n * sizeof(*more));

		if (!more)
			return NULL;
		memset(more + h->n_cpus, 0, (n - h->n_cpus) * sizeof(*more));
		h->cpus = more;
		h->n_cpus = n;
	}
	return &h->cpus[cpu];
}

int mlt_batch_add(struct mlocktrace *h, const void *record, size_t size)
{
	size_t need = (size + 7) & ~(size_t)7;

	if (h->batch_used + need > h->batch_size) {
		size_t room = h->batch_size ? h->batch_size * 2 : 64 << 10;
		uint8_t *more;

		while (room < h->batch_used + need)
			room *= 2;
		more = realloc(h->batch, room);
		if (!more)
			return -ENOMEM;
		h->batch = more;
		h->batch_size = room;
	}
	memcpy(h->batch + h->batch_used, record, size);
	h->batch_used += need;
	return 0;
}

static bool is_auto(const char *name)
{
	return !name || !strcmp(name, "auto");
}

/* Of a name; NULL = the best that works. */
static const struct mlt_source *choose_source(const struct mlocktrace_opts *opts)
{
	if (is_auto(opts->source)) {
		if (is_auto(opts->tier))
			return NULL;
		return strcmp(opts->tier, mlt_source_kmod.name) ? &mlt_source_bpf : &mlt_source_kmod;
	}
	if (!strcmp(opts->source, mlt_source_bpf.name))
		return &mlt_source_bpf;
	return strcmp(opts->source, mlt_source_kmod.name) ? &mlt_source_file : &mlt_source_kmod;
}

static int open_source(struct mlocktrace *h, const struct mlt_source *source,
		       const struct mlocktrace_opts *opts)
{
	int err;

	h->source = source;
	h->tier = "";
	h->priv = calloc(1, source->priv_size);
	if (!h->priv)
		return mlt_fail(h, -ENOMEM, "out of memory");
	err = source->open(h, opts);
	if (!err) {
		mlt_log(h, MLOCKTRACE_LOG_INFO, "source %s%s%s", source->name, h->tier[0] ? ", tier " : "",
			h->tier);
		return 0;
	}
	source->close(h);
	free(h->priv);
	h->priv = NULL;
	return err;
}

/* eBPF; where it cannot run, the kernel module. What no source could do is said at once. */
static int open_best(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	char why[sizeof(mlt_open_error)], why_not[sizeof(mlt_open_error)];
	int err, other;

	if (opts->past)
		return open_source(h, &mlt_source_kmod, opts);
	err = open_source(h, &mlt_source_bpf, opts);
	if (!err || err == -EINVAL || err == -ESRCH || err == -ENOMEM)
		return err;
	memcpy(why, mlt_open_error, sizeof(why));
	mlt_log(h, MLOCKTRACE_LOG_INFO, "source bpf does not work: %s", why);
	other = open_source(h, &mlt_source_kmod, opts);
	if (!other)
		return 0;
	memcpy(why_not, mlt_open_error, sizeof(why_not));
	mlt_log(h, MLOCKTRACE_LOG_INFO, "source kmod does not work: %s", why_not);
	if (other != -ENOENT)
		return mlt_fail(h, err, "%s; nor does the kernel module: %s", why, why_not);
	if (err == -EOPNOTSUPP || (err == -ENOENT && !opts->cgroup))
		return mlt_fail(h, err, "%s; or load the kernel module: modprobe mlocktrace", why);
	return mlt_fail(h, err, "%s", why);
}

MLT_API int mlocktrace_open(struct mlocktrace **handle, const struct mlocktrace_opts *opts)
{
	struct mlocktrace_opts own = { .size = sizeof(own) };
	const struct mlt_source *source;
	struct mlocktrace *h;
	int err = 0;

	*handle = NULL;
	if (opts)
		err = mlt_copy_opts(&own, sizeof(own), opts, offsetof(struct mlocktrace_opts, tier));
	if (err)
		return mlt_fail(NULL, err, "options of a newer version of libmlocktrace");
	h = calloc(1, sizeof(*h));
	if (!h)
		return mlt_fail(NULL, -ENOMEM, "out of memory");
	h->log = own.log;
	h->log_ctx = own.log_ctx;
	h->current_size = UINT16_MAX; /* what a record's size can say */
	h->current = calloc(1, h->current_size);
	if (!h->current) {
		mlocktrace_close(h);
		return mlt_fail(NULL, -ENOMEM, "out of memory");
	}
	mlt_open_error[0] = '\0';
	source = choose_source(&own);
	err = mlt_counts_open(h, &own);
	if (!err)
		err = source ? open_source(h, source, &own) : open_best(h, &own);
	if (err) {
		mlocktrace_close(h);
		return err;
	}
	*handle = h;
	return 0;
}

MLT_API void mlocktrace_close(struct mlocktrace *h)
{
	if (!h)
		return;
	if (h->priv)
		h->source->close(h);
	free(h->priv);
	mlt_tally_free(h->tally);
	free(h->current);
	free(h->batch);
	free(h->cpus);
	free(h);
}

MLT_API int mlocktrace_stop(struct mlocktrace *h)
{
	return h->source->stop ? h->source->stop(h) : 0;
}

static bool makes_lost(const struct mlocktrace *h)
{
	return h->source->live && !h->source->tells_lost;
}

static int hand_out_lost(struct mlocktrace *h, unsigned int cpu, uint64_t count, uint64_t time_ns,
			 const struct mlocktrace_event **event)
{
	struct mlocktrace_event *e = h->current;

	memset(e, 0, sizeof(*e));
	e->size = sizeof(*e);
	e->abi = MLOCKTRACE_ABI;
	e->op = MLOCKTRACE_OP_LOST;
	e->cpu = cpu;
	e->count = count;
	e->time_ns = time_ns;
	*event = e;
	return 1;
}

/*
 * Every record tells how many were dropped before it on its CPU. Two records of
 * one CPU may come in the wrong order, so only a larger figure is news.
 */
static uint64_t lost_before(const struct mlocktrace_event *e, const struct mlt_cpu_books *books)
{
	int32_t news = (int32_t)(e->dropped - (uint32_t)books->lost);

	return news > 0 ? (uint64_t)news : 0;
}

/* Drops that no record came after, found in the producer's counters. */
static int lost_at_the_end(struct mlocktrace *h, const struct mlocktrace_event **event)
{
	struct mlocktrace_stats stats = { .size = sizeof(stats) };

	for (unsigned int cpu = 0; !h->source->stats(h, (int)cpu, &stats); cpu++) {
		struct mlt_cpu_books *books;
		uint64_t count;

		if (!stats.dropped)
			continue;
		books = mlt_cpu_books(h, cpu);
		if (!books)
			return -ENOMEM;
		if (stats.dropped <= books->lost)
			continue;
		count = stats.dropped - books->lost;
		books->lost = stats.dropped;
		return hand_out_lost(h, cpu, count, 0, event);
	}
	return 0;
}

static int refill(struct mlocktrace *h, const struct mlocktrace_event **event)
{
	int err;

	h->batch_read = 0;
	h->batch_used = 0;
	err = h->source->fill(h);
	if (err)
		return err;
	h->idle = !h->batch_used;
	if (!h->idle)
		return 1;
	return makes_lost(h) ? lost_at_the_end(h, event) : 0;
}

static int next_record(struct mlocktrace *h, const struct mlocktrace_event **event)
{
	struct mlt_cpu_books *books;
	uint64_t lost;
	int size;

	*event = NULL;
	if (h->batch_read >= h->batch_used) {
		int got = refill(h, event);

		if (got <= 0 || *event)
			return got;
	}
	size = mlt_decode(h->batch + h->batch_read, h->batch_used - h->batch_read, h->current,
			  h->current_size);
	if (size < 0)
		return size;
	books = mlt_cpu_books(h, h->current->cpu);
	if (!books)
		return -ENOMEM;
	if (makes_lost(h)) {
		lost = lost_before(h->current, books);
		if (lost) {
			books->lost += lost;
			return hand_out_lost(h, h->current->cpu, lost, h->current->time_ns, event);
		}
	}
	h->batch_read += ((size_t)size + 7) & ~(size_t)7;
	if (h->current->op == MLOCKTRACE_OP_LOST)
		books->lost += h->current->count;
	else
		books->delivered++;
	*event = h->current;
	return 1;
}

int mlt_each_record(struct mlocktrace *h,
		    int (*each)(void *ctx, const struct mlocktrace_event *event), void *ctx)
{
	const struct mlocktrace_event *event;
	int err;

	while ((err = next_record(h, &event)) == 1) {
		err = each(ctx, event);
		if (err)
			break;
	}
	return err;
}

MLT_API int mlocktrace_next(struct mlocktrace *h, const struct mlocktrace_event **event)
{
	if (!h->tally)
		return next_record(h, event);
	*event = NULL;
	return h->source->live ? 0 : -ENODATA;
}

MLT_API int mlocktrace_wait(struct mlocktrace *h, int timeout_ms)
{
	if (h->tally && h->source->live) /* for nothing but a signal */
		return poll(NULL, 0, timeout_ms) < 0 ? -errno : 0;
	if (h->batch_read < h->batch_used)
		return 1;
	return h->source->wait(h, timeout_ms);
}

MLT_API int mlocktrace_fd(const struct mlocktrace *h)
{
	return h->source->fd && !h->tally ? h->source->fd(h) : -EOPNOTSUPP;
}

MLT_API int mlocktrace_stats(struct mlocktrace *h, int cpu, struct mlocktrace_stats *stats)
{
	struct mlocktrace_stats full = { .size = sizeof(full) };
	size_t size = stats->size;
	int err;

	if (size < offsetof(struct mlocktrace_stats, missed) || cpu < -1)
		return -EINVAL;
	err = h->source->stats(h, cpu, &full);
	if (err)
		return err;
	full.delivered = 0;
	for (size_t i = 0; i < h->n_cpus; i++) {
		if (cpu < 0 || (size_t)cpu == i)
			full.delivered += h->cpus[i].delivered;
	}
	memset(stats, 0, size);
	memcpy(stats, &full, size < sizeof(full) ? size : sizeof(full));
	stats->size = size;
	return 0;
}

MLT_API int mlocktrace_ledger(struct mlocktrace *h,
			      int (*each)(void *ctx, const struct mlocktrace_holding *holding),
			      void *ctx)
{
	return h->source->ledger ? h->source->ledger(h, each, ctx) : -EOPNOTSUPP;
}

MLT_API const char *mlocktrace_source(const struct mlocktrace *h)
{
	return h->source->name;
}

MLT_API const char *mlocktrace_tier(const struct mlocktrace *h)
{
	return h->tier;
}

MLT_API enum mlocktrace_skips mlocktrace_skips(const struct mlocktrace *h)
{
	return h->source->skips ? h->source->skips(h) : MLOCKTRACE_SKIPS_NOTHING;
}

MLT_API int mlocktrace_hook(const struct mlocktrace *h, size_t i, struct mlocktrace_hook *hook)
{
	return h->source->hook ? h->source->hook(h, i, hook) : -ENOENT;
}

MLT_API int mlocktrace_hook_counts(const struct mlocktrace *h, size_t i, uint64_t *hits,
				   uint64_t *misses)
{
	return h->source->hook_counts ? h->source->hook_counts(h, i, hits, misses) : -EOPNOTSUPP;
}
