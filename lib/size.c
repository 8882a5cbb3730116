/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Byte counts as people read them. Two promises: below 1 MiB nothing is
 * rounded, and whoever needs to know what a rounded figure says asks
 * mlt_size_tenths() instead of guessing.
 */
#include <inttypes.h>
#include <stdio.h>

#include "format.h"

static const char units[] = "KMGTPE";

/* bytes in tenths of a unit, rounded to nearest; the unit is 1024^(*unit + 1). */
static uint64_t tenths_of_unit(uint64_t bytes, unsigned int *unit)
{
	uint64_t tenths;

	for (*unit = 1; units[*unit]; ++*unit) {
		unsigned int shift = 10 * (*unit + 1);
		uint64_t whole = bytes >> shift;
		uint64_t rest = bytes & ((1ULL << shift) - 1);

		/* rest * 10 fits: it is below 2^60 * 10 */
		tenths = whole * 10 + ((rest * 10 + (1ULL << (shift - 1))) >> shift);
		if (tenths < 10240 || !units[*unit + 1])
			return tenths;
	}
	return 0;
}

static bool is_exact_below(uint64_t bytes)
{
	return bytes < 1 << 20;
}

unsigned __int128 mlt_size_tenths(uint64_t bytes)
{
	unsigned int unit;
	uint64_t tenths;

	if (is_exact_below(bytes))
		return (unsigned __int128)bytes * 10;
	tenths = tenths_of_unit(bytes, &unit);
	return (unsigned __int128)tenths << (10 * (unit + 1));
}

const char *mlt_exact_text(char buf[24], uint64_t bytes)
{
	if (bytes == MLOCKTRACE_UNLIMITED)
		snprintf(buf, 24, "unlimited");
	else if (bytes && bytes % 1024 == 0)
		snprintf(buf, 24, "%" PRIu64 "K", bytes / 1024);
	else
		snprintf(buf, 24, "%" PRIu64, bytes);
	return buf;
}

const char *mlt_size_text(char buf[24], uint64_t bytes)
{
	unsigned int unit;
	uint64_t tenths;

	if (is_exact_below(bytes) || bytes == MLOCKTRACE_UNLIMITED)
		return mlt_exact_text(buf, bytes);
	tenths = tenths_of_unit(bytes, &unit);
	snprintf(buf, 24, "%" PRIu64 ".%" PRIu64 "%c", tenths / 10, tenths % 10, units[unit]);
	return buf;
}

const char *mlt_true_text(char buf[24], uint64_t bytes)
{
	if (mlt_size_tenths(bytes) == (unsigned __int128)bytes * 10)
		return mlt_size_text(buf, bytes);
	return mlt_exact_text(buf, bytes);
}

const char *mlt_delta_text(char buf[24], int64_t bytes)
{
	uint64_t amount = bytes < 0 ? -(uint64_t)bytes : (uint64_t)bytes;
	char text[24];

	/* At most 2^63, which is short: the longest is "1048575". */
	snprintf(buf, 24, "%s%.22s", bytes < 0 ? "-" : bytes ? "+" : "", mlt_size_text(text, amount));
	return buf;
}

const char *mlt_signed_text(char buf[24], int64_t bytes)
{
	return bytes < 0 ? mlt_delta_text(buf, bytes) : mlt_size_text(buf, bytes);
}
