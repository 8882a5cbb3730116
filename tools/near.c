// SPDX-License-Identifier: GPL-2.0
/*
 * Closeness of words: the number of letters to insert, delete, change or swap,
 * without regard to case; a candidate that begins with the word always counts.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "near.h"

#define LETTERS 32

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static unsigned int distance(const char *a, const char *b)
{
	unsigned int rows[3][LETTERS + 1], *before = rows[0], *last = rows[1], *row = rows[2], *spare;
	size_t i, j, a_len = strnlen(a, LETTERS), b_len = strnlen(b, LETTERS);

	for (j = 0; j <= b_len; j++)
		last[j] = before[j] = j;
	for (i = 1; i <= a_len; i++) {
		row[0] = i;
		for (j = 1; j <= b_len; j++) {
			int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);

			row[j] = least(last[j - 1] + (x != y), least(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[b_len];
}

void near_offer(struct near *near, const char *candidate)
{
	size_t at, len = strlen(near->word);
	unsigned int far = distance(near->word, candidate);

	if (len > 1 && !strncasecmp(candidate, near->word, len))
		far = 0;
	if (far > 1 + least(len, strlen(candidate)) / 4)
		return;
	for (at = 0; at < near->n && near->distance[at] <= far; at++)
		if (!strcmp(near->best[at], candidate))
			return;
	if (at == NEAR_MOST)
		return;
	if (near->n < NEAR_MOST)
		near->n++;
	memmove(&near->best[at + 1], &near->best[at], (near->n - at - 1) * sizeof(near->best[0]));
	memmove(&near->distance[at + 1], &near->distance[at],
		(near->n - at - 1) * sizeof(near->distance[0]));
	near->best[at] = candidate;
	near->distance[at] = far;
}

char *near_text(const struct near *near, char *buf, size_t size)
{
	size_t i, used = 0;

	buf[0] = '\0';
	for (i = 0; i < near->n && used < size; i++)
		used += snprintf(buf + used, size - used, "%s%s%s",
				 i == 0 ? ": did you mean " : i + 1 == near->n ? " or " : ", ",
				 near->best[i], i + 1 == near->n ? "?" : "");
	return buf;
}
