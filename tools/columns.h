/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much room text takes on a terminal, and what of it fits. The text is valid UTF-8 without
 * control characters, as mlocktrace_escape() makes it.
 */
#ifndef TOOLS_COLUMNS_H
#define TOOLS_COLUMNS_H

#include <stddef.h>

/* In columns: as the locale has it, if LC_CTYPE is set to one that knows; else one a character. */
int columns_of(const char *text);

/* Bytes of @text that fit into @room columns; *used = how many they take up. */
size_t columns_fit(const char *text, int room, int *used);

#endif
