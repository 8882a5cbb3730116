// SPDX-License-Identifier: GPL-2.0
/*
 * The header Accept (RFC 9110, 12.5.1), as far as two formats need it. What cannot be understood
 * is passed over: it comes from strangers.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "negotiate.h"

struct words {
	const char *at;
	size_t len;
};

static struct words trimmed(struct words words)
{
	while (words.len && strchr(" \t", words.at[0])) {
		words.at++;
		words.len--;
	}
	while (words.len && strchr(" \t", words.at[words.len - 1]))
		words.len--;
	return words;
}

/* Take off what comes before @end, if it is there; quotes hide it. */
static struct words next(struct words *rest, char end)
{
	struct words first = { .at = rest->at };
	bool quoted = false;

	while (first.len < rest->len && (quoted || rest->at[first.len] != end))
		quoted ^= rest->at[first.len++] == '"';
	rest->at += first.len;
	rest->len -= first.len;
	if (rest->len) {
		rest->at++;
		rest->len--;
	}
	return trimmed(first);
}

static bool is(struct words words, const char *text)
{
	return words.len == strlen(text) && !strncasecmp(words.at, text, words.len);
}

static bool begins(struct words words, const char *text)
{
	return words.len >= strlen(text) && !strncasecmp(words.at, text, strlen(text));
}

struct range {
	struct words type;
	struct words version; /* len 0 = any */
	double q;
};

static struct range parse_range(struct words text)
{
	struct range range = { .type = next(&text, ';'), .q = 1 };

	while (text.len) {
		struct words parameter = next(&text, ';');

		/* The number ends at a delimiter, at the latest at the end of the header. */
		if (begins(parameter, "q="))
			range.q = strtod(parameter.at + 2, NULL);
		else if (begins(parameter, "version="))
			range.version = (struct words){ parameter.at + 8, parameter.len - 8 };
	}
	return range;
}

/* How well a range names the text format: 0 = not at all */
static int names_text(const struct range *range)
{
	if (is(range->type, "text/plain"))
		return !range->version.len || is(range->version, "0.0.4") ? 3 : 0;
	return is(range->type, "text/*") ? 2 : is(range->type, "*/*") ? 1 : 0;
}

/* A browser takes everything, and shows text/plain only: OpenMetrics has to be named. */
static bool names_openmetrics(const struct range *range)
{
	return is(range->type, "application/openmetrics-text") &&
	       (!range->version.len || is(range->version, "1.0.0"));
}

enum metrics_format negotiate_format(const char *accept)
{
	struct words rest = { accept, accept ? strlen(accept) : 0 };
	double text = 0, openmetrics = 0;
	int best = 0;

	while (rest.len) {
		struct range range = parse_range(next(&rest, ','));
		int how = names_text(&range);

		if (how > best) {
			best = how;
			text = range.q;
		}
		if (names_openmetrics(&range) && range.q > openmetrics)
			openmetrics = range.q;
	}
	return openmetrics > 0 && openmetrics >= text ? METRICS_OPENMETRICS : METRICS_PROMETHEUS;
}
