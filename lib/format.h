/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What the writers share: text for sizes and for hostile strings, a growing
 * buffer for one unit of output, and the sink that takes whole units only.
 */
#ifndef MLT_FORMAT_H
#define MLT_FORMAT_H

#include "internal.h"

/* size.c: bytes or whole KiB, never rounded. */
const char *mlt_exact_text(char buf[24], uint64_t bytes);
/* size.c: as mlt_size_text() where that loses nothing, else exact. */
const char *mlt_true_text(char buf[24], uint64_t bytes);
/* size.c: a counter, which a kernel bug can drive below 0. */
const char *mlt_signed_text(char buf[24], int64_t bytes);
/* size.c: ten times the number of bytes that mlt_size_text() claims. */
unsigned __int128 mlt_size_tenths(uint64_t bytes);

/* names.c: "bpf" or "kmod"; NULL for an unknown tier. */
const char *mlt_tier_source(unsigned int tier);

/* escape.c: as mlocktrace_escape(); with keep_backslash for text that was escaped before. */
int mlt_escape(char *buf, size_t size, const char *text, size_t len, bool keep_backslash);
/* escape.c: terminal columns of escaped text. */
size_t mlt_columns(const char *text);
/* escape.c: shorten escaped text in place to at most this many columns, the last being '~'. */
void mlt_cut(char *text, size_t columns);

/* One unit of output (a line with its verdict, a chunk) under construction. */
struct mlt_buf {
	char *data;
	size_t used;
	size_t size;
	int err; /* sticky -ENOMEM */
};

void mlt_buf_add(struct mlt_buf *buf, const void *data, size_t size);
void mlt_buf_text(struct mlt_buf *buf, const char *text);
void mlt_buf_fill(struct mlt_buf *buf, char c, size_t n);
void mlt_buf_printf(struct mlt_buf *buf, const char *fmt, ...) MLT_PRINTF(2, 3);
void mlt_buf_free(struct mlt_buf *buf);

/* call.c: the call in strace's manner; every byte is fit to print. */
void mlt_call_text(struct mlt_buf *buf, const struct mlocktrace_event *event);

/*
 * Where units go. On a regular file the ends of the units that may still sit
 * in stdio's buffer are remembered, so that a full disk leaves whole units.
 */
struct mlt_sink {
	FILE *out;
	bool can_cut;
	int err; /* sticky: after an error nothing more is written */
	off_t *ends;
	size_t n_ends;
	size_t max_ends;
	size_t left; /* bytes of ours that stdio still held after the last unit */
};

void mlt_sink_init(struct mlt_sink *sink, FILE *out);
int mlt_sink_write(struct mlt_sink *sink, const void *unit, size_t size);
int mlt_sink_finish(struct mlt_sink *sink);
void mlt_sink_free(struct mlt_sink *sink);

struct mlocktrace_writer {
	struct mlocktrace_writer_opts opts;
	const struct mlt_format *format;
	struct mlt_sink sink;
	struct mlt_buf buf;
	bool started;
	bool finished;
	size_t tracer_frames; /* of the record being written */
	uint64_t records;
	int64_t realtime_offset_ns;
};

/* A format appends to writer->buf; the dispatcher hands each slot's bytes to the sink as one unit. */
struct mlt_format {
	bool whole_stacks; /* also the tracer's own frames */
	/* Before the first record, or at the end if there was none. NULL = nothing to say. */
	int (*start)(struct mlocktrace_writer *writer);
	int (*event)(struct mlocktrace_writer *writer, const struct mlocktrace_event *event);
	/* Once at the end; stats may be NULL. NULL = nothing to say. */
	int (*finish)(struct mlocktrace_writer *writer, const struct mlocktrace_stats *stats);
};

extern const struct mlt_format mlt_format_text;
extern const struct mlt_format mlt_format_json;
extern const struct mlt_format mlt_format_file;

/* writer.c: refusals, and successes that are not what they seem. */
bool mlt_wants_verdict(const struct mlocktrace_event *event);
/* writer.c: name of the k-th frame of the record being written, as shown: kernel frames, then
 * user frames, each innermost first. False past the last. */
bool mlt_frame_text(const struct mlocktrace_writer *writer, const struct mlocktrace_event *event,
		    size_t k, char *buf, size_t size);

/* symbols.c: names of this handle's current record come from its recording. */
void mlt_symbols_bind(struct mlocktrace_symbols *symbols, const struct mlocktrace *source);
/* How many of the innermost kernel frames are the tracer's own. */
size_t mlt_symbols_tracer_frames(struct mlocktrace_symbols *symbols,
				 const struct mlocktrace_event *event);

#endif
