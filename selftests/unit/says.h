/* SPDX-License-Identifier: GPL-2.0 */
/* What the verdict on a record says. */
#ifndef UNIT_SAYS_H
#define UNIT_SAYS_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <mlocktrace/mlocktrace.h>

static const char *verdict(const struct mlocktrace_event *event)
{
	static char buf[1024];

	mlocktrace_explain(event, buf, sizeof(buf));
	return buf;
}

static bool says(const struct mlocktrace_event *event, const char *words)
{
	if (strstr(verdict(event), words))
		return true;
	printf("# \"%s\" says nothing of \"%s\"\n", verdict(event), words);
	return false;
}

#endif
