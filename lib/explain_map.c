/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The verdict on refusals of mmap, brk, the stack, mremap, munmap and of the
 * charges to other counters, where it was not the limit: what else stands in
 * the way of such a call, and what is left behind by one that failed.
 */
#include <inttypes.h>

#include "explain.h"

static bool is_mapping(const struct mlocktrace_event *event)
{
	return event->op >= MLOCKTRACE_OP_MMAP && event->op <= MLOCKTRACE_OP_MUNMAP;
}

void mlt_say_map_denied(struct mlt_say *say, const struct mlocktrace_event *event)
{
	mlt_say(say, MLT_NOT_LIMIT);
	switch (event->op) {
	case MLOCKTRACE_OP_SHM_LOCK:
	case MLOCKTRACE_OP_SHM_UNLOCK:
		mlt_say(say, "only the owner and the creator of a segment, or CAP_IPC_LOCK, may %s it",
			event->op == MLOCKTRACE_OP_SHM_LOCK ? "lock" : "unlock");
		break;
	case MLOCKTRACE_OP_SHM_HUGETLB:
		mlt_say(say, "shmget(SHM_HUGETLB) needs CAP_IPC_LOCK, or the group of "
			"vm.hugetlb_shm_group; raising the limit does not help");
		break;
	case MLOCKTRACE_OP_IO_URING:
		mlt_say(say, "io_uring is switched off or restricted here (kernel.io_uring_disabled, "
			"restrictions of the ring), or a security module refused");
		break;
	default:
		mlt_say(say, "%s", is_mapping(event) ?
			"a sealed file or mapping, a file system without execution or a security module "
			"refused" : "a permission of another kind is missing, or a security module refused");
	}
}

void mlt_say_map_no_memory(struct mlt_say *say, const struct mlocktrace_event *event)
{
	mlt_say(say, MLT_NOT_LIMIT);
	if (event->op == MLOCKTRACE_OP_MUNMAP) {
		mlt_say(say, "the kernel found no memory for splitting a mapping");
		return;
	}
	if (is_mapping(event)) {
		mlt_say(say, "the kernel found no memory or no room in the address space");
		mlt_say_fits(say, event);
		mlt_say(say, "; overcommit may be strict (vm.overcommit_memory), or the machine or the "
			"memory cgroup is short of memory");
		return;
	}
	if (event->op == MLOCKTRACE_OP_ZEROCOPY) {
		mlt_say(say, "the option memory of the socket is used up");
		mlt_say_fits(say, event);
		mlt_say(say, "; wait for completions, or raise net.core.optmem_max");
		return;
	}
	mlt_say(say, "the kernel found no memory");
	mlt_say_fits(say, event);
	mlt_say(say, event->op == MLOCKTRACE_OP_SHM_HUGETLB ?
		"; there may be too few huge pages (vm.nr_hugepages)" :
		"; the machine or the memory cgroup is short of memory");
}

static void say_stack(struct mlt_say *say, const struct mlocktrace_event *event)
{
	mlt_say(say, "the stack could not grow");
	mlt_say_fits(say, event);
	mlt_say(say, ": another mapping is too near, or there is no memory");
}

void mlt_say_map_other(struct mlt_say *say, const struct mlocktrace_event *event)
{
	const char *name = mlt_result_name(event->ret);

	mlt_say(say, MLT_NOT_LIMIT);
	if (mlt_has(event, MLOCKTRACE_F_RLIMIT_STACK))
		mlt_say(say, "the stack would exceed RLIMIT_STACK (ulimit -s)");
	else if (mlt_has(event, MLOCKTRACE_F_RLIMIT_AS))
		mlt_say(say, "the address space or the data would exceed RLIMIT_AS or RLIMIT_DATA "
			"(ulimit -v, ulimit -d)");
	else if (event->op == MLOCKTRACE_OP_STACK)
		say_stack(say, event);
	else if (event->op == MLOCKTRACE_OP_SECRETMEM && mlt_signal_name(event))
		mlt_say(say, "the page cannot be had: past the end of the file, or there is no memory");
	else
		mlt_say(say, "%s is the kernel's own answer", name ? name : "an unknown error");
}

/* A target was unmapped first; or pages came and went. */
static void say_left_behind(struct mlt_say *say, const struct mlocktrace_event *event)
{
	bool replaces = event->op == MLOCKTRACE_OP_MMAP || event->op == MLOCKTRACE_OP_MREMAP;

	mlt_say_delta(say, event, replaces && mlt_delta(event) < 0 && !mlt_has(event, MLOCKTRACE_F_SAMPLED) ?
		      "what it was to replace is unmapped all the same" : "what was done before stays done");
}

void mlt_say_aftermath(struct mlt_say *say, const struct mlocktrace_event *event)
{
	const char *signal = mlt_signal_name(event), *call = mlt_syscall_name(event);
	bool is_fault = event->op == MLOCKTRACE_OP_STACK ||
			(event->op == MLOCKTRACE_OP_SECRETMEM && event->ret == -EFAULT);

	say_left_behind(say, event);
	if (signal)
		mlt_say(say, "; the process got %s", signal);
	else if (is_fault && !mlt_is_remote(event))
		mlt_say(say, "; the fault was inside of %s, which fails with %s",
			call ? call : "a system call", mlt_result_name(-EFAULT));
}
