/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * libmlocktrace: who holds locked memory now, in one look at the whole machine. A part
 * of <mlocktrace/mlocktrace.h>, which includes it and states the conventions.
 */
#ifndef MLOCKTRACE_SNAPSHOT_H
#define MLOCKTRACE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <mlocktrace/mlocktrace.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct mlocktrace_holder - a process; all amounts in bytes
 * @size:       sizeof(struct mlocktrace_holder), set by the caller
 * @pid:        in the reader's pid namespace
 * @start_ns:   CLOCK_BOOTTIME when it started; by "proc" in clock ticks made ns
 * @uid:        real uid, in the initial user namespace (by "proc": in the reader's)
 * @comm:       its name, bytes as it set them, zero-padded
 * @cgroup_id:  of its cgroup v2 folder; 0 = not known
 * @cgroup:     path of that folder below the root of the hierarchy, "/..."; where it is in none but
 *              the root, the path of a v1 hierarchy that names it. Not escaped; "" = not known
 * @mm_id:      the same for processes that share an address space, within this snapshot
 * @shares:     a holder before this one has the same address space, so @vmlck and @vmpin are
 *              already in the sums
 * @vmlck:      VmLck, and
 * @vmpin:      VmPin of /proc/PID/status
 * @limit:      RLIMIT_MEMLOCK, MLOCKTRACE_UNLIMITED = none; @hard_limit likewise
 * @capable:    CAP_IPC_LOCK in the initial user namespace: the limit does not hold
 * @refusals_known: the kernel module is loaded and counts them:
 * @refusals:   of its attempts failed, and
 * @events:     records there were of it, since the module was loaded or reset
 */
struct mlocktrace_holder {
	size_t size;
	pid_t pid;
	uid_t uid;
	uint64_t start_ns;
	char comm[MLOCKTRACE_COMM_LEN];
	uint64_t cgroup_id;
	const char *cgroup;
	uint64_t mm_id;
	uint64_t vmlck;
	uint64_t vmpin;
	uint64_t limit;
	uint64_t hard_limit;
	uint64_t refusals;
	uint64_t events;
	bool shares;
	bool capable;
	bool refusals_known;
};

/**
 * struct mlocktrace_user - a user who has a process, and his counters; amounts in bytes
 * @size:           sizeof(struct mlocktrace_user), set by the caller
 * @uid:            as a holder's
 * @counters_known: the next three could be read (by "bpf" only)
 * @user:           charged to him by what is no address space: io_uring, XDP, MSG_ZEROCOPY, rings
 *                  of perf if they have no counter of their own
 * @perf:           rings of perf; with @perf_known
 * @perf_known:     this kernel has a counter of its own for them, else they are in @user
 * @shm:            SysV segments under SHM_LOCK and of huge pages; since Linux 5.14 those too that
 *                  were charged in user namespaces of his making
 * @n_processes:    his processes, and
 * @n_holders:      of these, those that hold locked or pinned memory
 * @vmlck, @vmpin:  sums over these, each address space once
 * @limit:          smallest limit among his processes without CAP_IPC_LOCK, which is what @user and
 *                  @shm are compared with; MLOCKTRACE_UNLIMITED = none of them has any
 */
struct mlocktrace_user {
	size_t size;
	uid_t uid;
	bool counters_known;
	bool perf_known;
	uint64_t user;
	uint64_t perf;
	uint64_t shm;
	size_t n_processes;
	size_t n_holders;
	uint64_t vmlck;
	uint64_t vmpin;
	uint64_t limit;
};

/**
 * struct mlocktrace_snapshot_total - the sums, and what the kernel counts; amounts in bytes
 * @size:        sizeof(struct mlocktrace_snapshot_total), set by the caller
 * @n_processes: looked at
 * @n_holders:   of these, those that hold locked or pinned memory
 * @n_hidden:    there, but not to be looked at (by "proc" only)
 * @n_users:     users of these processes
 * @vmlck, @vmpin: sums over all address spaces
 * @mlocked:     Mlocked, and
 * @unevictable: Unevictable of /proc/meminfo, read right after the processes
 */
struct mlocktrace_snapshot_total {
	size_t size;
	size_t n_processes;
	size_t n_holders;
	size_t n_hidden;
	size_t n_users;
	uint64_t vmlck;
	uint64_t vmpin;
	uint64_t mlocked;
	uint64_t unevictable;
};

/**
 * struct mlocktrace_snapshot_opts - how to look, and at what
 * @size:     sizeof(struct mlocktrace_snapshot_opts)
 * @method:   "auto" (also NULL): "bpf", an eBPF iterator over all tasks, or "proc" where that
 *            cannot be loaded: files of /proc, which need no privilege, see less and take longer
 * @everyone: also processes that hold nothing
 * @log:      where the library's words go; NULL = nowhere
 * @log_ctx:  first argument of @log
 */
struct mlocktrace_snapshot_opts {
	size_t size;
	const char *method;
	bool everyone;
	mlocktrace_log_fn log;
	void *log_ctx;
};

struct mlocktrace_snapshot;

/**
 * mlocktrace_snapshot_new - load what is needed to look, once for any number of looks
 * @snapshot: filled on success; free with mlocktrace_snapshot_free()
 * @opts:     NULL = the best method, holders only
 *
 * Return: 0, or -EPERM (privilege missing for "bpf"), -EOPNOTSUPP or -ENOENT (this kernel cannot
 * do it), -EINVAL (a bad option), -ENOMEM, or another -errno; mlocktrace_open_error() and the log
 * name the remedy. "auto" fails only for want of memory or /proc.
 */
int mlocktrace_snapshot_new(struct mlocktrace_snapshot **snapshot,
			    const struct mlocktrace_snapshot_opts *opts);
void mlocktrace_snapshot_free(struct mlocktrace_snapshot *snapshot);

/*
 * Look now; what was there is replaced, or gone if it fails. Processes are met one after the other,
 * so one that starts or ends meanwhile may be in it or not. 0 or -errno.
 */
int mlocktrace_snapshot_take(struct mlocktrace_snapshot *snapshot);

/*
 * The @i-th: of holders the one with the i-th largest @vmlck + @vmpin, of users by uid. Strings
 * are valid until the next take; the path of the cgroup is found out by this call. 0, -EINVAL, or
 * -ENOENT past the last.
 */
int mlocktrace_snapshot_holder(const struct mlocktrace_snapshot *snapshot, size_t i,
			       struct mlocktrace_holder *holder);
int mlocktrace_snapshot_user(const struct mlocktrace_snapshot *snapshot, size_t i,
			     struct mlocktrace_user *user);
/* 0 or -EINVAL. */
int mlocktrace_snapshot_total(const struct mlocktrace_snapshot *snapshot,
			      struct mlocktrace_snapshot_total *total);

/* "bpf" or "proc". */
const char *mlocktrace_snapshot_method(const struct mlocktrace_snapshot *snapshot);
/* What that one does not see here, in words; "" = nothing is missing. */
const char *mlocktrace_snapshot_blind(const struct mlocktrace_snapshot *snapshot);

enum mlocktrace_unit_kind {
	MLOCKTRACE_UNIT_NONE,	   /* a cgroup that nobody known has made */
	MLOCKTRACE_UNIT_SYSTEMD,   /* service, scope, slice ... */
	MLOCKTRACE_UNIT_CONTAINER, /* of docker, podman, containerd, cri-o, lxc */
	MLOCKTRACE_UNIT_POD,	   /* of kubernetes, or a container in one */
	MLOCKTRACE_UNIT_MACHINE,   /* of systemd-machined: nspawn, libvirt */
	MLOCKTRACE_UNIT_MAX
};

/* "none", "systemd", "container", "pod", "machine"; NULL for an unknown one. */
const char *mlocktrace_unit_kind_name(unsigned int kind);

/**
 * mlocktrace_unit_name - what a cgroup is to those who look after it
 * @cgroup: its path, as a holder has it; from it alone
 * @kind:   filled with what it is; NULL = not wanted
 * @buf:    filled as by snprintf(), NULL if @size is 0: "nginx.service", "user@1000/app-foo.scope",
 *          "docker-0123456789ab", "pod 8f6c1b2d-.../0123456789ab", "lxc web"; the path itself for
 *          MLOCKTRACE_UNIT_NONE. Not escaped: print it through mlocktrace_escape()
 *
 * Return: the length of the whole name, or -EINVAL.
 */
int mlocktrace_unit_name(const char *cgroup, enum mlocktrace_unit_kind *kind, char *buf,
			 size_t size);

#ifdef __cplusplus
}
#endif
#endif
