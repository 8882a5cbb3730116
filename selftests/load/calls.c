// SPDX-License-Identifier: GPL-2.0
/*
 * The calls under test. They are made without the C library, so that the
 * arguments reach the kernel as written, a stack starts in the function that
 * makes the call, and a 32-bit build uses the 32-bit entry.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workload.h"

#ifndef __NR_mlock2
#error "mlock2 needs the kernel headers of 4.4"
#endif

size_t page = 4096;

/* Inlined for good: a stack test expects the caller itself as its first frame. */
static inline __attribute__((always_inline)) long kernel(long nr, unsigned long a, unsigned long b,
							  unsigned long c, unsigned long d)
{
#if defined(__x86_64__)
	register unsigned long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__i386__)
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d)
			 : "memory");
	return ret;
#else
	long ret = syscall(nr, a, b, c, d);

	return ret < 0 ? -errno : ret;
#endif
}

__attribute__((noinline)) long raw_call(enum mlocktrace_op op, unsigned long addr,
					unsigned long len, unsigned long arg)
{
	/* Else a leaf gets no frame, and its caller is missing from the stack. */
	__asm__ volatile("" : : "r"(__builtin_frame_address(0)));
	switch ((int)op) {
	case MLOCKTRACE_OP_MLOCK:
		return kernel(__NR_mlock, addr, len, 0, 0);
	case MLOCKTRACE_OP_MLOCK2:
		return kernel(__NR_mlock2, addr, len, arg, 0);
	case MLOCKTRACE_OP_MUNLOCK:
		return kernel(__NR_munlock, addr, len, 0, 0);
	case MLOCKTRACE_OP_MLOCKALL:
		return kernel(__NR_mlockall, arg, 0, 0, 0);
	case MLOCKTRACE_OP_MUNLOCKALL:
		return kernel(__NR_munlockall, 0, 0, 0, 0);
	}
	return -ENOSYS;
}

long raw_prlimit(pid_t pid, uint64_t soft, uint64_t hard)
{
	uint64_t limit[2] = { soft, hard };

	return kernel(__NR_prlimit64, (unsigned long)pid, RLIMIT_MEMLOCK, (unsigned long)limit, 0);
}

void raw_getrlimit(uint64_t *soft, uint64_t *hard)
{
	uint64_t limit[2] = { 0, 0 };

	kernel(__NR_prlimit64, 0, RLIMIT_MEMLOCK, 0, (unsigned long)limit);
	*soft = limit[0];
	*hard = limit[1];
}

static size_t asked_bytes(enum mlocktrace_op op, unsigned long addr, unsigned long len)
{
	switch ((int)op) {
	case MLOCKTRACE_OP_MLOCK:
	case MLOCKTRACE_OP_MLOCK2:
	case MLOCKTRACE_OP_MUNLOCK:
		return (len + addr % page + page - 1) / page * page;
	case MLOCKTRACE_OP_MLOCKALL:
		return status_bytes("VmSize:");
	}
	return 0;
}

long call(enum mlocktrace_op op, const void *addr, size_t len, unsigned long arg)
{
	struct log_row row = {
		.op = op, .addr = (unsigned long)addr, .len = len, .arg = arg,
	};

	raw_getrlimit(&row.limit, &row.hard);
	row.asked = asked_bytes(op, row.addr, len);
	row.before = vmlck();
	row.ret = raw_call(op, row.addr, len, arg);
	row.after = vmlck();
	log_row(&row);
	return row.ret;
}

long call_mlock(const void *addr, size_t len)
{
	return call(MLOCKTRACE_OP_MLOCK, addr, len, 0);
}

long call_munlock(const void *addr, size_t len)
{
	return call(MLOCKTRACE_OP_MUNLOCK, addr, len, 0);
}

long call_setrlimit(pid_t target, uint64_t soft, uint64_t hard)
{
	struct log_row row = {
		.op = MLOCKTRACE_OP_SETRLIMIT, .target = target, .limit = soft, .hard = hard,
	};

	row.before = vmlck();
	row.ret = raw_prlimit(target, soft, hard);
	row.after = vmlck();
	log_row(&row);
	return row.ret;
}
