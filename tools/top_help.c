// SPDX-License-Identifier: GPL-2.0
/*
 * The page of `top` about itself: keys, marks, columns, and what cannot be seen here.
 */
#include "top_draw.h"

#define NAME 14

static const struct {
	const char *key, *help;
} keys[] = {
	{ "Up Down j k", "point at another row; also PgUp, PgDn, Home, End" },
	{ "Enter", "all about the process pointed at; of a user, his processes" },
	{ "u", "by user, with the counters of each; again: by process" },
	{ "< >", "order by the column to the left or right; the heading shows which" },
	{ "r", "the other way round" },
	{ "/", "only rows in whose pid, user, name or unit this is found" },
	{ "Esc", "without filter; from a page back to the table" },
	{ "Space", "pause, and go on" },
	{ "h ?", "this page" },
	{ "q", "back, or end" },
}, marks[] = {
	{ "!", "something was refused in the last minute, by whatever cause" },
	{ "x", "the same, and the process has ended" },
	{ "USED", "how much of the limit; a limit does not hold where it says capable (CAP_IPC_LOCK)" },
	{ "REF", "refusals since the start" },
	{ "HELD", "locked and pinned after each round, the last at the right; in the middle: no change" },
};

static void draw(struct paper *paper, const char *name, const char *text)
{
	paper_print(paper, STYLE_STRONG, "  %s", name);
	paper_wrap(paper, STYLE_PLAIN, NAME, text, 0);
}

static void draw_letters(struct paper *paper, enum ps_view view)
{
	char key[2] = "";

	for (int id = 0; id < TOP_COLUMNS; id++) {
		if (!top_columns[id].letter || !(top_columns[id].views & view))
			continue;
		key[0] = top_columns[id].letter;
		draw(paper, key, top_columns[id].title);
	}
}

static void draw_title(struct paper *paper, const char *title)
{
	paper_end(paper);
	paper_text(paper, STYLE_STRONG, title);
	paper_end(paper);
}

void top_draw_help(struct paper *paper, const struct top_source *source, const struct top_view *view)
{
	const char *blind = mlocktrace_snapshot_blind(source->snapshot);

	paper_text(paper, STYLE_STRONG, TOOL " top: who holds locked memory, and who is refused it");
	paper_end(paper);
	draw_title(paper, "Seen from here");
	draw(paper, "look", *blind ? "by files of /proc, which do not show:" :
	     "by an iterator in the kernel: all processes, and the counters of users");
	if (*blind)
		draw(paper, "", blind);
	draw(paper, "trace", source->tracer ? "refusals are shown as they happen" : source->why_not);
	draw_title(paper, "Keys");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		draw(paper, keys[i].key, keys[i].help);
	draw_title(paper, "Table");
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		draw(paper, marks[i].key, marks[i].help);
	draw_title(paper, "Order by");
	draw_letters(paper, view->order.view);
}
