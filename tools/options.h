/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the command line said. One table (options.c) says which options there
 * are and which command takes which; it feeds the parser, --help and completion.
 */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "words.h"

enum command_bit {
	ON_TRACE = 1 << 0,
	ON_RECORD = 1 << 1,
	ON_REPORT = 1 << 2,
	ON_DOCTOR = 1 << 3,
	ON_EXPLAIN = 1 << 4,
	ON_AUDIT = 1 << 5,
	ON_REGIONS = 1 << 6,
	ON_LAST = 1 << 7,
	ON_PS = 1 << 8,
	ON_SIZE = 1 << 9,
	ON_EXPORTER = 1 << 10,
	ON_COMPLETION = 1 << 11,
	ON_TOP = 1 << 12,
	ON_LIVE = ON_TRACE | ON_RECORD,
	ON_TRACING = ON_LIVE | ON_AUDIT,
	ON_COMMAND = ON_TRACING | ON_SIZE, /* those that may start a COMMAND */
	ON_STREAM = ON_LIVE | ON_REPORT,
	ON_EVERY = ~0,
};

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
	bool all, follow, failures_only, stacks, time, json, quiet, summary, by_uid, batch, no_trace;
	unsigned int verbose;
	unsigned int count; /* 0 = the command's own */
	enum color_when color;
	uid_t uid;
	pid_t *pids;
	size_t n_pids;
	uint64_t ops;
	uint64_t duration_ns; /* 0 = no end */
	size_t buffer_bytes;  /* 0 = the library's default */
	const char *comm;
	const char *cgroup;
	const char *source;
	const char *tier;
	const char *btf;
	const char *input;
	const char *output;
	const char *by;
	const char *sort;
	const char *method;
	const char *as_user;
	const char *listen;
	const char *textfile;
	const char *user;
	uint64_t interval_ns; /* 0 = once, or the command's own */
	unsigned int groups;  /* 0 = the command's own */
	char **operands; /* what follows the options, NULL at the end */
	int n_operands;
	bool after_dashes; /* the operands came after "--" */
};

/*
 * @operand: what each of its operands may be
 */
struct command {
	const char *name;
	enum command_bit bit;
	const char *synopsis;
	const char *help;
	int (*run)(struct options *o);
	struct choice operand;
};

/* Options without a letter have ids from here on. */
#define FIRST_LONG_ID 256

/*
 * @id:     the letter, or FIRST_LONG_ID and above
 * @arg:    its argument's name; in brackets if it may be left out; NULL = none
 * @on:     bits of the commands that take it
 * @set:    0, or -1 after an error message; NULL = the parser's own
 * @choice: what the argument may be
 */
struct option_row {
	int id;
	const char *name;
	const char *arg;
	unsigned int on;
	const char *help;
	int (*set)(struct options *o, const char *value);
	struct choice choice;
};

/* cmd_*.c */
int cmd_trace(struct options *o);
int cmd_record(struct options *o);
int cmd_report(struct options *o);
int cmd_audit(struct options *o);
int cmd_doctor(struct options *o);
int cmd_explain(struct options *o);
int cmd_regions(struct options *o);
int cmd_last(struct options *o);
int cmd_ps(struct options *o);
int cmd_size(struct options *o);
int cmd_exporter(struct options *o);
int cmd_completion(struct options *o);
int cmd_top(struct options *o);

/* mlocktrace.c */
const struct command *command_by_bit(enum command_bit bit);
/* The i-th, the default command first; NULL past the last. */
const struct command *command_at(size_t i);
void print_commands(FILE *out);

/**
 * options_parse - fill @o from the words after the command's name
 * @argv: argv[0] is not looked at; must outlive @o
 *
 * Return: -1 = run the command, else the exit status (--help, --version, usage errors).
 */
int options_parse(struct options *o, const struct command *command, int argc, char **argv);
void options_free(struct options *o);

/* The i-th row of the table; NULL past the last. */
const struct option_row *option_at(size_t i);
bool option_has_letter(const struct option_row *row);
/* The argument, if there is one, may be left out. */
bool option_arg_is_optional(const struct option_row *row);

/* A usage error: the message, then where to read on. Returns STATUS_USAGE. */
int usage(const struct command *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
