// SPDX-License-Identifier: GPL-2.0
/*
 * For bash: two tables, and the functions that look into them.
 */
#include "completion.h"
#include "embed.h"

FILE_IN_PROGRAM(functions, "tools/completion/mlocktrace.bash");

static void print_options(FILE *out, const struct command *command)
{
	const struct option_row *row;

	fprintf(out, "\t[%s]='", command->name);
	for (size_t i = 0; (row = option_at(i)); i++) {
		if (!completion_takes(command, row))
			continue;
		if (option_has_letter(row))
			fprintf(out, "-%c ", row->id);
		fprintf(out, "--%s%s ", row->name, row->arg ? "=" : "");
	}
	fprintf(out, "'\n");
}

static void print_key(FILE *out, const struct command *command, const struct option_row *row,
		      bool by_letter)
{
	if (by_letter)
		fprintf(out, "\t[%s:-%c]='", command->name, row->id);
	else
		fprintf(out, "\t[%s:--%s]='", command->name, row->name);
	completion_print_choice(out, &row->choice, option_arg_is_optional(row));
	fprintf(out, "'\n");
}

static void print_choices(FILE *out, const struct command *command)
{
	const struct option_row *row;

	fprintf(out, "\t[%s:]='", command->name);
	completion_print_choice(out, &command->operand, false);
	fprintf(out, "'\n");
	for (size_t i = 0; (row = option_at(i)); i++) {
		if (!completion_takes(command, row) || !row->arg)
			continue;
		if (option_has_letter(row))
			print_key(out, command, row, true);
		print_key(out, command, row, false);
	}
}

void completion_bash(FILE *out)
{
	const struct command *command;

	/* They must outlive the function in which bash-completion reads this. */
	fprintf(out, "# bash completion for mlocktrace\n\ndeclare -gA _mlocktrace_help=(\n");
	for (size_t i = 0; (command = command_at(i)); i++)
		print_options(out, command);
	fprintf(out, ")\n\ndeclare -gA _mlocktrace_choices=(\n");
	for (size_t i = 0; (command = command_at(i)); i++)
		print_choices(out, command);
	fprintf(out, ")\n\n");
	fwrite(functions, 1, functions_end - functions, out);
}
