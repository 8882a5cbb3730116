// SPDX-License-Identifier: GPL-2.0
/*
 * A snapshot of this very machine: are we in it as we know ourselves? By each method
 * that works here; and what /proc says of cgroups.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "snapshot.h"

#define HELD (5 * 4096)

static struct mlocktrace_snapshot *snapshot;

static bool look(const char *method, bool everyone)
{
	const struct mlocktrace_snapshot_opts opts = {
		.size = sizeof(opts), .method = method, .everyone = everyone,
	};
	int err = mlocktrace_snapshot_new(&snapshot, &opts);

	if (err == -EPERM || err == -EOPNOTSUPP || err == -ENOENT) {
		ktap.skip = "eBPF is not for us here";
		return false;
	}
	check_int(err, 0);
	if (!err)
		check_int(mlocktrace_snapshot_take(snapshot), 0);
	return !err;
}

static bool find(pid_t pid, struct mlocktrace_holder *holder)
{
	*holder = (struct mlocktrace_holder){ .size = sizeof(*holder) };
	for (size_t i = 0; !mlocktrace_snapshot_holder(snapshot, i, holder); i++)
		if (holder->pid == pid)
			return true;
	return false;
}

static bool find_user(uid_t uid, struct mlocktrace_user *user)
{
	*user = (struct mlocktrace_user){ .size = sizeof(*user) };
	for (size_t i = 0; !mlocktrace_snapshot_user(snapshot, i, user); i++)
		if (user->uid == uid)
			return true;
	return false;
}

/* A process that does @what, says so, and waits. */
static pid_t start(void (*what)(void))
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		what();
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	check_int(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* (the sanitizer makes the library's mlock() do nothing) */
static int lock(const void *at, size_t len)
{
	return (int)syscall(SYS_mlock, at, len);
}

static void hold(void)
{
	const struct rlimit limit = { 65536, 131072 };
	void *at = mmap(NULL, HELD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	setrlimit(RLIMIT_MEMLOCK, &limit);
	prctl(PR_SET_NAME, "a \n\x1b[1mb");
	if (lock(at, HELD))
		_exit(1);
}

static void hold_nothing(void)
{
}

static void check_method(const char *method)
{
	pid_t pid = start(hold), idle = start(hold_nothing);
	struct mlocktrace_snapshot_total total = { .size = sizeof(total) };
	struct mlocktrace_holder holder;
	struct mlocktrace_user user;

	if (look(method, false)) {
		check_text(mlocktrace_snapshot_method(snapshot), method);
		check(find(pid, &holder));
		check_int(holder.vmlck, HELD);
		check_int(holder.uid, getuid());
		check_int(holder.limit, 65536);
		check_int(holder.hard_limit, 131072);
		check_text(holder.comm, "a \n\x1b[1mb");
		check(!holder.shares && holder.start_ns);
		check(!find(idle, &holder));
		check(find_user(getuid(), &user));
		check(user.n_processes >= 3 && user.n_holders >= 1 && user.vmlck >= HELD);
		check_int(mlocktrace_snapshot_total(snapshot, &total), 0);
		check(total.vmlck >= HELD && total.n_holders && total.n_processes > total.n_holders);
		check_int(mlocktrace_snapshot_holder(snapshot, total.n_processes, &holder), -ENOENT);
		/* Another look is of its own. */
		end(pid);
		check_int(mlocktrace_snapshot_take(snapshot), 0);
		check(!find(pid, &holder));
		mlocktrace_snapshot_free(snapshot);
	}
	if (look(method, true)) {
		check(find(idle, &holder));
		check_int(holder.vmlck, 0);
		mlocktrace_snapshot_free(snapshot);
	}
	end(pid);
	end(idle);
}

static void the_iterator_sees_what_is(void)
{
	check_method("bpf");
}

static void proc_sees_what_is(void)
{
	check_method("proc");
}

static void *wait_for_ever(void *nothing)
{
	for (;;)
		pause();
	return nothing;
}

static void hold_and_leave(void)
{
	pthread_t threads[3];

	hold();
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, wait_for_ever, NULL);
}

static pid_t start_without_leader(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		hold_and_leave();
		close(ready[0]);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		pthread_exit(NULL);
	}
	close(ready[1]);
	check_int(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

/* Waits until the first thread has gone: its own file has no address space any more. */
static void await_leader(pid_t pid)
{
	char path[64], line[128];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	for (int i = 0; i < 1000; i++) {
		FILE *in = fopen(path, "r");
		bool zombie = false;

		while (in && fgets(line, sizeof(line), in))
			zombie |= !strncmp(line, "State:\tZ", 8);
		if (in)
			fclose(in);
		if (zombie)
			return;
		usleep(2000);
	}
}

static void a_process_without_its_leader_is_there_once(void)
{
	pid_t pid = start_without_leader();
	struct mlocktrace_holder holder = { .size = sizeof(holder) };
	int found = 0;

	await_leader(pid);
	if (look("bpf", false)) {
		for (size_t i = 0; !mlocktrace_snapshot_holder(snapshot, i, &holder); i++) {
			if (holder.pid != pid)
				continue;
			found++;
			check_int(holder.vmlck, HELD);
			check_text(holder.comm, "a \n\x1b[1mb");
		}
		check_int(found, 1);
		mlocktrace_snapshot_free(snapshot);
	}
	end(pid);
}

static int sharer(void *ready)
{
	if (write(*(int *)ready, "", 1) != 1)
		return 1;
	for (;;)
		pause();
}

static void who_shares_memory_is_counted_once(void)
{
	struct mlocktrace_holder first, second;
	struct mlocktrace_user before, after;
	static char stack[65536];
	int ready[2];
	pid_t pid;
	char byte;

	if (!look("bpf", false))
		return;
	find_user(getuid(), &before);
	check_int(pipe(ready), 0);
	check_int(lock(stack, 4096), 0);
	pid = clone(sharer, stack + sizeof(stack), CLONE_VM | SIGCHLD, &ready[1]);
	check_int(read(ready[0], &byte, 1), 1);
	check_int(mlocktrace_snapshot_take(snapshot), 0);
	check(find(getpid(), &first) && find(pid, &second));
	check_int(first.mm_id, second.mm_id);
	check_int(first.vmlck, second.vmlck);
	check(first.shares != second.shares);
	check(find_user(getuid(), &after));
	check_int(after.vmlck - before.vmlck, first.vmlck);
	end(pid);
	syscall(SYS_munlock, stack, 4096);
	mlocktrace_snapshot_free(snapshot);
}

static void unknown_methods_and_options_are_refused(void)
{
	struct mlocktrace_snapshot_opts opts = { .size = sizeof(opts), .method = "magic" };

	check_int(mlocktrace_snapshot_new(&snapshot, &opts), -EINVAL);
	check(snapshot == NULL);
	check(strstr(mlocktrace_open_error(), "magic") != NULL);
	opts.size = 4;
	check_int(mlocktrace_snapshot_new(&snapshot, &opts), -EINVAL);
	mlocktrace_snapshot_free(NULL);
}

static void check_cgroup(const char *text, const char *wanted)
{
	FILE *in = fmemopen((char *)text, strlen(text), "r");
	char *path = mlt_cgroup_file_parse(in);

	if (wanted)
		check_text(path, wanted);
	else
		check(path == NULL);
	free(path);
	fclose(in);
}

static void the_path_that_says_most_is_taken(void)
{
	check_cgroup("0::/system.slice/nginx.service\n", "/system.slice/nginx.service");
	check_cgroup("0::/\n", "/");
	check_cgroup("12:pids:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/docker/def\n0::/\n",
		     "/docker/def");
	check_cgroup("4:memory:/batch\n3:cpuset:/\n1:name=systemd:/\n0::/\n", "/batch");
	check_cgroup("4:memory:/a\n0::/b:c\n", "/b:c");
	check_cgroup("3:cpu,cpuacct:/\n", "/");
	check_cgroup("0::/../../out\n", "/../../out");
	check_cgroup("nonsense\n::\n0:\n", NULL);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(the_path_that_says_most_is_taken),
		KTAP_TEST(the_iterator_sees_what_is),
		KTAP_TEST(proc_sees_what_is),
		KTAP_TEST(a_process_without_its_leader_is_there_once),
		KTAP_TEST(who_shares_memory_is_counted_once),
		KTAP_TEST(unknown_methods_and_options_are_refused),
	};

	return ktap_run(tests, KTAP_SIZE(tests));
}
