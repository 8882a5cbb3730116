// SPDX-License-Identifier: GPL-2.0
/*
 * record: write records to a file that report, or --source FILE, reads.
 */
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "session.h"

int cmd_record(struct options *o)
{
	const struct session_job job = { .format = MLOCKTRACE_FILE, .output = "mlocktrace.data" };
	const struct command *command = command_by_bit(ON_RECORD);
	int status = session_check_options(o, command);

	if (status >= 0)
		return status;
	if (o->output && !strcmp(o->output, "-") && isatty(STDOUT_FILENO))
		return usage(command, "a recording is not for a terminal: redirect stdout, or give -o FILE");
	return session_run(o, &job);
}
