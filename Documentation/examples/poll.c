// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Records of all processes in a poll loop, until a line comes on stdin
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include <mlocktrace/mlocktrace.h>

int main(void)
{
	const struct mlocktrace_event *event;
	struct mlocktrace *trace;
	int err;

	if (mlocktrace_open(&trace, NULL)) {
		fprintf(stderr, "%s\n", mlocktrace_open_error());
		return 1;
	}
	do {
		struct pollfd fds[] = {
			{ .fd = 0, .events = POLLIN },
			{ .fd = mlocktrace_fd(trace), .events = POLLIN },
		};

		while ((err = mlocktrace_next(trace, &event)) > 0)
			printf("%u %s = %lld\n", event->pid, mlocktrace_op_name(event->op),
			       (long long)event->ret);
		fflush(stdout);
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents)
			break;
	} while (!err);
	mlocktrace_close(trace);
	return err < 0;
}
