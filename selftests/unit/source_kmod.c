// SPDX-License-Identifier: GPL-2.0
/*
 * The kmod source: opening it, its filters, and the way of a record.
 */
#include <mntent.h>
#include <poll.h>
#include <sys/wait.h>

#include "kmod_double.h"

/* ---- opening ------------------------------------------------------------------------------ */

static void a_module_that_is_there_is_opened(void)
{
	struct mlocktrace *handle = NULL;

	put_up();
	check_int(open_kmod(&handle, OPTS(0)), 0);
	if (!handle)
		return;
	check_text(mlocktrace_source(handle), "kmod");
	check_text(mlocktrace_tier(handle), "kmod");
	check(strstr(log_text, "source kmod, tier kmod") != NULL);
	check_text(told(), "new\n");
	check_int(mlocktrace_skips(handle), MLOCKTRACE_SKIPS_NOTHING);
	mlocktrace_close(handle);
}

static void the_tier_alone_says_which_source(void)
{
	struct mlocktrace *handle = NULL;

	put_up();
	check_int(open_kmod(&handle, OPTS(.source = "auto", .tier = "kmod")), 0);
	mlocktrace_close(handle);
	check_int(open_kmod(&handle, OPTS(.tier = "fentry")), -EINVAL);
	check(strstr(mlocktrace_open_error(), "fentry") != NULL);
}

static void check_refused(int err, const char *words)
{
	struct mlocktrace *handle = NULL;

	check_int(open_kmod(&handle, OPTS(0)), err);
	check(handle == NULL);
	if (!strstr(mlocktrace_open_error(), words))
		check_text(mlocktrace_open_error(), words);
}

static void what_is_missing_is_named(void)
{
	put_up();
	unlink(path_of("abi"));
	check_refused(-ENOENT, "/abi");
	put_up();
	unlink(path_of("stats"));
	check_refused(-ENOENT, "/stats");
	put_up();
	unlink(path_of("events"));
	check_refused(-ENOENT, "/events");
	take_down();
	check_refused(-ENOENT, dir);
}

static void without_module_it_says_how_to_load_it(void)
{
	if (!access("/sys/module/mlocktrace", F_OK)) {
		ktap_skip("the module is loaded");
		return;
	}
	unsetenv("MLOCKTRACE_DEBUGFS");
	check_refused(-ENOENT, "modprobe mlocktrace");
	setenv("MLOCKTRACE_DEBUGFS", dir, 1);
}

static void only_root_may(void)
{
	int status = -1;
	pid_t child;

	put_up();
	chmod(dir, 0700);
	if (geteuid()) {
		ktap_skip("root is needed to be somebody else");
		return;
	}
	fflush(stdout);
	child = fork();
	if (!child) {
		check_int(setresuid(65534, 65534, 65534), 0);
		check_refused(-EPERM, "run as root");
		_exit(!ktap.ok);
	}
	waitpid(child, &status, 0);
	check_int(status, 0);
}

static void another_abi_is_refused(void)
{
	static const char *const garbage[] = { "", "\n", "one\n", "1", "1\n1\n", "1 \n", "-\n" };

	put_up();
	put_text("abi", "2\n");
	check_refused(-EOPNOTSUPP, "version 2");
	for (size_t i = 0; i < KTAP_SIZE(garbage); i++) {
		put_text("abi", garbage[i]);
		check_refused(-EOPNOTSUPP, "no version");
	}
}

static void one_that_is_switched_off_is_refused_but_for_its_past(void)
{
	struct mlocktrace *handle = NULL;

	put_up();
	put_text("enable", "0\n");
	check_refused(-EOPNOTSUPP, "enable");
	check_int(open_kmod(&handle, OPTS(.past = true)), 0);
	mlocktrace_close(handle);
}

static void a_cgroup_that_is_not_there_is_named(void)
{
	struct mlocktrace *handle = NULL;

	put_up();
	check_int(open_kmod(&handle, OPTS(.cgroup = "/no/such/folder")), -ENOENT);
	check(strstr(mlocktrace_open_error(), "/no/such/folder") != NULL);
	check_int(open_kmod(&handle, OPTS(.cgroup = "/proc")), -EINVAL);
}

/* ---- filters ------------------------------------------------------------------------------ */

static bool getpid_is_not_the_modules(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino != 0xeffffffc;
}

static void processes_are_named_to_the_module(void)
{
	pid_t pids[] = { getpid(), getppid() }, nobody = 0x7ffffff0;
	struct mlocktrace *handle = NULL;
	char text[64];

	if (getpid_is_not_the_modules()) {
		ktap_skip("not the initial pid namespace");
		return;
	}
	put_up();
	check_int(open_kmod(&handle, OPTS(.pids = pids, .n_pids = 2, .follow = true)), 0);
	snprintf(text, sizeof(text), "pid %d\npid %d\nfollow\nnew\n", pids[0], pids[1]);
	check_text(told(), text);
	/* Whose they are is for the module to know. */
	make_one(0, 7);
	check_text(read_all(handle), "7;");
	mlocktrace_close(handle);
	check_int(open_kmod(&handle, OPTS(.follow = true)), 0);
	check_text(told(), "new\n");
	mlocktrace_close(handle);
	check_int(open_kmod(&handle, OPTS(.pids = &nobody, .n_pids = 1)), -ESRCH);
}

static void what_the_module_does_not_take_is_told(void)
{
	pid_t self = getpid();
	struct mlocktrace *handle = NULL;

	put_up();
	/* Open for writing only in name. */
	unlink(path_of("events"));
	check_int(symlink("/dev/full", path_of("events")), 0);
	check_int(open_kmod(&handle, OPTS(0)), -ENOSPC);
	check(strstr(mlocktrace_open_error(), "\"new\"") != NULL);
	if (getpid_is_not_the_modules())
		return;
	check_int(open_kmod(&handle, OPTS(.pids = &self, .n_pids = 1, .follow = true)), -ENOSPC);
	check(strstr(mlocktrace_open_error(), "32 tracers") != NULL);
	/* Without children it can be done here. */
	check_int(open_kmod(&handle, OPTS(.pids = &self, .n_pids = 1)), -ENOSPC);
	check(strstr(mlocktrace_open_error(), "\"new\"") != NULL);
	check(strstr(log_text, "filtering what is read") != NULL);
}

static void the_other_filters_act_on_what_is_read(void)
{
	struct mlocktrace_opts opts = { .failures_only = true, .by_uid = true, .uid = 1000,
					.ops = 1 << MLOCKTRACE_OP_MLOCK, .comm = "postgres" };
	struct mlocktrace_stats stats = { .size = sizeof(stats) };
	struct mlocktrace *handle = NULL;
	struct mlocktrace_event event;

	put_up();
	check_int(open_kmod(&handle, opts), 0);
	check_text(told(), "new\n");
	for (unsigned int i = 1; i <= 6; i++) {
		event = made(0, i);
		event.ret = i == 1 ? 0 : -ENOMEM;
		event.uid = i == 2 ? 1001 : 1000;
		event.op = i == 3 ? MLOCKTRACE_OP_MUNLOCK : MLOCKTRACE_OP_MLOCK;
		if (i == 4)
			strcpy(event.comm, "mysql");
		make(&event, event.size);
	}
	check_text(read_all(handle), "5;6;");
	put_text("stats", "cpu0_seen 6\n");
	check_int(mlocktrace_stats(handle, 0, &stats), 0);
	check_int(stats.seen, 6);
	check_int(stats.delivered, 2);
	check_int(stats.filtered, 4);
	check_int(stats.dropped, 0);
	mlocktrace_close(handle);
}

/* A new folder of the hierarchy, wherever that is mounted; "" = there is none, or none of ours. */
static const char *make_cgroup(void)
{
	struct mntent *mount;
	static char path[512];
	FILE *mounts = setmntent("/proc/mounts", "re");

	path[0] = '\0';
	while (mounts && (mount = getmntent(mounts))) {
		if (strcmp(mount->mnt_type, "cgroup2"))
			continue;
		snprintf(path, sizeof(path), "%s/mlocktrace-unit.%d", mount->mnt_dir, getpid());
		break;
	}
	if (mounts)
		endmntent(mounts);
	if (path[0] && mkdir(path, 0755))
		path[0] = '\0';
	return path;
}

static uint64_t id_of(const char *path)
{
	struct stat st;

	check_int(stat(path, &st), 0);
	return st.st_ino;
}

static void a_cgroup_holds_what_is_below_it(void)
{
	struct mlocktrace *handle = NULL;
	const char *outer = make_cgroup();
	struct mlocktrace_event event;
	char inner[600], above[600];
	uint64_t ids[4];

	if (!*outer) {
		ktap_skip("no cgroup can be made here");
		return;
	}
	snprintf(inner, sizeof(inner), "%s/inner", outer);
	snprintf(above, sizeof(above), "%s/..", outer);
	check_int(mkdir(inner, 0755), 0);
	ids[0] = id_of(outer);
	ids[1] = id_of(inner);
	ids[2] = id_of(above);
	ids[3] = 0x7fffffff;
	put_up();
	check_int(open_kmod(&handle, OPTS(.cgroup = outer)), 0);
	check_text(told(), "new\n");
	for (unsigned int i = 0; i < 4; i++) {
		event = made(0, i + 1);
		event.cgroup_id = ids[i];
		make(&event, event.size);
	}
	check_text(read_all(handle), "1;2;");
	/* Its processes may be gone before their records are read. */
	check_int(rmdir(inner), 0);
	event = made(0, 5);
	event.cgroup_id = ids[1];
	make(&event, event.size);
	check_text(read_all(handle), "5;");
	mlocktrace_close(handle);
	check_int(rmdir(outer), 0);
}

static void the_past_is_read_from_the_beginning(void)
{
	static const pid_t gone[] = { 0x7ffffff0 };
	struct mlocktrace *handle = NULL;
	struct mlocktrace_event event;

	put_up();
	make_one(0, 41);
	event = made(0, 42);
	event.pid = gone[0];
	make(&event, event.size);
	check_int(open_kmod(&handle, OPTS(.past = true)), 0);
	check_text(read_all(handle), "41;42;");
	mlocktrace_close(handle);
	make(&event, event.size);
	make_one(0, 43);
	check_int(open_kmod(&handle, OPTS(.source = "auto", .past = true, .pids = gone, .n_pids = 1)), 0);
	check_text(read_all(handle), "42;");
	mlocktrace_close(handle);
}

/* ---- the stream --------------------------------------------------------------------------- */

static void records_come_as_they_were_made(void)
{
	struct mlt_event_room room = { .event = made(1, 9) };
	struct mlocktrace *handle = NULL;
	const struct mlocktrace_event *event;

	put_up();
	sample_stack(&room, 3, 2);
	check_int(open_kmod(&handle, OPTS(.stacks = true)), 0);
	check_text(told(), "stacks\nnew\n");
	check_int(mlocktrace_next(handle, &event), 0);
	check_int(mlocktrace_wait(handle, 0), 0);
	make(&room, room.event.size);
	check_int(mlocktrace_wait(handle, 1000), 1);
	check_int(poll(&(struct pollfd){ .fd = mlocktrace_fd(handle), .events = POLLIN }, 1, 0), 1);
	check_int(mlocktrace_next(handle, &event), 1);
	room.event.seq = 1; /* of this stream */
	check(event && !memcmp(event, &room, room.event.size));
	check_int(mlocktrace_next(handle, &event), 0);
	mlocktrace_close(handle);
}

static void stacks_are_for_who_asked_for_them(void)
{
	struct mlt_event_room room = { .event = made(1, 9) };
	const struct mlocktrace_event *event;
	struct mlocktrace *handle = NULL;
	size_t n = 99;

	put_up();
	sample_stack(&room, 48, 16);
	check_int(open_kmod(&handle, OPTS(0)), 0);
	told();
	make(&room, room.event.size);
	make_one(1, 10);
	check_int(mlocktrace_next(handle, &event), 1);
	check_int(event->size, sizeof(*event));
	mlocktrace_event_user_stack(event, &n);
	check_int(n, 0);
	check_text(read_all(handle), "10;");
	mlocktrace_close(handle);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(a_module_that_is_there_is_opened),
		KTAP_TEST(the_tier_alone_says_which_source),
		KTAP_TEST(what_is_missing_is_named),
		KTAP_TEST(without_module_it_says_how_to_load_it),
		KTAP_TEST(only_root_may),
		KTAP_TEST(another_abi_is_refused),
		KTAP_TEST(one_that_is_switched_off_is_refused_but_for_its_past),
		KTAP_TEST(a_cgroup_that_is_not_there_is_named),
		KTAP_TEST(processes_are_named_to_the_module),
		KTAP_TEST(what_the_module_does_not_take_is_told),
		KTAP_TEST(the_other_filters_act_on_what_is_read),
		KTAP_TEST(a_cgroup_holds_what_is_below_it),
		KTAP_TEST(the_past_is_read_from_the_beginning),
		KTAP_TEST(records_come_as_they_were_made),
		KTAP_TEST(stacks_are_for_who_asked_for_them),
	};

	return run_with_double(tests, KTAP_SIZE(tests));
}
