// SPDX-License-Identifier: GPL-2.0
/*
 * The table of `top`: as many columns as there is room for, and rows that stand out where
 * something was refused lately, by a mark for those who see no colours.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bars.h"
#include "columns.h"
#include "top_draw.h"

#define GAUGE 5
#define MOST_HELD 40
#define FAIR_HELD 16 /* as long as there is room for others */

/* ---- cells ---------------------------------------------------------------------------------- */

static const char *change_text(char buf[24], int64_t change)
{
	char size[24];

	if (!change)
		return "";
	snprintf(buf, 24, "%c%.22s", change < 0 ? '-' : '+',
		 size_text(size, change < 0 ? -(uint64_t)change : (uint64_t)change));
	return buf;
}

static const char *used_text(char buf[64], const struct top_track *track, bool utf8)
{
	int percent = top_used(track);
	char gauge[BARS_SIZE(GAUGE)];

	if (percent < 0 && track->row.cells[PS_CAPABLE].value)
		return "capable";
	if (percent < 0)
		return track->row.cells[PS_LIMIT].known ? "no limit" : "-";
	bars_gauge(gauge, percent, GAUGE, utf8);
	snprintf(buf, 64, "%3d%% %s", percent, gauge);
	return buf;
}

static const char *cell_text(char buf[64], const struct top_track *track, enum top_column_id id,
			     bool utf8)
{
	const struct ps_cell *limit = &track->row.cells[PS_LIMIT];

	switch (id) {
	case TOP_CHANGE:
		return change_text(buf, top_change(track));
	case TOP_USED:
		return used_text(buf, track, utf8);
	case TOP_REFUSED:
		snprintf(buf, 24, "%" PRIu64, track->refused);
		return track->refused ? buf : "";
	case TOP_LIMIT:
		return limit->known && limit->value == MLOCKTRACE_UNLIMITED ? "none" :
		       ps_cell_text(buf, &track->row, PS_LIMIT);
	default:
		return ps_cell_text(buf, &track->row, top_columns[id].cell);
	}
}

static bool is_text(enum top_column_id id)
{
	enum ps_column_id cell = top_columns[id].cell;

	return id == TOP_USED || (cell < PS_COLUMNS && ps_columns[cell].type == PS_TEXT);
}

/* ---- widths ---------------------------------------------------------------------------------- */

/* What says nothing is left out, as in `ps`. */
static bool is_shown(const struct top_view *view, enum top_column_id id)
{
	enum ps_column_id cell = top_columns[id].cell;

	if (!(top_columns[id].views & view->order.view))
		return false;
	if (id != TOP_PINNED && id != TOP_SHM)
		return true;
	for (size_t i = 0; i < view->list.n; i++)
		if (view->list.rows[i]->row.cells[cell].value)
			return true;
	return view->order.sort == id;
}

static int measure(const struct top_view *view, enum top_column_id id)
{
	const struct top_column *column = &top_columns[id];
	int width = (int)strlen(column->title) + (id == view->order.sort);
	char buf[64];

	if (width < column->least)
		width = column->least;
	if (id == TOP_HELD)
		return FAIR_HELD;
	for (size_t i = 0; i < view->list.n; i++) {
		int n = columns_of(cell_text(buf, view->list.rows[i], id, false));

		width = n > width ? n : width;
	}
	return column->most && width > column->most ? column->most : width;
}

static int sum(const int widths[TOP_COLUMNS])
{
	int all = 0; /* the mark, and a blank before each but the first */

	for (int id = 0; id < TOP_COLUMNS; id++)
		all += widths[id] ? widths[id] + 1 : 0;
	return all;
}

/* Columns of text give way, the widest first. */
static void narrow(int widths[TOP_COLUMNS], int room)
{
	for (int too_much = sum(widths) - room; too_much > 0; too_much--) {
		int widest = -1;

		for (int id = 0; id < TOP_COLUMNS; id++)
			if (top_columns[id].most && widths[id] > top_columns[id].least &&
			    (widest < 0 || widths[id] > widths[widest]))
				widest = id;
		if (widest < 0)
			return;
		widths[widest]--;
	}
}

/* Columns go until the others fit; what is left then is for the line of the history. */
static void fit(const struct top_view *view, int room, int widths[TOP_COLUMNS])
{
	bool shown[TOP_COLUMNS];

	for (int id = 0; id < TOP_COLUMNS; id++)
		shown[id] = view->widths[id];
	for (;;) {
		int goes = -1, left;

		for (int id = 0; id < TOP_COLUMNS; id++) {
			widths[id] = shown[id] ? view->widths[id] : 0;
			if (shown[id] && top_columns[id].goes &&
			    (goes < 0 || top_columns[id].goes > top_columns[goes].goes))
				goes = id;
		}
		narrow(widths, room);
		left = room - sum(widths);
		if (left < 0 && goes >= 0) {
			shown[goes] = false;
			continue;
		}
		if (left > 0 && widths[TOP_HELD])
			widths[TOP_HELD] += left > MOST_HELD - widths[TOP_HELD] ?
					    MOST_HELD - widths[TOP_HELD] : left;
		return;
	}
}

/* ---- lines ------------------------------------------------------------------------------------ */

static void draw_heading(struct paper *paper, const struct top_view *view,
			 const int widths[TOP_COLUMNS])
{
	const char *arrow = view->order.reverse ? "^" : "v";
	char title[32];

	paper_text(paper, STYLE_HEADING, " ");
	for (int id = 0; id < TOP_COLUMNS; id++) {
		if (!widths[id])
			continue;
		snprintf(title, sizeof(title), "%s%s", top_columns[id].title,
			 id == (int)view->order.sort ? arrow : "");
		paper_cell(paper, STYLE_HEADING, title, widths[id], !is_text(id));
		paper_text(paper, STYLE_HEADING, " ");
	}
	paper_to(paper, STYLE_HEADING, paper->width);
	paper_end(paper);
}

static enum style style_of(const struct top_track *track, enum top_column_id id, bool refused)
{
	if (refused)
		return STYLE_ALERT;
	if (track->ended || id == TOP_HELD)
		return STYLE_DIM;
	if (id == TOP_USED && top_used(track) >= TOP_NEAR)
		return STYLE_WARN;
	return STYLE_PLAIN;
}

static void draw_held(struct paper *paper, enum style style, const struct top_track *track, int width)
{
	uint64_t values[MOST_HELD];
	char line[BARS_SIZE(MOST_HELD)];
	size_t n = top_history(track, values, (size_t)width);

	bars_line(line, values, n, paper->utf8);
	/* Now is at the right, so that it stands still. */
	paper_cell(paper, style, line, width, true);
}

static void draw_row(struct paper *paper, const struct top_model *model,
		     const struct top_track *track, const int widths[TOP_COLUMNS])
{
	bool refused = top_lately(model, track->refused_ns);
	char buf[64];

	paper_text(paper, refused ? STYLE_ALERT : STYLE_PLAIN, track->ended ? "x" : refused ? "!" : " ");
	for (int id = 0; id < TOP_COLUMNS; id++) {
		enum style style = style_of(track, id, refused);

		if (!widths[id])
			continue;
		if (id == TOP_HELD)
			draw_held(paper, style, track, widths[id]);
		else
			paper_cell(paper, style, cell_text(buf, track, id, paper->utf8), widths[id],
				   !is_text(id));
		paper_text(paper, style, " ");
	}
	if (paper->chosen)
		paper_to(paper, STYLE_PLAIN, paper->width);
	paper_end(paper);
}

void top_draw_table(struct paper *paper, const struct top_model *model, struct top_view *view,
		    size_t rows)
{
	int widths[TOP_COLUMNS];

	for (int id = 0; id < TOP_COLUMNS; id++) {
		int width = is_shown(view, id) ? measure(view, id) : 0;

		view->widths[id] = width > view->widths[id] ? width : view->widths[id];
	}
	fit(view, paper->width, widths);
	draw_heading(paper, view, widths);
	for (size_t i = view->first; i < view->list.n && i < view->first + rows; i++) {
		paper->chosen = i == view->at && view->page_rows;
		draw_row(paper, model, view->list.rows[i], widths);
		paper->chosen = false;
	}
}
