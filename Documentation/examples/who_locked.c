// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Which call locked what a process has locked now: who_locked PID RECORDING
 */
#include <stdio.h>
#include <stdlib.h>

#include <mlocktrace/mlocktrace.h>

int main(int argc, char **argv)
{
	struct mlocktrace_opts opts = { .size = sizeof(opts), .source = argc > 2 ? argv[2] : "" };
	struct mlocktrace_region region = { .size = sizeof(region) };
	struct mlocktrace_lock lock = { .size = sizeof(lock) };
	const struct mlocktrace_event *event;
	struct mlocktrace_regions *regions = NULL;
	struct mlocktrace_history *history = NULL;
	struct mlocktrace *recording = NULL;
	int status = 1;

	if (mlocktrace_open(&recording, &opts)) {
		fprintf(stderr, "%s\n", mlocktrace_open_error());
	} else if (!mlocktrace_regions_new(&regions, atoi(argv[1])) &&
		   !mlocktrace_history_new(&history, regions, recording, NULL)) {
		while (mlocktrace_next(recording, &event) > 0)
			mlocktrace_history_add(history, event);
		for (size_t i = 0; !mlocktrace_region(regions, i, &region); i++)
			printf("%llx: %s\n", (unsigned long long)region.start,
			       mlocktrace_history_at(history, region.start, &lock) > 0 ?
			       lock.call : "not recorded");
		status = 0;
	}
	mlocktrace_history_free(history);
	mlocktrace_regions_free(regions);
	mlocktrace_close(recording);
	return status;
}
