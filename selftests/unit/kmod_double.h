/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A double of the kernel module: a folder with its files. Its `events` is a FIFO, where
 * reading comes to an end for now, or a regular file. What is written to a FIFO would
 * come back as records: the test takes it out first (told()). In a regular file it goes
 * over the first bytes, which are there for it.
 */
#ifndef KMOD_DOUBLE_H
#define KMOD_DOUBLE_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "sample.h"
#include "source_kmod.h"

static char dir[64];
static int fifo; /* the test's end of `events` */
static char log_text[4096];

static inline void keep_log(void *ctx, enum mlocktrace_log_level level, const char *line)
{
	size_t used = strlen(log_text);

	(void)ctx;
	(void)level;
	snprintf(log_text + used, sizeof(log_text) - used, "%s\n", line);
}

static inline const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static inline void put_file(const char *name, const void *data, size_t size)
{
	int fd;

	unlink(path_of(name));
	fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	check_int(write(fd, data, size), size);
	close(fd);
}

static inline void put_text(const char *name, const char *text)
{
	put_file(name, text, strlen(text));
}

static inline void put_entries(const struct mlt_entry *entries, size_t n)
{
	put_file("ledger", entries, n * sizeof(*entries));
}

static const char *const files[] = { "abi", "enable", "stats", "hooks", "ledger", "events",
				       "counts", "latency" };

static inline void take_down(void)
{
	if (fifo > 0)
		close(fifo);
	fifo = 0;
	for (size_t i = 0; i < KTAP_SIZE(files); i++)
		unlink(path_of(files[i]));
	rmdir(dir);
}

/* A module that has seen nothing, whose events are a FIFO. */
static inline void put_up(void)
{
	take_down();
	mkdir(dir, 0700);
	put_text("abi", "1\n");
	put_text("enable", "1\n");
	put_text("stats", "seen 0\nmissed 0\nuntracked 0\ncpu0_seen 0\ncpu1_seen 0\n");
	put_text("hooks", "");
	put_entries(NULL, 0);
	check_int(mkfifo(path_of("events"), 0600), 0);
	fifo = open(path_of("events"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	check(fifo > 0);
}

static inline int open_kmod(struct mlocktrace **handle, struct mlocktrace_opts opts)
{
	opts.size = sizeof(opts);
	if (!opts.source)
		opts.source = "kmod";
	opts.log = keep_log;
	log_text[0] = '\0';
	return mlocktrace_open(handle, &opts);
}

/* What the source told the module. */
static inline const char *told(void)
{
	static char text[256];
	ssize_t n = read(fifo, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static inline void make(const void *record, size_t size)
{
	check_int(write(fifo, record, size), size);
}

static inline uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* A record of this CPU that was just made. Its number is also its address: the source renumbers. */
static inline struct mlocktrace_event made(unsigned int cpu, uint64_t seq)
{
	struct mlocktrace_event event = sample_lock(MLOCKTRACE_OP_MLOCK, 4096 * (int64_t)seq, 4096);

	event.tier = MLOCKTRACE_TIER_KMOD;
	event.cpu = cpu;
	event.seq = seq;
	event.addr = seq;
	event.duration_ns = 1000;
	event.time_ns = now_ns() - event.duration_ns;
	return event;
}

static inline struct mlocktrace_event lost(unsigned int cpu, uint64_t count)
{
	struct mlocktrace_event event = { .size = sizeof(event), .abi = MLOCKTRACE_ABI,
					  .op = MLOCKTRACE_OP_LOST, .cpu = cpu, .count = count };

	return event;
}

static inline void make_one(unsigned int cpu, uint64_t seq)
{
	struct mlocktrace_event event = made(cpu, seq);

	make(&event, event.size);
}

static inline void make_lost(unsigned int cpu, uint64_t count)
{
	struct mlocktrace_event event = lost(cpu, count);

	make(&event, event.size);
}

/* The records there are for now, by their numbers; "lost N" for those that are missing. */
static inline const char *read_all(struct mlocktrace *handle)
{
	static char text[512];
	const struct mlocktrace_event *event;
	int err;

	text[0] = '\0';
	while ((err = mlocktrace_next(handle, &event)) == 1)
		sprintf(text + strlen(text), event->op == MLOCKTRACE_OP_LOST ? "lost %llu;" : "%llu;",
			(unsigned long long)(event->op == MLOCKTRACE_OP_LOST ? event->count : event->addr));
	if (err)
		sprintf(text + strlen(text), "%s", mlocktrace_errno_name(-err));
	return text;
}

#define OPTS(...) ((struct mlocktrace_opts){ __VA_ARGS__ })

/* All tests of a program, with a folder of its own. */
static inline int run_with_double(const struct ktap_test *tests, size_t n)
{
	int status;

	strcpy(dir, "/tmp/mlocktrace-kmod.XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	setenv("MLOCKTRACE_DEBUGFS", dir, 1);
	status = ktap_run(tests, n);
	take_down();
	return status;
}

#endif
