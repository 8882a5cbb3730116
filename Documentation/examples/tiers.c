// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Which tiers work on this kernel, and why do others not?
 */
#include <stdio.h>

#include <mlocktrace/mlocktrace.h>

static void log_line(void *ctx, enum mlocktrace_log_level level, const char *line)
{
	if (level <= MLOCKTRACE_LOG_WARN)
		fprintf(stderr, "%s: %s\n", (const char *)ctx, line);
}

int main(void)
{
	const char *name;

	for (unsigned int tier = 1; (name = mlocktrace_tier_name(tier)); tier++) {
		struct mlocktrace_opts opts = {
			.size = sizeof(opts),
			.source = tier == MLOCKTRACE_TIER_KMOD ? "kmod" : "bpf",
			.tier = name,
			.log = log_line,
			.log_ctx = (void *)name,
		};
		struct mlocktrace *trace;

		if (mlocktrace_open(&trace, &opts)) {
			printf("%s: %s\n", name, mlocktrace_open_error());
			continue;
		}
		printf("%s works\n", name);
		mlocktrace_stop(trace);
		mlocktrace_close(trace);
	}
	return 0;
}
