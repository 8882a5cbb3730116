/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KTAP for tests in C. A test is a function whose name is a sentence; a check
 * that does not hold says where and goes on. The program's exit status is 0
 * (passed, perhaps some skipped), 1 (one failed) or 4 (all skipped).
 *
 *     static void one_and_one_is_two(void) { check(1 + 1 == 2); }
 *
 *     int main(void)
 *     {
 *             static const struct ktap_test tests[] = { KTAP_TEST(one_and_one_is_two) };
 *
 *             return ktap_run(tests, KTAP_SIZE(tests));
 *     }
 *
 * A table of cases calls ktap_begin() and ktap_end() around each row instead.
 */
#ifndef KTAP_H
#define KTAP_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define KTAP_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define KTAP_TEST(function) { #function, function }

struct ktap_test {
	const char *name;
	void (*run)(void);
};

static struct {
	int count;
	int failed;
	int skipped;
	bool ok;
	const char *skip;
} ktap __attribute__((unused));

#define check(condition) ktap_check(condition, #condition, __FILE__, __LINE__)
#define check_text(got, wanted) ktap_check_text(got, wanted, __FILE__, __LINE__)
#define check_int(got, wanted) ktap_check_int(got, wanted, #got, __FILE__, __LINE__)

/* Text as a diagnostic: every line of it behind a '#'. */
static inline void ktap_diag(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		printf("#   %.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static inline bool ktap_check(bool holds, const char *what, const char *file, int line)
{
	if (!holds) {
		printf("# %s:%d: does not hold: %s\n", file, line, what);
		ktap.ok = false;
	}
	return holds;
}

static inline bool ktap_check_int(long long got, long long wanted, const char *what, const char *file,
				  int line)
{
	if (got == wanted)
		return true;
	printf("# %s:%d: %s is %lld, not %lld\n", file, line, what, got, wanted);
	ktap.ok = false;
	return false;
}

static inline bool ktap_check_text(const char *got, const char *wanted, const char *file, int line)
{
	if (got && !strcmp(got, wanted))
		return true;
	printf("# %s:%d: got\n", file, line);
	ktap_diag(got ? got : "(nothing)");
	printf("# wanted\n");
	ktap_diag(wanted);
	ktap.ok = false;
	return false;
}

static inline void ktap_plan(int n)
{
	printf("KTAP version 1\n1..%d\n", n);
}

static inline void ktap_begin(void)
{
	ktap.ok = true;
	ktap.skip = NULL;
}

static inline void ktap_skip(const char *reason)
{
	ktap.skip = reason;
}

static inline void ktap_end(const char *name)
{
	const char *skip = ktap.ok ? ktap.skip : NULL;

	ktap.failed += !ktap.ok;
	ktap.skipped += skip != NULL;
	printf("%s %d %s%s%s\n", ktap.ok ? "ok" : "not ok", ++ktap.count, name, skip ? " # SKIP " : "",
	       skip ? skip : "");
	fflush(stdout);
}

static inline int ktap_status(void)
{
	if (ktap.failed)
		return 1;
	return ktap.count && ktap.skipped == ktap.count ? 4 : 0;
}

static inline void ktap_run_all(const struct ktap_test *tests, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ktap_begin();
		tests[i].run();
		ktap_end(tests[i].name);
	}
}

static inline int ktap_run(const struct ktap_test *tests, size_t n)
{
	ktap_plan(n);
	ktap_run_all(tests, n);
	return ktap_status();
}

#endif
