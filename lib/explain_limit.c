/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The verdict on what RLIMIT_MEMLOCK refused: whose counter, had + asked >
 * limit, why the memory was to be locked at all, where the limit came from,
 * and the smallest fix. A sum that is printed holds as printed, or is printed
 * to the byte.
 */
#include <inttypes.h>
#include <sys/mman.h>

#include "explain.h"

typedef unsigned __int128 wide;

/* had + asked - overlap > limit, as the texts claim it (exact = to the byte). */
static bool holds(const struct mlocktrace_event *event, bool exact)
{
	bool whole = event->op == MLOCKTRACE_OP_MLOCKALL;
	int64_t counter = whole || mlt_had_unknown(event) ? 0 : mlt_had(event);
	uint64_t had = counter < 0 ? 0 : counter;
	uint64_t overlap = mlt_overlap(event);
	wide sum, limit;

	if (event->limit == MLOCKTRACE_UNLIMITED || counter < 0)
		return false;
	if (exact) {
		sum = (wide)had + event->asked;
		limit = (wide)event->limit + overlap;
	} else {
		sum = mlt_size_tenths(had) + mlt_size_tenths(event->asked);
		limit = mlt_size_tenths(event->limit) + mlt_size_tenths(overlap);
	}
	return sum > limit;
}

static const char *figure(char buf[24], uint64_t bytes, bool exact)
{
	return exact ? mlt_exact_text(buf, bytes) : mlt_size_text(buf, bytes);
}

/* Pages of secret memory are refused whatever the capabilities; the mapping, on older kernels, is not. */
static bool is_for_the_capable_too(const struct mlocktrace_event *event)
{
	return event->op == MLOCKTRACE_OP_SECRETMEM && event->ret == -EFAULT;
}

/* What raises the limit far enough: the process itself up to the hard limit, above it root. */
static void say_remedy(struct mlt_say *say, const struct mlocktrace_event *event, const char *what,
		       uint64_t need)
{
	if (need == MLOCKTRACE_UNLIMITED)
		return;
	if (!need)
		mlt_say(say, "; raise %s", what);
	else if (need <= event->hard_limit)
		mlt_say(say, "; raise %s: prlimit --pid %u --memlock=%" PRIu64 ":", what, event->pid, need);
	else
		mlt_say(say, "; raise %s as root: prlimit --pid %u --memlock=%" PRIu64 ":%" PRIu64 "%s",
			what, event->pid, need, need,
			is_for_the_capable_too(event) ? "" : ", or grant CAP_IPC_LOCK");
}

/* Whose counter, where it is not simply the memory that the process has locked. */
static void say_owner(struct mlt_say *say, const struct mlocktrace_event *event)
{
	if (event->op == MLOCKTRACE_OP_PERF_MMAP && event->counter == MLOCKTRACE_COUNTER_PERF)
		mlt_say(say, "beyond user %u's pool of perf rings: ", event->owner_uid);
	else if (event->op == MLOCKTRACE_OP_PERF_MMAP)
		mlt_say(say, "beyond the user's pool of perf rings: ");
	else if (event->counter == MLOCKTRACE_COUNTER_SHM)
		mlt_say(say, "user %u's locked System V segments: ", event->owner_uid);
	else if (event->counter == MLOCKTRACE_COUNTER_USER)
		mlt_say(say, "user %u's %sio_uring, AF_XDP and zero-copy memory: ", event->owner_uid,
			event->op == MLOCKTRACE_OP_SECRETMEM ? "secret, " : "");
}

/* What the counter is made of, behind its figure. */
static const char *held_as(const struct mlocktrace_event *event)
{
	switch (event->counter) {
	case MLOCKTRACE_COUNTER_VMPIN:
	case MLOCKTRACE_COUNTER_PERF:
		return "pinned";
	case MLOCKTRACE_COUNTER_USER:
		return "held by all its processes";
	case MLOCKTRACE_COUNTER_SHM:
		return "held, also for processes that are gone,";
	}
	return "locked";
}

static void say_sum(struct mlt_say *say, const struct mlocktrace_event *event, bool exact)
{
	char had[24], asked[24], overlap[24], limit[24];

	say_owner(say, event);
	if (event->op == MLOCKTRACE_OP_MLOCKALL) {
		mlt_say(say, "the whole address space of %s", figure(asked, event->asked, exact));
	} else {
		if (mlt_had_unknown(event))
			mlt_say(say, "what it holds over all its processes");
		else
			mlt_say(say, "%s %s", figure(had, mlt_had(event), exact), held_as(event));
		if (mlt_size_unknown(event))
			mlt_say(say, " + the size of the segment");
		else
			mlt_say(say, " + %s asked", figure(asked, event->asked, exact));
		if (mlt_overlap(event))
			mlt_say(say, " - %s%s already locked",
				mlt_has(event, MLOCKTRACE_F_OVERLAP_KNOWN) ? "" : "at least ",
				figure(overlap, event->overlap, exact));
	}
	mlt_say(say, " > %s soft limit", figure(limit, event->limit, exact));
}

/* "3.2 s": two digits are enough to find the line in a log. */
static const char *span_text(char buf[24], uint64_t ns)
{
	uint64_t ms = ns / 1000000;

	if (ms < 1)
		snprintf(buf, 24, "less than 1 ms");
	else if (ms < 1000)
		snprintf(buf, 24, "%" PRIu64 " ms", ms);
	else if (ms < 10000)
		snprintf(buf, 24, "%" PRIu64 ".%" PRIu64 " s", ms / 1000, ms % 1000 / 100);
	else if (ms < 120 * 1000)
		snprintf(buf, 24, "%" PRIu64 " s", ms / 1000);
	else if (ms < 120 * 60 * 1000)
		snprintf(buf, 24, "%" PRIu64 " min", ms / (60 * 1000));
	else if (ms < 48 * 3600 * 1000)
		snprintf(buf, 24, "%" PRIu64 " h", ms / (3600 * 1000));
	else
		snprintf(buf, 24, "%" PRIu64 " days", ms / (24 * 3600 * 1000));
	return buf;
}

static void say_armed_when(struct mlt_say *say, const struct mlocktrace_event *event)
{
	char ago[24];

	if (event->armed_ns && event->armed_ns <= event->time_ns)
		mlt_say(say, "%s ago", span_text(ago, event->time_ns - event->armed_ns));
	else if (event->armed_ns)
		mlt_say(say, "at that moment");
	else
		mlt_say(say, "before tracing began");
}

void mlt_say_armed(struct mlt_say *say, const struct mlocktrace_event *event)
{
	const char *future = mlocktrace_flag_name(__builtin_ctz(MLOCKTRACE_F_MCL_FUTURE));

	if (mlt_has(event, MLOCKTRACE_F_CAP_GIVEN_UP)) {
		mlt_say(say, "; %s was switched on ", future);
		say_armed_when(say, event);
		mlt_say(say, " with CAP_IPC_LOCK, which the process has given up since");
		return;
	}
	if (!mlt_has(event, MLOCKTRACE_F_ARMED))
		return;
	switch (event->op) {
	case MLOCKTRACE_OP_MMAP:
		if (mlt_has(event, MLOCKTRACE_F_MAP_LOCKED))
			return;
		/* fall through */
	case MLOCKTRACE_OP_BRK:
		mlt_say(say, "; %s locks it (mlockall ", future);
		break;
	case MLOCKTRACE_OP_STACK:
	case MLOCKTRACE_OP_MREMAP:
		/* It follows its mapping, which some other call may have locked. */
		mlt_say(say, "; the %s is locked, and %s is on (mlockall ",
			event->op == MLOCKTRACE_OP_STACK ? "stack" : "mapping", future);
		break;
	default:
		return;
	}
	say_armed_when(say, event);
	mlt_say(say, ")");
}

/* What a caller may not expect of the sum. */
static void say_surprise(struct mlt_say *say, const struct mlocktrace_event *event)
{
	bool is_mmap = event->op == MLOCKTRACE_OP_MMAP &&
		       (mlt_is_in(event, "mmap") || mlt_is_in(event, "mmap2"));

	if (is_mmap && (event->arg & MAP_FIXED) && event->before > 0)
		mlt_say(say, "; locked memory that a MAP_FIXED mapping replaces counts until it is gone");
	if (is_mmap && (event->arg & MAP_HUGETLB))
		mlt_say(say, "; huge pages count in this test, though they are never charged");
	if (event->op == MLOCKTRACE_OP_MMAP && mlt_is_in(event, "io_setup"))
		mlt_say(say, "; the ring of io_setup counts in this test, though it is never charged");
	if (event->op == MLOCKTRACE_OP_BRK && mlt_has(event, MLOCKTRACE_F_RLIMIT_AS))
		mlt_say(say, "; RLIMIT_AS or RLIMIT_DATA stands in the way as well");
	if (mlt_remote_target(event))
		mlt_say(say, "; the limit that counts is that of %u, who did it, not that of process %u",
			event->pid, event->target_pid);
	else if (mlt_is_remote(event))
		mlt_say(say, "; the limit that counts is that of %u, who did it to another process",
			event->pid);
}

static void say_count(struct mlt_say *say, unsigned int n, const char *what)
{
	mlt_say(say, "%s%u %s%s", n == 65535 ? "at least " : "", n, what, n == 1 ? "" : "s");
}

/* Returns whether it is known who set the limit. */
static bool say_lineage(struct mlt_say *say, const struct mlocktrace_event *event)
{
	char comm[4 * MLOCKTRACE_COMM_LEN + 1], before[24];

	if (!event->limit_ns)
		return false;
	mlocktrace_escape(comm, sizeof(comm), event->limit_comm, sizeof(event->limit_comm));
	if (event->limit_ns <= event->time_ns)
		mlt_say(say, "; the limit was set %s before by %s[%u]",
			span_text(before, event->time_ns - event->limit_ns), comm, event->limit_pid);
	else
		mlt_say(say, "; the limit was set at that moment by %s[%u]", comm, event->limit_pid);
	if (event->limit_forks || event->limit_execs)
		mlt_say(say, ", inherited over ");
	if (event->limit_forks)
		say_count(say, event->limit_forks, "fork");
	if (event->limit_forks && event->limit_execs)
		mlt_say(say, " and ");
	if (event->limit_execs)
		say_count(say, event->limit_execs, "exec");
	return true;
}

/* Other ways out than a higher limit. */
static void say_way_around(struct mlt_say *say, const struct mlocktrace_event *event)
{
	bool by_future = mlt_has(event, MLOCKTRACE_F_ARMED) && !mlt_has(event, MLOCKTRACE_F_MAP_LOCKED);

	switch (event->op) {
	case MLOCKTRACE_OP_MMAP:
	case MLOCKTRACE_OP_BRK:
		if (by_future)
			mlt_say(say, ", or call mlockall without %s (%s does not help)",
				mlocktrace_flag_name(__builtin_ctz(MLOCKTRACE_F_MCL_FUTURE)),
				mlocktrace_flag_name(__builtin_ctz(MLOCKTRACE_F_MCL_ONFAULT)));
		break;
	case MLOCKTRACE_OP_MREMAP:
		mlt_say(say, ", or munlock the mapping before it grows");
		break;
	case MLOCKTRACE_OP_SHM_LOCK:
		mlt_say(say, ", or unlock or remove segments (ipcs -m, ipcrm -m)");
		break;
	case MLOCKTRACE_OP_PERF_MMAP:
		mlt_say(say, ", or take a smaller ring, or raise kernel.perf_event_mlock_kb");
		break;
	}
}

/* All behind the sum: why, since when, and what to do. */
static void say_reasons(struct mlt_say *say, const struct mlocktrace_event *event, uint64_t need)
{
	int len = say->len;
	bool far;

	say_surprise(say, event);
	mlt_say_armed(say, event);
	far = say->len != len;
	if (say_lineage(say, event))
		far = false;
	say_remedy(say, event, far ? "the limit" : "it", need);
	say_way_around(say, event);
}

static void say_namespace_maximum(struct mlt_say *say, const struct mlocktrace_event *event)
{
	char had[24], asked[24], limit[24];

	say_owner(say, event);
	mlt_say(say, "%s held + %s asked fit the soft limit of %s, so it is the maximum of a user namespace "
		"above that is exceeded, the limit of who created it; raising the own limit does not help",
		mlt_signed_text(had, event->before), mlt_true_text(asked, event->asked),
		mlt_true_text(limit, event->limit));
}

void mlt_say_over_limit(struct mlt_say *say, const struct mlocktrace_event *event)
{
	char had[24], asked[24], limit[24], hard[24];
	bool exact = !holds(event, false);

	mlt_say(say, "over the limit: ");
	if (mlt_is_namespace_maximum(event)) {
		say_namespace_maximum(say, event);
		return;
	}
	if (!holds(event, true) && !mlt_had_unknown(event)) {
		/* The counter or the limit moved between the kernel's test and the producer's look. */
		mlt_say(say, "the kernel found it exceeded when it looked; the figures around that "
			"moment are %s locked, %s asked, soft limit %s",
			mlt_signed_text(had, mlt_had(event)), mlt_true_text(asked, event->asked),
			mlt_true_text(limit, event->limit));
		mlt_say_armed(say, event);
		say_lineage(say, event);
		return;
	}
	say_sum(say, event, exact);
	mlt_say(say, " (hard %s)%s", figure(hard, event->hard_limit, exact),
		is_for_the_capable_too(event) ? ", which CAP_IPC_LOCK does not lift" : ", no CAP_IPC_LOCK");
	say_reasons(say, event, mlocktrace_needed_limit(event));
}

void mlt_say_limit_zero(struct mlt_say *say, const struct mlocktrace_event *event)
{
	char hard[24], asked[24];

	mlt_say(say, "the soft limit is 0 (hard %s), no CAP_IPC_LOCK: no lock call is permitted, "
		"however small", mlt_size_text(hard, event->hard_limit));
	if (event->asked)
		mlt_say(say, " (%s asked)", mlt_size_text(asked, event->asked));
	say_reasons(say, event, mlocktrace_needed_limit(event));
}

void mlt_say_limit_or_hole(struct mlt_say *say, const struct mlocktrace_event *event)
{
	mlt_say(say, "the limit or a hole: ");
	say_sum(say, event, !holds(event, false));
	mlt_say(say, ", unless part of the range was locked already; if so, part of it is not "
		"mapped. This tier cannot tell which");
	say_remedy(say, event, "it", mlt_lock_sum(event, false));
}

void mlt_say_maybe_limit(struct mlt_say *say, const struct mlocktrace_event *event)
{
	if (!mlt_limit_unsure(event))
		return;
	mlt_say(say, "; the limit may be in the way as well: ");
	say_sum(say, event, !holds(event, false));
	mlt_say(say, ", unless part of the range was locked already");
}

/* Was the sum made at all? */
static bool is_compared(const struct mlocktrace_event *event)
{
	if (!event->asked || mlt_had_unknown(event))
		return false;
	switch (event->op) {
	case MLOCKTRACE_OP_MMAP:
	case MLOCKTRACE_OP_BRK:
		return mlt_has(event, MLOCKTRACE_F_ARMED | MLOCKTRACE_F_MAP_LOCKED);
	case MLOCKTRACE_OP_SHM_HUGETLB:
		return false;
	}
	return true;
}

void mlt_say_fits(struct mlt_say *say, const struct mlocktrace_event *event)
{
	char had[24], asked[24], limit[24];

	if (!is_compared(event))
		return;
	if (mlt_lock_sum(event, true) <= event->limit) {
		mlt_say(say, " (%s ", mlt_signed_text(had, mlt_had(event)));
		if (event->counter == MLOCKTRACE_COUNTER_USER)
			mlt_say(say, "held by all of user %u's processes", event->owner_uid);
		else
			mlt_say(say, "%s", held_as(event));
		mlt_say(say, " + %s asked fit the soft limit of %s)", mlt_true_text(asked, event->asked),
			mlt_true_text(limit, event->limit));
	} else if (mlt_is_capable(event)) {
		mlt_say(say, " (CAP_IPC_LOCK lifts it)");
	}
}
