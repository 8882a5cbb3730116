// SPDX-License-Identifier: GPL-2.0
/*
 * Messages. They go straight to descriptor 2, one write per line, so that lines
 * of COMMAND and of other processes do not cut into them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <mlocktrace/mlocktrace.h>

#include "message.h"

static bool message_is_quiet;

void message_quiet(bool quiet)
{
	message_is_quiet = quiet;
}

/* One line, whatever names of files, commands and tasks are in it. */
static void say(const char *fmt, va_list args)
{
	char text[1024], line[4 * sizeof(text) + 32] = TOOL ": ";
	size_t used = strlen(line);

	if (vsnprintf(text, sizeof(text), fmt, args) < 0)
		return;
	mlocktrace_escape(line + used, sizeof(line) - used - 1, text, sizeof(text));
	used = strlen(line);
	line[used++] = '\n';
	/* Nobody is left to be told when stderr fails. */
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}

void error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
}

void note(const char *fmt, ...)
{
	va_list args;

	if (message_is_quiet)
		return;
	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
}

int flush_stdout(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	error("cannot write to stdout: %s", strerror(errno));
	return STATUS_FAILED;
}

char *size_text(char buf[24], uint64_t bytes)
{
	static const char units[] = "MGTPE";
	double value = bytes / 1048576.0;
	size_t unit = 0;

	if (bytes < 1048576) {
		bool whole = bytes && bytes % 1024 == 0;

		snprintf(buf, 24, "%u%s", (unsigned int)(whole ? bytes / 1024 : bytes), whole ? "K" : "");
		return buf;
	}
	for (; value >= 1024 && unit + 2 < sizeof(units); unit++)
		value /= 1024;
	snprintf(buf, 24, "%.1f%c", value, units[unit]);
	return buf;
}
