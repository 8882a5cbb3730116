// SPDX-License-Identifier: GPL-2.0
/*
 * The mode `books`: threads of one address space do at full rate whatever moves
 * VmLck, each in the way of the others, and now and then all of them pause so
 * that the sum of what was recorded can be compared with /proc.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#define MAX_MIXERS 64
#define AREA_PAGES 48
#define CHECKPOINTS_PER_SECOND 10
#define STEPS_PER_FORK 200

/*
 * Far below of where the kernel puts mappings that may be anywhere: it never
 * fills a hole there, so no step hits memory of the C library.
 */
#define ARENA ((char *)(sizeof(void *) > 4 ? 0x100 * 0x100000000ULL : 0x20000000ULL))

static struct mix {
	pthread_barrier_t quiet;
	unsigned int threads;
	atomic_bool pause, stop;
} mix;

/* The child holds nothing of its parent's and does not change its parent's count. */
static void fork_and_lock(char *p)
{
	pid_t child = fork();

	if (child < 0)
		return;
	if (!child) {
		raw_call(MLOCKTRACE_OP_MLOCK, (unsigned long)p, 2 * page, 0);
		mmap(ARENA, 3 * page, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_LOCKED, -1, 0);
		munmap(ARENA, page);
		_exit(0);
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Some of these fail, since others have unmapped the range or a part of it. */
static void mixed_step(unsigned int *state)
{
	const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	size_t total = mix.threads * AREA_PAGES;
	char *p = ARENA + next_random(state) % (total - 16) * page;
	char *to = ARENA + next_random(state) % (total - 16) * page;
	size_t len = (next_random(state) % 8 + 1) * page;
	size_t new_len = (next_random(state) % 8 + 1) * page;

	switch (next_random(state) % 16) {
	case 0 ... 2:
		raw_call(MLOCKTRACE_OP_MLOCK, (unsigned long)p, len, 0);
		break;
	case 3:
		raw_call(MLOCKTRACE_OP_MLOCK2, (unsigned long)p, len, MLOCK_ONFAULT);
		break;
	case 4 ... 5:
		raw_call(MLOCKTRACE_OP_MUNLOCK, (unsigned long)p, len, 0);
		break;
	case 6 ... 9:
		mmap(p, len, RW, anonymous | MAP_LOCKED, -1, 0);
		break;
	case 10 ... 11:
		mmap(p, len, RW, anonymous, -1, 0);
		break;
	case 12:
		munmap(p, new_len);
		break;
	case 13:
		mremap(p, page, new_len, 0);
		break;
	default:
		mremap(p, 2 * page, new_len, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	}
	if (next_random(state) % STEPS_PER_FORK == 0)
		fork_and_lock(p);
}

static void *mixer(void *arg)
{
	unsigned int state = (unsigned long)arg * 7919 + 1;

	for (;;) {
		while (!mix.pause)
			mixed_step(&state);
		pthread_barrier_wait(&mix.quiet);
		pthread_barrier_wait(&mix.quiet);
		if (mix.stop)
			return NULL;
	}
}

int run_books(int argc, char **argv)
{
	pthread_t threads[MAX_MIXERS];
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
	uint64_t end;
	void *p;

	mix.threads = argc > 0 ? strtoul(argv[0], NULL, 0) : 4;
	if (mix.threads < 1 || mix.threads > MAX_MIXERS)
		return 2;
	p = mmap(ARENA, mix.threads * AREA_PAGES * page, RW,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (p != (void *)ARENA)
		die("mmap");
	pthread_barrier_init(&mix.quiet, NULL, mix.threads + 1);
	checkpoint();
	end = now_ns() + seconds * 1e9;
	for (unsigned long i = 0; i < mix.threads; i++)
		start_thread(&threads[i], mixer, (void *)i);
	while (!mix.stop) {
		usleep(1000000 / CHECKPOINTS_PER_SECOND);
		mix.pause = true;
		pthread_barrier_wait(&mix.quiet);
		checkpoint();
		mix.pause = false;
		mix.stop = now_ns() >= end;
		pthread_barrier_wait(&mix.quiet);
	}
	for (unsigned int i = 0; i < mix.threads; i++)
		pthread_join(threads[i], NULL);
	checkpoint();
	return 0;
}
