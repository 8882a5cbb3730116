/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The kernel types we read, only the fields we read. libbpf relocates every
 * access to the running kernel's layout (CO-RE), so order and size of these
 * structs mean nothing.
 */
#ifndef MLT_TYPES_BPF_H
#define MLT_TYPES_BPF_H

/* <linux/types.h> for target bpf, without the C library's headers behind it. */
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed int __s32;
typedef signed long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
enum { false, true };

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_USER_STACK = 1 << 8,
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
	unsigned long ax, bx, cx, dx, si, di, r8, r10, orig_ax, ip, sp;
};

struct rlimit {
	unsigned long rlim_cur, rlim_max;
};

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
	unsigned int flags;
	struct rlimit rlim[16];
};

union __sifields {
	struct {
		void *_addr;
	} _sigfault;
};

struct kernel_siginfo {
	union __sifields _sifields;
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct ucounts;

struct user_namespace {
	int level;
	struct ucounts *ucounts; /* in the namespace above, of who made this one */
};

typedef struct {
	long counter;
} atomic_long_t;

struct user_struct {
	struct {
		unsigned int val;
	} uid;
	atomic_long_t locked_vm;
	atomic_long_t perf_mlock; /* a pool of its own for rings of perf: not in every 6.x */
	unsigned long locked_shm; /* before 5.14 */
};

enum rlimit_type {
	UCOUNT_RLIMIT_MEMLOCK = 3, /* 5.14 */
};

struct ucounts {
	struct user_namespace *ns;
	struct {
		unsigned int val;
	} uid;
	atomic_long_t rlimit[4];
};

/* Pages of sends by MSG_ZEROCOPY. */
struct mmpin {
	struct user_struct *user;
};

struct cred {
	struct {
		unsigned int val;
	} uid;
	struct user_namespace *user_ns;
	struct user_struct *user;
	struct ucounts *ucounts; /* 5.14 */
	struct {
		__u32 low; /* kernel_cap_t: one u64 (6.3), before that two u32; the address is read */
	} cap_effective;
};

struct rb_node {
	struct rb_node *rb_right, *rb_left;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct task_struct;
struct mm_struct;

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct file {
	struct path f_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_flags;
	struct mm_struct *vm_mm;
	struct vm_area_struct *vm_next;
	struct rb_node vm_rb;
};

struct maple_tree {
	void *ma_root;
};

enum maple_type {
	maple_leaf_64 = 1,
	maple_range_64 = 2,
	maple_arange_64 = 3,
};

struct maple_range_64 {
	unsigned long pivot[15];
	void *slot[16];
};

struct maple_arange_64 {
	unsigned long pivot[9];
	void *slot[10];
};

struct mm_struct {
	unsigned long mmap_base, locked_vm, total_vm, stack_vm, def_flags, brk, start_stack;
	int map_count;
	atomic_t mm_users;
	struct {
		__s64 counter;
	} pinned_vm;
	struct maple_tree mm_mt;
	struct rb_root mm_rb;
	struct task_struct *owner;
};

struct thread_info {
	__u32 status;
};

struct seccomp {
	int mode;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct task_struct {
	struct thread_info thread_info;
	void *stack;
	unsigned int flags;
	int pid, tgid;
	struct css_set *cgroups;
	unsigned int ptrace;
	__u64 start_boottime;
	char comm[16];
	struct mm_struct *mm;
	struct cred *cred;
	struct cred *real_cred;
	struct signal_struct *signal;
	struct files_struct *files;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct seccomp seccomp;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 seq_num;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	void *map;
	void *key;
	void *value;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#endif
