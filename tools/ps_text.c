// SPDX-License-Identifier: GPL-2.0
/*
 * `ps` for people: a table as wide as its contents, up to the width there is, and what
 * the sums have to do with the counters of the machine.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "message.h"
#include "ps.h"
#include "wrap.h"

#define NAME_COLUMN 13
#define LEAST_TEXT 8 /* a column of text is not made narrower */

/* ---- cells ---------------------------------------------------------------------------- */

static const char *room_text(char buf[24], uint64_t room, bool capable)
{
	char size[24];

	if (room == PS_NO_END)
		return capable ? "capable" : "unlimited";
	if ((int64_t)room >= 0)
		return size_text(buf, room);
	snprintf(buf, 24, "-%.22s", size_text(size, -room));
	return buf;
}

const char *ps_cell_text(char buf[24], const struct ps_row *row, enum ps_column_id id)
{
	const struct ps_cell *cell = &row->cells[id];

	if (!cell->known)
		return "-";
	switch (ps_columns[id].type) {
	case PS_TEXT:
		return cell->text;
	case PS_BYTES:
		return size_text(buf, cell->value);
	case PS_BYTES_OR_NONE:
		return cell->value == MLOCKTRACE_UNLIMITED ? "unlimited" : size_text(buf, cell->value);
	case PS_ROOM:
		return room_text(buf, cell->value, row->cells[PS_CAPABLE].value);
	default:
		snprintf(buf, 24, "%" PRIu64, cell->value);
		return buf;
	}
}

/* ---- columns ------------------------------------------------------------------------------ */

/* What says nothing here is left out: nobody knows it, or nobody has any. */
static bool is_shown(const struct ps_rows *rows, enum ps_column_id id)
{
	bool needs_some = id == PS_PINNED || id == PS_PERF;

	if (!(ps_columns[id].shown & rows->view))
		return false;
	if (!needs_some && id != PS_REFUSALS)
		return true;
	for (size_t i = 0; i < rows->n; i++)
		if (rows->list[i].cells[id].known && (!needs_some || rows->list[i].cells[id].value))
			return true;
	return false;
}

static void measure(const struct ps_rows *rows, int widths[PS_COLUMNS])
{
	char buf[24];

	for (size_t c = 0; c < PS_COLUMNS; c++) {
		enum ps_column_id id = (enum ps_column_id)c;

		widths[c] = 0;
		if (!is_shown(rows, id))
			continue;
		widths[c] = (int)strlen(ps_columns[c].title);
		for (size_t i = 0; i < rows->n; i++) {
			int width = columns_of(ps_cell_text(buf, &rows->list[i], id));

			if (ps_columns[c].most && width > ps_columns[c].most)
				width = ps_columns[c].most;
			if (width > widths[c])
				widths[c] = width;
		}
	}
}

/* Texts give way: the widest of them, as long as that helps. */
static void fit(int widths[PS_COLUMNS], int room)
{
	for (;;) {
		int all = -1, widest = -1;

		for (int c = 0; c < PS_COLUMNS; c++) {
			if (!widths[c])
				continue;
			all += widths[c] + 1;
			if (ps_columns[c].type == PS_TEXT && widths[c] > LEAST_TEXT &&
			    (widest < 0 || widths[c] > widths[widest]))
				widest = c;
		}
		if (all <= room || widest < 0)
			return;
		widths[widest]--;
	}
}

/* Cut off with a "+", as ps(1) does. @last: nothing follows, so nothing is filled up. */
static void print_text(FILE *out, const char *text, int width, bool last)
{
	bool cut = columns_of(text) > width;
	int used;
	size_t n = columns_fit(text, cut ? width - 1 : width, &used);

	fprintf(out, "%.*s%s", (int)n, text, cut ? "+" : "");
	if (!last)
		fprintf(out, "%*s", width - used - cut, "");
}

static void print_line(const struct ps_row *row, const int widths[PS_COLUMNS], int last, FILE *out)
{
	const char *before = "";
	char buf[24];

	for (int c = 0; c < PS_COLUMNS; c++) {
		const char *text;

		if (!widths[c])
			continue;
		text = row ? ps_cell_text(buf, row, (enum ps_column_id)c) : ps_columns[c].title;
		fputs(before, out);
		if (ps_columns[c].type == PS_TEXT)
			print_text(out, text, widths[c], c == last);
		else
			fprintf(out, "%*s", widths[c], text);
		before = " ";
	}
}

void ps_print_text(const struct ps_rows *rows, int width, bool color, FILE *out)
{
	int widths[PS_COLUMNS], last = 0;

	measure(rows, widths);
	fit(widths, width);
	for (int c = 0; c < PS_COLUMNS; c++)
		last = widths[c] ? c : last;
	fputs(color ? "\033[1m" : "", out);
	print_line(NULL, widths, last, out);
	fputs(color ? "\033[0m\n" : "\n", out);
	for (size_t i = 0; i < rows->n; i++) {
		print_line(&rows->list[i], widths, last, out);
		fputc('\n', out);
	}
}

/* ---- the sums ------------------------------------------------------------------------------ */

static const char *kib(char buf[24], uint64_t bytes)
{
	snprintf(buf, 24, "%" PRIu64 "K", bytes / 1024);
	return buf;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "es";
}

static void line(FILE *out, const char *name, const char *text)
{
	wrap(out, fprintf(out, "%s", name), NAME_COLUMN, text);
}

static void print_shown(const struct ps_rows *rows, FILE *out)
{
	uint64_t vmlck = 0, vmpin = 0;
	char text[256], a[24], b[24];
	int n;

	for (size_t i = 0; i < rows->n; i++) {
		const struct ps_cell *cells = rows->list[i].cells;

		if (cells[PS_SHARES].value)
			continue;
		vmlck += cells[PS_LOCKED].value;
		vmpin += cells[PS_PINNED].value;
	}
	n = snprintf(text, sizeof(text), "%s locked", kib(a, vmlck));
	if (vmpin)
		snprintf(text + n, sizeof(text) - n, ", %s pinned", kib(b, vmpin));
	line(out, "shown", text);
}

static void print_difference(const struct mlocktrace_snapshot_total *total, char *text, size_t size)
{
	uint64_t vmlck = total->vmlck, mlocked = total->mlocked;
	char a[24];

	if (vmlck == mlocked)
		text[0] = '\0';
	else if (vmlck > mlocked)
		snprintf(text, size, ", %s less: pages that were never touched or cannot be marked, that "
			 "several processes have locked, or that were locked less than a second ago; `" TOOL
			 " regions -a` tells which", kib(a, vmlck - mlocked));
	else
		snprintf(text, size, ", %s more: pages unlocked a moment ago, whose marks are still to be "
			 "taken off, or locked by processes that are not seen from here; `" TOOL
			 " regions -a` tells which", kib(a, mlocked - vmlck));
}

void ps_print_text_total(const struct ps_rows *rows, const struct mlocktrace_snapshot *snapshot,
			 FILE *out)
{
	struct mlocktrace_snapshot_total total = { .size = sizeof(total) };
	char text[512], difference[384], a[24], b[24];
	int n;

	mlocktrace_snapshot_total(snapshot, &total);
	fputs(rows->n ? "\n" : "", out);
	if (rows->filtered)
		print_shown(rows, out);
	n = snprintf(text, sizeof(text), "%s of %zu process%s, of %zu looked at; each address space once",
		     kib(a, total.vmlck), total.n_holders, plural(total.n_holders), total.n_processes);
	if (total.n_hidden)
		snprintf(text + n, sizeof(text) - n, "; %zu could not be looked at", total.n_hidden);
	line(out, "VmLck", text);
	if (total.vmpin) {
		snprintf(text, sizeof(text), "%s: pinned, and in none of the sums below", kib(b, total.vmpin));
		line(out, "VmPin", text);
	}
	print_difference(&total, difference, sizeof(difference));
	snprintf(text, sizeof(text), "%s in /proc/meminfo%s", kib(a, total.mlocked), difference);
	line(out, "Mlocked", text);
	snprintf(text, sizeof(text), "%s: with Mlocked, what else may not be reclaimed, such as locked "
		 "SysV segments and ramfs", kib(a, total.unevictable));
	line(out, "Unevictable", text);
}
