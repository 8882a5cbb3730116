/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The last step of every writer: whole units into a stdio stream, which the
 * caller may flush whenever it likes. When the disk is full a regular file is
 * cut back to the end of the last unit that is on it whole. It knows nothing
 * of what a unit is.
 */
#include <errno.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format.h"

void mlt_sink_init(struct mlt_sink *sink, FILE *out)
{
	struct stat st;
	int fd = fileno(out);

	memset(sink, 0, sizeof(*sink));
	sink->out = out;
	sink->can_cut = fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode);
}

void mlt_sink_free(struct mlt_sink *sink)
{
	free(sink->ends);
}

/* Forget the ends that are on the file already, but for the last of them. */
static void prune(struct mlt_sink *sink, off_t on_file)
{
	size_t whole = 0;

	while (whole < sink->n_ends && sink->ends[whole] <= on_file)
		whole++;
	if (whole < 2)
		return;
	sink->n_ends -= whole - 1;
	memmove(sink->ends, sink->ends + whole - 1, sink->n_ends * sizeof(*sink->ends));
}

static void remember_end(struct mlt_sink *sink, off_t end)
{
	if (sink->n_ends == sink->max_ends) {
		size_t more;
		off_t *ends;

		prune(sink, end - (off_t)__fpending(sink->out));
		more = sink->n_ends < 64 ? 64 : sink->n_ends * 2;
		ends = more > sink->max_ends ? realloc(sink->ends, more * sizeof(*ends)) : sink->ends;
		if (!ends) {
			/* Without this end the next cut would take a whole unit away: better none. */
			sink->can_cut = false;
			return;
		}
		sink->ends = ends;
		sink->max_ends = more > sink->max_ends ? more : sink->max_ends;
	}
	sink->ends[sink->n_ends++] = end;
}

/* The stream has failed. end = where the file would end had everything been written. */
static void cut_back(struct mlt_sink *sink, off_t end)
{
	int fd = fileno(sink->out);
	off_t keep = -1;
	struct stat st;

	/* What stdio still holds would follow the cut when the caller closes the stream. */
	__fpurge(sink->out);
	if (!sink->can_cut || !sink->n_ends || fstat(fd, &st))
		return;
	/* Not our bytes at the end: another writer shares the file. */
	if (st.st_size > end || lseek(fd, 0, SEEK_CUR) != st.st_size)
		return;
	for (size_t i = 0; i < sink->n_ends && sink->ends[i] <= st.st_size; i++)
		keep = sink->ends[i];
	if (keep >= 0 && keep < st.st_size && !ftruncate(fd, keep))
		lseek(fd, keep, SEEK_SET);
}

static int fail(struct mlt_sink *sink, off_t end)
{
	sink->err = errno ? -errno : -EIO;
	cut_back(sink, end);
	return sink->err;
}

static off_t furthest(const struct mlt_sink *sink)
{
	return sink->n_ends ? sink->ends[sink->n_ends - 1] : 0;
}

/*
 * Where the next unit begins, or -1. The caller may have written to the stream in between; but if
 * it holds as many bytes as we left there, he has not, and the kernel need not be asked.
 */
static off_t next_start(const struct mlt_sink *sink)
{
	if (sink->n_ends && sink->left && __fpending(sink->out) == sink->left)
		return furthest(sink);
	return ftello(sink->out);
}

int mlt_sink_write(struct mlt_sink *sink, const void *unit, size_t size)
{
	off_t start = 0;

	if (sink->err || !size)
		return sink->err;
	errno = 0;
	/* The caller's own flush failed, and stdio forgot what it held: half a unit may be out. */
	if (ferror(sink->out))
		return fail(sink, furthest(sink));
	if (sink->can_cut) {
		start = next_start(sink);
		if (start < 0)
			sink->can_cut = false;
		else if (!sink->n_ends || sink->ends[sink->n_ends - 1] != start)
			remember_end(sink, start);
	}
	errno = 0; /* ftello() may have left one */
	/* A line-buffered stream can say that it took all and have failed to pass it on. */
	if (fwrite(unit, 1, size, sink->out) != size || ferror(sink->out))
		return fail(sink, start + (off_t)size);
	if (sink->can_cut)
		remember_end(sink, start + (off_t)size);
	sink->left = __fpending(sink->out);
	return 0;
}

int mlt_sink_finish(struct mlt_sink *sink)
{
	if (sink->err)
		return sink->err;
	errno = 0;
	if (fflush(sink->out) || ferror(sink->out))
		return fail(sink, furthest(sink));
	return 0;
}
