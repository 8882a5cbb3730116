// SPDX-License-Identifier: GPL-2.0
/*
 * What a program needs, for people: a line per counter, the figure, the lines to
 * set, and the call that needs the most. Within 100 columns.
 */
#include <inttypes.h>

#include "message.h"
#include "owner.h"
#include "size_print.h"
#include "wrap.h"

#define LINE_COLUMN 13
#define BOLD "\033[1m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

struct page {
	const struct size_view *view;
	FILE *out;
};

static void color_on(const struct page *page, const char *color)
{
	if (page->view->color)
		fputs(color, page->out);
}

static const char *count_text(char buf[24], int64_t bytes)
{
	return bytes < 0 ? "below 0" : size_text(buf, bytes);
}

static void print_row(const struct page *page, const struct size_row *row)
{
	char need[24], peak[24], already[24], comm[4 * MLOCKTRACE_COMM_LEN + 1];

	fprintf(page->out, "%-8s %9s %9s  ", mlocktrace_counter_name(row->counter),
		row->need ? size_text(need, row->need) : "-", count_text(peak, row->peak));
	if (owner_is_user(row->counter)) {
		fprintf(page->out, "user %u, of which %s were charged already", row->uid,
			count_text(already, row->already));
	} else {
		mlocktrace_escape(comm, sizeof(comm), row->comm, sizeof(row->comm));
		fprintf(page->out, "%s[%u]", comm, row->pid);
	}
	if (row->refused)
		fprintf(page->out, ", %" PRIu64 " refused", row->refused);
	fputc('\n', page->out);
}

static void each_row(void *ctx, const struct size_row *row)
{
	const struct page *page = ctx;
	const struct size *size = page->view->size;

	/* Of each counter the one that decides, or where none does, the largest. */
	if (page->view->all || (row->need ? row->need == size->need_of[row->counter] :
				!size->need_of[row->counter] && row->peak == size->peak_of[row->counter]))
		print_row(page, row);
}

static void print_rows(const struct page *page)
{
	if (!page->view->size->tree)
		return;
	color_on(page, BOLD);
	fprintf(page->out, "%-8s %9s %9s  %s", "COUNTER", "NEED", "PEAK", "WHOSE");
	color_on(page, PLAIN);
	fputc('\n', page->out);
	size_each(page->view->size, each_row, (void *)page);
	fputc('\n', page->out);
}

static void print_figure(const struct page *page)
{
	uint64_t need = size_need(page->view->size);
	char text[256], size[24];

	if (!need) {
		wrap(page->out, 0, 0, "Nothing was compared with RLIMIT_MEMLOCK: any limit will do, 0 as well.");
		return;
	}
	snprintf(text, sizeof(text), "RLIMIT_MEMLOCK has to be %s%" PRIu64 " bytes (%s)%s",
		 size_is_incomplete(page->view) ? "at least " : "", need, size_text(size, need),
		 size_is_incomplete(page->view) ? "." : "; with less, a call is refused.");
	color_on(page, BOLD);
	wrap(page->out, 0, 0, text);
	color_on(page, PLAIN);
}

static void print_lines(const struct page *page)
{
	struct size_line lines[SIZE_LINES];

	size_lines(page->view, lines);
	fputc('\n', page->out);
	for (int i = 0; i < SIZE_LINES; i++)
		fprintf(page->out, "%-*s%s\n", LINE_COLUMN, lines[i].where, lines[i].text);
}

static void print_top(const struct page *page)
{
	const struct size *size = page->view->size;
	char *text;

	if (!size->worst)
		return;
	text = size->worst->text;
	fprintf(page->out, "\nThe call that needs it:\n%s", text ? text : "");
}

static void remark(void *ctx, const char *text)
{
	const struct page *page = ctx;

	color_on(page, YELLOW);
	wrap(page->out, fprintf(page->out, "note: "), 6, text);
	color_on(page, PLAIN);
}

void size_print_text(const struct size_view *view, FILE *out)
{
	struct page page = { .view = view, .out = out };

	print_rows(&page);
	print_figure(&page);
	print_lines(&page);
	print_top(&page);
	size_remarks(view, remark, &page);
}
