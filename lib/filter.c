/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The filters of mlocktrace_opts on records that were read.
 * Lost records pass every filter: nobody knows what they were.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../body/cause.h"
#include "filter.h"
#include "live.h"

bool mlt_ids_have(const struct mlt_ids *ids, uint32_t id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (ids->list[i] == id)
			return true;
	return false;
}

int mlt_ids_add(struct mlt_ids *ids, uint32_t id)
{
	if (mlt_ids_have(ids, id))
		return 0;
	if (ids->n == ids->room) {
		size_t room = ids->room ? ids->room * 2 : 16;
		uint32_t *more = realloc(ids->list, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		ids->list = more;
		ids->room = room;
	}
	ids->list[ids->n++] = id;
	return 0;
}

void mlt_ids_free(struct mlt_ids *ids)
{
	free(ids->list);
	memset(ids, 0, sizeof(*ids));
}

static int read_cgroup_id(struct mlt_filter *filter, const char *text)
{
	char *end;

	errno = 0;
	filter->cgroup_id = strtoull(text, &end, 10);
	filter->by_cgroup = true;
	return errno || *end || text[0] < '0' || text[0] > '9' ? -EINVAL : 0;
}

int mlt_filter_init(struct mlt_filter *filter, const struct mlocktrace_opts *opts, const char **bad)
{
	int err;

	filter->by_pid = opts->n_pids;
	for (size_t i = 0; i < opts->n_pids; i++) {
		err = mlt_ids_add(&filter->pids, opts->pids[i]);
		if (err)
			return err;
	}
	filter->follow = opts->follow;
	filter->failures_only = opts->failures_only;
	filter->by_uid = opts->by_uid;
	filter->uid = opts->uid;
	filter->ops = opts->ops;
	filter->by_comm = opts->comm;
	if (opts->comm) {
		*bad = "comm: longer than any name of a task";
		if (strlen(opts->comm) >= sizeof(filter->comm))
			return -EINVAL;
		strcpy(filter->comm, opts->comm);
	}
	*bad = "cgroup: a recording knows cgroups by their id, a decimal number";
	return opts->cgroup ? read_cgroup_id(filter, opts->cgroup) : 0;
}

int mlt_filter_init_live(struct mlt_filter *filter, const struct mlocktrace_opts *opts,
			 struct mlt_cgroup *cgroup, const char **bad)
{
	struct mlocktrace_opts others = *opts;

	others.cgroup = NULL;
	filter->below = cgroup;
	filter->by_cgroup = cgroup;
	return mlt_filter_init(filter, &others, bad);
}

void mlt_filter_free(struct mlt_filter *filter)
{
	mlt_ids_free(&filter->pids);
}

bool mlt_filter_is_on(const struct mlt_filter *filter)
{
	return filter->by_pid || filter->failures_only || filter->by_uid || filter->ops ||
	       filter->by_comm || filter->by_cgroup;
}

static bool is_about_pids(const struct mlt_filter *filter, const struct mlocktrace_event *event)
{
	if (!mlt_is_found(event) && mlt_ids_have(&filter->pids, event->pid))
		return true;
	/* What somebody else does to its limit or its memory is the followed process's business. */
	return (event->op == MLOCKTRACE_OP_SETRLIMIT || (event->flags & MLOCKTRACE_F_REMOTE)) &&
	       event->target_pid && mlt_ids_have(&filter->pids, event->target_pid);
}

static uint32_t uid_of(const struct mlocktrace_event *event)
{
	return mlt_is_found(event) ? event->owner_uid : event->uid;
}

int mlt_filter_passes(struct mlt_filter *filter, const struct mlocktrace_event *event)
{
	if (event->op == MLOCKTRACE_OP_LOST)
		return 1;
	if (filter->by_pid) {
		if (!is_about_pids(filter, event))
			return 0;
		/* Before the other filters: a child counts even when its fork is not shown. */
		if (filter->follow && event->op == MLOCKTRACE_OP_FORK && event->target_pid &&
		    mlt_ids_add(&filter->pids, event->target_pid))
			return -ENOMEM;
	}
	if (filter->failures_only && event->ret >= 0)
		return 0;
	if (filter->by_uid && uid_of(event) != filter->uid)
		return 0;
	if (filter->ops && (event->op > 63 || !(filter->ops >> event->op & 1)))
		return 0;
	if (filter->by_comm && strncmp(event->comm, filter->comm, sizeof(filter->comm)))
		return 0;
	if (filter->below)
		return mlt_cgroup_holds(filter->below, event->cgroup_id);
	return !filter->by_cgroup || event->cgroup_id == filter->cgroup_id;
}
