/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The verdict: one or two sentences on a record, with the arithmetic and the
 * smallest fix. It says only what the record proves. Refusals that are not the
 * limit's are here and in explain_map.c, those by the limit in explain_limit.c,
 * records of what worked in explain_ok.c.
 */
#include <errno.h>
#include <inttypes.h>

#include "explain.h"

/* After a refusal the pages handled before it keep their new state. */
void mlt_say_delta(struct mlt_say *say, const struct mlocktrace_event *event, const char *what)
{
	char delta[24];

	if (event->after != event->before)
		mlt_say(say, "; %s (delta %s)", what,
			mlt_delta_text(delta, mlt_delta(event)));
}

/* What explain_map.c has words for, it says there, last. */
static void say_delta(struct mlt_say *say, const struct mlocktrace_event *event, const char *what)
{
	if (!mlt_is_implicit(event))
		mlt_say_delta(say, event, what);
}

static void say_not_mapped(struct mlt_say *say, const struct mlocktrace_event *event)
{
	bool stay = event->op != MLOCKTRACE_OP_MUNLOCK;
	char before[24], what[64];

	if (event->op == MLOCKTRACE_OP_MREMAP) {
		mlt_say(say, MLT_NOT_LIMIT "no single mapping that may grow covers 0x%" PRIx64 " and the %s "
			"behind it", (uint64_t)event->where, mlt_true_text(before, event->old_len));
		return;
	}
	mlt_say(say, "%s", mlt_limit_unsure(event) ? "" : MLT_NOT_LIMIT);
	if (!mlt_has(event, MLOCKTRACE_F_HOLE)) {
		mlt_say(say, "part of the range is not mapped");
		say_delta(say, event, stay ? "the pages before the hole stay locked" :
					     "the pages before the hole were unlocked");
		return;
	}
	mlt_say(say, "nothing is mapped at 0x%" PRIx64, (uint64_t)event->where);
	snprintf(what, sizeof(what), "the %s before it %s",
		 event->where > event->addr ? mlt_true_text(before, event->where - event->addr) : "pages",
		 stay ? "stay locked" : "were unlocked");
	say_delta(say, event, what);
	mlt_say_maybe_limit(say, event);
}

static void say_too_many_maps(struct mlt_say *say, const struct mlocktrace_event *event)
{
	bool adds = mlt_is_implicit(event) && event->op != MLOCKTRACE_OP_MUNMAP;

	mlt_say(say, "%s%s the process has vm.max_map_count mappings already",
		mlt_limit_unsure(event) ? "" : MLT_NOT_LIMIT, adds ? "it takes one mapping more, and" :
		"the range begins or ends inside a mapping, which would have to be split, and");
	say_delta(say, event, "what was done before stays done");
	mlt_say(say, "; %sraise vm.max_map_count", adds ? "" : "use whole mappings, or ");
	mlt_say_maybe_limit(say, event);
}

static void say_populate_failed(struct mlt_say *say, const struct mlocktrace_event *event)
{
	const char *name = mlt_result_name(event->inner_ret ? event->inner_ret : event->ret);
	char delta[24];

	mlt_say(say, MLT_NOT_LIMIT "the range is locked and charged and stays so (delta %s), but a page of "
		"it cannot be faulted in", mlt_delta_text(delta, mlt_delta(event)));
	if (event->inner_ret == -EFAULT || !event->inner_ret)
		mlt_say(say, " (PROT_NONE, past the end of a file, secret memory, an I/O error)");
	else
		mlt_say(say, " (%s)", name ? name : "unknown error");
	mlt_say(say, "; munlock it to give the charge back");
}

static void say_bad_flags(struct mlt_say *say, const struct mlocktrace_event *event)
{
	uint32_t unknown = mlt_unknown_arg(event);

	mlt_say(say, MLT_NOT_LIMIT);
	if (unknown)
		mlt_say(say, "flags 0x%x are unknown to this call", unknown);
	else if (mlt_has(event, MLOCKTRACE_F_UNKNOWN_FLAGS))
		mlt_say(say, "flags 0x%x hold bits unknown to this call", event->arg);
	else if (event->op == MLOCKTRACE_OP_MLOCKALL && !event->arg)
		mlt_say(say, "no flags at all: say what to lock with %s or %s",
			mlocktrace_flag_name(__builtin_ctz(MLOCKTRACE_F_MCL_CURRENT)),
			mlocktrace_flag_name(__builtin_ctz(MLOCKTRACE_F_MCL_FUTURE)));
	else
		mlt_say(say, "flags 0x%x make no sense together", event->arg);
}

static void say_bad_range(struct mlt_say *say, const struct mlocktrace_event *event)
{
	char soft[24], hard[24];

	if (event->op != MLOCKTRACE_OP_SETRLIMIT) {
		mlt_say(say, MLT_NOT_LIMIT "address 0x%" PRIx64 " + length %" PRIu64
			" goes past the end of the address space", (uint64_t)event->addr,
			(uint64_t)event->len);
	} else if (event->limit > event->hard_limit) {
		mlt_say(say, "a soft limit of %s above the hard limit of %s makes no sense",
			mlt_true_text(soft, event->limit), mlt_true_text(hard, event->hard_limit));
	} else {
		mlt_say(say, "the kernel found an argument invalid");
	}
}

static void say_no_memory(struct mlt_say *say, const struct mlocktrace_event *event)
{
	if (mlt_is_implicit(event)) {
		mlt_say_map_no_memory(say, event);
		return;
	}
	mlt_say(say, MLT_NOT_LIMIT "the kernel found no memory for ");
	if (mlt_has(event, MLOCKTRACE_F_SPLIT_FAILED)) {
		mlt_say(say, "splitting a mapping");
		say_delta(say, event, "what was done before stays done");
	} else {
		mlt_say(say, "faulting the range in");
		say_delta(say, event, "it stays locked and charged");
	}
	mlt_say(say, "; the machine or the memory cgroup is short of memory");
}

static void say_denied_setrlimit(struct mlt_say *say, const struct mlocktrace_event *event)
{
	bool old_known = !mlt_has(event, MLOCKTRACE_F_NO_BEFORE);
	char old[24], now[24];

	if (old_known && event->hard_limit > event->old_hard_limit)
		mlt_say(say, "raising the hard limit (%s -> %s) needs CAP_SYS_RESOURCE",
			mlt_true_text(old, event->old_hard_limit), mlt_true_text(now, event->hard_limit));
	else if (event->target_pid && event->target_pid != event->pid)
		mlt_say(say, "no permission over process %u (another user's, or set-user-id): that needs "
			"CAP_SYS_RESOURCE over it", event->target_pid);
	else
		mlt_say(say, "raising a hard limit needs CAP_SYS_RESOURCE; otherwise a security module "
			"refused");
}

static void say_denied(struct mlt_say *say, const struct mlocktrace_event *event)
{
	char limit[24];

	if (mlt_has(event, MLOCKTRACE_F_SECCOMP))
		mlt_say(say, MLT_NOT_LIMIT "a seccomp filter or a tracer answered; the kernel's own code did "
			"not run");
	else if (event->op == MLOCKTRACE_OP_SETRLIMIT)
		say_denied_setrlimit(say, event);
	else if (mlt_is_implicit(event))
		mlt_say_map_denied(say, event);
	else if (!event->limit)
		mlt_say(say, "the soft limit is 0, and a security module refused the CAP_IPC_LOCK that the "
			"task has");
	else
		mlt_say(say, MLT_NOT_LIMIT "the soft limit is %s, not 0, so it was not the limit but a "
			"security module that refused", mlt_size_text(limit, event->limit));
}

static void say_interrupted(struct mlt_say *say, const struct mlocktrace_event *event)
{
	mlt_say(say, MLT_NOT_LIMIT "a fatal signal came while the call %s",
		mlt_has(event, MLOCKTRACE_F_POPULATED) ? "faulted pages in" :
							 "waited for the address space");
	say_delta(say, event, "the rest stands until the process is gone");
}

static void say_other(struct mlt_say *say, const struct mlocktrace_event *event)
{
	const char *name = mlt_result_name(event->ret);

	if (mlt_limit_unsure(event)) {
		mlt_say_limit_or_hole(say, event);
		return;
	}
	if (mlt_is_implicit(event)) {
		mlt_say_map_other(say, event);
		return;
	}
	mlt_say(say, "%s%s is the kernel's own answer",
		event->op == MLOCKTRACE_OP_SETRLIMIT ? "" : MLT_NOT_LIMIT, name ? name : "an unknown error");
	if (mlt_has(event, MLOCKTRACE_F_SPLIT_FAILED))
		mlt_say(say, ": a mapping in the range refused to be split");
	say_delta(say, event, "what was done before stays done");
}

static void say_refusal(struct mlt_say *say, const struct mlocktrace_event *event)
{
	static void (*const sayings[])(struct mlt_say *, const struct mlocktrace_event *) = {
		[MLOCKTRACE_CAUSE_OVER_LIMIT] = mlt_say_over_limit,
		[MLOCKTRACE_CAUSE_LIMIT_ZERO] = mlt_say_limit_zero,
		[MLOCKTRACE_CAUSE_NOT_MAPPED] = say_not_mapped,
		[MLOCKTRACE_CAUSE_TOO_MANY_MAPS] = say_too_many_maps,
		[MLOCKTRACE_CAUSE_POPULATE_FAILED] = say_populate_failed,
		[MLOCKTRACE_CAUSE_BAD_FLAGS] = say_bad_flags,
		[MLOCKTRACE_CAUSE_BAD_RANGE] = say_bad_range,
		[MLOCKTRACE_CAUSE_INTERRUPTED] = say_interrupted,
		[MLOCKTRACE_CAUSE_NO_MEMORY] = say_no_memory,
		[MLOCKTRACE_CAUSE_DENIED] = say_denied,
		[MLOCKTRACE_CAUSE_OTHER] = say_other,
	};
	_Static_assert(sizeof(sayings) / sizeof(sayings[0]) == MLOCKTRACE_CAUSE_MAX,
		       "every cause has its words");

	sayings[mlocktrace_cause(event)](say, event);
	if (mlt_is_implicit(event))
		mlt_say_aftermath(say, event);
}

MLT_API int mlocktrace_explain(const struct mlocktrace_event *event, char *buf, size_t size)
{
	struct mlt_say say = { .buf = buf, .size = size };

	if (size)
		buf[0] = '\0';
	if (event->ret < 0)
		say_refusal(&say, event);
	else
		mlt_say_ok(&say, event);
	return say.len;
}
