// SPDX-License-Identifier: GPL-2.0
/*
 * Columns of text: most characters take one, those of East Asia two, combining ones none.
 */
#include <limits.h>
#include <wchar.h>

#include "columns.h"

/* The character at @text: its bytes, *code = its code point. */
static size_t character(const char *text, wchar_t *code)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n = 1;

	*code = p[0] < 0xc0 ? p[0] : p[0] & (p[0] < 0xe0 ? 0x1f : p[0] < 0xf0 ? 0x0f : 0x07);
	for (; (p[n] & 0xc0) == 0x80; n++)
		*code = *code << 6 | (p[n] & 0x3f);
	return n;
}

size_t columns_fit(const char *text, int room, int *used)
{
	size_t at = 0;

	*used = 0;
	while (text[at]) {
		wchar_t code;
		size_t n = character(text + at, &code);
		int width = wcwidth(code);

		/* A locale that does not know the character has no opinion. */
		if (width < 0)
			width = 1;
		if (width > room - *used)
			break;
		*used += width;
		at += n;
	}
	return at;
}

int columns_of(const char *text)
{
	int used;

	columns_fit(text, INT_MAX, &used);
	return used;
}
