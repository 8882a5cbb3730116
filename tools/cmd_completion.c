// SPDX-License-Identifier: GPL-2.0
/*
 * completion: what makes a shell complete the tool's command lines. Nothing is said twice: the
 * tables of commands and options, and the words that values are checked with, are printed.
 */
#include <string.h>

#include "completion.h"
#include "message.h"

static const struct shell {
	const char *name;
	void (*print)(FILE *out);
} shells[] = {
	{ "bash", completion_bash },
	{ "zsh", completion_zsh },
	{ "fish", completion_fish },
};

const char *shell_word(size_t i)
{
	return i < sizeof(shells) / sizeof(shells[0]) ? shells[i].name : NULL;
}

bool completion_takes(const struct command *command, const struct option_row *row)
{
	return row->on & command->bit;
}

void completion_print_choice(FILE *out, const struct choice *choice, bool is_optional)
{
	/* Functions of these names, with a prefix, are in the files of tools/completion/. */
	static const char *const known[] = {
		[KNOWN_NOTHING] = "nothing", [KNOWN_PROCESSES] = "processes", [KNOWN_USERS] = "users",
		[KNOWN_TASK_NAMES] = "tasks", [KNOWN_FILES] = "files", [KNOWN_FOLDERS] = "folders",
		[KNOWN_COMMANDS] = "commands",
	};

	fprintf(out, "%s %s", is_optional ? "maybe" : choice->list ? "list" : "one",
		known[choice->known]);
	for (size_t i = 0; choice->word && choice->word(i); i++)
		fprintf(out, " %s", choice->word(i));
}

void completion_print_quoted(FILE *out, const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '\'') {
			fputs("'\\''", out);
			continue;
		}
		if (strchr(special, *text))
			putc('\\', out);
		putc(*text, out);
	}
}

int cmd_completion(struct options *o)
{
	const struct command *command = command_by_bit(ON_COMPLETION);
	char words[64];
	size_t i;

	if (o->n_operands != 1)
		return usage(command, "for which shell? There are %s",
			     words_text(shell_word, words, sizeof(words)));
	i = word_index(shell_word, o->operands[0]);
	if (i == NO_WORD)
		return usage(command, "\"%s\" is no shell that is known here; there are %s", o->operands[0],
			     words_text(shell_word, words, sizeof(words)));
	shells[i].print(stdout);
	return flush_stdout(STATUS_OK);
}
