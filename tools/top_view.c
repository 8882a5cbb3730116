// SPDX-License-Identifier: GPL-2.0
/*
 * Keys, and where one is in the list.
 */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "top_view.h"

const struct top_track *top_view_chosen(const struct top_view *view)
{
	return view->at < view->list.n ? view->list.rows[view->at] : NULL;
}

static void follow(struct top_view *view)
{
	const struct top_track *track = top_view_chosen(view);

	view->follows = track;
	if (!track)
		return;
	view->id = track->id;
	view->start_ns = track->start_ns;
}

/* Who is gone leaves us where it was. */
static void find_again(struct top_view *view)
{
	for (size_t i = 0; view->follows && i < view->list.n; i++) {
		const struct top_track *track = view->list.rows[i];

		if (track->id != view->id || track->start_ns != view->start_ns)
			continue;
		view->at = i;
		return;
	}
	if (view->at >= view->list.n)
		view->at = view->list.n ? view->list.n - 1 : 0;
	/* A page about it stays a page about it. */
	if (view->page != TOP_DETAIL)
		view->follows = false;
}

int top_view_update(struct top_view *view, const struct top_model *model)
{
	int err;

	top_list_free(&view->list);
	err = top_list_make(&view->list, model, &view->order);
	if (!err)
		find_again(view);
	return err;
}

void top_view_fit(struct top_view *view, size_t rows)
{
	view->page_rows = rows;
	if (view->at < view->first)
		view->first = view->at;
	if (rows && view->at >= view->first + rows)
		view->first = view->at - rows + 1;
	if (view->first + rows > view->list.n)
		view->first = view->list.n > rows ? view->list.n - rows : 0;
}

void top_view_free(struct top_view *view)
{
	top_list_free(&view->list);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void move(struct top_view *view, long by)
{
	long at = (long)view->at + by, last = view->list.n ? (long)view->list.n - 1 : 0;

	view->at = at < 0 ? 0 : at > last ? (size_t)last : (size_t)at;
	follow(view);
}

static void show_view(struct top_view *view, enum ps_view of)
{
	view->order.view = of;
	if (!(top_columns[view->order.sort].views & of))
		view->order.sort = TOP_LOCKED;
	view->at = view->first = 0;
	view->follows = false;
	memset(view->widths, 0, sizeof(view->widths));
}

/* Of a user: his processes. */
static void enter(struct top_view *view)
{
	const struct top_track *track = top_view_chosen(view);

	if (!track)
		return;
	if (view->order.view == PS_USERS) {
		view->order.of_user = true;
		view->order.uid = track->id;
		snprintf(view->order.user, sizeof(view->order.user), "%s", track->row.cells[PS_USER].text);
		show_view(view, PS_PROCESSES);
		return;
	}
	follow(view);
	view->page = TOP_DETAIL;
	view->scroll = 0;
}

static void scroll(struct top_view *view, long by)
{
	long to = view->scroll + by;

	view->scroll = to < 0 ? 0 : to > INT_MAX ? INT_MAX : (int)to;
}

static bool steers(struct top_view *view, int key)
{
	long page = view->page_rows ? (long)view->page_rows : 1;
	static const struct {
		int key;
		long rows, pages;
	} moves[] = {
		{ KEY_OF_UP, -1, 0 },  { 'k', -1, 0 },
		{ KEY_OF_DOWN, 1, 0 }, { 'j', 1, 0 },
		{ KEY_OF_PAGE_UP, 0, -1 }, { KEY_OF_PAGE_DOWN, 0, 1 },
		{ KEY_OF_HOME, -1000000000, 0 }, { KEY_OF_END, 1000000000, 0 },
	};

	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		long by = moves[i].rows + moves[i].pages * page;

		if (moves[i].key != key)
			continue;
		if (view->page == TOP_TABLE)
			move(view, by);
		else
			scroll(view, by);
		return true;
	}
	return false;
}

static void type(struct top_view *view, int key)
{
	char *filter = view->order.filter;
	size_t n = strlen(filter);

	if (key == KEY_OF_ENTER) {
		view->typing = false;
	} else if (key == KEY_OF_ESCAPE) {
		view->typing = false;
		strcpy(filter, view->before);
	} else if (key == KEY_OF_BACKSPACE) {
		/* A whole character */
		while (n && (filter[n - 1] & 0xc0) == 0x80)
			n--;
		filter[n ? n - 1 : 0] = '\0';
	} else if (key < 256 && (key >= 0x80 || isprint(key)) && n + 1 < sizeof(view->order.filter)) {
		filter[n] = (char)key;
		filter[n + 1] = '\0';
	}
}

static void sort_by(struct top_view *view, enum top_column_id id)
{
	if (id == TOP_COLUMNS)
		return;
	view->order.sort = id;
	view->order.reverse = false;
	/* The eye goes back to the top. */
	view->at = view->first = 0;
	view->follows = false;
}

static void escape(struct top_view *view)
{
	if (view->page != TOP_TABLE) {
		view->page = TOP_TABLE;
		return;
	}
	view->order.filter[0] = '\0';
	view->order.of_user = false;
}

static void table_key(struct top_view *view, int key)
{
	enum ps_view other = view->order.view == PS_USERS ? PS_PROCESSES : PS_USERS;

	switch (key) {
	case '<':
		sort_by(view, top_column_beside(view->order.view, view->order.sort, -1));
		break;
	case '>':
		sort_by(view, top_column_beside(view->order.view, view->order.sort, 1));
		break;
	case 'r':
		view->order.reverse = !view->order.reverse;
		break;
	case 'u':
		show_view(view, other);
		break;
	case '/':
		view->typing = true;
		strcpy(view->before, view->order.filter);
		break;
	case KEY_OF_ENTER:
		enter(view);
		break;
	default:
		sort_by(view, top_column_by_letter(view->order.view, key));
	}
}

bool top_view_key(struct top_view *view, int key)
{
	bool help = key == 'h' || key == '?';

	if (view->typing) {
		type(view, key);
	} else if (key == 'q' && view->page == TOP_TABLE) {
		return false;
	} else if (key == 'q' || key == KEY_OF_ESCAPE || (help && view->page == TOP_HELP)) {
		escape(view);
	} else if (help) {
		view->page = TOP_HELP;
		view->scroll = 0;
	} else if (key == ' ') {
		view->paused = !view->paused;
	} else if (!steers(view, key) && view->page == TOP_TABLE) {
		table_key(view, key);
	}
	return true;
}
