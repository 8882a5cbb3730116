// SPDX-License-Identifier: GPL-2.0
/*
 * The result stream. Lines pass through a stdio stream of our own (a cookie)
 * that holds an unfinished line back and writes the rest with write(2), so that
 * the amount that arrived is known exactly when something fails.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"
#include "output.h"

#define STREAM_BUFFER (64 * 1024)

/* Bytes that arrived; less than @len when the error is set. */
static size_t write_all(struct output *out, const char *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(out->fd, data + done, len - done);

		if (n >= 0) {
			done += n;
		} else if (errno == EAGAIN) {
			/* The descriptor is shared with someone who made it non-blocking. */
			struct pollfd ready = { .fd = out->fd, .events = POLLOUT };

			poll(&ready, 1, -1);
		} else if (errno != EINTR) {
			out->error = -errno;
			break;
		}
	}
	return done;
}

/* Only @done bytes of @data reached the file: take back what follows its last newline. */
static void cut_back(const struct output *out, const char *data, size_t done)
{
	const char *newline = memrchr(data, '\n', done);
	off_t extra = newline ? data + done - (newline + 1) : (off_t)done;
	off_t end = lseek(out->fd, 0, SEEK_CUR);
	struct stat st;

	/* Somebody else may have written behind us: theirs stays. */
	if (!extra || fstat(out->fd, &st) || !S_ISREG(st.st_mode) || end != st.st_size)
		return;
	if (!ftruncate(out->fd, end - extra))
		lseek(out->fd, end - extra, SEEK_SET);
}

static void write_held_lines(struct output *out)
{
	const char *newline = out->held_len ? memrchr(out->held, '\n', out->held_len) : NULL;
	size_t len = newline ? newline + 1 - out->held : 0;
	size_t done = write_all(out, out->held, len);

	if (done < len)
		cut_back(out, out->held, done);
	out->held_len -= len;
	memmove(out->held, out->held + len, out->held_len);
}

static ssize_t cookie_write(void *cookie, const char *data, size_t len)
{
	struct output *out = cookie;

	if (!out->error && out->held_len + len > out->held_size) {
		size_t size = 2 * (out->held_len + len);
		char *held = realloc(out->held, size);

		if (held) {
			out->held = held;
			out->held_size = size;
		} else {
			out->error = -ENOMEM;
		}
	}
	if (!out->error) {
		memcpy(out->held + out->held_len, data, len);
		out->held_len += len;
		write_held_lines(out);
	}
	errno = -out->error;
	return out->error ? 0 : (ssize_t)len;
}

static FILE *stream_of(struct output *out)
{
	const cookie_io_functions_t io = { .write = cookie_write };

	return out->lines ? fopencookie(out, "w", io) : fdopen(out->fd, "w");
}

int output_open(struct output *out, const char *name, int fd, bool lines)
{
	*out = (struct output){ .name = name ? name : fd == STDOUT_FILENO ? "stdout" : "stderr",
				.fd = fd, .borrowed = !name, .lines = lines };
	/* A stdio stream on the descriptor itself would close it. */
	if (name)
		out->fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	else if (!lines)
		out->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	out->file = out->fd < 0 ? NULL : stream_of(out);
	if (out->file) {
		/* The C library believes a size only together with a buffer. */
		out->buffer = malloc(STREAM_BUFFER);
		if (out->buffer)
			setvbuf(out->file, out->buffer, _IOFBF, STREAM_BUFFER);
		return 0;
	}
	error("cannot write to %s: %s", out->name, strerror(errno));
	if (out->fd >= 0 && out->fd != fd)
		close(out->fd);
	return -1;
}

int output_flush(struct output *out)
{
	errno = 0;
	if (!out->error && fflush(out->file) && !out->error)
		out->error = errno ? -errno : -EIO;
	return out->error;
}

int output_close(struct output *out)
{
	bool own_fd = out->lines && !out->borrowed;

	if (!out->file)
		return 0;
	output_flush(out);
	/* What could not be written must not be tried again: the file has been cut back. */
	if (out->error)
		__fpurge(out->file);
	if (fclose(out->file) && !out->error)
		out->error = -errno;
	if (own_fd && close(out->fd) && !out->error)
		out->error = -errno;
	free(out->buffer);
	out->buffer = NULL;
	free(out->held);
	out->held = NULL;
	out->file = NULL;
	return out->error;
}
