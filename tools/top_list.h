/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of `top`: its columns, which rows are in it, and in which order.
 */
#ifndef TOOLS_TOP_LIST_H
#define TOOLS_TOP_LIST_H

#include "top_model.h"

enum top_column_id {
	TOP_PID,
	TOP_USER,
	TOP_COMM,
	TOP_PROCESSES,
	TOP_LOCKED,
	TOP_CHANGE,
	TOP_PINNED,
	TOP_CHARGED,
	TOP_SHM,
	TOP_LIMIT,
	TOP_USED,
	TOP_REFUSED,
	TOP_HELD, /* the line of its history */
	TOP_UNIT,
	TOP_COLUMNS
};

/*
 * @key:    for --sort, and of those that `ps` does not have, in JSON; NULL = no order by it
 * @letter: the key that sorts by it
 * @cell:   of the row, or PS_COLUMNS if it is of the track
 * @least:  columns it is worth at least, and
 * @most:   at most, of those that can be narrower; 0 = as wide as what is in it
 * @goes:   where there is no room, those with the highest go first; 0 = stays
 */
struct top_column {
	const char *key;
	const char *title;
	char letter;
	unsigned int views;
	enum ps_column_id cell;
	int least;
	int most;
	int goes;
};

extern const struct top_column top_columns[TOP_COLUMNS];

/*
 * @view:    PS_PROCESSES or PS_USERS
 * @sort:    by this column, largest amounts first, texts and ids upwards; @reverse: the other way
 * @filter:  only rows in whose pid, user, name or unit this is found, whatever the case; "" = all
 * @of_user: only processes of @uid, whose name is @user
 * @idle:    also of users that have nothing
 */
struct top_order {
	enum ps_view view;
	enum top_column_id sort;
	bool reverse;
	bool idle;
	bool of_user;
	uint64_t uid;
	char user[64];
	char filter[64];
};

struct top_list {
	struct top_track **rows;
	size_t n;
};

/* The columns by name or letter, or the next in that direction; TOP_COLUMNS = there is none. */
enum top_column_id top_column_by_key(enum ps_view view, const char *key);
enum top_column_id top_column_by_letter(enum ps_view view, int letter);
enum top_column_id top_column_beside(enum ps_view view, enum top_column_id of, int direction);

/* Rows belong to the model: good until its next round. 0 or -ENOMEM. */
int top_list_make(struct top_list *list, const struct top_model *model, const struct top_order *order);
void top_list_free(struct top_list *list);

#endif
