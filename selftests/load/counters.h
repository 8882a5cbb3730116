/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own counters, as counters.bpf.c hands them to whoever reads its
 * iterator: in pages. Also for programs that have no C library.
 */
#ifndef COUNTERS_H
#define COUNTERS_H

/* This kernel has no such counter. */
#define NO_COUNTER (-(1LL << 62))

struct counters {
	long long uid; /* whose user, perf and shm are */
	long long vmpin, user, perf, shm;
};

#endif
