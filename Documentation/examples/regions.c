// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * What a process has locked: regions PID
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mlocktrace/mlocktrace.h>

int main(int argc, char **argv)
{
	struct mlocktrace_regions_total total = { .size = sizeof(total) };
	struct mlocktrace_region region = { .size = sizeof(region) };
	struct mlocktrace_regions *regions;
	int err = mlocktrace_regions_new(&regions, argc > 1 ? atoi(argv[1]) : 0);

	if (err) {
		fprintf(stderr, "%s\n", strerror(-err));
		return 1;
	}
	for (size_t i = 0; !mlocktrace_region(regions, i, &region); i++)
		printf("%llx-%llx %s: %llu bytes are in RAM\n", (unsigned long long)region.start,
		       (unsigned long long)region.end, mlocktrace_backing_name(region.backing),
		       (unsigned long long)region.resident);
	mlocktrace_regions_total(regions, &total);
	printf("%llu bytes are charged\n", (unsigned long long)total.vmlck);
	mlocktrace_regions_free(regions);
	return 0;
}
