// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * A look by files of /proc, for those who may not load eBPF programs: status and limits
 * of each process are open to all, unless /proc is mounted to hide them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"
#include "regions.h"
#include "snapshot.h"

#define NS_PER_SECOND 1000000000ULL

/* 0, -ESRCH: gone, or without an address space, -EACCES or -EPERM: hidden, or another -errno. */
static int read_process(int dir, struct mlocktrace_regions_total *total)
{
	FILE *in = mlt_proc_open(dir, "status");
	int err = in ? mlt_status_parse(in, total) : -errno;

	if (in)
		fclose(in);
	if (err)
		return err == -EACCES || err == -EPERM ? err : -ESRCH;
	in = mlt_proc_open(dir, "limits");
	err = in ? mlt_limits_parse(in, total) : -errno;
	if (in)
		fclose(in);
	if (err == -EACCES || err == -EPERM)
		return err;
	total->capable &= mlt_proc_in_initial_userns(dir);
	return err ? -ESRCH : 0;
}

/* As the process set it: status has it escaped, and cut off. */
static void read_comm(int dir, char comm[MLOCKTRACE_COMM_LEN])
{
	FILE *in = mlt_proc_open(dir, "comm");
	size_t n = in ? fread(comm, 1, MLOCKTRACE_COMM_LEN, in) : 0;

	if (in)
		fclose(in);
	memset(comm + n, 0, MLOCKTRACE_COMM_LEN - n);
	if (n)
		comm[n - 1] = '\0';
}

static int add_holder(struct mlocktrace_snapshot *s, const struct mlocktrace_holder *process,
		      int dir)
{
	struct mlt_holder *holder = mlt_snapshot_add_holder(s);
	uint64_t ticks = 0;

	if (!holder)
		return -ENOMEM;
	holder->is = *process;
	mlt_proc_started(dir, &ticks);
	holder->is.start_ns = ticks * (NS_PER_SECOND / sysconf(_SC_CLK_TCK));
	read_comm(dir, holder->is.comm);
	return 0;
}

static int add_process(struct mlocktrace_snapshot *s, const struct mlocktrace_regions_total *total,
		       int dir)
{
	const struct mlocktrace_holder process = {
		.size = sizeof(process),
		.pid = total->pid,
		.uid = total->uid,
		.vmlck = total->vmlck,
		.vmpin = total->vmpin,
		.limit = total->limit,
		.hard_limit = total->hard_limit,
		.capable = total->capable,
	};
	int err = 0;

	if (s->everyone || total->vmlck || total->vmpin)
		err = add_holder(s, &process, dir);
	return err ? err : mlt_snapshot_count(s, &process);
}

static int look_at(void *ctx, pid_t pid)
{
	struct mlocktrace_snapshot *s = ctx;
	struct mlocktrace_regions_total total = { .size = sizeof(total), .pid = pid };
	int dir = mlt_proc_dir(pid), err;

	err = dir < 0 ? dir : read_process(dir, &total);
	if (!err)
		err = add_process(s, &total, dir);
	if (dir >= 0)
		close(dir);
	if (err == -EACCES || err == -EPERM) {
		s->total.n_hidden++;
		err = 0;
	}
	return err == -ESRCH ? 0 : err;
}

int mlt_snapshot_proc_take(struct mlocktrace_snapshot *s)
{
	return mlt_proc_each(look_at, s);
}

int mlt_snapshot_proc_open(struct mlocktrace_snapshot *s)
{
	bool hides = access("/proc/1", F_OK) || access("/proc/1/status", R_OK);

	if (access("/proc/self/status", R_OK))
		return mlt_fail(&s->speaker, -ENOENT, "no /proc: mount -t proc proc /proc");
	snprintf(s->blind, sizeof(s->blind), "the counters of users (what io_uring, XDP, perf and SysV "
		 "shared memory are charged to); which processes share an address space, so what they have "
		 "locked counts for each; processes whose first thread has ended%s",
		 hides ? "; processes of other users, which /proc is mounted to hide (hidepid)" : "");
	return 0;
}
