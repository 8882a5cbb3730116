// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * What all processes have locked, and what of Mlocked that explains
 */
#include <stdio.h>
#include <string.h>

#include <mlocktrace/mlocktrace.h>

static int print_process(void *ctx, const struct mlocktrace_regions_total *total)
{
	(void)ctx;
	printf("%d: %llu bytes charged\n", (int)total->pid, (unsigned long long)total->vmlck);
	return 0;
}

int main(void)
{
	struct mlocktrace_machine machine = { .size = sizeof(machine) };
	int err = mlocktrace_regions_machine(&machine, print_process, NULL);

	if (err) {
		fprintf(stderr, "%s\n", strerror(-err));
		return 1;
	}
	printf("Mlocked is %llu bytes", (unsigned long long)machine.mlocked);
	if (machine.unique_known)
		printf(", in locked mappings are %llu", (unsigned long long)machine.unique);
	printf("\n");
	return 0;
}
