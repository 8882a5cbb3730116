/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Figures as pictures of one line, in block characters or in ASCII.
 */
#ifndef TOOLS_BARS_H
#define TOOLS_BARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BARS_SIZE(columns) (3 * (columns) + 1) /* in UTF-8 */

/* A character for each value, as high as it is against the largest of them; in the middle if all
 * are the same, so that what moves catches the eye. */
void bars_line(char *buf, const uint64_t *values, size_t n, bool utf8);

/* So many columns of which @percent are filled; what is not 0 shows, and what is not all, too. */
void bars_gauge(char *buf, int percent, size_t columns, bool utf8);

#endif
