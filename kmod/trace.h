/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The records as trace events mlocktrace:*, for tracefs, perf, trace-cmd, bpftrace.
 *
 * Words are strings in the event, not numbers: so that filters, histogram keys and
 * every tool can use them as they are in the manual.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mlocktrace

#if !defined(MLT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MLT_TRACE_H

#include <linux/tracepoint.h>

#include "names.h"

#ifndef MLT_TRACE_ONCE
#define MLT_TRACE_ONCE

void mlt_trace_record(const struct mlocktrace_event *e, u32 cause);

/* The words of a record. */
struct mlt_words {
	char op[MLT_OP_LEN];
	char counter[MLT_COUNTER_LEN];
	char cause[MLT_CAUSE_LEN];
};

#endif

DECLARE_EVENT_CLASS(mlt_record,
	TP_PROTO(const struct mlocktrace_event *e, const struct mlt_words *words),
	TP_ARGS(e, words),
	TP_STRUCT__entry(
		__array(char, op, MLT_OP_LEN)
		__array(char, counter, MLT_COUNTER_LEN)
		__array(char, cause, MLT_CAUSE_LEN)
		__field(u64, addr)
		__field(u64, len)
		__field(s64, before)
		__field(s64, after)
		__field(s64, delta)
		__field(u64, limit)
		__field(s32, ret)
		__field(u32, target_pid)
	),
	TP_fast_assign(
		memcpy(__entry->op, words->op, MLT_OP_LEN);
		memcpy(__entry->counter, words->counter, MLT_COUNTER_LEN);
		memcpy(__entry->cause, words->cause, MLT_CAUSE_LEN);
		__entry->addr = e->addr;
		__entry->len = e->len;
		__entry->before = e->before;
		__entry->after = e->after;
		__entry->delta = e->after - e->before;
		__entry->limit = e->limit;
		__entry->ret = e->ret;
		__entry->target_pid = e->target_pid;
	),
	TP_printk("op=%s counter=%s addr=0x%llx len=%llu ret=%d before=%lld after=%lld delta=%lld limit=%llu cause=%s target_pid=%u",
		  __entry->op, __entry->counter, __entry->addr, __entry->len, __entry->ret,
		  __entry->before, __entry->after, __entry->delta, __entry->limit, __entry->cause,
		  __entry->target_pid)
);

/* mlock, mlock2, munlock, mlockall, munlockall */
DEFINE_EVENT(mlt_record, lock,
	TP_PROTO(const struct mlocktrace_event *e, const struct mlt_words *words),
	TP_ARGS(e, words)
);

/* vmlck moved, or was refused to, by another call; and what becomes of it at fork */
DEFINE_EVENT(mlt_record, implicit,
	TP_PROTO(const struct mlocktrace_event *e, const struct mlt_words *words),
	TP_ARGS(e, words)
);

/* The other counters, and vmlck without a mapping */
DEFINE_EVENT(mlt_record, charge,
	TP_PROTO(const struct mlocktrace_event *e, const struct mlt_words *words),
	TP_ARGS(e, words)
);

TRACE_EVENT(setrlimit,
	TP_PROTO(const struct mlocktrace_event *e, const struct mlt_words *words),
	TP_ARGS(e, words),
	TP_STRUCT__entry(
		__array(char, cause, MLT_CAUSE_LEN)
		__field(u64, old_limit)
		__field(u64, old_hard_limit)
		__field(u64, limit)
		__field(u64, hard_limit)
		__field(s32, ret)
		__field(u32, target_pid)
	),
	TP_fast_assign(
		memcpy(__entry->cause, words->cause, MLT_CAUSE_LEN);
		__entry->old_limit = e->old_limit;
		__entry->old_hard_limit = e->old_hard_limit;
		__entry->limit = e->limit;
		__entry->hard_limit = e->hard_limit;
		__entry->ret = e->ret;
		__entry->target_pid = e->target_pid;
	),
	TP_printk("old_limit=%llu old_hard_limit=%llu limit=%llu hard_limit=%llu ret=%d cause=%s target_pid=%u",
		  __entry->old_limit, __entry->old_hard_limit, __entry->limit, __entry->hard_limit,
		  __entry->ret, __entry->cause, __entry->target_pid)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
