// SPDX-License-Identifier: GPL-2.0
/*
 * What a look costs, once all that is needed for it is loaded: processor ns of each of several
 * looks, and how many rows were found, one look a line.
 *
 *	snap status			/proc/PID/status of all processes
 *	snap iterator OBJECT		a bare iterator over tasks
 *	snap library			mlocktrace_snapshot_take()
 *	snap smaps PID, snap maps PID	that file
 *	snap vmas OBJECT PID		a bare iterator over mappings
 *	snap regions PID		mlocktrace_regions_new()
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mlocktrace/mlocktrace.h>
#include <mlocktrace/regions.h>
#include <mlocktrace/snapshot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "floor.h"
#include "work.h"

#define LOOKS 7

static char buf[1 << 16];

static void fail(const char *what)
{
	fprintf(stderr, "snap: %s: %s\n", what, strerror(errno));
	exit(3);
}

/* ---- /proc ------------------------------------------------------------------------- */

static int holds_something(const char *status)
{
	const char *line = strstr(status, "\nVmLck:");

	return line && strtoul(line + 7, NULL, 10) > 0;
}

static long look_at_status(void *arg)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	long found = 0;

	while (proc && (entry = readdir(proc))) {
		char path[300];
		ssize_t n;
		int fd;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/status", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		n = read(fd, buf, sizeof(buf) - 1);
		close(fd);
		buf[n > 0 ? n : 0] = '\0';
		found += holds_something(buf);
	}
	closedir(proc);
	return found;
}

/* Lines that @mark begins, and of these those that have @word. */
static long look_at_lines(const char *path, const char *mark, const char *word)
{
	FILE *f = fopen(path, "re");
	char line[512];
	long found = 0;

	if (!f)
		fail(path);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, mark, strlen(mark)) && strstr(line, word))
			found++;
	fclose(f);
	return found;
}

static long look_at_smaps(void *arg)
{
	snprintf(buf, sizeof(buf), "/proc/%s/smaps", (char *)arg);
	return look_at_lines(buf, "VmFlags:", " lo");
}

/* Which does not tell what is locked. */
static long look_at_maps(void *arg)
{
	snprintf(buf, sizeof(buf), "/proc/%s/maps", (char *)arg);
	return look_at_lines(buf, "", "");
}

/* ---- bare iterators --------------------------------------------------------------- */

struct bare {
	struct bpf_link *link;
	size_t row;
};

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

static struct bpf_link *load_iterator(const char *path, const char *name, pid_t pid)
{
	struct bpf_object *object;
	struct bpf_program *program, *wanted;
	struct { __u64 lost; __u32 wanted_pid, none; } bss = { .wanted_pid = pid };
	struct bpf_link *link;

	libbpf_set_print(silent);
	object = bpf_object__open_file(path, NULL);
	wanted = object ? bpf_object__find_program_by_name(object, name) : NULL;
	if (!wanted)
		fail(path);
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, program == wanted);
	if (bpf_map__set_initial_value(bpf_object__find_map_by_name(object, ".bss"), &bss,
				       bpf_map__value_size(bpf_object__find_map_by_name(object, ".bss"))))
		fail(".bss");
	if (bpf_object__load(object))
		fail(name);
	if (!strcmp(name, "iter_vma")) {
		union bpf_iter_link_info info = { .task.pid = pid };
		LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info,
			    .link_info_len = sizeof(info));

		link = bpf_program__attach_iter(wanted, &opts);
	} else {
		link = bpf_program__attach_iter(wanted, NULL);
	}
	if (!link)
		fail(name);
	return link;
}

static long look_by_iterator(void *arg)
{
	struct bare *bare = arg;
	int fd = bpf_iter_create(bpf_link__fd(bare->link));
	size_t sum = 0;
	ssize_t n;

	if (fd < 0)
		fail("iterator");
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		sum += n;
	close(fd);
	return sum / bare->row;
}

/* ---- the library -------------------------------------------------------------------- */

static long look_by_library(void *snapshot)
{
	struct mlocktrace_snapshot_total total = { .size = sizeof(total) };

	if (mlocktrace_snapshot_take(snapshot) || mlocktrace_snapshot_total(snapshot, &total))
		fail("snapshot");
	return total.n_holders;
}

static long look_at_regions(void *arg)
{
	struct mlocktrace_regions_total total = { .size = sizeof(total) };
	struct mlocktrace_regions *regions;

	errno = -mlocktrace_regions_new(&regions, atoi(arg));
	if (errno)
		fail("regions");
	mlocktrace_regions_total(regions, &total);
	mlocktrace_regions_free(regions);
	return total.n_regions;
}

static int look(long (*at)(void *), void *arg)
{
	for (int i = 0; i < LOOKS; i++) {
		uint64_t begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		long found = at(arg);

		printf("%llu\t%ld\n",
		       (unsigned long long)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin), found);
	}
	return 0;
}

static struct mlocktrace_snapshot *new_snapshot(void)
{
	struct mlocktrace_snapshot_opts opts = { .size = sizeof(opts), .method = "bpf" };
	struct mlocktrace_snapshot *snapshot;

	errno = -mlocktrace_snapshot_new(&snapshot, &opts);
	if (errno)
		fail(mlocktrace_open_error());
	return snapshot;
}

int main(int argc, char **argv)
{
	const char *method = argc > 1 ? argv[1] : "";
	struct bare bare;

	if (!strcmp(method, "status"))
		return look(look_at_status, NULL);
	if (!strcmp(method, "library"))
		return look(look_by_library, new_snapshot());
	if (argc > 2 && !strcmp(method, "smaps"))
		return look(look_at_smaps, argv[2]);
	if (argc > 2 && !strcmp(method, "maps"))
		return look(look_at_maps, argv[2]);
	if (argc > 2 && !strcmp(method, "regions"))
		return look(look_at_regions, argv[2]);
	if (argc > 2 && !strcmp(method, "iterator")) {
		bare.row = sizeof(struct floor_holder);
		bare.link = load_iterator(argv[2], "iter_task", 0);
		return look(look_by_iterator, &bare);
	}
	if (argc > 3 && !strcmp(method, "vmas")) {
		bare.row = sizeof(struct floor_range);
		bare.link = load_iterator(argv[2], "iter_vma", atoi(argv[3]));
		return look(look_by_iterator, &bare);
	}
	fprintf(stderr, "snap: what to look at?\n");
	return 2;
}
