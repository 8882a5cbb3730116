/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Per process: calls, refusals by cause, and the most that was locked.
 */
#ifndef TOOLS_SUMMARY_H
#define TOOLS_SUMMARY_H

#include <mlocktrace/mlocktrace.h>

struct summary_row {
	uint32_t pid;
	uint64_t start_ns; /* with pid: which process */
	char comm[MLOCKTRACE_COMM_LEN];
	uint64_t calls;
	uint64_t refused;
	int64_t peak; /* bytes of VmLck */
	uint64_t causes[MLOCKTRACE_CAUSE_MAX];
};

struct summary {
	struct summary_row *rows;
	size_t n;
	size_t size; /* of the hash table; a power of two */
	uint64_t lost;
	bool incomplete; /* memory ran out */
};

void summary_add(struct summary *summary, const struct mlocktrace_event *event);

/* Sorts the rows: nothing can be added afterwards. */
void summary_print(struct summary *summary, FILE *out, bool json);

void summary_free(struct summary *summary);

#endif
