// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Who holds locked memory now: an iterator over all tasks, read once for a look. It
 * stands apart from the tracer, so that it loads in milliseconds. Nearly all tasks hold
 * nothing, so what they are asked for is little.
 *
 * Pointers are read by the helper: for each plain load of one from a task, newer verifiers
 * search all type information several times (btf_nested_type_is_trusted()), in milliseconds.
 */
#include "types.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#define _LINUX_TYPES_H /* types.bpf.h stands for it */
#include "snapshot.h"
#include "kver.bpf.h"

#define MLT_PF_KTHREAD 0x00200000 /* include/linux/sched.h */
#define MLT_CAP_IPC_LOCK 14
#define MLT_RLIMIT_MEMLOCK 8
#define MLT_USERNS_DEPTH 33 /* kernel/user_namespace.c has at most that many levels */
#define MLT_CHAIN 8 /* places of users[] that are tried */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct mlt_snap snap = {};

/* ---- users ------------------------------------------------------------------------ */

/*
 * Where the user's segments are summed up: a charge counts in the namespace it is made in and
 * in all above it, for those who made the lower ones. The highest that is this user's has all.
 */
__noinline __u64 highest_of_user(__u64 ucounts) /* global: verified once */
{
	__u32 uid = BPF_CORE_READ((struct ucounts *)ucounts, uid.val);
	__u64 found = ucounts;

	for (int i = 0; i < MLT_USERNS_DEPTH; i++) {
		ucounts = (__u64)BPF_CORE_READ((struct ucounts *)ucounts, ns, ucounts);
		if (!ucounts)
			break;
		if (BPF_CORE_READ((struct ucounts *)ucounts, uid.val) == uid)
			found = ucounts;
	}
	return found;
}

static __always_inline void fill_user(struct mlt_snap_user *to, __u64 user, __u64 ucounts)
{
	struct user_struct *from = (struct user_struct *)user;
	__u64 shm_of = ucounts ? highest_of_user(ucounts) : user;

	to->user = user;
	to->ucounts = ucounts;
	to->shm_of = shm_of;
	to->uid = BPF_CORE_READ(from, uid.val);
	to->locked = BPF_CORE_READ(from, locked_vm.counter);
	to->perf = mlt_user_perf_pool(from);
	to->shm = mlt_shm_pages(shm_of);
	to->limit = MLOCKTRACE_UNLIMITED;
}

/* NULL: no place left near where it should be. */
static __always_inline struct mlt_snap_user *find_user(__u64 user, __u64 ucounts)
{
	__u64 hash = (user ^ ucounts * 3) * 0x9e3779b97f4a7c15ULL >> 40;
	struct mlt_snap_user *place = 0;

	for (int i = 0; i < MLT_CHAIN; i++) {
		place = &snap.users[(hash + i) & (MLT_SNAP_USERS - 1)];
		if (place->user == user && place->ucounts == ucounts)
			return place;
		if (!place->user)
			break;
		place = 0;
	}
	if (place)
		fill_user(place, user, ucounts);
	return place;
}

static __always_inline int tell_no_place(struct seq_file *out, __u64 user, __u64 ucounts,
					 int counted, __u64 limit)
{
	struct mlt_snap_no_place entry = { .kind = MLT_SNAP_USER };

	fill_user(&entry.user, user, ucounts);
	entry.user.n_processes = counted;
	entry.user.limit = limit;
	return bpf_seq_write(out, &entry, sizeof(entry));
}

/* ---- processes ---------------------------------------------------------------------- */

/* The iterator walks the reader's pid namespace: all that it meets have an id in there. */
__noinline __u32 id_at_level(__u64 pid)
{
	struct upid upid = {};

	bpf_probe_read_kernel(&upid, bpf_core_type_size(struct upid),
			      (void *)&((struct pid *)pid)->numbers[0] +
				      snap.level * bpf_core_type_size(struct upid));
	return upid.nr;
}

/* As cap_capable() decides it: only a task of the initial user namespace can have it. */
static __always_inline int is_capable(struct cred *cred)
{
	__u32 low = 0;

	bpf_core_read(&low, sizeof(low), &cred->cap_effective);
	return low >> MLT_CAP_IPC_LOCK & 1 && !BPF_CORE_READ(cred, user_ns, level);
}

static __always_inline int tell_process(struct seq_file *out, struct task_struct *leader,
					struct mm_struct *mm, int counted, int nested)
{
	struct signal_struct *signal = BPF_CORE_READ(leader, signal);
	struct css_set *css_set = BPF_CORE_READ(leader, cgroups);
	struct mlt_snap_process entry = {
		.kind = MLT_SNAP_PROCESS,
		.counted = counted,
		.capable = is_capable(BPF_CORE_READ(leader, cred)),
		.mm = (__u64)mm,
		.css_set = (__u64)css_set,
		.cgroup_id = BPF_CORE_READ(css_set, dfl_cgrp, kn, id),
		.start_ns = BPF_CORE_READ(leader, start_boottime),
		.locked = BPF_CORE_READ(mm, locked_vm),
		.pinned = BPF_CORE_READ(mm, pinned_vm.counter),
		.limit = BPF_CORE_READ(signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_cur),
		.hard_limit = BPF_CORE_READ(signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_max),
		.pid = nested ? id_at_level((__u64)BPF_CORE_READ(leader, thread_pid)) :
				BPF_CORE_READ(leader, tgid),
		.uid = BPF_CORE_READ(leader, real_cred, uid.val),
	};

	bpf_core_read(entry.comm, sizeof(entry.comm), &leader->comm);
	return bpf_seq_write(out, &entry, sizeof(entry));
}

static __always_inline void learn_reader(void)
{
	struct task_struct *reader = (struct task_struct *)bpf_get_current_task();

	snap.level = BPF_CORE_READ(reader, thread_pid, level);
}

static __always_inline int holds(struct mm_struct *mm)
{
	return BPF_CORE_READ(mm, locked_vm) || BPF_CORE_READ(mm, pinned_vm.counter);
}

/*
 * What a process's limit is to its user; without an end if the capability lifts it. Whether
 * it does is asked only where the answer changes something.
 */
static __always_inline __u64 limit_for_user(struct task_struct *leader, struct cred *cred,
					    const struct mlt_snap_user *place)
{
	__u64 limit = BPF_CORE_READ(leader, signal, rlim[MLT_RLIMIT_MEMLOCK].rlim_cur);

	if (place && limit >= place->limit)
		return limit;
	return is_capable(cred) ? MLOCKTRACE_UNLIMITED : limit;
}

/*
 * A process is met by its leader, or where that has left, by each thread that still has the
 * address space. The others may still be of another user. What does not fit into the reader's
 * buffer is met again, so it counts only once it is written.
 */
static __always_inline int look_at(struct bpf_iter__task *ctx, int nested)
{
	struct task_struct *task = ctx->task, *leader;
	struct seq_file *out = ctx->meta->seq;
	__u64 limit = MLOCKTRACE_UNLIMITED;
	int leads, stands_for;
	struct mlt_snap_user *place;
	__u64 user, ucounts = 0;
	struct mm_struct *mm;
	struct cred *cred;

	if (!task || task->flags & MLT_PF_KTHREAD)
		return 0;
	mm = BPF_CORE_READ(task, mm);
	if (!mm)
		return 0;
	if (nested && !snap.level)
		learn_reader();
	snap.perf_known = mlt_user_has_perf_pool();
	leads = task->pid == task->tgid;
	leader = BPF_CORE_READ(task, group_leader);
	stands_for = leads || !BPF_CORE_READ(leader, mm);
	cred = BPF_CORE_READ(task, cred);
	user = (__u64)BPF_CORE_READ(cred, user);
	if (mlt_ucounts_have_memlock())
		ucounts = (__u64)BPF_CORE_READ(cred, ucounts);
	place = find_user(user, ucounts);
	if (leads)
		limit = limit_for_user(leader, cred, place);
	if (!place && tell_no_place(out, user, ucounts, leads, limit))
		return 0;
	if (stands_for && (!leads || snap.everyone || holds(mm)) &&
	    tell_process(out, leader, mm, leads, nested))
		return 0;
	if (place && leads) {
		place->n_processes++;
		if (limit < place->limit)
			place->limit = limit;
	}
	return 0;
}

/* One of the two is loaded, as each type that is looked into costs the loader a millisecond. */
SEC("?iter/task")
int iter_holders(struct bpf_iter__task *ctx)
{
	return look_at(ctx, 0);
}

/* For a reader in a pid namespace other than the initial one. */
SEC("?iter/task")
int iter_holders_nested(struct bpf_iter__task *ctx)
{
	return look_at(ctx, 1);
}
