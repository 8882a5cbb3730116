// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * What a living process has locked: smaps for the mappings, pagemap for the
 * pages behind them, status and limits for what the kernel counts. The process
 * goes on meanwhile, so VmLck is read before and after; a difference means
 * that the sums are of no moment, and the reading begins again.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"
#include "regions.h"

#define TRIES 5
#define PRESENT (1ULL << 63) /* entries of pagemap */
#define FRAME ((1ULL << 55) - 1)

MLT_API const char *mlocktrace_backing_name(unsigned int backing)
{
	static const char *const names[] = {
		[MLOCKTRACE_BACKING_ANONYMOUS] = "anonymous",
		[MLOCKTRACE_BACKING_HEAP] = "heap",
		[MLOCKTRACE_BACKING_STACK] = "stack",
		[MLOCKTRACE_BACKING_FILE] = "file",
		[MLOCKTRACE_BACKING_SHM] = "shm",
		[MLOCKTRACE_BACKING_SYSV] = "sysv",
		[MLOCKTRACE_BACKING_MEMFD] = "memfd",
		[MLOCKTRACE_BACKING_SECRETMEM] = "secretmem",
		[MLOCKTRACE_BACKING_SPECIAL] = "special",
	};

	return backing < sizeof(names) / sizeof(names[0]) ? names[backing] : NULL;
}

/* A file that vanishes is that of a process which does. */
static int open_error(void)
{
	return errno == ENOENT ? -ESRCH : -errno;
}

static int read_status(int dir, struct mlocktrace_regions_total *total)
{
	FILE *in = mlt_proc_open(dir, "status");
	int err;

	if (!in)
		return open_error();
	err = mlt_status_parse(in, total);
	fclose(in);
	return err == -EBADMSG ? -ESRCH : err;
}

static int read_limits(int dir, struct mlocktrace_regions_total *total)
{
	FILE *in = mlt_proc_open(dir, "limits");
	int err;

	if (!in)
		return open_error();
	err = mlt_limits_parse(in, total);
	fclose(in);
	return err == -EBADMSG ? -ESRCH : err;
}

static int read_smaps(int dir, struct mlocktrace_regions *regions)
{
	FILE *in = mlt_proc_open(dir, "smaps");
	int err;

	if (!in)
		return open_error();
	mlt_smaps_forget(regions);
	err = mlt_smaps_parse(in, regions);
	fclose(in);
	return err;
}

/* @frames: none seen means that they are not shown to us. */
static int read_pages(int fd, struct mlocktrace_region *region, struct mlt_pages *pages, bool *frames)
{
	uint64_t page = sysconf(_SC_PAGESIZE), entries[1024], at = region->start;

	while (at < region->end) {
		uint64_t left = (region->end - at) / page;
		size_t want = left < 1024 ? left : 1024;
		ssize_t n = pread(fd, entries, want * 8, at / page * 8);

		if (n < 8)
			return n < 0 ? -errno : -ESRCH;
		for (size_t i = 0; i < (size_t)n / 8; i++) {
			int fresh = 0;

			if (!(entries[i] & PRESENT))
				continue;
			region->present += page;
			if (entries[i] & FRAME) {
				*frames = true;
				fresh = mlt_pages_add(pages, entries[i] & FRAME);
			}
			if (fresh < 0)
				return fresh;
			region->unique += fresh ? page : 0;
		}
		at += n / 8 * page;
	}
	return 0;
}

bool mlt_frames_are_shown(void)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	/* The page that it is read into is present. */
	uint64_t entry = 0, page = sysconf(_SC_PAGESIZE);

	if (fd < 0)
		return false;
	if (pread(fd, &entry, 8, (uintptr_t)&entry / page * 8) != 8)
		entry = 0;
	close(fd);
	return entry & FRAME;
}

/* Less is known without it, and that is no error; that the process has ended is one. */
static int read_pagemap(int dir, struct mlocktrace_regions *regions, struct mlt_pages *seen)
{
	struct mlocktrace_regions_total *total = &regions->total;
	int fd = openat(dir, "pagemap", O_RDONLY | O_CLOEXEC), err = 0;
	bool frames = false;

	if (fd < 0)
		return 0;
	for (size_t i = 0; i < regions->n && !err; i++) {
		struct mlocktrace_region *region = &regions->list[i];

		err = read_pages(fd, region, seen, &frames);
		total->present += region->present;
		total->unique += region->unique;
	}
	total->pages_known = !err;
	total->unique_known = !err && (frames || !total->present);
	close(fd);
	return err == -ESRCH ? err : 0;
}

static void reconcile(struct mlocktrace_regions_total *total)
{
	total->uncharged = total->locked > total->vmlck ? total->locked - total->vmlck : 0;
	total->unlocked = total->vmlck > total->locked ? total->vmlck - total->locked : 0;
}

int mlt_regions_read(int dir, struct mlocktrace_regions *regions, struct mlt_pages *seen)
{
	struct mlocktrace_regions_total *total = &regions->total;
	int err = read_limits(dir, total);

	if (!err)
		err = read_status(dir, total);
	for (int try = 0; !err && try < TRIES; try++) {
		uint64_t before = total->vmlck;

		err = read_smaps(dir, regions);
		if (!err)
			err = read_status(dir, total);
		/* It had an address space before: smaps of a process that ends is empty, without an error. */
		if (err == -ENXIO)
			err = -ESRCH;
		total->moving = total->vmlck != before;
		if (!total->moving)
			break;
	}
	if (err)
		return err;
	total->mappings_known = true;
	total->capable &= mlt_proc_in_initial_userns(dir);
	reconcile(total);
	return read_pagemap(dir, regions, seen);
}

/* The process that task @id belongs to; @id itself if /proc can't say. */
static pid_t process_of(pid_t id)
{
	char path[64], line[128];
	pid_t pid = id;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/status", id);
	in = fopen(path, "re");
	if (!in)
		return id;
	while (fgets(line, sizeof(line), in))
		if (sscanf(line, "Tgid: %d", &pid) == 1)
			break;
	fclose(in);
	return pid > 0 ? pid : id;
}

MLT_API int mlocktrace_regions_new(struct mlocktrace_regions **out_regions, pid_t id)
{
	struct mlocktrace_regions *regions = calloc(1, sizeof(*regions));
	struct mlt_pages seen = { 0 };
	pid_t pid = process_of(id);
	int dir, err;

	*out_regions = NULL;
	if (!regions)
		return -ENOMEM;
	dir = mlt_proc_dir(pid);
	if (dir < 0) {
		free(regions);
		return dir;
	}
	regions->total.size = sizeof(regions->total);
	regions->total.pid = pid;
	mlt_proc_started(dir, &regions->start_ticks);
	err = mlt_regions_read(dir, regions, &seen);
	mlt_pages_free(&seen);
	close(dir);
	if (err) {
		mlocktrace_regions_free(regions);
		return err;
	}
	*out_regions = regions;
	return 0;
}

MLT_API void mlocktrace_regions_free(struct mlocktrace_regions *regions)
{
	if (!regions)
		return;
	mlt_smaps_forget(regions);
	free(regions->list);
	free(regions);
}

MLT_API int mlocktrace_region(const struct mlocktrace_regions *regions, size_t i,
			      struct mlocktrace_region *region)
{
	if (i >= regions->n)
		return -ENOENT;
	return mlt_copy_out(region, &regions->list[i], sizeof(*region),
			    offsetof(struct mlocktrace_region, backing));
}

MLT_API int mlocktrace_regions_total(const struct mlocktrace_regions *regions,
				     struct mlocktrace_regions_total *total)
{
	return mlt_copy_out(total, &regions->total, sizeof(*total),
			    offsetof(struct mlocktrace_regions_total, n_regions));
}
