// SPDX-License-Identifier: GPL-2.0
/*
 * Loads a kernel module again and again, and each time another one of the allocations that
 * it takes fails: failing MODULE.ko NAME TIMES. Which ones is spread evenly over all of
 * them. Prints "points N", how many there are, and "COUNT ERROR" for each outcome. Whatever
 * is loaded in spite of a failure is unloaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_ERRNO 134
#define NEVER 1000000000

static void die(const char *what)
{
	fprintf(stderr, "failing: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* Which of this thread's next allocations fails, counted from 1; 0: none */
static void set_nth(int file, int nth)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", nth);
	if (pwrite(file, text, strlen(text), 0) < 0)
		die("/proc/thread-self/fail-nth");
}

/* How many allocations were left until the one that was to fail; 0: it has */
static int left_of_nth(int file)
{
	char text[16] = "";

	if (pread(file, text, sizeof(text) - 1, 0) < 0)
		die("/proc/thread-self/fail-nth");
	return atoi(text);
}

/* Returns 0 or the error of finit_module(); *left as of left_of_nth() */
static int load_failing(const char *module, const char *name, int nth, int *left)
{
	int nth_file = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	int file = open(module, O_RDONLY | O_CLOEXEC), err = 0;

	if (nth_file < 0 || file < 0)
		die(nth_file < 0 ? "/proc/thread-self/fail-nth" : module);
	set_nth(nth_file, nth);
	if (syscall(SYS_finit_module, file, "", 0))
		err = errno;
	*left = left_of_nth(nth_file);
	set_nth(nth_file, 0);
	close(file);
	close(nth_file);
	if (!err && syscall(SYS_delete_module, name, O_NONBLOCK))
		die("delete_module");
	return err;
}

int main(int argc, char **argv)
{
	static unsigned int outcomes[MAX_ERRNO];
	int times, points, left, err, i;

	if (argc != 4 || atoi(argv[3]) < 1) {
		fprintf(stderr, "Usage: failing MODULE.ko NAME TIMES\n");
		return 2;
	}
	times = atoi(argv[3]);
	errno = load_failing(argv[1], argv[2], NEVER, &left);
	if (errno)
		die(argv[1]);
	points = NEVER - left;
	printf("points %d\n", points);
	for (i = 0; i < times; i++) {
		err = load_failing(argv[1], argv[2], 1 + (long)points * i / times, &left);
		outcomes[err < MAX_ERRNO ? err : MAX_ERRNO - 1]++;
	}
	for (i = 0; i < MAX_ERRNO; i++)
		if (outcomes[i])
			printf("%u %s\n", outcomes[i], i ? strerrorname_np(i) : "loaded");
	return 0;
}
