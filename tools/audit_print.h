/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The result of an audit: a table, or JSON with an object for each counter of an
 * address space or user and one for all.
 */
#ifndef TOOLS_AUDIT_PRINT_H
#define TOOLS_AUDIT_PRINT_H

#include "audit.h"

/* @every: also what has ended and agrees */
void audit_print_text(const struct audit *audit, FILE *out, const struct mlocktrace_stats *stats,
		      bool every);
void audit_print_json(const struct audit *audit, FILE *out, const struct mlocktrace_stats *stats,
		      const char *tier);

#endif
