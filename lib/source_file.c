/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A recording as a source. It reads a stream front to back (a pipe will do),
 * believes no length it has not bounded, and hands out everything before the
 * point where a recording is cut off or damaged, then says so.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "file_format.h"
#include "filter.h"

struct cpu_count {
	uint64_t seen;
	uint64_t dropped;
};

struct recording {
	FILE *in;
	char *path;
	struct mlt_file_header header;
	struct mlt_file_trailer trailer;
	bool has_trailer;
	struct mlt_filter filter;

	uint8_t *chunk; /* records not yet handed out */
	size_t chunk_size;
	size_t chunk_read;
	char *names; /* of the next record, or of the one just handed out */
	size_t names_size;
	bool names_are_next;

	uint64_t records; /* read so far, filtered or not */
	struct cpu_count *cpus;
	size_t n_cpus;
	int end; /* sticky: -ENODATA, -EBADMSG, ... */
};

static int damaged(struct mlocktrace *h, const char *how)
{
	struct recording *rec = h->priv;

	mlt_log(h, MLOCKTRACE_LOG_ERROR, "%s: damaged after %" PRIu64 " records: %s", rec->path,
		rec->records, how);
	return -EBADMSG;
}

static int cut_off(struct mlocktrace *h)
{
	struct recording *rec = h->priv;
	int err = ferror(rec->in) ? -errno : 0;

	if (err) {
		mlt_log(h, MLOCKTRACE_LOG_ERROR, "%s: reading fails after %" PRIu64 " records: %s",
			rec->path, rec->records, strerror(-err));
		return err;
	}
	mlt_log(h, MLOCKTRACE_LOG_ERROR, "%s: the recording was cut off after %" PRIu64 " records",
		rec->path, rec->records);
	return -EBADMSG;
}

static bool read_whole(struct recording *rec, void *to, size_t size)
{
	errno = 0;
	return fread(to, 1, size, rec->in) == size;
}

static bool skip(struct recording *rec, size_t size)
{
	char nowhere[4096];

	while (size) {
		size_t n = size < sizeof(nowhere) ? size : sizeof(nowhere);

		if (!read_whole(rec, nowhere, n))
			return false;
		size -= n;
	}
	return true;
}

/* As much of a payload as the struct holds; a longer one is a newer one. */
static bool read_struct(struct recording *rec, void *to, size_t size, size_t length)
{
	size_t known = length < size ? length : size;

	return read_whole(rec, to, known) && skip(rec, length - known);
}

static bool read_payload(struct recording *rec, void *slot, size_t *size, size_t length)
{
	void **to = slot;

	free(*to);
	*size = 0;
	*to = malloc(length ? length : 1);
	if (!*to) {
		errno = ENOMEM;
		return false;
	}
	if (!read_whole(rec, *to, length))
		return false;
	*size = length;
	return true;
}

/* ---- opening ------------------------------------------------------------- */

static int no_recording(struct mlocktrace *h, const char *why)
{
	struct recording *rec = h->priv;

	return mlt_fail(h, -EBADMSG, "%s is not a recording of mlocktrace: %s; make one with "
			"mlocktrace record", rec->path, why);
}

static int read_header(struct mlocktrace *h)
{
	struct recording *rec = h->priv;
	struct mlt_file_start start;
	struct mlt_chunk chunk;

	if (!read_whole(rec, &start, sizeof(start)))
		return no_recording(h, errno ? strerror(errno) : "it is too short");
	if (memcmp(start.magic, MLT_FILE_MAGIC, sizeof(start.magic)))
		return no_recording(h, "it begins with something else");
	if (start.byte_order != MLT_FILE_BYTE_ORDER)
		return no_recording(h, "it is from a machine with another byte order");
	if (start.version != MLT_FILE_VERSION)
		return no_recording(h, "it is from another version");
	if (!read_whole(rec, &chunk, sizeof(chunk)) || chunk.type != MLT_CHUNK_HEADER ||
	    chunk.length > MLT_FILE_CHUNK_MAX ||
	    !read_struct(rec, &rec->header, sizeof(rec->header), chunk.length))
		return no_recording(h, "its header is damaged or cut off");
	rec->header.tier[sizeof(rec->header.tier) - 1] = '\0';
	rec->header.release[sizeof(rec->header.release) - 1] = '\0';
	rec->header.machine[sizeof(rec->header.machine) - 1] = '\0';
	return 0;
}

static void log_header(const struct mlocktrace *h)
{
	const struct recording *rec = h->priv;
	char release[256], machine[256], tier[64];

	mlocktrace_escape(release, sizeof(release), rec->header.release, sizeof(rec->header.release));
	mlocktrace_escape(machine, sizeof(machine), rec->header.machine, sizeof(rec->header.machine));
	mlocktrace_escape(tier, sizeof(tier), rec->header.tier, sizeof(rec->header.tier));
	mlt_log(h, MLOCKTRACE_LOG_INFO, "%s: recorded on Linux %s (%s), pages of %" PRIu32 " bytes%s%s",
		rec->path, release, machine, rec->header.page_size, tier[0] ? ", tier " : "", tier);
}

static int file_open(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	struct recording *rec = h->priv;
	const char *bad = "";
	int err;

	rec->path = strdup(opts->source);
	if (!rec->path)
		return mlt_fail(h, -ENOMEM, "out of memory");
	err = mlt_filter_init(&rec->filter, opts, &bad);
	if (err == -EINVAL)
		return mlt_fail(h, err, "%s", bad);
	if (err)
		return mlt_fail(h, err, "out of memory");
	rec->in = fopen(rec->path, "re");
	if (!rec->in) {
		err = -errno;
		return mlt_fail(h, err, "cannot open the recording %s: %s; a source is \"auto\", \"%s\" "
				"or a file made by mlocktrace record", rec->path, strerror(-err),
				mlt_source_bpf.name);
	}
	err = read_header(h);
	if (err)
		return err;
	h->realtime_offset_ns = rec->header.realtime_offset_ns;
	log_header(h);
	return 0;
}

static void file_close(struct mlocktrace *h)
{
	struct recording *rec = h->priv;

	if (rec->in)
		fclose(rec->in);
	mlt_filter_free(&rec->filter);
	free(rec->path);
	free(rec->chunk);
	free(rec->names);
	free(rec->cpus);
}

/* ---- reading ------------------------------------------------------------- */

static int read_trailer(struct mlocktrace *h, size_t length)
{
	struct recording *rec = h->priv;

	if (!read_struct(rec, &rec->trailer, sizeof(rec->trailer), length))
		return cut_off(h);
	rec->has_trailer = true;
	if (rec->trailer.records != rec->records)
		return damaged(h, "its own books count another number of them");
	if (fgetc(rec->in) != EOF)
		return damaged(h, "more bytes follow its end");
	return -ENODATA;
}

static int read_chunk(struct mlocktrace *h)
{
	struct recording *rec = h->priv;
	struct mlt_chunk chunk;
	bool whole;

	if (!read_whole(rec, &chunk, sizeof(chunk)))
		return cut_off(h);
	if (!chunk.type || chunk.length % 8)
		return damaged(h, "no chunk begins here");
	if (chunk.type <= MLT_CHUNK_TRAILER && chunk.length > MLT_FILE_CHUNK_MAX)
		return damaged(h, "a chunk claims to be too large");
	switch (chunk.type) {
	case MLT_CHUNK_NAMES:
		whole = read_payload(rec, &rec->names, &rec->names_size, chunk.length);
		rec->names_are_next = whole;
		break;
	case MLT_CHUNK_RECORDS:
		rec->chunk_read = 0;
		whole = read_payload(rec, &rec->chunk, &rec->chunk_size, chunk.length);
		break;
	case MLT_CHUNK_TRAILER:
		return read_trailer(h, chunk.length);
	default:
		whole = skip(rec, chunk.length);
		break;
	}
	return whole ? 0 : cut_off(h);
}

static int count(struct recording *rec, const struct mlocktrace_event *event)
{
	bool is_lost = event->op == MLOCKTRACE_OP_LOST;

	if (event->cpu >= rec->n_cpus) {
		size_t n = event->cpu + 1u;
		struct cpu_count *more = realloc(rec->cpus, n * sizeof(*more));

		if (!more)
			return -ENOMEM;
		memset(more + rec->n_cpus, 0, (n - rec->n_cpus) * sizeof(*more));
		rec->cpus = more;
		rec->n_cpus = n;
	}
	rec->cpus[event->cpu].seen += is_lost ? event->count : 1;
	rec->cpus[event->cpu].dropped += is_lost ? event->count : 0;
	return 0;
}

/* One record into the batch, if it passes. 1 = it did. */
static int take_record(struct mlocktrace *h)
{
	struct recording *rec = h->priv;
	struct mlt_event_room room;
	int size, passes, err;

	size = mlt_decode(rec->chunk + rec->chunk_read, rec->chunk_size - rec->chunk_read, &room.event,
			  sizeof(room));
	if (size < 0)
		return damaged(h, "a record's sizes contradict each other");
	rec->chunk_read += size;
	rec->records++;
	h->frame_names = rec->names_are_next ? rec->names : NULL;
	h->frame_names_size = rec->names_are_next ? rec->names_size : 0;
	rec->names_are_next = false;
	passes = mlt_filter_passes(&rec->filter, &room.event);
	if (passes <= 0)
		return passes;
	err = count(rec, &room.event);
	if (!err)
		err = mlt_batch_add(h, &room, room.event.size);
	return err ? err : 1;
}

/* One record per call, because the handle keeps the frame names of one. */
static int file_fill(struct mlocktrace *h)
{
	struct recording *rec = h->priv;
	int taken = 0;

	while (!rec->end && !taken) {
		if (rec->chunk_read < rec->chunk_size)
			taken = take_record(h);
		else
			rec->end = read_chunk(h);
		if (taken < 0)
			rec->end = taken;
	}
	return rec->end;
}

static int file_wait(struct mlocktrace *h, int timeout_ms)
{
	(void)h;
	(void)timeout_ms;
	return 1;
}

static int file_stats(struct mlocktrace *h, int cpu, struct mlocktrace_stats *stats)
{
	const struct recording *rec = h->priv;

	if (cpu >= 0 && (size_t)cpu >= rec->n_cpus)
		return -ENOENT;
	for (size_t i = 0; i < rec->n_cpus; i++) {
		if (cpu >= 0 && (size_t)cpu != i)
			continue;
		stats->seen += rec->cpus[i].seen;
		stats->dropped += rec->cpus[i].dropped;
	}
	if (cpu >= 0 || !rec->has_trailer || !rec->trailer.books_known)
		return 0;
	stats->missed = rec->trailer.missed;
	stats->untracked = rec->trailer.untracked;
	if (!mlt_filter_is_on(&rec->filter)) {
		stats->seen = rec->trailer.seen;
		stats->dropped = rec->trailer.dropped;
	}
	return 0;
}

const struct mlt_file_header *mlt_recording_header(const struct mlocktrace *h)
{
	const struct recording *rec = h->priv;

	return h->source == &mlt_source_file ? &rec->header : NULL;
}

const struct mlt_source mlt_source_file = {
	.name = "file",
	.priv_size = sizeof(struct recording),
	.open = file_open,
	.fill = file_fill,
	.wait = file_wait,
	.stats = file_stats,
	.close = file_close,
};
