// SPDX-License-Identifier: GPL-2.0
/*
 * Lines that know their width.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "columns.h"
#include "paper.h"

static void put_ascii(struct paper *paper, enum style style, const char *text, size_t len)
{
	char plain[512];
	size_t n = 0;

	for (size_t i = 0; i < len && n < sizeof(plain); i++)
		if ((text[i] & 0xc0) != 0x80)
			plain[n++] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
	paper->put(paper, style, plain, n);
}

static void put(struct paper *paper, enum style style, const char *text, int room)
{
	int used;
	size_t len;

	if (room > paper->width - paper->at)
		room = paper->width - paper->at;
	len = columns_fit(text, room, &used);
	if (!len)
		return;
	if (paper->utf8)
		paper->put(paper, style, text, len);
	else
		put_ascii(paper, style, text, len);
	paper->at += used;
}

void paper_text(struct paper *paper, enum style style, const char *text)
{
	put(paper, style, text, paper->width);
}

void paper_print(struct paper *paper, enum style style, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	paper_text(paper, style, text);
}

void paper_to(struct paper *paper, enum style style, int column)
{
	while (paper->at < column && paper->at < paper->width)
		put(paper, style, " ", 1);
}

void paper_cell(struct paper *paper, enum style style, const char *text, int width, bool right)
{
	int end = paper->at + width, columns = columns_of(text);

	if (right && columns < width)
		paper_to(paper, style, end - columns);
	put(paper, style, text, columns > width ? width - 1 : width);
	if (columns > width) {
		paper_to(paper, style, end - 1);
		put(paper, style, "+", 1);
	}
	paper_to(paper, style, end);
}

void paper_end(struct paper *paper)
{
	paper->end(paper);
	paper->at = 0;
	paper->line++;
}

/* The last line there is: all of the rest, as far as it goes. */
static void put_rest(struct paper *paper, enum style style, const char *text)
{
	paper_cell(paper, style, text, paper->width - paper->at, false);
	paper_end(paper);
}

void paper_wrap(struct paper *paper, enum style style, int indent, const char *text, int lines)
{
	int last = lines ? paper->line + lines - 1 : -1;
	char word[512];

	paper_to(paper, STYLE_PLAIN, indent);
	while (*text && paper->line != last) {
		size_t len = strcspn(text, " ");

		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		if (paper->at > indent && paper->at + 1 + columns_of(word) > paper->width) {
			paper_end(paper);
			paper_to(paper, STYLE_PLAIN, indent);
			continue;
		}
		paper_text(paper, style, paper->at > indent ? " " : "");
		paper_text(paper, style, word);
		text += len + strspn(text + len, " ");
	}
	if (*text) {
		put_rest(paper, style, text);
		return;
	}
	do
		paper_end(paper);
	while (paper->line <= last);
}
