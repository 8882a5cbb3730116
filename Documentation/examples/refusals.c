// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Why are lock calls of a process, or of all, refused? refusals [PID]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mlocktrace/mlocktrace.h>

int main(int argc, char **argv)
{
	pid_t pid = argc > 1 ? atoi(argv[1]) : 0;
	struct mlocktrace_opts opts = {
		.size = sizeof(opts),
		.pids = &pid,
		.n_pids = argc > 1,
		.failures_only = true,
	};
	const struct mlocktrace_event *event;
	struct mlocktrace *trace;
	char verdict[1024];
	int err;

	if (mlocktrace_open(&trace, &opts)) {
		fprintf(stderr, "%s\n", mlocktrace_open_error());
		return 1;
	}
	for (;;) {
		while ((err = mlocktrace_next(trace, &event)) > 0) {
			if (event->op == MLOCKTRACE_OP_LOST)
				continue;
			mlocktrace_explain(event, verdict, sizeof(verdict));
			printf("%u %s: %s: %s\n", event->pid, mlocktrace_op_name(event->op),
			       mlocktrace_cause_name(mlocktrace_cause(event)), verdict);
			fflush(stdout);
		}
		if (!err)
			err = mlocktrace_wait(trace, -1);
		if (err < 0 && err != -EINTR)
			break;
	}
	fprintf(stderr, "%s\n", strerror(-err));
	mlocktrace_close(trace);
	return 1;
}
