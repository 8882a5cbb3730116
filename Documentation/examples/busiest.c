// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * What all processes lock and are refused in a second, counted in the kernel
 */
#include <stdio.h>
#include <unistd.h>

#include <mlocktrace/mlocktrace.h>

static int print_count(void *ctx, const struct mlocktrace_count *count)
{
	(void)ctx;
	printf("%s %s: %llu calls, +%llu -%llu bytes\n", mlocktrace_op_name(count->op),
	       mlocktrace_cause_name(count->cause), (unsigned long long)count->calls,
	       (unsigned long long)count->taken, (unsigned long long)count->given);
	return 0;
}

int main(void)
{
	struct mlocktrace_opts opts = { .size = sizeof(opts), .count = true };
	struct mlocktrace_latency latency = { .size = sizeof(latency) };
	struct mlocktrace *trace;
	int err;

	if (mlocktrace_open(&trace, &opts)) {
		fprintf(stderr, "%s\n", mlocktrace_open_error());
		return 1;
	}
	sleep(1);
	err = mlocktrace_counts(trace, print_count, NULL);
	for (size_t i = 0; !err && !mlocktrace_latency(trace, i, &latency); i++)
		printf("%s: %llu ns on average\n", mlocktrace_op_name(latency.op),
		       (unsigned long long)(latency.sum_ns / latency.calls));
	mlocktrace_close(trace);
	return err != 0;
}
