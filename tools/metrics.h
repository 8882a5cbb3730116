/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Metrics as text, for Prometheus (0.0.4) and as OpenMetrics (1.0.0). What there is says
 * metrics.def; this knows the formats and nothing of locked memory.
 *
 *     metrics_begin(&text, METRICS_OPENMETRICS);
 *     metrics_family(&text, METRIC_LOCKED);
 *     metrics_uint(&text, (const char *[]){ "nginx.service" }, 4096);
 *     body = metrics_end(&text, &len);
 *
 * Samples belong to the family begun last. Values of labels are what metrics_label() made,
 * in the order of the names in metrics.def; a label whose value is "" is left out.
 */
#ifndef TOOLS_METRICS_H
#define TOOLS_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum metric {
#define MLT_METRIC(TAG, type, name, unit, labels, help) METRIC_##TAG,
#include "metrics.def"
	METRIC_MAX,
};

enum metrics_format { METRICS_PROMETHEUS, METRICS_OPENMETRICS, METRICS_FORMATS };

struct metrics {
	FILE *out;
	char *text;
	size_t len;
	enum metrics_format format;
	enum metric family;
};

/* @bounds: n upper ends in seconds; @counts: n + 1 counts, not summed up; the last: above all ends */
struct metrics_histogram {
	const double *bounds;
	const uint64_t *counts;
	size_t n;
	double sum;
};

#define METRICS_LABEL_SIZE 256

/* Bytes, up to @len or the first NUL, as the value of a label: UTF-8 without control characters, cut
 * if it is too long. Two series of one name make a scrape void, so compare values, not bytes. */
void metrics_label(char value[METRICS_LABEL_SIZE], const char *bytes, size_t len);

/* 0 or -ENOMEM; then nothing is to be freed. */
int metrics_begin(struct metrics *metrics, enum metrics_format format);
/* # HELP, # TYPE and # UNIT; all samples of a family come in one go. */
void metrics_family(struct metrics *metrics, enum metric family);
void metrics_uint(struct metrics *metrics, const char *const *labels, uint64_t value);
void metrics_real(struct metrics *metrics, const char *const *labels, double value);
void metrics_histogram(struct metrics *metrics, const char *const *labels,
		       const struct metrics_histogram *histogram);
/* The text, to be freed; NULL when memory ran out. */
char *metrics_end(struct metrics *metrics, size_t *len);

/* "text/plain; version=0.0.4; ..." */
const char *metrics_content_type(enum metrics_format format);

#endif
