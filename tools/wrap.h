/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Paragraphs for help and explanations: broken at spaces so that no line is
 * wider than WRAP_WIDTH columns.
 */
#ifndef TOOLS_WRAP_H
#define TOOLS_WRAP_H

#include <stdio.h>

#define WRAP_WIDTH 100

/* The cursor stands at column @at; further lines begin at column @indent. Ends with a newline. */
void wrap(FILE *out, int at, int indent, const char *text);

#endif
