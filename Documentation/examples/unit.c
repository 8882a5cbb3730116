// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * What has made a cgroup: unit /system.slice/cron.service
 */
#include <stdio.h>

#include <mlocktrace/mlocktrace.h>

int main(int argc, char **argv)
{
	const char *cgroup = argc > 1 ? argv[1] : "/";
	enum mlocktrace_unit_kind kind;
	char name[256], safe[4 * sizeof(name)];

	if (mlocktrace_unit_name(cgroup, &kind, name, sizeof(name)) < 0)
		return 1;
	mlocktrace_escape(safe, sizeof(safe), name, sizeof(name));
	printf("%s: %s\n", mlocktrace_unit_kind_name(kind), safe);
	return 0;
}
