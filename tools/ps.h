/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What `ps` shows: rows of cells, and one table of columns (ps_columns.c) that feeds the
 * printing of text and JSON and the sorting.
 */
#ifndef TOOLS_PS_H
#define TOOLS_PS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <mlocktrace/mlocktrace.h>

#include "json.h"
#include "options.h"

enum ps_view {
	PS_PROCESSES = 1 << 0,
	PS_USERS = 1 << 1,
	PS_UNITS = 1 << 2,
	PS_CGROUPS = 1 << 3,
	PS_GROUPS = PS_UNITS | PS_CGROUPS,
	PS_EVERY = PS_PROCESSES | PS_USERS | PS_GROUPS,
};

#define PS_NO_END ((uint64_t)INT64_MAX)

enum ps_column_id {
	PS_PID,
	PS_USER,
	PS_UID,
	PS_COMM,
	PS_N_PROCESSES,
	PS_N_HOLDERS,
	PS_LOCKED,
	PS_PINNED,
	PS_CHARGED,
	PS_UNEXPLAINED,
	PS_PERF,
	PS_SHM,
	PS_LIMIT,
	PS_HARD_LIMIT,
	PS_HEADROOM,
	PS_CAPABLE,
	PS_REFUSALS,
	PS_EVENTS,
	PS_SHARES,
	PS_MM,
	PS_START,
	PS_UNIT,
	PS_UNIT_KIND,
	PS_CGROUP,
	PS_CGROUP_ID,
	PS_COLUMNS
};

/* How the value of a cell is meant, and printed */
enum ps_type {
	PS_TEXT,
	PS_NUMBER,
	PS_BYTES,
	PS_BYTES_OR_NONE, /* a limit: MLOCKTRACE_UNLIMITED = none */
	PS_ROOM,	  /* bytes, an int64_t; PS_NO_END = without an end */
	PS_YES_NO,
};

/*
 * @key:   in JSON, and for --sort
 * @title: in the table
 * @views: enum ps_view, where it is at all
 * @shown: of these, where the table has it, too
 * @most:  columns it is worth, for text; it may get less where there is no room
 */
struct ps_column {
	const char *key;
	const char *title;
	enum ps_type type;
	unsigned int views;
	unsigned int shown;
	int most;
};

extern const struct ps_column ps_columns[PS_COLUMNS];

struct ps_cell {
	bool known;
	uint64_t value;
	char *text; /* fit to print; of the row */
};

struct ps_row {
	struct ps_cell cells[PS_COLUMNS];
	size_t rank; /* before it was sorted */
};

struct ps_rows {
	struct ps_row *list;
	size_t n, room;
	enum ps_view view;
	bool filtered; /* some were left out on demand */
};

/* ps_columns.c: by that column, largest amounts first, texts and ids upwards. */
void ps_sort(struct ps_rows *rows, enum ps_column_id by);
/* Which comes first, as strcmp(); what is not known comes last. */
int ps_compare_cells(const struct ps_cell *a, const struct ps_cell *b, enum ps_column_id by);
/* The column of a key, or PS_COLUMNS if the view has none of that name. */
enum ps_column_id ps_column_by_key(enum ps_view view, const char *key);

/* ps_options.c: of the command line. 0, or the exit status after a message. */
int ps_check_method(const struct command *command, const char *method);
/* A cgroup given by its folder becomes its path. 0, or -1 after a message. */
int ps_find_cgroup(struct options *o);

/* ps_rows.c: what of the snapshot the options ask for. 0 or -errno. */
int ps_rows_fill(struct ps_rows *rows, const struct options *o,
		 const struct mlocktrace_snapshot *snapshot);
void ps_rows_free(struct ps_rows *rows);
/* Room for one more, empty; NULL = out of memory. */
struct ps_row *ps_rows_add(struct ps_rows *rows);

/* One row alone, zeroed before. 0 or -errno; either way it is to be freed. */
int ps_row_fill_process(struct ps_row *row, const struct mlocktrace_holder *holder);
int ps_row_fill_user(struct ps_row *row, const struct mlocktrace_user *user);
void ps_row_free(struct ps_row *row);
bool ps_is_wanted(const struct options *o, const struct mlocktrace_holder *holder);

/* ps_groups.c: rows of processes become rows of what they belong to. 0 or -errno. */
int ps_group_rows(struct ps_rows *rows, enum ps_view view);

/* ps_text.c: fit to print; of the row, or in @buf */
const char *ps_cell_text(char buf[24], const struct ps_row *row, enum ps_column_id id);
void ps_print_text(const struct ps_rows *rows, int width, bool color, FILE *out);
void ps_print_text_total(const struct ps_rows *rows, const struct mlocktrace_snapshot *snapshot,
			 FILE *out);

/* ps_json.c */
void ps_put_row(struct json_object *to, const struct ps_row *row, enum ps_view view);
void ps_put_total(struct json_object *to, const struct mlocktrace_snapshot *snapshot);
void ps_print_json(const struct ps_rows *rows, FILE *out);
void ps_print_json_total(const struct mlocktrace_snapshot *snapshot, FILE *out);

#endif
