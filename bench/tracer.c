// SPDX-License-Identifier: GPL-2.0
/*
 * What whoever traces us uses: the runner started it (the environment says which
 * process that is) and it started us, perhaps by way of a shell, and perhaps it has helpers.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "work.h"

#define MAX_DEPTH 16

/* 0: there is no such process */
static pid_t parent_of(pid_t pid)
{
	char path[32], text[512], *after;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	after = strrchr(text, ')'); /* of its name, which may be anything */
	return after ? (pid_t)strtol(after + 4, NULL, 10) : 0;
}

/* Our ancestor that the runner is the parent of, or 0 if it started us itself. */
static pid_t find_tracer(void)
{
	const char *word = getenv("BENCH_RUNNER");
	pid_t runner = word ? atoi(word) : 0, self = getpid(), pid = self;

	for (int i = 0; runner && pid > 1 && i < MAX_DEPTH; i++) {
		pid_t parent = parent_of(pid);

		if (parent == runner)
			return pid == self ? 0 : pid;
		pid = parent;
	}
	return 0;
}

static int descends_from(pid_t pid, pid_t ancestor)
{
	for (int i = 0; pid > 1 && i < MAX_DEPTH; i++) {
		if (pid == ancestor)
			return 1;
		pid = parent_of(pid);
	}
	return 0;
}

static uint64_t process_ns(pid_t pid)
{
	clockid_t clock;

	return clock_getcpuclockid(pid, &clock) ? 0 : clock_ns(clock);
}

static uint64_t process_bytes(pid_t pid)
{
	unsigned long pages = 0;
	char path[32];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void add(struct tracer *sum, pid_t pid)
{
	uint64_t bytes = process_bytes(pid);

	sum->ns += process_ns(pid);
	if (bytes > sum->bytes)
		sum->bytes = bytes;
}

struct tracer look_at_tracer(void)
{
	static pid_t tracer = -1;
	struct tracer sum = {};
	struct dirent *entry;
	DIR *proc;

	if (tracer < 0)
		tracer = find_tracer();
	if (!tracer)
		return sum;
	proc = opendir("/proc");
	if (!proc)
		die("/proc");
	while ((entry = readdir(proc))) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;

		if (pid && pid != getpid() && descends_from(pid, tracer))
			add(&sum, pid);
	}
	closedir(proc);
	return sum;
}
