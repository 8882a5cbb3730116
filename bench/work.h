/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of `work` share. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* work.c */
void die(const char *what) __attribute__((noreturn));
void *map_pages(size_t n);

/* tracer.c: what the processes between BENCH_RUNNER and us used of the processor so far, and how much
 * RAM the largest of them has */
struct tracer {
	uint64_t ns;
	uint64_t bytes;
};

struct tracer look_at_tracer(void);

/* states.c: processes to be looked at; they print "ready" and stay */
void run_pulse(void) __attribute__((noreturn));
void run_crowd(unsigned long n) __attribute__((noreturn));
void run_mappings(unsigned long n, size_t locked) __attribute__((noreturn));

#endif
