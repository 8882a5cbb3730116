/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much limit a program needs, from its records: the largest sum that the
 * kernel compared with the limit. Knows nothing of processes or output.
 */
#ifndef TOOLS_SIZE_H
#define TOOLS_SIZE_H

#include <mlocktrace/mlocktrace.h>
#include <stdio.h>

/* What the command gets while it is measured: no sum comes near it. It is not RLIM_INFINITY, with
 * which the kernel leaves zero-copy sends uncounted and programs do other things. */
#define SIZE_NO_LIMIT (1ULL << 62)

/* A counter of a process, or of a user. */
struct size_row {
	unsigned int counter;
	uint32_t pid;	   /* 0 for a counter of a user */
	uint64_t start_ns;
	uint32_t uid;
	char comm[MLOCKTRACE_COMM_LEN];
	uint64_t need;	   /* the largest limit that a record needs, */
	uint64_t at_most;  /*   and if not all is known of them, at most this */
	int64_t peak;	   /* the most that it came to */
	int64_t already;   /* of a user: what was charged before the first charge seen */
	uint64_t refused;  /* for the limit, while measured */
	struct mlocktrace_event top; /* the record that @need is from, without its stack */
	char *text;	   /* the same as shown, if that had to be made at once */
};

struct size {
	void *tree; /* of struct size_row, for tsearch(3) */
	struct size_row *worst; /* NULL: nothing was compared */
	uint64_t need_of[MLOCKTRACE_COUNTER_MAX];
	int64_t peak_of[MLOCKTRACE_COUNTER_MAX];
	uint64_t refused, failed;
	struct mlocktrace_event first_refused;
	uint64_t own_limits; /* changes by the command itself */
	struct mlocktrace_event own_limit; /* the last of these */
	uint64_t lost;
	bool out_of_memory;

	/* Set by the caller: a text of the record that is malloc()ed, for rows whose stack has names
	 * only as long as the process lives; NULL = not needed. */
	char *(*show)(void *ctx, const struct mlocktrace_event *event);
	void *ctx;
};

void size_add(struct size *size, const struct mlocktrace_event *event);
void size_free(struct size *size);

/* What the whole command needs, in bytes. */
uint64_t size_need(const struct size *size);
/* All rows, in the order of counters and then processes. */
void size_each(const struct size *size, void (*each)(void *ctx, const struct size_row *row), void *ctx);

#endif
