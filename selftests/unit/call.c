// SPDX-License-Identifier: GPL-2.0
/*
 * What happened by the way, written as a call: the forms, the system call
 * around it, and the process that it was done to.
 */
#include <sys/mman.h>

#include "format.h"
#include "ktap.h"
#include "sample.h"
#include "verdict.h"

#define F(TAG) MLOCKTRACE_F_##TAG

static const char *call(const struct mlocktrace_event *event)
{
	static char text[256];
	struct mlt_buf buf = { 0 };

	mlt_call_text(&buf, event);
	snprintf(text, sizeof(text), "%.*s", (int)buf.used, buf.data);
	mlt_buf_free(&buf);
	return text;
}

static struct mlocktrace_event in(unsigned int op, int sysno, uint64_t len)
{
	struct mlocktrace_event event = sample(op);

	event.sysno = sysno;
	event.len = event.asked = len;
	event.after = len;
	return event;
}

static void mappings_show_the_flags_that_matter(void)
{
	struct mlocktrace_event event = in(MLOCKTRACE_OP_MMAP, 9, 16 * M);

	event.arg = MAP_PRIVATE | MAP_ANONYMOUS;
	check_text(call(&event), "mmap(0x7f12a4000000, 16.0M)");
	event.arg |= MAP_LOCKED;
	event.flags = F(MAP_LOCKED);
	check_text(call(&event), "mmap(0x7f12a4000000, 16.0M, MAP_LOCKED)");
	event.arg |= MAP_FIXED;
	check_text(call(&event), "mmap(0x7f12a4000000, 16.0M, MAP_LOCKED|MAP_FIXED)");
	event.flags = 0;
	check_text(call(&event), "mmap(0x7f12a4000000, 16.0M, MAP_FIXED)");
	event.sysno = 16;
	check_text(call(&event), "mmap(0x7f12a4000000, 16.0M, in ioctl)");
}

static void calls_that_map_go_by_their_own_name(void)
{
	static const struct {
		uint8_t op;
		bool compat;
		int sysno;
		const char *text;
	} cases[] = {
		{ MLOCKTRACE_OP_MMAP, false, 30, "shmat(0x7f12a4000000, 64K)" },
		{ MLOCKTRACE_OP_MMAP, false, 206, "io_setup(0x7f12a4000000, 64K)" },
		{ MLOCKTRACE_OP_MMAP, false, 216, "remap_file_pages(0x7f12a4000000, 64K)" },
		{ MLOCKTRACE_OP_MMAP, true, 192, "mmap(0x7f12a4000000, 64K)" },
		{ MLOCKTRACE_OP_MMAP, true, 90, "mmap(0x7f12a4000000, 64K)" },
		{ MLOCKTRACE_OP_MMAP, true, 117, "shmat(0x7f12a4000000, 64K)" },
		{ MLOCKTRACE_OP_MMAP, true, 397, "shmat(0x7f12a4000000, 64K)" },
		{ MLOCKTRACE_OP_MMAP, true, 9, "mmap(0x7f12a4000000, 64K, in link)" },
		{ MLOCKTRACE_OP_MUNMAP, false, 11, "munmap(0x7f12a4000000, 64K)" },
		{ MLOCKTRACE_OP_MUNMAP, false, 67, "shmdt(0x7f12a4000000, 64K)" },
		{ MLOCKTRACE_OP_MUNMAP, false, 59, "munmap(0x7f12a4000000, 64K, in execve)" },
		{ MLOCKTRACE_OP_MUNMAP, true, 91, "munmap(0x7f12a4000000, 64K)" },
		{ MLOCKTRACE_OP_MUNMAP, true, 117, "shmdt(0x7f12a4000000, 64K)" },
		{ MLOCKTRACE_OP_MUNMAP, true, 398, "shmdt(0x7f12a4000000, 64K)" },
		{ MLOCKTRACE_OP_BRK, false, 12, "brk(+64K at 0x7f12a4000000)" },
		{ MLOCKTRACE_OP_BRK, true, 45, "brk(+64K at 0x7f12a4000000)" },
		{ MLOCKTRACE_OP_MREMAP, true, 163, "mremap(0x0, 0 -> 64K at 0x7f12a4000000)" },
		{ MLOCKTRACE_OP_MREMAP, false, 25, "mremap(0x0, 0 -> 64K at 0x7f12a4000000)" },
	};

	for (size_t i = 0; i < KTAP_SIZE(cases); i++) {
		struct mlocktrace_event event = in(cases[i].op, cases[i].sysno, 64 * K);

		event.flags = cases[i].compat ? F(COMPAT) : 0;
		check_text(call(&event), cases[i].text);
	}
}

static void mremap_shows_both_ends(void)
{
	struct mlocktrace_event event = in(MLOCKTRACE_OP_MREMAP, 25, 128 * K);

	event.where = event.addr;
	event.old_len = 64 * K;
	check_text(call(&event), "mremap(0x7f12a4000000, 64K -> 128K)");
	event.addr += 0x1000000;
	event.arg = MREMAP_MAYMOVE | MREMAP_FIXED;
	check_text(call(&event), "mremap(0x7f12a4000000, 64K -> 128K at 0x7f12a5000000)");
	event.arg = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
	check_text(call(&event), "mremap(0x7f12a4000000, 64K -> 128K at 0x7f12a5000000, MREMAP_DONTUNMAP)");
}

static void what_grows_and_shrinks_has_a_sign(void)
{
	struct mlocktrace_event event = in(MLOCKTRACE_OP_BRK, 12, 132 * K);

	check_text(call(&event), "brk(+132K at 0x7f12a4000000)");
	event.before = event.after;
	event.after = 0;
	check_text(call(&event), "brk(-132K at 0x7f12a4000000)");
	/* What was refused was to grow, whatever the counter did. */
	event.ret = -ENOMEM;
	check_text(call(&event), "brk(+132K at 0x7f12a4000000)");
	event = in(MLOCKTRACE_OP_STACK, -1, 8 * K);
	check_text(call(&event), "stack(+8K at 0x7f12a4000000)");
	event.sysno = 0;
	check_text(call(&event), "stack(+8K at 0x7f12a4000000, in read)");
	event.sysno = 9999;
	check_text(call(&event), "stack(+8K at 0x7f12a4000000, in system call 9999)");
}

static void who_it_was_done_to_comes_first(void)
{
	struct mlocktrace_event event = in(MLOCKTRACE_OP_STACK, 17, 8 * K);

	event.target_pid = 4300;
	check_text(call(&event), "stack(+8K at 0x7f12a4000000, in pread64)");
	event.flags = F(REMOTE);
	check_text(call(&event), "stack(4300, +8K at 0x7f12a4000000, in pread64)");
	event.target_pid = 0;
	check_text(call(&event), "stack(+8K at 0x7f12a4000000, in pread64)");
	event.target_pid = event.pid;
	check_text(call(&event), "stack(+8K at 0x7f12a4000000, in pread64)");
	event = in(MLOCKTRACE_OP_UNATTRIBUTED, -1, 0);
	event.flags = F(REMOTE);
	event.target_pid = 4300;
	check_text(call(&event), "unattributed(4300)");
	event.sysno = 16;
	check_text(call(&event), "unattributed(4300, in ioctl)");
	event.flags = 0;
	check_text(call(&event), "unattributed(in ioctl)");
	event.sysno = -1;
	check_text(call(&event), "unattributed");
}

static void charges_show_how_much_and_where(void)
{
	static const struct {
		uint8_t op;
		int sysno;
		uint64_t addr;
		const char *text;
	} cases[] = {
		{ MLOCKTRACE_OP_SHM_LOCK, 31, 0, "shm_lock(65538, 64K)" },
		{ MLOCKTRACE_OP_SHM_UNLOCK, 31, 0, "shm_unlock(65538, 64K)" },
		{ MLOCKTRACE_OP_SHM_UNLOCK, 67, 0, "shm_unlock(65538, 64K, in shmdt)" },
		{ MLOCKTRACE_OP_SHM_HUGETLB, 29, 0, "shm_hugetlb(64K)" },
		{ MLOCKTRACE_OP_IO_URING, 427, 0, "io_uring(64K, in io_uring_register)" },
		{ MLOCKTRACE_OP_IO_URING, -1, 0, "io_uring(64K)" },
		{ MLOCKTRACE_OP_PERF_MMAP, 9, 0x7f0000000000, "perf_mmap(0x7f0000000000, 64K)" },
		{ MLOCKTRACE_OP_XDP_UMEM, 54, 0x7f0000000000, "xdp_umem(0x7f0000000000, 64K, in setsockopt)" },
		{ MLOCKTRACE_OP_ZEROCOPY, 46, 0, "zerocopy(64K, in sendmsg)" },
		{ MLOCKTRACE_OP_SECRETMEM, -1, 0x7f0000000000, "secretmem(0x7f0000000000, 64K)" },
		{ MLOCKTRACE_OP_ACCOUNT_LOCKED_VM, 16, 0, "account_locked_vm(64K, in ioctl)" },
		{ MLOCKTRACE_OP_PIN, 16, 0, "pin(64K, in ioctl)" },
	};

	for (size_t i = 0; i < KTAP_SIZE(cases); i++) {
		struct mlocktrace_event event = in(cases[i].op, cases[i].sysno, 64 * K);

		event.addr = cases[i].addr;
		event.arg = 65538;
		check_text(call(&event), cases[i].text);
		event.len = 0;
		check_text(call(&event), cases[i].text);
	}
}

/* Numbers that the truth tables and the forms above rest on, and the ends of both tables. */
static void system_calls_have_the_names_of_the_caller_s_abi(void)
{
	struct mlocktrace_event event = sample(MLOCKTRACE_OP_UNATTRIBUTED);

	event.sysno = 0;
	check_text(mlt_syscall_name(&event), "read");
	event.sysno = 453;
	check_text(mlt_syscall_name(&event), "map_shadow_stack");
	event.sysno = 149;
	check(mlt_is_in(&event, "mlock"));
	event.flags = F(COMPAT);
	check(mlt_is_in(&event, "sched_yield") == false);
	event.sysno = 150;
	check(mlt_is_in(&event, "mlock"));
	event.sysno = 453;
	check_text(mlt_syscall_name(&event), "map_shadow_stack");
	event.flags = 0;
	for (int i = 0; i < 100; i++) {
		event.sysno = 335 + i % 89; /* a gap of the 64-bit table */
		check(mlt_syscall_name(&event) == NULL);
	}
	event.sysno = -1;
	check(mlt_syscall_name(&event) == NULL);
	event.sysno = 2147483647;
	check(mlt_syscall_name(&event) == NULL);
}

static void only_faults_outside_of_system_calls_arrive_as_signals(void)
{
	struct mlocktrace_event event = in(MLOCKTRACE_OP_STACK, -1, 8 * K);

	check(mlt_signal_name(&event) == NULL);
	event.ret = -ENOMEM;
	check_text(mlt_signal_name(&event), "SIGSEGV");
	event.sysno = 0;
	check(mlt_signal_name(&event) == NULL);
	event.sysno = -1;
	event.flags = F(REMOTE);
	check(mlt_signal_name(&event) == NULL);
	event = in(MLOCKTRACE_OP_SECRETMEM, -1, 4 * K);
	event.ret = -EFAULT;
	check_text(mlt_signal_name(&event), "SIGBUS");
	event.ret = -EAGAIN;
	check(mlt_signal_name(&event) == NULL);
	event = in(MLOCKTRACE_OP_PIN, -1, 4 * K);
	event.ret = -ENOMEM;
	check(mlt_signal_name(&event) == NULL);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(mappings_show_the_flags_that_matter),
		KTAP_TEST(calls_that_map_go_by_their_own_name),
		KTAP_TEST(mremap_shows_both_ends),
		KTAP_TEST(what_grows_and_shrinks_has_a_sign),
		KTAP_TEST(who_it_was_done_to_comes_first),
		KTAP_TEST(charges_show_how_much_and_where),
		KTAP_TEST(system_calls_have_the_names_of_the_caller_s_abi),
		KTAP_TEST(only_faults_outside_of_system_calls_arrive_as_signals),
	};

	return ktap_run(tests, KTAP_SIZE(tests));
}
