/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Hostile strings made harmless: what comes out is valid UTF-8 without
 * anything that moves a cursor or reorders a line, and two different inputs
 * never look alike.
 */
#include <stdio.h>
#include <string.h>

#include "format.h"

/* Bytes of the valid UTF-8 sequence at p, and its code point; 0 if it is none. */
static size_t sequence(const unsigned char *p, size_t len, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;

	if (!n || n > len)
		return 0;
	*code = n == 1 ? p[0] : p[0] & (0x7f >> n);
	for (size_t i = 1; i < n; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		*code = *code << 6 | (p[i] & 0x3f);
	}
	if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return n;
}

/* Control characters, and the format characters that break lines or swap their direction. */
static bool is_unfit(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad ||
	       code == 0x061c || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
	       code == 0xfeff || (code & 0xfffe) == 0xfffe || (code >= 0xe0000 && code <= 0xe0fff);
}

int mlt_escape(char *buf, size_t size, const char *text, size_t len, bool keep_backslash)
{
	const unsigned char *p = (const unsigned char *)text;
	bool full = size == 0;
	size_t used = 0;
	int total = 0;

	len = strnlen(text, len);
	while (len) {
		char unit[20] = "";
		uint32_t code = 0;
		size_t n = sequence(p, len, &code), out = 0;

		if (n && !is_unfit(code) && (code != '\\' || keep_backslash)) {
			memcpy(unit, p, n);
			out = n;
		} else {
			n = n ? n : 1;
			for (size_t i = 0; i < n; i++)
				out += snprintf(unit + out, sizeof(unit) - out, "\\x%02x", p[i]);
		}
		/* Never half a sequence: from the first that does not fit on, only count. */
		full = full || used + out >= size;
		if (!full) {
			memcpy(buf + used, unit, out);
			used += out;
		}
		total += out;
		p += n;
		len -= n;
	}
	if (size)
		buf[used] = '\0';
	return total;
}

MLT_API int mlocktrace_escape(char *buf, size_t size, const char *text, size_t len)
{
	return mlt_escape(buf, size, text, len, false);
}

/* Roughly the East Asian wide blocks, in order; a terminal's opinion on the rest is one column. */
static size_t columns_of(uint32_t code)
{
	static const uint32_t wide[][2] = {
		{ 0x1100, 0x115f },   { 0x2e80, 0xa4cf },   { 0xac00, 0xd7a3 },
		{ 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },
		{ 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff },
		{ 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
	};

	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]) && code >= wide[i][0]; i++)
		if (code <= wide[i][1])
			return 2;
	return 1;
}

/* Bytes of text that fit into the columns; *used = how many columns they take. */
static size_t fitting(const char *text, size_t columns, size_t *used)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len = strlen(text), at = 0;

	*used = 0;
	while (at < len) {
		uint32_t code = 0;
		size_t n = p[at] < 0x80 ? 1 : sequence(p + at, len - at, &code);
		size_t width = columns_of(code);

		if (width > columns - *used)
			break;
		*used += width;
		at += n ? n : 1;
	}
	return at;
}

size_t mlt_columns(const char *text)
{
	size_t used;

	fitting(text, SIZE_MAX, &used);
	return used;
}

void mlt_cut(char *text, size_t columns)
{
	size_t used, keep;

	if (!columns || mlt_columns(text) <= columns)
		return;
	keep = fitting(text, columns - 1, &used);
	text[keep] = '~';
	text[keep + 1] = '\0';
}
