/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sums read back from a verdict, as a reader would read them.
 */
#ifndef SUMS_H
#define SUMS_H

#include <stdint.h>
#include <stdlib.h>

#include "ktap.h"

/* A figure as it is printed: "64K", "16.0M", "5000". */
static inline long double read_size(const char **text)
{
	static const char units[] = "KMGTPE";
	const char *unit;
	char *end;
	long double size = strtold(*text, &end);

	if (end == *text) {
		check(!"a figure");
		return 0;
	}
	unit = *end ? strchr(units, *end) : NULL;
	for (const char *u = units; unit && u <= unit; u++)
		size *= 1024;
	*text = end + (unit != NULL);
	return size;
}

static inline bool skip_words(const char **text, const char *words)
{
	size_t n = strlen(words);

	if (strncmp(*text, words, n))
		return false;
	*text += n;
	return true;
}

static inline bool is_near(long double printed, uint64_t real)
{
	return printed >= real * 0.95L && printed <= real * 1.05L;
}

static inline uint64_t random_size(void)
{
	uint64_t wide = ((uint64_t)rand() << 31 | (uint64_t)rand()) & ((1ULL << 47) - 1);

	return (wide >> (rand() % 40)) & ~0xfffULL;
}

#endif
