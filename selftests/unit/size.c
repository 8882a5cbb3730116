// SPDX-License-Identifier: GPL-2.0
/*
 * Byte counts as text: what is exact, what is rounded and how, and signs.
 */
#include "format.h"
#include "ktap.h"
#include "sample.h"

static const char *size_of(uint64_t bytes)
{
	static char buf[24];

	return mlt_size_text(buf, bytes);
}

static void sizes_below_a_mebibyte_are_exact(void)
{
	check_text(size_of(0), "0");
	check_text(size_of(1), "1");
	check_text(size_of(5000), "5000");
	check_text(size_of(64 * K), "64K");
	check_text(size_of(M - 1), "1048575");
	check_text(size_of(M - K), "1023K");
}

static void sizes_above_have_one_decimal(void)
{
	check_text(size_of(M), "1.0M");
	check_text(size_of(16 * M), "16.0M");
	check_text(size_of(M + M / 2 + 1), "1.5M");
	check_text(size_of(1024 * M - 1), "1.0G");
	check_text(size_of(1023 * M), "1023.0M");
	check_text(size_of(3ULL << 40), "3.0T");
	check_text(size_of(1ULL << 63), "8.0E");
	check_text(size_of(MLOCKTRACE_UNLIMITED - 1), "16.0E");
	check_text(size_of(MLOCKTRACE_UNLIMITED), "unlimited");
}

static void deltas_have_a_sign(void)
{
	char buf[24];

	check_text(mlt_delta_text(buf, 0), "0");
	check_text(mlt_delta_text(buf, 64 * K), "+64K");
	check_text(mlt_delta_text(buf, -4096), "-4K");
	check_text(mlt_delta_text(buf, 16 * M), "+16.0M");
	check_text(mlt_delta_text(buf, INT64_MIN), "-8.0E");
	check_text(mlt_delta_text(buf, INT64_MAX), "+8.0E");
}

static void true_texts_lose_nothing(void)
{
	char buf[24];

	check_text(mlt_true_text(buf, 16 * M), "16.0M");
	check_text(mlt_true_text(buf, 16 * M + 4 * K), "16388K");
	check_text(mlt_true_text(buf, 16 * M + 1), "16777217");
	check_text(mlt_true_text(buf, M + M / 2), "1.5M");
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(sizes_below_a_mebibyte_are_exact),
		KTAP_TEST(sizes_above_have_one_decimal),
		KTAP_TEST(deltas_have_a_sign),
		KTAP_TEST(true_texts_lose_nothing),
	};

	return ktap_run(tests, KTAP_SIZE(tests));
}
