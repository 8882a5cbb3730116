// SPDX-License-Identifier: GPL-2.0
/*
 * The option table and its parser. A new option is one row: its letter or id,
 * long name, argument, the commands that take it, help, and where the value
 * goes. getopt_long(), --help and completion are fed from the rows.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <mlocktrace/mlocktrace.h>

#include "message.h"
#include "near.h"
#include "options.h"
#include "values.h"
#include "wrap.h"

enum { ID_CGROUP = FIRST_LONG_ID, ID_SOURCE, ID_TIER, ID_BUFFER, ID_BTF, ID_COLOR,
       ID_SUMMARY, ID_BY, ID_SORT, ID_METHOD, ID_AS, ID_LISTEN, ID_TEXTFILE, ID_INTERVAL, ID_GROUPS,
       ID_USER, ID_NO_TRACE, ID_VERSION };

#define SETS_TRUE(field) \
	static int set_##field(struct options *o, const char *value) \
	{ \
		(void)value; \
		o->field = true; \
		return 0; \
	}
#define SETS_TEXT(field) \
	static int set_##field(struct options *o, const char *value) \
	{ \
		o->field = value; \
		return 0; \
	}

SETS_TRUE(all)
SETS_TRUE(follow)
SETS_TRUE(failures_only)
SETS_TRUE(stacks)
SETS_TRUE(time)
SETS_TRUE(json)
SETS_TRUE(quiet)
SETS_TRUE(summary)
SETS_TRUE(batch)
SETS_TRUE(no_trace)
SETS_TEXT(cgroup)
SETS_TEXT(btf)
SETS_TEXT(input)
SETS_TEXT(output)
SETS_TEXT(by)
SETS_TEXT(sort)
SETS_TEXT(method)
SETS_TEXT(as_user)
SETS_TEXT(listen)
SETS_TEXT(textfile)
SETS_TEXT(user)

static int set_verbose(struct options *o, const char *value)
{
	(void)value;
	o->verbose++;
	return 0;
}

#define PIDS { .known = KNOWN_PROCESSES, .list = true }
#define USERS { .known = KNOWN_USERS }
#define FILES { .known = KNOWN_FILES }
#define FOLDERS { .known = KNOWN_FOLDERS }

static const struct option_row rows[] = {
	{ 'p', "pid", "PID,...", ON_STREAM | ON_AUDIT | ON_PS | ON_TOP,
	  "these processes, with all their threads (may be repeated)", set_pids, PIDS },
	{ 'a', "all", NULL, ON_TRACING, "every process of the machine", set_all },
	{ 'a', "all", NULL, ON_REGIONS,
	  "in place of PID: the sums of all processes, and how they come to Mlocked of /proc/meminfo",
	  set_all },
	{ 'a', "all", NULL, ON_PS | ON_TOP, "also processes that hold nothing, and users without any", set_all },
	{ 'f', "follow", NULL, ON_TRACING,
	  "also the children, made from now on, of the processes given", set_follow },
	{ 'x', "failures", NULL, ON_STREAM, "only calls that failed", set_failures_only },
	{ 'e', "ops", "OP,...", ON_STREAM, "only these operations (see: mlocktrace explain)", set_ops,
	  { .word = op_word, .list = true } },
	{ 'u', "uid", "USER", ON_STREAM | ON_PS | ON_TOP, "only processes of this user (name or number)",
	  set_uid, USERS },
	{ 'c', "comm", "NAME", ON_STREAM | ON_PS | ON_TOP, "only tasks of exactly this name", set_comm,
	  { .known = KNOWN_TASK_NAMES } },
	{ ID_CGROUP, "cgroup", "PATH", ON_LIVE,
	  "only processes in this cgroup v2 folder or below", set_cgroup, FOLDERS },
	{ ID_CGROUP, "cgroup", "PATH", ON_PS | ON_TOP,
	  "only processes in this cgroup or below: a folder, or its path as in /proc/PID/cgroup",
	  set_cgroup, FOLDERS },
	{ ID_CGROUP, "cgroup", "ID", ON_REPORT, "only processes in the cgroup of this id", set_cgroup },
	{ 'k', "stacks", NULL, ON_LIVE | ON_LAST, "with the user and kernel stack of each call",
	  set_stacks },
	{ 'k', "stacks", NULL, ON_SIZE, "with the user and kernel stack of the call that needs the most",
	  set_stacks },
	{ ID_AS, "as", "USER", ON_SIZE,
	  "run COMMAND as this user (name or number), with his groups and without capabilities",
	  set_as_user, USERS },
	{ 'n', "count", "N", ON_LAST, "so many refusals (default: 10)", set_count },
	{ 'b', "batch", NULL, ON_TOP, "write each round to stdout, and need no terminal", set_batch },
	{ 'n', "count", "N", ON_TOP, "end after so many rounds", set_count },
	{ 'd', "delay", "SECONDS", ON_TOP, "a round so often (default: 2; 0.5 is twice a second)", set_delay },
	{ 'd', "duration", "SECONDS", ON_COMMAND, "stop tracing after so long (0.5 is half a second)",
	  set_duration },
	{ 'T', "time", NULL, ON_TRACE | ON_REPORT, "with the time of day", set_time },
	{ 'j', "json", NULL, ON_TRACE | ON_REPORT | ON_DOCTOR | ON_AUDIT | ON_REGIONS | ON_LAST |
	  ON_PS | ON_SIZE, "JSON, one object per line", set_json },
	{ 'j', "json", NULL, ON_TOP, "with -b: JSON, one object and one line for each round", set_json },
	{ 'i', "input", "FILE", ON_REPORT, "the recording (also as operand; default: mlocktrace.data)",
	  set_input, FILES },
	{ 'i', "input", "FILE", ON_REGIONS,
	  "a recording of the process: also say which call locked each range, and when", set_input, FILES },
	{ 'o', "output", "FILE", ON_TRACE | ON_REPORT | ON_AUDIT | ON_SIZE,
	  "write there (- = stdout) instead of to stdout, or to stderr with COMMAND", set_output, FILES },
	{ 'o', "output", "FILE", ON_RECORD,
	  "write the recording there (- = stdout; default: mlocktrace.data)", set_output, FILES },
	{ ID_BY, "by", "WHAT", ON_PS,
	  "process, user (with the counters of each), unit (container, pod, service ...) or cgroup", set_by,
	  { .word = ps_view_word } },
	{ ID_BY, "by", "WHAT", ON_TOP, "begin with the table by process or by user", set_by,
	  { .word = top_view_word } },
	{ ID_SORT, "sort", "KEY", ON_TOP, "by another column (default: locked): its name in JSON", set_sort,
	  { .word = top_key_word } },
	{ ID_SORT, "sort", "KEY", ON_PS, "by another column (default: locked): its name in JSON", set_sort,
	  { .word = ps_key_word } },
	{ ID_METHOD, "method", "HOW", ON_PS | ON_TOP,
	  "auto, bpf (an iterator in the kernel) or proc (files of /proc, which show less)", set_method,
	  { .word = ps_method_word } },
	{ ID_SUMMARY, "summary", NULL, ON_REPORT, "only the table at the end", set_summary },
	{ ID_SOURCE, "source", "WHERE", ON_LIVE,
	  "auto (bpf, or kmod where that cannot run), bpf, kmod, or the name of a recording", set_source,
	  { .word = source_word, .known = KNOWN_FILES } },
	{ ID_NO_TRACE, "no-trace", NULL, ON_TOP,
	  "hook nothing: refusals are then known only where the kernel module counts them", set_no_trace },
	{ ID_SOURCE, "source", "WHERE", ON_AUDIT | ON_SIZE | ON_EXPORTER | ON_TOP,
	  "auto (bpf, or kmod where that cannot run), bpf or kmod", set_source,
	  { .word = source_word } },
	{ ID_TIER, "tier", "TIER", ON_COMMAND | ON_DOCTOR | ON_EXPORTER | ON_TOP,
	  "auto, fentry, kprobe, tracepoint or kmod (see: mlocktrace doctor)", set_tier,
	  { .word = tier_word } },
	{ ID_BUFFER, "buffer", "SIZE", ON_COMMAND,
	  "buffer for records not yet read, as 64M (default: 8M; kmod has its own)", set_buffer },
	{ ID_BUFFER, "buffer", "SIZE", ON_TOP,
	  "buffer for refusals of a round, as 4M (default: 1M; kmod has its own)", set_buffer },
	{ ID_BTF, "btf", "FILE", ON_COMMAND | ON_DOCTOR | ON_EXPORTER | ON_TOP,
	  "type information (BTF) of the kernel, where it has none of its own", set_btf, FILES },
	{ ID_LISTEN, "listen", "ADDRESS", ON_EXPORTER,
	  "serve /metrics there, as 127.0.0.1:9435; a socket passed by systemd goes before", set_listen },
	{ ID_TEXTFILE, "textfile", "FILE", ON_EXPORTER,
	  "write what is held now to this file, for the textfile collector of node_exporter", set_textfile,
	  FILES },
	{ ID_INTERVAL, "interval", "SECONDS", ON_EXPORTER,
	  "do that again and again, with the counters, too", set_interval },
	{ ID_BY, "by", "WHAT", ON_EXPORTER,
	  "what the label group is: cgroup (unit, container; the default), comm or none", set_by,
	  { .word = look_by_word } },
	{ ID_GROUPS, "groups", "N", ON_EXPORTER,
	  "at most so many groups and users by name, the rest together as \"other\" (default: 100)",
	  set_groups },
	{ ID_USER, "user", "NAME", ON_EXPORTER, "become this user after the start", set_user, USERS },
	{ ID_COLOR, "color", "[WHEN]", ON_TRACE | ON_REPORT | ON_REGIONS | ON_LAST | ON_PS |
	  ON_SIZE | ON_TOP,
	  "auto (a terminal, and NO_COLOR is not set), always or never", set_color,
	  { .word = color_word } },
	{ 'q', "quiet", NULL, ON_STREAM | ON_AUDIT | ON_REGIONS | ON_LAST | ON_PS |
	  ON_SIZE | ON_EXPORTER | ON_TOP,
	  "no notes and no summary; errors are still told", set_quiet },
	{ 'v', "verbose", NULL, ON_LAST,
	  "facts under every record, and all that the recorder has of the processes; twice: the library's "
	  "words", set_verbose },
	{ 'v', "verbose", NULL, ON_SIZE,
	  "a row for each process and user, and the facts of the call; twice: the library's words",
	  set_verbose },
	{ 'v', "verbose", NULL, ON_STREAM | ON_DOCTOR | ON_AUDIT,
	  "more: facts under every record, all hooks, all that ended; twice: the library's words", set_verbose },
	{ 'v', "verbose", NULL, ON_EXPORTER, "what the HTTP server and the library have to say",
	  set_verbose },
	{ 'h', "help", NULL, ON_EVERY, "this help", NULL },
	{ ID_VERSION, "version", NULL, ON_EVERY, "the version", NULL },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

const struct option_row *option_at(size_t i)
{
	return i < N_ROWS ? &rows[i] : NULL;
}

bool option_has_letter(const struct option_row *row)
{
	return row->id < FIRST_LONG_ID;
}

bool option_arg_is_optional(const struct option_row *row)
{
	return row->arg && row->arg[0] == '[';
}

static const struct option_row *row_of(int id, unsigned int on)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].id == id && (rows[i].on & on))
			return &rows[i];
	return NULL;
}

int usage(const struct command *command, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	error("%s", text);
	error("usage: " TOOL " %s %s (more: " TOOL " %s --help)", command->name, command->synopsis,
	      command->name);
	return STATUS_USAGE;
}

static void print_help(const struct command *command)
{
	char left[64];
	int n;

	printf("Usage: " TOOL " %s %s\n\n", command->name, command->synopsis);
	wrap(stdout, 0, 0, command->help);
	printf("\nOptions:\n");
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct option_row *row = &rows[i];
		bool optional = option_arg_is_optional(row);

		if (!(row->on & command->bit))
			continue;
		n = option_has_letter(row) ? snprintf(left, sizeof(left), "  -%c, ", row->id)
					   : snprintf(left, sizeof(left), "      ");
		n += snprintf(left + n, sizeof(left) - n, "--%s%s%s", row->name,
			      row->arg ? optional ? "[=" : "=" : "",
			      row->arg ? row->arg + optional : "");
		wrap(stdout, printf("%s", left), 28, row->help);
	}
	if (command->bit == ON_TRACE) {
		printf("\nCommands (`trace` is taken when none is named):\n");
		print_commands(stdout);
	}
}

/* getopt's two forms of the rows that @on takes. */
static void rows_to_getopt(unsigned int on, char *letters, struct option *longs)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct option_row *row = &rows[i];

		if (!(row->on & on))
			continue;
		longs->name = row->name;
		longs->has_arg = !row->arg ? no_argument :
				 option_arg_is_optional(row) ? optional_argument : required_argument;
		longs->flag = NULL;
		longs->val = row->id;
		longs++;
		if (!option_has_letter(row))
			continue;
		*letters++ = row->id;
		if (row->arg)
			*letters++ = ':';
	}
	memset(longs, 0, sizeof(*longs));
	*letters = '\0';
}

static int unknown_option(const struct command *command, const char *word)
{
	char word_name[64], near_buf[256];
	struct near near = { .word = word_name };
	const struct option_row *elsewhere = NULL;

	if (optopt && strncmp(word, "--", 2)) {
		elsewhere = row_of(optopt, ON_EVERY);
		return usage(command, elsewhere ? "`%s` has no option -%c" : "`%s`: unknown option -%c",
			     command->name, optopt);
	}
	if (optopt)
		return usage(command, "--%s takes no argument", row_of(optopt, command->bit)->name);
	snprintf(word_name, sizeof(word_name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].on & command->bit)
			near_offer(&near, rows[i].name);
	return usage(command, "`%s` has no option --%s%s", command->name, word_name,
		     near_text(&near, near_buf, sizeof(near_buf)));
}

static int missing_argument(const struct command *command)
{
	const struct option_row *row = row_of(optopt, command->bit);

	if (option_has_letter(row))
		return usage(command, "-%c (--%s) needs an argument: %s", row->id, row->name, row->arg);
	return usage(command, "--%s needs an argument: %s", row->name, row->arg);
}

int options_parse(struct options *o, const struct command *command, int argc, char **argv)
{
	/* "+": a command line ends our options; ":": we say what is wrong. */
	char letters[2 * N_ROWS + 3] = "+:";
	bool takes_command = command->bit & ON_COMMAND;
	char *own = takes_command ? letters + 2 : letters + 1;
	struct option longs[N_ROWS + 1];
	int id, at;

	*o = (struct options){ 0 };
	if (!takes_command)
		letters[0] = ':';
	rows_to_getopt(command->bit, own, longs);
	opterr = 0;
	optind = 1;
	while (at = optind, (id = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct option_row *row;

		if (id == '?')
			return unknown_option(command, argv[optind > at ? optind - 1 : at]);
		if (id == ':')
			return missing_argument(command);
		if (id == 'h') {
			print_help(command);
			return flush_stdout(STATUS_OK);
		}
		if (id == ID_VERSION) {
			printf(TOOL " %s\n", mlocktrace_version());
			return flush_stdout(STATUS_OK);
		}
		row = row_of(id, command->bit);
		if (row->set(o, optarg))
			return STATUS_USAGE;
	}
	o->after_dashes = optind == at + 1 && !strcmp(argv[at], "--");
	o->operands = argv + optind;
	o->n_operands = argc - optind;
	message_quiet(o->quiet);
	return -1;
}

void options_free(struct options *o)
{
	free(o->pids);
	o->pids = NULL;
}
