// SPDX-License-Identifier: GPL-2.0
/*
 * trace: show records as they happen.
 */
#include "options.h"
#include "session.h"

int cmd_trace(struct options *o)
{
	const struct session_job job = { .format = o->json ? MLOCKTRACE_JSON : MLOCKTRACE_TEXT };
	int status = session_check_options(o, command_by_bit(ON_TRACE));

	return status < 0 ? session_run(o, &job) : status;
}
