// SPDX-License-Identifier: GPL-2.0
/*
 * Verdicts on what changes mappings and charges other counters: the sentences,
 * and that their sums hold as printed.
 */
#include <sys/mman.h>

#include "format.h"
#include "ktap.h"
#include "sample.h"
#include "says.h"
#include "sums.h"

#define F(TAG) MLOCKTRACE_F_##TAG
#define SECOND 1000000000ULL

static bool says_not(const struct mlocktrace_event *event, const char *words)
{
	if (!strstr(verdict(event), words))
		return true;
	printf("# \"%s\" speaks of \"%s\"\n", verdict(event), words);
	return false;
}

/* A refusal with 60K had and 16K asked of 64K, in the system call of this number. */
static struct mlocktrace_event refused(unsigned int op, int ret, int sysno)
{
	struct mlocktrace_event event = sample(op);

	event.ret = ret;
	event.sysno = sysno;
	event.before = event.after = 60 * K;
	event.len = event.asked = 16 * K;
	event.limit = event.hard_limit = 64 * K;
	return event;
}

static struct mlocktrace_event refused_of(unsigned int op, int ret, unsigned int counter)
{
	struct mlocktrace_event event = refused(op, ret, 16);

	event.counter = counter;
	event.owner_uid = 1001;
	return event;
}

/* ---- what is mapped ------------------------------------------------------------ */

static void mmap_under_mcl_future_points_back_to_mlockall(void)
{
	struct mlocktrace_event event = refused(MLOCKTRACE_OP_MMAP, -EAGAIN, 9);

	event.flags = F(ARMED);
	event.armed_ns = event.time_ns - 3250 * SECOND / 1000;
	check_text(verdict(&event), "over the limit: 60K locked + 16K asked > 64K soft limit (hard 64K), no "
		   "CAP_IPC_LOCK; MCL_FUTURE locks it (mlockall 3.2 s ago); raise the limit as root: prlimit "
		   "--pid 4242 --memlock=77824:77824, or grant CAP_IPC_LOCK, or call mlockall without "
		   "MCL_FUTURE (MCL_ONFAULT does not help)");
	event.armed_ns = 0;
	check(says(&event, "MCL_FUTURE locks it (mlockall before tracing began)"));
	event.armed_ns = event.time_ns + 1;
	check(says(&event, "MCL_FUTURE locks it (mlockall at that moment)"));
	/* A lock asked for by its flag is not MCL_FUTURE's doing. */
	event.flags |= F(MAP_LOCKED);
	check(says_not(&event, "MCL_"));
}

static void a_capability_given_up_is_named(void)
{
	struct mlocktrace_event event = refused(MLOCKTRACE_OP_MMAP, -EAGAIN, 9);

	event.flags = F(ARMED) | F(CAP_GIVEN_UP);
	event.armed_ns = event.time_ns - 3250 * SECOND / 1000;
	check(says(&event, "no CAP_IPC_LOCK; MCL_FUTURE was switched on 3.2 s ago with CAP_IPC_LOCK, which the "
			   "process has given up since; raise the limit as root"));
	event.flags |= F(MAP_LOCKED);
	check(says(&event, "which the process has given up since"));
}

static void times_that_passed_are_told_in_fitting_units(void)
{
	static const struct {
		uint64_t ns;
		const char *words;
	} cases[] = {
		{ 0, "less than 1 ms ago" }, { 999999, "less than 1 ms ago" }, { 1000000, "1 ms ago" },
		{ SECOND - 1, "999 ms ago" }, { SECOND, "1.0 s ago" }, { 10 * SECOND - 1, "9.9 s ago" },
		{ 10 * SECOND, "10 s ago" }, { 120 * SECOND - 1, "119 s ago" }, { 120 * SECOND, "2 min ago" },
		{ 7200 * SECOND - 1, "119 min ago" }, { 7200 * SECOND, "2 h ago" },
		{ 172800 * SECOND - 1, "47 h ago" }, { 172800 * SECOND, "2 days ago" },
	};
	struct mlocktrace_event event = refused(MLOCKTRACE_OP_BRK, -ENOMEM, 12);

	event.flags = F(ARMED);
	event.time_ns = 400000 * SECOND;
	for (size_t i = 0; i < KTAP_SIZE(cases); i++) {
		event.armed_ns = event.time_ns - cases[i].ns;
		check(says(&event, cases[i].words));
	}
}

static void a_limit_that_was_seen_set_names_who_set_it(void)
{
	struct mlocktrace_event event = refused(MLOCKTRACE_OP_MMAP, -EAGAIN, 9);

	event.flags = F(MAP_LOCKED);
	check(says_not(&event, "was set"));
	event.limit_ns = event.time_ns - 12 * SECOND;
	event.limit_pid = 812;
	memcpy(event.limit_comm, "pr\033limit", 8);
	check(says(&event, "no CAP_IPC_LOCK; the limit was set 12 s before by pr\\x1blimit[812]; raise it as root"));
	event.limit_execs = 1;
	check(says(&event, "[812], inherited over 1 exec; raise it"));
	event.limit_forks = 2;
	check(says(&event, "[812], inherited over 2 forks and 1 exec; raise it"));
	event.limit_forks = 65535;
	event.limit_execs = 0;
	check(says(&event, "inherited over at least 65535 forks; raise it"));
	event.limit_ns = event.time_ns + 1;
	check(says(&event, "the limit was set at that moment by"));
	event.flags = F(ARMED);
	check(says(&event, "before tracing began); the limit was set at that moment"));
	event = sample_over_limit(MLOCKTRACE_OP_MLOCK, 60 * K, 16 * M, 0);
	event.limit_ns = event.time_ns - 12 * SECOND;
	check(says(&event, "the limit was set 12 s before by"));
	event.ret = -EPERM;
	event.limit = 0;
	check(says(&event, "the limit was set 12 s before by"));
}

static void brk_names_a_second_limit_in_the_way(void)
{
	struct mlocktrace_event event = refused(MLOCKTRACE_OP_BRK, -ENOMEM, 12);

	event.flags = F(ARMED);
	check(says(&event, "60K locked + 16K asked > 64K soft limit"));
	check(says(&event, "or call mlockall without MCL_FUTURE"));
	check(says_not(&event, "RLIMIT_AS"));
	event.flags |= F(RLIMIT_AS);
	check(says(&event, "; RLIMIT_AS or RLIMIT_DATA stands in the way as well"));
	event.limit = 8 * M;
	check(says(&event, "not about the memlock limit: the address space or the data would exceed RLIMIT_AS"));
}

static void a_stack_tells_how_its_refusal_arrived(void)
{
	struct mlocktrace_event event = refused(MLOCKTRACE_OP_STACK, -ENOMEM, -1);

	event.flags = F(ARMED);
	event.armed_ns = event.time_ns - SECOND;
	check_text(verdict(&event), "over the limit: 60K locked + 16K asked > 64K soft limit (hard 64K), no "
		   "CAP_IPC_LOCK; the stack is locked, and MCL_FUTURE is on (mlockall 1.0 s ago); raise the limit "
		   "as root: prlimit --pid 4242 --memlock=77824:77824, or grant CAP_IPC_LOCK; the process got "
		   "SIGSEGV");
	event.sysno = 0;
	check(says(&event, "; the fault was inside of read, which fails with EFAULT"));
	event.sysno = 9999;
	check(says(&event, "; the fault was inside of a system call, which fails with EFAULT"));
	event.flags = F(REMOTE);
	event.target_pid = 4300;
	check(says(&event, "; the limit that counts is that of 4242, who did it, not that of process 4300; "
			   "raise the limit as root: prlimit --pid 4242"));
	check(says_not(&event, "EFAULT"));
	/* A process of another pid namespace */
	event.target_pid = 0;
	check(says(&event, "; the limit that counts is that of 4242, who did it to another process; raise the limit"));
	check(says_not(&event, "EFAULT"));
}

static void a_stack_that_met_something_else_says_what(void)
{
	struct mlocktrace_event event = refused(MLOCKTRACE_OP_STACK, -ENOMEM, -1);

	event.flags = F(RLIMIT_STACK);
	check_text(verdict(&event), "not about the memlock limit: the stack would exceed RLIMIT_STACK (ulimit -s); "
		   "the process got SIGSEGV");
	event.flags = 0;
	event.limit = 8 * M;
	check(says(&event, "the stack could not grow (60K locked + 16K asked fit the soft limit of 8.0M): "));
	event.flags = F(CAPABLE);
	event.limit = 64 * K;
	check(says(&event, "the stack could not grow (CAP_IPC_LOCK lifts it): "));
}

static void mremap_counts_what_was_left_when_it_asked(void)
{
	struct mlocktrace_event event = refused(MLOCKTRACE_OP_MREMAP, -EAGAIN, 25);

	event.where = event.addr;
	event.old_len = 64 * K;
	event.asked = 64 * K;
	check(says(&event, "60K locked + 64K asked > 64K soft limit"));
	check(says(&event, "or munlock the mapping before it grows"));
	check(says_not(&event, "already locked"));
	event.after = 44 * K;
	check(says(&event, "44K locked + 64K asked > 64K soft limit"));
	check(says(&event, "--memlock=110592:110592"));
	check(says(&event, "; what it was to replace is unmapped all the same (delta -16K)"));
	event.ret = -EFAULT;
	check(says(&event, "not about the memlock limit: no single mapping that may grow covers 0x7f12a4000000 and "
			   "the 64K behind it; what it was to replace is unmapped"));
	event.flags = F(SAMPLED);
	check(says_not(&event, "unmapped"));
}

static void what_a_sum_counts_unexpectedly_is_said(void)
{
	struct mlocktrace_event event = refused(MLOCKTRACE_OP_MMAP, -EAGAIN, 9);

	event.flags = F(MAP_LOCKED);
	check(says_not(&event, "MAP_FIXED"));
	event.arg = MAP_FIXED | MAP_HUGETLB;
	check(says(&event, "locked memory that a MAP_FIXED mapping replaces counts until it is gone"));
	check(says(&event, "huge pages count in this test, though they are never charged"));
	/* Flags of shmat, which mean other things */
	event.sysno = 30;
	check(says_not(&event, "MAP_FIXED"));
	check(says_not(&event, "huge pages"));
	event.sysno = 206;
	event.ret = -ENOMEM;
	check(says(&event, "the ring of io_setup counts in this test, though it is never charged"));
}

/* ---- other counters -------------------------------------------------------------- */

static void the_pool_of_a_user_is_held_by_all_his_processes(void)
{
	struct mlocktrace_event event = refused_of(MLOCKTRACE_OP_IO_URING, -ENOMEM, MLOCKTRACE_COUNTER_USER);

	check_text(verdict(&event), "over the limit: user 1001's io_uring, AF_XDP and zero-copy memory: 60K held by "
		   "all its processes + 16K asked > 64K soft limit (hard 64K), no CAP_IPC_LOCK; raise it as root: "
		   "prlimit --pid 4242 --memlock=77824:77824, or grant CAP_IPC_LOCK");
	event.op = MLOCKTRACE_OP_ZEROCOPY;
	event.ret = -ENOBUFS;
	check(says(&event, "user 1001's io_uring, AF_XDP and zero-copy memory: 60K held by all its processes"));
	event.asked = 4 * K;
	check(says(&event, "not about the memlock limit: the option memory of the socket is used up (60K held by all "
			   "of user 1001's processes + 4K asked fit the soft limit of 64K); wait for completions, or "
			   "raise net.core.optmem_max"));
	event.op = MLOCKTRACE_OP_IO_URING;
	event.ret = -ENOMEM;
	check(says(&event, "not about the memlock limit: the kernel found no memory (60K held"));
}

static void no_capability_is_offered_for_secret_memory(void)
{
	struct mlocktrace_event event = refused_of(MLOCKTRACE_OP_SECRETMEM, -EFAULT, MLOCKTRACE_COUNTER_USER);

	event.sysno = -1;
	event.flags = F(CAPABLE);
	check_text(verdict(&event), "over the limit: user 1001's secret, io_uring, AF_XDP and zero-copy memory: 60K "
		   "held by all its processes + 16K asked > 64K soft limit (hard 64K), which CAP_IPC_LOCK does not "
		   "lift; raise it as root: prlimit --pid 4242 --memlock=77824:77824; the process got SIGBUS");
	event.limit = 8 * M;
	check(says(&event, "not about the memlock limit: the page cannot be had: past the end of the file"));
	/* Older kernels refuse the mapping, and there the capability counts. */
	event = refused(MLOCKTRACE_OP_SECRETMEM, -EAGAIN, 9);
	check(says(&event, "60K locked + 16K asked > 64K soft limit (hard 64K), no CAP_IPC_LOCK"));
	check(says(&event, "or grant CAP_IPC_LOCK"));
}

static void segments_are_held_beyond_the_end_of_processes(void)
{
	struct mlocktrace_event event = refused_of(MLOCKTRACE_OP_SHM_LOCK, -ENOMEM, MLOCKTRACE_COUNTER_SHM);

	check(says(&event, "over the limit: user 1001's locked System V segments: 60K held, also for processes that "
			   "are gone, + 16K asked > 64K soft limit (hard 64K), no CAP_IPC_LOCK; raise it as root: "));
	check(says(&event, ", or unlock or remove segments (ipcs -m, ipcrm -m)"));
	event.flags = F(NO_BEFORE);
	check(says(&event, "segments: what it holds over all its processes + 16K asked > 64K soft limit (hard 64K), "
			   "no CAP_IPC_LOCK; raise it, or unlock or remove segments"));
	check(says_not(&event, "60K"));
	event.flags = 0;
	event.limit = 8 * M;
	check(says(&event, "60K held + 16K asked fit the soft limit of 8.0M, so it is the maximum of a user namespace "
			   "above that is exceeded"));
	check(says_not(&event, "prlimit"));
}

static void a_perf_ring_is_compared_beyond_its_pool(void)
{
	struct mlocktrace_event event = refused_of(MLOCKTRACE_OP_PERF_MMAP, -EPERM, MLOCKTRACE_COUNTER_PERF);

	check(says(&event, "over the limit: beyond user 1001's pool of perf rings: 60K pinned + 16K asked > 64K soft "
			   "limit (hard 64K), no CAP_IPC_LOCK"));
	check(says(&event, ", or take a smaller ring, or raise kernel.perf_event_mlock_kb"));
	/* vmpin is the process's own, and the record says of no user. */
	event.counter = MLOCKTRACE_COUNTER_VMPIN;
	check(says(&event, "over the limit: beyond the user's pool of perf rings: 60K pinned + 16K asked > 64K"));
}

static void pinned_pages_are_called_so(void)
{
	struct mlocktrace_event event = refused_of(MLOCKTRACE_OP_PIN, -ENOMEM, MLOCKTRACE_COUNTER_VMPIN);

	check(says(&event, "over the limit: 60K pinned + 16K asked > 64K soft limit"));
	event.op = MLOCKTRACE_OP_ACCOUNT_LOCKED_VM;
	event.counter = MLOCKTRACE_COUNTER_VMLCK;
	check(says(&event, "over the limit: 60K locked + 16K asked > 64K soft limit"));
	event.ret = -EPERM;
	event.limit = 0;
	check(says(&event, "the soft limit is 0"));
}

static void permissions_of_another_kind_are_named(void)
{
	static const struct {
		uint8_t op;
		int sysno;
		const char *words;
	} cases[] = {
		{ MLOCKTRACE_OP_SHM_LOCK, 31, "only the owner and the creator of a segment, or CAP_IPC_LOCK, may lock" },
		{ MLOCKTRACE_OP_SHM_UNLOCK, 31, "may unlock it" },
		{ MLOCKTRACE_OP_SHM_HUGETLB, 29, "vm.hugetlb_shm_group; raising the limit does not help" },
		{ MLOCKTRACE_OP_IO_URING, 425, "kernel.io_uring_disabled" },
		{ MLOCKTRACE_OP_MMAP, 9, "a sealed file or mapping" },
		{ MLOCKTRACE_OP_PIN, 16, "a permission of another kind" },
	};

	for (size_t i = 0; i < KTAP_SIZE(cases); i++) {
		struct mlocktrace_event event = refused(cases[i].op, -EPERM, cases[i].sysno);

		check(says(&event, cases[i].words));
		check(says(&event, "not about the memlock limit: "));
	}
}

static void what_is_not_about_the_limit_says_so(void)
{
	static const struct {
		uint8_t op;
		int ret;
		uint64_t flags;
		const char *words;
	} cases[] = {
		{ MLOCKTRACE_OP_MMAP, -ENOMEM, 0, "no memory or no room in the address space; overcommit" },
		{ MLOCKTRACE_OP_MMAP, -ENOMEM, F(MAP_LIMIT), "it takes one mapping more, and the process has vm.max" },
		{ MLOCKTRACE_OP_MMAP, -EAGAIN, 0, "EAGAIN is the kernel's own answer" },
		{ MLOCKTRACE_OP_MMAP, -4000, 0, "an unknown error is the kernel's own answer" },
		{ MLOCKTRACE_OP_MREMAP, -EINVAL, 0, "EINVAL is the kernel's own answer" },
		{ MLOCKTRACE_OP_MUNMAP, -ENOMEM, 0, "no memory for splitting a mapping" },
		{ MLOCKTRACE_OP_MUNMAP, -ENOMEM, F(MAP_LIMIT), "would have to be split, and the process has vm.max" },
		{ MLOCKTRACE_OP_BRK, -EINTR, F(ARMED), "a fatal signal came" },
		{ MLOCKTRACE_OP_MMAP, -EAGAIN, F(SECCOMP) | F(ARMED), "a seccomp filter or a tracer answered" },
		{ MLOCKTRACE_OP_SHM_HUGETLB, -ENOMEM, 0, "there may be too few huge pages (vm.nr_hugepages)" },
		{ MLOCKTRACE_OP_XDP_UMEM, -ENOMEM, 0, "the kernel found no memory; the machine" },
	};

	for (size_t i = 0; i < KTAP_SIZE(cases); i++) {
		struct mlocktrace_event event = refused(cases[i].op, cases[i].ret, 0);

		event.flags = cases[i].flags;
		check(says(&event, cases[i].words));
		check(says(&event, "not about the memlock limit: "));
		check(says_not(&event, "prlimit"));
	}
}

static void a_sum_is_shown_to_fit_only_where_it_was_made(void)
{
	struct mlocktrace_event event = refused(MLOCKTRACE_OP_MMAP, -ENOMEM, 9);

	event.limit = 8 * M;
	check(says_not(&event, "fit the soft limit"));
	event.flags = F(ARMED);
	check(says(&event, "in the address space (60K locked + 16K asked fit the soft limit of 8.0M); overcommit"));
	event.flags |= F(NO_BEFORE);
	check(says_not(&event, "fit the soft limit"));
	event = refused(MLOCKTRACE_OP_SHM_HUGETLB, -ENOMEM, 29);
	event.limit = 8 * M;
	check(says_not(&event, "fit the soft limit"));
}

static void what_worked_tells_where_it_stands(void)
{
	struct mlocktrace_event event = sample_lock(MLOCKTRACE_OP_MMAP, 60 * K, 64 * K);

	check_text(verdict(&event), "124K locked now, soft limit 8.0M");
	event.flags = F(ARMED);
	event.armed_ns = event.time_ns - SECOND;
	check_text(verdict(&event), "124K locked now, soft limit 8.0M; MCL_FUTURE locks it (mlockall 1.0 s ago)");
	event.after = event.before;
	check(says(&event, "nothing to add: the 64K asked for were locked already, or are never charged"));
	event = sample_lock(MLOCKTRACE_OP_STACK, 0, 4 * K);
	event.flags = F(REMOTE);
	event.target_pid = 4300;
	check(says(&event, "4K locked now, soft limit 8.0M; it is the memory of process 4300"));
	event = sample(MLOCKTRACE_OP_UNATTRIBUTED);
	event.after = 16 * K;
	check_text(verdict(&event), "the counter moved by +16K and no operation that we know of explains it; 16K "
		   "locked now, soft limit 8.0M");
	event = sample_lock(MLOCKTRACE_OP_IO_URING, 60 * K, 64 * K);
	event.counter = MLOCKTRACE_COUNTER_USER;
	event.owner_uid = 1001;
	check_text(verdict(&event), "user 1001's io_uring, AF_XDP, zero-copy and secret memory: 124K held by all its "
		   "processes now, soft limit 8.0M");
	event.counter = MLOCKTRACE_COUNTER_SHM;
	check(says(&event, "user 1001's locked System V segments: 124K now, until they are unlocked or removed"));
	event.flags = F(NO_BEFORE);
	check_text(verdict(&event), "");
	event.flags = 0;
	event.counter = MLOCKTRACE_COUNTER_VMPIN;
	check_text(verdict(&event), "124K pinned now, soft limit 8.0M");
	event.counter = MLOCKTRACE_COUNTER_PERF;
	check_text(verdict(&event), "user 1001's perf rings: 124K now, soft limit 8.0M");
}

/* ---- the arithmetic ---------------------------------------------------------------- */

static const struct kind {
	uint8_t op;
	uint8_t counter;
	int ret;
	uint64_t flags;
	const char *owner;
	const char *held;
} kinds[] = {
	{ MLOCKTRACE_OP_MMAP, MLOCKTRACE_COUNTER_VMLCK, -EAGAIN, F(ARMED), "", " locked" },
	{ MLOCKTRACE_OP_BRK, MLOCKTRACE_COUNTER_VMLCK, -ENOMEM, F(ARMED), "", " locked" },
	{ MLOCKTRACE_OP_STACK, MLOCKTRACE_COUNTER_VMLCK, -ENOMEM, 0, "", " locked" },
	{ MLOCKTRACE_OP_MREMAP, MLOCKTRACE_COUNTER_VMLCK, -EAGAIN, 0, "", " locked" },
	{ MLOCKTRACE_OP_SHM_LOCK, MLOCKTRACE_COUNTER_SHM, -ENOMEM, 0,
	  "user 1001's locked System V segments: ", " held, also for processes that are gone," },
	{ MLOCKTRACE_OP_XDP_UMEM, MLOCKTRACE_COUNTER_USER, -ENOBUFS, 0,
	  "user 1001's io_uring, AF_XDP and zero-copy memory: ", " held by all its processes" },
	{ MLOCKTRACE_OP_PERF_MMAP, MLOCKTRACE_COUNTER_PERF, -EPERM, 0,
	  "beyond user 1001's pool of perf rings: ", " pinned" },
	{ MLOCKTRACE_OP_PIN, MLOCKTRACE_COUNTER_VMPIN, -ENOMEM, 0, "", " pinned" },
};

/* Does the sum hold as printed, with figures that are the record's, and does the command suffice? */
static bool sum_holds(const struct mlocktrace_event *event, const struct kind *kind)
{
	const char *text = verdict(event);
	long double had, asked, limit;
	char command[64];

	snprintf(command, sizeof(command), " prlimit --pid 4242 --memlock=%llu:",
		 (unsigned long long)event->before + event->asked);
	if (!strstr(text, command))
		return false;
	if (!skip_words(&text, "over the limit: ") || !skip_words(&text, kind->owner))
		return false;
	had = read_size(&text);
	if (!skip_words(&text, kind->held) || !skip_words(&text, " + "))
		return false;
	asked = read_size(&text);
	if (!skip_words(&text, " asked > "))
		return false;
	limit = read_size(&text);
	return skip_words(&text, " soft limit (hard ") && had + asked > limit && is_near(had, event->before) &&
	       is_near(asked, event->asked) && is_near(limit, event->limit);
}

static void every_sum_printed_holds_as_printed(void)
{
	size_t sums = 0;

	srand(8);
	for (int round = 0; round < 200000; round++) {
		const struct kind *kind = &kinds[rand() % KTAP_SIZE(kinds)];
		struct mlocktrace_event event = refused_of(kind->op, kind->ret, kind->counter);
		uint64_t sum;

		event.flags = kind->flags;
		event.before = event.after = random_size();
		event.asked = random_size();
		sum = event.before + event.asked;
		if (!sum || !event.asked) /* 0: not known */
			continue;
		/* Mostly just below the sum, where rounding tells lies. */
		event.limit = rand() % 3 ? sum - 1 - rand() % (sum < 40000 ? sum : 40000) : rand() % sum;
		event.hard_limit = rand() % 2 ? event.limit : MLOCKTRACE_UNLIMITED;
		sums++;
		if (!sum_holds(&event, kind)) {
			printf("# %s\n", verdict(&event));
			check(!"the sum holds and the remedy suffices");
			return;
		}
	}
	check(sums > 150000);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(mmap_under_mcl_future_points_back_to_mlockall),
		KTAP_TEST(a_capability_given_up_is_named),
		KTAP_TEST(times_that_passed_are_told_in_fitting_units),
		KTAP_TEST(a_limit_that_was_seen_set_names_who_set_it),
		KTAP_TEST(brk_names_a_second_limit_in_the_way),
		KTAP_TEST(a_stack_tells_how_its_refusal_arrived),
		KTAP_TEST(a_stack_that_met_something_else_says_what),
		KTAP_TEST(mremap_counts_what_was_left_when_it_asked),
		KTAP_TEST(what_a_sum_counts_unexpectedly_is_said),
		KTAP_TEST(the_pool_of_a_user_is_held_by_all_his_processes),
		KTAP_TEST(no_capability_is_offered_for_secret_memory),
		KTAP_TEST(segments_are_held_beyond_the_end_of_processes),
		KTAP_TEST(a_perf_ring_is_compared_beyond_its_pool),
		KTAP_TEST(pinned_pages_are_called_so),
		KTAP_TEST(permissions_of_another_kind_are_named),
		KTAP_TEST(what_is_not_about_the_limit_says_so),
		KTAP_TEST(a_sum_is_shown_to_fit_only_where_it_was_made),
		KTAP_TEST(what_worked_tells_where_it_stands),
		KTAP_TEST(every_sum_printed_holds_as_printed),
	};

	return ktap_run(tests, KTAP_SIZE(tests));
}
