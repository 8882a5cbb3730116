// SPDX-License-Identifier: GPL-2.0
/*
 * Both text formats, to the byte; what they are checked against by programs of others is in
 * live/exporter.
 */
#include <math.h>
#include <stdlib.h>

#include "data.h"
#include "ktap.h"
#include "metrics.h"

static struct metrics metrics;

static char *end(void)
{
	size_t len;
	char *text = metrics_end(&metrics, &len);

	check(text && strlen(text) == len);
	return text;
}

static void one_of_each_type(void)
{
	static const double bounds[] = { 1e-7, 0.25, 2 };
	static const uint64_t counts[] = { 3, 0, 2, 1 };
	static const struct metrics_histogram histogram = {
		.bounds = bounds, .counts = counts, .n = 3, .sum = 7.5,
	};

	metrics_family(&metrics, METRIC_CALLS);
	metrics_uint(&metrics, (const char *[]){ "mlock", "vmlck", "ok" }, 18446744073709551615U);
	metrics_uint(&metrics, (const char *[]){ "setrlimit", "", "failed" }, 0);
	metrics_family(&metrics, METRIC_CALL_DURATION);
	metrics_histogram(&metrics, (const char *[]){ "mlock" }, &histogram);
	metrics_histogram(&metrics, (const char *[]){ "" }, &histogram);
	metrics_family(&metrics, METRIC_LOCKED);
	metrics_uint(&metrics, (const char *[]){ "nginx.service" }, 4096);
	metrics_uint(&metrics, (const char *[]){ "" }, 0);
	metrics_family(&metrics, METRIC_CPU);
	metrics_real(&metrics, NULL, 0.1);
	metrics_family(&metrics, METRIC_BUILD);
	metrics_uint(&metrics, (const char *[]){ "1.2.3", "bpf", "kprobe" }, 1);
}

static void golden(enum metrics_format format, const char *name)
{
	char *text;

	check_int(metrics_begin(&metrics, format), 0);
	one_of_each_type();
	text = end();
	check_golden(name, text);
	free(text);
}

static void prometheus(void)
{
	golden(METRICS_PROMETHEUS, "metrics-prometheus.txt");
}

static void openmetrics(void)
{
	golden(METRICS_OPENMETRICS, "metrics-openmetrics.txt");
}

/* The sample's line, without comments. */
static void sample_is(const char *wanted)
{
	char *text = end(), *line = text;

	while (*line == '#')
		line += strcspn(line, "\n") + 1;
	check_text(line, wanted);
	free(text);
}

static void value_is(double value, const char *wanted)
{
	char line[128];

	metrics_begin(&metrics, METRICS_PROMETHEUS);
	metrics_family(&metrics, METRIC_LIMIT_USED);
	metrics_real(&metrics, (const char *[]){ "" }, value);
	snprintf(line, sizeof(line), "mlocktrace_limit_used_ratio %s\n", wanted);
	sample_is(line);
}

static void numbers_are_short_and_exact(void)
{
	value_is(0, "0");
	value_is(1, "1");
	value_is(0.1, "0.1");
	value_is(1.0 / 3, "0.3333333333333333");
	value_is(1e-9, "1e-09");
	value_is(INFINITY, "+Inf");
	value_is(-INFINITY, "-Inf");
	value_is(NAN, "NaN");
	value_is(-NAN, "NaN");
}

static void label_is(const char *bytes, size_t len, const char *wanted)
{
	char value[METRICS_LABEL_SIZE], line[3 * METRICS_LABEL_SIZE];

	metrics_label(value, bytes, len);
	metrics_begin(&metrics, METRICS_PROMETHEUS);
	metrics_family(&metrics, METRIC_HOLDERS);
	metrics_uint(&metrics, (const char *[]){ value }, 1);
	snprintf(line, sizeof(line), "mlocktrace_holders{group=\"%s\"} 1\n", wanted);
	sample_is(line);
}

static void labels_are_escaped(void)
{
	label_is("a b,c=d}{", 16, "a b,c=d}{");
	label_is("a\"b", 16, "a\\\"b");
	label_is("a\\b", 16, "a\\\\x5cb");
	label_is("a\nb\r\t\033[31m", 16, "a\\\\x0ab\\\\x0d\\\\x09\\\\x1b[31m");
	label_is("\xff\xc0\xaf", 16, "\\\\xff\\\\xc0\\\\xaf");
	label_is("žluť\xf0\x9f\x94\x92", 16, "žluť\xf0\x9f\x94\x92");
	label_is("\xe2\x80\xae", 16, "\\\\xe2\\\\x80\\\\xae");
	label_is("sixteen bytes...and more", 16, "sixteen bytes...");
}

/* As they would be without metrics_label(), too. */
static void what_would_end_a_line_does_not(void)
{
	metrics_begin(&metrics, METRICS_PROMETHEUS);
	metrics_family(&metrics, METRIC_HOLDERS);
	metrics_uint(&metrics, (const char *[]){ "a\nb\"} 9\n\\" }, 1);
	sample_is("mlocktrace_holders{group=\"a\\nb\\\"} 9\\n\\\\\"} 1\n");
}

static void long_labels_are_cut_at_a_whole_character(void)
{
	char bytes[2000], value[METRICS_LABEL_SIZE];

	memset(bytes, 'x', sizeof(bytes));
	metrics_label(value, bytes, sizeof(bytes));
	check_int(strlen(value), METRICS_LABEL_SIZE - 1);
	for (size_t i = 0; i < sizeof(bytes); i += 2)
		memcpy(bytes + i, "ž", 2);
	metrics_label(value, bytes, sizeof(bytes));
	check_int(strlen(value), METRICS_LABEL_SIZE - 2);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(prometheus),
		KTAP_TEST(openmetrics),
		KTAP_TEST(numbers_are_short_and_exact),
		KTAP_TEST(labels_are_escaped),
		KTAP_TEST(what_would_end_a_line_does_not),
		KTAP_TEST(long_labels_are_cut_at_a_whole_character),
	};

	return ktap_run(tests, KTAP_SIZE(tests));
}
