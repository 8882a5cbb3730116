// SPDX-License-Identifier: GPL-2.0
/*
 * What a test of the kernel module does to its files and a shell cannot: writes and
 * reads with sizes, places and pointers of its choice, hundreds of openers, and readers
 * of `events` that keep books.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <mlocktrace/event.h>

#define MOST_CPUS 1024
#define MOST_OPENERS 1000
#define MIB (1 << 20)
#define RECORD_ROOM 1024 /* one with stacks */

static char big[4 * MIB];
static char *volatile nowhere = (char *)16;

static void die(const char *what)
{
	fprintf(stderr, "files: %s: %m\n", what);
	exit(3);
}

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		die(path);
	return fd;
}

/* A line of what came of it: the error's name, or the number. */
static void say(const char *what, long result)
{
	if (result < 0)
		printf("%s %s\n", what, strerrorname_np(errno));
	else
		printf("%s %ld\n", what, result);
}

/* ---- garbage ------------------------------------------------------------------------------ */

static int garbage(int argc, char **argv)
{
	static const char binary[] = "\0\001\377\376pid 1\n\0\n%s%n\033[2J";
	int fd = open_or_die(argv[0], O_RDWR | O_NONBLOCK);

	(void)argc;
	say("empty", write(fd, "", 0));
	say("newline", write(fd, "\n", 1));
	say("nul", write(fd, "", 1));
	say("word", write(fd, "garbage\n", 8));
	say("negative", write(fd, "-1\n", 3));
	say("two", write(fd, "2", 1));
	say("binary", write(fd, binary, sizeof(binary)));
	memset(big, '1', MIB);
	say("mebibyte", write(fd, big, MIB));
	memset(big, 0, MIB);
	say("mebibyte_of_zeros", write(fd, big, MIB));
	say("nowhere", write(fd, nowhere, 2));
	say("at_an_offset", pwrite(fd, "x", 1, 1L << 40));
	close(fd);
	return 0;
}

/* ---- the same bytes however they are read --------------------------------------------------- */

static size_t read_by(const char *path, size_t piece, char *to, size_t room)
{
	int fd = open_or_die(path, O_RDONLY);
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, to + used, piece < room - used ? piece : room - used)) > 0)
		used += n;
	if (n < 0)
		die(path);
	close(fd);
	return used;
}

static bool reads_the_same(const char *path)
{
	static const size_t pieces[] = { 1, 7, 4095 };
	char *whole = big, *other = big + sizeof(big) / 2;
	size_t room = sizeof(big) / 2, size = read_by(path, room, whole, room);
	unsigned int random = 1;
	int fd;

	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		/* A byte at a time takes too long for a ledger. */
		if (pieces[i] == 1 && size > 64 * 1024)
			continue;
		if (read_by(path, pieces[i], other, room) != size || memcmp(whole, other, size)) {
			fprintf(stderr, "files: %s in pieces of %zu is another\n", path, pieces[i]);
			return false;
		}
	}
	fd = open_or_die(path, O_RDONLY);
	for (int i = 0; i < 64; i++) {
		size_t at, n;
		ssize_t got;

		random = random * 1103515245 + 12345;
		at = (random >> 8) % (size + 2);
		n = i % 3 ? 1 + i * 5 : 9000;
		got = pread(fd, other, n, at);
		/* One read of a table may give less than there is. */
		if (got < 0 || (!got && at < size) || at + got > (at > size ? at : size) ||
		    memcmp(whole + at, other, got)) {
			fprintf(stderr, "files: %s: %zu bytes at %zu of %zu: %zd\n", path, n, at,
				size, got);
			close(fd);
			return false;
		}
		if (i % 4 == 0 && (lseek(fd, at, SEEK_SET) != (off_t)at ||
				   read(fd, other, 1) != (at < size) ||
				   (at < size && whole[at] != other[0]))) {
			fprintf(stderr, "files: %s: lseek to %zu of %zu\n", path, at, size);
			close(fd);
			return false;
		}
	}
	/* Neither is there anything far behind, nor before the beginning. */
	if (pread(fd, other, 1, 1L << 40) != 0 || lseek(fd, -1, SEEK_SET) >= 0 ||
	    (size && pread(fd, nowhere, size, 0) >= 0)) {
		fprintf(stderr, "files: %s: outside of it\n", path);
		close(fd);
		return false;
	}
	close(fd);
	return true;
}

static int same(int argc, char **argv)
{
	int status = 0;

	for (int i = 0; i < argc; i++) {
		int left = 20;

		/* Of counters that move now and then. */
		while (!reads_the_same(argv[i]) && --left)
			usleep(100000);
		status |= !left;
	}
	return status;
}

/* ---- events ---------------------------------------------------------------------------------- */

static struct books {
	unsigned long long delivered, lost, stacks, wrong, addresses, overtaken;
	unsigned long long last_time;
	struct {
		unsigned long long seq, lost;
	} cpu[MOST_CPUS];
} books;

/* Of a text, a number or an address of a user's, none has these bits. */
static bool is_kernel_address(unsigned long long word)
{
	return word >> 47 == 0x1ffff && (long long)word < -(1LL << 40);
}

static void enter_loss(const struct mlocktrace_event *e)
{
	books.lost += e->count;
	books.cpu[e->cpu].lost += e->count;
	books.wrong += !e->count;
}

static void enter(const struct mlocktrace_event *e)
{
	const unsigned long long *words = (const void *)e;
	unsigned long long time = e->time_ns + e->duration_ns;

	if (e->abi != MLOCKTRACE_ABI || e->cpu >= MOST_CPUS || e->op >= MLOCKTRACE_OP_MAX ||
	    e->size != sizeof(*e) + 8 * (e->n_user + e->n_kernel)) {
		books.wrong++;
		return;
	}
	books.overtaken += time < books.last_time;
	books.last_time = time;
	if (e->op == MLOCKTRACE_OP_LOST) {
		enter_loss(e);
		return;
	}
	if (books.cpu[e->cpu].seq &&
	    e->seq != books.cpu[e->cpu].seq + books.cpu[e->cpu].lost + 1)
		books.wrong++;
	books.cpu[e->cpu].seq = e->seq;
	books.cpu[e->cpu].lost = 0;
	books.delivered++;
	books.stacks += e->n_user && e->n_kernel;
	for (size_t i = 0; i < sizeof(*e) / sizeof(*words); i++)
		books.addresses += is_kernel_address(words[i]);
}

/* Whole records only. */
static void enter_all(const char *from, size_t bytes)
{
	const struct mlocktrace_event *e;

	for (size_t at = 0; at < bytes; at += e->size) {
		e = (const void *)(from + at);
		if (bytes - at < sizeof(*e) || e->size < sizeof(*e) || e->size > bytes - at) {
			books.wrong++;
			return;
		}
		enter(e);
	}
}

static void stop(int sig)
{
	(void)sig;
}

/* Reads until SIGTERM and then what is left; without blocking, only what is there. */
static void read_on(int fd, size_t bytes, unsigned int pause_ms, bool block)
{
	struct sigaction on_term = { .sa_handler = stop };
	sigset_t term, none;
	ssize_t n;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &none);
	sigaction(SIGTERM, &on_term, NULL);
	for (;;) {
		n = read(fd, big, bytes);
		if (n > 0) {
			enter_all(big, n);
		} else if (n < 0 && errno == EAGAIN && block) {
			struct pollfd readable = { .fd = fd, .events = POLLIN };

			block = ppoll(&readable, 1, NULL, &none) >= 0;
		} else {
			break;
		}
		if (pause_ms && block)
			block = usleep(pause_ms * 1000) == 0 &&
				(sigpending(&term), !sigismember(&term, SIGTERM));
	}
	if (n >= 0 || errno != EAGAIN)
		die("read");
}

static int events(int argc, char **argv)
{
	size_t bytes = 65536;
	unsigned int pause_ms = 0;
	bool block = true;
	int c, fd;

	while ((c = getopt(argc + 1, argv - 1, "+b:p:n")) != -1) {
		if (c == 'b')
			bytes = strtoul(optarg, NULL, 0);
		else if (c == 'p')
			pause_ms = strtoul(optarg, NULL, 0);
		else if (c == 'n')
			block = false;
		else
			return 2;
	}
	argv += optind - 1;
	argc -= optind - 1;
	if (argc < 1 || bytes > sizeof(big))
		return 2;
	fd = open_or_die(argv[0], O_RDWR | O_NONBLOCK);
	for (int i = 1; i < argc; i++)
		if (write(fd, argv[i], strlen(argv[i])) < 0)
			die(argv[i]);
	if (block) {
		puts("ready");
		fflush(stdout);
	}
	read_on(fd, bytes, pause_ms, block);
	printf("delivered %llu\nlost %llu\nsum %llu\nwrong %llu\nstacks %llu\naddresses %llu\n"
	       "overtaken %llu\n", books.delivered, books.lost, books.delivered + books.lost,
	       books.wrong, books.stacks, books.addresses, books.overtaken);
	return 0;
}

static void say_write(int fd, const char *text)
{
	char name[64] = "write_";
	size_t n = strlen(text);

	for (size_t i = 0; i < n && i < 40; i++)
		name[6 + i] = text[i] == ' ' || text[i] == '\n' ? '_' : text[i];
	say(name, write(fd, text, n));
}

/* How many of these at a time may have a filter? */
static int count_sessions(const char *path, int most)
{
	int fd[MOST_OPENERS], n = 0, opened = 0;

	while (opened < most) {
		fd[opened] = open_or_die(path, O_RDWR | O_NONBLOCK);
		if (write(fd[opened++], "pid 1", 5) < 0)
			break;
		n++;
	}
	while (opened)
		close(fd[--opened]);
	return n;
}

/* To be called when there are records, and nobody makes any more. */
static int edges(int argc, char **argv)
{
	static const char *const texts[] = {
		"new", "new\n", "pid 1", "pid 1\n", "follow\nnew\n", "pid 2\npid 3\n", "\n", "pid", "pid ",
		"pid 0", "pid -1", "pid x", "pid 1x", "pid 99999999999", "pid 4194305", "pid 1 2", " new",
		"news", "follow me", "stack", "new\ngarbage\n", "new\n\nnew", "ops 6",
	};
	static const char *const ops[] = {
		"ops", "ops ", "ops x", "ops -1", "ops 10000000000000000", "ops 6", "ops 0x6\npid 1",
	};
	int fd = open_or_die(argv[0], O_RDWR | O_NONBLOCK);
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	char record[RECORD_ROOM] __attribute__((aligned(8)));
	char text[32];
	long n = 0;

	(void)argc;
	say("lseek", lseek(fd, 0, SEEK_SET));
	say("pread", pread(fd, record, sizeof(record), 0));
	say("read_239", read(fd, record, 239));
	say("read_0", read(fd, record, 0));
	say("poll_with_records", poll(&readable, 1, 0));
	say("read_to_nowhere", read(fd, nowhere, 4096));
	while (read(fd, record, 240) == 240)
		n += ((struct mlocktrace_event *)record)->op != MLOCKTRACE_OP_LOST;
	say("records", n);
	say("read_empty", read(fd, record, sizeof(record)));
	say("poll_empty", poll(&readable, 1, 20));
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		say_write(fd, texts[i]);
	memset(big, '\n', MIB);
	say("write_4097", write(fd, big, 4097));
	for (n = 0; n < 100; n++) {
		snprintf(text, sizeof(text), "pid %ld", 1000 + n);
		if (write(fd, text, strlen(text)) < 0)
			break;
	}
	say("pids_more", n);
	say("one_more", write(fd, "pid 1", 5));
	say("another_more", write(fd, "pid 2000", 8));
	close(fd);
	fd = open_or_die(argv[0], O_RDWR | O_NONBLOCK);
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		say_write(fd, ops[i]);
	close(fd);
	say("sessions", count_sessions(argv[0], 40));
	say("sessions_again", count_sessions(argv[0], 40));
	return 0;
}

/* ---- many at a time ------------------------------------------------------------------------- */

static size_t all_of(int fd, size_t piece, unsigned long *sum)
{
	size_t bytes = 0;
	ssize_t n;

	*sum = 0;
	while ((n = read(fd, big, piece)) > 0) {
		bytes += n;
		for (ssize_t i = 0; i < n; i++)
			*sum = *sum * 31 + (unsigned char)big[i];
	}
	if (n < 0 && errno != EAGAIN)
		die("read");
	return bytes;
}

/* Opened all at a time, and each reads the same, or says how many bytes. */
static int openers(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 200, fd[MOST_OPENERS];
	unsigned long sum, first_sum = 0;
	size_t bytes, first = 0;
	struct rlimit many = { MOST_OPENERS + 20, MOST_OPENERS + 20 };

	if (n > MOST_OPENERS || setrlimit(RLIMIT_NOFILE, &many))
		die("too many");
	for (int i = 0; i < n; i++)
		fd[i] = open_or_die(argv[0], O_RDONLY | O_NONBLOCK);
	for (int i = 0; i < n; i++) {
		bytes = all_of(fd[i], 4096 + 8 * i, &sum);
		if (!i) {
			first = bytes;
			first_sum = sum;
		} else if (bytes != first || (argc > 2 && sum != first_sum)) {
			printf("opener %d reads %zu bytes, the first one %zu\n", i, bytes, first);
			return 1;
		}
	}
	printf("%zu\n", first);
	return 0;
}

/* ---- the parts ------------------------------------------------------------------------------ */

static const struct {
	const char *name, *args, *help;
	int (*run)(int argc, char **argv);
} parts[] = {
	{ "garbage", "FILE", "write what makes no sense; print what came of it", garbage },
	{ "same", "FILE...", "succeed if each is the same, however it is read", same },
	{ "edges", "EVENTS", "print what the file says to odd reads and writes", edges },
	{ "events", "[-b BYTES] [-p PAUSE_MS] [-n] EVENTS [LINE]...",
	  "write LINEs, read until SIGTERM (-n: to the end), print the books", events },
	{ "openers", "FILE [N [same]]", "print the bytes that N openers at a time read", openers },
};

int main(int argc, char **argv)
{
	size_t i, n = sizeof(parts) / sizeof(*parts);

	for (i = 0; i < n && argc > 2; i++)
		if (!strcmp(parts[i].name, argv[1]))
			return parts[i].run(argc - 2, argv + 2);
	for (i = 0; i < n; i++)
		fprintf(stderr, "files %s %s: %s\n", parts[i].name, parts[i].args, parts[i].help);
	return 2;
}
