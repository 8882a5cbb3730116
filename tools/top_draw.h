/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pages of `top`, written on paper: a terminal's for the screen, a stream's in batch mode.
 */
#ifndef TOOLS_TOP_DRAW_H
#define TOOLS_TOP_DRAW_H

#include "paper.h"
#include "top_regions.h"
#include "top_source.h"
#include "top_view.h"

/* ---- top_head.c: the machine, TOP_HEAD_LINES lines ---- */

#define TOP_HEAD_LINES 7

void top_draw_head(struct paper *paper, const struct top_source *source, const struct top_view *view);
/* What keys there are, or what is typed: a line without an end. */
void top_draw_foot(struct paper *paper, const struct top_view *view);
/* "postgres[4242] mlock over_limit: ...", its arithmetic with it; @text: at least 1 byte */
void top_refusal_text(const struct mlocktrace_event *event, char *text, size_t size);
/* "3s", "12m" */
const char *top_ago(char buf[24], uint64_t now_ns, uint64_t then_ns);

/* ---- top_table.c ---- */

/* The heading and so many rows at most, from view->first on. */
void top_draw_table(struct paper *paper, const struct top_model *model, struct top_view *view,
		    size_t rows);

/* ---- top_detail.c, top_help.c: as many lines as it takes ---- */

void top_draw_detail(struct paper *paper, const struct top_source *source,
		     const struct top_view *view, const struct top_regions *regions);
void top_draw_help(struct paper *paper, const struct top_source *source, const struct top_view *view);

#endif
