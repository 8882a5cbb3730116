/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The recording writer: one unit of output per record, which is its chunk and
 * the names of its stack. What a cut leaves behind is the sink's business, and
 * reading it back is source_file.c's.
 */
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "file_format.h"
#include "format.h"

static void put_chunk(struct mlt_buf *buf, enum mlt_chunk_type type, const void *payload, size_t length)
{
	struct mlt_chunk chunk = { .type = type, .length = (length + 7) & ~(size_t)7 };

	mlt_buf_add(buf, &chunk, sizeof(chunk));
	mlt_buf_add(buf, payload, length);
	mlt_buf_fill(buf, '\0', chunk.length - length);
}

static void describe_here(struct mlt_file_header *header, const struct mlocktrace_writer *writer)
{
	struct utsname uts;
	struct timespec now;

	memset(header, 0, sizeof(*header));
	clock_gettime(CLOCK_MONOTONIC, &now);
	header->realtime_offset_ns = writer->realtime_offset_ns;
	header->start_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	header->page_size = sysconf(_SC_PAGESIZE);
	if (writer->opts.source)
		snprintf(header->tier, sizeof(header->tier), "%s", writer->opts.source->tier);
	if (uname(&uts))
		return;
	snprintf(header->release, sizeof(header->release), "%s", uts.release);
	snprintf(header->machine, sizeof(header->machine), "%s", uts.machine);
}

static int file_start(struct mlocktrace_writer *writer)
{
	struct mlt_file_start start = {
		.magic = MLT_FILE_MAGIC,
		.version = MLT_FILE_VERSION,
		.byte_order = MLT_FILE_BYTE_ORDER,
	};
	const struct mlt_file_header *copied = NULL;
	struct mlt_file_header header;

	/* A recording of a recording tells of the first machine, not of this one. */
	if (writer->opts.source)
		copied = mlt_recording_header(writer->opts.source);
	if (copied)
		header = *copied;
	else
		describe_here(&header, writer);
	mlt_buf_add(&writer->buf, &start, sizeof(start));
	put_chunk(&writer->buf, MLT_CHUNK_HEADER, &header, sizeof(header));
	return 0;
}

/* Resolved now, because the process may be gone when the recording is read. */
static int put_names(struct mlocktrace_writer *writer, const struct mlocktrace_event *event)
{
	size_t n = (size_t)event->n_user + event->n_kernel;
	struct mlt_buf names = { 0 };
	char name[MLT_FILE_NAME_MAX];
	int err;

	if (!n || !writer->opts.symbols)
		return 0;
	for (size_t i = 0; i < n; i++) {
		mlocktrace_symbol(writer->opts.symbols, event, i, name, sizeof(name));
		mlt_buf_add(&names, name, strlen(name) + 1);
	}
	put_chunk(&writer->buf, MLT_CHUNK_NAMES, names.data, names.used);
	err = names.err;
	mlt_buf_free(&names);
	return err;
}

static int file_event(struct mlocktrace_writer *writer, const struct mlocktrace_event *event)
{
	int err = put_names(writer, event);

	if (err)
		return err;
	put_chunk(&writer->buf, MLT_CHUNK_RECORDS, event, event->size);
	return 0;
}

static int file_finish(struct mlocktrace_writer *writer, const struct mlocktrace_stats *stats)
{
	struct mlt_file_trailer trailer = { .records = writer->records };
	struct mlocktrace_stats known = { 0 };

	if (stats) {
		memcpy(&known, stats, stats->size < sizeof(known) ? stats->size : sizeof(known));
		trailer.books_known = 1;
		/* What the filters held back is not in the recording. */
		trailer.seen = known.seen - known.filtered;
		trailer.delivered = known.delivered;
		trailer.dropped = known.dropped;
		trailer.missed = known.missed;
		trailer.untracked = known.untracked;
	}
	put_chunk(&writer->buf, MLT_CHUNK_TRAILER, &trailer, sizeof(trailer));
	return 0;
}

const struct mlt_format mlt_format_file = {
	.whole_stacks = true,
	.start = file_start,
	.event = file_event,
	.finish = file_finish,
};
