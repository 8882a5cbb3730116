// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Opening the kmod source: which records are wanted, and where in the stream they begin.
 * Filters by process and the beginning are told to the module by writing to `events`. A
 * kernel that is locked down lets nobody write there: then all that the module has is
 * read up to the newest record, and others' records are held back here.
 */
#include "proc.h"
#include "source_kmod.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALM_TRIES 5
#define STACKS_PARAMETER "/sys/module/mlocktrace/parameters/stacks"

/* The module counts processes as the initial pid namespace does, whoever reads. */
static int check_namespace(struct mlocktrace *h)
{
	if (mlt_proc_in_initial_pidns())
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

	k->read_only = k->past;
	k->events_fd = mlt_kmod_file(k, "events", (k->past ? O_RDONLY : O_RDWR) | O_NONBLOCK);
	if (k->events_fd == -EPERM && !k->read_only) {
		k->read_only = true;
		k->events_fd = mlt_kmod_file(k, "events", O_RDONLY | O_NONBLOCK);
	}
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
	if (h->tally)
		return 0;
	k->buf = malloc(MLT_KMOD_BUFFER_BYTES);
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

static void filter_here(struct mlocktrace *h, const char *why)
{
	struct mlt_kmod *k = h->priv;

	mlt_log(h, MLOCKTRACE_LOG_INFO, "%s: filtering what is read", why);
	k->kernel_filters = false;
	k->filter.by_pid = true;
}

/* So that what is lost of others does not count; whoever cannot be told it filters here alone. */
static void send_ops(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	char line[32];
	int err;

	if (!opts->ops || !opts->n_pids)
		return;
	snprintf(line, sizeof(line), "ops %" PRIx64 "\n", opts->ops);
	err = write_line(h->priv, line);
	if (err)
		mlt_log(h, MLOCKTRACE_LOG_INFO, "the kernel module does not filter by op, and losses of other ops "
			"count as well: %s", strerror(-err));
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
	/* The module has room for so many readers with a filter, and so many processes of each. */
	filter_here(h, "the kernel module has no room to follow these processes");
	/* Some were taken: another open file has no filter. */
	close(k->events_fd);
	return open_events(h);
}

/* Does it record stacks for everybody? */
static bool records_stacks(void)
{
	FILE *parameter = fopen(STACKS_PARAMETER, "re");
	bool yes = parameter && fgetc(parameter) == 'Y';

	if (parameter)
		fclose(parameter);
	return yes;
}

/* What can be had without telling the module anything. */
static int do_without_filters(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	if (opts->n_pids && opts->follow)
		return mlt_fail(h, -EPERM, "the kernel is locked down, and the kernel module cannot be told to "
				"follow children: trace all processes, and look for them");
	if (opts->stacks && !records_stacks())
		return mlt_fail(h, -EPERM, "the kernel is locked down, and the kernel module cannot be told to "
				"record stacks for us: echo 1 >" STACKS_PARAMETER);
	for (size_t i = 0; i < opts->n_pids; i++)
		note_user(h->priv, opts->pids[i]);
	if (opts->n_pids)
		filter_here(h, "the kernel is locked down, and the kernel module cannot be told whom to follow");
	return 0;
}

static int send_filters(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	const struct mlt_kmod *k = h->priv;
	int err;

	if (k->read_only)
		return do_without_filters(h, opts);
	send_ops(h, opts);
	err = send_pids(h, opts);
	if (!err && opts->n_pids && opts->follow)
		err = tell_module(h, "follow\n");
	if (!err && opts->stacks)
		err = tell_module(h, "stacks\n");
	return err;
}

/* Read, and let go, all that there is; the end of it is where we begin. */
static int drain(struct mlocktrace *h)
{
	struct mlt_kmod *k = h->priv;
	ssize_t n;

	do {
		n = read(k->events_fd, k->buf, MLT_KMOD_BUFFER_BYTES);
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0 && errno == EAGAIN)
		return 0;
	n = n < 0 ? -errno : -ENODATA; /* the module is being unloaded */
	return mlt_fail(h, (int)n, "cannot read %s/events: %s", k->dir, strerror((int)-n));
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
			err = k->read_only ? drain(h) : tell_module(h, "new\n");
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

int mlt_kmod_open(struct mlocktrace *h, const struct mlocktrace_opts *opts)
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
		err = h->tally ? mlt_kmod_begin_counting(h, opts) : begin(h, opts);
	if (!err)
		h->tier = mlocktrace_tier_name(MLOCKTRACE_TIER_KMOD);
	return err;
}
