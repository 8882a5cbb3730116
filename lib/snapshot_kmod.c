// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * What the kernel module has counted of each process: its table `processes` in debugfs,
 * whose form is Documentation/ABI's. Rows that make no sense are passed over.
 */
#include "snapshot.h"
#include "source_kmod.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

struct row {
	uint32_t pid;
	uint64_t start_ns;
	uint64_t events;
	uint64_t refusals;
};

struct mlt_refusals {
	struct mlt_kmod files;
	struct row *rows;
	size_t n, room;
};

struct mlt_refusals *mlt_refusals_new(void)
{
	struct mlt_refusals *refusals = calloc(1, sizeof(*refusals));
	struct mlocktrace silent = { 0 };

	if (!refusals)
		return NULL;
	refusals->files.dir_fd = -1;
	silent.priv = &refusals->files;
	if (!mlt_kmod_find(&silent))
		return refusals;
	mlt_refusals_free(refusals);
	return NULL;
}

void mlt_refusals_free(struct mlt_refusals *refusals)
{
	if (!refusals)
		return;
	if (refusals->files.dir_fd >= 0)
		close(refusals->files.dir_fd);
	free(refusals->files.dir);
	free(refusals->rows);
	free(refusals);
}

static int add_row(struct mlt_refusals *refusals, const struct row *row)
{
	if (refusals->n == refusals->room) {
		size_t room = refusals->room ? 2 * refusals->room : 256;
		struct row *more = reallocarray(refusals->rows, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		refusals->rows = more;
		refusals->room = room;
	}
	refusals->rows[refusals->n++] = *row;
	return 0;
}

/* "pid start_ns uid locked peak events refusals last_cause comm", below a heading */
static int read_rows(struct mlt_refusals *refusals)
{
	int fd = mlt_kmod_file(&refusals->files, "processes", O_RDONLY), err = 0;
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
	char line[512];

	refusals->n = 0;
	if (!in) {
		err = fd < 0 ? fd : -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (!err && fgets(line, sizeof(line), in)) {
		struct row row;

		if (sscanf(line, "%" SCNu32 " %" SCNu64 " %*u %*u %*u %" SCNu64 " %" SCNu64, &row.pid,
			   &row.start_ns, &row.events, &row.refusals) == 4)
			err = add_row(refusals, &row);
	}
	if (!err && ferror(in))
		err = -EIO;
	fclose(in);
	return err;
}

static int by_process(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* In ns, or as /proc has it, to the clock tick. */
static bool same_start(uint64_t exact, uint64_t start_ns)
{
	uint64_t tick = 1000000000ULL / sysconf(_SC_CLK_TCK);

	return exact == start_ns || (start_ns % tick == 0 && exact / tick - start_ns / tick + 1 <= 2);
}

/* The row of that process, and not of one that had its pid before. */
static const struct row *find(const struct mlt_refusals *refusals,
			      const struct mlocktrace_holder *of)
{
	const struct row key = { .pid = (uint32_t)of->pid }, *row, *end = refusals->rows + refusals->n;

	row = refusals->n ? bsearch(&key, refusals->rows, refusals->n, sizeof(key), by_process) : NULL;
	while (row && row > refusals->rows && row[-1].pid == key.pid)
		row--;
	for (; row && row < end && row->pid == key.pid; row++)
		if (same_start(row->start_ns, of->start_ns))
			return row;
	return NULL;
}

void mlt_refusals_join(struct mlt_refusals *refusals, struct mlocktrace_snapshot *s)
{
	if (read_rows(refusals))
		return; /* unloaded meanwhile */
	if (refusals->n)
		qsort(refusals->rows, refusals->n, sizeof(*refusals->rows), by_process);
	for (size_t i = 0; i < s->n_holders; i++) {
		struct mlocktrace_holder *holder = &s->holders[i].is;
		const struct row *row = find(refusals, holder);

		holder->refusals_known = true;
		holder->refusals = row ? row->refusals : 0;
		holder->events = row ? row->events : 0;
	}
}
