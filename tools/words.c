// SPDX-License-Identifier: GPL-2.0
/*
 * Lists of words: which is it, and what are they.
 */
#include <stdio.h>
#include <string.h>

#include "words.h"

size_t word_index(word_fn word, const char *text)
{
	for (size_t i = 0; word(i); i++)
		if (!strcmp(word(i), text))
			return i;
	return NO_WORD;
}

char *words_text(word_fn word, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; word(i) && n < size; i++)
		n += snprintf(buf + n, size - n, "%s%s", !i ? "" : word(i + 1) ? ", " : " and ", word(i));
	return buf;
}
