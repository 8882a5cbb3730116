// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * What all processes have locked, against Mlocked of the whole machine. The two
 * count different things: processes their mappings, the kernel the pages that it
 * has marked. Page frames are what both have in common.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"
#include "regions.h"

typedef int (*each_fn)(void *ctx, const struct mlocktrace_regions_total *total);

struct process {
	pid_t pid;
	uint64_t vmlck;
};

struct walk {
	struct mlocktrace_machine sums;
	struct process *list;
	size_t n;
	size_t room;
	struct mlt_pages seen;
	each_fn each;
	void *ctx;
};

int mlt_meminfo_parse(FILE *in, struct mlocktrace_machine *machine)
{
	bool has_mlocked = false;
	uint64_t kib;
	char line[256];

	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, "Mlocked: %" SCNu64, &kib) == 1) {
			machine->mlocked = kib * 1024;
			has_mlocked = true;
		} else if (sscanf(line, "Unevictable: %" SCNu64, &kib) == 1) {
			machine->unevictable = kib * 1024;
		} else if (sscanf(line, "Hugetlb: %" SCNu64, &kib) == 1) {
			machine->hugetlb = kib * 1024;
		}
	}
	return has_mlocked ? 0 : -EBADMSG;
}

static int read_meminfo(struct mlocktrace_machine *machine)
{
	FILE *in = fopen("/proc/meminfo", "re");
	int err;

	if (!in)
		return -errno;
	err = mlt_meminfo_parse(in, machine);
	fclose(in);
	return err;
}

/* Without an answer it is tried again when its turn comes, and sorted out then. */
static uint64_t vmlck_of(pid_t pid)
{
	struct mlocktrace_regions_total total = { 0 };
	int dir = mlt_proc_dir(pid);
	FILE *in = dir < 0 ? NULL : mlt_proc_open(dir, "status");

	if (in) {
		mlt_status_parse(in, &total);
		fclose(in);
	}
	if (dir >= 0)
		close(dir);
	return total.vmlck;
}

static int add_process(void *ctx, pid_t pid)
{
	struct walk *walk = ctx;

	if (walk->n == walk->room) {
		size_t room = walk->room ? 2 * walk->room : 256;
		struct process *more = reallocarray(walk->list, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		walk->list = more;
		walk->room = room;
	}
	walk->list[walk->n++] = (struct process){ .pid = pid, .vmlck = vmlck_of(pid) };
	return 0;
}

static int by_vmlck(const void *a, const void *b)
{
	const struct process *p = a, *q = b;

	if (p->vmlck != q->vmlck)
		return p->vmlck < q->vmlck ? 1 : -1;
	return p->pid < q->pid ? -1 : p->pid > q->pid;
}

static int list_processes(struct walk *walk)
{
	int err = mlt_proc_each(add_process, walk);

	if (walk->n)
		qsort(walk->list, walk->n, sizeof(*walk->list), by_vmlck);
	return err;
}

static int take_process(struct walk *walk, const struct mlocktrace_regions_total *total)
{
	struct mlocktrace_machine *sums = &walk->sums;

	if (!total->mappings_known) {
		sums->n_hidden++;
		sums->hidden_vmlck += total->vmlck;
	} else if (total->n_regions) {
		sums->pages_known &= total->pages_known;
		sums->unique_known &= total->unique_known;
	}
	if (!total->vmlck && !total->n_regions)
		return 0;
	sums->n_processes++;
	sums->vmlck += total->vmlck;
	sums->locked += total->locked;
	sums->on_fault += total->on_fault;
	sums->uncharged += total->uncharged;
	sums->unlocked += total->unlocked;
	sums->resident += total->resident;
	sums->swapped += total->swapped;
	sums->present += total->present;
	return walk->each ? walk->each(walk->ctx, total) : 0;
}

static int look_at(struct walk *walk, pid_t pid)
{
	struct mlocktrace_regions regions = { .total = { .size = sizeof(regions.total), .pid = pid } };
	int dir = mlt_proc_dir(pid), err = dir < 0 ? dir : 0;

	if (!err)
		err = mlt_regions_read(dir, &regions, &walk->seen);
	switch (err) {
	case -ESRCH: /* it has ended */
	case -ENXIO: /* a kernel thread */
		err = 0;
		break;
	case -EACCES:
	case -EPERM:
	case 0:
		err = take_process(walk, &regions.total);
		break;
	}
	mlt_smaps_forget(&regions);
	free(regions.list);
	if (dir >= 0)
		close(dir);
	return err;
}

/* The mark says something about frames only. Less is known without it, and that is no error. */
static int read_marks(struct walk *walk)
{
	int fd, err;

	if (!walk->sums.unique_known)
		return 0;
	fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	err = mlt_marks_read(fd, &walk->seen, &walk->sums);
	walk->sums.marks_known = !err;
	close(fd);
	return err == -ENOMEM ? err : 0;
}

static int walk_all(struct walk *walk)
{
	struct mlocktrace_machine *sums = &walk->sums;
	int err = read_meminfo(sums);

	sums->mlocked_before = sums->mlocked;
	if (!err)
		err = list_processes(walk);
	for (size_t i = 0; !err && i < walk->n; i++)
		err = look_at(walk, walk->list[i].pid);
	if (err)
		return err;
	/* Not the sum of what each has, so that one that ended while it was looked at is in both
	 * this and the marks, or in none. */
	sums->unique = walk->seen.n * sysconf(_SC_PAGESIZE);
	err = read_marks(walk);
	return err ? err : read_meminfo(sums);
}

static int answer(struct mlocktrace_machine *machine, const struct mlocktrace_machine *sums)
{
	return mlt_copy_out(machine, sums, sizeof(*sums), offsetof(struct mlocktrace_machine, n_hidden));
}

MLT_API int mlocktrace_regions_machine(struct mlocktrace_machine *machine, each_fn each, void *ctx)
{
	struct walk walk = {
		.sums = { .pages_known = true, .unique_known = mlt_frames_are_shown() },
		.each = each,
		.ctx = ctx,
	};
	int err = answer(machine, &walk.sums);

	if (!err)
		err = walk_all(&walk);
	free(walk.list);
	mlt_pages_free(&walk.seen);
	return err ? err : answer(machine, &walk.sums);
}
