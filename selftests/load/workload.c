// SPDX-License-Identifier: GPL-2.0
/*
 * A program that locks memory in every way that mlocktrace has to report:
 * scenarios with a known outcome, and streams of calls. The live tests run it
 * under the tracer and compare; it knows nothing of the tracer.
 *
 * Each scenario runs in a process of its own. See workload.h for the log.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

#define SKIPPED 4

/* By what they do: the five calls themselves, lock and unlock by the way, charge other counters. */
static const struct table {
	const char *group;
	const struct scenario *scenarios;
} tables[] = {
	{ "calls", lock_scenarios }, { "calls", limit_scenarios }, { "calls", life_scenarios },
	{ "paths", map_scenarios }, { "paths", refused_scenarios }, { "paths", stack_scenarios },
	{ "charges", shm_scenarios }, { "charges", charge_scenarios },
};
#define N_TABLES (sizeof(tables) / sizeof(*tables))
#define FOR_EACH_SCENARIO(s)                         \
	for (size_t t_ = 0; t_ < N_TABLES; t_++) \
		for (const struct scenario *s = tables[t_].scenarios; s->name; s++)

/* These need hardware, or a tracer that has missed something. */
static const enum mlocktrace_op not_made_here[] = {
	MLOCKTRACE_OP_LOST, MLOCKTRACE_OP_UNATTRIBUTED, MLOCKTRACE_OP_ACCOUNT_LOCKED_VM,
	MLOCKTRACE_OP_PIN,
};

static bool limit_given;

static void usage(FILE *out)
{
	fprintf(out, "Usage: workload [OPTION]... SCENARIO...\n"
		     "       workload [OPTION]... [--except SCENARIO]... --all [GROUP]...\n"
		     "       workload MODE [ARG]...\n"
		     "       workload --list | --expect SCENARIO | --self-check\n\n"
		     "Options:\n"
		     "  --log FILE       what was done, a line per step\n"
		     "  --counters FILE  with the kernel's counters behind it: counters.bpf.o, pinned\n"
		     "  --limit BYTES    for those that run as a user\n\n"
		     "Modes:\n");
	for (const struct mode *m = modes; m->name; m++)
		fprintf(out, "  %-18s %-24s %s\n", m->name, m->args, m->help);
	fprintf(out, "\nExit status: 0 as expected, 1 the kernel did something else, 2 usage,\n"
		     "3 the set-up failed, %d a scenario cannot be run here.\n", SKIPPED);
}

static void list(void)
{
	FOR_EACH_SCENARIO(s)
		printf("%-40s %-7s %-5s %s%s\n", s->name, tables[t_].group, s->flags & AS_USER ? "user" : "root", s->help,
		       s->flags & TP_ONLY ? " (seen by the tracepoint tier only)" : "");
}

static const struct scenario *find(const char *name)
{
	FOR_EACH_SCENARIO(s)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

/* op, errno, cause, change in pages, overlap in pages */
static int print_expected(const char *name)
{
	const struct scenario *s = find(name);

	if (!s)
		return 2;
	for (const struct expected *e = s->rows; e < s->rows + MAX_ROWS && e->op; e++) {
		printf("%s\t%d\t%s\t", op_name(e->op), e->error, cause_name(e->cause));
		if (e->delta_pages == ANY)
			printf("*");
		else
			printf("%lld", (long long)e->delta_pages);
		printf("\t%lld\n", (long long)e->overlap_pages);
	}
	return 0;
}

/* The build runs this: a new op or cause without a scenario does not pass. */
static int self_check(void)
{
	bool ops[MLOCKTRACE_OP_MAX] = { [0] = true };
	bool causes[MLOCKTRACE_CAUSE_MAX + 1] = { false };
	int bad = 0;

	for (size_t i = 0; i < sizeof(not_made_here) / sizeof(*not_made_here); i++)
		ops[not_made_here[i]] = true;
	FOR_EACH_SCENARIO(s) {
		for (const struct expected *e = s->rows; e < s->rows + MAX_ROWS && e->op; e++) {
			ops[e->op] = true;
			causes[e->cause] = true;
		}
	}
	for (unsigned int i = 0; i < MLOCKTRACE_OP_MAX; i++)
		if (!ops[i] && op_name(i))
			bad += fprintf(stderr, "workload: no scenario has a row for %s\n", op_name(i)) > 0;
	for (unsigned int i = 0; i < MLOCKTRACE_CAUSE_MAX; i++)
		if (!causes[i] && cause_name(i))
			bad += fprintf(stderr, "workload: no scenario ends in %s\n", cause_name(i)) > 0;
	return bad != 0;
}

static const char *cannot_run(const struct scenario *s)
{
	if (s->flags & ONLY_64 && sizeof(void *) < 8)
		return "only for 64-bit programs";
	if (geteuid())
		return "needs root";
	return s->unable ? s->unable() : NULL;
}

static void in_child(const struct scenario *s)
{
	uint64_t hard = USER_HARD_LIMIT;

	if (hard < user_soft_limit)
		hard = user_soft_limit;
	if (s->flags & AS_USER) {
		log_scenario(NULL, false);
		drop_and_log(user_soft_limit, hard);
	}
	log_scenario(s, !limit_given);
	s->run();
	end_scenario();
}

static int run_scenario(const struct scenario *s)
{
	const char *why_not = cannot_run(s);
	int status;
	pid_t child;

	if (why_not) {
		fprintf(stderr, "workload: %s: skipped: %s\n", s->name, why_not);
		return SKIPPED;
	}
	child = fork();
	if (child < 0)
		die("fork");
	if (!child)
		in_child(s);
	if (waitpid(child, &status, 0) != child)
		die("waitpid");
	if (!status)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
		return 3;
	if (WIFSIGNALED(status))
		fprintf(stderr, "workload: %s: killed by signal %d\n", s->name, WTERMSIG(status));
	return 1;
}

static int worse(int a, int b)
{
	static const int badness[] = { 0, 3, 0, 2, 1 }; /* by exit status */

	return badness[b] > badness[a] ? b : a;
}

static int run_named(int argc, char **argv)
{
	const struct scenario *s;
	int status = 0;

	for (int i = 0; i < argc; i++) {
		s = find(argv[i]);
		if (!s) {
			fprintf(stderr, "workload: no scenario '%s' (see --list)\n", argv[i]);
			return 2;
		}
		status = worse(status, run_scenario(s));
	}
	return status;
}

static bool is_one_of(const char *name, char **names, int n)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool is_group(const char *name)
{
	for (size_t i = 0; i < N_TABLES; i++)
		if (!strcmp(name, tables[i].group))
			return true;
	return false;
}

static int run_all(char **except, int n_except, char **groups, int n_groups)
{
	int status = 0;

	for (int i = 0; i < n_groups; i++) {
		if (!is_group(groups[i])) {
			fprintf(stderr, "workload: no group '%s' (see --list)\n", groups[i]);
			return 2;
		}
	}
	FOR_EACH_SCENARIO(s) {
		if (is_one_of(s->name, except, n_except))
			continue;
		if (!n_groups || is_one_of(tables[t_].group, groups, n_groups))
			status = worse(status, run_scenario(s));
	}
	/* Here a scenario that cannot be run has been named on stderr. */
	return status == SKIPPED ? 0 : status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "counters", required_argument, NULL, 'c' },
		{ "except", required_argument, NULL, 'x' },
		{ "expect", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ "limit", required_argument, NULL, 'm' },
		{ "list", no_argument, NULL, 'l' },
		{ "log", required_argument, NULL, 'o' },
		{ "self-check", no_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 }
	};
	char *except[16];
	int c, n_except = 0;
	bool all = false;

	page = sysconf(_SC_PAGESIZE);
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 'a':
			all = true;
			break;
		case 'c':
			counters_open(optarg);
			break;
		case 'e':
			return print_expected(optarg);
		case 'h':
			usage(stdout);
			return 0;
		case 'l':
			list();
			return 0;
		case 'm':
			user_soft_limit = strtoull(optarg, NULL, 10);
			limit_given = true;
			break;
		case 'o':
			if (!log_open(optarg))
				die(optarg);
			break;
		case 's':
			return self_check();
		case 'x':
			if (n_except == 16)
				return 2;
			except[n_except++] = optarg;
			break;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (all)
		return run_all(except, n_except, argv + optind, argc - optind);
	if (optind == argc) {
		usage(stderr);
		return 2;
	}
	for (const struct mode *m = modes; m->name; m++)
		if (!strcmp(m->name, argv[optind]))
			return m->run(argc - optind - 1, argv + optind + 1);
	return run_named(argc - optind, argv + optind);
}
