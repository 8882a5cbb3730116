// SPDX-License-Identifier: GPL-2.0
/*
 * The tool's front door: finds the command and hands it its options. Without
 * the name of a command the words are options of `trace`.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "near.h"
#include "options.h"
#include "wrap.h"

#define A_COMMAND { .known = KNOWN_COMMANDS }
#define A_PROCESS { .known = KNOWN_PROCESSES }

static const struct command commands[] = {
	{ "trace", ON_TRACE, "[-p PID,...] [-a] [OPTION]... [-- COMMAND [ARG]...]",
	  "Show each memory-lock call as it happens: of running processes (-p), of the whole "
	  "machine (-a), or of COMMAND.", cmd_trace, A_COMMAND },
	{ "record", ON_RECORD, "[-p PID,...] [-a] [OPTION]... [-- COMMAND [ARG]...]",
	  "Write the calls to a file, to be shown later by report.", cmd_record, A_COMMAND },
	{ "report", ON_REPORT, "[OPTION]... [FILE]",
	  "Show a recording, with a table of processes and refusals at the end.", cmd_report,
	  { .known = KNOWN_FILES } },
	{ "audit", ON_AUDIT, "[-p PID,...] [-a] [OPTION]... [-- COMMAND [ARG]...]",
	  "Prove that the books are what the kernel says: at the end, compare for each process and user "
	  "what was held, all changes recorded and the kernel's counter. Exit status 1 if they differ.",
	  cmd_audit, A_COMMAND },
	{ "size", ON_SIZE, "[OPTION]... -- COMMAND [ARG]...",
	  "Run COMMAND and say how large RLIMIT_MEMLOCK has to be for it and its children, as the lines to "
	  "set for systemd, containers, limits.conf and shells, and which call needs that.", cmd_size,
	  A_COMMAND },
	{ "regions", ON_REGIONS, "[OPTION]... {PID | -a}",
	  "Show what a process has locked now, range by range, and what of it is in RAM; with a "
	  "recording, also which call locked it. With -a, what the whole machine has locked.",
	  cmd_regions, A_PROCESS },
	{ "ps", ON_PS, "[OPTION]...",
	  "Show who holds locked memory now, of the whole machine: processes with their limits and units, or "
	  "what users, containers, services and cgroups hold together.", cmd_ps },
	{ "top", ON_TOP, "[OPTION]...",
	  "Show who holds locked memory and who is refused it, live: a table to sort and filter, with the "
	  "history of each process, its limits, and its last refusals with the remedy.", cmd_top },
	{ "last", ON_LAST, "[OPTION]... [PID]",
	  "Show what led to the last refusals, of PID or of all processes, though nobody was tracing: from "
	  "the flight recorder of the kernel module.", cmd_last, A_PROCESS },
	{ "exporter", ON_EXPORTER, "[--listen ADDRESS] [--textfile FILE] [OPTION]...",
	  "Serve metrics to Prometheus: what is locked, by whom and how near to the limit, what was refused "
	  "and why. A page for people is there, too.", cmd_exporter },
	{ "doctor", ON_DOCTOR, "[OPTION]...",
	  "Try out what works on this machine, and say why not where it does not.", cmd_doctor },
	{ "explain", ON_EXPLAIN, "[WORD]...",
	  "Say what an operation, errno, cause, counter, flag or tier means and what to do; "
	  "without WORD, list all words.", cmd_explain, { .word = explain_word } },
	{ "completion", ON_COMPLETION, "{bash | zsh | fish}",
	  "Print what makes a shell complete the words after " TOOL ": its commands, their options, and what "
	  "these may be.", cmd_completion, { .word = shell_word } },
	{ NULL, 0, NULL, NULL, NULL, { 0 } },
};

const struct command *command_by_bit(enum command_bit bit)
{
	const struct command *c = commands;

	while (c->bit != bit)
		c++;
	return c;
}

void print_commands(FILE *out)
{
	for (const struct command *c = commands; c->name; c++)
		wrap(out, fprintf(out, "  %s", c->name), 14, c->help);
}

const struct command *command_at(size_t i)
{
	return commands[i].name ? &commands[i] : NULL;
}

static int unknown_command(const char *word)
{
	char near_buf[256];
	struct near near = { .word = word };

	for (const struct command *c = commands; c->name; c++)
		near_offer(&near, c->name);
	error("unknown command \"%s\"%s", word, near_text(&near, near_buf, sizeof(near_buf)));
	error("to trace a program, put -- before it: " TOOL " -- %s ... (more: " TOOL " --help)", word);
	return STATUS_USAGE;
}

/*
 * A descriptor 0, 1 or 2 that was closed would be handed out by the next
 * open(), and output would land in a stranger's file. These fail instead.
 */
static void fill_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	const struct command *command = commands;
	struct options o;
	int status;

	fill_standard_descriptors();
	if (argc > 1 && argv[1][0] != '-') {
		while (command->name && strcmp(command->name, argv[1]))
			command++;
		if (!command->name)
			return unknown_command(argv[1]);
		argc--;
		argv++;
	}
	status = options_parse(&o, command, argc, argv);
	if (status < 0)
		status = command->run(&o);
	options_free(&o);
	return status;
}
