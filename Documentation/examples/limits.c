// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * The limit that the calls of a recording need: limits RECORDING
 */
#include <errno.h>
#include <stdio.h>

#include <mlocktrace/mlocktrace.h>

int main(int argc, char **argv)
{
	struct mlocktrace_opts opts = { .size = sizeof(opts), .source = argc > 1 ? argv[1] : "" };
	const struct mlocktrace_event *event;
	struct mlocktrace *recording;
	char verdict[1024];
	uint64_t most = 0;
	int err;

	if (mlocktrace_open(&recording, &opts)) {
		fprintf(stderr, "%s\n", mlocktrace_open_error());
		return 1;
	}
	while ((err = mlocktrace_next(recording, &event)) > 0) {
		uint64_t least = mlocktrace_least_limit(event);

		most = least > most ? least : most;
		if (!mlocktrace_needed_limit(event))
			continue;
		mlocktrace_explain(event, verdict, sizeof(verdict));
		printf("%s: %s\n", mlocktrace_cause_name(mlocktrace_cause(event)), verdict);
	}
	printf("RLIMIT_MEMLOCK has to be %llu bytes\n", (unsigned long long)most);
	mlocktrace_close(recording);
	return err != -ENODATA;
}
