/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Do the books agree with the kernel? Compares three things per counter of an
 * address space or user: the kernel's counter, the ledger kept in the kernel, and
 * the sum of the records that arrived. Knows nothing of processes or output: it is
 * fed readings and records, and can be fed false ones.
 */
#ifndef TOOLS_AUDIT_H
#define TOOLS_AUDIT_H

#include <mlocktrace/mlocktrace.h>

/* Do the records add up to the books? */
enum audit_records { RECORDS_UNKNOWN, RECORDS_AGREE, RECORDS_DIFFER };

struct audit_row {
	struct mlocktrace_holding holding; /* the reading that agreed, else the last */
	struct mlocktrace_account account; /* by its records; all 0 without any */
	bool ended;
	bool agrees; /* the kernel's counter is what the books say */
	enum audit_records records;
	int64_t drift; /* bytes: kernel less books; of what the books do not know, all it holds */

	/* While readings are made: */
	bool seen;
	unsigned int readings;
	bool moving; /* it is not known what it held before */
	unsigned int quiet; /* readings in a row between which the books did not change */
	uint64_t changes;
};

struct audit {
	struct mlocktrace_book *book;
	struct audit_row *rows;
	size_t n, room;
	uint64_t *moving; /* ids of counters that changed while recording began */
	size_t n_moving, room_moving;
	unsigned int rounds;
	bool began; /* the first reading, which says what was held before, was made */
	bool out_of_memory;
	bool unplaced; /* a record changed a counter, and it is not known whose */
	bool lost; /* records are missing */

	/* The result, from audit_close() on. */
	size_t alive, ended; /* address spaces */
	size_t users; /* with a counter of their own */
	size_t adrift;
	uint64_t drift; /* bytes, without sign */
	uint64_t unattributed;
	size_t not_compared; /* rows whose records could not be compared */
	bool records_compared;
	bool pass;
};

/* 0 or -ENOMEM. */
int audit_open(struct audit *audit);
void audit_free(struct audit *audit);

/* A record arrived. */
void audit_record(struct audit *audit, const struct mlocktrace_event *event);

/*
 * A reading of the ledger: begin, one call for each counter, end. All records
 * made before it began have arrived when the next one begins. audit_reading_end() is
 * true when everything agrees, or has had its chances: no further reading is needed.
 */
void audit_reading_begin(struct audit *audit);
int audit_holding(void *audit, const struct mlocktrace_holding *holding);
bool audit_reading_end(struct audit *audit, const struct mlocktrace_stats *stats);

/* Turn the readings into the result; rows of what ended are added. */
void audit_close(struct audit *audit, const struct mlocktrace_stats *stats);

#endif
