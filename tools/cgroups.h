/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which cgroups the ids in records and counts stand for. Folders may be gone by the time somebody
 * asks, so a path once found is kept.
 */
#ifndef TOOLS_CGROUPS_H
#define TOOLS_CGROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cgroups {
	struct known_cgroup {
		uint64_t id;
		bool sought;
		char *path; /* NULL = not found */
	} *list;
	size_t n, room;
	char mount[256]; /* of the cgroup v2 hierarchy; "" = there is none */
};

void cgroups_open(struct cgroups *cgroups);
void cgroups_close(struct cgroups *cgroups);

/* First want all ids, then look for those that are new in one walk, then ask. 0 or -ENOMEM. */
int cgroups_want(struct cgroups *cgroups, uint64_t id);
int cgroups_look(struct cgroups *cgroups);
/* Its path below the root of the hierarchy, not escaped; NULL = it was gone before it was found. */
const char *cgroups_path(const struct cgroups *cgroups, uint64_t id);

#endif
