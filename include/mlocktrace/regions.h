/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * libmlocktrace: what processes and the machine have locked now, from /proc, and
 * which records locked it. A part of <mlocktrace/mlocktrace.h>, which includes it
 * and states the conventions.
 */
#ifndef MLOCKTRACE_REGIONS_H
#define MLOCKTRACE_REGIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <mlocktrace/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mlocktrace;
struct mlocktrace_symbols;

enum mlocktrace_backing {
	MLOCKTRACE_BACKING_ANONYMOUS = 1,
	MLOCKTRACE_BACKING_HEAP,
	MLOCKTRACE_BACKING_STACK,
	MLOCKTRACE_BACKING_FILE,
	MLOCKTRACE_BACKING_SHM, /* shared anonymous memory, or a file in /dev/shm */
	MLOCKTRACE_BACKING_SYSV,
	MLOCKTRACE_BACKING_MEMFD,
	MLOCKTRACE_BACKING_SECRETMEM,
	MLOCKTRACE_BACKING_SPECIAL, /* of the kernel or of a device */
	MLOCKTRACE_BACKING_MAX
};

/* "anonymous", "heap", ...; NULL for an unknown one. */
const char *mlocktrace_backing_name(unsigned int backing);

/**
 * struct mlocktrace_region - one locked mapping; all amounts in bytes
 * @size:     sizeof(struct mlocktrace_region), set by the caller
 * @start:    first address, and
 * @end:      the one behind the last
 * @backing:  enum mlocktrace_backing
 * @on_fault: locked as MLOCK_ONFAULT does: pages are locked as they are touched
 * @resident: in RAM (Rss of smaps, which leaves out the shared page of zeros)
 * @share:    the same, with each page divided by the number of its mappings (Pss)
 * @swapped:  in swap, so not locked
 * @present:  in RAM, the page of zeros included; with the total's pages_known
 * @unique:   of these, pages that no region before it has; with the total's unique_known
 * @path:     file or name as the kernel shows it, not escaped; "" = none
 * @perms:    "rw-p"
 */
struct mlocktrace_region {
	size_t size;
	uint64_t start;
	uint64_t end;
	unsigned int backing;
	bool on_fault;
	uint64_t resident;
	uint64_t share;
	uint64_t swapped;
	uint64_t present;
	uint64_t unique;
	const char *path;
	char perms[5];
};

/**
 * struct mlocktrace_regions_total - the sums, and what the kernel counts; amounts in bytes
 * @size:         sizeof(struct mlocktrace_regions_total), set by the caller
 * @pid:          the process
 * @comm:         its name, zero-padded
 * @n_regions:    how many locked mappings
 * @locked:       their sizes; @on_fault: of these, locked on fault
 * @resident, @share, @swapped, @present, @unique: sums over them
 * @vmlck:        VmLck: what is charged and compared with the limit
 * @uncharged:    with @locked above @vmlck: the difference, locked and not charged
 * @unlocked:     with @vmlck above @locked: the difference, charged and not locked
 * @vmpin:        VmPin
 * @hugetlb:      mappings of huge pages, always in RAM and never charged
 * @special:      mappings of devices and of the kernel, never charged
 * @limit:        RLIMIT_MEMLOCK, MLOCKTRACE_UNLIMITED = none; @hard_limit likewise
 * @capable:      CAP_IPC_LOCK in the initial user namespace: the limit does not hold
 * @pages_known:  /proc/PID/pagemap could be read; @unique_known: with page frames (CAP_SYS_ADMIN)
 * @moving:       VmLck changed while the mappings were read, each time it was tried
 * @mappings_known: the mappings could be read; else, as mlocktrace_regions_machine() has it, only
 *                @pid, @comm, @uid, @vmlck, @vmpin and the limits are filled
 * @uid:          real uid, in the caller's user namespace
 */
struct mlocktrace_regions_total {
	size_t size;
	pid_t pid;
	char comm[MLOCKTRACE_COMM_LEN];
	size_t n_regions;
	uint64_t locked;
	uint64_t on_fault;
	uint64_t resident;
	uint64_t share;
	uint64_t swapped;
	uint64_t present;
	uint64_t unique;
	uint64_t vmlck;
	uint64_t uncharged;
	uint64_t unlocked;
	uint64_t vmpin;
	uint64_t hugetlb;
	uint64_t special;
	uint64_t limit;
	uint64_t hard_limit;
	bool capable;
	bool pages_known;
	bool unique_known;
	bool moving;
	bool mappings_known;
	uid_t uid;
};

struct mlocktrace_regions; /* a snapshot */

/**
 * mlocktrace_regions_new - what is locked in a living process
 * @pid: a process, or a thread of it
 *
 * Return: 0, -ESRCH (no such process, or it ended meanwhile), -EACCES (it may not be looked
 * into: the same user or CAP_SYS_PTRACE is needed), -ENXIO (it has no address space), or
 * another -errno. Free with mlocktrace_regions_free().
 */
int mlocktrace_regions_new(struct mlocktrace_regions **regions, pid_t pid);
void mlocktrace_regions_free(struct mlocktrace_regions *regions);

/* The @i-th by address; its strings belong to @regions. 0, -EINVAL, or -ENOENT past the last. */
int mlocktrace_region(const struct mlocktrace_regions *regions, size_t i,
		      struct mlocktrace_region *region);
/* 0 or -EINVAL. */
int mlocktrace_regions_total(const struct mlocktrace_regions *regions,
			     struct mlocktrace_regions_total *total);

/**
 * struct mlocktrace_machine - locked memory of all processes, and what the kernel counts; in bytes
 * @size:            sizeof(struct mlocktrace_machine), set by the caller
 * @n_processes:     processes with VmLck or locked mappings
 * @n_hidden:        processes, with or without, that may not be looked into; what they have locked
 *                   is in @vmlck, as far as status shows it, and in no other sum
 * @vmlck:           VmLck of all; @hidden_vmlck: of these, of hidden ones
 * @locked:          sizes of the locked mappings; @on_fault: of these, locked on fault
 * @uncharged, @unlocked, @resident, @swapped, @present: sums of what the totals have
 * @unique:          pages of RAM in locked mappings, each once; with @unique_known
 * @mlocked_before:  Mlocked of /proc/meminfo when the first process was looked at, and
 * @mlocked:         after all else; the kernel sums it up about once a second
 * @unevictable:     Unevictable, and
 * @hugetlb:         Hugetlb of /proc/meminfo, read with it
 * @marked:          page frames that the kernel has marked as mlocked, with @marks_known;
 * @marked_locked:   of these, in @unique. The rest is in no locked mapping that was seen
 * @unmarked_zero:   in @unique and not marked: pages of zeros that many mappings share
 * @unmarked_large:  in @unique and not marked: parts of larger pages, which the kernel marks when
 *                   they are locked as a whole
 * @pages_known:     pagemap of all that are not hidden could be read
 * @unique_known:    with page frames (CAP_SYS_ADMIN)
 * @marks_known:     and /proc/kpageflags, too (root, or CAP_DAC_READ_SEARCH)
 */
struct mlocktrace_machine {
	size_t size;
	size_t n_processes;
	size_t n_hidden;
	uint64_t vmlck;
	uint64_t hidden_vmlck;
	uint64_t locked;
	uint64_t on_fault;
	uint64_t uncharged;
	uint64_t unlocked;
	uint64_t resident;
	uint64_t swapped;
	uint64_t present;
	uint64_t unique;
	uint64_t mlocked_before;
	uint64_t mlocked;
	uint64_t unevictable;
	uint64_t hugetlb;
	uint64_t marked;
	uint64_t marked_locked;
	uint64_t unmarked_zero;
	uint64_t unmarked_large;
	bool pages_known;
	bool unique_known;
	bool marks_known;
};

/**
 * mlocktrace_regions_machine - what is locked in all processes that /proc shows
 * @machine: filled on 0
 * @each:    called with every process that has VmLck or locked mappings, largest VmLck first; its
 *           @unique leaves out the pages of processes before it. Another result than 0 ends the
 *           walk. @total is valid during the call. NULL = only the sums
 * @ctx:     first argument of @each
 *
 * Takes a second or so for every 32 GiB of RAM, if it is permitted to look at them. Processes that
 * end meanwhile are left out. Return: 0, the result of @each, -EINVAL, -ENOMEM, -ENOENT (no /proc),
 * or another -errno.
 */
int mlocktrace_regions_machine(struct mlocktrace_machine *machine,
			       int (*each)(void *ctx, const struct mlocktrace_regions_total *total),
			       void *ctx);

/**
 * struct mlocktrace_lock - a range and the record that locked it
 * @size:     sizeof(struct mlocktrace_lock), set by the caller
 * @start:    the range, as it is now
 * @end:      the address behind it
 * @event:    the newest record that locked it, without its stack tail; NULL = none that was seen
 * @call:     what it did, as text fit to print
 * @frames:   names of its stack, innermost first and fit to print
 * @n_frames: 0 = recorded without stacks
 */
struct mlocktrace_lock {
	size_t size;
	uint64_t start;
	uint64_t end;
	const struct mlocktrace_event *event;
	const char *call;
	const char *const *frames;
	size_t n_frames;
};

/**
 * struct mlocktrace_history_stats - what a replay was made of
 * @size:    sizeof(struct mlocktrace_history_stats), set by the caller
 * @taken:   records of the process's address space
 * @foreign: records of another process that had the same pid
 * @lost:    records that the recording lacks: of whom, nobody knows
 */
struct mlocktrace_history_stats {
	size_t size;
	uint64_t taken;
	uint64_t foreign;
	uint64_t lost;
};

struct mlocktrace_history; /* which record locked what, of one process */

/**
 * mlocktrace_history_new - find out who locked what, by replaying records
 * @of:      the process, to tell it from others with its pid; borrowed during the call
 * @source:  where the records come from, and
 * @symbols: names for stacks (NULL = bare addresses): both borrowed as long as records are added
 *
 * Return: 0 or -ENOMEM. Free with mlocktrace_history_free().
 */
int mlocktrace_history_new(struct mlocktrace_history **history, const struct mlocktrace_regions *of,
			   const struct mlocktrace *source, struct mlocktrace_symbols *symbols);
void mlocktrace_history_free(struct mlocktrace_history *history);

/* Replay one record, in the order of the source. 1 = of this process, 0 = not, or -ENOMEM. */
int mlocktrace_history_add(struct mlocktrace_history *history, const struct mlocktrace_event *event);

/* The range that @addr is in, and who locked it; what it points to is valid until the next add.
 * Return: 1 = known, 0 = no record locked it (the range ends where one did), -EINVAL. */
int mlocktrace_history_at(const struct mlocktrace_history *history, uint64_t addr,
			  struct mlocktrace_lock *lock);
/* 0 or -EINVAL. */
int mlocktrace_history_stats(const struct mlocktrace_history *history,
			     struct mlocktrace_history_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
