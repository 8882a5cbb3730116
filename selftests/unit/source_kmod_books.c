// SPDX-License-Identifier: GPL-2.0
/*
 * The kmod source: losses, books, ledger and hooks, and what is damaged.
 */
#include "kmod_double.h"

static void losses_are_those_of_the_stream(void)
{
	struct mlocktrace_stats stats = { .size = sizeof(stats) };
	struct mlocktrace *handle = NULL;
	struct mlocktrace_event event;

	put_up();
	put_text("stats", "cpu0_seen 100\ncpu1_seen 5\nmissed 7\nuntracked 3\n");
	check_int(open_kmod(&handle, OPTS(0)), 0);
	told();
	make_lost(0, 20);
	make_one(0, 121);
	make_lost(0, 2);
	event = made(0, 124);
	event.dropped = 22; /* from a producer that counts them, too: still no news */
	make(&event, event.size);
	make_one(1, 6);
	check_text(read_all(handle), "lost 20;121;lost 2;124;6;");
	put_text("stats", "cpu0_seen 130\ncpu1_seen 6\nmissed 9\nuntracked 3\n");
	check_int(mlocktrace_stats(handle, 0, &stats), 0);
	check_int(stats.seen, 30);
	check_int(stats.delivered, 2);
	check_int(stats.dropped, 22);
	check_int(stats.filtered, 0); /* six wait */
	check_int(mlocktrace_stats(handle, -1, &stats), 0);
	check_int(stats.seen, 31);
	check_int(stats.delivered, 3);
	check_int(stats.missed, 2);
	check_int(stats.untracked, 0);
	check_int(mlocktrace_stats(handle, 2, &stats), -ENOENT);
	check(!strstr(log_text, "do not agree"));
	mlocktrace_close(handle);
}

/* As with any other source: what is lost leaves a gap, what is filtered does not. */
static void numbers_are_those_of_this_stream(void)
{
	static const uint64_t wanted[] = { 1, 4, 5, 1 };
	const struct mlocktrace_event *event;
	struct mlocktrace *handle = NULL;
	struct mlocktrace_event other;

	put_up();
	check_int(open_kmod(&handle, OPTS(.ops = 1 << MLOCKTRACE_OP_MLOCK)), 0);
	told();
	make_one(0, 101);
	make_lost(0, 2);
	make_one(0, 104);
	other = made(0, 105);
	other.op = MLOCKTRACE_OP_MUNLOCK;
	make(&other, other.size);
	make_one(0, 106);
	make_one(1, 77);
	for (size_t i = 0; i < KTAP_SIZE(wanted);) {
		if (!check_int(mlocktrace_next(handle, &event), 1))
			break;
		if (event->op != MLOCKTRACE_OP_LOST)
			check_int(event->seq, wanted[i++]);
	}
	mlocktrace_close(handle);
}

static void numbers_that_nothing_accounts_for_are_told(void)
{
	struct mlocktrace *handle = NULL;

	put_up();
	check_int(open_kmod(&handle, OPTS(0)), 0);
	told();
	make_one(0, 1);
	make_lost(0, 2);
	make_one(0, 5);
	check_text(read_all(handle), "1;lost 2;5;");
	check(strstr(log_text, "record 5 of CPU 0 after 1, with 2 lost between") != NULL);
	mlocktrace_close(handle);
}

static void the_kernels_filter_leaves_numbers_out(void)
{
	struct mlocktrace_stats stats = { .size = sizeof(stats) };
	struct mlocktrace *handle = NULL;
	pid_t self = getpid();

	put_up();
	if (open_kmod(&handle, OPTS(.pids = &self, .n_pids = 1))) {
		ktap_skip("not the initial pid namespace");
		return;
	}
	told();
	make_one(0, 10); /* those before it may be of before us: they wait, until the end */
	make_lost(0, 3);
	make_one(0, 20);
	check_text(read_all(handle), "10;lost 3;20;");
	check(!strstr(log_text, "do not agree"));
	put_text("stats", "cpu0_seen 25\n");
	check_int(mlocktrace_stats(handle, 0, &stats), 0);
	check_int(stats.filtered, 6);
	check_int(mlocktrace_stop(handle), 0);
	check_text(read_all(handle), "");
	check_int(mlocktrace_stats(handle, 0, &stats), 0);
	check_int(stats.seen, 25);
	check_int(stats.delivered + stats.dropped + stats.filtered, 25);
	mlocktrace_close(handle);
}

static void after_stop_comes_what_was_made_before_it(void)
{
	struct mlocktrace_stats stats = { .size = sizeof(stats) };
	struct mlocktrace *handle = NULL;
	struct mlocktrace_event event;

	put_up();
	check_int(open_kmod(&handle, OPTS(0)), 0);
	told();
	make_one(0, 1);
	make_one(0, 2);
	put_text("stats", "cpu0_seen 3\n");
	check_int(mlocktrace_stop(handle), 0);
	event = made(0, 3); /* began before, ended after */
	event.time_ns -= 1000000000;
	event.duration_ns += 1000000001;
	make(&event, event.size);
	make_one(0, 4);
	check_text(read_all(handle), "1;2;");
	check_text(read_all(handle), "");
	make_one(0, 5);
	check_int(mlocktrace_wait(handle, 0), 0);
	check_text(read_all(handle), "");
	put_text("stats", "cpu0_seen 100\n");
	check_int(mlocktrace_stats(handle, -1, &stats), 0);
	check_int(stats.seen, 3);
	check_int(stats.delivered, 2);
	check_int(stats.filtered, 1);
	mlocktrace_close(handle);
}

static void a_reset_meanwhile_does_not_shrink_the_books(void)
{
	struct mlocktrace_stats stats = { .size = sizeof(stats) };
	struct mlocktrace *handle = NULL;

	put_up();
	put_text("stats", "cpu0_seen 100\nmissed 5\n");
	check_int(open_kmod(&handle, OPTS(0)), 0);
	put_text("stats", "cpu0_seen 110\nmissed 8\n");
	check_int(mlocktrace_stats(handle, -1, &stats), 0);
	put_text("stats", "cpu0_seen 4\nmissed 1\n");
	check_int(mlocktrace_stats(handle, -1, &stats), 0);
	check_int(stats.seen, 14);
	check_int(stats.missed, 4);
	mlocktrace_close(handle);
}

static void what_stats_says_besides_is_ignored(void)
{
	struct mlocktrace_stats stats = { .size = sizeof(stats) };
	struct mlocktrace *handle = NULL;

	put_up();
	put_text("stats", "seen 7\ncpu3_seen 0\ncpu99999_seen 7\ncpu4_seenx 7\ncpu_seen 7\ncpu5_seen\n"
			  "cpu6_seen 7x\ncpu-7_seen 7\nsomething new 7 8\n\n");
	check_int(open_kmod(&handle, OPTS(0)), 0);
	check_int(mlocktrace_stats(handle, 3, &stats), 0);
	check_int(mlocktrace_stats(handle, 4, &stats), -ENOENT);
	check_int(mlocktrace_stats(handle, 99999, &stats), -ENOENT);
	mlocktrace_close(handle);
}

static void a_module_that_goes_away_is_the_end(void)
{
	struct mlocktrace_event events[2] = { made(0, 1), made(0, 2) };
	char bytes[4 + sizeof(events)] = "....";
	struct mlocktrace *handle = NULL;
	FILE *file;

	put_up();
	memcpy(bytes + 4, events, sizeof(events));
	put_file("events", bytes, sizeof(bytes));
	check_int(open_kmod(&handle, OPTS(0)), 0);
	check_text(read_all(handle), "1;2;ENODATA");
	check_text(read_all(handle), "ENODATA");
	mlocktrace_close(handle);
	file = fopen(path_of("events"), "re");
	memset(bytes, 0, 4);
	check_int(fread(bytes, 1, 4, file), 4);
	check(!memcmp(bytes, "new\n", 4));
	fclose(file);
}

/* ---- damage --------------------------------------------------------------------------------- */

static void half_a_record_is_damage(void)
{
	struct mlocktrace_event event = made(0, 2);

	for (size_t size = 1; size < sizeof(event) && ktap.ok; size++) {
		struct mlocktrace *handle = NULL;

		put_up();
		check_int(open_kmod(&handle, OPTS(0)), 0);
		told();
		make_one(0, 1);
		make(&event, size);
		check_text(read_all(handle), "1;EBADMSG");
		check(strstr(log_text, "no whole record at byte 240") != NULL);
		make_one(0, 3);
		check_text(read_all(handle), "EBADMSG");
		mlocktrace_close(handle);
	}
}

/* Every file of it a mebibyte and more of anything. */
static void huge_garbage_does_no_harm(void)
{
	static uint8_t garbage[(1 << 20) + 4096];
	struct mlocktrace_stats stats = { .size = sizeof(stats) };
	struct mlocktrace *handle = NULL;
	const struct mlocktrace_event *event;
	struct mlocktrace_hook hook;
	uint64_t hits, misses;

	srand(4);
	for (int round = 0; round < 12; round++) {
		size_t size = round % 2 ? sizeof(garbage) : 65536;

		put_up();
		for (size_t i = 0; i < sizeof(garbage); i++) {
			switch (round / 2 % 3) {
			case 0:
				garbage[i] = rand();
				break;
			case 1:
				garbage[i] = "cpu0_seen 18446744073709551615\n"[rand() % 31];
				break;
			case 2:
				garbage[i] = "cpu99999_seen 7\ncpu65535_seen 9\na b c d\n"[i % 40];
				break;
			}
		}
		put_file("hooks", garbage, size);
		put_file("ledger", garbage, size);
		put_file("events", garbage, size);
		if (round >= 6) {
			put_file("stats", garbage, size);
			if (open_kmod(&handle, OPTS(0)))
				continue;
		} else {
			check_int(open_kmod(&handle, OPTS(0)), 0);
		}
		while (handle && mlocktrace_next(handle, &event) > 0)
			;
		for (size_t i = 0; !mlocktrace_hook(handle, i, &hook); i++)
			check_int(mlocktrace_hook_counts(handle, i, &hits, &misses), 0);
		mlocktrace_stats(handle, -1, &stats);
		mlocktrace_stats(handle, 65535, &stats);
		mlocktrace_close(handle);
		handle = NULL;
	}
	put_up();
	put_file("abi", garbage, sizeof(garbage));
	check_int(open_kmod(&handle, OPTS(0)), -EFBIG);
}

/* ---- hooks ---------------------------------------------------------------------------------- */

static void hooks_say_where_it_listens_and_why_not(void)
{
	static const struct {
		const char *name, *why_not;
		bool required;
		unsigned int hits, misses;
	} wanted[] = {
		{ "__x64_sys_mlock", "", false, 17, 0 },
		{ "user_shm_lock", "no such function", false, 0, 0 },
		{ "exit_mmap", "", true, 4, 2 },
		{ "unheard_of", "-EPERM", false, 0, 1 },
		{ "user_shm_unlock", "this kernel has no such function or tracepoint (inlined or absent)",
		  false, 0, 0 },
	};
	struct mlocktrace *handle = NULL;
	struct mlocktrace_hook hook;
	uint64_t hits, misses;

	put_up();
	put_text("hooks", "__x64_sys_mlock attached 17 0\nuser_shm_lock no such function 0 0\n"
			  "exit_mmap attached 4 2\n\nonly two 5\n 1 2 3\nx attached 1 y\nunheard_of -EPERM 0 1\n"
			  "user_shm_unlock -ENOENT 0 0\n");
	check_int(open_kmod(&handle, OPTS(0)), 0);
	for (size_t i = 0; i < KTAP_SIZE(wanted); i++) {
		check_int(mlocktrace_hook(handle, i, &hook), 0);
		check_text(hook.name, wanted[i].name);
		check_text(hook.why_not, wanted[i].why_not);
		check_int(hook.attached, !wanted[i].why_not[0]);
		check_int(!*hook.help, i == 3);
		check_int(mlocktrace_hook_counts(handle, i, &hits, &misses), 0);
		check_int(hits, wanted[i].hits);
		check_int(misses, wanted[i].misses);
	}
	check_int(mlocktrace_hook(handle, KTAP_SIZE(wanted), &hook), -ENOENT);
	check_int(mlocktrace_hook_counts(handle, KTAP_SIZE(wanted), &hits, &misses), -ENOENT);
	mlocktrace_close(handle);
}

/* ---- the ledger ------------------------------------------------------------------------------- */

static struct mlt_entry entry_of(uint64_t mm, uint64_t mm_id, uint32_t pid, uint32_t uid, int64_t pages)
{
	return (struct mlt_entry){ .mm = mm, .mm_id = mm_id, .pid = pid, .uid = uid, .locked = pages,
				   .last = pages, .changes = 1, .wanted = 1,
				   .counter = MLOCKTRACE_COUNTER_VMLCK };
}

static char holdings[512];

static int tell(void *ctx, const struct mlocktrace_holding *h)
{
	(void)ctx;
	sprintf(holdings + strlen(holdings), "%u/%u %lld %lld %lld%s;", h->pid, h->uid,
		(long long)h->kernel / 4096, (long long)h->books / 4096,
		(long long)h->held_before / 4096, h->began_moving ? " moving" : "");
	return 0;
}

static const char *ledger(struct mlocktrace *handle)
{
	int err;

	holdings[0] = '\0';
	err = mlocktrace_ledger(handle, tell, NULL);
	if (err)
		sprintf(holdings, "%s", mlocktrace_errno_name(-err));
	return holdings;
}

static void what_was_held_before_is_what_the_books_said_at_the_start(void)
{
	struct mlt_entry entries[4] = { entry_of(0x1000, 1, 10, 1000, 5), entry_of(0x1000, 1, 11, 1000, 5),
					entry_of(0x2000, 2, 20, 1001, 7) };
	struct mlocktrace *handle = NULL;

	put_up();
	put_entries(entries, 3);
	check_int(open_kmod(&handle, OPTS(0)), 0);
	check_text(ledger(handle), "10/1000 5 5 5;20/1001 7 7 7;");
	entries[0].locked = entries[0].last = 9;
	entries[1] = entries[0];
	entries[2].mm_id = 3; /* another one, at the same place */
	entries[3] = entry_of(0x500, 4, 30, 0, 2);
	put_entries(entries, 4);
	check_text(ledger(handle), "30/0 2 2 0;10/1000 9 9 5;20/1001 7 7 0;");
	put_file("ledger", entries, sizeof(entries) - 1);
	check_text(ledger(handle), "EBADMSG");
	mlocktrace_close(handle);
	unlink(path_of("ledger"));
	check_int(open_kmod(&handle, OPTS(0)), 0);
	check_text(ledger(handle), "EOPNOTSUPP");
	mlocktrace_close(handle);
}

/* Between the two looks at the start. */
static void what_moved_at_the_start_is_marked(void)
{
	struct mlt_entry before[] = { entry_of(0x1000, 1, 10, 1000, 5), entry_of(0x2000, 2, 20, 1001, 7) };
	struct mlt_entry after[] = { before[0], before[1], entry_of(0x3000, 3, 30, 1001, 7) };
	struct mlt_entries then = { .list = before, .n = 2 };
	struct mlt_entries now = { .list = malloc(sizeof(after)), .n = 3 };
	struct mlt_kmod kmod = { 0 };

	after[1].changes++;
	memcpy(now.list, after, sizeof(after));
	mlt_kmod_begin_ledger(&kmod, &then, &now);
	check(kmod.has_ledger && !now.list);
	check_int(kmod.start.n, 3);
	check_int(kmod.start.list[0].pad32, 0);
	check_int(kmod.start.list[1].pad32, 1);
	check_int(kmod.start.list[2].pad32, 1);
	mlt_entries_free(&kmod.start);
}

static void the_ledger_is_filtered_as_the_records_are(void)
{
	struct mlt_entry entries[4] = { entry_of(0x1000, 1, (uint32_t)getpid(), 1000, 5),
					entry_of(0x2000, 2, 20, 1001, 7), entry_of(0x3000, 3, 0, getuid(), 8),
					entry_of(0x4000, 4, 0, 4242, 9) };
	struct mlocktrace *handle = NULL;
	char wanted[128];
	pid_t self = getpid();

	put_up();
	entries[2].counter = MLOCKTRACE_COUNTER_USER;
	entries[3].counter = MLOCKTRACE_COUNTER_SHM;
	strcpy(entries[1].comm, "other");
	put_entries(entries, 4);
	check_int(open_kmod(&handle, OPTS(.by_uid = true, .uid = 1001)), 0);
	check_text(ledger(handle), "20/1001 7 7 7;");
	mlocktrace_close(handle);
	check_int(open_kmod(&handle, OPTS(.comm = "other")), 0);
	check_text(ledger(handle), "20/1001 7 7 7;");
	mlocktrace_close(handle);
	if (open_kmod(&handle, OPTS(.pids = &self, .n_pids = 1)))
		return; /* not the initial pid namespace */
	snprintf(wanted, sizeof(wanted), "%d/1000 5 5 5;0/%u 8 8 8;", self, getuid());
	check_text(ledger(handle), wanted);
	mlocktrace_close(handle);
}

static void children_are_in_the_ledger_once_a_record_tells_of_them(void)
{
	struct mlt_entry entries[3] = { entry_of(0x1000, 1, 4243, 1000, 5), entry_of(0x2000, 2, 4244, 1000, 6),
					entry_of(0x3000, 3, 0, 1234, 7) };
	struct mlocktrace *handle = NULL;
	struct mlocktrace_event event = made(0, 1);
	pid_t self = getpid();

	put_up();
	entries[2].counter = MLOCKTRACE_COUNTER_USER;
	put_entries(entries, 3);
	if (open_kmod(&handle, OPTS(.pids = &self, .n_pids = 1, .follow = true))) {
		ktap_skip("not the initial pid namespace");
		return;
	}
	told();
	check_text(ledger(handle), "");
	event.op = MLOCKTRACE_OP_FORK;
	event.target_pid = 4243;
	make(&event, event.size);
	check_text(read_all(handle), "1;");
	check_text(ledger(handle), "4243/1000 5 5 5;");
	event = made(0, 2); /* somebody sets a child's limit */
	event.op = MLOCKTRACE_OP_SETRLIMIT;
	event.pid = 4244;
	event.target_pid = 4243;
	make(&event, event.size);
	event = made(0, 3);
	event.pid = 4243;
	event.counter = MLOCKTRACE_COUNTER_USER;
	event.owner_uid = 1234;
	make(&event, event.size);
	check_text(read_all(handle), "2;3;");
	check_text(ledger(handle), "4243/1000 5 5 5;0/1234 7 7 7;");
	mlocktrace_close(handle);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(losses_are_those_of_the_stream),
		KTAP_TEST(numbers_are_those_of_this_stream),
		KTAP_TEST(numbers_that_nothing_accounts_for_are_told),
		KTAP_TEST(the_kernels_filter_leaves_numbers_out),
		KTAP_TEST(after_stop_comes_what_was_made_before_it),
		KTAP_TEST(a_reset_meanwhile_does_not_shrink_the_books),
		KTAP_TEST(what_stats_says_besides_is_ignored),
		KTAP_TEST(a_module_that_goes_away_is_the_end),
		KTAP_TEST(half_a_record_is_damage),
		KTAP_TEST(huge_garbage_does_no_harm),
		KTAP_TEST(hooks_say_where_it_listens_and_why_not),
		KTAP_TEST(what_was_held_before_is_what_the_books_said_at_the_start),
		KTAP_TEST(what_moved_at_the_start_is_marked),
		KTAP_TEST(the_ledger_is_filtered_as_the_records_are),
		KTAP_TEST(children_are_in_the_ledger_once_a_record_tells_of_them),
	};

	return run_with_double(tests, KTAP_SIZE(tests));
}
