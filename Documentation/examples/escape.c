// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * The name of a process, as it can be shown on a terminal: escape PID
 */
#include <stdio.h>

#include <mlocktrace/mlocktrace.h>

int main(int argc, char **argv)
{
	char path[64], name[64], safe[4 * sizeof(name)];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", argc > 1 ? argv[1] : "self");
	file = fopen(path, "r");
	if (!file) {
		perror(path);
		return 1;
	}
	len = fread(name, 1, sizeof(name), file);
	fclose(file);
	mlocktrace_escape(safe, sizeof(safe), name, len ? len - 1 : 0);
	printf("%s\n", safe);
	return 0;
}
