// SPDX-License-Identifier: GPL-2.0
/* Processes that are there to be looked at. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "work.h"

#define PULSE_US 1000

static __attribute__((noreturn)) void stay(void)
{
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}

/* A lock call now and always, for those who are to see their first. */
void run_pulse(void)
{
	void *p = map_pages(1);

	printf("ready\n");
	fflush(stdout);
	for (;;) {
		if (mlock(p, 1) || munlock(p, 1))
			die("mlock");
		usleep(PULSE_US);
	}
}

/* Processes of which one in ten holds a page. */
void run_crowd(unsigned long n)
{
	void *p = map_pages(1);

	for (unsigned long i = 0; i < n; i++) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (child)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (i % 10 == 0 && mlock(p, 1))
			_exit(1);
		for (;;)
			pause();
	}
	stay();
}

/* Single pages that cannot be merged, one in forty locked; and one locked mapping beside them. */
void run_mappings(unsigned long n, size_t locked)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *p = map_pages(n);

	for (unsigned long i = 0; i < n; i++) {
		if (i % 2 && mprotect(p + i * page, page, PROT_READ))
			die("mprotect");
		if (i % 40 == 0 && mlock(p + i * page, page))
			die("mlock");
	}
	if (locked && mlock(map_pages(locked / page), locked))
		die("mlock");
	stay();
}
