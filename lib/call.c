/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A record as the call that was made, in strace's manner:
 * "mlock2(0x7f12a4000000, 64K, MLOCK_ONFAULT)", "fork -> 4243". Arguments are
 * never rounded. It knows nothing of columns and results.
 */
#include <inttypes.h>
#include <sys/mman.h>

#include "format.h"
#include "verdict.h"

static void say_op(struct mlt_buf *buf, const struct mlocktrace_event *event)
{
	const char *name = mlocktrace_op_name(event->op);

	if (name)
		mlt_buf_text(buf, name);
	else
		mlt_buf_printf(buf, "op %u", event->op);
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

void mlt_call_text(struct mlt_buf *buf, const struct mlocktrace_event *event)
{
	char len[24];

	say_op(buf, event);
	switch (event->op) {
	case MLOCKTRACE_OP_MLOCK:
	case MLOCKTRACE_OP_MLOCK2:
	case MLOCKTRACE_OP_MUNLOCK:
		mlt_buf_printf(buf, "(0x%" PRIx64 ", %s", (uint64_t)event->addr,
			       event->len == MLOCKTRACE_UNLIMITED ? "18446744073709551615" :
			       mlt_true_text(len, event->len));
		if (event->op == MLOCKTRACE_OP_MLOCK2) {
			mlt_buf_text(buf, ", ");
			say_arg(buf, event);
		}
		mlt_buf_text(buf, ")");
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
	}
}
