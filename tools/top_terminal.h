/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The terminal of `top`: ncurses, and nothing else knows of it.
 */
#ifndef TOOLS_TOP_TERMINAL_H
#define TOOLS_TOP_TERMINAL_H

#include "paper.h"

#define TERMINAL_LEAST_ROWS 12
#define TERMINAL_LEAST_COLUMNS 50

struct terminal;

/* Take the terminal over. 0, or -1 after a message. */
int terminal_open(struct terminal **terminal, bool color);
/* Give it back as it was. */
void terminal_close(struct terminal *terminal);

/* Give it back for a while, until terminal_renew(). */
void terminal_suspend(struct terminal *terminal);
/* It may have another size, and something else on it. */
void terminal_renew(struct terminal *terminal);
int terminal_rows(const struct terminal *terminal);
bool terminal_is_too_small(const struct terminal *terminal);

/* The next key, an enum top_key or a byte; KEY_OF_NONE = none now. */
int terminal_key(struct terminal *terminal);

/* Begin a new picture; terminal_show() shows it. */
void terminal_clear(struct terminal *terminal);
void terminal_show(struct terminal *terminal);
void terminal_say_too_small(struct terminal *terminal);
/* The part of the terminal from line @top on, of @rows lines, without the first @skip lines that
 * are written on it. */
struct paper terminal_paper(struct terminal *terminal, int top, int rows, int skip);

#endif
