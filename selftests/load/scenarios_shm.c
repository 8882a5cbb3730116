// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios of System V segments that are locked: charged to the user, not to
 * the process, from SHM_LOCK to SHM_UNLOCK or the end of the segment.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "workload.h"

#define CHARGE MLOCKTRACE_COUNTER_SHM
/* Not by ROW: on the way there SHM_LOCK would become what <sys/shm.h> makes of it. */
#define OVER(op, error) { MLOCKTRACE_OP_##op, error, MLOCKTRACE_CAUSE_OVER_LIMIT, 0, 0 }

static int new_segment(size_t bytes, int flags)
{
	int id = shmget(IPC_PRIVATE, bytes, IPC_CREAT | flags | 0666);

	if (id < 0)
		die("shmget");
	return id;
}

static void lock_segment(int id)
{
	log_charge(MLOCKTRACE_OP_SHM_LOCK, CHARGE, shmctl(id, SHM_LOCK, NULL) ? -errno : 0, 0);
}

static void unlock_segment(int id)
{
	if (shmctl(id, SHM_UNLOCK, NULL))
		die("SHM_UNLOCK");
	log_release(MLOCKTRACE_OP_SHM_UNLOCK, CHARGE, BY_CALLER, 0);
}

static void remove_unlocked(int id)
{
	if (shmctl(id, IPC_RMID, NULL))
		die("IPC_RMID");
}

static void remove_locked(int id)
{
	remove_unlocked(id);
	log_release(MLOCKTRACE_OP_SHM_UNLOCK, CHARGE, BY_CALLER, 0);
}

static void lock_and_unlock(void)
{
	int id, odd;

	become_user(16);
	id = new_segment(4 * page, 0);
	odd = new_segment(page + 1, 0);
	lock_segment(id);
	lock_segment(odd);
	/* Locked is locked: it costs nothing to say it again. */
	lock_segment(id);
	expect_pages_locked(0);
	unlock_segment(id);
	unlock_segment(id);
	remove_locked(odd);
	remove_unlocked(id);
}

static void last_detach_unlocks(void)
{
	void *p;
	int id;

	become_user(16);
	id = new_segment(4 * page, 0);
	p = shmat(id, NULL, 0);
	lock_segment(id);
	remove_unlocked(id);
	if (shmdt(p))
		die("shmdt");
	log_release(MLOCKTRACE_OP_SHM_UNLOCK, CHARGE, BY_CALLER, 0);
}

static void over_limit(void)
{
	int big, half, other;

	become_user(16);
	big = new_segment(17 * page, 0);
	half = new_segment(10 * page, 0);
	other = new_segment(7 * page, 0);
	lock_segment(big);
	lock_segment(half);
	lock_segment(other);
	/* VmLck is another counter under the same limit. */
	call_munmap(call_mmap_anonymous(NULL, 16, MAP_LOCKED), 16 * page);
	unlock_segment(half);
	lock_segment(other);
	remove_unlocked(big);
	remove_unlocked(half);
	remove_locked(other);
}

static void limit_of_zero(void)
{
	int id;

	become_user(0);
	id = new_segment(page, 0);
	lock_segment(id);
	remove_unlocked(id);
}

static void of_a_stranger(void)
{
	int id = new_segment(page, 0);
	pid_t child;

	child = make_child();
	if (!child) {
		become_user(16);
		lock_segment(id);
		end_of_child();
	}
	wait_for(child);
	log_skip_rows(1);
	remove_unlocked(id);
}

/* The child's lock stays when the child is gone, and with it the user's charge. */
static void outlives_its_process(void)
{
	int id, other;
	pid_t child;

	become_user(16);
	id = new_segment(4 * page, 0);
	other = new_segment(13 * page, 0);
	child = make_child();
	if (!child) {
		lock_segment(id);
		end_of_child();
	}
	wait_for(child);
	log_skip_rows(1);
	lock_segment(other);
	remove_locked(id);
	lock_segment(other);
	remove_locked(other);
}

/* Root needs no room; what root unlocks goes back to who locked it. */
static void root_unlocks(void)
{
	int *id = mmap(NULL, page, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	call_setrlimit(0, 16 * page, 16 * page);
	*id = new_segment(32 * page, 0);
	lock_segment(*id);
	remove_locked(*id);
	user_id = FIRST_UID + getpid();
	for (int i = 0; i < 2; i++) {
		child = make_child();
		if (!child) {
			become_user(16);
			*id = new_segment(16 * page, 0);
			lock_segment(*id);
			end_of_child();
		}
		wait_for(child);
		log_skip_rows(1);
		unlock_segment(*id);
		remove_unlocked(*id);
	}
}

static void huge_segment(void)
{
	become_user(16);
	log_charge(MLOCKTRACE_OP_SHM_HUGETLB, CHARGE,
		   shmget(IPC_PRIVATE, 2048 * KIB, IPC_CREAT | SHM_HUGETLB | 0600) < 0 ? -errno : 0, 0);
}

static bool is_refused_huge_segments(void)
{
	int id = shmget(IPC_PRIVATE, 2048 * KIB, IPC_CREAT | SHM_HUGETLB | 0600);

	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	return id < 0 && errno == EPERM;
}

static const char *huge_segments_by_limit(void)
{
	return can_as_user(is_refused_huge_segments) ?
		       NULL : "no huge pages, or a kernel that lets the limit decide";
}

const struct scenario shm_scenarios[] = {
	{ "segment_is_locked_and_unlocked", "SHM_LOCK, again, SHM_UNLOCK, again; IPC_RMID unlocks, too", 0,
	  lock_and_unlock, no_shm, {
		ROW(SHM_LOCK, 0, OK, 4), ROW(SHM_LOCK, 0, OK, 2), ROW(SHM_LOCK, 0, OK, 0),
		ROW(SHM_UNLOCK, 0, OK, -4), ROW(SHM_UNLOCK, 0, OK, 0), ROW(SHM_UNLOCK, 0, OK, -2) } },
	{ "last_detach_unlocks_a_segment", "one that was removed while attached", 0,
	  last_detach_unlocks, no_shm, { ROW(SHM_LOCK, 0, OK, 4), ROW(SHM_UNLOCK, 0, OK, -4) } },
	{ "segments_over_limit", "the user's segments together; VmLck is apart", 0, over_limit, no_shm, {
		OVER(SHM_LOCK, ENOMEM), ROW(SHM_LOCK, 0, OK, 10), OVER(SHM_LOCK, ENOMEM),
		ROW(MMAP, 0, OK, 16), ROW(MUNMAP, 0, OK, -16), ROW(SHM_UNLOCK, 0, OK, -10),
		ROW(SHM_LOCK, 0, OK, 7), ROW(SHM_UNLOCK, 0, OK, -7) } },
	{ "segment_at_limit_zero", "SHM_LOCK is not permitted", 0, limit_of_zero, no_shm, {
		ROW(SHM_LOCK, EPERM, LIMIT_ZERO, 0) } },
	{ "segment_of_a_stranger", "only its owner may lock it", 0, of_a_stranger, no_shm, {
		ROW(SHM_LOCK, EPERM, DENIED, 0) } },
	{ "locked_segment_outlives_its_process", "and its user stays charged", 0,
	  outlives_its_process, no_shm, {
		ROW(SHM_LOCK, 0, OK, 4), OVER(SHM_LOCK, ENOMEM), ROW(SHM_UNLOCK, 0, OK, -4),
		ROW(SHM_LOCK, 0, OK, 13), ROW(SHM_UNLOCK, 0, OK, -13) } },
	{ "root_unlocks_a_users_segment", "and the user may lock as much again", NEEDS_IPC_LOCK,
	  root_unlocks, no_shm, {
		ROW(SETRLIMIT, 0, OK, 0), ROW(SHM_LOCK, 0, OK, 32), ROW(SHM_UNLOCK, 0, OK, -32),
		ROW(SHM_LOCK, 0, OK, 16), ROW(SHM_UNLOCK, 0, OK, -16), ROW(SHM_LOCK, 0, OK, 16),
		ROW(SHM_UNLOCK, 0, OK, -16) } },
	{ "huge_segment_is_denied", "SHM_HUGETLB by neither capability nor group", 0,
	  huge_segment, huge_segments_by_limit, { ROW(SHM_HUGETLB, EPERM, DENIED, 0) } },
	{ NULL, NULL, 0, NULL, NULL, { { 0 } } }
};
