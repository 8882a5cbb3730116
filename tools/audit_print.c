// SPDX-License-Identifier: GPL-2.0
/*
 * The table of an audit:
 *
 *	    PID COMM                UID COUNTER      HAD   CHANGED       NOW     DRIFT UNATTRIBUTED
 *	   4242 database           1000 vmlck        64K      +12K       76K         0            0
 *	      - -                  1000 user           0       40K       40K         0            0
 */
#include <inttypes.h>

#include "audit_print.h"
#include "json.h"
#include "message.h"
#include "owner.h"

/* Before 0 there is no sign; a change has one always. */
static const char *change_text(char *buf, size_t size, int64_t bytes)
{
	char number[24];

	snprintf(buf, size, "%s%s", bytes < 0 ? "-" : bytes ? "+" : "",
		 size_text(number, (uint64_t)(bytes < 0 ? -bytes : bytes)));
	return buf;
}

static void print_moment(FILE *out, const char *what, const struct mlocktrace_moment *after)
{
	const char *op = mlocktrace_op_name(after->op);

	if (!after->time_ns) {
		fprintf(out, "%7s %s before its first record\n", "", what);
		return;
	}
	fprintf(out, "%7s %s after %s by process %u at %" PRIu64 ".%09" PRIu64 "\n", "", what,
		op ? op : "?", after->pid, after->time_ns / 1000000000, after->time_ns % 1000000000);
}

static bool is_wrong(const struct audit_row *row)
{
	return !row->agrees || row->records == RECORDS_DIFFER;
}

static const char *counter_text(const struct mlocktrace_holding *h)
{
	const char *name = mlocktrace_counter_name(h->counter);

	return name ? name : "?";
}

static void print_owner(FILE *out, const struct mlocktrace_holding *h)
{
	char comm[4 * MLOCKTRACE_COMM_LEN];

	mlocktrace_escape(comm, sizeof(comm), h->comm, sizeof(h->comm));
	if (owner_is_user(h->counter))
		fprintf(out, "%7s %-15s", "-", "-");
	else
		fprintf(out, "%7u %-15s", h->pid, comm);
	fprintf(out, " %7u", h->uid);
}

static void print_row(const struct audit *audit, FILE *out, const struct audit_row *row)
{
	const struct mlocktrace_holding *h = &row->holding;
	char had[24], changed[32], now[24], drift[32];

	print_owner(out, h);
	fprintf(out, " %-7s %8s %9s %9s %9s %12" PRIu64 "%s\n", counter_text(h),
		h->known ? size_text(had, (uint64_t)h->held_before) : "?",
		h->known ? change_text(changed, sizeof(changed), h->books - h->held_before) : "?",
		size_text(now, (uint64_t)h->kernel),
		change_text(drift, sizeof(drift), row->drift), h->unattributed,
		row->ended ? "  ended" : "");
	if (!h->known && !row->ended)
		fprintf(out, "%7s not in the books\n", "");
	if (row->records == RECORDS_DIFFER)
		fprintf(out, "%7s its records come to %s\n", "",
			change_text(drift, sizeof(drift), row->account.held_before + row->account.sum));
	if (is_wrong(row) && audit->records_compared)
		print_moment(out, "drift appeared", &row->account.since);
	if (row->account.unattributed)
		print_moment(out, "first unattributed change", &row->account.before_unattributed);
}

void audit_print_text(const struct audit *audit, FILE *out, const struct mlocktrace_stats *stats,
		      bool every)
{
	char users[48] = "", size[24];

	fprintf(out, "%7s %-15s %7s %-7s %8s %9s %9s %9s %12s\n", "PID", "COMM", "UID", "COUNTER",
		"HAD", "CHANGED", "NOW", "DRIFT", "UNATTRIBUTED");
	for (size_t i = 0; i < audit->n; i++) {
		const struct audit_row *row = &audit->rows[i];

		if (!row->ended || every || is_wrong(row) || row->account.unattributed)
			print_row(audit, out, row);
	}
	if (audit->users)
		snprintf(users, sizeof(users), " and %zu %s counters", audit->users,
			 audit->users == 1 ? "user's" : "users'");
	fprintf(out, "%zu address space%s%s now, %zu ended; %zu adrift, by %s; %" PRIu64
		" unattributed changes; %" PRIu64 " records lost\n",
		audit->alive, audit->alive == 1 ? "" : "s", users, audit->ended, audit->adrift,
		size_text(size, audit->drift), audit->unattributed, stats->dropped);
	if (!audit->records_compared)
		fprintf(out, "the records could not be compared with the books: %s\n",
			audit->lost ? "some were lost" : "not all say whose counter they changed");
	else if (audit->not_compared)
		fprintf(out, "of %zu the records could not be compared: they changed all the time\n",
			audit->not_compared);
}

/* ---- JSON -------------------------------------------------------------------------- */

/* The record after which something appeared; null: before the first, or it is not known. */
static void put_moment(struct json_object *object, const char *key, bool known,
		       const struct mlocktrace_moment *after)
{
	struct json_object *moment = NULL;
	const char *op = mlocktrace_op_name(after->op);

	if (known && after->time_ns) {
		moment = json_object_new_object();
		json_put_uint(moment, "time_ns", after->time_ns);
		json_put_text(moment, "op", op ? op : "?");
		json_put_int(moment, "pid", after->pid);
	}
	json_object_object_add(object, key, moment);
}

static void put_agreement(struct json_object *object, const char *key, enum audit_records records)
{
	if (records == RECORDS_UNKNOWN)
		json_put_null(object, key);
	else
		json_put_bool(object, key, records == RECORDS_AGREE);
}

static void print_json_row(const struct audit *audit, FILE *out, const struct audit_row *row)
{
	const struct mlocktrace_holding *h = &row->holding;
	const struct owner owner = { h->counter, h->uid, h->pid, h->start_ns, h->comm };
	struct json_object *object = json_object_new_object();

	owner_put_json(object, &owner, "address_space");
	json_put_uint(object, "mm_id", h->mm_id);
	json_put_bool(object, "ended", row->ended);
	json_put_known(object, "held_before", h->held_before, h->known);
	json_put_known(object, "changed", h->books - h->held_before, h->known);
	json_put_known(object, "books", h->books, h->known);
	json_put_int(object, "kernel", h->kernel);
	json_put_int(object, "drift", row->drift);
	json_put_uint(object, "unattributed", h->unattributed);
	json_put_uint(object, "records", row->account.records);
	put_agreement(object, "records_agree", row->records);
	put_moment(object, "drift_after", is_wrong(row) && audit->records_compared, &row->account.since);
	put_moment(object, "unattributed_after", row->account.unattributed != 0,
		   &row->account.before_unattributed);
	json_print(out, object);
}

void audit_print_json(const struct audit *audit, FILE *out, const struct mlocktrace_stats *stats,
		      const char *tier)
{
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; i < audit->n; i++)
		print_json_row(audit, out, &audit->rows[i]);
	json_put_text(object, "type", "summary");
	json_put_text(object, "tier", tier);
	json_put_uint(object, "alive", audit->alive);
	json_put_uint(object, "users", audit->users);
	json_put_uint(object, "ended", audit->ended);
	json_put_uint(object, "adrift", audit->adrift);
	json_put_uint(object, "drift", audit->drift);
	json_put_uint(object, "unattributed", audit->unattributed);
	json_put_uint(object, "lost", stats->dropped);
	json_put_uint(object, "missed", stats->missed);
	json_put_uint(object, "untracked", stats->untracked);
	json_put_bool(object, "records_compared", audit->records_compared);
	json_put_uint(object, "not_compared", audit->not_compared);
	json_put_bool(object, "pass", audit->pass);
	json_print(out, object);
}
