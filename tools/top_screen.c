// SPDX-License-Identifier: GPL-2.0
/*
 * `top` on a terminal: rounds, keys, signals and resizes by turns, and a picture after each.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "message.h"
#include "signals.h"
#include "top.h"
#include "top_draw.h"
#include "top_terminal.h"
#include "values.h"

enum { FD_KEYS, FD_SIGNALS, FD_TERMINAL, N_FDS };

struct screen {
	struct top_source *source;
	struct top_view *view;
	struct top_regions regions;
	struct terminal *terminal;
	struct pollfd fds[N_FDS];
	uint64_t due_ns;
	bool ends;
	int error;
};

/* ---- the picture ----------------------------------------------------------------------------- */

static void draw_table(struct screen *s)
{
	int below = TOP_HEAD_LINES + 1; /* the heading of the table */
	int rows = terminal_rows(s->terminal) - below - 1;
	struct paper paper = terminal_paper(s->terminal, 0, below + rows, 0);

	top_view_fit(s->view, (size_t)rows);
	top_draw_head(&paper, s->source, s->view);
	top_draw_table(&paper, &s->source->model, s->view, (size_t)rows);
}

static void draw_pages(struct paper *paper, struct screen *s)
{
	if (s->view->page == TOP_HELP)
		top_draw_help(paper, s->source, s->view);
	else
		top_draw_detail(paper, s->source, s->view, &s->regions);
}

/* Only when it is written is it known how long a page is. */
static void draw_page(struct screen *s)
{
	int rows = terminal_rows(s->terminal) - 1;
	struct paper paper = terminal_paper(s->terminal, 0, 0, 0);
	int most;

	draw_pages(&paper, s);
	most = paper.line > rows ? paper.line - rows : 0;
	if (s->view->scroll > most)
		s->view->scroll = most;
	paper = terminal_paper(s->terminal, 0, rows, s->view->scroll);
	draw_pages(&paper, s);
}

static void draw(struct screen *s)
{
	struct paper foot;

	terminal_clear(s->terminal);
	if (terminal_is_too_small(s->terminal)) {
		terminal_say_too_small(s->terminal);
	} else {
		if (s->view->page == TOP_TABLE)
			draw_table(s);
		else
			draw_page(s);
		foot = terminal_paper(s->terminal, terminal_rows(s->terminal) - 1, 1, 0);
		top_draw_foot(&foot, s->view);
	}
	terminal_show(s->terminal);
}

/* ---- what happens ------------------------------------------------------------------------------ */

static void look_at_regions(struct screen *s)
{
	const struct top_view *view = s->view;
	const struct top_track *track = top_find(&s->source->model.processes, view->id, view->start_ns);

	if (view->page != TOP_DETAIL)
		top_regions_free(&s->regions);
	else if (track && !track->ended)
		top_regions_look(&s->regions, track);
}

static void update(struct screen *s)
{
	s->error = top_view_update(s->view, &s->source->model);
	look_at_regions(s);
}

static void round_if_due(struct screen *s)
{
	const struct options *o = s->source->o;
	uint64_t now = clock_ns();

	if (s->view->paused || now < s->due_ns)
		return;
	if (o->count && s->source->model.rounds >= o->count) {
		s->ends = true;
		return;
	}
	s->error = top_source_look(s->source);
	if (!s->error)
		update(s);
	s->due_ns = top_next_round(s->due_ns, clock_ns(), o->interval_ns);
}

/* Each means the list as the one before has left it, however fast they come. */
static void read_keys(struct screen *s)
{
	int key;

	while (!s->ends && !s->error && (key = terminal_key(s->terminal)) != KEY_OF_NONE) {
		s->ends = !top_view_key(s->view, key);
		update(s);
	}
}

/* As Ctrl-Z does by itself, but for the terminal, which is the shell's meanwhile. */
static void suspend(struct screen *s)
{
	sigset_t set;

	terminal_suspend(s->terminal);
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* It has another size, is to be given up for a while, or is ours again. */
static void read_terminal_signals(struct screen *s)
{
	struct signalfd_siginfo info;

	while (read(s->fds[FD_TERMINAL].fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGTSTP)
			suspend(s);
	terminal_renew(s->terminal);
	/* Widths were those of another room. */
	memset(s->view->widths, 0, sizeof(s->view->widths));
}

static void wait_for_something(struct screen *s)
{
	static const struct child nobody;
	int timeout_ms = s->view->paused ? -1 : top_timeout_ms(s->due_ns, clock_ns());

	if (poll(s->fds, N_FDS, timeout_ms) <= 0)
		return;
	if (s->fds[FD_SIGNALS].revents && signals_read(s->fds[FD_SIGNALS].fd, &nobody) != SIGNAL_NONE)
		s->ends = true;
	if (s->fds[FD_TERMINAL].revents)
		read_terminal_signals(s);
	if (s->fds[FD_KEYS].revents & (POLLHUP | POLLERR | POLLNVAL))
		s->ends = true;
	else if (s->fds[FD_KEYS].revents)
		read_keys(s);
}

/* ---- life -------------------------------------------------------------------------------------- */

/* As a descriptor, so that none is missed between a look and the next poll(). */
static int terminal_signals_open(void)
{
	struct sigaction action;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGCONT);
	/* A shell without job control would leave us stopped for ever. */
	if (!sigaction(SIGTSTP, NULL, &action) && action.sa_handler != SIG_IGN)
		sigaddset(&set, SIGTSTP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int open_screen(struct screen *s)
{
	const int fds[N_FDS] = { STDIN_FILENO, signals_open(), terminal_signals_open() };

	for (int i = 0; i < N_FDS; i++) {
		s->fds[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
		if (fds[i] >= 0)
			continue;
		error("cannot receive signals: %s", strerror(-fds[i]));
		return STATUS_FAILED;
	}
	s->source->quiet = true;
	if (terminal_open(&s->terminal, color_wanted(s->source->o, STDOUT_FILENO)))
		return STATUS_FAILED;
	return STATUS_OK;
}

static void close_screen(struct screen *s)
{
	terminal_close(s->terminal);
	top_regions_free(&s->regions);
	for (int i = FD_SIGNALS; i < N_FDS; i++)
		if (s->fds[i].fd > STDERR_FILENO)
			close(s->fds[i].fd);
}

int top_on_screen(struct top_source *source, struct top_view *view)
{
	struct screen s = { .source = source, .view = view, .due_ns = clock_ns() };
	int status = open_screen(&s);

	while (!status && !s.ends && !s.error) {
		round_if_due(&s);
		if (s.ends || s.error)
			break;
		draw(&s);
		wait_for_something(&s);
	}
	close_screen(&s);
	return s.error ? top_cannot_look(s.error) : status;
}
