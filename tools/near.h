/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words that the user may have meant: candidates are offered one by one, and
 * the closest are kept.
 */
#ifndef TOOLS_NEAR_H
#define TOOLS_NEAR_H

#include <stddef.h>

#define NEAR_MOST 3

struct near {
	const char *word;
	const char *best[NEAR_MOST];
	unsigned int distance[NEAR_MOST];
	size_t n;
};

/* Offer a candidate; @near starts as { .word = what was typed }. Strings are borrowed. */
void near_offer(struct near *near, const char *candidate);

/* ": did you mean a, b or c?", or "" if nothing is close. buf is returned. */
char *near_text(const struct near *near, char *buf, size_t size);

#endif
