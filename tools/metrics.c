// SPDX-License-Identifier: GPL-2.0
/*
 * The two text formats. They differ in the names of counters, in # UNIT and in how the
 * text ends.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <mlocktrace/mlocktrace.h>

#include "metrics.h"

#define PREFIX "mlocktrace_"

enum type { COUNTER, GAUGE, HISTOGRAM, INFO };

static const struct row {
	enum type type;
	const char *name, *unit, *labels, *help;
} rows[] = {
#define MLT_METRIC(TAG, type, name, unit, labels, help) { type, name, unit, labels, help },
#include "metrics.def"
};

static const char *type_name(const struct metrics *metrics, enum type type)
{
	static const char *const names[] = {
		[COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram", [INFO] = "info",
	};

	/* 0.0.4 has no info: its samples are those of a gauge. */
	return names[type == INFO && metrics->format == METRICS_PROMETHEUS ? GAUGE : type];
}

static const char *suffix(enum type type)
{
	return type == COUNTER ? "_total" : type == INFO ? "_info" : "";
}

void metrics_label(char value[METRICS_LABEL_SIZE], const char *bytes, size_t len)
{
	mlocktrace_escape(value, METRICS_LABEL_SIZE, bytes, len);
}

int metrics_begin(struct metrics *metrics, enum metrics_format format)
{
	*metrics = (struct metrics){ .format = format };
	metrics->out = open_memstream(&metrics->text, &metrics->len);
	return metrics->out ? 0 : -ENOMEM;
}

/* In OpenMetrics a family has no suffix, and its samples do; in 0.0.4 both have. */
static void comment(struct metrics *metrics, const char *what, const char *text)
{
	const struct row *row = &rows[metrics->family];
	bool bare = metrics->format == METRICS_OPENMETRICS;

	fprintf(metrics->out, "# %s " PREFIX "%s%s %s\n", what, row->name, bare ? "" : suffix(row->type),
		text);
}

void metrics_family(struct metrics *metrics, enum metric family)
{
	const struct row *row = &rows[family];

	metrics->family = family;
	comment(metrics, "HELP", row->help);
	comment(metrics, "TYPE", type_name(metrics, row->type));
	if (*row->unit && metrics->format == METRICS_OPENMETRICS)
		comment(metrics, "UNIT", row->unit);
}

static void label_value(FILE *out, const char *value)
{
	for (const char *p = value; *p; p++) {
		if (*p == '\\' || *p == '"')
			putc('\\', out);
		if (*p == '\n')
			fputs("\\n", out);
		else
			putc(*p, out);
	}
}

static void name(struct metrics *metrics, const char *with, const char *const *labels, const char *le)
{
	const struct row *row = &rows[metrics->family];
	const char *separator = "{", *label = row->labels;

	fprintf(metrics->out, PREFIX "%s%s", row->name, with);
	for (size_t i = 0; *label; i++) {
		size_t len = strcspn(label, ",");

		if (*labels[i]) {
			fprintf(metrics->out, "%s%.*s=\"", separator, (int)len, label);
			label_value(metrics->out, labels[i]);
			putc('"', metrics->out);
			separator = ",";
		}
		label += len + (label[len] == ',');
	}
	if (le) {
		fprintf(metrics->out, "%sle=\"%s\"", separator, le);
		separator = ",";
	}
	fputs(*separator == ',' ? "} " : " ", metrics->out);
}

void metrics_uint(struct metrics *metrics, const char *const *labels, uint64_t value)
{
	name(metrics, suffix(rows[metrics->family].type), labels, NULL);
	fprintf(metrics->out, "%" PRIu64 "\n", value);
}

/* The shortest text that is read as the same number, and one form for all that are none. */
static const char *real_text(char buf[40], double value)
{
	if (isnan(value))
		return "NaN";
	if (isinf(value))
		return value < 0 ? "-Inf" : "+Inf";
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(buf, 40, "%.*g", digits, value);
		if (strtod(buf, NULL) == value)
			break;
	}
	return buf;
}

void metrics_real(struct metrics *metrics, const char *const *labels, double value)
{
	char buf[40];

	name(metrics, suffix(rows[metrics->family].type), labels, NULL);
	fprintf(metrics->out, "%s\n", real_text(buf, value));
}

void metrics_histogram(struct metrics *metrics, const char *const *labels,
		       const struct metrics_histogram *histogram)
{
	uint64_t sum = 0;
	char buf[40];

	for (size_t i = 0; i <= histogram->n; i++) {
		sum += histogram->counts[i];
		name(metrics, "_bucket", labels,
		     i < histogram->n ? real_text(buf, histogram->bounds[i]) : "+Inf");
		fprintf(metrics->out, "%" PRIu64 "\n", sum);
	}
	name(metrics, "_sum", labels, NULL);
	fprintf(metrics->out, "%s\n", real_text(buf, histogram->sum));
	name(metrics, "_count", labels, NULL);
	fprintf(metrics->out, "%" PRIu64 "\n", sum);
}

char *metrics_end(struct metrics *metrics, size_t *len)
{
	bool failed;

	if (metrics->format == METRICS_OPENMETRICS)
		fputs("# EOF\n", metrics->out);
	failed = ferror(metrics->out);
	if (fclose(metrics->out) || failed) {
		free(metrics->text);
		return NULL;
	}
	*len = metrics->len;
	return metrics->text;
}

const char *metrics_content_type(enum metrics_format format)
{
	static const char *const types[] = {
		[METRICS_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
		[METRICS_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
	};

	return types[format];
}
