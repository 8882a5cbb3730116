/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Accounting: who holds how much, and what was refused to whom, kept from the
 * records in fixed memory. Whoever ended stays until his place is needed.
 */
#ifndef MLT_TABLE_H
#define MLT_TABLE_H

#include <linux/types.h>

#include <mlocktrace/event.h>

/**
 * struct mlt_process - what is known of a process, told apart by pid and start_ns
 * @pid: in the initial pid namespace
 * @uid: real uid in the initial user namespace, as in its last record
 * @start_ns: CLOCK_BOOTTIME
 * @locked: vmlck of its address space, as in its last record
 * @peak: most that was seen of it
 * @events: records of which it is the process
 * @refusals: those of them that failed
 * @by_cause: the same by their cause
 * @last_cause: of the last one that failed; MLOCKTRACE_CAUSE_OK: none did
 * @ended: it is no more
 * @comm: as in its last record, perhaps not terminated
 */
struct mlt_process {
	u32 pid;
	u32 uid;
	u64 start_ns;
	u64 locked;
	u64 peak;
	u64 events;
	u64 refusals;
	u64 by_cause[MLOCKTRACE_CAUSE_MAX];
	u8 last_cause;
	bool ended;
	char comm[MLOCKTRACE_COMM_LEN];
};

/**
 * struct mlt_user - what is known of a user
 * @uid: in the initial user namespace
 * @held: the counters user, perf and shm by their ids, as last seen
 * @refusals: records of the user's processes, or on these counters, that failed
 */
struct mlt_user {
	u32 uid;
	u64 held[MLOCKTRACE_COUNTER_MAX];
	u64 refusals;
};

int mlt_table_init(unsigned int processes);
void mlt_table_destroy(void);
void mlt_table_reset(void);

/* In probes: never sleep, never allocate. */
u32 mlt_table_account(const struct mlocktrace_event *e);
void mlt_table_exit(u32 pid, u64 start_ns);

/* For who reads it: the @i-th place. 0, -ENOENT if nobody is there, -ERANGE past the last. */
int mlt_table_process(unsigned int i, struct mlt_process *process);
int mlt_table_user(unsigned int i, struct mlt_user *user);

/* Records of processes, and of users, that found no place. */
u64 mlt_table_untracked_processes(void);
u64 mlt_table_untracked_users(void);

#endif
