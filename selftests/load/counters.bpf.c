// SPDX-License-Identifier: GPL-2.0
/*
 * What the counters are that are in no file: an iterator over tasks that tells its
 * reader those of the reader, as the kernel has them at that moment. It is a witness
 * against mlocktrace, so it shares nothing with bpf/, neither types nor opinions.
 *
 * Pinned, it is a file: bpftool iter pin counters.bpf.o PATH, and who may read that
 * needs no other privilege.
 */
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed int __s32;
typedef signed long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "counters.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	unsigned int val;
} kuid_t;

typedef struct {
	long counter;
} atomic_long_t;

typedef struct {
	long long counter;
} atomic64_t;

struct user_struct {
	atomic_long_t locked_vm;
	atomic_long_t perf_mlock; /* some 6.x and 7.x */
	unsigned long locked_shm; /* until 5.13 */
};

enum rlimit_type {
	UCOUNT_RLIMIT_MEMLOCK = 3, /* whatever it is here */
};

struct ucounts {
	atomic_long_t rlimit[4];
};

struct cred {
	kuid_t uid;
	struct user_struct *user;
	struct ucounts *ucounts;
};

struct mm_struct {
	atomic64_t pinned_vm;
};

struct task_struct {
	int pid;
	struct mm_struct *mm;
	struct cred *cred;
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

char LICENSE[] SEC("license") = "GPL";

static long long of_shm(struct task_struct *task)
{
	if (!bpf_core_enum_value_exists(enum rlimit_type, UCOUNT_RLIMIT_MEMLOCK))
		return BPF_CORE_READ(task, cred, user, locked_shm);
	return BPF_CORE_READ(task, cred, ucounts,
			     rlimit[bpf_core_enum_value(enum rlimit_type, UCOUNT_RLIMIT_MEMLOCK)].counter);
}

SEC("iter/task")
int of_reader(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct counters counters = { .perf = NO_COUNTER };

	if (!task || BPF_CORE_READ(task, pid) != (int)bpf_get_current_pid_tgid())
		return 0;
	counters.uid = BPF_CORE_READ(task, cred, uid.val);
	counters.vmpin = BPF_CORE_READ(task, mm, pinned_vm.counter);
	counters.user = BPF_CORE_READ(task, cred, user, locked_vm.counter);
	if (bpf_core_field_exists(((struct user_struct *)0)->perf_mlock))
		counters.perf = BPF_CORE_READ(task, cred, user, perf_mlock.counter);
	counters.shm = of_shm(task);
	bpf_seq_write(ctx->meta->seq, &counters, sizeof(counters));
	return 0;
}
