/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values of a label, so many and no more, whatever processes call themselves: the rest are
 * LABELS_OTHER. A value keeps its place as long as it is seen, so that a series does not come
 * and go with how large its neighbours are.
 */
#ifndef TOOLS_LABELS_H
#define TOOLS_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metrics.h"

#define LABELS_OTHER 0

struct label {
	char value[METRICS_LABEL_SIZE];
	uint32_t hash;
	unsigned long seen; /* in which look */
};

struct labels {
	struct label *list;
	size_t n; /* with that of LABELS_OTHER */
	size_t most;
	unsigned long look;
	bool keep;
};

/* At most @most values beside LABELS_OTHER. @keep: for ever, as the labels of counters have to be;
 * else until room is needed and it was not seen in a look. 0 or -ENOMEM. */
int labels_open(struct labels *labels, size_t most, bool keep);
void labels_close(struct labels *labels);

/* A look begins. First tell labels_see() of all values, then ask labels_place() for each: a new
 * value does not take the place of one that is merely seen later. */
void labels_begin(struct labels *labels);
void labels_see(struct labels *labels, const char *value);
size_t labels_place(struct labels *labels, const char *value);
/* In this look. */
bool labels_is_seen(const struct labels *labels, size_t i);

#endif
