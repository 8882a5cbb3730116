// SPDX-License-Identifier: GPL-2.0
/*
 * Few values are looked up once per scrape: a list will do, with a hash so that a machine full
 * of names made up to be many costs comparisons of numbers only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "labels.h"

int labels_open(struct labels *labels, size_t most, bool keep)
{
	*labels = (struct labels){ .n = 1, .most = most + 1, .keep = keep };
	labels->list = calloc(labels->most, sizeof(*labels->list));
	if (!labels->list)
		return -ENOMEM;
	strcpy(labels->list[LABELS_OTHER].value, "other");
	return 0;
}

void labels_close(struct labels *labels)
{
	free(labels->list);
	labels->list = NULL;
}

void labels_begin(struct labels *labels)
{
	labels->look++;
}

/* FNV-1a */
static uint32_t hash_of(const char *value)
{
	uint32_t hash = 2166136261;

	for (; *value; value++)
		hash = (hash ^ (unsigned char)*value) * 16777619;
	return hash;
}

/* A task that is called "other" is among the others: the series of that name is one. */
static size_t find(const struct labels *labels, const char *value, uint32_t hash)
{
	for (size_t i = LABELS_OTHER + 1; i < labels->n; i++)
		if (labels->list[i].hash == hash && !strcmp(labels->list[i].value, value))
			return i;
	return LABELS_OTHER;
}

void labels_see(struct labels *labels, const char *value)
{
	size_t i = find(labels, value, hash_of(value));

	if (i != LABELS_OTHER)
		labels->list[i].seen = labels->look;
}

static size_t free_place(struct labels *labels)
{
	if (labels->n < labels->most)
		return labels->n++;
	for (size_t i = LABELS_OTHER + 1; i < labels->n && !labels->keep; i++)
		if (labels->list[i].seen != labels->look)
			return i;
	return LABELS_OTHER;
}

size_t labels_place(struct labels *labels, const char *value)
{
	uint32_t hash = hash_of(value);
	size_t i = find(labels, value, hash);

	if (i == LABELS_OTHER && strcmp(value, labels->list[LABELS_OTHER].value))
		i = free_place(labels);
	if (i != LABELS_OTHER) {
		snprintf(labels->list[i].value, METRICS_LABEL_SIZE, "%s", value);
		labels->list[i].hash = hash;
	}
	labels->list[i].seen = labels->look;
	return i;
}

bool labels_is_seen(const struct labels *labels, size_t i)
{
	return labels->list[i].seen == labels->look;
}
