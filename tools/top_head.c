// SPDX-License-Identifier: GPL-2.0
/*
 * What stands above and below the table of `top`: the sums of the machine, how near to their limits
 * processes are, what was refused, and what cannot be seen.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "top_draw.h"

#define NAME 9 /* columns of what begins a line */

const char *top_ago(char buf[24], uint64_t now_ns, uint64_t then_ns)
{
	uint64_t s = now_ns > then_ns ? (now_ns - then_ns) / 1000000000 : 0;

	if (s < 120)
		snprintf(buf, 24, "%" PRIu64 "s", s);
	else if (s < 7200)
		snprintf(buf, 24, "%" PRIu64 "m", s / 60);
	else
		snprintf(buf, 24, "%" PRIu64 "h", s / 3600);
	return buf;
}

void top_refusal_text(const struct mlocktrace_event *event, char *text, size_t size)
{
	const char *op = mlocktrace_op_name(event->op);
	char comm[4 * MLOCKTRACE_COMM_LEN + 1], verdict[1024];

	mlocktrace_escape(comm, sizeof(comm), event->comm, sizeof(event->comm));
	mlocktrace_explain(event, verdict, sizeof(verdict));
	snprintf(text, size, "%s[%u] %s: %s", comm, event->pid, op ? op : "?", verdict);
}

static void draw_name(struct paper *paper, const char *name)
{
	paper_text(paper, STYLE_STRONG, name);
	paper_to(paper, STYLE_PLAIN, NAME);
}

static void draw_title(struct paper *paper, const struct top_source *source,
		       const struct top_view *view)
{
	const struct mlocktrace *tracer = source->tracer;
	time_t now = time(NULL);
	char clock[16] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	paper_text(paper, STYLE_STRONG, TOOL " top");
	paper_print(paper, STYLE_PLAIN, "  %s  every %g s  look: %s", clock,
		    source->o->interval_ns / 1e9, mlocktrace_snapshot_method(source->snapshot));
	if (tracer && strcmp(mlocktrace_source(tracer), mlocktrace_tier(tracer)))
		paper_print(paper, STYLE_PLAIN, "  trace: %s, %s", mlocktrace_source(tracer),
			    mlocktrace_tier(tracer));
	else
		paper_print(paper, STYLE_PLAIN, "  trace: %s", tracer ? mlocktrace_source(tracer) : "none");
	if (view->paused)
		paper_text(paper, STYLE_HEADING, " PAUSED ");
	paper_end(paper);
}

static void draw_sums(struct paper *paper, const struct top_source *source)
{
	const struct mlocktrace_snapshot_total *total = &source->total;
	char a[24], b[24], c[24], d[24];

	draw_name(paper, "Locked");
	paper_print(paper, STYLE_STRONG, "%s", size_text(a, total->vmlck));
	paper_print(paper, STYLE_PLAIN, " in %zu of %zu processes; pinned %s; Mlocked %s, Unevictable %s",
		    total->n_holders, total->n_processes, size_text(b, total->vmpin),
		    size_text(c, total->mlocked), size_text(d, total->unevictable));
	paper_end(paper);
}

static void draw_limits(struct paper *paper, const struct top_model *model)
{
	const struct top_track *nearest = NULL;
	size_t bound = 0, near = 0;

	for (const struct top_track *t = top_next(&model->processes, NULL); t;
	     t = top_next(&model->processes, t)) {
		int used = top_used(t);

		bound += used >= 0;
		near += used >= TOP_NEAR;
		if (used > 0 && (!nearest || used > top_used(nearest)))
			nearest = t;
	}
	draw_name(paper, "Limits");
	paper_print(paper, near ? STYLE_WARN : STYLE_PLAIN, "%zu of %zu", near, bound);
	paper_print(paper, STYLE_PLAIN, " that are held to one have used %d%% of it", TOP_NEAR);
	if (nearest)
		paper_print(paper, STYLE_PLAIN, "; most: %s[%" PRIu64 "] %d%%",
			    nearest->row.cells[PS_COMM].text, nearest->id, top_used(nearest));
	paper_end(paper);
}

static size_t refused_lately(const struct top_model *model)
{
	size_t n = 0;

	for (const struct top_track *t = top_next(&model->processes, NULL); t;
	     t = top_next(&model->processes, t))
		n += top_lately(model, t->refused_ns);
	return n;
}

static void draw_refused(struct paper *paper, const struct top_source *source)
{
	const struct top_model *model = &source->model;
	bool known = source->tracer || model->refused;
	size_t lately = refused_lately(model);
	double rate = top_source_rate(source);

	draw_name(paper, "Refused");
	if (!known) {
		paper_print(paper, STYLE_WARN, "not traced: %s", source->why_not);
		paper_end(paper);
		return;
	}
	paper_print(paper, model->refused ? STYLE_ALERT : STYLE_STRONG, "%" PRIu64, model->refused);
	paper_print(paper, STYLE_PLAIN, " since %s", source->began);
	if (rate >= 0)
		paper_print(paper, STYLE_PLAIN, ", %.*f/s now", rate && rate < 10 ? 1 : 0, rate);
	paper_print(paper, STYLE_PLAIN, ", %zu process%s lately", lately, lately == 1 ? "" : "es");
	if (source->tracer)
		paper_print(paper, source->lost ? STYLE_WARN : STYLE_PLAIN, "; lost: %" PRIu64, source->lost);
	else
		paper_print(paper, STYLE_WARN, "; not traced, as the module counts");
	paper_end(paper);
}

/* Two lines: the remedy stands at the end of a verdict. What they don't hold is on the page about
 * the process. */
static void draw_last(struct paper *paper, const struct top_model *model)
{
	enum style style = top_lately(model, model->last_ns) ? STYLE_ALERT : STYLE_DIM;
	char text[1280] = "-", ago[24];
	int n;

	if (model->last_ns) {
		n = snprintf(text, sizeof(text), "%s ago ", top_ago(ago, model->now_ns, model->last_ns));
		top_refusal_text(&model->last, text + n, sizeof(text) - n);
	}
	draw_name(paper, "Last");
	paper_wrap(paper, style, NAME, text, 2);
}

/* Who is refused often holds nothing, and is the last in most orders. */
static size_t refused_out_of_sight(const struct top_model *model, const struct top_view *view)
{
	size_t n = 0;

	for (size_t i = 0; view->page_rows && i < view->list.n; i++)
		if (i < view->first || i >= view->first + view->page_rows)
			n += top_lately(model, view->list.rows[i]->refused_ns);
	return n;
}

static void draw_choice(struct paper *paper, const struct top_source *source,
			const struct top_view *view)
{
	const struct top_order *order = &view->order;
	size_t out_of_sight = refused_out_of_sight(&source->model, view);
	char filter[4 * sizeof(order->filter)];

	if (out_of_sight)
		paper_print(paper, STYLE_ALERT, "! %zu refused lately are out of sight: R brings them up  ",
			    out_of_sight);
	if (*order->filter) {
		mlocktrace_escape(filter, sizeof(filter), order->filter, sizeof(order->filter));
		paper_print(paper, STYLE_WARN, "only with \"%s\"  ", filter);
	}
	if (order->of_user && order->view != PS_USERS)
		paper_print(paper, STYLE_WARN, "only of user %s  ", order->user);
	if (source->total.n_hidden)
		paper_print(paper, STYLE_WARN, "%zu processes cannot be looked at", source->total.n_hidden);
	else if (mlocktrace_snapshot_blind(source->snapshot)[0])
		paper_text(paper, STYLE_WARN, "without privilege: not all is seen (h tells what)");
	paper_end(paper);
}

void top_draw_head(struct paper *paper, const struct top_source *source, const struct top_view *view)
{
	draw_title(paper, source, view);
	draw_sums(paper, source);
	draw_limits(paper, &source->model);
	draw_refused(paper, source);
	draw_last(paper, &source->model);
	draw_choice(paper, source, view);
}

/* ---- the foot --------------------------------------------------------------------------------- */

static void draw_key(struct paper *paper, const char *key, const char *what)
{
	paper_text(paper, STYLE_STRONG, key);
	paper_print(paper, STYLE_PLAIN, " %s  ", what);
}

void top_draw_foot(struct paper *paper, const struct top_view *view)
{
	bool of_users = view->order.view == PS_USERS;
	char filter[4 * sizeof(view->order.filter)];

	if (view->typing) {
		mlocktrace_escape(filter, sizeof(filter), view->order.filter, sizeof(view->order.filter));
		paper_print(paper, STYLE_STRONG, "/%s_", filter);
		paper_text(paper, STYLE_DIM, "  Enter keeps it, Esc does not");
		return;
	}
	if (view->page != TOP_TABLE) {
		draw_key(paper, "Up Down", "scroll");
		draw_key(paper, "q", "back");
		return;
	}
	draw_key(paper, "Enter", of_users ? "procs" : "detail");
	draw_key(paper, "u", of_users ? "back" : "users");
	draw_key(paper, "<>", "sort");
	draw_key(paper, "r", "reverse");
	draw_key(paper, "/", "filter");
	draw_key(paper, "Space", view->paused ? "go on" : "pause");
	draw_key(paper, "h", "help");
	draw_key(paper, "q", "quit");
}
