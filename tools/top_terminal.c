// SPDX-License-Identifier: GPL-2.0
/*
 * ncurses. Its own handlers for signals never run: what it would handle is blocked, and top_screen.c
 * reads it from descriptors.
 */
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "top_terminal.h"
#include "top_view.h"

/* Before its names become macros that mean something else. */
#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <ncurses.h>

#define ESCAPE_MS 100 /* a key that sends more than Esc has sent it by then */

enum { PAIR_ALERT = 1, PAIR_WARN };

struct terminal {
	SCREEN *screen;
	bool utf8;
	attr_t styles[STYLE_MAX];
	int top, rows, skip; /* of the paper in use */
};

static void choose_styles(struct terminal *t, bool color)
{
	t->styles[STYLE_STRONG] = A_BOLD;
	t->styles[STYLE_DIM] = A_DIM;
	t->styles[STYLE_HEADING] = A_REVERSE;
	t->styles[STYLE_WARN] = A_UNDERLINE;
	t->styles[STYLE_ALERT] = A_BOLD;
	if (!color || !has_colors() || start_color() == ERR)
		return;
	/* Without these the background is black whatever the terminal's is. */
	use_default_colors();
	init_pair(PAIR_ALERT, COLOR_RED, -1);
	init_pair(PAIR_WARN, COLOR_YELLOW, -1);
	t->styles[STYLE_ALERT] |= COLOR_PAIR(PAIR_ALERT);
	t->styles[STYLE_WARN] = COLOR_PAIR(PAIR_WARN);
}

int terminal_open(struct terminal **terminal, bool color)
{
	const char *name = getenv("TERM");
	struct terminal *t = calloc(1, sizeof(*t));
	struct sigaction action;

	*terminal = t;
	if (!t) {
		error("out of memory");
		return -1;
	}
	t->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	t->screen = newterm(NULL, stdout, stdin);
	if (!t->screen || !tigetstr("cup")) {
		terminal_close(t);
		*terminal = NULL;
		error("a terminal of type \"%s\" is not known here, or has no cursor to move; set TERM, or "
		      "give -b for lines of text", name ? name : "");
		return -1;
	}
	set_term(t->screen);
	/* Its handler would run when top_screen.c lets the signal through. */
	if (!sigaction(SIGTSTP, NULL, &action) && action.sa_handler != SIG_IGN)
		signal(SIGTSTP, SIG_DFL);
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	choose_styles(t, color);
	return 0;
}

void terminal_close(struct terminal *t)
{
	if (!t)
		return;
	if (t->screen) {
		/* Where there is no other screen to go back to, the prompt comes on the last line. */
		move(LINES - 1, 0);
		clrtoeol();
		refresh();
		endwin();
		delscreen(t->screen);
	}
	free(t);
}

void terminal_suspend(struct terminal *t)
{
	(void)t;
	endwin();
}

void terminal_renew(struct terminal *t)
{
	struct winsize size;

	(void)t;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
	/* What the terminal has made of the old picture is anybody's guess. */
	clearok(curscr, TRUE);
}

int terminal_rows(const struct terminal *t)
{
	(void)t;
	return LINES;
}

bool terminal_is_too_small(const struct terminal *t)
{
	(void)t;
	return LINES < TERMINAL_LEAST_ROWS || COLS < TERMINAL_LEAST_COLUMNS;
}

int terminal_key(struct terminal *t)
{
	static const struct {
		int curses, ours;
	} keys[] = {
		{ ERR, KEY_OF_NONE }, { KEY_UP, KEY_OF_UP }, { KEY_DOWN, KEY_OF_DOWN },
		{ KEY_PPAGE, KEY_OF_PAGE_UP }, { KEY_NPAGE, KEY_OF_PAGE_DOWN }, { KEY_HOME, KEY_OF_HOME },
		{ KEY_END, KEY_OF_END }, { KEY_ENTER, KEY_OF_ENTER }, { '\r', KEY_OF_ENTER },
		{ '\n', KEY_OF_ENTER }, { '\033', KEY_OF_ESCAPE }, { KEY_BACKSPACE, KEY_OF_BACKSPACE },
		{ '\b', KEY_OF_BACKSPACE }, { '\177', KEY_OF_BACKSPACE },
	};
	int key;

	(void)t;
	for (;;) {
		key = getch();
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (keys[i].curses == key)
				return keys[i].ours;
		if (key < 256)
			return key;
	}
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put(struct paper *paper, enum style style, const char *text, size_t len)
{
	struct terminal *t = paper->ctx;
	int line = paper->line - t->skip;

	if (line < 0 || line >= t->rows)
		return;
	attrset(t->styles[style] | (paper->chosen ? A_REVERSE : 0));
	mvaddnstr(t->top + line, paper->at, text, (int)len);
	attrset(A_NORMAL);
}

static void end(struct paper *paper)
{
	(void)paper;
}

struct paper terminal_paper(struct terminal *t, int top, int rows, int skip)
{
	t->top = top;
	t->rows = rows;
	t->skip = skip;
	return (struct paper){ .width = COLS, .utf8 = t->utf8, .put = put, .end = end, .ctx = t };
}

void terminal_clear(struct terminal *t)
{
	(void)t;
	erase();
}

void terminal_show(struct terminal *t)
{
	(void)t;
	refresh();
}

void terminal_say_too_small(struct terminal *t)
{
	struct paper paper = terminal_paper(t, 0, LINES, 0);

	paper_print(&paper, STYLE_PLAIN, "too small: %dx%d", COLS, LINES);
	paper_end(&paper);
	paper_print(&paper, STYLE_PLAIN, "needs %dx%d", TERMINAL_LEAST_COLUMNS, TERMINAL_LEAST_ROWS);
	paper_end(&paper);
	paper_text(&paper, STYLE_PLAIN, "q quits");
}
