/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The filters of mlocktrace_opts, applied to records that were read. Live
 * sources filter in the kernel and have no use for it.
 */
#ifndef MLT_FILTER_H
#define MLT_FILTER_H

#include "internal.h"

struct mlt_filter {
	uint32_t *pids;
	size_t n_pids;
	size_t max_pids;
	bool by_pid;
	bool follow;
	bool failures_only;
	bool by_uid;
	uint32_t uid;
	uint64_t ops;
	char comm[MLOCKTRACE_COMM_LEN];
	bool by_comm;
	uint64_t cgroup_id;
	bool by_cgroup;
};

/* 0, -ENOMEM, or -EINVAL with *bad = the option that makes no sense. */
int mlt_filter_init(struct mlt_filter *filter, const struct mlocktrace_opts *opts, const char **bad);
void mlt_filter_free(struct mlt_filter *filter);
/* Does any filter hold anything back? */
bool mlt_filter_is_on(const struct mlt_filter *filter);
/* To be asked for each record in order: forks teach it the children to follow. 1, 0 or -ENOMEM. */
int mlt_filter_passes(struct mlt_filter *filter, const struct mlocktrace_event *event);

#endif
