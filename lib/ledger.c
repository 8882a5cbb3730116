// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * The book kept from the stream: per counter of an address space or user, the
 * sum of what its records changed. Pure; it shall say the same as the ledger in
 * the kernel, which was kept in another way.
 *
 * Records of threads and processes that share a counter come in the order in
 * which their calls ended, not in that of their changes. So the sum may disagree
 * with a single record and agree again after the next: only where it was last in
 * order is noted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "verdict.h"

struct mlocktrace_book {
	struct mlocktrace_account *accounts; /* in the order of their first record */
	size_t n, room;
	size_t *places; /* open-addressed: index of an account and 1, or 0 */
	size_t n_places; /* a power of two */
	struct mlocktrace_moment *latest; /* of each account: its last record */
};

MLT_API int mlocktrace_book_new(struct mlocktrace_book **book)
{
	*book = calloc(1, sizeof(**book));
	return *book ? 0 : -ENOMEM;
}

MLT_API void mlocktrace_book_free(struct mlocktrace_book *book)
{
	if (!book)
		return;
	free(book->accounts);
	free(book->latest);
	free(book->places);
	free(book);
}

/* Where it is, or is to be. */
static size_t *place_of(const struct mlocktrace_book *book, uint64_t mm_id)
{
	size_t at = mm_id * 0x9e3779b97f4a7c15ULL >> 32;

	for (;; at++) {
		size_t *place = &book->places[at & (book->n_places - 1)];

		if (!*place || book->accounts[*place - 1].mm_id == mm_id)
			return place;
	}
}

static int make_room(struct mlocktrace_book *book)
{
	size_t room = book->room ? book->room * 2 : 64;
	void *more;

	if (book->n < book->room)
		return 0;
	more = realloc(book->accounts, room * sizeof(*book->accounts));
	if (!more)
		return -ENOMEM;
	book->accounts = more;
	more = realloc(book->latest, room * sizeof(*book->latest));
	if (!more)
		return -ENOMEM;
	book->latest = more;
	more = calloc(room * 2, sizeof(*book->places));
	if (!more)
		return -ENOMEM;
	free(book->places);
	book->places = more;
	book->n_places = room * 2;
	book->room = room;
	for (size_t i = 0; i < book->n; i++)
		*place_of(book, book->accounts[i].mm_id) = i + 1;
	return 0;
}

/* The index of its account, which is made if there is none; -ENOMEM. */
static long account_of(struct mlocktrace_book *book, uint64_t mm_id)
{
	size_t *place;
	int err = make_room(book);

	if (err)
		return err;
	place = place_of(book, mm_id);
	if (!*place) {
		book->accounts[book->n] = (struct mlocktrace_account){ .mm_id = mm_id };
		book->latest[book->n] = (struct mlocktrace_moment){ 0 };
		*place = ++book->n;
	}
	return (long)*place - 1;
}

MLT_API int mlocktrace_book_begin(struct mlocktrace_book *book, uint64_t mm_id, int64_t held_before)
{
	long at = account_of(book, mm_id);

	if (at < 0)
		return (int)at;
	book->accounts[at].held_before = held_before;
	return 0;
}

/* Who it belongs to, its own records say; others tell the process at most. */
static void fill_who(struct mlocktrace_account *account, const struct mlocktrace_event *event)
{
	account->counter = event->counter;
	if (mlt_is_of_user(event->counter)) {
		account->uid = event->owner_uid;
		return;
	}
	if (event->flags & MLOCKTRACE_F_REMOTE) {
		if (!account->pid)
			account->pid = event->target_pid;
		return;
	}
	if (account->start_ns)
		return;
	account->pid = event->pid;
	account->uid = event->uid;
	account->start_ns = event->start_ns;
	memcpy(account->comm, event->comm, sizeof(account->comm));
}

/* A user has no end: another process may come at any time. */
static bool is_end(const struct mlocktrace_event *event)
{
	return (event->op == MLOCKTRACE_OP_EXIT || event->op == MLOCKTRACE_OP_EXEC) &&
	       !mlt_is_of_user(event->counter);
}

MLT_API int mlocktrace_book_add(struct mlocktrace_book *book, const struct mlocktrace_event *event)
{
	bool end = is_end(event);
	struct mlocktrace_account *account;
	struct mlocktrace_moment *latest;
	long at;

	if (event->op == MLOCKTRACE_OP_LOST || event->counter == MLOCKTRACE_COUNTER_NONE ||
	    event->counter >= MLOCKTRACE_COUNTER_MAX)
		return 0;
	if (!event->mm_id) /* of a call that failed or found nothing to do */
		return event->before == event->after ? 0 : -EINVAL;
	at = account_of(book, event->mm_id);
	if (at < 0)
		return (int)at;
	account = &book->accounts[at];
	latest = &book->latest[at];
	account->records++;
	fill_who(account, event);
	if (event->op == MLOCKTRACE_OP_UNATTRIBUTED && !account->unattributed++)
		account->before_unattributed = *latest;
	if (end) {
		account->ended = true;
		account->last = event->before;
	} else {
		account->sum += event->after - event->before;
	}
	*latest = (struct mlocktrace_moment){ event->time_ns, event->pid, event->op };
	if (!mlt_had_unknown(event) &&
	    account->held_before + account->sum == (end ? event->before : event->after))
		account->since = *latest;
	return 0;
}

static int copy_out(const struct mlocktrace_account *from, struct mlocktrace_account *to)
{
	size_t size = to->size;

	if (size < offsetof(struct mlocktrace_account, records))
		return -EINVAL;
	memset(to, 0, size);
	memcpy(to, from, size < sizeof(*from) ? size : sizeof(*from));
	to->size = size;
	return 0;
}

MLT_API int mlocktrace_book_find(const struct mlocktrace_book *book, uint64_t mm_id,
				 struct mlocktrace_account *account)
{
	size_t at = book->n_places ? *place_of(book, mm_id) : 0;

	return at ? copy_out(&book->accounts[at - 1], account) : -ENOENT;
}

MLT_API int mlocktrace_book_get(const struct mlocktrace_book *book, size_t i,
				struct mlocktrace_account *account)
{
	return i < book->n ? copy_out(&book->accounts[i], account) : -ENOENT;
}
