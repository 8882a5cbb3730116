/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the results go. Lines leave whole: a stream of lines never ends in half
 * a line, whatever happens to the disk or to the reader; on a regular file what
 * did not fit is cut off again.
 */
#ifndef TOOLS_OUTPUT_H
#define TOOLS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct output {
	FILE *file;	  /* write here */
	const char *name; /* for messages */
	int fd;
	int error;     /* the first -errno, 0 while all is well */
	bool borrowed; /* fd is one of the standard descriptors */
	bool lines;
	char *buffer; /* of file */
	char *held; /* lines: not yet written */
	size_t held_len;
	size_t held_size;
};

/* Open the file @name, or take over @fd if @name is NULL. @lines: whole lines; else bytes, for a
 * writer that cuts its files back itself. 0, or -1 after a message. */
int output_open(struct output *out, const char *name, int fd, bool lines);

/* Send what has been written on its way. 0, or the first -errno of this stream. */
int output_flush(struct output *out);

/* Flush and close: 0, or the first -errno. */
int output_close(struct output *out);

#endif
