/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The filters of mlocktrace_opts, applied to records that were read: of a
 * recording all of them, of the kernel module those that it does not know.
 */
#ifndef MLT_FILTER_H
#define MLT_FILTER_H

#include "internal.h"

struct mlt_cgroup;

/* A few numbers, each once. Zeroed it is empty. */
struct mlt_ids {
	uint32_t *list;
	size_t n, room;
};

bool mlt_ids_have(const struct mlt_ids *ids, uint32_t id);
int mlt_ids_add(struct mlt_ids *ids, uint32_t id); /* 0 or -ENOMEM */
void mlt_ids_free(struct mlt_ids *ids);

struct mlt_filter {
	struct mlt_ids pids; /* those named, and with follow their children */
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
	struct mlt_cgroup *below; /* with by_cgroup: borrowed; in place of cgroup_id, if not NULL */
};

/* 0, -ENOMEM, or -EINVAL with *bad = the option that makes no sense. */
int mlt_filter_init(struct mlt_filter *filter, const struct mlocktrace_opts *opts, const char **bad);
/* As above, but the cgroup is a folder of this machine that has been opened, or NULL. */
int mlt_filter_init_live(struct mlt_filter *filter, const struct mlocktrace_opts *opts,
			 struct mlt_cgroup *cgroup, const char **bad);
void mlt_filter_free(struct mlt_filter *filter);
/* Does any filter hold anything back? */
bool mlt_filter_is_on(const struct mlt_filter *filter);
/* To be asked for each record in order: forks teach it the children to follow. 1, 0 or -ENOMEM. */
int mlt_filter_passes(struct mlt_filter *filter, const struct mlocktrace_event *event);

#endif
