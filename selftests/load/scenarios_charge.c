// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of memory that is pinned for devices and sockets, or kept secret,
 * and charged to the user or to VmPin: io_uring, perf, AF_XDP, MSG_ZEROCOPY,
 * memfd_secret. The limit is 16 pages unless a scenario says otherwise.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_xdp.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

#ifndef AF_XDP
#define AF_XDP 44
#endif
#ifndef SOL_XDP
#define SOL_XDP 283
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif
#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY 60
#endif
#define OVER(op, error) ROW(op, error, OVER_LIMIT, 0)

/* A huge page would be charged whole. */
static void *small_pages(size_t n)
{
	void *p = map_pages(n, RW);

	madvise(p, n * page, MADV_NOHUGEPAGE);
	memset(p, 1, n * page);
	return p;
}

/* ---- io_uring --------------------------------------------------------------- */

int setup_ring(void)
{
	struct io_uring_params params = { 0 };

	return syscall(SYS_io_uring_setup, 4, &params);
}

bool buffer_fits(int ring, size_t pages)
{
	struct iovec buffer = { small_pages(pages), pages * page };

	return !syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &buffer, 1);
}

#define NO_RING 255

/* By a user of its own: some kernels (6.18, not 7.3) charge the rings themselves. */
static size_t ring_pages(void)
{
	const size_t limit = 16;
	pid_t child = fork();
	int status, ring;

	if (!child) {
		user_id = FIRST_UID + getpid();
		drop_to_user(limit * page, limit * page);
		ring = setup_ring();
		/* Before 5.12 they were, too, but to VmLck. */
		if (ring < 0 || vmlck())
			_exit(NO_RING);
		for (size_t n = limit; n; n--)
			if (buffer_fits(ring, n))
				_exit(limit - n);
		_exit(NO_RING);
	}
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		die("ring_pages");
	return WEXITSTATUS(status);
}

static const char *no_io_uring(void)
{
	return ring_pages() == NO_RING ?
		       "no io_uring for users, or one that charges its rings to vmlck" : NULL;
}

static int new_ring(size_t pages)
{
	int fd = setup_ring();

	if (fd < 0)
		die("io_uring_setup");
	if (pages)
		log_charge(MLOCKTRACE_OP_IO_URING, MLOCKTRACE_COUNTER_USER, 0, pages);
	else
		log_skip_rows(1);
	return fd;
}

/* A kernel thread gives all of it back. */
static void close_ring(int fd, size_t pages)
{
	close(fd);
	expect_pages_pinned(0);
	sleep(1);
	if (pages)
		log_release(MLOCKTRACE_OP_IO_URING, MLOCKTRACE_COUNTER_USER, BY_ANYONE, pages);
	else
		log_skip_rows(1);
}

static void register_buffer(int ring, size_t pages)
{
	long ret = buffer_fits(ring, pages) ? 0 : -errno;

	log_charge(MLOCKTRACE_OP_IO_URING, MLOCKTRACE_COUNTER_USER, ret, pages);
}

static long unregister(int ring)
{
	return syscall(SYS_io_uring_register, ring, IORING_UNREGISTER_BUFFERS, NULL, 0) ? -errno : 0;
}

static void unregister_buffer(int ring, size_t pages)
{
	if (unregister(ring))
		die("IORING_UNREGISTER_BUFFERS");
	log_release(MLOCKTRACE_OP_IO_URING, MLOCKTRACE_COUNTER_USER, BY_CALLER, pages);
}

static void ring_buffers(void)
{
	size_t of_ring = ring_pages();
	int first, second;

	become_user(16 + 2 * of_ring);
	first = new_ring(of_ring);
	second = new_ring(of_ring);
	register_buffer(first, 10);
	expect_pages_pinned(10);
	register_buffer(second, 7);
	register_buffer(second, 6);
	expect_pages_pinned(16);
	unregister_buffer(second, 6);
	close_ring(first, 10 + of_ring);
	register_buffer(second, 16 + of_ring);
	unregister_buffer(second, 16 + of_ring);
	close_ring(second, of_ring);
	expect_pages_locked(0);
}

/*
 * What counts is the capability at the time when the ring was made. VmPin moves
 * without a test against the limit, and by 7.3 not at all.
 */
static void capable_ring(void)
{
	int ring = setup_ring();
	int64_t before;
	long ret;

	become_user(16);
	before = vmpin_pages();
	ret = buffer_fits(ring, 32) ? 0 : -errno;
	if (!ret && vmpin_pages() == before) {
		log_skip_rows(2);
		return;
	}
	log_pinned(MLOCKTRACE_OP_IO_URING, ret, before);
	before = vmpin_pages();
	log_pinned(MLOCKTRACE_OP_IO_URING, unregister(ring), before);
}

/* ---- perf ------------------------------------------------------------------- */

static int open_event(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_DUMMY,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static long read_number(const char *file)
{
	char text[32] = "";
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 1)
		die(file);
	close(fd);
	return atol(text);
}

static void *map_ring(int event, size_t pages)
{
	void *p = mmap(NULL, pages * page, RW, MAP_SHARED, event, 0);

	log_charge(MLOCKTRACE_OP_PERF_MMAP, MLOCKTRACE_COUNTER_PERF, p == MAP_FAILED ? -errno : 0, pages);
	return p;
}

static void unmap_ring(void *ring, size_t pages)
{
	if (munmap(ring, pages * page))
		die("munmap");
	log_release(MLOCKTRACE_OP_PERF_MMAP, MLOCKTRACE_COUNTER_PERF, BY_CALLER, pages);
}

/*
 * The pool is a gift to each user. A ring is a page and a power of two; the
 * largest that fits into the pool is more than half of it, so the second one of
 * that size has a part in VmPin, and a limit of just this part refuses a third.
 */
static void perf_rings(void)
{
	size_t pool = read_number("/proc/sys/kernel/perf_event_mlock_kb") * KIB / page *
		      sysconf(_SC_NPROCESSORS_ONLN);
	size_t ring = 1, in_vmpin;
	int events[3];
	void *rings[2];

	while (1 + 2 * ring <= pool)
		ring *= 2;
	ring++;
	in_vmpin = 2 * ring - pool;
	for (int i = 0; i < 3; i++)
		events[i] = open_event();
	become_user(in_vmpin);
	rings[0] = map_ring(events[0], ring);
	expect_pages_pinned(0);
	rings[1] = map_ring(events[1], ring);
	expect_pages_pinned(in_vmpin);
	map_ring(events[2], 2);
	unmap_ring(rings[1], ring);
	expect_pages_pinned(0);
	unmap_ring(rings[0], ring);
	expect_pages_locked(0);
}

static const char *no_perf(void)
{
	int fd = open_event();

	if (fd < 0)
		return "no perf events";
	close(fd);
	if (read_number("/proc/sys/kernel/perf_event_mlock_kb") * KIB < 2 * page)
		return "no pool for perf rings";
	return read_number("/proc/sys/kernel/perf_event_paranoid") < 0 ?
		       "kernel.perf_event_paranoid switches the limit off" : NULL;
}

/* ---- AF_XDP ----------------------------------------------------------------- */

static int xdp_socket(void)
{
	int fd = socket(AF_XDP, SOCK_RAW, 0);

	if (fd < 0)
		die("AF_XDP");
	return fd;
}

static void register_umem(int fd, size_t pages)
{
	struct xdp_umem_reg umem = {
		.addr = (unsigned long)small_pages(pages), .len = pages * page, .chunk_size = page,
	};
	int ret = setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem));

	log_charge(MLOCKTRACE_OP_XDP_UMEM, MLOCKTRACE_COUNTER_USER, ret ? -errno : 0, 0);
}

/* A kernel thread gives it back, some time after the socket was closed. */
static void close_umem(int fd)
{
	close(fd);
	sleep(1);
	log_release(MLOCKTRACE_OP_XDP_UMEM, MLOCKTRACE_COUNTER_USER, BY_ANYONE, 0);
}

static void umem_over(void)
{
	int first, second;

	drop_to_net_raw(16);
	first = xdp_socket();
	second = xdp_socket();
	register_umem(first, 10);
	register_umem(second, 7);
	register_umem(second, 6);
	close_umem(first);
	first = xdp_socket();
	register_umem(first, 10);
	close_umem(first);
	close_umem(second);
}

static const char *no_xdp(void)
{
	int fd = socket(AF_XDP, SOCK_RAW, 0);

	if (fd < 0)
		return "no AF_XDP";
	close(fd);
	return NULL;
}

/* ---- MSG_ZEROCOPY ----------------------------------------------------------- */

/* Both ends of a connection in a network of its own, where the loopback must be brought up. */
static void connect_over_loopback(int ends[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	socklen_t size = sizeof(address);
	int listener, one = 1;

	if (unshare(CLONE_NEWNET))
		die("unshare");
	listener = socket(AF_INET, SOCK_STREAM, 0);
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (ioctl(listener, SIOCSIFFLAGS, &lo) || bind(listener, (void *)&address, size) ||
	    listen(listener, 1) || getsockname(listener, (void *)&address, &size) ||
	    connect(ends[0], (void *)&address, size))
		die("loopback");
	ends[1] = accept(listener, NULL, NULL);
	if (ends[1] < 0 || setsockopt(ends[0], SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)))
		die("SO_ZEROCOPY");
	close(listener);
}

static void drain(int fd, size_t bytes)
{
	static char into[4096];
	ssize_t n;

	for (; bytes; bytes -= n) {
		n = read(fd, into, bytes < sizeof(into) ? bytes : sizeof(into));
		if (n <= 0)
			die("read");
	}
}

/* The kernel counts two pages more than the data could touch. */
static void send_zerocopy(int ends[2], char *data, size_t pages)
{
	long sent = send(ends[0], data, pages * page, MSG_ZEROCOPY);
	struct pollfd done = { .fd = ends[0], .events = 0 };

	log_charge(MLOCKTRACE_OP_ZEROCOPY, MLOCKTRACE_COUNTER_USER, sent < 0 ? -errno : 0, 0);
	if (sent < 0)
		return;
	drain(ends[1], sent);
	/* Its end is told as an error, on a queue of its own. */
	if (sent != (long)(pages * page) || poll(&done, 1, 10000) != 1 || done.revents != POLLERR)
		complain("send: %ld bytes, then 0x%x", sent, done.revents);
	recvmsg(ends[0], &(struct msghdr) { 0 }, MSG_ERRQUEUE);
	log_release(MLOCKTRACE_OP_ZEROCOPY, MLOCKTRACE_COUNTER_USER, BY_ANYONE, 0);
}

static void zerocopy_over(void)
{
	char *data = small_pages(16);
	int ends[2];

	connect_over_loopback(ends);
	become_user(16);
	send_zerocopy(ends, data, 15);
	send_zerocopy(ends, data, 14);
	send_zerocopy(ends, data, 2);
	send_zerocopy(ends, data, 14);
}

/* ---- memfd_secret ----------------------------------------------------------- */

static int secret_file(size_t pages)
{
	int fd = syscall(SYS_memfd_secret, 0);

	if (fd >= 0 && ftruncate(fd, pages * page))
		die("ftruncate");
	return fd;
}

static void secret_is_mapped(void)
{
	int fd;
	char *p;

	become_user(16);
	fd = secret_file(32);
	p = call_mmap(NULL, 10 * page, RW, MAP_SHARED, fd);
	call_mmap(NULL, 7 * page, RW, MAP_SHARED, fd);
	/* Locked it is for good. */
	munlock(p, 10 * page);
	expect_pages_locked(10);
	call_munmap(p, 10 * page);
}

static void touch_secret(char *p)
{
	struct log_row row = {
		.op = MLOCKTRACE_OP_SECRETMEM, .counter = MLOCKTRACE_COUNTER_USER,
		.addr = (unsigned long)p, .len = page, .asked = page,
		.unsaid = UNSAID_STATE | UNSAID_LEN | UNSAID_ASKED,
	};

	/* SIGBUS has no errno. */
	if (!touch(p)) {
		row.ret = -ENOMEM;
		row.unsaid |= UNSAID_ERRNO;
	}
	log_row(&row);
}

static void secret_is_touched(void)
{
	char *p;
	int fd;

	become_user(3);
	fd = secret_file(8);
	p = mmap(NULL, 8 * page, RW, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die("memfd_secret");
	expect_pages_locked(0);
	for (int i = 0; i < 4; i++)
		touch_secret(p + i * page);
	/* These are there. */
	touch(p);
	munmap(p, 8 * page);
	close(fd);
	log_release(MLOCKTRACE_OP_SECRETMEM, MLOCKTRACE_COUNTER_USER, BY_CALLER, 0);
}

/* It counts as if it were locked, and only its end ends that. */
static void secret_of_armed(void)
{
	int fd;
	char *p;

	become_user(16);
	fd = secret_file(4);
	call(MLOCKTRACE_OP_MLOCKALL, NULL, 0, MCL_FUTURE);
	p = call_mmap(NULL, 4 * page, RW, MAP_SHARED, fd);
	call_munlock(p, 4 * page);
	call(MLOCKTRACE_OP_MUNLOCKALL, NULL, 0, 0);
	call_munmap(p, 4 * page);
}

static const char *no_secret(void)
{
	int fd = secret_file(1);

	if (fd < 0)
		return "no memfd_secret (boot with secretmem.enable=1)";
	close(fd);
	return NULL;
}

static const char *secret_counts(int64_t pages)
{
	int fd = secret_file(1);
	int64_t before = vmlck();
	bool same;
	void *p;

	if (fd < 0)
		return no_secret();
	p = mmap(NULL, page, RW, MAP_SHARED, fd, 0);
	same = vmlck() - before == pages * (int64_t)page;
	munmap(p, page);
	close(fd);
	return same ? NULL : "this kernel charges memfd_secret in another way";
}

static const char *not_locked_by_mmap(void)
{
	return secret_counts(1);
}

static const char *not_charged_by_page(void)
{
	return secret_counts(0);
}

const struct scenario charge_scenarios[] = {
	{ "ring_buffers_are_charged", "io_uring: register, over the limit, unregister, close", 0,
	  ring_buffers, no_io_uring, {
		ROW(IO_URING, 0, OK, ANY), ROW(IO_URING, 0, OK, ANY), ROW(IO_URING, 0, OK, 10),
		OVER(IO_URING, ENOMEM), ROW(IO_URING, 0, OK, 6), ROW(IO_URING, 0, OK, -6),
		ROW(IO_URING, 0, OK, ANY), ROW(IO_URING, 0, OK, ANY), ROW(IO_URING, 0, OK, ANY),
		ROW(IO_URING, 0, OK, ANY) } },
	{ "ring_made_with_capability", "charges no user, but VmPin", NEEDS_IPC_LOCK,
	  capable_ring, no_io_uring, { ROW(IO_URING, 0, OK, 32), ROW(IO_URING, 0, OK, -32) } },
	{ "perf_rings_use_the_pool_then_vmpin", "in the pool, half in it, beyond it", 0,
	  perf_rings, no_perf, {
		ROW(PERF_MMAP, 0, OK, ANY), ROW(PERF_MMAP, 0, OK, ANY), OVER(PERF_MMAP, EPERM),
		ROW(PERF_MMAP, 0, OK, ANY), ROW(PERF_MMAP, 0, OK, ANY) } },
	{ "umem_of_sockets_is_charged", "AF_XDP with CAP_NET_RAW only", 0, umem_over, no_xdp, {
		ROW(XDP_UMEM, 0, OK, 10), OVER(XDP_UMEM, ENOBUFS), ROW(XDP_UMEM, 0, OK, 6),
		ROW(XDP_UMEM, 0, OK, -10), ROW(XDP_UMEM, 0, OK, 10), ROW(XDP_UMEM, 0, OK, -10),
		ROW(XDP_UMEM, 0, OK, -6) } },
	{ "zerocopy_is_charged_under_way", "MSG_ZEROCOPY of 15, 14, 2 and 14 pages", 0,
	  zerocopy_over, NULL, {
		OVER(ZEROCOPY, ENOBUFS), ROW(ZEROCOPY, 0, OK, 16), ROW(ZEROCOPY, 0, OK, -16),
		ROW(ZEROCOPY, 0, OK, 4), ROW(ZEROCOPY, 0, OK, -4), ROW(ZEROCOPY, 0, OK, 16),
		ROW(ZEROCOPY, 0, OK, -16) } },
	{ "secret_memory_is_locked_by_mmap", "memfd_secret as it was", 0,
	  secret_is_mapped, not_locked_by_mmap, {
		ROW(MMAP, 0, OK, 10), OVER(MMAP, EAGAIN), ROW(MUNMAP, 0, OK, -10) } },
	{ "secret_memory_is_charged_by_page", "memfd_secret of newer kernels: SIGBUS at the limit", 0,
	  secret_is_touched, not_charged_by_page, {
		ROW(SECRETMEM, 0, OK, 1), ROW(SECRETMEM, 0, OK, 1), ROW(SECRETMEM, 0, OK, 1),
		OVER(SECRETMEM, ENOMEM), ROW(SECRETMEM, 0, OK, -3) } },
	{ "secret_memory_of_an_armed_process", "is locked until it is unmapped", 0,
	  secret_of_armed, no_secret, {
		ROW(MLOCKALL, 0, OK, 0), ROW(MMAP, 0, OK, 4), ROW(MUNLOCK, 0, OK, 0),
		ROW(MUNLOCKALL, 0, OK, 0), ROW(MUNMAP, 0, OK, -4) } },
	{ NULL, NULL, 0, NULL, NULL, { { 0 } } }
};
