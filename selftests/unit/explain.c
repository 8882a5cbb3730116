// SPDX-License-Identifier: GPL-2.0
/*
 * Verdicts: the sentences, and that what they claim is so. The sums are read
 * back from the printed text and checked as a reader would check them.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "format.h"
#include "ktap.h"
#include "sample.h"
#include "says.h"
#include "sums.h"

#define F(TAG) MLOCKTRACE_F_##TAG

/* ---- the limit -------------------------------------------------------------- */

static void the_model_sentence(void)
{
	struct mlocktrace_event event = sample_over_limit(MLOCKTRACE_OP_MLOCK, 60 * K, 16 * M, 0);

	check_text(verdict(&event), "over the limit: 60K locked + 16.0M asked > 8.0M soft limit (hard 8.0M), "
		   "no CAP_IPC_LOCK; raise it as root: prlimit --pid 4242 --memlock=16838656:16838656, or "
		   "grant CAP_IPC_LOCK");
	event.hard_limit = MLOCKTRACE_UNLIMITED;
	check_text(verdict(&event), "over the limit: 60K locked + 16.0M asked > 8.0M soft limit "
		   "(hard unlimited), no CAP_IPC_LOCK; raise it: prlimit --pid 4242 --memlock=16838656:");
	event.hard_limit = 16838656;
	check(says(&event, "--memlock=16838656:"));
	check(!strstr(verdict(&event), "root"));
	event.hard_limit--;
	check(says(&event, "--memlock=16838656:16838656"));
}

static void what_was_locked_already_is_in_the_sum(void)
{
	struct mlocktrace_event event = sample_over_limit(MLOCKTRACE_OP_MLOCK2, 60 * K, 72 * K, 40 * K);

	event.limit = 64 * K;
	check(says(&event, "60K locked + 72K asked - 40K already locked > 64K soft limit (hard 8.0M), no"));
	check(says(&event, "--memlock=94208:"));
}

static void figures_that_round_to_a_falsehood_are_exact(void)
{
	struct mlocktrace_event event = sample_over_limit(MLOCKTRACE_OP_MLOCK, 0, 8 * M + 4 * K, 0);

	check(says(&event, "0 locked + 8196K asked > 8192K soft limit (hard 8192K)"));
	event = sample_over_limit(MLOCKTRACE_OP_MLOCKALL, 0, 8 * M + 4 * K, 0);
	check(says(&event, "the whole address space of 8196K > 8192K soft limit"));
	event.asked = 12 * M + 300 * K;
	check(says(&event, "over the limit: the whole address space of 12.3M > 8.0M soft limit (hard 8.0M)"));
}

static void a_sum_that_does_not_hold_is_not_printed(void)
{
	struct mlocktrace_event event = sample_over_limit(MLOCKTRACE_OP_MLOCK, 6 * M, 4 * M, 3 * M);

	check(!strstr(verdict(&event), ">"));
	check(says(&event, "over the limit: "));
	check(says(&event, "6.0M locked, 4.0M asked, soft limit 8.0M"));
	event = sample_over_limit(MLOCKTRACE_OP_MLOCK, -4096, 0, 0);
	check(says(&event, "-4K locked"));
	check(!strstr(verdict(&event), ">"));
}

static void a_limit_of_zero_permits_nothing(void)
{
	struct mlocktrace_event event = sample_over_limit(MLOCKTRACE_OP_MLOCK, 0, 64 * K, 0);

	event.ret = -EPERM;
	event.limit = 0;
	event.hard_limit = 0;
	check(says(&event, "the soft limit is 0 (hard 0), no CAP_IPC_LOCK"));
	check(says(&event, "as root: prlimit --pid 4242 --memlock=65536:65536, or grant CAP_IPC_LOCK"));
	event.hard_limit = 8 * M;
	check(says(&event, "raise it: prlimit --pid 4242 --memlock=65536:"));
}

static void where_it_cannot_be_told_it_says_so(void)
{
	struct mlocktrace_event event = sample_over_limit(MLOCKTRACE_OP_MLOCK, 64 * K, 4 * K, 0);

	event.limit = 64 * K;
	event.flags = 0;
	check(says(&event, "the limit or a hole: 64K locked + 4K asked > 64K soft limit"));
	check(!strstr(verdict(&event), "not about"));
	event.flags = F(HOLE);
	event.where = event.addr;
	check(says(&event, "nothing is mapped at 0x7f12a4000000"));
	check(says(&event, "the limit may be in the way as well"));
	check(!strstr(verdict(&event), "not about"));
}

/* Does the sum hold as printed, with figures that are the record's? */
static bool sum_holds(const struct mlocktrace_event *event)
{
	const char *text = verdict(event);
	long double left, limit, had, asked, overlap = 0;

	if (!skip_words(&text, "over the limit: "))
		return false;
	if (event->op == MLOCKTRACE_OP_MLOCKALL) {
		if (!skip_words(&text, "the whole address space of "))
			return false;
		left = read_size(&text);
		if (!is_near(left, event->asked))
			return false;
	} else {
		had = read_size(&text);
		if (!skip_words(&text, " locked + "))
			return false;
		asked = read_size(&text);
		if (!skip_words(&text, " asked"))
			return false;
		if (skip_words(&text, " - ")) {
			overlap = read_size(&text);
			if (!skip_words(&text, " already locked"))
				return false;
		}
		left = had + asked - overlap;
		if (!is_near(had, event->before) || !is_near(asked, event->asked) ||
		    !is_near(overlap, event->overlap))
			return false;
	}
	if (!skip_words(&text, " > "))
		return false;
	limit = read_size(&text);
	return skip_words(&text, " soft limit (hard ") && left > limit && is_near(limit, event->limit);
}

/* The command does what is needed, and only that. */
static bool remedy_suffices(const struct mlocktrace_event *event)
{
	uint64_t need = event->op == MLOCKTRACE_OP_MLOCKALL ? event->asked :
			event->before + event->asked - event->overlap;
	const char *text = strstr(verdict(event), "prlimit --pid 4242 --memlock=");
	char *end;

	if (!text || strtoull(text + strlen("prlimit --pid 4242 --memlock="), &end, 10) != need ||
	    *end != ':')
		return false;
	return need <= event->hard_limit ? !end[1] : strtoull(end + 1, &end, 10) == need;
}

static void every_sum_printed_holds_as_printed(void)
{
	size_t sums = 0;

	srand(4);
	for (int round = 0; round < 300000; round++) {
		bool all = rand() % 5 == 0;
		uint64_t had = random_size(), asked = random_size(), sum;
		uint64_t overlap = all || rand() % 2 ? 0 : (had < asked ? had : asked) / 2 & ~0xfffULL;
		struct mlocktrace_event event = sample_over_limit(all ? MLOCKTRACE_OP_MLOCKALL :
								  MLOCKTRACE_OP_MLOCK, had, asked, overlap);

		sum = all ? asked : had + asked - overlap;
		if (!sum)
			continue;
		/* Mostly just below the sum, where rounding tells lies. */
		event.limit = rand() % 3 ? sum - 1 - rand() % (sum < 40000 ? sum : 40000) : rand() % sum;
		event.hard_limit = rand() % 2 ? event.limit : MLOCKTRACE_UNLIMITED;
		sums++;
		if (!sum_holds(&event) || !remedy_suffices(&event)) {
			printf("# %s\n", verdict(&event));
			check(!"the sum holds and the remedy suffices");
			return;
		}
	}
	check(sums > 200000);
}

/* ---- everything else --------------------------------------------------------- */

static struct mlocktrace_event refused(unsigned int op, int ret, uint64_t flags)
{
	struct mlocktrace_event event = sample_lock(op, 0, 64 * K);

	event.after = 0;
	event.ret = ret;
	event.flags = flags | F(STEPS) | F(LIMIT_PASSED);
	return event;
}

static void a_hole_is_named_with_what_stays_locked(void)
{
	struct mlocktrace_event event = refused(MLOCKTRACE_OP_MLOCK, -ENOMEM, F(HOLE));

	event.where = event.addr + 16 * K;
	event.after = 16 * K;
	check_text(verdict(&event), "not about the memlock limit: nothing is mapped at 0x7f12a4004000; the "
		   "16K before it stay locked (delta +16K)");
	event.op = MLOCKTRACE_OP_MUNLOCK;
	event.after = -16384;
	check(says(&event, "the 16K before it were unlocked (delta -16K)"));
	event.flags &= ~(uint64_t)F(HOLE);
	check(says(&event, "not about the memlock limit: part of the range is not mapped"));
}

static void what_is_not_about_the_limit_says_so(void)
{
	static const struct {
		uint8_t op;
		int ret;
		uint64_t flags;
		const char *words;
	} cases[] = {
		{ MLOCKTRACE_OP_MLOCK, -ENOMEM, F(SPLIT_FAILED) | F(MAP_LIMIT), "vm.max_map_count" },
		{ MLOCKTRACE_OP_MLOCK, -ENOMEM, F(SPLIT_FAILED), "no memory for splitting" },
		{ MLOCKTRACE_OP_MLOCK, -ENOMEM, F(POPULATED), "cannot be faulted in (PROT_NONE" },
		{ MLOCKTRACE_OP_MLOCK, -EAGAIN, F(POPULATED), "no memory for faulting the range in" },
		{ MLOCKTRACE_OP_MLOCK, -EINVAL, 0, "0x7f12a4000000 + length 65536 goes past the end" },
		{ MLOCKTRACE_OP_MLOCK, -EINVAL, F(SPLIT_FAILED), "EINVAL is the kernel's own answer: a mapping" },
		{ MLOCKTRACE_OP_MLOCK, -EPERM, 0, "the soft limit is 8.0M, not 0" },
		{ MLOCKTRACE_OP_MLOCK, -EPERM, F(SECCOMP), "seccomp" },
		{ MLOCKTRACE_OP_MLOCK, -EINTR, 0, "waited for the address space" },
		{ MLOCKTRACE_OP_MLOCK, -EINTR, F(POPULATED), "faulted pages in" },
		{ MLOCKTRACE_OP_MLOCK, -EIO, 0, "EIO is the kernel's own answer" },
		{ MLOCKTRACE_OP_MLOCK, -4000, 0, "an unknown error is" },
		{ MLOCKTRACE_OP_MLOCKALL, -EINVAL, 0, "no flags at all: say what to lock with MCL_CURRENT or MCL_FUTURE" },
		{ MLOCKTRACE_OP_MUNLOCK, -ENOMEM, F(HOLE), "nothing is mapped" },
		{ MLOCKTRACE_OP_MUNLOCKALL, -EINTR, 0, "fatal signal" },
	};

	for (size_t i = 0; i < KTAP_SIZE(cases); i++) {
		struct mlocktrace_event event = refused(cases[i].op, cases[i].ret, cases[i].flags);

		check(says(&event, cases[i].words));
		check(says(&event, "not about the memlock limit: "));
	}
}

static void bad_flags_are_named(void)
{
	struct mlocktrace_event event = refused(MLOCKTRACE_OP_MLOCK2, -EINVAL, F(UNKNOWN_FLAGS));

	event.arg = 0x18 | MLOCK_ONFAULT;
	check(says(&event, "not about the memlock limit: flags 0x18 are unknown"));
	event.op = MLOCKTRACE_OP_MLOCKALL;
	event.arg = MCL_ONFAULT;
	event.flags = F(MCL_ONFAULT);
	check(says(&event, "flags 0x4 make no sense together"));
}

static void a_failed_fault_in_tells_what_stays_charged(void)
{
	struct mlocktrace_event event = refused(MLOCKTRACE_OP_MLOCK, -ENOMEM, F(POPULATED) | F(POPULATE_FAILED));

	event.after = 24 * K;
	event.inner_ret = -EFAULT;
	check(says(&event, "stays so (delta +24K)"));
	event.inner_ret = -EHWPOISON;
	event.ret = -EHWPOISON;
	check(says(&event, "(EHWPOISON)"));
}

static void a_refused_change_of_the_limit_names_the_right_that_is_missing(void)
{
	struct mlocktrace_event event = sample(MLOCKTRACE_OP_SETRLIMIT);

	event.ret = -EPERM;
	event.old_limit = 64 * K;
	event.old_hard_limit = 64 * K;
	check(says(&event, "raising the hard limit (64K -> 8.0M) needs CAP_SYS_RESOURCE"));
	event.target_pid = 4300;
	event.flags = F(NO_BEFORE);
	check(says(&event, "no permission over process 4300"));
	event.ret = -EINVAL;
	event.hard_limit = 4 * M;
	check(says(&event, "a soft limit of 8.0M above the hard limit of 4.0M"));
	event.ret = -ESRCH;
	check(says(&event, "ESRCH"));
}

static void what_worked_tells_where_it_stands(void)
{
	struct mlocktrace_event event = sample_lock(MLOCKTRACE_OP_MLOCK, 60 * K, 64 * K);

	check_text(verdict(&event), "124K locked now, soft limit 8.0M");
	event.after = event.before;
	check(says(&event, "nothing to add: the 64K asked for were locked already"));
	event.limit = 4 * K;
	event.flags |= F(CAPABLE);
	check(says(&event, "above it by CAP_IPC_LOCK"));
	event = sample_lock(MLOCKTRACE_OP_MLOCKALL, 0, 12 * M);
	event.flags |= F(PARTIAL) | F(MCL_FUTURE);
	check(says(&event, "it returned 0, yet some mappings could not be locked"));
	check(says(&event, "every new mapping is locked too"));
	event.flags = F(SECCOMP);
	check(says(&event, "returned 0, but a seccomp filter"));
	event = sample(MLOCKTRACE_OP_MUNLOCKALL);
	check(says(&event, "nothing of it was locked; 0 locked now"));
}

static void a_fork_tells_what_the_child_lacks(void)
{
	struct mlocktrace_event event = sample(MLOCKTRACE_OP_FORK);

	event.target_pid = 4243;
	check_text(verdict(&event), "");
	event.before = event.after = 64 * K;
	check_text(verdict(&event), "child 4243 holds none of the 64K its parent has locked");
	event.flags = F(MCL_FUTURE);
	check(says(&event, ", and MCL_FUTURE is off in it"));
}

static void ends_tell_what_was_given_back(void)
{
	struct mlocktrace_event event = sample(MLOCKTRACE_OP_EXIT);

	check_text(verdict(&event), "");
	event.before = 64 * K;
	event.flags = F(LATE);
	check(says(&event, "64K were locked and are free"));
	check(says(&event, "outlived its process"));
	event.op = MLOCKTRACE_OP_EXEC;
	event.flags = F(INFERRED);
	check(says(&event, "the new one starts at 0"));
	check(says(&event, "inferred"));
	event = sample_lock(MLOCKTRACE_OP_MLOCK, 0, 4 * K);
	event.flags = F(SAMPLED);
	check(says(&event, "sampled outside the lock"));
}

static void a_changed_limit_tells_by_whom_and_for_whom(void)
{
	struct mlocktrace_event event = sample(MLOCKTRACE_OP_SETRLIMIT);

	event.old_limit = 64 * K;
	event.old_hard_limit = MLOCKTRACE_UNLIMITED;
	memcpy(event.comm, "ba\033sh", 6);
	check_text(verdict(&event), "soft limit 64K -> 8.0M, hard unlimited -> 8.0M, set by 4242 (ba\\x1bsh) "
		   "for itself; only CAP_SYS_RESOURCE can raise the hard limit again");
	event.target_pid = 4300;
	event.flags = F(NO_BEFORE);
	check(says(&event, "soft limit unknown -> 8.0M"));
	check(says(&event, "for process 4300"));
}

static void the_length_is_counted_as_snprintf_does(void)
{
	struct mlocktrace_event event = sample_over_limit(MLOCKTRACE_OP_MLOCK, 60 * K, 16 * M, 0);
	size_t full = strlen(verdict(&event));
	char whole[512], part[512];

	mlocktrace_explain(&event, whole, sizeof(whole));
	for (size_t size = 0; size < full + 3; size++) {
		memset(part, '#', sizeof(part));
		check_int(mlocktrace_explain(&event, part, size), full);
		if (size)
			check(!strncmp(part, whole, size - 1) && strlen(part) == (size <= full ? size - 1 : full));
		check(part[size] == '#');
	}
	event = sample(MLOCKTRACE_OP_LOST);
	check_int(mlocktrace_explain(&event, part, sizeof(part)), 0);
	check_text(part, "");
}

static void any_record_is_explained_in_printable_words(void)
{
	srand(5);
	for (int round = 0; round < 100000; round++) {
		struct mlocktrace_event event;
		const char *text;

		for (size_t i = 0; i < sizeof(event); i++)
			((unsigned char *)&event)[i] = rand() % 3 ? 0 : rand();
		event.op = rand() % (MLOCKTRACE_OP_MAX + 1);
		event.ret = rand() % 4 ? -(rand() % 40) : event.ret;
		text = verdict(&event);
		if (strlen(text) > 800 || (event.ret < 0 && !*text) || strstr(text, "; ;") ||
		    strpbrk(text, "\n\r\t\033")) {
			printf("# %s\n", text);
			check(!"a verdict of printable words");
			return;
		}
	}
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(the_model_sentence),
		KTAP_TEST(what_was_locked_already_is_in_the_sum),
		KTAP_TEST(figures_that_round_to_a_falsehood_are_exact),
		KTAP_TEST(a_sum_that_does_not_hold_is_not_printed),
		KTAP_TEST(a_limit_of_zero_permits_nothing),
		KTAP_TEST(where_it_cannot_be_told_it_says_so),
		KTAP_TEST(every_sum_printed_holds_as_printed),
		KTAP_TEST(a_hole_is_named_with_what_stays_locked),
		KTAP_TEST(what_is_not_about_the_limit_says_so),
		KTAP_TEST(bad_flags_are_named),
		KTAP_TEST(a_failed_fault_in_tells_what_stays_charged),
		KTAP_TEST(a_refused_change_of_the_limit_names_the_right_that_is_missing),
		KTAP_TEST(what_worked_tells_where_it_stands),
		KTAP_TEST(a_fork_tells_what_the_child_lacks),
		KTAP_TEST(ends_tell_what_was_given_back),
		KTAP_TEST(a_changed_limit_tells_by_whom_and_for_whom),
		KTAP_TEST(the_length_is_counted_as_snprintf_does),
		KTAP_TEST(any_record_is_explained_in_printable_words),
	};

	return ktap_run(tests, KTAP_SIZE(tests));
}
