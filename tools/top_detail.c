// SPDX-License-Identifier: GPL-2.0
/*
 * The page of `top` about one process: who it is, its counters against its limit, what it held,
 * its ranges, and its last refusals with verdict and remedy.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bars.h"
#include "top_draw.h"

#define NAME 10
#define GAUGE 20

static const char *text_of(const struct ps_row *row, enum ps_column_id id)
{
	return row->cells[id].known && row->cells[id].text ? row->cells[id].text : "not known";
}

static void line(struct paper *paper, const char *name, enum style style, const char *text)
{
	paper_text(paper, STYLE_STRONG, name);
	paper_wrap(paper, style, NAME, text, 0);
}

static const char *limit_text(char buf[24], const struct ps_cell *limit)
{
	if (!limit->known)
		return "not known";
	return limit->value == MLOCKTRACE_UNLIMITED ? "unlimited" : size_text(buf, limit->value);
}

static void draw_who(struct paper *paper, const struct top_track *track)
{
	const struct ps_row *row = &track->row;

	paper_print(paper, STYLE_STRONG, "%s[%" PRIu64 "]", text_of(row, PS_COMM), track->id);
	paper_print(paper, STYLE_PLAIN, " of user %s (uid %" PRIu64 ")", text_of(row, PS_USER),
		    row->cells[PS_UID].value);
	if (track->ended)
		paper_text(paper, STYLE_ALERT, "  has ended");
	paper_end(paper);
	line(paper, "unit", STYLE_PLAIN, text_of(row, PS_UNIT));
	line(paper, "cgroup", STYLE_PLAIN, text_of(row, PS_CGROUP));
}

static void draw_limit(struct paper *paper, const struct top_track *track)
{
	const struct ps_cell *cells = track->row.cells;
	char text[256], soft[24], hard[24];

	snprintf(text, sizeof(text), "%s soft, %s hard%s", limit_text(soft, &cells[PS_LIMIT]),
		 limit_text(hard, &cells[PS_HARD_LIMIT]), cells[PS_CAPABLE].value ?
		 "; does not hold: it has CAP_IPC_LOCK" : ", and no CAP_IPC_LOCK");
	line(paper, "limit", STYLE_PLAIN, text);
}

/* ---- counters ------------------------------------------------------------------------------- */

/* @limit: what it is compared with, 0 = nothing */
static void draw_counter(struct paper *paper, const char *name, const struct ps_cell *cell,
			 const struct ps_cell *limit, const char *about)
{
	bool bound = limit && limit->known && limit->value && limit->value != MLOCKTRACE_UNLIMITED;
	char size[24], gauge[BARS_SIZE(GAUGE)], limit_size[24];
	int percent;

	paper_print(paper, STYLE_STRONG, "  %-8s", name);
	paper_cell(paper, STYLE_PLAIN, cell->known ? size_text(size, cell->value) : "-", 8, true);
	paper_text(paper, STYLE_PLAIN, "  ");
	if (bound && cell->known) {
		percent = cell->value / limit->value >= 9 ? 999 : (int)(100.0 * cell->value / limit->value);
		bars_gauge(gauge, percent, GAUGE, paper->utf8);
		paper_print(paper, percent >= TOP_NEAR ? STYLE_WARN : STYLE_PLAIN, "%s %d%% of %s  ", gauge,
			    percent, size_text(limit_size, limit->value));
	}
	paper_text(paper, STYLE_DIM, about);
	paper_end(paper);
}

static void draw_counters(struct paper *paper, const struct top_model *model,
			  const struct top_track *track)
{
	const struct ps_cell *cells = track->row.cells, *limit = &cells[PS_LIMIT];
	const struct top_track *user = top_find(&model->users, cells[PS_UID].value, 0);
	char about[128];

	if (cells[PS_CAPABLE].value)
		limit = NULL;
	paper_text(paper, STYLE_STRONG, "counters");
	paper_end(paper);
	draw_counter(paper, "vmlck", &cells[PS_LOCKED], limit, "mlock and the like, of this process");
	draw_counter(paper, "vmpin", &cells[PS_PINNED], NULL, "pinned for devices and io_uring");
	if (!user)
		return;
	snprintf(about, sizeof(about), "of user %s: io_uring, XDP, zero-copy", text_of(&track->row, PS_USER));
	draw_counter(paper, "user", &user->row.cells[PS_CHARGED], limit, about);
	if (user->row.cells[PS_PERF].known)
		draw_counter(paper, "perf", &user->row.cells[PS_PERF], NULL, "rings of perf of this user");
	draw_counter(paper, "shm", &user->row.cells[PS_SHM], limit, "SysV segments of this user");
}

/* ---- history -------------------------------------------------------------------------------- */

static void draw_history(struct paper *paper, const struct top_track *track)
{
	uint64_t values[TOP_HISTORY], least = UINT64_MAX, most = 0;
	char held[BARS_SIZE(TOP_HISTORY)], a[24], b[24], c[24];
	size_t room = paper->width > NAME ? (size_t)(paper->width - NAME) : 1;
	size_t n = top_history(track, values, room < TOP_HISTORY ? room : TOP_HISTORY);

	for (size_t i = 0; i < n; i++) {
		least = values[i] < least ? values[i] : least;
		most = values[i] > most ? values[i] : most;
	}
	bars_line(held, values, n, paper->utf8);
	paper_text(paper, STYLE_STRONG, "held");
	paper_to(paper, STYLE_PLAIN, NAME);
	paper_text(paper, STYLE_PLAIN, held);
	paper_end(paper);
	paper_to(paper, STYLE_PLAIN, NAME);
	paper_print(paper, STYLE_DIM, "%zu rounds: least %s, most %s, now %s", n,
		    size_text(a, n ? least : 0), size_text(b, most), size_text(c, n ? values[n - 1] : 0));
	paper_end(paper);
}

/* ---- ranges --------------------------------------------------------------------------------- */

static void draw_regions(struct paper *paper, const struct top_regions *of)
{
	const struct mlocktrace_regions_total *total = &of->total;
	char text[512], path[4 * 4096], a[24], b[24];

	if (of->error) {
		snprintf(text, sizeof(text), "cannot be looked at: %s", strerror(-of->error));
		line(paper, "ranges", STYLE_WARN, text);
		return;
	}
	snprintf(text, sizeof(text), "%zu, %s locked, %s in RAM; `" TOOL " regions %d` has them all",
		 total->n_regions, size_text(a, total->locked), size_text(b, total->resident), total->pid);
	line(paper, "ranges", STYLE_PLAIN, text);
	for (size_t i = 0; i < of->n_largest; i++) {
		const struct mlocktrace_region *region = &of->largest[i];

		mlocktrace_escape(path, sizeof(path), region->path, strlen(region->path));
		paper_print(paper, STYLE_PLAIN, "  %-8s%8s  %s %s%s", "",
			    size_text(a, region->end - region->start), region->perms,
			    *path ? path : mlocktrace_backing_name(region->backing),
			    region->on_fault ? ", on fault" : "");
		paper_end(paper);
	}
}

/* ---- refusals --------------------------------------------------------------------------------- */

static void draw_refusal(struct paper *paper, const struct top_model *model,
			 const struct mlocktrace_event *event)
{
	const char *cause = mlocktrace_cause_name(mlocktrace_cause(event));
	const char *name = mlocktrace_errno_name(-event->ret), *op = mlocktrace_op_name(event->op);
	char verdict[1024], ago[24], asked[24], had[24];

	paper_print(paper, STYLE_ALERT, "! %s ago  %s %s, %s", top_ago(ago, model->now_ns, event->time_ns),
		    op ? op : "?", name ? name : "refused", cause ? cause : "?");
	if (event->op != MLOCKTRACE_OP_SETRLIMIT && !(event->flags & MLOCKTRACE_F_NO_BEFORE))
		paper_print(paper, STYLE_PLAIN, "  had %s, asked %s",
			    size_text(had, event->before > 0 ? (uint64_t)event->before : 0),
			    size_text(asked, event->asked));
	paper_end(paper);
	if (mlocktrace_explain(event, verdict, sizeof(verdict)) > 0)
		paper_wrap(paper, STYLE_PLAIN, 4, verdict, 0);
}

static void draw_refusals(struct paper *paper, const struct top_source *source,
			  const struct top_track *track)
{
	const struct ps_cell *counted = &track->row.cells[PS_REFUSALS];
	const struct mlocktrace_event *event;
	char text[640];
	int n = snprintf(text, sizeof(text), "%" PRIu64 " since %s", track->refused, source->began);

	if (counted->known)
		n += snprintf(text + n, sizeof(text) - n, "; %" PRIu64 " counted by the kernel module",
			      counted->value);
	if (!source->tracer)
		snprintf(text + n, sizeof(text) - n, "; not traced: %s", source->why_not);
	line(paper, "refused", track->refused ? STYLE_ALERT : STYLE_PLAIN, text);
	for (size_t i = 0; (event = top_last(track, i)); i++)
		draw_refusal(paper, &source->model, event);
}

void top_draw_detail(struct paper *paper, const struct top_source *source,
		     const struct top_view *view, const struct top_regions *regions)
{
	const struct top_track *track = top_find(&source->model.processes, view->id, view->start_ns);

	if (!track) {
		paper_print(paper, STYLE_PLAIN, "process %" PRIu64 " holds nothing any more, or has ended",
			    view->id);
		paper_end(paper);
		return;
	}
	draw_who(paper, track);
	draw_limit(paper, track);
	draw_counters(paper, &source->model, track);
	draw_history(paper, track);
	draw_refusals(paper, source, track);
	if (regions->tried && regions->id == track->id)
		draw_regions(paper, regions);
}
