// SPDX-License-Identifier: GPL-2.0
/*
 * The work that is traced, and what it costs: operations between two readings of the thread's
 * own clock, which leaves out whoever else ran meanwhile. What the tracer used of the processor
 * is read before and after, too.
 *
 *	work [-o FILE] [-r REPEATS] [-t THREADS] KIND N
 *	work pulse | work crowd PROCESSES | work mappings N LOCKED-BYTES
 *
 * Adds a line to FILE for each repeat: kind, events (calls that a tracer of
 * lock calls records, else operations), caller's ns, tracer's ns; and in the end how many such
 * calls there were in all. Under `-icount shift=0` a nanosecond is an instruction.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "work.h"

#define NOBODY 65534
#define MAX_THREADS 16
#define DRAIN_NS 100000000L
#define FAULT_PAGES 256UL

static size_t page;

void die(const char *what)
{
	fprintf(stderr, "work: %s: %s\n", what, strerror(errno));
	exit(1);
}

void *map_pages(size_t n)
{
	void *p = mmap(NULL, n * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

/* ---- kinds of work: each makes n operations ---------------------------------------- */

static void *area;

static void need_area(void)
{
	area = map_pages(FAULT_PAGES);
	memset(area, 1, FAULT_PAGES * page);
}

/* One page more than its limit: each mlock() is refused, on every kernel. */
static void become_poor(void)
{
	struct rlimit limit = { page, page };

	need_area();
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setgroups(0, NULL) ||
	    setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		die("becoming nobody");
}

static void pairs(unsigned long n)
{
	while (n--)
		if (mlock(area, page) || munlock(area, page))
			die("mlock");
}

static void refused(unsigned long n)
{
	while (n--)
		if (!mlock(area, 2 * page) || errno != ENOMEM)
			die("mlock was not refused");
}

static void getpids(unsigned long n)
{
	while (n--)
		syscall(SYS_getpid);
}

static void maps(unsigned long n)
{
	while (n--)
		if (munmap(map_pages(1), page))
			die("munmap");
}

static void breaks(unsigned long n)
{
	char *top = sbrk(0);

	while (n--)
		if (brk(top + page) || brk(top))
			die("brk");
}

static void faults(unsigned long n)
{
	for (; n >= FAULT_PAGES; n -= FAULT_PAGES) {
		if (madvise(area, FAULT_PAGES * page, MADV_DONTNEED))
			die("madvise");
		for (size_t i = 0; i < FAULT_PAGES; i++)
			((volatile char *)area)[i * page] = 1;
	}
}

static const struct kind {
	const char *name;
	unsigned int events; /* of an operation that tracers of lock calls record */
	void (*prepare)(void);
	void (*make)(unsigned long n);
} kinds[] = {
	{ "pair", 2, need_area, pairs },
	{ "refused", 1, become_poor, refused },
	{ "getpid", 0, NULL, getpids },
	{ "mmap", 0, NULL, maps },
	{ "brk", 0, NULL, breaks },
	{ "fault", 0, need_area, faults },
};

/* ---- measuring -------------------------------------------------------------------------- */

struct job {
	pthread_t thread;
	const struct kind *kind;
	unsigned long n;
	uint64_t ns;
};

static void *run_job(void *arg)
{
	struct job *job = arg;
	uint64_t begin = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	job->kind->make(job->n);
	job->ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin;
	return NULL;
}

/* run_jobs: the processor time that all threads used */
static uint64_t run_jobs(const struct kind *kind, unsigned long n, unsigned int threads)
{
	struct job jobs[MAX_THREADS] = {};
	uint64_t ns = 0;

	for (unsigned int i = 0; i < threads; i++) {
		jobs[i].kind = kind;
		jobs[i].n = n / threads;
	}
	for (unsigned int i = 1; i < threads; i++) {
		errno = pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]);
		if (errno)
			die("pthread_create");
	}
	run_job(&jobs[0]);
	for (unsigned int i = 1; i < threads; i++)
		pthread_join(jobs[i].thread, NULL);
	for (unsigned int i = 0; i < threads; i++)
		ns += jobs[i].ns;
	return ns;
}

static void measure(FILE *out, const struct kind *kind, unsigned long n, unsigned int threads)
{
	struct timespec drain = { .tv_nsec = DRAIN_NS };
	struct tracer before = look_at_tracer(), after;
	uint64_t ns;

	ns = run_jobs(kind, n, threads);
	/* What the tracer has not read yet is its cost, too. */
	nanosleep(&drain, NULL);
	after = look_at_tracer();
	fprintf(out, "%s\t%lu\t%llu\t%llu\t%llu\n", kind->name,
		n * (kind->events ? kind->events : 1), (unsigned long long)ns,
		(unsigned long long)(after.ns - before.ns), (unsigned long long)after.bytes);
	fflush(out);
}

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	fprintf(stderr, "work: no kind of work is called %s\n", name);
	exit(2);
}

/* Returns if the arguments ask for work. */
static void stay_if_asked(int argc, char **argv)
{
	if (argc == 1 && !strcmp(argv[0], "pulse"))
		run_pulse();
	if (argc == 2 && !strcmp(argv[0], "crowd"))
		run_crowd(strtoul(argv[1], NULL, 0));
	if (argc == 3 && !strcmp(argv[0], "mappings"))
		run_mappings(strtoul(argv[1], NULL, 0), strtoul(argv[2], NULL, 0));
}

int main(int argc, char **argv)
{
	unsigned int threads = 1, repeats = 1;
	const struct kind *kind;
	unsigned long n, warm;
	FILE *out = stdout;
	int c;

	page = sysconf(_SC_PAGESIZE);
	while ((c = getopt(argc, argv, "+o:r:t:")) != -1) {
		if (c == 'o')
			out = fopen(optarg, "ae");
		else if (c == 'r')
			repeats = strtoul(optarg, NULL, 0);
		else if (c == 't')
			threads = strtoul(optarg, NULL, 0);
		else
			return 2;
		if (!out)
			die(optarg);
	}
	if (optind < argc)
		stay_if_asked(argc - optind, argv + optind);
	if (argc - optind != 2 || threads < 1 || threads > MAX_THREADS) {
		fprintf(stderr, "Usage: work [-o FILE] [-r REPEATS] [-t THREADS] KIND N\n");
		return 2;
	}
	kind = find_kind(argv[optind]);
	n = strtoul(argv[optind + 1], NULL, 0);
	if (kind->prepare)
		kind->prepare();
	warm = n / 10 + FAULT_PAGES;
	kind->make(warm);
	for (unsigned int i = 0; i < repeats; i++)
		measure(out, kind, n, threads);
	fprintf(out, "calls\t%lu\n", kind->events * (warm + repeats * (n / threads * threads)));
	return 0;
}
