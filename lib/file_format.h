/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A recording, as the writer makes it and the reader expects it:
 *
 *     start, HEADER, then per record [NAMES] RECORDS, at the end TRAILER
 *
 * All numbers are in the byte order of the recording machine. A chunk is its
 * type, the length of its payload (a multiple of 8) and the payload. Chunks of
 * an unknown type are skipped, payloads longer than expected are read as far
 * as they are known; without a TRAILER the recording was cut off.
 */
#ifndef MLT_FILE_FORMAT_H
#define MLT_FILE_FORMAT_H

#include <mlocktrace/mlocktrace.h>

#define MLT_FILE_MAGIC "mlt\r\n\032\0" /* text-mode transfers and dumps to terminals break it early */
#define MLT_FILE_VERSION 1
#define MLT_FILE_BYTE_ORDER 0x01020304
#define MLT_FILE_CHUNK_MAX (1u << 20)
#define MLT_FILE_NAME_MAX 512 /* of one frame, with its terminator */

struct mlt_file_start {
	char magic[8];
	uint32_t version;
	uint32_t byte_order;
};

enum mlt_chunk_type {
	MLT_CHUNK_HEADER = 1,
	MLT_CHUNK_NAMES,   /* of the frames of the next record, in the order of its stack tail,
			    * each terminated; zero-padded */
	MLT_CHUNK_RECORDS, /* one or more records, back to back */
	MLT_CHUNK_TRAILER,
};

struct mlt_chunk {
	uint32_t type;
	uint32_t length;
};

struct mlt_file_header {
	int64_t realtime_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	uint64_t start_ns;	    /* CLOCK_MONOTONIC when the recording began */
	uint32_t page_size;
	uint32_t reserved;
	char tier[16];
	char release[72]; /* of the kernel, as uname says */
	char machine[72];
};

struct mlt_file_trailer {
	uint64_t records;     /* in this recording, lost ones included */
	uint64_t books_known; /* 1 = the rest is filled */
	uint64_t seen;
	uint64_t delivered;
	uint64_t dropped;
	uint64_t missed;
	uint64_t untracked;
};

_Static_assert(sizeof(MLT_FILE_MAGIC) == 8, "magic");
_Static_assert(sizeof(struct mlt_file_header) % 8 == 0, "whole chunks");

struct mlocktrace;
/* source_file.c: header of the recording that h reads; NULL if it reads none. */
const struct mlt_file_header *mlt_recording_header(const struct mlocktrace *h);

#endif
