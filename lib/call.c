/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A record as the call that was made, in strace's manner:
 * "mlock2(0x7f12a4000000, 64K, MLOCK_ONFAULT)", "fork -> 4243". Arguments are
 * never rounded. What happened by the way is written likewise, with the system
 * call that it happened in: "stack(+8K at 0x7ffd1000, in read)". It knows
 * nothing of columns and results.
 */
#include <inttypes.h>
#include <sys/mman.h>

#include "format.h"
#include "verdict.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

/* System calls that go without saying for an op, and the name to show, where it is not the op's. */
static const struct {
	uint8_t op;
	const char *call;
	const char *shown;
} own_calls[] = {
	{ MLOCKTRACE_OP_MMAP, "mmap" },
	{ MLOCKTRACE_OP_MMAP, "mmap2" },
	{ MLOCKTRACE_OP_MMAP, "shmat", "shmat" },
	{ MLOCKTRACE_OP_MMAP, "ipc", "shmat" },
	{ MLOCKTRACE_OP_MMAP, "io_setup", "io_setup" },
	{ MLOCKTRACE_OP_MMAP, "remap_file_pages", "remap_file_pages" },
	{ MLOCKTRACE_OP_MMAP, "map_shadow_stack", "map_shadow_stack" },
	{ MLOCKTRACE_OP_BRK, "brk" },
	{ MLOCKTRACE_OP_MREMAP, "mremap" },
	{ MLOCKTRACE_OP_MUNMAP, "munmap" },
	{ MLOCKTRACE_OP_MUNMAP, "shmdt", "shmdt" },
	{ MLOCKTRACE_OP_MUNMAP, "ipc", "shmdt" },
	{ MLOCKTRACE_OP_SHM_LOCK, "shmctl" },
	{ MLOCKTRACE_OP_SHM_LOCK, "ipc" },
	{ MLOCKTRACE_OP_SHM_UNLOCK, "shmctl" },
	{ MLOCKTRACE_OP_SHM_UNLOCK, "ipc" },
	{ MLOCKTRACE_OP_SHM_HUGETLB, "shmget" },
	{ MLOCKTRACE_OP_SHM_HUGETLB, "ipc" },
	{ MLOCKTRACE_OP_PERF_MMAP, "mmap" },
	{ MLOCKTRACE_OP_PERF_MMAP, "mmap2" },
	{ MLOCKTRACE_OP_PERF_MMAP, "munmap" },
};
#define OWN_CALLS (sizeof(own_calls) / sizeof(own_calls[0]))

static size_t own_call(const struct mlocktrace_event *event)
{
	size_t i;

	for (i = 0; i < OWN_CALLS; i++)
		if (own_calls[i].op == event->op && mlt_is_in(event, own_calls[i].call))
			break;
	return i;
}

static void say_op(struct mlt_buf *buf, const struct mlocktrace_event *event)
{
	const char *name = mlocktrace_op_name(event->op);
	size_t own = own_call(event);

	if (own < OWN_CALLS && own_calls[own].shown)
		name = own_calls[own].shown;
	if (name)
		mlt_buf_text(buf, name);
	else
		mlt_buf_printf(buf, "op %u", event->op);
}

/* The system call around it, unless the name says it. */
static void say_in(struct mlt_buf *buf, const struct mlocktrace_event *event, const char *separator)
{
	const char *name = mlt_syscall_name(event);

	if (event->sysno < 0 || own_call(event) < OWN_CALLS)
		return;
	if (name)
		mlt_buf_printf(buf, "%sin %s", separator, name);
	else
		mlt_buf_printf(buf, "%sin system call %" PRId32, separator, event->sysno);
}

static void say_len(struct mlt_buf *buf, uint64_t len)
{
	char text[24];

	mlt_buf_text(buf, len == MLOCKTRACE_UNLIMITED ? "18446744073709551615" :
			  mlt_true_text(text, len));
}

static void say_flag(struct mlt_buf *buf, const struct mlocktrace_event *event, uint32_t arg_bit,
		     uint64_t flag, size_t start)
{
	if (!(event->arg & arg_bit) && !(event->flags & flag))
		return;
	mlt_buf_printf(buf, "%s%s", buf->used > start ? "|" : "",
		       mlocktrace_flag_name(__builtin_ctzll(flag)));
}

/* The flags argument by name; bits without one in hex. */
static void say_arg(struct mlt_buf *buf, const struct mlocktrace_event *event)
{
	uint32_t unknown = mlt_unknown_arg(event);
	size_t start = buf->used;

	if (event->op == MLOCKTRACE_OP_MLOCK2) {
		say_flag(buf, event, MLOCK_ONFAULT, MLOCKTRACE_F_ONFAULT, start);
	} else {
		say_flag(buf, event, MCL_CURRENT, MLOCKTRACE_F_MCL_CURRENT, start);
		say_flag(buf, event, MCL_FUTURE, MLOCKTRACE_F_MCL_FUTURE, start);
		say_flag(buf, event, MCL_ONFAULT, MLOCKTRACE_F_MCL_ONFAULT, start);
	}
	if (unknown)
		mlt_buf_printf(buf, "%s0x%" PRIx32, buf->used > start ? "|" : "", unknown);
	if (buf->used == start)
		mlt_buf_text(buf, "0");
}

static void say_change(struct mlt_buf *buf, const struct mlocktrace_event *event, uint64_t old,
		       uint64_t now)
{
	char text[24];

	if (!mlt_has(event, MLOCKTRACE_F_NO_BEFORE) && old != now)
		mlt_buf_printf(buf, "%s -> ", mlt_true_text(text, old));
	mlt_buf_text(buf, mlt_true_text(text, now));
}

static void say_setrlimit(struct mlt_buf *buf, const struct mlocktrace_event *event)
{
	/* Another process comes first, as in prlimit(2), so that no narrow column cuts it off. */
	mlt_buf_text(buf, "(");
	if (event->target_pid && event->target_pid != event->pid)
		mlt_buf_printf(buf, "%u, ", event->target_pid);
	say_change(buf, event, event->old_limit, event->limit);
	mlt_buf_text(buf, ", hard ");
	say_change(buf, event, event->old_hard_limit, event->hard_limit);
	mlt_buf_text(buf, ")");
}

static void say_range(struct mlt_buf *buf, const struct mlocktrace_event *event)
{
	mlt_buf_printf(buf, "(0x%" PRIx64 ", ", (uint64_t)event->addr);
	say_len(buf, event->len);
	if (event->op == MLOCKTRACE_OP_MLOCK2) {
		mlt_buf_text(buf, ", ");
		say_arg(buf, event);
	}
	mlt_buf_text(buf, ")");
}

/* Of the flags, those that decide what is locked; the argument is mmap's own in mmap only. */
static void say_mmap_flags(struct mlt_buf *buf, const struct mlocktrace_event *event)
{
	bool is_mmap = mlt_is_in(event, "mmap") || mlt_is_in(event, "mmap2");
	bool locked = mlt_has(event, MLOCKTRACE_F_MAP_LOCKED);
	bool fixed = is_mmap && (event->arg & MAP_FIXED);

	if (locked)
		mlt_buf_printf(buf, ", %s", mlocktrace_flag_name(__builtin_ctz(MLOCKTRACE_F_MAP_LOCKED)));
	if (fixed)
		mlt_buf_printf(buf, "%sMAP_FIXED", locked ? "|" : ", ");
}

static void say_mremap(struct mlt_buf *buf, const struct mlocktrace_event *event)
{
	mlt_buf_printf(buf, "0x%" PRIx64 ", ", (uint64_t)event->where);
	say_len(buf, event->old_len);
	mlt_buf_text(buf, " -> ");
	say_len(buf, event->len);
	if (event->addr != event->where)
		mlt_buf_printf(buf, " at 0x%" PRIx64, (uint64_t)event->addr);
	if (event->arg & MREMAP_DONTUNMAP)
		mlt_buf_text(buf, ", MREMAP_DONTUNMAP");
}

/* What grows or shrinks at one end. */
static void say_growth(struct mlt_buf *buf, const struct mlocktrace_event *event)
{
	mlt_buf_text(buf, event->ret >= 0 && mlt_delta(event) < 0 ? "-" : "+");
	say_len(buf, event->len);
	mlt_buf_printf(buf, " at 0x%" PRIx64, (uint64_t)event->addr);
}

/* How much it is about, and where, if that is known. */
static void say_charge(struct mlt_buf *buf, const struct mlocktrace_event *event)
{
	if (event->op == MLOCKTRACE_OP_SHM_LOCK || event->op == MLOCKTRACE_OP_SHM_UNLOCK)
		mlt_buf_printf(buf, "%" PRIu32 ", ", event->arg);
	else if (event->addr)
		mlt_buf_printf(buf, "0x%" PRIx64 ", ", (uint64_t)event->addr);
	say_len(buf, event->len ? event->len : event->asked);
}

/* "(what, in CALL)", with the process first that another one did it to. */
static void say_implicit(struct mlt_buf *buf, const struct mlocktrace_event *event,
			 void (*say_what)(struct mlt_buf *, const struct mlocktrace_event *))
{
	mlt_buf_text(buf, "(");
	if (mlt_remote_target(event))
		mlt_buf_printf(buf, "%u, ", event->target_pid);
	say_what(buf, event);
	say_in(buf, event, ", ");
	mlt_buf_text(buf, ")");
}

static void say_mapping(struct mlt_buf *buf, const struct mlocktrace_event *event)
{
	mlt_buf_printf(buf, "0x%" PRIx64 ", ", (uint64_t)event->addr);
	say_len(buf, event->len);
	if (event->op == MLOCKTRACE_OP_MMAP)
		say_mmap_flags(buf, event);
}

static void say_unattributed(struct mlt_buf *buf, const struct mlocktrace_event *event)
{
	bool remote = mlt_remote_target(event);

	if (!remote && event->sysno < 0)
		return;
	mlt_buf_text(buf, "(");
	if (remote)
		mlt_buf_printf(buf, "%u", event->target_pid);
	say_in(buf, event, remote ? ", " : "");
	mlt_buf_text(buf, ")");
}

void mlt_call_text(struct mlt_buf *buf, const struct mlocktrace_event *event)
{
	say_op(buf, event);
	switch (event->op) {
	case MLOCKTRACE_OP_MLOCK:
	case MLOCKTRACE_OP_MLOCK2:
	case MLOCKTRACE_OP_MUNLOCK:
		say_range(buf, event);
		break;
	case MLOCKTRACE_OP_MLOCKALL:
		mlt_buf_text(buf, "(");
		say_arg(buf, event);
		mlt_buf_text(buf, ")");
		break;
	case MLOCKTRACE_OP_MUNLOCKALL:
		mlt_buf_text(buf, "()");
		break;
	case MLOCKTRACE_OP_FORK:
		mlt_buf_printf(buf, " -> %u", event->target_pid);
		break;
	case MLOCKTRACE_OP_SETRLIMIT:
		say_setrlimit(buf, event);
		break;
	case MLOCKTRACE_OP_MMAP:
	case MLOCKTRACE_OP_MUNMAP:
		say_implicit(buf, event, say_mapping);
		break;
	case MLOCKTRACE_OP_BRK:
	case MLOCKTRACE_OP_STACK:
		say_implicit(buf, event, say_growth);
		break;
	case MLOCKTRACE_OP_MREMAP:
		say_implicit(buf, event, say_mremap);
		break;
	case MLOCKTRACE_OP_UNATTRIBUTED:
		say_unattributed(buf, event);
		break;
	case MLOCKTRACE_OP_SHM_LOCK:
	case MLOCKTRACE_OP_SHM_UNLOCK:
	case MLOCKTRACE_OP_SHM_HUGETLB:
	case MLOCKTRACE_OP_IO_URING:
	case MLOCKTRACE_OP_PERF_MMAP:
	case MLOCKTRACE_OP_XDP_UMEM:
	case MLOCKTRACE_OP_ZEROCOPY:
	case MLOCKTRACE_OP_SECRETMEM:
	case MLOCKTRACE_OP_ACCOUNT_LOCKED_VM:
	case MLOCKTRACE_OP_PIN:
		say_implicit(buf, event, say_charge);
		break;
	}
}
