/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lines of styled text, for a terminal or a stream: what is put on them is cut at the right edge,
 * and in a locale without UTF-8 other characters than ASCII become "?".
 */
#ifndef TOOLS_PAPER_H
#define TOOLS_PAPER_H

#include <stdbool.h>
#include <stddef.h>

#include "message.h"

enum style {
	STYLE_PLAIN,
	STYLE_STRONG,
	STYLE_DIM,
	STYLE_HEADING, /* of a table */
	STYLE_WARN,
	STYLE_ALERT,
	STYLE_MAX
};

/*
 * @put: some bytes on the line, a whole number of characters that fit on it
 * @end: the line is complete
 */
struct paper {
	int width;
	bool utf8;
	bool chosen; /* the line is the one that is pointed at */
	int at;	     /* column */
	int line;
	void (*put)(struct paper *paper, enum style style, const char *text, size_t len);
	void (*end)(struct paper *paper);
	void *ctx;
};

void paper_text(struct paper *paper, enum style style, const char *text);
void paper_print(struct paper *paper, enum style style, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Blanks up to that column */
void paper_to(struct paper *paper, enum style style, int column);
/* Text in so many columns, cut off with a "+" if it has more, at their right end if @right. */
void paper_cell(struct paper *paper, enum style style, const char *text, int width, bool right);
void paper_end(struct paper *paper);
/* A paragraph, broken at blanks; its lines begin at column @indent, the first where the line is.
 * @lines: it takes up exactly so many, cut off with a "+" if there is more of it; 0 = as it needs */
void paper_wrap(struct paper *paper, enum style style, int indent, const char *text, int lines);

#endif
