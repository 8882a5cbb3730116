// SPDX-License-Identifier: GPL-2.0
/*
 * What a command locks and what is refused to it, counted in the kernel: no record is made
 * and nothing is read until it has ended.
 *
 *	counts [-a] [-x] [-g none|cgroup|comm] [-n GROUPS] [-o OP,...] [-s SOURCE] [-t TIER]
 *	       COMMAND [ARG]...
 *
 *	count	mlock	vmlck	ok	-	256	1048576	0
 *	count	mlock	vmlck	over_limit	-	3	0	0
 *	latency	mlock	259	131400	512:17 1024:240 2048:2
 *	stats	259	0	0	0
 *
 * op, counter, cause, group, calls, bytes taken and given; of an op its calls, their
 * nanoseconds, and how many took less than so many; of the books seen, dropped, missed and
 * untracked. -a counts every process, -x only what failed. A group is the id of a cgroup, or
 * the name of a task with whatever could harm a terminal escaped; "other" are those above
 * GROUPS.
 */
#include <errno.h>
#include <inttypes.h>
#include <mlocktrace/mlocktrace.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *what, int err)
{
	fprintf(stderr, "counts: %s: %s\n", what, strerror(-err));
	return 1;
}

static int print_count(void *ctx, const struct mlocktrace_count *count)
{
	const struct mlocktrace_opts *opts = ctx;
	char group[MLOCKTRACE_COMM_LEN * 4 + 1] = "-";

	if (count->other)
		strcpy(group, "other");
	else if (opts->group_by == MLOCKTRACE_GROUP_CGROUP)
		snprintf(group, sizeof(group), "%" PRIu64, count->group_id);
	else if (opts->group_by == MLOCKTRACE_GROUP_COMM)
		mlocktrace_escape(group, sizeof(group), count->comm, sizeof(count->comm));
	printf("count\t%s\t%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n",
	       mlocktrace_op_name(count->op),
	       count->counter ? mlocktrace_counter_name(count->counter) : "-",
	       mlocktrace_cause_name(count->cause), group, count->calls, count->taken, count->given);
	return 0;
}

static void print_latency(const struct mlocktrace_latency *latency)
{
	const char *space = "";

	printf("latency\t%s\t%" PRIu64 "\t%" PRIu64 "\t", mlocktrace_op_name(latency->op),
	       latency->calls, latency->sum_ns);
	for (int i = 0; i < MLOCKTRACE_LATENCY_BUCKETS; i++) {
		if (!latency->buckets[i])
			continue;
		if (i == MLOCKTRACE_LATENCY_BUCKETS - 1)
			printf("%sinf:%" PRIu64, space, latency->buckets[i]);
		else
			printf("%s%llu:%" PRIu64, space, 1ULL << (i + 7), latency->buckets[i]);
		space = " ";
	}
	printf("\n");
}

static int print_all(struct mlocktrace *handle, struct mlocktrace_opts *opts)
{
	struct mlocktrace_latency latency = { .size = sizeof(latency) };
	struct mlocktrace_stats stats = { .size = sizeof(stats) };
	int err = mlocktrace_counts(handle, print_count, opts);

	if (err)
		return fail("cannot read the counts", err);
	for (size_t i = 0; !mlocktrace_latency(handle, i, &latency); i++)
		print_latency(&latency);
	if (!mlocktrace_stats(handle, -1, &stats))
		printf("stats\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", stats.seen,
		       stats.dropped, stats.missed, stats.untracked);
	return 0;
}

/* A child that becomes @command when a byte comes through *go. */
static pid_t prepare(char **command, int *go)
{
	int ends[2];
	pid_t child;
	char byte;

	if (pipe(ends))
		return -1;
	child = fork();
	if (!child) {
		close(ends[1]);
		if (read(ends[0], &byte, 1) == 1) {
			close(ends[0]);
			execvp(command[0], command);
			perror(command[0]);
		}
		_exit(127);
	}
	close(ends[0]);
	*go = ends[1];
	return child;
}

static int count_command(struct mlocktrace_opts *opts, char **command, bool everybody)
{
	struct mlocktrace *handle;
	int err, go = -1;
	pid_t child = prepare(command, &go);

	if (child < 0)
		return fail("cannot start a process", -errno);
	opts->pids = &child;
	opts->n_pids = everybody ? 0 : 1;
	opts->follow = !everybody;
	err = mlocktrace_open(&handle, opts);
	if (err) {
		fprintf(stderr, "counts: %s\n", mlocktrace_open_error());
		close(go); /* which ends the child */
		waitpid(child, NULL, 0);
		return 1;
	}
	if (write(go, "", 1) == 1)
		waitpid(child, NULL, 0);
	err = mlocktrace_stop(handle);
	err = err ? fail("cannot stop", err) : print_all(handle, opts);
	mlocktrace_close(handle);
	return err;
}

static unsigned int group_by_name(const char *name)
{
	if (!strcmp(name, "cgroup"))
		return MLOCKTRACE_GROUP_CGROUP;
	return strcmp(name, "comm") ? MLOCKTRACE_GROUP_NONE : MLOCKTRACE_GROUP_COMM;
}

static uint64_t ops_by_names(char *names)
{
	uint64_t ops = 0;

	for (char *name = strtok(names, ","); name; name = strtok(NULL, ","))
		ops |= 1ULL << mlocktrace_op_by_name(name);
	return ops;
}

int main(int argc, char **argv)
{
	struct mlocktrace_opts opts = { .size = sizeof(opts), .count = true };
	bool everybody = false;
	int c;

	while ((c = getopt(argc, argv, "+axg:n:o:s:t:")) != -1) {
		switch (c) {
		case 'a':
			everybody = true;
			break;
		case 'x':
			opts.failures_only = true;
			break;
		case 'g':
			opts.group_by = group_by_name(optarg);
			break;
		case 'n':
			opts.n_groups = strtoul(optarg, NULL, 0);
			break;
		case 'o':
			opts.ops = ops_by_names(optarg);
			break;
		case 's':
			opts.source = optarg;
			break;
		case 't':
			opts.tier = optarg;
			break;
		default:
			return 2;
		}
	}
	if (optind == argc) {
		fprintf(stderr, "counts: no command\n");
		return 2;
	}
	return count_command(&opts, argv + optind, everybody);
}
