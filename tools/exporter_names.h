/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What cgroups are called. The kernel counts by their ids, and their folders may be gone by the
 * time of the next scrape, so a name once found is kept.
 */
#ifndef TOOLS_EXPORTER_NAMES_H
#define TOOLS_EXPORTER_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "metrics.h"

/* Of all those that were gone before they could be named: a name each would be new values without
 * end for a program that is started again and again. */
#define NAME_OF_GONE "gone"

struct names {
	struct known_cgroup {
		uint64_t id;
		char *name; /* NULL = not yet looked for */
	} *list;
	size_t n, room;
	char mount[256]; /* of the cgroup v2 hierarchy; "" = there is none */
};

void names_open(struct names *names);
void names_close(struct names *names);

/* The name of a cgroup by its path, as the value of a label. */
void names_of_path(const char *path, char value[METRICS_LABEL_SIZE]);

/* First want all ids, then look for those that are new in one walk, then ask. 0 or -ENOMEM. */
int names_want(struct names *names, uint64_t id);
int names_look(struct names *names);
const char *names_of_id(const struct names *names, uint64_t id);

#endif
