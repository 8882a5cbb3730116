// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a tracer and says what only who started it can know.
 *
 *	watch cost FILE COMMAND...	adds to FILE: processor ns and peak KiB of RAM, of it and
 *					its children
 *	watch first TEXT COMMAND...	prints ns until TEXT was on its terminal, and ns from the
 *					SIGINT then sent until its end
 *
 * Exit status: COMMAND's; of `first` 1 if TEXT never came.
 */
#include <errno.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

static void fail(const char *what)
{
	fprintf(stderr, "watch: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void run(char **command)
{
	execvp(command[0], command);
	fail(command[0]);
}

static uint64_t timeval_ns(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_usec * 1000;
}

static int watch_cost(const char *path, char **command)
{
	struct rusage used;
	pid_t child = fork();
	FILE *out;
	int status;

	if (child < 0)
		fail("fork");
	if (!child)
		run(command);
	if (wait4(child, &status, 0, &used) != child)
		fail("wait");
	out = fopen(path, "ae");
	if (!out)
		fail(path);
	fprintf(out, "cost\t%llu\t%ld\n",
		(unsigned long long)(timeval_ns(used.ru_utime) + timeval_ns(used.ru_stime)),
		used.ru_maxrss);
	fclose(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* comes: reads until @text was among it; false at the end of the output */
static bool comes(int fd, const char *text)
{
	char buf[65536];
	size_t kept = 0, keep = strlen(text) - 1;
	ssize_t n;

	while ((n = read(fd, buf + kept, sizeof(buf) - 1 - kept)) > 0) {
		n += kept;
		if (memmem(buf, n, text, keep + 1))
			return true;
		kept = (size_t)n < keep ? (size_t)n : keep;
		memmove(buf, buf + n - kept, kept);
	}
	return false;
}

static int watch_first(const char *text, char **command)
{
	uint64_t begin = clock_ns(CLOCK_MONOTONIC), first, stop;
	char rest[65536];
	int terminal;
	pid_t child = forkpty(&terminal, NULL, NULL, NULL);

	if (child < 0)
		fail("forkpty");
	if (!child)
		run(command);
	if (!comes(terminal, text)) {
		kill(child, SIGKILL);
		return 1;
	}
	first = clock_ns(CLOCK_MONOTONIC);
	kill(child, SIGINT);
	while (read(terminal, rest, sizeof(rest)) > 0)
		;
	waitpid(child, NULL, 0);
	stop = clock_ns(CLOCK_MONOTONIC);
	printf("%llu\t%llu\n", (unsigned long long)(first - begin),
	       (unsigned long long)(stop - first));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 3 && !strcmp(argv[1], "cost"))
		return watch_cost(argv[2], argv + 3);
	if (argc > 3 && *argv[2] && !strcmp(argv[1], "first"))
		return watch_first(argv[2], argv + 3);
	fprintf(stderr, "Usage: watch cost FILE COMMAND... | watch first TEXT COMMAND...\n");
	return 2;
}
