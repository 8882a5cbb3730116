/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Truth tables of mlocktrace_cause() and mlocktrace_needed_limit(): what a row
 * is, how it is tried, and which causes an op can meet, so that the tables are
 * complete.
 */
#ifndef CAUSE_ROWS_H
#define CAUSE_ROWS_H

#include <errno.h>
#include <stdlib.h>

#include <mlocktrace/mlocktrace.h>

#include "ktap.h"

#define K 1024ULL
#define M (K * K)
#define NONE MLOCKTRACE_UNLIMITED

#define F(TAG) MLOCKTRACE_F_##TAG
#define PASSED (F(STEPS) | F(LIMIT_PASSED))
#define OP(TAG) .op = MLOCKTRACE_OP_##TAG
#define IS(TAG) .cause = MLOCKTRACE_CAUSE_##TAG

struct row {
	const char *name;
	uint8_t op;
	int ret;
	uint64_t flags;
	int64_t before;
	uint64_t asked;
	uint64_t overlap;
	uint64_t limit;
	int64_t delta;
	uint32_t arg;
	int inner_ret;
	int sysno;
	enum mlocktrace_cause cause;
	uint64_t needed;
};

static inline struct mlocktrace_event event_of(const struct row *row)
{
	return (struct mlocktrace_event){
		.size = sizeof(struct mlocktrace_event),
		.abi = MLOCKTRACE_ABI,
		.op = row->op,
		.ret = row->ret,
		.flags = row->flags,
		.before = row->before,
		.after = row->before + row->delta,
		.asked = row->asked,
		.overlap = row->overlap,
		.limit = row->limit,
		.hard_limit = row->limit,
		.arg = row->arg,
		.inner_ret = row->inner_ret,
		.sysno = row->sysno,
	};
}

static inline void run_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct mlocktrace_event event = event_of(&rows[i]);

		ktap_begin();
		check_text(mlocktrace_cause_name(mlocktrace_cause(&event)),
			   mlocktrace_cause_name(rows[i].cause));
		check_int(mlocktrace_needed_limit(&event), rows[i].needed);
		/* The same arithmetic, of whatever was refused. */
		if (rows[i].needed)
			check_int(mlocktrace_least_limit(&event), rows[i].needed);
		ktap_end(rows[i].name);
	}
}

#define BIT(TAG) (1u << MLOCKTRACE_CAUSE_##TAG)
#define ANY_CALL (BIT(OK) | BIT(INTERRUPTED) | BIT(DENIED) | BIT(OTHER))
#define LOCKING (ANY_CALL | BIT(OVER_LIMIT) | BIT(LIMIT_ZERO) | BIT(NOT_MAPPED) | \
		 BIT(TOO_MANY_MAPS) | BIT(POPULATE_FAILED) | BIT(BAD_RANGE) | BIT(NO_MEMORY))
#define POOL (BIT(OK) | BIT(OVER_LIMIT) | BIT(NO_MEMORY) | BIT(DENIED) | BIT(OTHER))

static const unsigned int meets[MLOCKTRACE_OP_MAX] = {
	[MLOCKTRACE_OP_LOST] = BIT(OK),
	[MLOCKTRACE_OP_MLOCK] = LOCKING,
	[MLOCKTRACE_OP_MLOCK2] = LOCKING | BIT(BAD_FLAGS),
	[MLOCKTRACE_OP_MUNLOCK] = ANY_CALL | BIT(NOT_MAPPED) | BIT(TOO_MANY_MAPS) | BIT(BAD_RANGE) |
		BIT(NO_MEMORY),
	[MLOCKTRACE_OP_MLOCKALL] = ANY_CALL | BIT(OVER_LIMIT) | BIT(LIMIT_ZERO) | BIT(BAD_FLAGS),
	[MLOCKTRACE_OP_MUNLOCKALL] = ANY_CALL,
	[MLOCKTRACE_OP_EXEC] = BIT(OK),
	[MLOCKTRACE_OP_EXIT] = BIT(OK),
	[MLOCKTRACE_OP_FORK] = BIT(OK),
	[MLOCKTRACE_OP_SETRLIMIT] = BIT(OK) | BIT(DENIED) | BIT(BAD_RANGE) | BIT(OTHER),
	[MLOCKTRACE_OP_MMAP] = ANY_CALL | BIT(OVER_LIMIT) | BIT(LIMIT_ZERO) | BIT(TOO_MANY_MAPS) |
		BIT(NO_MEMORY),
	[MLOCKTRACE_OP_BRK] = ANY_CALL | BIT(OVER_LIMIT) | BIT(TOO_MANY_MAPS) | BIT(NO_MEMORY),
	[MLOCKTRACE_OP_STACK] = BIT(OK) | BIT(OVER_LIMIT) | BIT(OTHER),
	[MLOCKTRACE_OP_MREMAP] = ANY_CALL | BIT(OVER_LIMIT) | BIT(NOT_MAPPED) | BIT(TOO_MANY_MAPS) |
		BIT(NO_MEMORY),
	[MLOCKTRACE_OP_MUNMAP] = ANY_CALL | BIT(TOO_MANY_MAPS) | BIT(NO_MEMORY),
	[MLOCKTRACE_OP_UNATTRIBUTED] = BIT(OK),
	[MLOCKTRACE_OP_SHM_LOCK] = BIT(OK) | BIT(OVER_LIMIT) | BIT(LIMIT_ZERO) | BIT(DENIED) | BIT(OTHER),
	[MLOCKTRACE_OP_SHM_UNLOCK] = BIT(OK) | BIT(DENIED) | BIT(OTHER),
	[MLOCKTRACE_OP_SHM_HUGETLB] = BIT(OK) | BIT(NO_MEMORY) | BIT(DENIED) | BIT(OTHER),
	[MLOCKTRACE_OP_IO_URING] = POOL,
	[MLOCKTRACE_OP_PERF_MMAP] = POOL,
	[MLOCKTRACE_OP_XDP_UMEM] = POOL,
	[MLOCKTRACE_OP_ZEROCOPY] = POOL,
	[MLOCKTRACE_OP_SECRETMEM] = POOL,
	[MLOCKTRACE_OP_ACCOUNT_LOCKED_VM] = POOL | BIT(LIMIT_ZERO),
	[MLOCKTRACE_OP_PIN] = POOL | BIT(LIMIT_ZERO),
};

/* A table is answerable for the ops from first to before end. */
static inline void check_coverage(const struct row *rows, size_t n, unsigned int first, unsigned int end)
{
	unsigned int met[256] = { 0 };

	for (size_t i = 0; i < n; i++)
		met[rows[i].op] |= 1u << rows[i].cause;
	for (unsigned int op = first; op < end; op++) {
		check(meets[op]);
		for (unsigned int cause = 0; cause < MLOCKTRACE_CAUSE_MAX; cause++) {
			bool can = meets[op] >> cause & 1, has = met[op] >> cause & 1;

			if (!check(can == has))
				printf("# %s: %s\n", mlocktrace_op_name(op), mlocktrace_cause_name(cause));
		}
	}
}

#endif
