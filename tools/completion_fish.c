// SPDX-License-Identifier: GPL-2.0
/*
 * For fish: a call of `complete` for each command and for each row of options.
 */
#include "completion.h"
#include "embed.h"

FILE_IN_PROGRAM(functions, "tools/completion/mlocktrace.fish");

static void print_help(FILE *out, const char *help)
{
	fprintf(out, " -d '");
	/* Unlike other shells fish knows \' between quotes. */
	for (; *help; help++)
		fprintf(out, *help == '\'' || *help == '\\' ? "\\%c" : "%c", *help);
	fprintf(out, "'\n");
}

static void print_command(FILE *out, const struct command *command)
{
	fprintf(out, "complete -c mlocktrace -n __mlocktrace_is_first -a %s", command->name);
	print_help(out, command->help);
	if (!command->operand.word && !command->operand.known)
		return;
	fprintf(out, "complete -c mlocktrace -n '__mlocktrace_command_is %s' -a '(__mlocktrace_offer ",
		command->name);
	completion_print_choice(out, &command->operand, false);
	fprintf(out, ")'\n");
}

static void print_option(FILE *out, const struct option_row *row)
{
	const struct command *command;

	fprintf(out, "complete -c mlocktrace -n '__mlocktrace_takes_options_of");
	for (size_t i = 0; (command = command_at(i)); i++)
		if (completion_takes(command, row))
			fprintf(out, " %s", command->name);
	fprintf(out, "'");
	if (option_has_letter(row))
		fprintf(out, " -s %c", row->id);
	fprintf(out, " -l %s", row->name);
	if (row->arg) {
		fprintf(out, "%s -a '(__mlocktrace_offer ", option_arg_is_optional(row) ? "" : " -x");
		completion_print_choice(out, &row->choice, option_arg_is_optional(row));
		fprintf(out, ")'");
	}
	print_help(out, row->help);
}

void completion_fish(FILE *out)
{
	const struct command *command;
	const struct option_row *row;

	fprintf(out, "# fish completion for mlocktrace\n\n");
	fwrite(functions, 1, functions_end - functions, out);
	for (size_t i = 0; (command = command_at(i)); i++)
		print_command(out, command);
	for (size_t i = 0; (row = option_at(i)); i++)
		print_option(out, row);
}
