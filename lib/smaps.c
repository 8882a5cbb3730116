// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Parsers of a process's smaps, status and limits. They read a stream, so that
 * tests can show them kernels and processes that are not at hand. Names in
 * these files are the process's choice; only their beginnings are believed.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "regions.h"

#define CAP_IPC_LOCK_BIT 14

/* A mapping while its lines go by. */
struct mapping {
	struct mlocktrace_region region;
	char *path;
	unsigned int major;
	bool open;
	bool locked, hugetlb, special;
};

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool ends(const char *text, const char *with)
{
	size_t n = strlen(text), m = strlen(with);

	return n >= m && !strcmp(text + n - m, with);
}

/* Files that the kernel made itself lie on a device of major 0 and are unlinked from the start. */
static bool is_kernels(const struct mapping *map, const char *name)
{
	return !map->major && begins(map->path, name) && ends(map->path, " (deleted)");
}

static unsigned int backing_of(const struct mapping *map)
{
	const char *path = map->path;

	if (!*path || begins(path, "[anon:"))
		return MLOCKTRACE_BACKING_ANONYMOUS;
	if (!strcmp(path, "[heap]"))
		return MLOCKTRACE_BACKING_HEAP;
	if (begins(path, "[stack"))
		return MLOCKTRACE_BACKING_STACK;
	if (is_kernels(map, "/secretmem"))
		return MLOCKTRACE_BACKING_SECRETMEM;
	if (is_kernels(map, "/memfd:"))
		return MLOCKTRACE_BACKING_MEMFD;
	if (is_kernels(map, "/SYSV"))
		return MLOCKTRACE_BACKING_SYSV;
	if (begins(path, "[anon_shmem:") || is_kernels(map, "/dev/zero") || begins(path, "/dev/shm/"))
		return MLOCKTRACE_BACKING_SHM;
	if (map->special || path[0] != '/')
		return MLOCKTRACE_BACKING_SPECIAL;
	return MLOCKTRACE_BACKING_FILE;
}

static int keep(struct mlocktrace_regions *regions, struct mapping *map)
{
	if (regions->n == regions->room) {
		size_t room = regions->room ? 2 * regions->room : 64;
		struct mlocktrace_region *more = reallocarray(regions->list, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		regions->list = more;
		regions->room = room;
	}
	map->region.size = sizeof(map->region);
	map->region.backing = backing_of(map);
	map->region.path = map->path;
	regions->list[regions->n++] = map->region;
	map->path = NULL;
	return 0;
}

/* The last line of a mapping has gone by. */
static int end_mapping(struct mlocktrace_regions *regions, struct mapping *map)
{
	struct mlocktrace_regions_total *total = &regions->total;
	const struct mlocktrace_region *region = &map->region;
	uint64_t bytes = region->end - region->start;
	int err = 0;

	if (map->open && map->hugetlb)
		total->hugetlb += bytes;
	else if (map->open && map->special)
		total->special += bytes;
	if (map->open && map->locked) {
		total->n_regions++;
		total->locked += bytes;
		total->on_fault += region->on_fault ? bytes : 0;
		total->resident += region->resident;
		total->share += region->share;
		total->swapped += region->swapped;
		err = keep(regions, map);
	}
	free(map->path);
	*map = (struct mapping){ 0 };
	return err;
}

/* "7f12a4000000-7f12a4010000 rw-p 00000000 00:01 2048    /memfd:name (deleted)" */
static bool begin_mapping(const char *line, struct mapping *map)
{
	struct mlocktrace_region *region = &map->region;
	int path = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %x:%*x %*u%n", &region->start, &region->end,
		   region->perms, &map->major, &path) != 4 || !path || region->end <= region->start)
		return false;
	path += strspn(line + path, " \t");
	map->path = strdup(line + path);
	map->open = map->path;
	return true;
}

/* "rd wr mr lo": words of two letters */
static void take_flags(struct mapping *map, const char *flags)
{
	for (flags += strspn(flags, " "); flags[0] && flags[1]; flags += 2 + strspn(flags + 2, " ")) {
		map->locked |= begins(flags, "lo");
		map->region.on_fault |= begins(flags, "lf");
		map->hugetlb |= begins(flags, "ht");
		/* What the kernel calls VM_SPECIAL: pages that are not its own to lock. */
		map->special |= begins(flags, "io") || begins(flags, "pf") ||
				begins(flags, "de") || begins(flags, "mm");
	}
}

/* There are twenty such lines to a mapping, which is too many for sscanf(). */
static bool take_size(const char *line, const char *name, uint64_t *bytes)
{
	if (!begins(line, name))
		return false;
	*bytes = strtoull(line + strlen(name), NULL, 10) * 1024;
	return true;
}

static void take_field(struct mapping *map, const char *line)
{
	if (begins(line, "VmFlags:"))
		take_flags(map, line + strlen("VmFlags:"));
	else if (!take_size(line, "Rss:", &map->region.resident) &&
		 !take_size(line, "Pss:", &map->region.share))
		take_size(line, "Swap:", &map->region.swapped);
}

int mlt_smaps_parse(FILE *in, struct mlocktrace_regions *regions)
{
	struct mapping map = { 0 };
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int err = 0;

	errno = 0;
	while (!err && (n = getline(&line, &size, in)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		/* Names of fields begin in upper case, addresses do not. */
		if (isupper((unsigned char)line[0])) {
			if (map.open)
				take_field(&map, line);
			else
				err = -EBADMSG;
			continue;
		}
		err = end_mapping(regions, &map);
		if (!err && !begin_mapping(line, &map))
			err = -EBADMSG;
		if (!err && !map.open)
			err = -ENOMEM;
	}
	if (!err && ferror(in))
		err = errno ? -errno : -EIO;
	if (!err)
		err = end_mapping(regions, &map);
	free(map.path);
	free(line);
	return err;
}

void mlt_smaps_forget(struct mlocktrace_regions *regions)
{
	struct mlocktrace_regions_total *total = &regions->total;

	for (size_t i = 0; i < regions->n; i++)
		free((char *)regions->list[i].path);
	regions->n = 0;
	total->n_regions = 0;
	total->locked = total->on_fault = total->resident = total->share = total->swapped = 0;
	total->present = total->unique = total->hugetlb = total->special = 0;
}

int mlt_status_parse(FILE *in, struct mlocktrace_regions_total *total)
{
	bool has_memory = false, has_name = false;
	uint64_t value;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, in)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (sscanf(line, "VmLck: %" SCNu64, &value) == 1) {
			total->vmlck = value * 1024;
			has_memory = true;
		} else if (sscanf(line, "Uid: %" SCNu64, &value) == 1) {
			total->uid = value;
		} else if (sscanf(line, "VmPin: %" SCNu64, &value) == 1) {
			total->vmpin = value * 1024;
		} else if (sscanf(line, "CapEff: %" SCNx64, &value) == 1) {
			total->capable = value >> CAP_IPC_LOCK_BIT & 1;
		} else if (begins(line, "Name:\t")) {
			strncpy(total->comm, line + strlen("Name:\t"), sizeof(total->comm) - 1);
			has_name = true;
		}
	}
	free(line);
	return has_memory ? 0 : has_name ? -ENXIO : -EBADMSG;
}

static bool limit_value(const char *text, uint64_t *value)
{
	if (!strcmp(text, "unlimited"))
		*value = MLOCKTRACE_UNLIMITED;
	else
		return sscanf(text, "%" SCNu64, value) == 1;
	return true;
}

int mlt_limits_parse(FILE *in, struct mlocktrace_regions_total *total)
{
	char line[256], soft[32], hard[32];

	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, "Max locked memory %31s %31s", soft, hard) == 2)
			return limit_value(soft, &total->limit) && limit_value(hard, &total->hard_limit) ?
				       0 : -EBADMSG;
	}
	return -EBADMSG;
}
