// SPDX-License-Identifier: GPL-2.0
/*
 * The log of the workload: what was expected, what the kernel answered, what
 * /proc showed. Nothing here allocates or touches new stack, because under
 * mlockall() that would itself change the figures.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "counters.h"
#include "workload.h"

#define NAME(id, TAG, name, ...) [id] = name,
#define MLT_OP NAME
static const char *const op_names[] = {
#include <mlocktrace/events.def>
};
#define MLT_COUNTER NAME
static const char *const counter_names[] = {
#include <mlocktrace/events.def>
};
#define MLT_CAUSE NAME
static const char *const cause_names[] = {
#include <mlocktrace/events.def>
};

static int log_fd = STDOUT_FILENO;
static const struct scenario *current;
static bool check_rows;
static unsigned int next_row;
static int failures;

const char *op_name(unsigned int op)
{
	return op ? op_names[op] : "quiet";
}

const char *cause_name(unsigned int cause)
{
	return cause == NOT_THE_LIMIT ? "not_the_limit" : cause_names[cause];
}

bool log_open(const char *path)
{
	log_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
	return log_fd >= 0;
}

void log_scenario(const struct scenario *s, bool checked)
{
	current = s;
	check_rows = checked;
	next_row = 0;
	failures = 0;
}

void complain(const char *fmt, ...)
{
	static char text[400];
	va_list args;
	int n;

	n = snprintf(text, sizeof(text), "workload: %s: ", current ? current->name : "-");
	va_start(args, fmt);
	n += vsnprintf(text + n, sizeof(text) - n, fmt, args);
	va_end(args);
	if (n > (int)sizeof(text) - 2)
		n = sizeof(text) - 2;
	text[n++] = '\n';
	if (write(STDERR_FILENO, text, n) < 0)
		_exit(3);
	failures++;
}

void die(const char *what)
{
	complain("%s: %s", what, strerror(errno));
	_exit(3);
}

#define FIELD 24

static __attribute__((format(printf, 3, 0))) void say(char *field, bool unsaid, const char *as,
						      unsigned long long value)
{
	if (unsaid)
		strcpy(field, "-");
	else
		snprintf(field, FIELD, as, value);
}

struct kernel_fields {
	char time[FIELD], uid[FIELD], vmpin[FIELD], user[FIELD], perf[FIELD], shm[FIELD];
};

static const char *counter_of(const struct log_row *r)
{
	return counter_names[r->counter ? r->counter : MLOCKTRACE_COUNTER_VMLCK];
}

static void say_pages(char *field, bool unsaid, long long pages)
{
	bool none = unsaid || pages == NO_COUNTER;

	say(field, none, "%lld", none ? 0 : pages * (long long)page);
}

/*
 * Whose counters: the user's whom the scenario is about, also when root does something
 * to him. A change of limits moves none, and a child's are not ours.
 */
static void read_kernel(const struct log_row *r, struct kernel_fields *f)
{
	uid_t uid = user_id == NOBODY ? getuid() : user_id;
	unsigned long long start = now_ns();
	struct counters counters = { 0 };
	bool unread = !counters_are_read() || r->op == MLOCKTRACE_OP_SETRLIMIT || r->pid != getpid();

	if (!unread)
		counters_read(uid, &counters);
	say(f->time, unread, "%llu", start);
	say(f->uid, unread, "%llu", uid);
	say_pages(f->vmpin, unread, counters.vmpin);
	say_pages(f->user, unread, counters.user);
	say_pages(f->perf, unread, counters.perf);
	say_pages(f->shm, unread, counters.shm);
}

/* One write per line: several processes append to the same file. */
static void put_line(const struct log_row *r, const struct expected *want)
{
	static __thread char line[800];
	static __thread struct kernel_fields kernel;
	static __thread char tid[FIELD], addr[FIELD], len[FIELD], arg[FIELD], ret[FIELD],
		before[FIELD], after[FIELD], asked[FIELD], where[FIELD], time[FIELD], delta[FIELD];
	bool no_state = r->unsaid & UNSAID_STATE;
	int64_t moved = r->after - r->before;
	int n;

	if (no_state && want->delta_pages != ANY)
		moved = want->delta_pages * (int64_t)page;
	say(tid, r->unsaid & UNSAID_ACTOR, "%llu", r->tid);
	say(addr, r->unsaid & UNSAID_ADDR, "0x%llx", r->addr);
	say(len, r->unsaid & UNSAID_LEN, "%llu", r->len);
	say(arg, r->unsaid & UNSAID_ARG, "%llu", r->arg);
	say(ret, r->unsaid & UNSAID_ERRNO, "%lld", r->ret);
	say(before, no_state, "%lld", r->before);
	say(after, no_state, "%lld", r->after);
	say(asked, r->unsaid & UNSAID_ASKED, "%lld", r->asked);
	say(where, !r->where, "0x%llx", r->where);
	say(time, r->unsaid & UNSAID_TIME, "%llu", now_ns());
	say(delta, false, "%lld", moved);
	read_kernel(r, &kernel);
	n = snprintf(line, sizeof(line),
		     "%s\t%d\t%s\t%s%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%llu\t%llu\t%u\t%d\t%s\t%lld\t%s\t%s\t%s\t%s"
		     "\t%s\t%s\t%s\t%s\t%s\t%s\n",
		     current ? current->name : "-", r->pid, tid, op_name(r->op),
		     r->optional ? "?" : "", addr, len, arg, ret, cause_name(want->cause), before,
		     after, (unsigned long long)r->limit, (unsigned long long)r->hard, getuid(),
		     r->target, asked, (long long)(want->overlap_pages * (int64_t)page), where, time,
		     counter_of(r), delta, kernel.time, kernel.uid, kernel.vmpin, kernel.user,
		     kernel.perf, kernel.shm);
	if (write(log_fd, line, n) != n)
		_exit(3);
}

static void fill_ids(struct log_row *row)
{
	if (!row->pid) {
		row->pid = getpid();
		row->tid = syscall(SYS_gettid);
	}
	if (!row->limit && row->op != MLOCKTRACE_OP_SETRLIMIT)
		raw_getrlimit(&row->limit, &row->hard);
}

static void check(const struct log_row *row, const struct expected *want)
{
	int64_t delta = row->after - row->before;

	if (row->op != want->op)
		complain("row %u: made %s, the table has %s", next_row, op_name(row->op),
			 op_name(want->op));
	if (row->ret != -want->error)
		complain("row %u: %s = %ld (%s), expected %d (%s)", next_row, op_name(row->op),
			 row->ret, strerror(-row->ret), -want->error, strerror(want->error));
	if (want->delta_pages != ANY && !(row->unsaid & UNSAID_STATE) &&
	    delta != want->delta_pages * (int64_t)page)
		complain("row %u: %s moved %s by %lld bytes, expected %lld", next_row,
			 op_name(row->op), counter_of(row), (long long)delta,
			 (long long)(want->delta_pages * (int64_t)page));
}

void log_row(struct log_row *row)
{
	static const struct expected end;
	const struct expected *want = &end;

	fill_ids(row);
	if (current && next_row < MAX_ROWS)
		want = &current->rows[next_row];
	if (!want->op) {
		if (current && check_rows)
			complain("row %u: %s is not in the table", next_row, op_name(row->op));
		log_unexpected(row);
		return;
	}
	if (check_rows)
		check(row, want);
	next_row++;
	put_line(row, want);
}

void log_unexpected(struct log_row *row)
{
	const struct expected nothing = {
		.cause = row->ret ? MLOCKTRACE_CAUSE_OTHER : MLOCKTRACE_CAUSE_OK,
		.delta_pages = ANY,
	};

	fill_ids(row);
	put_line(row, &nothing);
}

void log_quiet(void)
{
	struct log_row row = {
		.unsaid = UNSAID_ADDR | UNSAID_LEN | UNSAID_ARG | UNSAID_ASKED | UNSAID_STATE | UNSAID_TIME,
	};

	if (!counters_are_read())
		return;
	/* What gives something back, the tracer takes as an occasion to look at it. */
	close(-1);
	log_unexpected(&row);
}

void log_child(pid_t child, enum mlocktrace_op op, const void *addr, size_t len, long ret,
	       int64_t before, int64_t after)
{
	struct log_row row = {
		.op = op, .pid = child, .tid = child, .addr = (unsigned long)addr, .len = len,
		.asked = len, .ret = ret, .before = before, .after = after,
		.unsaid = UNSAID_TIME,
	};

	log_row(&row);
}

void log_skip_rows(unsigned int n)
{
	next_row += n;
}

unsigned int log_position(void)
{
	return next_row;
}

bool log_all_rows_seen(void)
{
	return !check_rows || !current || next_row >= MAX_ROWS || !current->rows[next_row].op;
}

int log_failures(void)
{
	return failures;
}

static int64_t status_file_bytes(const char *file, const char *key)
{
	static __thread char text[4096];
	ssize_t n;
	char *at;
	int fd;

	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(file);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, key);
	if (!at) {
		errno = ENODATA;
		die(key);
	}
	/* A counter below 0 is shown as if it had no sign: this overflows back to it. */
	return (uint64_t)strtoull(at + strlen(key), NULL, 10) * 1024;
}

int64_t status_bytes(const char *key)
{
	return status_file_bytes("/proc/self/status", key);
}

int64_t vmlck(void)
{
	return status_bytes("VmLck:");
}

int64_t vmlck_of(pid_t pid)
{
	char file[32];

	snprintf(file, sizeof(file), "/proc/%d/status", pid);
	return status_file_bytes(file, "VmLck:");
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

void *map_pages(size_t n, int prot)
{
	void *p = mmap(NULL, n * page, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

void *map_with_guards(size_t n)
{
	char *p = map_pages(n + 2, PROT_READ | PROT_WRITE);

	munmap(p, page);
	munmap(p + (n + 1) * page, page);
	return p + page;
}
