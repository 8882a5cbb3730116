// SPDX-License-Identifier: GPL-2.0
/*
 * What the scenarios of the counters other than VmLck share. Most of these are
 * in no file, so each scenario runs as a user of its own and the witness is the
 * limit: what fits is let through, and a page more is refused.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

void become_user(size_t limit_pages)
{
	if (user_id == NOBODY)
		user_id = FIRST_UID + getpid();
	drop_and_log(limit_pages * page, limit_pages * page);
}

/* No capability but this one. */
void drop_to_net_raw(size_t limit_pages)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = 1 << CAP_NET_RAW, .permitted = 1 << CAP_NET_RAW },
	};

	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	become_user(limit_pages);
	if (syscall(SYS_capset, &header, data))
		die("capset");
}

#define UNSAID_ALL (UNSAID_ADDR | UNSAID_LEN | UNSAID_ARG | UNSAID_ASKED | UNSAID_STATE | UNSAID_TIME)

void log_charge(enum mlocktrace_op op, enum mlocktrace_counter counter, long ret, size_t pages)
{
	struct log_row row = { .op = op, .counter = counter, .ret = ret, .unsaid = UNSAID_ALL };

	row.after = ret ? 0 : pages * page;
	log_row(&row);
}

void log_release(enum mlocktrace_op op, enum mlocktrace_counter counter, enum release by,
		 size_t pages)
{
	struct log_row row = { .op = op, .counter = counter, .unsaid = UNSAID_ALL };

	row.before = pages * page;
	if (by == BY_ANYONE)
		row.unsaid |= UNSAID_ACTOR;
	log_row(&row);
}

void log_pinned(enum mlocktrace_op op, long ret, int64_t pages_before)
{
	struct log_row row = {
		.op = op, .counter = MLOCKTRACE_COUNTER_VMPIN, .ret = ret,
		.unsaid = UNSAID_ALL & ~UNSAID_STATE,
	};

	row.before = pages_before * page;
	row.after = vmpin_pages() * page;
	log_row(&row);
}

int64_t vmpin_pages(void)
{
	return status_bytes("VmPin:") / (int64_t)page;
}

void expect_pages_pinned(int64_t pages)
{
	for (int i = 0; i < 100 && vmpin_pages() != pages; i++)
		usleep(50000);
	if (vmpin_pages() != pages)
		complain("behind row %u: VmPin is %lld pages, expected %lld", log_position(),
			 (long long)vmpin_pages(), (long long)pages);
}

bool can_as_user(bool (*test)(void))
{
	pid_t child = fork();
	int status;

	if (!child) {
		user_id = FIRST_UID + getpid();
		drop_to_user(USER_SOFT_LIMIT, USER_SOFT_LIMIT);
		_exit(!test());
	}
	return waitpid(child, &status, 0) == child && !status;
}
