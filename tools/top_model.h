/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What `top` remembers from round to round: a track for each process and user, with what it held
 * and what it was refused. It knows neither kernel nor terminal: it is told what there is.
 *
 * A round: top_begin(), then the rows of a snapshot and the refusals since, then top_end().
 */
#ifndef TOOLS_TOP_MODEL_H
#define TOOLS_TOP_MODEL_H

#include <mlocktrace/mlocktrace.h>

#include "ps.h"

#define TOP_HISTORY 240	      /* rounds that are remembered */
#define TOP_LAST 8	      /* refusals that are remembered of each process */
#define TOP_LATELY_NS 60000000000ULL
#define TOP_NEAR 90	      /* percent of a limit from which on it is worth a look */
#define TOP_BUCKETS 1024
#define TOP_MOST_IDLE 256     /* processes that hold nothing and were refused something */

/*
 * @row:     as `ps` has it; of a process that holds nothing, from its last refusal
 * @id:      pid or uid; processes are told apart by @start_ns, too
 * @seen:    the round in which it was last in the snapshot
 * @ended:   the process has ended; it stays as long as its refusals are of interest
 * @held:    locked + pinned after each round, the oldest overwritten: see top_held()
 * @refused: since the track began; @refused_now: of these, in this round
 * @refused_ns: CLOCK_MONOTONIC of the last of them, 0 = none
 * @counted: what the kernel module had counted by the last snapshot
 * @last:    the last refusals, see top_last(); NULL = none, as of users
 */
struct top_track {
	struct top_track *next;
	struct ps_row row;
	uint64_t id;
	uint64_t start_ns;
	uint64_t seen;
	bool ended;
	size_t n_held;
	uint64_t held[TOP_HISTORY];
	uint64_t refused;
	uint64_t refused_now;
	uint64_t refused_ns;
	uint64_t counted;
	size_t n_last;
	struct mlocktrace_event *last;
};

struct top_tracks {
	struct top_track *buckets[TOP_BUCKETS];
	size_t n;
};

/*
 * @traced:  refusals are told with top_refused(), else they are what the kernel module counts
 * @lives:   does this process exist?
 * @rounds:  how many have begun; @now_ns: when the last did, CLOCK_MONOTONIC; @gap_ns: after the
 *           one before, 0 in the first
 * @refused: of all; @refused_now: in this round
 * @last:    the last refusal of all, if there was one: @last_ns
 */
struct top_model {
	bool traced;
	bool (*lives)(pid_t pid);
	struct top_tracks processes;
	struct top_tracks users;
	uint64_t rounds;
	uint64_t now_ns;
	uint64_t gap_ns;
	uint64_t refused;
	uint64_t refused_now;
	uint64_t last_ns;
	struct mlocktrace_event last;
};

void top_begin(struct top_model *model, uint64_t now_ns);
/* Rows of processes or users; their texts are taken out of them. 0 or -ENOMEM. */
int top_rows(struct top_model *model, struct ps_rows *rows);
/* A refusal, and whose: @as its record says. 0 or -ENOMEM. */
int top_refused(struct top_model *model, const struct mlocktrace_event *event,
		const struct mlocktrace_holder *as);
/* What has gone is forgotten. */
void top_end(struct top_model *model);
void top_free(struct top_model *model);

/* NULL = not there; @start_ns: 0 for users */
struct top_track *top_find(const struct top_tracks *tracks, uint64_t id, uint64_t start_ns);
/* All of them in no order of meaning: the first for NULL, NULL after the last. */
struct top_track *top_next(const struct top_tracks *tracks, const struct top_track *after);

/* What it held so many rounds ago, 0 = now; below @n_held and TOP_HISTORY. */
uint64_t top_held(const struct top_track *track, size_t ago);
/* The same by round as an array, oldest first: how many, at most @most. */
size_t top_history(const struct top_track *track, uint64_t *values, size_t most);
/* Against the round before; 0 in the first. */
int64_t top_change(const struct top_track *track);
/* The refusal so many before the last one, 0 = that one; NULL = not remembered. */
const struct mlocktrace_event *top_last(const struct top_track *track, size_t before);
bool top_lately(const struct top_model *model, uint64_t refused_ns);
/* Percent of the limit that are in use; -1 = no limit holds, or it is not known. */
int top_used(const struct top_track *track);

#endif
