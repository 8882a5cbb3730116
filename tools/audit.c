// SPDX-License-Identifier: GPL-2.0
/*
 * Comparing books and kernel. A reading is made while processes go on, so one
 * that disagrees proves nothing: a change may be under way. One that agrees
 * proves all. So what disagrees is looked at again and again, and is called
 * adrift only when it never agreed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "owner.h"

#define MAX_ROUNDS 200
#define LAST_NEW (MAX_ROUNDS - 50) /* who comes later would have too few chances */
#define QUIET_ENOUGH 100 /* a call may change the books long before it returns and is recorded */

int audit_open(struct audit *audit)
{
	memset(audit, 0, sizeof(*audit));
	return mlocktrace_book_new(&audit->book);
}

void audit_free(struct audit *audit)
{
	mlocktrace_book_free(audit->book);
	free(audit->rows);
	free(audit->moving);
	memset(audit, 0, sizeof(*audit));
}

void audit_record(struct audit *audit, const struct mlocktrace_event *event)
{
	int err = mlocktrace_book_add(audit->book, event);

	audit->lost |= event->op == MLOCKTRACE_OP_LOST;
	audit->unplaced |= err == -EINVAL;
	audit->out_of_memory |= err == -ENOMEM;
}

static struct audit_row *add_row(struct audit *audit)
{
	size_t room = audit->room ? audit->room * 2 : 64;
	struct audit_row *more;

	if (audit->n == audit->room) {
		more = realloc(audit->rows, room * sizeof(*more));
		if (!more) {
			audit->out_of_memory = true;
			return NULL;
		}
		audit->rows = more;
		audit->room = room;
	}
	memset(&audit->rows[audit->n], 0, sizeof(*audit->rows));
	return &audit->rows[audit->n++];
}

static bool began_moving(const struct audit *audit, uint64_t mm_id)
{
	for (size_t i = 0; i < audit->n_moving; i++)
		if (audit->moving[i] == mm_id)
			return true;
	return false;
}

/* Kept apart from the rows, since what ends first never has one. */
static void note_moving(struct audit *audit, uint64_t mm_id)
{
	size_t room = audit->room_moving ? audit->room_moving * 2 : 64;
	uint64_t *more;

	if (began_moving(audit, mm_id))
		return;
	if (audit->n_moving == audit->room_moving) {
		more = realloc(audit->moving, room * sizeof(*more));
		if (!more) {
			audit->out_of_memory = true;
			return;
		}
		audit->moving = more;
		audit->room_moving = room;
	}
	audit->moving[audit->n_moving++] = mm_id;
}

/* Of whom they are, processes or users */
static bool same_owner(const struct mlocktrace_holding *a, const struct mlocktrace_holding *b)
{
	return a->pid == b->pid && a->start_ns == b->start_ns && a->uid == b->uid;
}

/* What the books do not know has no id; then its owner must do. */
static struct audit_row *find_row(struct audit *audit, const struct mlocktrace_holding *holding)
{
	for (size_t i = 0; i < audit->n; i++) {
		const struct mlocktrace_holding *h = &audit->rows[i].holding;

		if (h->mm_id == holding->mm_id &&
		    (h->mm_id || (h->counter == holding->counter && same_owner(h, holding))))
			return &audit->rows[i];
	}
	return NULL;
}

static bool find_account(const struct audit *audit, uint64_t mm_id, struct mlocktrace_account *account)
{
	*account = (struct mlocktrace_account){ .size = sizeof(*account) };
	return !mlocktrace_book_find(audit->book, mm_id, account);
}

void audit_reading_begin(struct audit *audit)
{
	audit->rounds++;
	for (size_t i = 0; i < audit->n; i++)
		audit->rows[i].seen = false;
}

/* Nothing has changed since the last reading, and all records from before that are in. */
static void compare_records(const struct audit *audit, struct audit_row *row,
			    const struct mlocktrace_holding *holding)
{
	struct mlocktrace_account account;

	if (!row->readings || row->changes != holding->changes) {
		row->quiet = 0;
		return;
	}
	row->quiet++;
	if (find_account(audit, holding->mm_id, &account) ?
	    account.held_before + account.sum == holding->books :
	    holding->held_before == holding->books)
		row->records = RECORDS_AGREE;
}

int audit_holding(void *ctx, const struct mlocktrace_holding *holding)
{
	struct audit *audit = ctx;
	struct audit_row *row;
	bool agrees = holding->known ? holding->kernel == holding->books : !holding->kernel;

	if (holding->known && holding->held_before &&
	    mlocktrace_book_begin(audit->book, holding->mm_id, holding->held_before))
		audit->out_of_memory = true;
	if (holding->began_moving)
		note_moving(audit, holding->mm_id);
	if (!audit->began)
		return 0;
	row = find_row(audit, holding);
	if (!row && audit->rounds <= LAST_NEW)
		row = add_row(audit);
	if (!row)
		return 0;
	row->seen = true;
	row->moving |= holding->began_moving;
	compare_records(audit, row, holding);
	row->changes = holding->changes;
	row->readings++;
	if (agrees || !row->agrees)
		row->holding = *holding;
	row->agrees |= agrees;
	return 0;
}

/* Who is gone is told by the record of its end. */
static void drop_unseen(struct audit *audit)
{
	size_t kept = 0;

	for (size_t i = 0; i < audit->n; i++) {
		if (audit->rows[i].seen)
			audit->rows[kept++] = audit->rows[i];
	}
	audit->n = kept;
}

static bool has_row(const struct audit *audit, uint64_t mm_id)
{
	for (size_t i = 0; i < audit->n; i++)
		if (audit->rows[i].holding.mm_id == mm_id)
			return true;
	return false;
}

/*
 * What of its records? Of an address space that only others' records are about we
 * may know a part: those of its own process need not pass the filters. Users do
 * not end; but the ledger may leave out one whose counter is back at 0.
 */
static bool is_gone(const struct audit *audit, const struct mlocktrace_account *account)
{
	if (!account->records || has_row(audit, account->mm_id))
		return false;
	if (owner_is_user(account->counter))
		return account->held_before + account->sum;
	return account->start_ns;
}

static bool all_gone_have_ended(const struct audit *audit)
{
	struct mlocktrace_account account = { .size = sizeof(account) };

	for (size_t i = 0; !mlocktrace_book_get(audit->book, i, &account); i++) {
		if (!account.ended && account.held_before + account.sum && is_gone(audit, &account))
			return false;
	}
	return true;
}

bool audit_reading_end(struct audit *audit, const struct mlocktrace_stats *stats)
{
	if (!audit->began) {
		audit->began = true;
		audit->rounds = 0;
		return true;
	}
	audit->lost |= stats->dropped != 0;
	drop_unseen(audit);
	if (audit->rounds >= MAX_ROUNDS)
		return true;
	if (audit->rounds < 2) /* records made before the first are still to come */
		return false;
	for (size_t i = 0; i < audit->n; i++) {
		const struct audit_row *row = &audit->rows[i];

		if (!row->agrees ||
		    (!audit->lost && !row->moving && row->records != RECORDS_AGREE))
			return false;
	}
	return audit->lost || all_gone_have_ended(audit);
}

/* ---- result ----------------------------------------------------------------------- */

static void judge_alive(const struct audit *audit, struct audit_row *row)
{
	find_account(audit, row->holding.mm_id, &row->account);
	row->drift = row->agrees ? 0 : row->holding.kernel - row->holding.books;
	if (audit->lost || audit->unplaced || row->moving)
		row->records = RECORDS_UNKNOWN;
	else if (row->records != RECORDS_AGREE && row->quiet >= QUIET_ENOUGH)
		row->records = RECORDS_DIFFER;
}

/* Its records are its books; the kernel's last word is in that of its end. */
static void add_gone(struct audit *audit, const struct mlocktrace_account *account)
{
	struct audit_row *row = add_row(audit);

	if (!row)
		return;
	row->ended = !owner_is_user(account->counter);
	row->account = *account;
	row->holding = (struct mlocktrace_holding){
		.size = sizeof(row->holding),
		.mm_id = account->mm_id,
		.start_ns = account->start_ns,
		.pid = account->pid,
		.uid = account->uid,
		.known = true,
		.kernel = account->ended ? account->last : 0,
		.books = account->held_before + account->sum,
		.held_before = account->held_before,
		.unattributed = account->unattributed,
		.counter = account->counter,
	};
	memcpy(row->holding.comm, account->comm, sizeof(row->holding.comm));
	row->agrees = row->holding.kernel == row->holding.books;
	if (!audit->lost && !audit->unplaced && !began_moving(audit, account->mm_id)) {
		row->records = row->agrees ? RECORDS_AGREE : RECORDS_DIFFER;
	} else { /* the ledger in the kernel has judged: audit_close() */
		row->holding.known = false;
		row->agrees = true;
	}
	row->drift = row->agrees ? 0 : row->holding.kernel - row->holding.books;
}

static void add_all_gone(struct audit *audit)
{
	struct mlocktrace_account account = { .size = sizeof(account) };
	size_t alive = audit->n;

	for (size_t i = 0; !mlocktrace_book_get(audit->book, i, &account); i++) {
		size_t rows = audit->n;
		bool gone;

		audit->n = alive; /* only these are looked through */
		gone = is_gone(audit, &account);
		audit->n = rows;
		/* Where records are missing, those of a user prove nothing. */
		if (gone && !(owner_is_user(account.counter) && (audit->lost || audit->unplaced)))
			add_gone(audit, &account);
	}
}

/* An address space may have two rows, a user three: is it for this one that they are counted? */
static bool is_counted(const struct audit *audit, const struct audit_row *row)
{
	const struct mlocktrace_holding *h = &row->holding;

	if (row->ended)
		return false;
	for (const struct audit_row *r = audit->rows; r < audit->rows + audit->n; r++) {
		const struct mlocktrace_holding *other = &r->holding;

		if (owner_is_user(h->counter)) {
			if (r < row && owner_is_user(other->counter) && other->uid == h->uid)
				return false;
		} else if (h->counter == MLOCKTRACE_COUNTER_VMPIN && !r->ended &&
			   other->counter == MLOCKTRACE_COUNTER_VMLCK && same_owner(other, h)) {
			return false;
		}
	}
	return true;
}

static void count(struct audit *audit)
{
	for (size_t i = 0; i < audit->n; i++) {
		const struct audit_row *row = &audit->rows[i];

		if (!is_counted(audit, row))
			continue;
		if (owner_is_user(row->holding.counter))
			audit->users++;
		else
			audit->alive++;
	}
}

void audit_close(struct audit *audit, const struct mlocktrace_stats *stats)
{
	for (size_t i = 0; i < audit->n; i++)
		judge_alive(audit, &audit->rows[i]);
	add_all_gone(audit);
	count(audit);
	audit->ended = stats->ended;
	audit->unattributed = stats->ended_unattributed;
	audit->adrift = stats->ended_adrift;
	audit->pass = !stats->ended_adrift && !audit->out_of_memory;
	for (size_t i = 0; i < audit->n; i++) {
		const struct audit_row *row = &audit->rows[i];

		audit->drift += row->drift < 0 ? -row->drift : row->drift;
		audit->not_compared += row->records == RECORDS_UNKNOWN;
		audit->pass &= row->agrees && row->records != RECORDS_DIFFER;
		if (row->ended)
			continue;
		audit->adrift += !row->agrees;
		audit->unattributed += row->holding.unattributed;
	}
	audit->records_compared = !audit->lost && !audit->unplaced;
}
