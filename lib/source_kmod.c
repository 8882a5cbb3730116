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
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES (256U << 10)
#define MOST_READS 64 /* of one fill, while nothing passes the filters */
#define CALM_TRIES 5
#define INITIAL_PID_NAMESPACE 0xeffffffcU /* PROC_PID_INIT_INO, include/linux/proc_ns.h */

/* ---- opening -------------------------------------------------------------------------- */

/* The module counts processes as the initial pid namespace does, whoever reads. */
static int check_namespace(struct mlocktrace *h)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) || st.st_ino == INITIAL_PID_NAMESPACE)
		return 0;
	return mlt_fail(h, -EOPNOTSUPP, "the kernel module cannot follow processes by the ids of this pid "
			"namespace: trace from the initial one, or all processes");
}

static int read_options(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	struct mlt_kmod *k = h->priv;
	const char *bad = "";
	int err = 0;

	k->past = opts->past;
	k->stacks = opts->stacks;
	if (opts->n_pids && !opts->past) {
		err = mlt_check_pids(h, opts);
		if (!err)
			err = check_namespace(h);
	}
	if (!err && opts->cgroup)
		err = mlt_cgroup_open(h, opts->cgroup, &k->cgroup);
	if (err)
		return err;
	err = mlt_filter_init_live(&k->filter, opts, opts->cgroup ? &k->cgroup : NULL, &bad);
	if (err == -EINVAL)
		return mlt_fail(h, err, "%s", bad);
	if (err)
		return mlt_fail(h, err, "out of memory");
	/* A record that was there before has nobody's mark. */
	k->kernel_filters = opts->n_pids && !opts->past;
	if (k->kernel_filters)
		k->filter.by_pid = false;
	if (opts->buffer_bytes)
		mlt_log(h, MLOCKTRACE_LOG_INFO, "the kernel module's buffers are as large as its parameter "
			"buffer_kb has made them");
	return 0;
}

static int open_events(struct mlocktrace *h)
{
	struct mlt_kmod *k = h->priv;

	k->events_fd = mlt_kmod_file(k, "events", (k->past ? O_RDONLY : O_RDWR) | O_NONBLOCK);
	if (k->events_fd < 0)
		return mlt_fail(h, k->events_fd, "cannot open %s/events: %s", k->dir,
				strerror(-k->events_fd));
	return 0;
}

static int begin_reading(struct mlocktrace *h)
{
	struct mlt_kmod *k = h->priv;

	if (!k->past && !mlt_kmod_enabled(k))
		return mlt_fail(h, -EOPNOTSUPP, "the kernel module is switched off: echo 1 >%s/enable", k->dir);
	k->buf = malloc(BUFFER_BYTES);
	if (!k->buf)
		return mlt_fail(h, -ENOMEM, "out of memory");
	return open_events(h);
}

static int write_line(const struct mlt_kmod *k, const char *line)
{
	size_t size = strlen(line);
	ssize_t n;

	do {
		n = write(k->events_fd, line, size);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)size)
		return 0;
	return n < 0 ? -errno : -EIO;
}

static int tell_module(struct mlocktrace *h, const char *line)
{
	int err = write_line(h->priv, line);

	return err ? mlt_fail(h, err, "the kernel module does not take \"%.*s\": %s",
			      (int)strlen(line) - 1, line, strerror(-err)) : 0;
}

/* Real uid of a process, as our user namespace has it. */
static void note_user(struct mlt_kmod *k, pid_t pid)
{
	char path[64], line[128];
	unsigned int uid;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status)) {
		if (sscanf(line, "Uid: %u", &uid) != 1)
			continue;
		mlt_ids_add(&k->users, uid); /* without it the user's counter is not told */
		break;
	}
	if (status)
		fclose(status);
}

/* The module has room for so many readers with a filter, and so many processes of each. */
static int filter_here(struct mlocktrace *h)
{
	struct mlt_kmod *k = h->priv;

	mlt_log(h, MLOCKTRACE_LOG_INFO, "the kernel module has no room to follow these processes: "
		"filtering what is read");
	k->kernel_filters = false;
	k->filter.by_pid = true;
	/* Some were taken: another open file has no filter. */
	close(k->events_fd);
	return open_events(h);
}

static int send_pids(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	struct mlt_kmod *k = h->priv;
	char line[32];
	int err = 0;

	for (size_t i = 0; i < opts->n_pids; i++)
		note_user(k, opts->pids[i]);
	for (size_t i = 0; i < opts->n_pids && !err; i++) {
		snprintf(line, sizeof(line), "pid %d\n", (int)opts->pids[i]);
		err = write_line(k, line);
		if (err && err != -ENOSPC && err != -EBUSY)
			return mlt_fail(h, err, "the kernel module does not follow process %d: %s",
					(int)opts->pids[i], strerror(-err));
	}
	if (!err)
		return 0;
	/* Not every fork is recorded: children are the kernel's to know. */
	if (opts->follow)
		return mlt_fail(h, err, "the kernel module has no room to follow these processes and their "
				"children: it serves 32 tracers with 64 processes each at a time");
	return filter_here(h);
}

static int send_filters(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	int err = send_pids(h, opts);

	if (!err && opts->n_pids && opts->follow)
		err = tell_module(h, "follow\n");
	if (!err && opts->stacks)
		err = tell_module(h, "stacks\n");
	return err;
}

static uint64_t made_in_all(const struct mlt_kmod *k)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < k->n_cpus; i++)
		sum += k->cpus[i].made.last;
	return sum;
}

/* Begin at the newest record, at a moment when none is made, if there is one. */
static int skip_past(struct mlocktrace *h)
{
	struct mlt_kmod *k = h->priv;
	int err, tries = CALM_TRIES;
	uint64_t made;

	do {
		err = mlt_kmod_read_stats(k, true);
		made = made_in_all(k);
		if (!err)
			err = tell_module(h, "new\n");
		else
			mlt_fail(h, err, "cannot read %s/stats: %s", k->dir, strerror(-err));
		if (!err)
			mlt_kmod_read_stats(k, false);
	} while (!err && made_in_all(k) != made && --tries);
	return err;
}

static int begin(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	struct mlt_entries before = { 0 }, after = { 0 };
	struct mlt_kmod *k = h->priv;
	int err;

	if (k->past) {
		/* What is kept was made before: the figures are those of the stream. */
		err = mlt_kmod_read_stats(k, true);
		return err ? mlt_fail(h, err, "cannot read %s/stats: %s", k->dir, strerror(-err)) : 0;
	}
	err = send_filters(h, opts);
	if (err)
		return err;
	err = mlt_kmod_read_ledger(k, &before);
	if (err)
		mlt_log(h, MLOCKTRACE_LOG_INFO, "the kernel module's ledger cannot be read: %s",
			strerror(-err));
	if (!err) {
		err = skip_past(h);
		if (!err && !mlt_kmod_read_ledger(k, &after))
			mlt_kmod_begin_ledger(k, &before, &after);
	} else {
		err = skip_past(h);
	}
	mlt_entries_free(&before);
	mlt_entries_free(&after);
	return err;
}

static int kmod_open(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	struct mlt_kmod *k = h->priv;
	int err;

	k->dir_fd = -1;
	k->events_fd = -1;
	h->realtime_offset_ns = mlt_realtime_offset();
	if (opts->tier && strcmp(opts->tier, "auto") && strcmp(opts->tier, mlt_source_kmod.name))
		return mlt_fail(h, -EINVAL, "tier %s is one of the source bpf; kmod has no other than kmod",
				opts->tier);
	err = mlt_kmod_find(h);
	if (!err)
		err = read_options(h, opts);
	if (!err)
		err = begin_reading(h);
	if (!err)
		err = begin(h, opts);
	if (!err)
		h->tier = mlocktrace_tier_name(MLOCKTRACE_TIER_KMOD);
	return err;
}

static void kmod_close(struct mlocktrace *h)
{
	struct mlt_kmod *k = h->priv;

	if (k->events_fd >= 0)
		close(k->events_fd);
	if (k->dir_fd >= 0)
		close(k->dir_fd);
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
	ssize_t n = read(k->events_fd, k->buf, BUFFER_BYTES);
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

	if (k->stop_ns)
		return 0;
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
	stats->missed = mlt_counter_value(&k->keys[MLT_KMOD_MISSED]);
	stats->untracked = mlt_counter_value(&k->keys[MLT_KMOD_UNTRACKED]);
	stats->ended = mlt_counter_value(&k->keys[MLT_KMOD_ENDED]);
	stats->ended_adrift = mlt_counter_value(&k->keys[MLT_KMOD_ENDED_ADRIFT]);
	stats->ended_unattributed = mlt_counter_value(&k->keys[MLT_KMOD_ENDED_UNATTRIBUTED]);
	return 0;
}

const struct mlt_source mlt_source_kmod = {
	.name = "kmod",
	.priv_size = sizeof(struct mlt_kmod),
	.live = true,
	.tells_lost = true,
	.open = kmod_open,
	.fill = kmod_fill,
	.wait = kmod_wait,
	.fd = kmod_fd,
	.stop = kmod_stop,
	.stats = kmod_stats,
	.ledger = mlt_kmod_ledger,
	.hook = mlt_kmod_hook,
	.hook_counts = mlt_kmod_hook_counts,
	.close = kmod_close,
};
