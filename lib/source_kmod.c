// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * The kmod source: reads the stream of the kernel module from debugfs. The module makes
 * records for all its readers, and puts what was overwritten before we came to it into
 * the stream as lost records. It knows filters by process; the others are ours.
 *
 * Books, for each CPU: what it made since we began (its own figure) is what passed into
 * the batch, what was lost, what filters held back, and what waits. The figure is taken
 * before `new` is written, and at the end after the clock: what falls in between was
 * seen and not wanted, so it counts as filtered, never as missing.
 */
#include "source_kmod.h"
#include "decode.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MOST_READS 64 /* of one fill, while nothing passes the filters */

/* ---- reading -------------------------------------------------------------------------- */

/* Numbers that no record has, and no lost record accounts for: others' records, or a fault. */
static void look_at_number(struct mlocktrace *h, struct mlt_kmod_cpu *cpu,
			   const struct mlocktrace_event *event)
{
	struct mlt_kmod *k = h->priv;
	int64_t gap = (int64_t)(event->seq - cpu->seq - 1 - cpu->lost_since);

	if (cpu->seq && gap > 0 && k->kernel_filters) {
		cpu->filtered += (uint64_t)gap;
	} else if (cpu->seq && gap && !k->told_hole) {
		k->told_hole = true;
		mlt_log(h, MLOCKTRACE_LOG_WARN, "the kernel module's numbers and losses do not agree: record "
			"%" PRIu64 " of CPU %u after %" PRIu64 ", with %" PRIu64 " lost between",
			(uint64_t)event->seq, event->cpu, cpu->seq, cpu->lost_since);
	}
	cpu->seq = event->seq;
	cpu->lost_since = 0;
}

/* Whom the kernel follows by now: the ledger has to know. */
static int learn(struct mlt_kmod *k, const struct mlocktrace_event *event)
{
	int err;

	if (!k->kernel_filters)
		return 0;
	if (mlt_is_of_user(event->counter) && mlt_ids_add(&k->users, event->owner_uid))
		return -ENOMEM;
	/* What others do to the processes followed does not make them followed. */
	if (!k->filter.follow || (event->flags & MLOCKTRACE_F_REMOTE) ||
	    event->op == MLOCKTRACE_OP_SETRLIMIT)
		return 0;
	err = mlt_ids_add(&k->filter.pids, event->pid);
	if (!err)
		err = mlt_ids_add(&k->users, event->uid);
	if (!err && event->op == MLOCKTRACE_OP_FORK && event->target_pid)
		err = mlt_ids_add(&k->filter.pids, event->target_pid);
	return err;
}

/* One record into the batch, if it passes; its size, or -errno. */
static int take_record(struct mlocktrace *h, const uint8_t *record, size_t left)
{
	struct mlt_kmod *k = h->priv;
	struct mlt_event_room room;
	struct mlt_kmod_cpu *cpu;
	int size, passes, err;

	size = mlt_decode(record, left, &room.event, sizeof(room));
	if (size < 0)
		return size;
	cpu = mlt_kmod_cpu(k, room.event.cpu);
	if (!cpu)
		return -ENOMEM;
	if (room.event.op == MLOCKTRACE_OP_LOST) {
		cpu->lost += room.event.count;
		cpu->lost_since += room.event.count;
		err = mlt_batch_add(h, &room, room.event.size);
		return err ? err : size;
	}
	if (k->stop_ns && room.event.time_ns + room.event.duration_ns > k->stop_ns) {
		/* They come in the order in which they were made: all others are from after that, too. */
		k->done = true;
		return size;
	}
	look_at_number(h, cpu, &room.event);
	err = learn(k, &room.event);
	passes = err ? err : mlt_filter_passes(&k->filter, &room.event);
	if (passes < 0)
		return passes;
	if (!passes) {
		cpu->filtered++;
		return size;
	}
	if (!k->stacks) {
		room.event.n_user = 0;
		room.event.n_kernel = 0;
		room.event.size = sizeof(room.event);
	}
	/* As in other sources: numbers of this stream, of which only lost records leave a gap. */
	room.event.seq = cpu->passed + cpu->lost + 1;
	err = mlt_batch_add(h, &room, room.event.size);
	cpu->passed += !err;
	return err ? err : size;
}

static int take_records(struct mlocktrace *h, size_t n)
{
	struct mlt_kmod *k = h->priv;
	int size;

	for (size_t at = 0; at < n && !k->done; at += (size_t)size) {
		size = take_record(h, k->buf + at, n - at);
		if (size == -EBADMSG)
			mlt_log(h, MLOCKTRACE_LOG_ERROR, "%s/events: no whole record at byte %zu of the %zu "
				"that were read", k->dir, at, n);
		if (size < 0)
			return size;
	}
	return 0;
}

/* More? 1, 0 = not for now, or -errno. */
static int read_some(struct mlocktrace *h)
{
	struct mlt_kmod *k = h->priv;
	ssize_t n = read(k->events_fd, k->buf, MLT_KMOD_BUFFER_BYTES);
	int err;

	if (n < 0 && errno == EINTR)
		return 1;
	if (n < 0 && errno == EAGAIN) {
		k->done = k->stop_ns;
		return 0;
	}
	if (n < 0)
		return -errno;
	if (!n) /* the module is being unloaded */
		return -ENODATA;
	err = take_records(h, (size_t)n);
	return err ? err : !k->done;
}

static int kmod_fill(struct mlocktrace *h)
{
	struct mlt_kmod *k = h->priv;
	int more = 1;

	/* Once stopped, up to the end: who is told that there are none stops asking. */
	for (int i = 0; more > 0 && !k->end && !k->done && !h->batch_used; i++) {
		if (i >= MOST_READS && !k->stop_ns)
			break;
		more = read_some(h);
		if (more < 0)
			k->end = more;
	}
	/* What came before the damage is good. */
	return h->batch_used ? 0 : k->end;
}

static int kmod_wait(struct mlocktrace *h, int timeout_ms)
{
	struct mlt_kmod *k = h->priv;
	struct pollfd fd = { .fd = k->events_fd, .events = POLLIN };
	int n = poll(&fd, !k->done, timeout_ms);

	return n < 0 ? -errno : n;
}

static int kmod_fd(const struct mlocktrace *h)
{
	const struct mlt_kmod *k = h->priv;

	return k->events_fd;
}

static int kmod_stop(struct mlocktrace *h)
{
	struct mlt_kmod *k = h->priv;
	struct timespec now;
	int err;

	if (k->stop_ns)
		return 0;
	err = h->tally ? mlt_kmod_count(h) : 0;
	if (err)
		return err;
	k->done = h->tally;
	clock_gettime(CLOCK_MONOTONIC, &now);
	k->stop_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	return mlt_kmod_read_stats(k, false);
}

/* ---- books ---------------------------------------------------------------------------- */

static void add_cpu(const struct mlt_kmod *k, const struct mlt_kmod_cpu *cpu,
		    struct mlocktrace_stats *stats)
{
	uint64_t known = cpu->passed + cpu->lost + cpu->filtered, made = mlt_counter_value(&cpu->made);

	/* Of the past there is no figure to begin with; nor is one believed that is too small. */
	if (k->past || (int64_t)(made - known) < 0)
		made = known;
	stats->seen += made;
	stats->dropped += cpu->lost;
	stats->filtered += k->done ? made - cpu->passed - cpu->lost : cpu->filtered;
}

static int kmod_stats(struct mlocktrace *h, int cpu, struct mlocktrace_stats *stats)
{
	struct mlt_kmod *k = h->priv;
	/* Nothing counts any more that comes after the end. */
	int err = k->stop_ns ? 0 : mlt_kmod_read_stats(k, false);

	if (err)
		return err;
	if (cpu >= 0 && (size_t)cpu >= k->n_cpus)
		return -ENOENT;
	for (size_t i = 0; i < k->n_cpus; i++) {
		if (cpu < 0 || (size_t)cpu == i)
			add_cpu(k, &k->cpus[i], stats);
	}
	if (cpu >= 0)
		return 0;
	if (h->tally) /* the module's own figure is of everything, whatever is asked for */
		stats->seen = mlt_kmod_calls_counted(h);
	stats->missed = mlt_counter_value(&k->keys[MLT_KMOD_MISSED]);
	stats->untracked = mlt_counter_value(&k->keys[MLT_KMOD_UNTRACKED]);
	stats->ended = mlt_counter_value(&k->keys[MLT_KMOD_ENDED]);
	stats->ended_adrift = mlt_counter_value(&k->keys[MLT_KMOD_ENDED_ADRIFT]);
	stats->ended_unattributed = mlt_counter_value(&k->keys[MLT_KMOD_ENDED_UNATTRIBUTED]);
	return 0;
}

static void kmod_close(struct mlocktrace *h)
{
	struct mlt_kmod *k = h->priv;

	if (k->events_fd >= 0)
		close(k->events_fd);
	if (k->dir_fd >= 0)
		close(k->dir_fd);
	mlt_kmod_end_counting(k);
	mlt_entries_free(&k->start);
	mlt_cgroup_close(&k->cgroup);
	mlt_filter_free(&k->filter);
	mlt_ids_free(&k->users);
	free(k->hooks_text);
	free(k->hooks);
	free(k->cpus);
	free(k->buf);
	free(k->dir);
}

const struct mlt_source mlt_source_kmod = {
	.name = "kmod",
	.priv_size = sizeof(struct mlt_kmod),
	.live = true,
	.tells_lost = true,
	.open = mlt_kmod_open,
	.fill = kmod_fill,
	.wait = kmod_wait,
	.fd = kmod_fd,
	.stop = kmod_stop,
	.stats = kmod_stats,
	.ledger = mlt_kmod_ledger,
	.count = mlt_kmod_count,
	.hook = mlt_kmod_hook,
	.hook_counts = mlt_kmod_hook_counts,
	.close = kmod_close,
};
