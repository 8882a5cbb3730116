/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A look as text: metrics for a collector, JSON for the page.
 */
#ifndef TOOLS_EXPORTER_SHOW_H
#define TOOLS_EXPORTER_SHOW_H

#include "exporter_look.h"
#include "metrics.h"

/* To be freed; NULL when memory ran out. @counts: false = of what counts from a beginning, which a
 * run that ends at once has no use for, nothing. */
char *show_metrics(const struct look *look, enum metrics_format format, bool counts, size_t *len);
char *show_json(const struct look *look, size_t *len);

#endif
