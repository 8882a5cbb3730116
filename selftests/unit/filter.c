// SPDX-License-Identifier: GPL-2.0
/*
 * The filters of a recording: which records pass, record by record.
 */
#include "filter.h"
#include "ktap.h"
#include "sample.h"

#define RECORDS 8

static struct mlocktrace_event events[RECORDS];

static void make_events(void)
{
	static const uint8_t ops[RECORDS] = {
		MLOCKTRACE_OP_MLOCK, MLOCKTRACE_OP_MLOCK2, MLOCKTRACE_OP_FORK, MLOCKTRACE_OP_MUNLOCK,
		MLOCKTRACE_OP_LOST, MLOCKTRACE_OP_SETRLIMIT, MLOCKTRACE_OP_EXIT, 200,
	};

	for (unsigned int i = 0; i < RECORDS; i++)
		events[i] = sample(ops[i]);
	events[2].target_pid = 4243;
	events[3].pid = 4243;
	events[3].ret = -ENOMEM;
	events[3].cgroup_id = 78;
	events[4].pid = 0;
	events[5].pid = 9;
	events[5].uid = 0;
	events[5].target_pid = 4243;
	memcpy(events[6].comm, "exactly16bytes!!", 16);
}

/* The numbers, from 1, of the records that pass. Number 5 is the lost one, which passes them all. */
static void check_passes(struct mlocktrace_opts opts, const char *wanted)
{
	struct mlt_filter filter = { 0 };
	const char *bad = NULL;
	char got[3 * RECORDS + 1] = "";

	check_int(mlt_filter_init(&filter, &opts, &bad), 0);
	check_int(mlt_filter_is_on(&filter), strlen(wanted) < 2 * RECORDS || opts.n_pids);
	for (unsigned int i = 0; i < RECORDS; i++)
		if (mlt_filter_passes(&filter, &events[i]) == 1)
			sprintf(got + strlen(got), "%u ", i + 1);
	check_text(got, wanted);
	mlt_filter_free(&filter);
}

#define OPTS(...) ((struct mlocktrace_opts){ __VA_ARGS__ })
#define ONLY(TAG) .ops = 1 << MLOCKTRACE_OP_##TAG

static const pid_t parent[] = { 4242 }, child[] = { 1, 4243 };

static void without_filters_all_pass(void)
{
	check_passes(OPTS(0), "1 2 3 4 5 6 7 8 ");
}

static void processes_are_those_named(void)
{
	check_passes(OPTS(.pids = parent, .n_pids = 1), "1 2 3 5 7 8 ");
	check_passes(OPTS(.pids = child, .n_pids = 1), "5 ");
}

static void a_limit_changed_by_another_belongs_to_its_process(void)
{
	check_passes(OPTS(.pids = child, .n_pids = 2), "4 5 6 ");
}

static void memory_changed_by_another_belongs_to_its_process(void)
{
	struct mlocktrace_opts opts = { .pids = child, .n_pids = 2 };
	struct mlocktrace_event event = sample(MLOCKTRACE_OP_STACK);
	struct mlt_filter filter = { 0 };
	const char *bad = NULL;

	event.pid = 9;
	event.target_pid = 4243;
	check_int(mlt_filter_init(&filter, &opts, &bad), 0);
	check_int(mlt_filter_passes(&filter, &event), 0);
	event.flags = MLOCKTRACE_F_REMOTE;
	check_int(mlt_filter_passes(&filter, &event), 1);
	event.target_pid = 4244;
	check_int(mlt_filter_passes(&filter, &event), 0);
	mlt_filter_free(&filter);
}

static void what_was_found_is_not_the_business_of_who_was_running(void)
{
	struct mlocktrace_opts running = { .pids = child, .n_pids = 1 };
	struct mlocktrace_opts owner = { .by_uid = true, .uid = 1000 };
	struct mlocktrace_event event = sample(MLOCKTRACE_OP_IO_URING);
	struct mlt_filter filter = { 0 };
	const char *bad = NULL;

	event.pid = child[0];
	event.uid = 0;
	event.owner_uid = 1000;
	event.target_pid = 99;
	event.flags = MLOCKTRACE_F_REMOTE;
	check_int(mlt_filter_init(&filter, &running, &bad), 0);
	check_int(mlt_filter_passes(&filter, &event), 1);
	event.flags |= MLOCKTRACE_F_INFERRED;
	check_int(mlt_filter_passes(&filter, &event), 0);
	event.target_pid = child[0];
	check_int(mlt_filter_passes(&filter, &event), 1);
	mlt_filter_free(&filter);
	check_int(mlt_filter_init(&filter, &owner, &bad), 0);
	check_int(mlt_filter_passes(&filter, &event), 1);
	event.flags = MLOCKTRACE_F_REMOTE;
	check_int(mlt_filter_passes(&filter, &event), 0);
	mlt_filter_free(&filter);
}

static void children_are_followed_whatever_else_is_held_back(void)
{
	check_passes(OPTS(.pids = parent, .n_pids = 1, .follow = true), "1 2 3 4 5 6 7 8 ");
	check_passes(OPTS(.pids = parent, .n_pids = 1, .follow = true, ONLY(MUNLOCK)), "4 5 ");
	check_passes(OPTS(.pids = parent, .n_pids = 1, .follow = false, ONLY(MUNLOCK)), "5 ");
}

static void failures_only_are_failures_only(void)
{
	check_passes(OPTS(.failures_only = true), "4 5 ");
}

static void users_ops_names_and_cgroups_select(void)
{
	check_passes(OPTS(.by_uid = true, .uid = 0), "5 6 ");
	check_passes(OPTS(ONLY(FORK)), "3 5 ");
	check_passes(OPTS(.comm = "postgres", ONLY(EXIT)), "5 ");
	check_passes(OPTS(.comm = "postgres", ONLY(FORK)), "3 5 ");
	check_passes(OPTS(.comm = "post"), "5 ");
	check_passes(OPTS(.cgroup = "78"), "4 5 ");
}

static void more_processes_than_fit_at_first_are_kept(void)
{
	pid_t many[100];

	for (int i = 0; i < 100; i++)
		many[i] = 5000 + i;
	many[99] = 4242;
	check_passes(OPTS(.pids = many, .n_pids = 100), "1 2 3 5 7 8 ");
}

static void options_that_make_no_sense_are_refused(void)
{
	static const char *const cgroups[] = { "/sys/fs/cgroup", "", "-1", "12x", "99999999999999999999999" };
	struct mlt_filter filter = { 0 };
	const char *bad;

	for (size_t i = 0; i < KTAP_SIZE(cgroups); i++) {
		bad = NULL;
		check_int(mlt_filter_init(&filter, &OPTS(.cgroup = cgroups[i]), &bad), -EINVAL);
		check(bad && strstr(bad, "decimal"));
	}
	bad = NULL;
	check_int(mlt_filter_init(&filter, &OPTS(.comm = "exactly16bytes!!"), &bad), -EINVAL);
	check(bad && strstr(bad, "longer"));
	check_int(mlt_filter_init(&filter, &OPTS(.comm = "exactly15bytes!"), &bad), 0);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(without_filters_all_pass),
		KTAP_TEST(processes_are_those_named),
		KTAP_TEST(a_limit_changed_by_another_belongs_to_its_process),
		KTAP_TEST(memory_changed_by_another_belongs_to_its_process),
		KTAP_TEST(what_was_found_is_not_the_business_of_who_was_running),
		KTAP_TEST(children_are_followed_whatever_else_is_held_back),
		KTAP_TEST(failures_only_are_failures_only),
		KTAP_TEST(users_ops_names_and_cgroups_select),
		KTAP_TEST(more_processes_than_fit_at_first_are_kept),
		KTAP_TEST(options_that_make_no_sense_are_refused),
	};

	make_events();
	return ktap_run(tests, KTAP_SIZE(tests));
}
