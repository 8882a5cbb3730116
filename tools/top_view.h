/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the person at the screen of `top` has chosen, and how keys change that. No terminal is
 * needed for it: top_screen.c translates.
 */
#ifndef TOOLS_TOP_VIEW_H
#define TOOLS_TOP_VIEW_H

#include "top_list.h"

enum top_page { TOP_TABLE, TOP_DETAIL, TOP_HELP };

/* Keys that are no characters; those are themselves. */
enum top_key { KEY_OF_NONE = 256, KEY_OF_UP, KEY_OF_DOWN, KEY_OF_PAGE_UP, KEY_OF_PAGE_DOWN,
	       KEY_OF_HOME, KEY_OF_END, KEY_OF_ENTER, KEY_OF_ESCAPE, KEY_OF_BACKSPACE };

/*
 * @list:    the rows now, made from @order
 * @at:      the row that is pointed at, and
 * @first:   the one at the top of the table
 * @follows: @at goes where that row goes: the one with @id and @start_ns
 * @page_rows: rows that the table has had room for
 * @typing:  keys go to the filter
 * @before:  the filter as it was, for who thinks better of it
 * @scroll:  lines of a page that have gone out at its top; top_screen.c keeps it in bounds
 * @widths:  of columns, which grow only, lest they jump about
 */
struct top_view {
	struct top_order order;
	struct top_list list;
	enum top_page page;
	bool paused;
	bool typing;
	char before[64];
	size_t at, first, page_rows;
	bool follows;
	uint64_t id, start_ns;
	int scroll;
	int widths[TOP_COLUMNS];
};

/* After a round, or a change of order: make the list and find the row pointed at. 0 or -ENOMEM. */
int top_view_update(struct top_view *view, const struct top_model *model);
/* Keep the row pointed at among so many that there is room for. */
void top_view_fit(struct top_view *view, size_t rows);
/* false = to end */
bool top_view_key(struct top_view *view, int key);
/* The row pointed at; NULL = there is none. */
const struct top_track *top_view_chosen(const struct top_view *view);
void top_view_free(struct top_view *view);

#endif
