// SPDX-License-Identifier: GPL-2.0
/*
 * `top` without a terminal: each round is written down, as text or as a line of JSON.
 */
#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "message.h"
#include "output.h"
#include "signals.h"
#include "top.h"
#include "top_draw.h"
#include "values.h"
#include "wrap.h"

struct batch {
	struct top_source *source;
	struct top_view *view;
	struct output out;
	struct paper paper;
	bool color;
	int blanks; /* held back: no line ends in them */
};

/* ---- text ------------------------------------------------------------------------------------- */

static void put(struct paper *paper, enum style style, const char *text, size_t len)
{
	static const char *const codes[STYLE_MAX] = {
		[STYLE_STRONG] = "\033[1m", [STYLE_DIM] = "\033[2m", [STYLE_HEADING] = "\033[7m",
		[STYLE_WARN] = "\033[33m",  [STYLE_ALERT] = "\033[1;31m",
	};
	struct batch *b = paper->ctx;
	bool colored = b->color && codes[style];

	if (!colored && strspn(text, " ") >= len) {
		b->blanks += (int)len;
		return;
	}
	fprintf(b->out.file, "%*s%s%.*s%s", b->blanks, "", colored ? codes[style] : "", (int)len, text,
		colored ? "\033[0m" : "");
	b->blanks = 0;
}

static void end(struct paper *paper)
{
	struct batch *b = paper->ctx;

	b->blanks = 0;
	fputc('\n', b->out.file);
}

static int width_of_output(void)
{
	struct winsize size;

	if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return WRAP_WIDTH;
}

static void print_text(struct batch *b)
{
	if (b->source->model.rounds > 1)
		fputc('\n', b->out.file);
	top_draw_head(&b->paper, b->source, b->view);
	top_draw_table(&b->paper, &b->source->model, b->view, b->view->list.n);
}

/* ---- rounds ------------------------------------------------------------------------------------ */

static int one_round(struct batch *b)
{
	int err = top_source_look(b->source);

	if (!err)
		err = top_view_update(b->view, &b->source->model);
	if (err)
		return top_cannot_look(err);
	if (b->source->o->json)
		top_print_json(b->out.file, b->source, b->view);
	else
		print_text(b);
	return STATUS_OK;
}

/* false = a signal has come, or nobody reads any more */
static bool wait_until(uint64_t due_ns, int signal_fd, struct output *out)
{
	static const struct child nobody;
	struct pollfd fds[] = { { .fd = signal_fd, .events = POLLIN }, { .fd = out->fd } };
	uint64_t now;

	while ((now = clock_ns()) < due_ns) {
		if (poll(fds, 2, top_timeout_ms(due_ns, now)) <= 0)
			continue;
		if (fds[1].revents & (POLLERR | POLLHUP))
			return false;
		if (signals_read(signal_fd, &nobody) != SIGNAL_NONE)
			return false;
	}
	return true;
}

static int all_rounds(struct batch *b, int signal_fd)
{
	const struct options *o = b->source->o;
	uint64_t due_ns = clock_ns();
	int status;

	do {
		status = one_round(b);
		if (output_flush(&b->out))
			break;
		due_ns = top_next_round(due_ns, clock_ns(), o->interval_ns);
	} while (!status && (!o->count || b->source->model.rounds < o->count) &&
		 wait_until(due_ns, signal_fd, &b->out));
	return status;
}

int top_in_batch(struct top_source *source, struct top_view *view)
{
	struct batch b = { .source = source, .view = view,
			   .color = color_wanted(source->o, STDOUT_FILENO) };
	int signal_fd = signals_open(), status, err;

	if (signal_fd < 0) {
		error("cannot receive signals: %s", strerror(-signal_fd));
		return STATUS_FAILED;
	}
	if (output_open(&b.out, NULL, STDOUT_FILENO, true)) {
		close(signal_fd);
		return STATUS_FAILED;
	}
	b.paper = (struct paper){ .width = width_of_output(), .put = put, .end = end, .ctx = &b };
	b.paper.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	status = all_rounds(&b, signal_fd);
	err = output_close(&b.out);
	close(signal_fd);
	/* Who closes a pipe has read enough. */
	if (!err || err == -EPIPE)
		return status;
	error("cannot write to stdout: %s", strerror(-err));
	return STATUS_FAILED;
}
