// SPDX-License-Identifier: GPL-2.0
/*
 * For zsh: a call of _arguments for each command.
 */
#include <string.h>

#include "completion.h"
#include "embed.h"

FILE_IN_PROGRAM(functions, "tools/completion/mlocktrace.zsh");

/* "name:first sentence" for _describe */
static void print_name(FILE *out, const struct command *command)
{
	fprintf(out, "\t\t'%s:", command->name);
	completion_print_quoted(out, command->help, ":");
	fprintf(out, "'\n");
}

/* -p+ and --pid=: with a value in the same word or in the next; --color=-: in the same only */
static void print_spelling(FILE *out, const struct option_row *row)
{
	const char *value = !row->arg ? "" : option_arg_is_optional(row) ? "=-" : "=";

	if (option_has_letter(row))
		fprintf(out, "{-%c%s,--%s%s}", row->id, row->arg ? "+" : "", row->name, value);
	else
		fprintf(out, "--%s%s", row->name, value);
}

static void print_option(FILE *out, const struct option_row *row)
{
	bool is_optional = option_arg_is_optional(row);

	fprintf(out, " \\\n\t\t'*'");
	print_spelling(out, row);
	fprintf(out, "'[");
	completion_print_quoted(out, row->help, "[]\\");
	fprintf(out, "]");
	if (row->arg) {
		/* The space: to be called with no arguments but these. */
		fprintf(out, "%s%.*s: _mlocktrace_offer ", is_optional ? "::" : ":",
			(int)strcspn(row->arg + is_optional, "]"), row->arg + is_optional);
		completion_print_choice(out, &row->choice, is_optional);
	}
	fprintf(out, "'");
}

static void print_function(FILE *out, const struct command *command)
{
	const struct option_row *row;

	fprintf(out, "_mlocktrace_on_%s()\n{\n\t_arguments -s -S :", command->name);
	for (size_t i = 0; (row = option_at(i)); i++)
		if (completion_takes(command, row))
			print_option(out, row);
	if (command->operand.word || command->operand.known) {
		fprintf(out, " \\\n\t\t'*%s:operand: _mlocktrace_offer ",
			command->operand.known == KNOWN_COMMANDS ? ":" : "");
		completion_print_choice(out, &command->operand, false);
		fprintf(out, "'");
	}
	fprintf(out, "\n}\n\n");
}

void completion_zsh(FILE *out)
{
	const struct command *command;

	fprintf(out, "#compdef mlocktrace\n\n_mlocktrace_names()\n{\n\tlocal -a names=(\n");
	for (size_t i = 0; (command = command_at(i)); i++)
		print_name(out, command);
	fprintf(out, "\t)\n\n\t_describe -t commands command names\n}\n\n");
	for (size_t i = 0; (command = command_at(i)); i++)
		print_function(out, command);
	fwrite(functions, 1, functions_end - functions, out);
}
