/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What is worth knowing about a record that did not fail: how much is locked
 * now, what a fork or exec did to locks, who changed whose limit. Nothing to
 * say is a proper answer.
 */
#include <inttypes.h>

#include "explain.h"

static const char *delta_of(const struct mlocktrace_event *event, char buf[24])
{
	return mlt_delta_text(buf, mlt_delta(event));
}

/* "124K locked now", of whatever the record counts. */
static void say_now(struct mlt_say *say, const struct mlocktrace_event *event)
{
	char now[24];

	mlt_signed_text(now, event->after);
	switch (event->counter) {
	case MLOCKTRACE_COUNTER_VMPIN:
		mlt_say(say, "%s pinned now", now);
		return;
	case MLOCKTRACE_COUNTER_USER:
		mlt_say(say, "user %u's io_uring, AF_XDP, zero-copy and secret memory: %s held by all its "
			"processes now", event->owner_uid, now);
		return;
	case MLOCKTRACE_COUNTER_PERF:
		mlt_say(say, "user %u's perf rings: %s now", event->owner_uid, now);
		return;
	case MLOCKTRACE_COUNTER_SHM:
		mlt_say(say, "user %u's locked System V segments: %s now, until they are unlocked or "
			"removed, also when the process is gone", event->owner_uid, now);
		return;
	}
	mlt_say(say, "%s locked now", now);
}

static void say_locked_now(struct mlt_say *say, const struct mlocktrace_event *event)
{
	char limit[24];

	if (mlt_had_unknown(event))
		return;
	say_now(say, event);
	mlt_say(say, ", soft limit %s", mlt_size_text(limit, event->limit));
	if (event->after > 0 && (uint64_t)event->after > event->limit)
		mlt_say(say, "%s", mlt_has(event, MLOCKTRACE_F_CAPABLE) ?
			" (above it by CAP_IPC_LOCK)" : " (above it, as happens when it is lowered)");
}

static void say_lock(struct mlt_say *say, const struct mlocktrace_event *event)
{
	char asked[24];

	if (event->after == event->before && event->asked)
		mlt_say(say, "nothing to add: the %s asked for were locked already, or are never charged; ",
			mlt_size_text(asked, event->asked));
	say_locked_now(say, event);
}

static void say_unlock(struct mlt_say *say, const struct mlocktrace_event *event)
{
	if (event->after == event->before)
		mlt_say(say, "nothing of it was locked; ");
	say_locked_now(say, event);
}

static void say_lock_all(struct mlt_say *say, const struct mlocktrace_event *event)
{
	if (mlt_has(event, MLOCKTRACE_F_PARTIAL))
		mlt_say(say, "it returned 0, yet some mappings could not be locked or faulted in; ");
	say_locked_now(say, event);
	if (mlt_has(event, MLOCKTRACE_F_MCL_FUTURE))
		mlt_say(say, "; from now on every new mapping is locked too and counts against the limit");
}

static void say_mapped(struct mlt_say *say, const struct mlocktrace_event *event)
{
	if (event->after == event->before && event->asked)
		say_lock(say, event);
	else
		say_locked_now(say, event);
	mlt_say_armed(say, event);
	if (mlt_remote_target(event))
		mlt_say(say, "; it is the memory of process %u", event->target_pid);
}

static void say_unattributed(struct mlt_say *say, const struct mlocktrace_event *event)
{
	char delta[24];

	mlt_say(say, "the counter moved by %s and no operation that we know of explains it%s",
		delta_of(event, delta), mlt_had_unknown(event) ? "" : "; ");
	say_locked_now(say, event);
}

static void say_end(struct mlt_say *say, const struct mlocktrace_event *event)
{
	char had[24];

	if (!event->before)
		return;
	mlt_say(say, "%s were locked and are free with the address space%s",
		mlt_signed_text(had, event->before),
		event->op == MLOCKTRACE_OP_EXEC ? "; the new one starts at 0 and without MCL_FUTURE" : "");
}

static void say_fork(struct mlt_say *say, const struct mlocktrace_event *event)
{
	bool future = mlt_has(event, MLOCKTRACE_F_MCL_FUTURE);
	char had[24];

	if (!event->before && !future)
		return;
	mlt_say(say, "child %u holds none of the %s its parent has locked", event->target_pid,
		mlt_signed_text(had, event->before));
	if (future)
		mlt_say(say, ", and MCL_FUTURE is off in it");
}

static void say_setrlimit(struct mlt_say *say, const struct mlocktrace_event *event)
{
	bool old_known = !mlt_has(event, MLOCKTRACE_F_NO_BEFORE);
	char old[24], now[24], old_hard[24], hard[24], comm[4 * MLOCKTRACE_COMM_LEN + 1];

	mlocktrace_escape(comm, sizeof(comm), event->comm, sizeof(event->comm));
	mlt_say(say, "soft limit %s -> %s, hard %s -> %s, set by %u (%s)",
		old_known ? mlt_true_text(old, event->old_limit) : "unknown",
		mlt_true_text(now, event->limit),
		old_known ? mlt_true_text(old_hard, event->old_hard_limit) : "unknown",
		mlt_true_text(hard, event->hard_limit), event->pid, comm);
	if (event->target_pid && event->target_pid != event->pid)
		mlt_say(say, " for process %u", event->target_pid);
	else
		mlt_say(say, " for itself");
	if (old_known && event->hard_limit < event->old_hard_limit)
		mlt_say(say, "; only CAP_SYS_RESOURCE can raise the hard limit again");
}

static void say_how_known(struct mlt_say *say, const struct mlocktrace_event *event)
{
	if (mlt_has(event, MLOCKTRACE_F_LATE))
		mlt_say(say, "%sit outlived its process: another task held the last reference",
			say->len ? "; " : "");
	if (mlt_is_found(event))
		mlt_say(say, "%sby somebody who was not seen: found while this process ran",
			say->len ? "; " : "");
	else if (mlt_has(event, MLOCKTRACE_F_INFERRED))
		mlt_say(say, "%swhose it was is inferred from the process that ended",
			say->len ? "; " : "");
	if (mlt_has(event, MLOCKTRACE_F_SAMPLED))
		mlt_say(say, "%ssampled outside the lock, so another thread may have moved the figures",
			say->len ? "; " : "");
}

void mlt_say_ok(struct mlt_say *say, const struct mlocktrace_event *event)
{
	char delta[24];

	if (mlt_has(event, MLOCKTRACE_F_SECCOMP)) {
		mlt_say(say, "it returned 0, but a seccomp filter or a tracer answered; the kernel's own "
			"code did not run (delta %s)", delta_of(event, delta));
		return;
	}
	switch (event->op) {
	case MLOCKTRACE_OP_MLOCK:
	case MLOCKTRACE_OP_MLOCK2:
		say_lock(say, event);
		break;
	case MLOCKTRACE_OP_MUNLOCK:
	case MLOCKTRACE_OP_MUNLOCKALL:
		say_unlock(say, event);
		break;
	case MLOCKTRACE_OP_MLOCKALL:
		say_lock_all(say, event);
		break;
	case MLOCKTRACE_OP_EXEC:
	case MLOCKTRACE_OP_EXIT:
		say_end(say, event);
		break;
	case MLOCKTRACE_OP_FORK:
		say_fork(say, event);
		break;
	case MLOCKTRACE_OP_SETRLIMIT:
		say_setrlimit(say, event);
		break;
	case MLOCKTRACE_OP_MMAP:
	case MLOCKTRACE_OP_BRK:
	case MLOCKTRACE_OP_STACK:
	case MLOCKTRACE_OP_MREMAP:
	case MLOCKTRACE_OP_MUNMAP:
		say_mapped(say, event);
		break;
	case MLOCKTRACE_OP_UNATTRIBUTED:
		say_unattributed(say, event);
		break;
	default:
		if (mlt_is_implicit(event))
			say_locked_now(say, event);
	}
	say_how_known(say, event);
}
