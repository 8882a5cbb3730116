/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Golden data: files under selftests/data, found from wherever the program was
 * built to or is run from. With MLOCKTRACE_UPDATE_DATA set, what was got
 * becomes what is wanted; look at the difference before you keep it.
 */
#ifndef DATA_H
#define DATA_H

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "ktap.h"

static inline void data_path(const char *name, char *path, size_t size)
{
	static const char *const places[] = { "../../../selftests/data", "../../selftests/data" };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < KTAP_SIZE(places); i++) {
		snprintf(path, size, "%s/%s/%s", self, places[i], name);
		if (!access(path, R_OK))
			return;
	}
	snprintf(path, size, "%s/%s", access("selftests/data", F_OK) ? "../data" : "selftests/data", name);
}

/* The first line that differs, in place of two long texts. */
static inline void data_difference(const char *got, const char *wanted)
{
	int line = 1;

	while (*got && *wanted) {
		size_t n = strcspn(got, "\n"), m = strcspn(wanted, "\n");

		if (n != m || memcmp(got, wanted, n))
			break;
		got += n + (got[n] == '\n');
		wanted += m + (wanted[m] == '\n');
		line++;
	}
	printf("# line %d is\n#   %.*s\n# wanted\n#   %.*s\n", line, (int)strcspn(got, "\n"), got,
	       (int)strcspn(wanted, "\n"), wanted);
}

static inline void check_golden(const char *name, const char *got)
{
	static char wanted[256 << 10];
	char path[2 * PATH_MAX];
	FILE *file;
	size_t n;

	data_path(name, path, sizeof(path));
	if (getenv("MLOCKTRACE_UPDATE_DATA")) {
		file = fopen(path, "w");
		if (check(file != NULL)) {
			fputs(got, file);
			fclose(file);
		}
		return;
	}
	file = fopen(path, "r");
	if (!file) {
		printf("# no %s\n", path);
		check(!"golden data is there");
		return;
	}
	n = fread(wanted, 1, sizeof(wanted) - 1, file);
	wanted[n] = '\0';
	fclose(file);
	if (strcmp(got, wanted)) {
		printf("# %s:\n", path);
		data_difference(got, wanted);
		check(!"as in the golden data");
	}
}

#endif
