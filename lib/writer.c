/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The writer object: options, the choice of the format, and the rule that
 * every record is one unit, built in memory first and then handed over whole.
 * How a record looks is the formats' business.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format.h"

static bool make_room(struct mlt_buf *buf, size_t more)
{
	size_t need = buf->used + more + 1;
	size_t size = buf->size ? buf->size : 1024;
	char *data;

	if (buf->err)
		return false;
	if (need <= buf->size)
		return true;
	while (size < need)
		size *= 2;
	data = realloc(buf->data, size);
	if (!data) {
		buf->err = -ENOMEM;
		return false;
	}
	buf->data = data;
	buf->size = size;
	return true;
}

void mlt_buf_add(struct mlt_buf *buf, const void *data, size_t size)
{
	if (!size || !make_room(buf, size))
		return;
	memcpy(buf->data + buf->used, data, size);
	buf->used += size;
}

void mlt_buf_text(struct mlt_buf *buf, const char *text)
{
	mlt_buf_add(buf, text, strlen(text));
}

void mlt_buf_fill(struct mlt_buf *buf, char c, size_t n)
{
	if (!make_room(buf, n))
		return;
	memset(buf->data + buf->used, c, n);
	buf->used += n;
}

void mlt_buf_printf(struct mlt_buf *buf, const char *fmt, ...)
{
	size_t room;
	va_list args;
	int n;

	if (!make_room(buf, 0))
		return;
	room = buf->size - buf->used;
	va_start(args, fmt);
	n = vsnprintf(buf->data + buf->used, room, fmt, args);
	va_end(args);
	if (n < 0 || !make_room(buf, n))
		return;
	if ((size_t)n >= room) {
		va_start(args, fmt);
		vsnprintf(buf->data + buf->used, n + 1, fmt, args);
		va_end(args);
	}
	buf->used += n;
}

void mlt_buf_free(struct mlt_buf *buf)
{
	free(buf->data);
	memset(buf, 0, sizeof(*buf));
}

bool mlt_wants_verdict(const struct mlocktrace_event *event)
{
	return event->ret < 0 || (event->flags & (MLOCKTRACE_F_PARTIAL | MLOCKTRACE_F_SECCOMP));
}

bool mlt_frame_text(const struct mlocktrace_writer *writer, const struct mlocktrace_event *event,
		    size_t k, char *buf, size_t size)
{
	size_t n_user, n_kernel, shown, own = writer->tracer_frames;
	const uint64_t *user = mlocktrace_event_user_stack(event, &n_user);

	mlocktrace_event_kernel_stack(event, &n_kernel);
	shown = n_kernel - own;
	if (k >= n_user + shown)
		return false;
	/* Kernel frames come last in the record and first on the screen. */
	k = k < shown ? n_user + own + k : k - shown;
	if (writer->opts.symbols)
		mlocktrace_symbol(writer->opts.symbols, event, k, buf, size);
	else
		snprintf(buf, size, "0x%" PRIx64, user[k]);
	return true;
}

static const struct mlt_format *format_of(enum mlocktrace_format format)
{
	switch (format) {
	case MLOCKTRACE_TEXT:
		return &mlt_format_text;
	case MLOCKTRACE_JSON:
		return &mlt_format_json;
	case MLOCKTRACE_FILE:
		return &mlt_format_file;
	}
	return NULL;
}

static int64_t realtime_offset_now(void)
{
	struct timespec real, mono;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &real);
	return (real.tv_sec - mono.tv_sec) * 1000000000LL + real.tv_nsec - mono.tv_nsec;
}

MLT_API int mlocktrace_writer_new(struct mlocktrace_writer **out_writer, FILE *out,
				  const struct mlocktrace_writer_opts *opts)
{
	struct mlocktrace_writer *writer;

	if (!out_writer || !out || !opts)
		return -EINVAL;
	writer = calloc(1, sizeof(*writer));
	if (!writer)
		return -ENOMEM;
	if (mlt_copy_opts(&writer->opts, sizeof(writer->opts), opts,
			  offsetof(struct mlocktrace_writer_opts, color)))
		goto err_free;
	writer->format = format_of(writer->opts.format);
	if (!writer->format)
		goto err_free;
	writer->realtime_offset_ns = writer->opts.source ?
		writer->opts.source->realtime_offset_ns : realtime_offset_now();
	if (writer->opts.symbols)
		mlt_symbols_bind(writer->opts.symbols, writer->opts.source);
	mlt_sink_init(&writer->sink, out);
	*out_writer = writer;
	return 0;

err_free:
	free(writer);
	return -EINVAL;
}

/* What a format appended, as one unit. */
static int hand_over(struct mlocktrace_writer *writer, int err)
{
	if (!err)
		err = writer->buf.err;
	if (!err)
		err = mlt_sink_write(&writer->sink, writer->buf.data, writer->buf.used);
	writer->buf.used = 0;
	writer->buf.err = 0;
	return err;
}

static int start(struct mlocktrace_writer *writer)
{
	int err;

	if (writer->started)
		return 0;
	err = hand_over(writer, writer->format->start ? writer->format->start(writer) : 0);
	writer->started = !err;
	return err;
}

MLT_API int mlocktrace_write(struct mlocktrace_writer *writer, const struct mlocktrace_event *event)
{
	size_t tail = 8 * ((size_t)event->n_user + event->n_kernel);
	int err;

	if (writer->finished || event->size != sizeof(*event) + tail)
		return -EINVAL;
	err = start(writer);
	if (err)
		return err;
	/* Names every kernel frame: once per record is enough. */
	if (writer->opts.symbols && !writer->format->whole_stacks)
		writer->tracer_frames = mlt_symbols_tracer_frames(writer->opts.symbols, event);
	err = hand_over(writer, writer->format->event(writer, event));
	writer->records += !err;
	return err;
}

MLT_API int mlocktrace_writer_finish(struct mlocktrace_writer *writer,
				     const struct mlocktrace_stats *stats)
{
	int err;

	if (writer->finished)
		return writer->sink.err;
	writer->finished = true;
	if (writer->format->finish) {
		err = start(writer);
		if (!err)
			err = hand_over(writer, writer->format->finish(writer, stats));
		if (err)
			return err;
	}
	return mlt_sink_finish(&writer->sink);
}

MLT_API void mlocktrace_writer_free(struct mlocktrace_writer *writer)
{
	if (!writer)
		return;
	if (writer->opts.symbols)
		mlt_symbols_bind(writer->opts.symbols, NULL);
	mlt_sink_free(&writer->sink);
	mlt_buf_free(&writer->buf);
	free(writer);
}
