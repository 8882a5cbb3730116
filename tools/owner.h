/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose a counter is: that of a user, or of an address space and so of a process.
 */
#ifndef TOOLS_OWNER_H
#define TOOLS_OWNER_H

#include <mlocktrace/mlocktrace.h>

struct json_object;

struct owner {
	unsigned int counter; /* enum mlocktrace_counter */
	uint32_t uid;
	uint32_t pid;	   /* of a process, as the rest */
	uint64_t start_ns; /* CLOCK_BOOTTIME */
	const char *comm;  /* MLOCKTRACE_COMM_LEN bytes */
};

/* user, perf and shm: one per user, and not one per address space */
static inline bool owner_is_user(unsigned int counter)
{
	return counter == MLOCKTRACE_COUNTER_USER || counter == MLOCKTRACE_COUNTER_PERF ||
	       counter == MLOCKTRACE_COUNTER_SHM;
}

/* Its members; @process: the type of what is not a user's. */
void owner_put_json(struct json_object *to, const struct owner *owner, const char *process);

#endif
