/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the floor's programs hand over: as large as a record of mlocktrace. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

struct floor_record {
	__u64 time_ns;
	__u64 duration_ns;
	__u64 addr;
	__u64 len;
	__s64 ret;
	__u64 before;
	__u64 after;
	__u32 pid;
	__u32 tid;
	__u32 uid;
	__u32 op;
	char comm[16];
	char filler[240 - 7 * 8 - 4 * 4 - 16];
};

_Static_assert(sizeof(struct floor_record) == 240, "as struct mlocktrace_event");

struct floor_holder {
	__u64 locked;
	__u64 pinned;
	__u64 limit;
	__u32 pid;
	__u32 uid;
	char comm[16];
};

struct floor_range {
	__u64 start;
	__u64 end;
};

#endif
