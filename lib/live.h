/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What sources that read the running kernel do alike, whatever makes the records.
 */
#ifndef MLT_LIVE_H
#define MLT_LIVE_H

#include "internal.h"

/* CLOCK_REALTIME - CLOCK_MONOTONIC here and now, ns. */
int64_t mlt_realtime_offset(void);

/* 0, or -ESRCH with mlt_fail() if one of the processes to follow is not there. */
int mlt_check_pids(struct mlocktrace *h, const struct mlocktrace_opts *opts);

/* A folder of the cgroup v2 hierarchy. Zeroed it can be closed. */
struct mlt_cgroup {
	uint64_t id;
	unsigned int depth; /* below the root */
	int fd;		    /* 0 = not open */
	struct {
		uint64_t id;
		bool holds;
	} known[64]; /* by the last bits of the id: what was found out */
};

/* 0, or -errno with mlt_fail() if the path is no such folder. */
int mlt_cgroup_open(struct mlocktrace *h, const char *path, struct mlt_cgroup *cgroup);
void mlt_cgroup_close(struct mlt_cgroup *cgroup);
/* Is the one of this id it, or below it? What is gone is in none but those it was known to be in. */
bool mlt_cgroup_holds(struct mlt_cgroup *cgroup, uint64_t id);
/* The folder of an id, as O_PATH; @in: any folder of the hierarchy. -errno (-ESTALE: it is gone). */
int mlt_cgroup_open_id(int in, uint64_t id);

#endif
