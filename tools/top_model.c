// SPDX-License-Identifier: GPL-2.0
/*
 * Tracks of processes and users over the rounds of `top`.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "top_model.h"

/* ---- tracks ----------------------------------------------------------------------------- */

/* In ns, or as /proc has it, to the clock tick: no pid comes round within one. */
static bool same_start(uint64_t a, uint64_t b)
{
	uint64_t tick = 1000000000ULL / sysconf(_SC_CLK_TCK);

	return (a > b ? a - b : b - a) <= tick;
}

struct top_track *top_find(const struct top_tracks *tracks, uint64_t id, uint64_t start_ns)
{
	struct top_track *track = tracks->buckets[id % TOP_BUCKETS];

	while (track && (track->id != id || !same_start(track->start_ns, start_ns)))
		track = track->next;
	return track;
}

struct top_track *top_next(const struct top_tracks *tracks, const struct top_track *after)
{
	size_t i = after ? after->id % TOP_BUCKETS + 1 : 0;

	if (after && after->next)
		return after->next;
	while (i < TOP_BUCKETS && !tracks->buckets[i])
		i++;
	return i < TOP_BUCKETS ? tracks->buckets[i] : NULL;
}

static struct top_track *add_track(struct top_tracks *tracks, uint64_t id, uint64_t start_ns)
{
	struct top_track **bucket = &tracks->buckets[id % TOP_BUCKETS];
	struct top_track *track = calloc(1, sizeof(*track));

	if (!track)
		return NULL;
	track->id = id;
	track->start_ns = start_ns;
	track->next = *bucket;
	*bucket = track;
	tracks->n++;
	return track;
}

static void remove_track(struct top_tracks *tracks, struct top_track *track)
{
	struct top_track **at = &tracks->buckets[track->id % TOP_BUCKETS];

	while (*at != track)
		at = &(*at)->next;
	*at = track->next;
	tracks->n--;
	ps_row_free(&track->row);
	free(track->last);
	free(track);
}

static void free_tracks(struct top_tracks *tracks)
{
	struct top_track *track;

	while ((track = top_next(tracks, NULL)))
		remove_track(tracks, track);
}

/* ---- a round ------------------------------------------------------------------------------ */

static void begin_tracks(struct top_tracks *tracks)
{
	for (struct top_track *t = top_next(tracks, NULL); t; t = top_next(tracks, t))
		t->refused_now = 0;
}

void top_begin(struct top_model *model, uint64_t now_ns)
{
	model->gap_ns = model->rounds ? now_ns - model->now_ns : 0;
	model->now_ns = now_ns;
	model->rounds++;
	model->refused_now = 0;
	begin_tracks(&model->processes);
	begin_tracks(&model->users);
}

static void count_refusals(struct top_track *track, uint64_t n, uint64_t time_ns)
{
	track->refused += n;
	track->refused_now += n;
	track->refused_ns = time_ns;
}

/* Without a tracer: by how much the module's count has grown since the snapshot before. */
static void count_by_module(struct top_model *model, struct top_track *track, bool is_new)
{
	const struct ps_cell *cell = &track->row.cells[PS_REFUSALS];
	uint64_t more = cell->value > track->counted ? cell->value - track->counted : 0;

	if (!cell->known)
		return;
	track->counted = cell->value;
	if (model->traced || is_new || !more)
		return;
	count_refusals(track, more, model->now_ns);
	model->refused += more;
	model->refused_now += more;
}

static struct top_track *find_or_add(struct top_tracks *tracks, uint64_t id, uint64_t start_ns,
				     bool *is_new)
{
	struct top_track *track = top_find(tracks, id, start_ns);

	*is_new = !track;
	return track ? track : add_track(tracks, id, start_ns);
}

static int take_row(struct top_model *model, struct ps_row *row, bool of_user)
{
	struct top_tracks *tracks = of_user ? &model->users : &model->processes;
	uint64_t start_ns = of_user ? 0 : row->cells[PS_START].value;
	struct top_track *track;
	bool is_new;

	track = find_or_add(tracks, row->cells[of_user ? PS_UID : PS_PID].value, start_ns, &is_new);
	if (!track)
		return -ENOMEM;
	ps_row_free(&track->row);
	track->row = *row;
	*row = (struct ps_row){ 0 };
	track->seen = model->rounds;
	track->ended = false;
	count_by_module(model, track, is_new);
	return 0;
}

int top_rows(struct top_model *model, struct ps_rows *rows)
{
	int err = 0;

	for (size_t i = 0; i < rows->n && !err; i++)
		err = take_row(model, &rows->list[i], rows->view == PS_USERS);
	return err;
}

/* ---- refusals ----------------------------------------------------------------------------- */

static int keep_last(struct top_track *track, const struct mlocktrace_event *event)
{
	if (!track->last)
		track->last = calloc(TOP_LAST, sizeof(*track->last));
	if (!track->last)
		return -ENOMEM;
	track->last[track->n_last++ % TOP_LAST] = *event;
	return 0;
}

/* What is not in the snapshot is shown as its last refusal has it. */
static int refuse_process(struct top_model *model, const struct mlocktrace_event *event,
			  const struct mlocktrace_holder *as)
{
	bool is_new;
	struct top_track *track = find_or_add(&model->processes, as->pid, as->start_ns, &is_new);
	int err = 0;

	if (!track)
		return -ENOMEM;
	count_refusals(track, 1, event->time_ns + event->duration_ns);
	if (track->seen != model->rounds) {
		ps_row_free(&track->row);
		err = ps_row_fill_process(&track->row, as);
	}
	return err ? err : keep_last(track, event);
}

static int refuse_user(struct top_model *model, const struct mlocktrace_event *event,
		       const struct mlocktrace_holder *as)
{
	const struct mlocktrace_user user = {
		.size = sizeof(user), .uid = as->uid, .limit = as->capable ? MLOCKTRACE_UNLIMITED : as->limit,
	};
	bool is_new;
	struct top_track *track = find_or_add(&model->users, as->uid, 0, &is_new);

	if (!track)
		return -ENOMEM;
	count_refusals(track, 1, event->time_ns + event->duration_ns);
	return is_new ? ps_row_fill_user(&track->row, &user) : 0;
}

int top_refused(struct top_model *model, const struct mlocktrace_event *event,
		const struct mlocktrace_holder *as)
{
	int err = refuse_process(model, event, as);

	model->refused++;
	model->refused_now++;
	model->last = *event;
	model->last_ns = event->time_ns + event->duration_ns;
	return err ? err : refuse_user(model, event, as);
}

const struct mlocktrace_event *top_last(const struct top_track *track, size_t before)
{
	if (before >= track->n_last || before >= TOP_LAST)
		return NULL;
	return &track->last[(track->n_last - 1 - before) % TOP_LAST];
}

bool top_lately(const struct top_model *model, uint64_t refused_ns)
{
	return refused_ns && (refused_ns > model->now_ns || model->now_ns - refused_ns < TOP_LATELY_NS);
}

/* ---- the end of a round -------------------------------------------------------------------- */

static void hold(struct top_track *track)
{
	const struct ps_cell *cells = track->row.cells;

	track->held[track->n_held++ % TOP_HISTORY] = cells[PS_LOCKED].value + cells[PS_PINNED].value;
}

/* Is not in the snapshot: holds nothing, or not any more. */
static void is_idle(struct top_model *model, struct top_track *track, bool of_user)
{
	track->row.cells[PS_LOCKED].value = 0;
	track->row.cells[PS_PINNED].value = 0;
	if (!of_user)
		track->ended = !model->lives((pid_t)track->id);
}

static int by_refusal(const void *a, const void *b)
{
	const struct top_track *const *x = a, *const *y = b;

	return (*x)->refused_ns < (*y)->refused_ns ? -1 : (*x)->refused_ns > (*y)->refused_ns;
}

/* Something that is started again and again to be refused must not fill the memory. */
static void remove_oldest(struct top_tracks *tracks, uint64_t round)
{
	struct top_track **idle = calloc(tracks->n + 1, sizeof(struct top_track *));
	size_t n = 0;

	if (!idle)
		return; /* then in the next round */
	for (struct top_track *t = top_next(tracks, NULL); t; t = top_next(tracks, t))
		if (t->seen != round)
			idle[n++] = t;
	qsort(idle, n, sizeof(struct top_track *), by_refusal);
	for (size_t i = 0; i + TOP_MOST_IDLE < n; i++)
		remove_track(tracks, idle[i]);
	free(idle);
}

static void end_tracks(struct top_model *model, struct top_tracks *tracks)
{
	struct top_track *next;
	size_t n_idle = 0;

	for (struct top_track *t = top_next(tracks, NULL); t; t = next) {
		next = top_next(tracks, t);
		if (t->seen != model->rounds) {
			if (!top_lately(model, t->refused_ns)) {
				remove_track(tracks, t);
				continue;
			}
			is_idle(model, t, tracks == &model->users);
			n_idle++;
		}
		hold(t);
	}
	if (n_idle > TOP_MOST_IDLE)
		remove_oldest(tracks, model->rounds);
}

void top_end(struct top_model *model)
{
	end_tracks(model, &model->processes);
	end_tracks(model, &model->users);
}

void top_free(struct top_model *model)
{
	free_tracks(&model->processes);
	free_tracks(&model->users);
}

/* ---- what a track says ---------------------------------------------------------------------- */

uint64_t top_held(const struct top_track *track, size_t ago)
{
	return track->held[(track->n_held - 1 - ago) % TOP_HISTORY];
}

size_t top_history(const struct top_track *track, uint64_t *values, size_t most)
{
	size_t n = track->n_held < TOP_HISTORY ? track->n_held : TOP_HISTORY;

	if (n > most)
		n = most;
	for (size_t i = 0; i < n; i++)
		values[i] = top_held(track, n - 1 - i);
	return n;
}

int64_t top_change(const struct top_track *track)
{
	if (track->n_held < 2)
		return 0;
	return (int64_t)(top_held(track, 0) - top_held(track, 1));
}

int top_used(const struct top_track *track)
{
	const struct ps_cell *cells = track->row.cells;
	uint64_t limit = cells[PS_LIMIT].value, used = cells[PS_LOCKED].value;

	if (!cells[PS_LIMIT].known || limit == MLOCKTRACE_UNLIMITED || cells[PS_CAPABLE].value)
		return -1;
	/* Of a user it is compared with the counters that are his, and no process's. */
	if (!cells[PS_PID].known) {
		if (!cells[PS_CHARGED].known)
			return -1;
		used = cells[PS_CHARGED].value > cells[PS_SHM].value ? cells[PS_CHARGED].value :
									cells[PS_SHM].value;
	}
	if (!limit)
		return 100;
	/* A limit may have been lowered to next to nothing since. */
	return used / limit >= 9 ? 999 : (int)(100.0 * used / limit);
}
