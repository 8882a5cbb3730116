// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's marks of locked pages as kernels of different age write them,
 * and the sums over this very machine.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "regions.h"
#include "sample.h"

#define HEAD (1ULL << 15)
#define TAIL (1ULL << 16)
#define ZERO (1ULL << 24)
#define MARK (1ULL << 33)
#define OTHER (1ULL << 5 | 1ULL << 18 | 1ULL << 32 | 1ULL << 34)

static struct mlt_pages seen;
static struct mlocktrace_machine machine;

static int read_marks(const void *words, size_t bytes)
{
	int fd = memfd_create("kpageflags", 0), err;

	machine = (struct mlocktrace_machine){ 0 };
	if (write(fd, words, bytes) != (ssize_t)bytes || lseek(fd, 0, SEEK_SET))
		return -EIO;
	err = mlt_marks_read(fd, &seen, &machine);
	close(fd);
	return err;
}

static void see(uint64_t first, uint64_t n)
{
	mlt_pages_free(&seen);
	for (uint64_t i = first; i < first + n; i++)
		mlt_pages_add(&seen, i);
}

static size_t pages(uint64_t bytes)
{
	return bytes / sysconf(_SC_PAGESIZE);
}

static void marks_are_told_apart(void)
{
	static const uint64_t words[] = {
		MARK, OTHER, MARK | OTHER, 0, ZERO, OTHER, MARK,
	};

	see(2, 4);
	check_int(read_marks(words, sizeof(words)), 0);
	check_int(pages(machine.marked), 3);
	check_int(pages(machine.marked_locked), 1);
	check_int(pages(machine.unmarked_zero), 1);
	check_int(pages(machine.unmarked_large), 0);
}

static void a_large_page_is_marked_at_its_head(void)
{
	static const uint64_t old[] = {
		HEAD | MARK, TAIL, TAIL, TAIL, OTHER, HEAD, TAIL, HEAD | MARK, TAIL, 0,
	};
	static const uint64_t new[] = {
		HEAD | MARK, TAIL | MARK, TAIL | MARK, TAIL | MARK, OTHER, HEAD, TAIL, HEAD | MARK,
		TAIL | MARK, 0,
	};

	see(1, 5);
	check_int(read_marks(old, sizeof(old)), 0);
	check_int(pages(machine.marked), 6);
	check_int(pages(machine.marked_locked), 3);
	check_int(pages(machine.unmarked_large), 1);
	check_int(read_marks(new, sizeof(new)), 0);
	check_int(pages(machine.marked), 6);
	check_int(pages(machine.marked_locked), 3);
	check_int(pages(machine.unmarked_large), 1);
}

/* Its words come in two readings. */
static void a_large_page_can_lie_anywhere(void)
{
	size_t n = 3 << 16;
	uint64_t *words = calloc(n, sizeof(*words));

	for (size_t i = 0; i < n; i++)
		words[i] = i % 6 ? TAIL : HEAD | (i / 6 % 2 ? MARK : 0);
	see(0, n);
	check_int(read_marks(words, n * sizeof(*words)), 0);
	check_int(pages(machine.marked), n / 2);
	check_int(pages(machine.marked_locked), n / 2);
	check_int(pages(machine.unmarked_large), n / 2);
	free(words);
}

static void frames_behind_the_end_have_no_mark(void)
{
	static const uint64_t words[] = { MARK };

	see(0, 3);
	check_int(read_marks(words, sizeof(words)), 0);
	check_int(pages(machine.marked_locked), 1);
	check_int(pages(machine.unmarked_zero + machine.unmarked_large), 0);
	check_int(read_marks(words, 0), 0);
	check_int(machine.marked, 0);
}

static void half_a_word_is_refused(void)
{
	static const uint64_t words[] = { MARK, MARK };

	check_int(read_marks(words, 12), -EBADMSG);
	check_int(machine.marked, 0);
	check_int(mlt_marks_read(-1, &seen, &machine), -EBADF);
}

static int parse_meminfo(const char *text)
{
	FILE *in = fmemopen((char *)text, strlen(text), "r");
	int err;

	machine = (struct mlocktrace_machine){ 0 };
	err = mlt_meminfo_parse(in, &machine);
	fclose(in);
	return err;
}

static void meminfo_is_read(void)
{
	check_int(parse_meminfo("MemTotal:       24730032 kB\nUnevictable:       18976 kB\n"
				"Mlocked:           16632 kB\nHugePages_Total:       2\nHugetlb:            4096 kB\n"), 0);
	check_int(machine.mlocked, 16632 * K);
	check_int(machine.unevictable, 18976 * K);
	check_int(machine.hugetlb, 4 * M);
	check_int(parse_meminfo("MemTotal:       24730032 kB\n"), -EBADMSG);
}

struct search {
	struct mlocktrace_regions_total found;
	pid_t pid;
	uint64_t vmlck;
	size_t n;
};

static int look_for(void *ctx, const struct mlocktrace_regions_total *total)
{
	struct search *search = ctx;

	search->n++;
	search->vmlck += total->vmlck;
	if (total->pid == search->pid)
		search->found = *total;
	return 0;
}

static int stop(void *ctx, const struct mlocktrace_regions_total *total)
{
	(void)total;
	++*(int *)ctx;
	return 42;
}

/* A child that has locked three pages; 0 = none may be locked here. */
static pid_t locker(void)
{
	size_t len = 3 * sysconf(_SC_PAGESIZE);
	int ready[2];
	pid_t child;
	char c;

	if (pipe(ready))
		return 0;
	child = fork();
	if (!child) {
		char *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		/* The sanitizer makes nothing of mlock(). */
		if (!mlock2(map, len, 0) && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1) {
		waitpid(child, NULL, 0);
		child = 0;
	}
	close(ready[0]);
	return child;
}

static void this_machine_is_read(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	struct search search = { .pid = locker() };
	int calls = 0;

	if (!search.pid) {
		ktap_skip("no page may be locked here");
		return;
	}
	machine = (struct mlocktrace_machine){ .size = sizeof(machine) };
	check_int(mlocktrace_regions_machine(&machine, look_for, &search), 0);
	check_int(search.n, machine.n_processes);
	check_int(search.vmlck, machine.vmlck);
	check(search.found.mappings_known);
	check_int(search.found.uid, getuid());
	check_int(search.found.vmlck, 3 * page);
	check_int(search.found.locked, 3 * page);
	check_int(search.found.present, 3 * page);
	check(!machine.unique_known || search.found.unique == 3 * page);
	check(!machine.marks_known || machine.marked_locked >= 3 * page);
	check(machine.mlocked && machine.mlocked_before);

	check_int(mlocktrace_regions_machine(&machine, stop, &calls), 42);
	check_int(calls, 1);
	kill(search.pid, SIGKILL);
	waitpid(search.pid, NULL, 0);
}

static void smaller_structs_of_older_programs_are_served(void)
{
	machine.size = offsetof(struct mlocktrace_machine, vmlck);
	machine.vmlck = 77;
	check_int(mlocktrace_regions_machine(&machine, NULL, NULL), 0);
	check_int(machine.size, offsetof(struct mlocktrace_machine, vmlck));
	check_int(machine.vmlck, 77);
	machine.size = 8;
	check_int(mlocktrace_regions_machine(&machine, NULL, NULL), -EINVAL);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(marks_are_told_apart),
		KTAP_TEST(a_large_page_is_marked_at_its_head),
		KTAP_TEST(a_large_page_can_lie_anywhere),
		KTAP_TEST(frames_behind_the_end_have_no_mark),
		KTAP_TEST(half_a_word_is_refused),
		KTAP_TEST(meminfo_is_read),
		KTAP_TEST(this_machine_is_read),
		KTAP_TEST(smaller_structs_of_older_programs_are_served),
	};
	int status = ktap_run(tests, KTAP_SIZE(tests));

	mlt_pages_free(&seen);
	return status;
}
