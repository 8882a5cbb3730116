// SPDX-License-Identifier: GPL-2.0
/*
 * Lines of history and gauges.
 */
#include <string.h>

#include "bars.h"

#define LEVELS 8

static const char *const blocks[LEVELS] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char *const marks[LEVELS] = { "_", ".", "-", ":", "=", "+", "*", "#" };

static const char *level(uint64_t value, uint64_t largest, bool same, bool utf8)
{
	size_t i = LEVELS / 2 - 1;

	/* Only nothing at all is as low as that. */
	if (!value)
		i = 0;
	else if (!same)
		i = 1 + (size_t)((double)value / largest * (LEVELS - 2) + 0.5);
	return utf8 ? blocks[i] : marks[i];
}

void bars_line(char *buf, const uint64_t *values, size_t n, bool utf8)
{
	uint64_t largest = 0;
	bool same = true;

	for (size_t i = 0; i < n; i++) {
		largest = values[i] > largest ? values[i] : largest;
		same = same && values[i] == values[0];
	}
	for (size_t i = 0; i < n; i++)
		buf = stpcpy(buf, level(values[i], largest, same, utf8));
	*buf = '\0';
}

void bars_gauge(char *buf, int percent, size_t columns, bool utf8)
{
	size_t filled = percent <= 0 ? 0 : (size_t)percent * columns / 100;

	if (percent > 0 && !filled)
		filled = 1;
	if (filled > columns)
		filled = columns;
	for (size_t i = 0; i < columns; i++)
		buf = stpcpy(buf, i < filled ? utf8 ? "█" : "#" : utf8 ? "░" : ".");
	*buf = '\0';
}
