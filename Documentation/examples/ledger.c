// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * The kernel's counters of locked memory, and what the ledger says they ought to be
 */
#include <stdio.h>
#include <string.h>

#include <mlocktrace/mlocktrace.h>

static int print_holding(void *ctx, const struct mlocktrace_holding *holding)
{
	(void)ctx;
	printf("%u %s: %lld", holding->pid, mlocktrace_counter_name(holding->counter),
	       (long long)holding->kernel);
	if (holding->known && holding->kernel != holding->books)
		printf(", ought to be %lld", (long long)holding->books);
	printf("\n");
	return 0;
}

int main(void)
{
	struct mlocktrace *trace;
	int err;

	if (mlocktrace_open(&trace, NULL)) {
		fprintf(stderr, "%s\n", mlocktrace_open_error());
		return 1;
	}
	err = mlocktrace_ledger(trace, print_holding, NULL);
	if (err)
		fprintf(stderr, "%s\n", strerror(-err));
	mlocktrace_close(trace);
	return err != 0;
}
