// SPDX-License-Identifier: GPL-2.0
/*
 * From a record to its trace event.
 */
#include <linux/string.h>
#include <linux/types.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

static void mlt_put_words(struct mlt_words *words, const struct mlocktrace_event *e, u32 cause)
{
	memcpy(words->op, mlt_op_names[e->op], sizeof(words->op));
	memcpy(words->counter, mlt_counter_names[e->counter], sizeof(words->counter));
	memcpy(words->cause, mlt_cause_names[cause], sizeof(words->cause));
}

/**
 * mlt_trace_record() - a record as a trace event, if somebody wants it
 * @e: the record; its op, counter and cause are known ones
 * @cause: from mlt_table_account()
 */
void mlt_trace_record(const struct mlocktrace_event *e, u32 cause)
{
	struct mlt_words words;

	if (!trace_lock_enabled() && !trace_implicit_enabled() && !trace_charge_enabled() &&
	    !trace_setrlimit_enabled())
		return;
	mlt_put_words(&words, e, cause);
	switch (e->op) {
	case MLOCKTRACE_OP_MLOCK:
	case MLOCKTRACE_OP_MLOCK2:
	case MLOCKTRACE_OP_MUNLOCK:
	case MLOCKTRACE_OP_MLOCKALL:
	case MLOCKTRACE_OP_MUNLOCKALL:
		trace_lock(e, &words);
		break;
	case MLOCKTRACE_OP_MMAP:
	case MLOCKTRACE_OP_BRK:
	case MLOCKTRACE_OP_STACK:
	case MLOCKTRACE_OP_MREMAP:
	case MLOCKTRACE_OP_MUNMAP:
	case MLOCKTRACE_OP_EXEC:
	case MLOCKTRACE_OP_EXIT:
	case MLOCKTRACE_OP_FORK:
	case MLOCKTRACE_OP_UNATTRIBUTED:
		trace_implicit(e, &words);
		break;
	case MLOCKTRACE_OP_SETRLIMIT:
		trace_setrlimit(e, &words);
		break;
	default:
		trace_charge(e, &words);
	}
}
