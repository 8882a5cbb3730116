/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1 OR BSD-2-Clause */
/*
 * Why a record says what it says: what the cause, and in the library its
 * sentence, have to compute from a record, so that they cannot disagree. The
 * library and the kernel module compile the same files; eBPF, where they are part of
 * another file, includes them and says by MLT_PURE how.
 */
#ifndef MLT_CAUSE_BODY_H
#define MLT_CAUSE_BODY_H

#include <mlocktrace/event.h>

#include "nr.h"
#include "plain.h"

#ifndef MLT_PURE
#define MLT_PURE
#endif

static inline bool mlt_has(const struct mlocktrace_event *event, uint64_t any_of)
{
	return event->flags & any_of;
}

static inline bool mlt_is_mlock(const struct mlocktrace_event *event)
{
	return event->op == MLOCKTRACE_OP_MLOCK || event->op == MLOCKTRACE_OP_MLOCK2;
}

/* Not a call that locks or unlocks by its name: it changes mappings, or charges another counter. */
static inline bool mlt_is_implicit(const struct mlocktrace_event *event)
{
	return event->op >= MLOCKTRACE_OP_MMAP && event->op < MLOCKTRACE_OP_MAX;
}

static inline bool mlt_is_capable(const struct mlocktrace_event *event)
{
	return mlt_has(event, MLOCKTRACE_F_CAPABLE) && !mlt_has(event, MLOCKTRACE_F_CAP_DENIED);
}

/* Did somebody else do it to the process that owns the counter? */
static inline bool mlt_is_remote(const struct mlocktrace_event *event)
{
	return mlt_has(event, MLOCKTRACE_F_REMOTE);
}

/* By nobody who was seen: the record's process only happened to run when it was found. */
static inline bool mlt_is_found(const struct mlocktrace_event *event)
{
	return mlt_is_remote(event) && mlt_has(event, MLOCKTRACE_F_INFERRED);
}

/* Who owns it; 0 if nobody else did it, or it has no id in the tracer's pid namespace. */
static inline uint32_t mlt_remote_target(const struct mlocktrace_event *event)
{
	return mlt_is_remote(event) && event->target_pid != event->pid ? event->target_pid : 0;
}

/* The field has other meanings in other ops. */
static inline uint64_t mlt_overlap(const struct mlocktrace_event *event)
{
	return mlt_is_mlock(event) || event->op == MLOCKTRACE_OP_MUNLOCK ? event->overlap : 0;
}

/* The counter when it was compared: mremap makes room at its target before it asks. */
static inline int64_t mlt_had(const struct mlocktrace_event *event)
{
	return event->op == MLOCKTRACE_OP_MREMAP && event->ret < 0 ? event->after : event->before;
}

/* Could the counter not be read? (With setrlimit the flag is about the old limits.) */
static inline bool mlt_had_unknown(const struct mlocktrace_event *event)
{
	return mlt_has(event, MLOCKTRACE_F_NO_BEFORE) && mlt_is_implicit(event);
}

/* What the record changed; figures from a hostile file may wrap, but are not undefined. */
static inline int64_t mlt_delta(const struct mlocktrace_event *event)
{
	return (int64_t)((uint64_t)event->after - (uint64_t)event->before);
}

static inline bool mlt_is_number(const struct mlocktrace_event *event, int nr64, int nr32)
{
	return event->sysno >= 0 &&
	       event->sysno == (mlt_has(event, MLOCKTRACE_F_COMPAT) ? nr32 : nr64);
}

/* Did it happen in this system call? The tag is that of its row in hooks.def. */
#define mlt_is_in_call(event, tag) mlt_is_number(event, MLT_NR64_##tag, MLT_NR32_##tag)

/* cause.c: why it failed; MLOCKTRACE_CAUSE_OK if it did not. A pure function of the record. */
MLT_PURE enum mlocktrace_cause mlt_cause(const struct mlocktrace_event *event);

/* cause_map.c: what was asked for is not in the record. */
MLT_PURE bool mlt_size_unknown(const struct mlocktrace_event *event);

/*
 * cause.c: what is compared with the limit: had + asked, less what of it mlock finds locked
 * already (naive: not less); MLOCKTRACE_UNLIMITED where that does not fit.
 */
MLT_PURE uint64_t mlt_lock_sum(const struct mlocktrace_event *event, bool naive);
/* cause.c: had + asked > limit, and the test was made and applied, as far as the record knows. */
MLT_PURE bool mlt_could_be_limit(const struct mlocktrace_event *event);
/* cause.c: an mlock that failed with ENOMEM, perhaps at the limit, and nothing says for sure. */
MLT_PURE bool mlt_limit_unsure(const struct mlocktrace_event *event);
/* cause.c: EPERM where a limit of 0 gives it too. */
MLT_PURE enum mlocktrace_cause mlt_eperm_cause(const struct mlocktrace_event *event);
/* cause.c: bits of the flags argument that the call does not know. */
MLT_PURE uint32_t mlt_unknown_arg(const struct mlocktrace_event *event);

/* cause_map.c: mmap and what else changes mappings. */
MLT_PURE enum mlocktrace_cause mlt_mmap_cause(const struct mlocktrace_event *event);
MLT_PURE enum mlocktrace_cause mlt_brk_cause(const struct mlocktrace_event *event);
MLT_PURE enum mlocktrace_cause mlt_stack_cause(const struct mlocktrace_event *event);
MLT_PURE enum mlocktrace_cause mlt_mremap_cause(const struct mlocktrace_event *event);
MLT_PURE enum mlocktrace_cause mlt_munmap_cause(const struct mlocktrace_event *event);

/* cause_pool.c: what charges the other counters, or vmlck without a mapping. */
MLT_PURE enum mlocktrace_cause mlt_shm_lock_cause(const struct mlocktrace_event *event);
MLT_PURE enum mlocktrace_cause mlt_shm_unlock_cause(const struct mlocktrace_event *event);
MLT_PURE enum mlocktrace_cause mlt_shm_hugetlb_cause(const struct mlocktrace_event *event);
MLT_PURE enum mlocktrace_cause mlt_io_uring_cause(const struct mlocktrace_event *event);
MLT_PURE enum mlocktrace_cause mlt_perf_mmap_cause(const struct mlocktrace_event *event);
MLT_PURE enum mlocktrace_cause mlt_socket_cause(const struct mlocktrace_event *event);
MLT_PURE enum mlocktrace_cause mlt_secretmem_cause(const struct mlocktrace_event *event);
MLT_PURE enum mlocktrace_cause mlt_pin_cause(const struct mlocktrace_event *event);
/* cause_pool.c: shm_lock refused although the own count fits: the maximum of a namespace above. */
MLT_PURE bool mlt_is_namespace_maximum(const struct mlocktrace_event *event);

#endif
