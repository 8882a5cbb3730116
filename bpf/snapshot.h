/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the snapshot's iterator (snapshot.bpf.c) and its reader (lib/snapshot_bpf.c) agree on.
 */
#ifndef MLT_SNAPSHOT_BPF_H
#define MLT_SNAPSHOT_BPF_H

#include <mlocktrace/event.h>

#define MLT_SNAP_USERS 512 /* power of two */

/* A user with a process, in one user namespace. Amounts in pages. */
struct mlt_snap_user {
	__u64 user;    /* struct user_struct; 0 = a free place */
	__u64 ucounts; /* struct ucounts of the processes; 0 before 5.14 */
	__u64 shm_of;  /* what @shm belongs to: of that namespace or one above it */
	__s64 locked;
	__s64 perf;
	__s64 shm;
	__u64 limit;   /* the smallest of a process without CAP_IPC_LOCK, bytes */
	__u32 uid;
	__u32 n_processes;
};

/* What the reader sees in the iterator's memory; it zeroes all but @everyone before a look. */
struct mlt_snap {
	__u8 everyone; /* reader: tell also of processes that hold nothing */
	__u8 perf_known; /* this kernel has that counter */
	__u32 level;   /* of the reader's pid namespace; 0 = not known yet, or the initial one */
	struct mlt_snap_user users[MLT_SNAP_USERS]; /* by hash of user and ucounts */
};

enum {
	MLT_SNAP_PROCESS = 1,
	MLT_SNAP_USER,
};

/* The iterator writes these, each with its kind first. */
struct mlt_snap_process {
	__u32 kind;
	__u8 counted; /* in its user's n_processes and limit; else told several times, by its threads */
	__u8 capable;
	__u16 pad16;
	__u64 mm;
	__u64 css_set; /* the same for processes that are in the same cgroups of all hierarchies */
	__u64 cgroup_id;
	__u64 start_ns;
	__u64 locked, pinned; /* pages */
	__u64 limit, hard_limit;
	__u32 pid, uid;
	char comm[MLOCKTRACE_COMM_LEN];
};

/* One for whom there was no place in users[]. */
struct mlt_snap_no_place {
	__u32 kind;
	__u32 pad32;
	struct mlt_snap_user user;
};

#endif
