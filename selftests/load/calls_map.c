// SPDX-License-Identifier: GPL-2.0
/*
 * The calls that lock and unlock by the way, each with a line in the log. A
 * scenario makes a call through these only if it must leave a record: it moves
 * VmLck, or is refused where locking was involved. All others it makes by
 * itself, and the test fails on a record of them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workload.h"

#ifdef SYS_mmap2
#define MMAP SYS_mmap2
#else
#define MMAP SYS_mmap
#endif

static size_t whole_pages(size_t len)
{
	return (len + page - 1) / page * page;
}

void expect_pages_locked(int64_t pages)
{
	int64_t now = vmlck();

	if (now != pages * (int64_t)page)
		complain("behind row %u: VmLck is %lld bytes, expected %lld", log_position(),
			 (long long)now, (long long)(pages * (int64_t)page));
}

/* ---- mmap, munmap, mremap, shmat: an address or NULL ------------------------ */

static char *answer_address(struct log_row *row, long ret)
{
	row->ret = ret == -1 ? -errno : 0;
	row->after = vmlck();
	if (!row->ret)
		row->addr = ret;
	log_row(row);
	return row->ret ? NULL : (char *)ret;
}

char *call_mmap(void *hint, size_t len, int prot, int flags, int fd)
{
	struct log_row row = {
		.op = MLOCKTRACE_OP_MMAP, .addr = (unsigned long)hint, .len = len,
		.arg = (unsigned int)flags, .asked = whole_pages(len),
	};

	row.before = vmlck();
	return answer_address(&row, syscall(MMAP, hint, len, prot, flags, fd, 0));
}

char *call_mmap_anonymous(void *hint, size_t pages, int flags)
{
	return call_mmap(hint, pages * page, RW, flags | MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

long call_munmap(void *addr, size_t len)
{
	struct log_row row = {
		.op = MLOCKTRACE_OP_MUNMAP, .addr = (unsigned long)addr, .len = len,
		.unsaid = UNSAID_ASKED,
	};

	row.before = vmlck();
	row.ret = syscall(SYS_munmap, addr, len) ? -errno : 0;
	row.after = vmlck();
	log_row(&row);
	return row.ret;
}

char *call_mremap(enum mapping is, void *old, size_t old_len, size_t len, int flags, void *to)
{
	struct log_row row = {
		.op = MLOCKTRACE_OP_MREMAP, .addr = (unsigned long)old, .len = len,
		.arg = flags, .where = (unsigned long)old,
	};

	if (is == LOCKED && len > old_len)
		row.asked = whole_pages(len) - whole_pages(old_len);
	row.before = vmlck();
	return answer_address(&row, syscall(SYS_mremap, old, old_len, len, flags, to));
}

/* Neither of these two says a length; what flags the kernel maps with is its own affair. */
char *call_shmat(int id, size_t len)
{
	struct log_row row = {
		.op = MLOCKTRACE_OP_MMAP, .len = len, .asked = whole_pages(len),
		.unsaid = UNSAID_LEN | UNSAID_ARG,
	};

	row.before = vmlck();
	return answer_address(&row, syscall(SYS_shmat, id, NULL, 0));
}

void call_shmdt(void *addr)
{
	struct log_row row = {
		.op = MLOCKTRACE_OP_MUNMAP, .addr = (unsigned long)addr,
		.unsaid = UNSAID_LEN | UNSAID_ASKED,
	};

	row.before = vmlck();
	row.ret = syscall(SYS_shmdt, addr) ? -errno : 0;
	row.after = vmlck();
	log_row(&row);
}

/* ---- brk -------------------------------------------------------------------- */

char *current_break(void)
{
	return (char *)syscall(SYS_brk, 0);
}

/* The kernel answers with the break as it is, so a refusal has no errno. */
bool call_brk(char *to)
{
	struct log_row row = { .op = MLOCKTRACE_OP_BRK };
	unsigned long old_end, new_end;

	old_end = whole_pages((unsigned long)current_break());
	new_end = whole_pages((unsigned long)to);
	row.addr = old_end < new_end ? old_end : new_end;
	row.len = old_end < new_end ? new_end - old_end : old_end - new_end;
	row.asked = old_end < new_end ? row.len : 0;
	row.before = vmlck();
	row.ret = (char *)syscall(SYS_brk, to) == to ? 0 : -ENOMEM;
	row.after = vmlck();
	log_row(&row);
	return !row.ret;
}

/* ---- stacks ----------------------------------------------------------------- */

/* The kernel keeps 256 pages free between a stack and what is below. */
char *stack_room(void)
{
	size_t room = 1024 * page;
	char *p = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED || munmap(p, room))
		die("mmap");
	return p + room;
}

char *map_stack(char *end, size_t pages, int flags)
{
	return call_mmap_anonymous(end - pages * page, pages, MAP_FIXED | MAP_GROWSDOWN | flags);
}

/* Start of the lowest mapping that ends behind that address: its own, if it has one. */
char *stack_start(const void *inside)
{
	static char text[1 << 16];
	unsigned long start, end;
	size_t n = 0;
	ssize_t got;
	char *at;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && (got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += got;
	close(fd);
	text[n] = '\0';
	for (at = text; sscanf(at, "%lx-%lx", &start, &end) == 2; at = strchr(at, '\n') + 1)
		if (end > (unsigned long)inside)
			return (char *)start;
	errno = ENOENT;
	die("no stack");
}

static sigjmp_buf before_fault;

static void on_fault(int signal)
{
	siglongjmp(before_fault, signal);
}

/* The handler needs a stack of its own: where there was to be one there is none. */
bool touch(void *addr)
{
	static char handler_stack[1 << 16];
	stack_t stack = { .ss_sp = handler_stack, .ss_size = sizeof(handler_stack) };
	struct sigaction segv, bus, action = { .sa_handler = on_fault, .sa_flags = SA_ONSTACK };
	bool done;

	if (sigaltstack(&stack, NULL) || sigaction(SIGSEGV, &action, &segv) ||
	    sigaction(SIGBUS, &action, &bus))
		die("sigaltstack");
	done = !sigsetjmp(before_fault, 1);
	if (done)
		*(volatile char *)addr = 1;
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return done;
}

bool call_touch(char *start, size_t pages_below)
{
	struct log_row row = {
		.op = MLOCKTRACE_OP_STACK, .addr = (unsigned long)start - pages_below * page,
		.len = pages_below * page, .asked = pages_below * page,
	};

	row.before = vmlck();
	row.ret = touch((char *)row.addr) ? 0 : -ENOMEM;
	row.after = vmlck();
	log_row(&row);
	return !row.ret;
}
