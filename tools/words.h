/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a value on the command line may be: one of a few words, something that a shell knows by
 * itself, or both. The commands check a value against its words, and completion offers them.
 */
#ifndef TOOLS_WORDS_H
#define TOOLS_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* The i-th word, NULL past the last */
typedef const char *(*word_fn)(size_t i);

enum known_to_shells {
	KNOWN_NOTHING,
	KNOWN_PROCESSES,
	KNOWN_USERS,
	KNOWN_TASK_NAMES,
	KNOWN_FILES,
	KNOWN_FOLDERS,
	KNOWN_COMMANDS,
};

/*
 * @word: NULL = there are none
 * @list: several, with commas between them
 */
struct choice {
	word_fn word;
	enum known_to_shells known;
	bool list;
};

#define NO_WORD ((size_t)-1)

/* For a word_fn of an array */
#define WORD_AT(words, i) ((i) < sizeof(words) / sizeof((words)[0]) ? (words)[i] : NULL)

/* Which of the words that is, NO_WORD if none. */
size_t word_index(word_fn word, const char *text);

/* "one, another and a third", for a message; buf is returned. */
char *words_text(word_fn word, char *buf, size_t size);

/* values.c */
const char *op_word(size_t i);
const char *source_word(size_t i);
const char *tier_word(size_t i);
const char *color_word(size_t i);
/* cmd_explain.c */
const char *explain_word(size_t i);
/* cmd_ps.c, ps_options.c, ps_columns.c */
const char *ps_view_word(size_t i);
const char *ps_method_word(size_t i);
const char *ps_key_word(size_t i);
/* cmd_top.c, top_list.c */
const char *top_view_word(size_t i);
const char *top_key_word(size_t i);
/* exporter_look.c */
const char *look_by_word(size_t i);
/* cmd_completion.c */
const char *shell_word(size_t i);

#endif
