// SPDX-License-Identifier: GPL-2.0
/*
 * explain: what a word of the vocabulary means, and what to do about it.
 */
#include <string.h>

#include <mlocktrace/mlocktrace.h>

#include "message.h"
#include "near.h"
#include "options.h"
#include "words.h"
#include "wrap.h"

#define INDENT 4

/* A word that means several things comes several times. */
const char *explain_word(size_t i)
{
	const char *kind, *word;

	return mlocktrace_about_list(i, &kind, &word) ? NULL : word;
}

static void list_words(void)
{
	const char *kind, *word, *last_kind = "";
	int column = 0;

	for (size_t i = 0; !mlocktrace_about_list(i, &kind, &word); i++) {
		if (strcmp(kind, last_kind)) {
			column = printf("%s%s", *last_kind ? "\n" : "", kind) - !!*last_kind;
			column += printf("%*s", 10 - column, "");
			last_kind = kind;
		} else if (column + 2 + (int)strlen(word) > WRAP_WIDTH) {
			column = printf("\n%10s", "") - 1;
		}
		column += printf(" %s", word);
	}
	printf("\n\nMore on a word: " TOOL " explain WORD\n");
}

/* False: the word is not known. */
static bool explain(const char *word)
{
	const char *kind, *help, *advice;
	size_t i;

	for (i = 0; !mlocktrace_about(word, i, &kind, &help, &advice); i++) {
		printf("%s (%s)\n", word, kind);
		wrap(stdout, 0, INDENT, help);
		if (advice)
			wrap(stdout, printf("%*sWhat to do:", INDENT, ""), INDENT, advice);
	}
	return i;
}

static void unknown_word(const char *word)
{
	char near_buf[256];
	struct near near = { .word = word };

	for (size_t i = 0; explain_word(i); i++)
		near_offer(&near, explain_word(i));
	error("nothing is known about \"%s\"%s (all words: " TOOL " explain)", word,
	      near_text(&near, near_buf, sizeof(near_buf)));
}

int cmd_explain(struct options *o)
{
	int status = STATUS_OK;

	if (!o->n_operands)
		list_words();
	for (int i = 0; i < o->n_operands; i++) {
		if (explain(o->operands[i]))
			continue;
		unknown_word(o->operands[i]);
		status = STATUS_FAILED;
	}
	return flush_stdout(status);
}
