/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Between the parts of a snapshot: two methods to look (snapshot_bpf.c, snapshot_proc.c), what they
 * found (snapshot.c), and what is added to it: paths of cgroups and the kernel module's counts.
 */
#ifndef MLT_SNAPSHOT_H
#define MLT_SNAPSHOT_H

#include "internal.h"

struct mlt_paths;
struct mlt_refusals;
struct mlt_snapshot_bpf;

struct mlt_holder {
	struct mlocktrace_holder is; /* all but cgroup, which is found out when it is asked for */
	uint64_t mm;	  /* 0 = not known to be shared */
	uint64_t css_set; /* the same for all that are in the same cgroups; 0 = not known */
	char *cgroup;	  /* of its own; NULL = not asked for, or in the paths */
};

/* What a method knows of a user, or of a part of his processes. */
struct mlt_user_part {
	uint32_t uid;
	bool counters_known;
	uint64_t user, perf, shm;
	uint64_t shm_of; /* whose @shm that is: parts may tell of the same one */
	uint64_t limit;
	size_t n_processes;
};

struct mlocktrace_snapshot {
	struct mlocktrace speaker; /* for the log, and for errors */
	bool everyone;

	struct mlt_snapshot_bpf *bpf; /* NULL = by proc */
	struct mlt_refusals *refusals; /* NULL = no module */
	struct mlt_paths *paths;
	char blind[512];

	/* the last look */
	struct mlt_holder *holders;
	size_t n_holders, holders_room;
	struct mlocktrace_user *users;
	struct mlt_user_part *parts;
	size_t n_parts, parts_room;
	struct mlocktrace_snapshot_total total;
	bool perf_known;
};

/* ---- snapshot.c: for the methods ---- */

/* Room for one more, zeroed; NULL = out of memory. */
struct mlt_holder *mlt_snapshot_add_holder(struct mlocktrace_snapshot *s);
struct mlt_user_part *mlt_snapshot_add_part(struct mlocktrace_snapshot *s);
/* A process that is in no part yet. 0 or -ENOMEM. */
int mlt_snapshot_count(struct mlocktrace_snapshot *s, const struct mlocktrace_holder *process);

/* ---- snapshot_bpf.c ---- */

/* Load the iterator. 0, or -errno with mlt_fail(). */
int mlt_snapshot_bpf_open(struct mlocktrace_snapshot *s);
int mlt_snapshot_bpf_take(struct mlocktrace_snapshot *s);
void mlt_snapshot_bpf_close(struct mlt_snapshot_bpf *bpf);

/* ---- snapshot_proc.c ---- */

/* What it will not see goes to @blind. 0, or -errno with mlt_fail(). */
int mlt_snapshot_proc_open(struct mlocktrace_snapshot *s);
int mlt_snapshot_proc_take(struct mlocktrace_snapshot *s);

/* ---- snapshot_cgroup.c ---- */

/* How paths are found out on this machine. 0 or -ENOMEM. */
int mlt_paths_new(struct mlt_paths **paths);
void mlt_paths_free(struct mlt_paths *paths);
/* A new look: what was found out may be of others now. */
void mlt_paths_forget(struct mlt_paths *paths);
/* That of a holder: belongs to @paths or to the holder; "" = not known. */
const char *mlt_paths_find(struct mlt_paths *paths, struct mlt_holder *holder);
/* From a process's file `cgroup`: the path that says most; to be freed, NULL = none. */
char *mlt_cgroup_file_parse(FILE *in);

/* ---- snapshot_kmod.c ---- */

/* The kernel module's table; NULL = not loaded, or not for us. */
struct mlt_refusals *mlt_refusals_new(void);
void mlt_refusals_free(struct mlt_refusals *refusals);
/* Read it and fill in the holders' counts. */
void mlt_refusals_join(struct mlt_refusals *refusals, struct mlocktrace_snapshot *s);

#endif
