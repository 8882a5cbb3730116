// SPDX-License-Identifier: GPL-2.0
/*
 * The book kept from the stream, and the comparison of books and kernel: what
 * agrees passes, and a drift, however it came about, is seen.
 */
#include "../../tools/audit.c"

#include "ktap.h"
#include "sample.h"

#define PAGE 4096

static void add(struct mlocktrace_book *book, unsigned int op, uint64_t mm_id, int64_t before,
		int64_t after)
{
	struct mlocktrace_event event = sample(op);
	static uint64_t time_ns = 1000;

	event.mm_id = mm_id;
	event.before = before;
	event.after = after;
	event.time_ns = time_ns++;
	check_int(mlocktrace_book_add(book, &event), 0);
}

static struct mlocktrace_account account_of(const struct mlocktrace_book *book, uint64_t mm_id)
{
	struct mlocktrace_account account = { .size = sizeof(account) };

	check_int(mlocktrace_book_find(book, mm_id, &account), 0);
	return account;
}

static void an_account_is_the_sum_of_its_records(void)
{
	struct mlocktrace_book *book;
	struct mlocktrace_account account;

	check_int(mlocktrace_book_new(&book), 0);
	check_int(mlocktrace_book_begin(book, 7, 3 * PAGE), 0);
	add(book, MLOCKTRACE_OP_MLOCK, 7, 3 * PAGE, 5 * PAGE);
	add(book, MLOCKTRACE_OP_MLOCK, 8, 0, PAGE);
	add(book, MLOCKTRACE_OP_MUNMAP, 7, 5 * PAGE, 4 * PAGE);
	account = account_of(book, 7);
	check_int(account.records, 2);
	check_int(account.held_before, 3 * PAGE);
	check_int(account.sum, PAGE);
	check_int(account.pid, 4242);
	check_int(account.since.op, MLOCKTRACE_OP_MUNMAP);
	check(!account.ended);
	add(book, MLOCKTRACE_OP_EXIT, 7, 4 * PAGE, 0);
	account = account_of(book, 7);
	check(account.ended);
	check_int(account.last, account.held_before + account.sum);
	check_int(account_of(book, 8).sum, PAGE);
	mlocktrace_book_free(book);
	mlocktrace_book_free(NULL);
}

static void many_accounts_are_found_again(void)
{
	struct mlocktrace_account account = { .size = sizeof(account) };
	struct mlocktrace_book *book;
	size_t n = 0;

	check_int(mlocktrace_book_new(&book), 0);
	check_int(mlocktrace_book_find(book, 1, &account), -ENOENT);
	for (uint64_t id = 1; id <= 5000; id++)
		add(book, MLOCKTRACE_OP_MLOCK, id * 1024, 0, (int64_t)id * PAGE);
	for (uint64_t id = 1; id <= 5000; id++)
		check_int(account_of(book, id * 1024).sum, (int64_t)id * PAGE);
	while (!mlocktrace_book_get(book, n, &account))
		n++;
	check_int(n, 5000);
	check_int(mlocktrace_book_find(book, 5, &account), -ENOENT);
	account.size = 8;
	check_int(mlocktrace_book_find(book, 1024, &account), -EINVAL);
	mlocktrace_book_free(book);
}

static void what_names_no_account_must_not_change_one(void)
{
	struct mlocktrace_event event = sample(MLOCKTRACE_OP_MLOCK);
	struct mlocktrace_book *book;

	check_int(mlocktrace_book_new(&book), 0);
	event.mm_id = 0;
	check_int(mlocktrace_book_add(book, &event), 0);
	event.after = PAGE;
	check_int(mlocktrace_book_add(book, &event), -EINVAL);
	event.counter = MLOCKTRACE_COUNTER_USER;
	check_int(mlocktrace_book_add(book, &event), -EINVAL);
	event.counter = MLOCKTRACE_COUNTER_NONE;
	check_int(mlocktrace_book_add(book, &event), 0);
	event.counter = MLOCKTRACE_COUNTER_MAX;
	check_int(mlocktrace_book_add(book, &event), 0);
	mlocktrace_book_free(book);
}

/* As one of user 500, done by a process of user 1000. */
static struct mlocktrace_event charge(unsigned int op, unsigned int counter, uint64_t id,
				      int64_t before, int64_t after)
{
	struct mlocktrace_event event = sample(op);

	event.counter = counter;
	event.mm_id = id;
	event.before = before;
	event.after = after;
	event.owner_uid = 500;
	return event;
}

static void add_charge(struct mlocktrace_book *book, unsigned int op, unsigned int counter,
		       uint64_t id, int64_t before, int64_t after)
{
	struct mlocktrace_event event = charge(op, counter, id, before, after);

	check_int(mlocktrace_book_add(book, &event), 0);
}

static void each_counter_has_an_account_of_its_own(void)
{
	struct mlocktrace_book *book;

	check_int(mlocktrace_book_new(&book), 0);
	add(book, MLOCKTRACE_OP_MLOCK, 7, 0, 2 * PAGE);
	add_charge(book, MLOCKTRACE_OP_IO_URING, MLOCKTRACE_COUNTER_USER, 8, 0, 3 * PAGE);
	add_charge(book, MLOCKTRACE_OP_IO_URING, MLOCKTRACE_COUNTER_VMPIN, 9, 0, 3 * PAGE);
	add_charge(book, MLOCKTRACE_OP_SHM_LOCK, MLOCKTRACE_COUNTER_SHM, 10, PAGE, 5 * PAGE);
	add_charge(book, MLOCKTRACE_OP_PERF_MMAP, MLOCKTRACE_COUNTER_PERF, 11, 0, PAGE);
	add_charge(book, MLOCKTRACE_OP_IO_URING, MLOCKTRACE_COUNTER_USER, 8, 3 * PAGE, 0);
	check_int(account_of(book, 7).counter, MLOCKTRACE_COUNTER_VMLCK);
	check_int(account_of(book, 7).sum, 2 * PAGE);
	check_int(account_of(book, 8).counter, MLOCKTRACE_COUNTER_USER);
	check_int(account_of(book, 8).sum, 0);
	check_int(account_of(book, 8).records, 2);
	check_int(account_of(book, 9).counter, MLOCKTRACE_COUNTER_VMPIN);
	check_int(account_of(book, 9).sum, 3 * PAGE);
	check_int(account_of(book, 10).counter, MLOCKTRACE_COUNTER_SHM);
	check_int(account_of(book, 10).sum, 4 * PAGE);
	check_int(account_of(book, 11).counter, MLOCKTRACE_COUNTER_PERF);
	mlocktrace_book_free(book);
}

static void a_users_account_is_its_owners_and_has_no_end(void)
{
	struct mlocktrace_account account;
	struct mlocktrace_book *book;

	check_int(mlocktrace_book_new(&book), 0);
	add_charge(book, MLOCKTRACE_OP_SHM_LOCK, MLOCKTRACE_COUNTER_SHM, 8, 0, 4 * PAGE);
	account = account_of(book, 8);
	check_int(account.uid, 500);
	check_int(account.pid, 0);
	check_int(account.start_ns, 0);
	check_int(account.comm[0], 0);
	add_charge(book, MLOCKTRACE_OP_EXIT, MLOCKTRACE_COUNTER_SHM, 8, 4 * PAGE, 0);
	account = account_of(book, 8);
	check(!account.ended);
	check_int(account.sum, 0);
	/* what is pinned is the process's, and ends with it */
	add_charge(book, MLOCKTRACE_OP_PIN, MLOCKTRACE_COUNTER_VMPIN, 9, 0, PAGE);
	add_charge(book, MLOCKTRACE_OP_EXIT, MLOCKTRACE_COUNTER_VMPIN, 9, PAGE, 0);
	account = account_of(book, 9);
	check_int(account.pid, 4242);
	check_int(account.uid, 1000);
	check(account.ended);
	check_int(account.last, PAGE);
	mlocktrace_book_free(book);
}

static void what_was_pinned_is_given_back_by_others(void)
{
	struct mlocktrace_event event = charge(MLOCKTRACE_OP_IO_URING, MLOCKTRACE_COUNTER_VMPIN, 9,
					       3 * PAGE, PAGE);
	struct mlocktrace_account account;
	struct mlocktrace_book *book;

	check_int(mlocktrace_book_new(&book), 0);
	check_int(mlocktrace_book_begin(book, 9, 3 * PAGE), 0);
	event.flags |= MLOCKTRACE_F_REMOTE;
	event.target_pid = 77;
	check_int(mlocktrace_book_add(book, &event), 0);
	account = account_of(book, 9);
	check_int(account.pid, 77);
	check_int(account.start_ns, 0);
	check_int(account.held_before + account.sum, PAGE);
	mlocktrace_book_free(book);
}

static void a_record_that_does_not_say_the_counter_is_no_proof(void)
{
	struct mlocktrace_event event = charge(MLOCKTRACE_OP_SHM_LOCK, MLOCKTRACE_COUNTER_SHM, 8,
					       0, PAGE);
	struct mlocktrace_book *book;

	check_int(mlocktrace_book_new(&book), 0);
	event.flags |= MLOCKTRACE_F_NO_BEFORE;
	check_int(mlocktrace_book_add(book, &event), 0);
	check_int(account_of(book, 8).sum, PAGE);
	check_int(account_of(book, 8).since.time_ns, 0);
	mlocktrace_book_free(book);
}

static void where_it_went_wrong_is_after_the_last_good_record(void)
{
	struct mlocktrace_book *book;
	struct mlocktrace_account account;

	check_int(mlocktrace_book_new(&book), 0);
	add(book, MLOCKTRACE_OP_MLOCK, 7, 0, PAGE);
	add(book, MLOCKTRACE_OP_BRK, 7, PAGE, 2 * PAGE);
	/* two threads: the records come the other way round */
	add(book, MLOCKTRACE_OP_MLOCK, 7, 3 * PAGE, 4 * PAGE);
	add(book, MLOCKTRACE_OP_MLOCK, 7, 2 * PAGE, 3 * PAGE);
	check_int(account_of(book, 7).since.op, MLOCKTRACE_OP_BRK);
	add(book, MLOCKTRACE_OP_MREMAP, 7, 4 * PAGE, 5 * PAGE);
	check_int(account_of(book, 7).since.op, MLOCKTRACE_OP_MREMAP);
	/* a page came from nowhere */
	add(book, MLOCKTRACE_OP_MLOCK2, 7, 6 * PAGE, 7 * PAGE);
	check_int(account_of(book, 7).since.op, MLOCKTRACE_OP_MREMAP);
	add(book, MLOCKTRACE_OP_UNATTRIBUTED, 7, 7 * PAGE, 8 * PAGE);
	account = account_of(book, 7);
	check_int(account.unattributed, 1);
	check_int(account.before_unattributed.op, MLOCKTRACE_OP_MLOCK2);
	mlocktrace_book_free(book);
}

/* ---- comparison -------------------------------------------------------------------- */

static struct mlocktrace_stats stats;

static struct mlocktrace_holding holding(uint64_t mm_id, int64_t books, int64_t kernel)
{
	return (struct mlocktrace_holding){ .size = sizeof(struct mlocktrace_holding), .mm_id = mm_id,
					    .pid = 4242, .start_ns = 1, .known = true, .books = books,
					    .kernel = kernel, .changes = 1,
					    .counter = MLOCKTRACE_COUNTER_VMLCK };
}

static struct mlocktrace_holding users_holding(uint64_t id, unsigned int counter, uint32_t uid,
					       int64_t bytes)
{
	struct mlocktrace_holding users = holding(id, bytes, bytes);

	users.counter = counter;
	users.uid = uid;
	users.pid = 0;
	users.start_ns = 0;
	return users;
}

/* An audit that has begun, of an address space that holds a page by its only record. */
static void begin(struct audit *audit)
{
	stats = (struct mlocktrace_stats){ .size = sizeof(stats) };
	check_int(audit_open(audit), 0);
	audit_reading_begin(audit);
	check(audit_reading_end(audit, &stats));
	add(audit->book, MLOCKTRACE_OP_MLOCK, 7, 0, PAGE);
}

/* Read until it is content; how often that was. */
static int read_list(struct audit *audit, const struct mlocktrace_holding *list, size_t n_list)
{
	int n = 0;
	bool content;

	do {
		audit_reading_begin(audit);
		for (size_t i = 0; i < n_list; i++)
			check_int(audit_holding(audit, &list[i]), 0);
		content = audit_reading_end(audit, &stats);
		n++;
	} while (!content && n < 10000);
	audit_close(audit, &stats);
	return n;
}

static int read_all(struct audit *audit, const struct mlocktrace_holding *what)
{
	return read_list(audit, what, what != NULL);
}

static void books_that_agree_pass_at_once(void)
{
	struct mlocktrace_holding good = holding(7, PAGE, PAGE);
	struct audit audit;

	begin(&audit);
	check_int(read_all(&audit, &good), 2);
	check(audit.pass);
	check_int(audit.alive, 1);
	check_int(audit.rows[0].records, RECORDS_AGREE);
	audit_free(&audit);
}

static void a_drift_is_seen(void)
{
	struct mlocktrace_holding bad = holding(7, PAGE, 3 * PAGE);
	struct audit audit;

	begin(&audit);
	check(read_all(&audit, &bad) > 50);
	check(!audit.pass);
	check_int(audit.adrift, 1);
	check_int(audit.drift, 2 * PAGE);
	check_int(audit.rows[0].drift, 2 * PAGE);
	check_int(audit.rows[0].account.since.op, MLOCKTRACE_OP_MLOCK);
	audit_free(&audit);
	/* the other way round, and with records lost */
	begin(&audit);
	stats.dropped = 1;
	bad.kernel = 0;
	read_all(&audit, &bad);
	check(!audit.pass);
	check_int(audit.rows[0].drift, -PAGE);
	check(!audit.records_compared);
	audit_free(&audit);
}

static void what_agrees_once_is_no_drift(void)
{
	struct mlocktrace_holding busy = holding(7, PAGE, 2 * PAGE), good = holding(7, PAGE, PAGE);
	struct audit audit;

	begin(&audit);
	for (int i = 0; i < 5; i++) {
		audit_reading_begin(&audit);
		audit_holding(&audit, &busy);
		check(!audit_reading_end(&audit, &stats));
	}
	read_all(&audit, &good);
	check(audit.pass);
	audit_free(&audit);
}

static void locks_that_the_books_do_not_know_are_a_drift(void)
{
	struct mlocktrace_holding stranger = { .size = sizeof(stranger), .pid = 9, .kernel = PAGE };
	struct audit audit;

	begin(&audit);
	add(audit.book, MLOCKTRACE_OP_EXIT, 7, PAGE, 0);
	read_all(&audit, &stranger);
	check(!audit.pass);
	check_int(audit.drift, PAGE);
	audit_free(&audit);
}

static void records_that_come_to_something_else_are_seen(void)
{
	struct mlocktrace_holding good = holding(7, 2 * PAGE, 2 * PAGE);
	struct audit audit;

	begin(&audit);
	read_all(&audit, &good);
	check(!audit.pass);
	check_int(audit.rows[0].records, RECORDS_DIFFER);
	check_int(audit.drift, 0);
	audit_free(&audit);
	/* but not while it never rests */
	begin(&audit);
	for (int i = 0; i < MAX_ROUNDS; i++) {
		audit_reading_begin(&audit);
		good.changes++;
		audit_holding(&audit, &good);
		audit_reading_end(&audit, &stats);
	}
	audit_close(&audit, &stats);
	check(audit.pass);
	check_int(audit.not_compared, 1);
	audit_free(&audit);
	/* nor when some are missing */
	begin(&audit);
	stats.dropped = 1;
	check_int(read_all(&audit, &good), 2);
	check(audit.pass);
	audit_free(&audit);
}

static void records_that_are_still_in_the_buffer_are_waited_for(void)
{
	struct audit audit;

	begin(&audit);
	audit_reading_begin(&audit);
	check(!audit_reading_end(&audit, &stats));
	add(audit.book, MLOCKTRACE_OP_MLOCK, 8, 0, PAGE);
	add(audit.book, MLOCKTRACE_OP_EXIT, 7, PAGE, 0);
	add(audit.book, MLOCKTRACE_OP_EXIT, 8, PAGE, 0);
	read_all(&audit, NULL);
	check(audit.pass);
	check_int(audit.n, 2);
	audit_free(&audit);
}

static void what_has_ended_is_judged_by_its_last_record(void)
{
	struct audit audit;

	begin(&audit);
	add(audit.book, MLOCKTRACE_OP_EXIT, 7, PAGE, 0);
	check_int(read_all(&audit, NULL), 2);
	check(audit.pass);
	check(audit.rows[0].ended);
	audit_free(&audit);

	begin(&audit);
	add(audit.book, MLOCKTRACE_OP_EXIT, 7, 2 * PAGE, 0);
	read_all(&audit, NULL);
	check(!audit.pass);
	check_int(audit.rows[0].drift, PAGE);
	audit_free(&audit);
	/* gone without a word */
	begin(&audit);
	read_all(&audit, NULL);
	check(!audit.pass);
	audit_free(&audit);
	/* the kernel's own book knows it although records are missing */
	begin(&audit);
	stats.dropped = 1;
	stats.ended = 1;
	read_all(&audit, NULL);
	check(audit.pass);
	audit_free(&audit);
	begin(&audit);
	stats.dropped = 1;
	stats.ended = stats.ended_adrift = 1;
	read_all(&audit, NULL);
	check(!audit.pass);
	audit_free(&audit);
}

static void users_counters_are_compared_too(void)
{
	struct mlocktrace_holding list[] = {
		holding(7, PAGE, PAGE),
		holding(8, PAGE, PAGE),
		users_holding(9, MLOCKTRACE_COUNTER_USER, 500, PAGE),
		users_holding(10, MLOCKTRACE_COUNTER_SHM, 500, 2 * PAGE),
		users_holding(11, MLOCKTRACE_COUNTER_SHM, 501, 0),
	};
	struct audit audit;

	list[1].counter = MLOCKTRACE_COUNTER_VMPIN;
	for (int round = 0; round < 3; round++) {
		begin(&audit);
		add_charge(audit.book, MLOCKTRACE_OP_IO_URING, MLOCKTRACE_COUNTER_VMPIN, 8, 0, PAGE);
		add_charge(audit.book, MLOCKTRACE_OP_IO_URING, MLOCKTRACE_COUNTER_USER, 9, 0, PAGE);
		add_charge(audit.book, MLOCKTRACE_OP_SHM_LOCK, MLOCKTRACE_COUNTER_SHM, 10, 0, 2 * PAGE);
		if (round == 1) /* a record that the books do not have */
			add_charge(audit.book, MLOCKTRACE_OP_SHM_UNLOCK, MLOCKTRACE_COUNTER_SHM, 10,
				   2 * PAGE, PAGE);
		if (round == 2) /* and what neither of them has */
			list[3].kernel += PAGE;
		read_list(&audit, list, 5);
		check_int(audit.pass, round == 0);
		check_int(audit.alive, 1);
		check_int(audit.users, 2);
		check_int(audit.adrift, round == 2);
		check_int(audit.rows[3].records, round == 1 ? RECORDS_DIFFER : RECORDS_AGREE);
		audit_free(&audit);
	}
}

static void a_user_who_holds_nothing_needs_no_row(void)
{
	struct mlocktrace_holding good = holding(7, PAGE, PAGE);
	struct audit audit;

	begin(&audit);
	add_charge(audit.book, MLOCKTRACE_OP_SHM_LOCK, MLOCKTRACE_COUNTER_SHM, 8, 0, PAGE);
	add_charge(audit.book, MLOCKTRACE_OP_SHM_UNLOCK, MLOCKTRACE_COUNTER_SHM, 8, PAGE, 0);
	/* nor one who has given back what he had before */
	check_int(mlocktrace_book_begin(audit.book, 9, 4 * PAGE), 0);
	add_charge(audit.book, MLOCKTRACE_OP_SHM_UNLOCK, MLOCKTRACE_COUNTER_SHM, 9, 4 * PAGE, 0);
	check_int(read_all(&audit, &good), 2);
	check(audit.pass);
	check_int(audit.n, 1);
	check_int(audit.users, 0);
	audit_free(&audit);
}

static void a_users_charge_that_the_kernel_lacks_is_a_drift(void)
{
	struct mlocktrace_holding good = holding(7, PAGE, PAGE);
	struct audit audit;

	begin(&audit);
	add_charge(audit.book, MLOCKTRACE_OP_SHM_LOCK, MLOCKTRACE_COUNTER_SHM, 8, 0, PAGE);
	check(read_all(&audit, &good) > 50);
	check(!audit.pass);
	check_int(audit.n, 2);
	check(!audit.rows[1].ended);
	check_int(audit.rows[1].holding.uid, 500);
	check_int(audit.rows[1].drift, -PAGE);
	check_int(audit.adrift, 1);
	check_int(audit.alive, 1);
	check_int(audit.users, 1);
	audit_free(&audit);
	/* unless its release may be among the records that were lost */
	begin(&audit);
	stats.dropped = 1;
	add_charge(audit.book, MLOCKTRACE_OP_SHM_LOCK, MLOCKTRACE_COUNTER_SHM, 8, 0, PAGE);
	read_all(&audit, &good);
	check(audit.pass);
	check_int(audit.n, 1);
	audit_free(&audit);
}

static void unknown_counters_are_told_apart_by_kind_and_owner(void)
{
	struct mlocktrace_holding list[] = {
		users_holding(0, MLOCKTRACE_COUNTER_USER, 500, PAGE),
		users_holding(0, MLOCKTRACE_COUNTER_PERF, 500, 2 * PAGE),
		users_holding(0, MLOCKTRACE_COUNTER_USER, 501, 4 * PAGE),
	};
	struct audit audit;

	begin(&audit);
	add(audit.book, MLOCKTRACE_OP_EXIT, 7, PAGE, 0);
	for (size_t i = 0; i < 3; i++) {
		list[i].known = false;
		list[i].books = 0;
	}
	read_list(&audit, list, 3);
	check(!audit.pass);
	check_int(audit.n, 4);
	check_int(audit.drift, 7 * PAGE);
	check_int(audit.users, 2);
	check_int(audit.alive, 0);
	audit_free(&audit);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(an_account_is_the_sum_of_its_records),
		KTAP_TEST(many_accounts_are_found_again),
		KTAP_TEST(what_names_no_account_must_not_change_one),
		KTAP_TEST(each_counter_has_an_account_of_its_own),
		KTAP_TEST(a_users_account_is_its_owners_and_has_no_end),
		KTAP_TEST(what_was_pinned_is_given_back_by_others),
		KTAP_TEST(a_record_that_does_not_say_the_counter_is_no_proof),
		KTAP_TEST(where_it_went_wrong_is_after_the_last_good_record),
		KTAP_TEST(books_that_agree_pass_at_once),
		KTAP_TEST(a_drift_is_seen),
		KTAP_TEST(what_agrees_once_is_no_drift),
		KTAP_TEST(locks_that_the_books_do_not_know_are_a_drift),
		KTAP_TEST(records_that_come_to_something_else_are_seen),
		KTAP_TEST(records_that_are_still_in_the_buffer_are_waited_for),
		KTAP_TEST(what_has_ended_is_judged_by_its_last_record),
		KTAP_TEST(users_counters_are_compared_too),
		KTAP_TEST(a_user_who_holds_nothing_needs_no_row),
		KTAP_TEST(a_users_charge_that_the_kernel_lacks_is_a_drift),
		KTAP_TEST(unknown_counters_are_told_apart_by_kind_and_owner),
	};

	return ktap_run(tests, KTAP_SIZE(tests));
}
