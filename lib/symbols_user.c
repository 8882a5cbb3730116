/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Names of addresses in living processes, by their maps, their ELF symbols and
 * separate debug files; the only user of libdwfl. Processes are told apart by
 * pid, start time and address space, so that neither a reused pid nor an exec
 * lends its names to what was there before.
 */
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "proc.h"
#include "symbols.h"

#define PROCESSES 32
#define MODULES_MAX 4096
/* An address in no module is often JIT code and comes again: do not read the maps each time. */
#define REFRESH_NS 200000000LL

struct process {
	uint32_t pid;
	uint64_t start_ns;
	uint64_t mm_id;
	Dwfl *dwfl; /* NULL = it cannot be asked */
	int64_t refreshed_ns;
	uint64_t used; /* 0 = free; else how recently, for the choice of what to forget */
};

struct mlt_user_symbols {
	struct process processes[PROCESSES];
	uint64_t uses;
};

/* One line of maps. */
struct mapping {
	uint64_t start, end, offset, inode;
	unsigned int major, minor;
	char perms[5];
	const char *path;
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Is the process behind this /proc folder the one that started then? */
static bool is_same_process(int dir, uint64_t start_ns)
{
	uint64_t ticks;

	return !start_ns || (mlt_proc_started(dir, &ticks) && mlt_proc_same_start(ticks, start_ns));
}

/* Only a regular file, and never waiting: what lies at the path is the process's choice. */
static int open_regular(int dir, const char *path)
{
	struct stat st;
	int fd;

	if (fstatat(dir, path, &st, 0) || !S_ISREG(st.st_mode))
		return -1;
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The process may be gone, or its root not ours to enter: the same file by our own path will do. */
static int open_same(const struct mapping *map)
{
	int fd = open_regular(AT_FDCWD, map->path);
	struct stat st;

	if (fd < 0 || (!fstat(fd, &st) && st.st_ino == map->inode && major(st.st_dev) == map->major &&
		       minor(st.st_dev) == map->minor))
		return fd;
	close(fd);
	return -1;
}

/* The mapped file itself where we may; else what the process finds at the path. */
static int open_mapped(int dir, const struct mapping *map)
{
	char path[4096 + 8];
	int fd;

	snprintf(path, sizeof(path), "map_files/%" PRIx64 "-%" PRIx64, map->start, map->end);
	fd = open_regular(dir, path);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "root%s", map->path);
	fd = open_regular(dir, path);
	return fd >= 0 ? fd : open_same(map);
}

static void report_module(Dwfl *dwfl, int dir, const struct mapping *map, uint64_t base)
{
	const char *slash = strrchr(map->path, '/');
	int fd = open_mapped(dir, map);

	/* libdwfl owns the descriptor only if it took the file. */
	if (fd >= 0 && !dwfl_report_elf(dwfl, slash ? slash + 1 : map->path, map->path, fd, base, false))
		close(fd);
}

static bool parse_mapping(const char *line, struct mapping *map)
{
	int path = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n", &map->start,
		   &map->end, map->perms, &map->offset, &map->major, &map->minor, &map->inode, &path) < 7)
		return false;
	map->path = line + path;
	return path && line[path] == '/';
}

/* Every file with executable pages; it begins where the first of its mappings in a row does. */
static void report_modules(Dwfl *dwfl, int dir, char *maps)
{
	struct mapping file = { 0 }, map;
	unsigned int reported = 0;
	bool done = false;
	uint64_t base = 0;
	char *line;

	while ((line = strsep(&maps, "\n")) && reported < MODULES_MAX) {
		if (!parse_mapping(line, &map))
			continue;
		if (map.inode != file.inode || map.major != file.major || map.minor != file.minor ||
		    map.offset < file.offset || !map.offset) {
			base = map.start - map.offset;
			done = false;
		}
		file = map;
		if (done || map.perms[2] != 'x')
			continue;
		report_module(dwfl, dir, &map, base);
		reported++;
		done = true;
	}
}

/* All at once and first of all: the process may end at any moment. */
static bool read_maps(int dir, struct mlt_buf *maps)
{
	char part[16384];
	ssize_t n;
	int fd = openat(dir, "maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	while ((n = read(fd, part, sizeof(part))) > 0)
		mlt_buf_add(maps, part, n);
	close(fd);
	mlt_buf_add(maps, "", 1);
	return n == 0 && !maps->err;
}

/* Every module comes with its file, so libdwfl has nothing to find. */
static int find_no_elf(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
		       char **file_name, Elf **elf)
{
	(void)module;
	(void)userdata;
	(void)name;
	(void)base;
	(void)file_name;
	(void)elf;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_no_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
};

static void refresh(struct process *process)
{
	struct mlt_buf maps = { 0 };
	Dwfl *dwfl = NULL;
	char path[32];
	int dir;

	process->refreshed_ns = now_ns();
	snprintf(path, sizeof(path), "/proc/%" PRIu32, process->pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	/* An empty one is that of a process which has given its address space back. */
	if (read_maps(dir, &maps) && maps.used > 1 && is_same_process(dir, process->start_ns))
		dwfl = dwfl_begin(&callbacks);
	if (dwfl) {
		report_modules(dwfl, dir, maps.data);
		dwfl_report_end(dwfl, NULL, NULL);
		dwfl_end(process->dwfl);
		process->dwfl = dwfl;
	}
	mlt_buf_free(&maps);
	close(dir);
}

static struct process *process_of(struct mlt_user_symbols *symbols,
				  const struct mlocktrace_event *event)
{
	struct process *oldest = symbols->processes;

	for (size_t i = 0; i < PROCESSES; i++) {
		struct process *process = &symbols->processes[i];

		if (process->used && process->pid == event->pid &&
		    process->start_ns == event->start_ns && process->mm_id == event->mm_id) {
			process->used = ++symbols->uses;
			return process;
		}
		if (process->used < oldest->used)
			oldest = process;
	}
	dwfl_end(oldest->dwfl);
	*oldest = (struct process){
		.pid = event->pid,
		.start_ns = event->start_ns,
		.mm_id = event->mm_id,
		.used = ++symbols->uses,
	};
	refresh(oldest);
	return oldest;
}

int mlt_user_symbols_new(struct mlt_user_symbols **symbols)
{
	*symbols = calloc(1, sizeof(**symbols));
	return *symbols ? 0 : -ENOMEM;
}

void mlt_user_symbols_free(struct mlt_user_symbols *symbols)
{
	if (!symbols)
		return;
	for (size_t i = 0; i < PROCESSES; i++)
		dwfl_end(symbols->processes[i].dwfl);
	free(symbols);
}

void mlt_user_symbol(struct mlt_user_symbols *symbols, const struct mlocktrace_event *event,
		     uint64_t address, struct mlt_place *place)
{
	struct process *process = process_of(symbols, event);
	Dwfl_Module *module = process->dwfl ? dwfl_addrmodule(process->dwfl, address) : NULL;
	GElf_Sym symbol;
	GElf_Off offset;

	if (!module && now_ns() - process->refreshed_ns > REFRESH_NS) {
		refresh(process);
		module = process->dwfl ? dwfl_addrmodule(process->dwfl, address) : NULL;
	}
	if (!module)
		return;
	place->module = dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
	place->function = dwfl_module_addrinfo(module, address, &offset, &symbol, NULL, NULL, NULL);
	place->offset = place->function ? offset : 0;
}
