// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile names: whatever goes in, what comes out moves no cursor, is valid
 * UTF-8, and tells two inputs apart.
 */
#include <stdint.h>
#include <stdlib.h>

#include "format.h"
#include "ktap.h"

static const char *escaped(const char *text, size_t len)
{
	static char buf[256];

	mlocktrace_escape(buf, sizeof(buf), text, len);
	return buf;
}

static void plain_names_stay_as_they_are(void)
{
	check_text(escaped("postgres", 16), "postgres");
	check_text(escaped("a b/c:d\"e'", 16), "a b/c:d\"e'");
	check_text(escaped("", 16), "");
	check_text(escaped("žluťoučký", 16), "žluťoučký");
	check_text(escaped("\xf0\x9f\x94\x92", 16), "\xf0\x9f\x94\x92");
}

static void what_a_terminal_would_obey_becomes_hex(void)
{
	check_text(escaped("\033[31mred", 16), "\\x1b[31mred");
	check_text(escaped("a\nb\tc\r", 16), "a\\x0ab\\x09c\\x0d");
	check_text(escaped("\x7f", 16), "\\x7f");
	check_text(escaped("\xc2\x9b" "31m", 16), "\\xc2\\x9b31m");
	check_text(escaped("\xe2\x80\xae", 16), "\\xe2\\x80\\xae");
	check_text(escaped("\xe2\x80\xa8", 16), "\\xe2\\x80\\xa8");
}

static void bytes_that_are_no_utf8_become_hex(void)
{
	check_text(escaped("\xff", 16), "\\xff");
	check_text(escaped("a\x80", 16), "a\\x80");
	check_text(escaped("\xc0\xaf", 16), "\\xc0\\xaf");
	check_text(escaped("\xed\xa0\x80", 16), "\\xed\\xa0\\x80");
	check_text(escaped("\xf4\x90\x80\x80", 16), "\\xf4\\x90\\x80\\x80");
	check_text(escaped("\xe2\x82", 16), "\\xe2\\x82");
	check_text(escaped("\xe2\x82\xac", 2), "\\xe2\\x82");
}

static void a_backslash_cannot_pretend_to_be_an_escape(void)
{
	check_text(escaped("\\x1b", 16), "\\x5cx1b");
	check(strcmp(escaped("\\x1b", 16), "\\x1b"));
}

static void text_that_was_escaped_before_keeps_its_backslashes(void)
{
	char buf[64];

	mlt_escape(buf, sizeof(buf), "a\\x1b\033", SIZE_MAX, true);
	check_text(buf, "a\\x1b\\x1b");
}

static void a_small_buffer_holds_whole_units_and_the_length_is_the_full_one(void)
{
	char buf[8];

	for (size_t size = 0; size <= sizeof(buf); size++) {
		memset(buf, '#', sizeof(buf));
		check_int(mlocktrace_escape(buf, size, "\033\xe2\x82\xac", 16), 7);
		if (size)
			check_text(buf, size < 5 ? "" : size < 8 ? "\\x1b" : "\\x1b\xe2\x82\xac");
		for (size_t i = size; i < sizeof(buf); i++)
			check(buf[i] == '#');
	}
}

/* Undo the escape: only possible if nothing was lost. */
static size_t unescape(const char *text, char *out)
{
	size_t n = 0;

	while (*text) {
		if (*text == '\\') {
			char hex[3] = { text[2], text[3], '\0' };

			out[n++] = (char)strtoul(hex, NULL, 16);
			text += 4;
		} else {
			out[n++] = *text++;
		}
	}
	return n;
}

static void random_bytes_come_back_whole_and_show_nothing_wild(void)
{
	char in[17] = "", out[128], back[128];

	srand(1);
	for (int round = 0; round < 200000; round++) {
		size_t len = rand() % 16;

		for (size_t i = 0; i < len; i++)
			in[i] = rand() % 4 ? rand() % 255 + 1 : 0xc0 + rand() % 0x38;
		in[len] = '\0';
		mlocktrace_escape(out, sizeof(out), in, 16);
		if (unescape(out, back) != len || memcmp(in, back, len)) {
			check(!"the same bytes come back");
			return;
		}
		for (const char *p = out; *p; p++)
			if ((unsigned char)*p < 0x20 || *p == 0x7f) {
				check(!"no control characters");
				return;
			}
		mlt_escape(back, sizeof(back), out, SIZE_MAX, true);
		if (strcmp(back, out)) {
			check(!"what was escaped once needs no more of it");
			return;
		}
	}
}

static void widths_count_columns_not_bytes(void)
{
	char text[32] = "žluť\xe6\xbc\xa2\xe5\xad\x97";

	check_int(mlt_columns("abc"), 3);
	check_int(mlt_columns(text), 8);
	mlt_cut(text, 8);
	check_int(mlt_columns(text), 8);
	mlt_cut(text, 7);
	check_text(text, "žluť\xe6\xbc\xa2~");
	mlt_cut(text, 6);
	check_text(text, "žluť~");
	mlt_cut(text, 1);
	check_text(text, "~");
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(plain_names_stay_as_they_are),
		KTAP_TEST(what_a_terminal_would_obey_becomes_hex),
		KTAP_TEST(bytes_that_are_no_utf8_become_hex),
		KTAP_TEST(a_backslash_cannot_pretend_to_be_an_escape),
		KTAP_TEST(text_that_was_escaped_before_keeps_its_backslashes),
		KTAP_TEST(a_small_buffer_holds_whole_units_and_the_length_is_the_full_one),
		KTAP_TEST(random_bytes_come_back_whole_and_show_nothing_wild),
		KTAP_TEST(widths_count_columns_not_bytes),
	};

	return ktap_run(tests, KTAP_SIZE(tests));
}
