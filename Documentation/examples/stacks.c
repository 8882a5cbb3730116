// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * The first locks of a process from now on, each with its stack: stacks PID
 */
#include <stdio.h>
#include <stdlib.h>

#include <mlocktrace/mlocktrace.h>

static void print_stack(struct mlocktrace_symbols *symbols, const struct mlocktrace_event *event)
{
	size_t n_user, n_kernel;
	char name[256];

	mlocktrace_event_user_stack(event, &n_user);
	mlocktrace_event_kernel_stack(event, &n_kernel);
	for (size_t i = 0; i < n_user + n_kernel; i++)
		if (mlocktrace_symbol(symbols, event, i, name, sizeof(name)) > 0)
			printf("\t%s%s\n", name, i < n_user ? "" : " (kernel)");
}

int main(int argc, char **argv)
{
	pid_t pid = argc > 1 ? atoi(argv[1]) : 0;
	struct mlocktrace_opts opts = {
		.size = sizeof(opts), .pids = &pid, .n_pids = 1, .stacks = true,
	};
	const struct mlocktrace_event *event;
	struct mlocktrace_symbols *symbols;
	struct mlocktrace *trace;

	if (mlocktrace_symbols_new(&symbols))
		return 1;
	if (mlocktrace_open(&trace, &opts)) {
		fprintf(stderr, "%s\n", mlocktrace_open_error());
		mlocktrace_symbols_free(symbols);
		return 1;
	}
	while (mlocktrace_wait(trace, 1000) > 0) {
		while (mlocktrace_next(trace, &event) > 0) {
			printf("%s\n", mlocktrace_op_name(event->op));
			print_stack(symbols, event);
			fflush(stdout);
		}
	}
	mlocktrace_close(trace);
	mlocktrace_symbols_free(symbols);
	return 0;
}
