// SPDX-License-Identifier: GPL-2.0
/*
 * What clients ask for, as those that exist do and as strangers may.
 */
#include "ktap.h"
#include "negotiate.h"

#define OM METRICS_OPENMETRICS
#define TEXT METRICS_PROMETHEUS

static const struct {
	const char *accept;
	enum metrics_format wanted;
} rows[] = {
	{ NULL, TEXT },
	{ "", TEXT },
	{ "*/*", TEXT },
	{ "text/html,application/xhtml+xml,*/*;q=0.8", TEXT },
	{ "text/plain;version=0.0.4;q=1,*/*;q=0.1", TEXT },
	/* Prometheus 2.42 */
	{ "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
	  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", OM },
	/* Prometheus 3: a newer text format that is not spoken here, escapes that change nothing */
	{ "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
	  "application/openmetrics-text;version=0.0.1;q=0.5,"
	  "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
	  OM },
	{ "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,"
	  "text/plain;version=0.0.4;q=0.3", TEXT },
	{ "application/openmetrics-text", OM },
	{ "text/plain,application/openmetrics-text", OM },
	{ "Application/OpenMetrics-Text ; version=1.0.0 ; q=0.9 , text/plain;q=0.8", OM },
	{ "application/openmetrics-text;version=0.0.1", TEXT },
	{ "application/openmetrics-text;version=2.0.0", TEXT },
	{ "application/openmetrics-text;q=0", TEXT },
	{ "application/openmetrics-text;q=0.3,text/plain;q=0.5", TEXT },
	{ "application/openmetrics-text;q=0.3,text/*;q=0.5", TEXT },
	/* What names it better counts more than what comes first. */
	{ "text/*;q=0.9,application/openmetrics-text;q=0.5,text/plain;q=0.1", OM },
	{ "text/plain;x=\",application/openmetrics-text,\";q=0.1", TEXT },
	/* No header that anybody should send */
	{ ",,;;,=", TEXT },
	{ "application/openmetrics-text;q=nan", TEXT },
	{ "application/openmetrics-text;q=", TEXT },
	{ "application/openmetrics-text;q=-1", TEXT },
	{ "application/openmetrics-text;version=", OM },
	{ "application/openmetrics-texture", TEXT },
	{ "application/openmetrics-text;x=\"", OM },
	{ "\"", TEXT },
};

int main(void)
{
	ktap_plan(KTAP_SIZE(rows));
	for (size_t i = 0; i < KTAP_SIZE(rows); i++) {
		ktap_begin();
		check_int(negotiate_format(rows[i].accept), rows[i].wanted);
		ktap_end(rows[i].accept && *rows[i].accept ? rows[i].accept : "no header");
	}
	return ktap_status();
}
