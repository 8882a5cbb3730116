/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Records for people: one line each in columns, a verdict under each refusal,
 * never wider than a page of 100 columns.
 *
 *     PID/TID    COMM      CALL                         RESULT     DELTA   LOCKED
 *     4242/4250  postgres  mlock(0x7f12a4000000, 64K)   0           +64K     124K
 *
 * A column has a fixed place. What is too wide for its own takes the room
 * left empty in the next ones, so that one long call shifts one line only.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "format.h"
#include "verdict.h"

#define PAGE_COLUMNS 100
#define INDENT 8
#define LEAST_COMM 6

#define RED "\033[31m"
#define YELLOW "\033[33m"
#define DIM "\033[2m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

enum column { TIME, PID, COMM, CALL, RESULT, DELTA, LOCKED, COLUMNS };

static const struct {
	const char *title;
	bool right;
	unsigned int at[2];    /* first column without and with TIME; right: the one behind the last */
} layout[COLUMNS] = {
	[TIME] = { "TIME", false, { 0, 0 } },
	[PID] = { "PID/TID", false, { 0, 13 } },
	[COMM] = { "COMM", false, { 11, 24 } },
	[CALL] = { "CALL", false, { 27, 40 } },
	[RESULT] = { "RESULT", false, { 71, 74 } },
	[DELTA] = { "DELTA", true, { 89, 91 } },
	[LOCKED] = { "LOCKED", true, { 98, 100 } },
};

struct cell {
	char text[192];
	const char *color; /* NULL = none */
};

/*
 * First column of each cell, those behind the call moved left by squeeze where
 * there is room; returns the width of the line.
 */
static size_t place(const struct cell *cells, bool with_time, size_t squeeze, size_t *starts)
{
	size_t end = 0;

	for (int c = with_time ? TIME : PID; c < COLUMNS; c++) {
		size_t width = mlt_columns(cells[c].text);
		size_t less = (c > CALL ? squeeze : 0) + (layout[c].right ? width : 0);
		size_t want = layout[c].at[with_time];

		want = want > less ? want - less : 0;
		starts[c] = want <= end && end ? end + 1 : want;
		end = starts[c] + width;
	}
	return end;
}

static void shorten(struct cell *cell, size_t excess, size_t least)
{
	size_t width = mlt_columns(cell->text);

	if (width > least)
		mlt_cut(cell->text, width - least > excess ? width - excess : least);
}

static void put_colored(struct mlt_buf *buf, const char *color, const char *text)
{
	if (color)
		mlt_buf_text(buf, color);
	mlt_buf_text(buf, text);
	if (color)
		mlt_buf_text(buf, PLAIN);
}

static void put_row(struct mlocktrace_writer *writer, struct cell *cells)
{
	size_t starts[COLUMNS], width, squeeze = 0, end = 0;
	bool with_time = writer->opts.time;

	width = place(cells, with_time, 0, starts);
	if (width > PAGE_COLUMNS) {
		squeeze = width - PAGE_COLUMNS;
		width = place(cells, with_time, squeeze, starts);
	}
	if (width > PAGE_COLUMNS) {
		shorten(&cells[COMM], width - PAGE_COLUMNS, LEAST_COMM);
		width = place(cells, with_time, squeeze, starts);
	}
	if (width > PAGE_COLUMNS) {
		shorten(&cells[CALL], width - PAGE_COLUMNS, 1);
		place(cells, with_time, squeeze, starts);
	}
	for (int c = with_time ? TIME : PID; c < COLUMNS; c++) {
		mlt_buf_fill(&writer->buf, ' ', starts[c] - end);
		put_colored(&writer->buf, writer->opts.color ? cells[c].color : NULL, cells[c].text);
		end = starts[c] + mlt_columns(cells[c].text);
	}
	mlt_buf_text(&writer->buf, "\n");
}

static int text_start(struct mlocktrace_writer *writer)
{
	struct cell cells[COLUMNS];

	for (int c = 0; c < COLUMNS; c++) {
		snprintf(cells[c].text, sizeof(cells[c].text), "%s", layout[c].title);
		cells[c].color = BOLD;
	}
	put_row(writer, cells);
	return 0;
}

static void time_text(const struct mlocktrace_writer *writer, uint64_t time_ns, char *buf, size_t size)
{
	uint64_t ns = time_ns + (uint64_t)writer->realtime_offset_ns;
	time_t seconds = ns / 1000000000;
	struct tm tm;

	if (!localtime_r(&seconds, &tm))
		memset(&tm, 0, sizeof(tm));
	snprintf(buf, size, "%02d:%02d:%02d.%03u", tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (unsigned int)(ns % 1000000000 / 1000000));
}

static void result_text(const struct mlocktrace_event *event, char *buf, size_t size)
{
	const char *name = mlt_result_name(event->ret), *signal = mlt_signal_name(event);

	if (signal)
		snprintf(buf, size, "%s", signal);
	else if (name)
		snprintf(buf, size, "-%s", name);
	else
		snprintf(buf, size, "%d", event->ret);
}

static void fill_cells(const struct mlocktrace_writer *writer, const struct mlocktrace_event *event,
		       struct cell *cells)
{
	bool counted = event->counter != MLOCKTRACE_COUNTER_NONE;
	struct mlt_buf call = { 0 };
	char text[24];

	for (int c = 0; c < COLUMNS; c++)
		cells[c].color = NULL;
	if (writer->opts.time)
		time_text(writer, event->time_ns, cells[TIME].text, sizeof(cells[TIME].text));
	if (event->tid && event->tid != event->pid)
		snprintf(cells[PID].text, sizeof(cells[PID].text), "%u/%u", event->pid, event->tid);
	else
		snprintf(cells[PID].text, sizeof(cells[PID].text), "%u", event->pid);
	mlocktrace_escape(cells[COMM].text, sizeof(cells[COMM].text), event->comm, sizeof(event->comm));
	mlt_cut(cells[COMM].text, layout[CALL].at[0] - layout[COMM].at[0] - 1);
	mlt_call_text(&call, event);
	snprintf(cells[CALL].text, sizeof(cells[CALL].text), "%.*s", (int)call.used,
		 call.data ? call.data : "");
	mlt_buf_free(&call);
	result_text(event, cells[RESULT].text, sizeof(cells[RESULT].text));
	snprintf(cells[DELTA].text, sizeof(cells[DELTA].text), "%s",
		 counted ? mlt_delta_text(text, mlt_delta(event)) : "-");
	snprintf(cells[LOCKED].text, sizeof(cells[LOCKED].text), "%s",
		 counted && !mlt_had_unknown(event) ? mlt_signed_text(text, event->after) : "-");
	cells[TIME].color = DIM;
	cells[RESULT].color = event->ret < 0 ? RED : NULL;
	cells[DELTA].color = event->after == event->before ? DIM : NULL;
}

/* Words at INDENT, broken at spaces; a word wider than the page is cut. */
static void put_wrapped(struct mlocktrace_writer *writer, const char *color, const char *text)
{
	const size_t room = PAGE_COLUMNS - INDENT;

	while (*text) {
		char line[512];
		size_t n = 0, word;

		do {
			word = strcspn(text + n + (n > 0), " ") + (n > 0);
			if (n && n + word > room)
				break;
			n += word;
		} while (text[n] && n < room);
		snprintf(line, sizeof(line), "%.*s", (int)n, text);
		mlt_cut(line, room);
		mlt_buf_fill(&writer->buf, ' ', INDENT);
		put_colored(&writer->buf, writer->opts.color ? color : NULL, line);
		mlt_buf_text(&writer->buf, "\n");
		text += n;
		text += strspn(text, " ");
	}
}

static void put_facts(struct mlocktrace_writer *writer, const struct mlocktrace_event *event)
{
	const char *tier = mlocktrace_tier_name(event->tier);
	struct mlt_buf facts = { 0 };
	uint64_t flags = event->flags;

	mlt_buf_printf(&facts, "cause %s; uid %u; %" PRIu64 ".%03u us on CPU %u, record %" PRIu64 "; %s",
		       mlocktrace_cause_name(mlocktrace_cause(event)), event->uid,
		       (uint64_t)event->duration_ns / 1000, (unsigned int)(event->duration_ns % 1000),
		       event->cpu, (uint64_t)event->seq, tier ? tier : "unknown tier");
	for (unsigned int bit = 0; flags; bit++, flags >>= 1)
		if ((flags & 1) && mlocktrace_flag_name(bit))
			mlt_buf_printf(&facts, " %s", mlocktrace_flag_name(bit));
	mlt_buf_add(&facts, "", 1);
	if (!facts.err)
		put_wrapped(writer, DIM, facts.data);
	mlt_buf_free(&facts);
}

static void put_stack(struct mlocktrace_writer *writer, const struct mlocktrace_event *event)
{
	char frame[512];

	for (size_t k = 0; mlt_frame_text(writer, event, k, frame, sizeof(frame)); k++) {
		mlt_cut(frame, PAGE_COLUMNS - INDENT - 2);
		mlt_buf_fill(&writer->buf, ' ', INDENT + 2);
		put_colored(&writer->buf, writer->opts.color ? DIM : NULL, frame);
		mlt_buf_text(&writer->buf, "\n");
	}
}

static void put_lost(struct mlocktrace_writer *writer, const struct mlocktrace_event *event)
{
	char line[PAGE_COLUMNS + 1];

	snprintf(line, sizeof(line),
		 "-- %" PRIu64 " records lost on CPU %u (buffer full); counters and later records are right",
		 (uint64_t)event->count, event->cpu);
	put_colored(&writer->buf, writer->opts.color ? RED : NULL, line);
	mlt_buf_text(&writer->buf, "\n");
}

static int text_event(struct mlocktrace_writer *writer, const struct mlocktrace_event *event)
{
	struct cell cells[COLUMNS];
	char verdict[1024];

	if (event->op == MLOCKTRACE_OP_LOST) {
		put_lost(writer, event);
		return 0;
	}
	fill_cells(writer, event, cells);
	put_row(writer, cells);
	if (writer->opts.verbose || mlt_wants_verdict(event)) {
		mlocktrace_explain(event, verdict, sizeof(verdict));
		put_wrapped(writer, YELLOW, verdict);
	}
	if (writer->opts.verbose)
		put_facts(writer, event);
	put_stack(writer, event);
	return 0;
}

const struct mlt_format mlt_format_text = {
	.start = text_start,
	.event = text_event,
};
