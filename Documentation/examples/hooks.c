// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * What is listened to in the kernel, and what came of it in a second
 */
#include <stdio.h>
#include <unistd.h>

#include <mlocktrace/mlocktrace.h>

int main(void)
{
	struct mlocktrace_stats stats = { .size = sizeof(stats) };
	struct mlocktrace_hook hook;
	struct mlocktrace *trace;
	uint64_t hits, misses;

	if (mlocktrace_open(&trace, NULL)) {
		fprintf(stderr, "%s\n", mlocktrace_open_error());
		return 1;
	}
	sleep(1);
	mlocktrace_stop(trace);
	printf("%s %s\n", mlocktrace_source(trace), mlocktrace_tier(trace));
	if (mlocktrace_skips(trace) == MLOCKTRACE_SKIPS_CALLS)
		printf("this kernel may skip whole calls\n");
	for (size_t i = 0; !mlocktrace_hook(trace, i, &hook); i++) {
		printf("%s: %s", hook.name, hook.attached ? "attached" : hook.why_not);
		if (!mlocktrace_hook_counts(trace, i, &hits, &misses))
			printf(", ran %llu times, was skipped %llu times", (unsigned long long)hits,
			       (unsigned long long)misses);
		printf("\n");
	}
	if (!mlocktrace_stats(trace, -1, &stats))
		printf("%llu records, %llu dropped\n", (unsigned long long)stats.seen,
		       (unsigned long long)stats.dropped);
	mlocktrace_close(trace);
	return 0;
}
