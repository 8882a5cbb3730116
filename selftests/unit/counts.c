// SPDX-License-Identifier: GPL-2.0
/*
 * Counting: what a record is counted under, that nothing is counted twice or not at all, and
 * that the records of a recording come to the same as a look at each of them.
 */
#include <stdlib.h>
#include <unistd.h>

#include "ktap.h"
#include "sample.h"
#include "tally.h"

#define PAGE 4096
#define CELL(...) ((struct mlt_cell){ __VA_ARGS__ })

static struct mlt_tally *tally_by(unsigned int group_by, size_t n_groups)
{
	struct mlocktrace_opts opts = { .size = sizeof(opts), .count = true, .group_by = group_by,
					.n_groups = n_groups };
	struct mlt_tally *tally = NULL;
	const char *bad = "";

	check_int(mlt_tally_new(&tally, &opts, &bad), 0);
	return tally;
}

/* Of the cells that @key describes; 0xff as cause, and other groups: all of them. */
static struct mlt_cell sum_of(const struct mlt_tally *tally, uint8_t op, uint8_t cause, bool other)
{
	struct mlt_cell sum = { 0 };

	for (size_t i = 0; i < tally->room; i++) {
		const struct mlt_tally_cell *at = &tally->cells[i];

		if (at->key.op != op || (cause != 0xff && at->key.cause != cause) ||
		    at->key.other != other)
			continue;
		sum.calls += at->cell.calls;
		sum.taken += at->cell.taken;
		sum.given += at->cell.given;
	}
	return sum;
}

static void check_cell(struct mlt_cell got, struct mlt_cell wanted)
{
	check_int(got.calls, wanted.calls);
	check_int(got.taken, wanted.taken);
	check_int(got.given, wanted.given);
}

static void record(struct mlt_tally *tally, struct mlocktrace_event event)
{
	check_int(mlt_tally_record(tally, &event), 0);
}

/* ---- the pure parts ------------------------------------------------------------- */

static void a_bucket_is_for_less_than_its_power_of_two(void)
{
	for (int bit = 0; bit < 64; bit++) {
		for (int more = -1; more <= 1; more++) {
			uint64_t ns = (1ULL << bit) + more;
			unsigned int wanted = 0;

			while (wanted < 31 && ns >= 1ULL << (wanted + 7))
				wanted++;
			check_int(mlt_latency_bucket(ns), wanted);
		}
	}
	check_int(mlt_latency_bucket(~0ULL), 31);
}

static void each_total_has_a_place_of_its_own(void)
{
	for (uint32_t i = 0; i < MLT_TOTAL_CELLS; i++) {
		struct mlt_cell_key key = { 0 };

		mlt_total_key(&key, i);
		check_int(mlt_total_of(key.op, key.counter, key.cause), i);
	}
}

static struct mlt_group group_named(const char *bytes)
{
	struct mlocktrace_event event = sample(MLOCKTRACE_OP_MLOCK);
	struct mlt_group group;

	memcpy(event.comm, bytes, sizeof(event.comm));
	mlt_group_of(&group, &event, MLT_GROUP_COMM);
	return group;
}

static void a_name_ends_at_its_first_zero_byte(void)
{
	char full[17] = "0123456789abcdef";

	for (size_t n = 0; n <= 16; n++) {
		char wanted[16] = { 0 }, dirty[17];
		struct mlt_group group;

		memcpy(wanted, full, n);
		for (int rest = 0; rest < 256; rest++) {
			memset(dirty, rest, sizeof(dirty));
			memcpy(dirty, full, n);
			if (n < 16)
				dirty[n] = '\0';
			group = group_named(dirty);
			check(!memcmp(&group, wanted, sizeof(wanted)));
		}
	}
	/* Bytes above 127 are no zeros, and neither is a one behind a zero. */
	check(group_named((char[16]){ "\x80\xff\x01\x81" }).word[0] == 0x8101ff80ULL);
	check(group_named((char[16]){ "\x01\0\x01" }).word[0] == 1);
}

static void what_was_taken_and_given_are_kept_apart(void)
{
	struct mlt_tally *tally = tally_by(MLOCKTRACE_GROUP_NONE, 0);
	struct mlocktrace_event event = sample_lock(MLOCKTRACE_OP_MLOCK, 0, 3 * PAGE);

	record(tally, event);
	event = sample_lock(MLOCKTRACE_OP_MLOCK, 8 * PAGE, PAGE);
	record(tally, event);
	event.after = 2 * PAGE; /* (as with an overlap of another thread) */
	record(tally, event);
	record(tally, sample_over_limit(MLOCKTRACE_OP_MLOCK, 8 * M, PAGE, 0));
	check_cell(sum_of(tally, MLOCKTRACE_OP_MLOCK, MLOCKTRACE_CAUSE_OK, false),
		   CELL(3, 4 * PAGE, 6 * PAGE));
	check_cell(sum_of(tally, MLOCKTRACE_OP_MLOCK, MLOCKTRACE_CAUSE_OVER_LIMIT, false), CELL(1));
	check_int(tally->n_cells, 2);
	check_int(tally->times[MLOCKTRACE_OP_MLOCK].calls, 4);
	check_int(tally->times[MLOCKTRACE_OP_MLOCK].sum_ns, 4 * 12345);
	check_int(tally->times[MLOCKTRACE_OP_MLOCK].buckets[7], 4);
	mlt_tally_free(tally);
}

static void only_calls_have_durations(void)
{
	struct mlt_tally *tally = tally_by(MLOCKTRACE_GROUP_NONE, 0);

	for (unsigned int op = 1; op < MLOCKTRACE_OP_MAX; op++)
		record(tally, sample(op));
	for (unsigned int op = 1; op < MLOCKTRACE_OP_MAX; op++) {
		bool timed = (op > 1 && op < 7) || op == MLOCKTRACE_OP_SETRLIMIT;

		check_int(tally->times[op].calls, timed);
		check_int(sum_of(tally, op, 0xff, false).calls, 1);
	}
	mlt_tally_free(tally);
}

static void groups_beyond_the_most_are_one(void)
{
	struct mlt_tally *tally = tally_by(MLOCKTRACE_GROUP_CGROUP, 100);
	struct mlocktrace_event event = sample_lock(MLOCKTRACE_OP_MLOCK, 0, PAGE);

	for (int round = 0; round < 3; round++) {
		for (event.cgroup_id = 0; event.cgroup_id < 150; event.cgroup_id++)
			record(tally, event);
	}
	check_cell(sum_of(tally, MLOCKTRACE_OP_MLOCK, 0, false), CELL(300, 300 * PAGE));
	check_cell(sum_of(tally, MLOCKTRACE_OP_MLOCK, 0, true), CELL(150, 150 * PAGE));
	check_int(tally->n_cells, 101);
	/* They keep their room. */
	mlt_tally_clear(tally);
	check_int(tally->n_cells, 0);
	for (event.cgroup_id = 120; event.cgroup_id-- > 90;)
		record(tally, event);
	check_cell(sum_of(tally, MLOCKTRACE_OP_MLOCK, 0, false), CELL(10, 10 * PAGE));
	check_cell(sum_of(tally, MLOCKTRACE_OP_MLOCK, 0, true), CELL(20, 20 * PAGE));
	mlt_tally_free(tally);
	mlt_tally_free(NULL);
}

static void many_cells_are_found_again(void)
{
	struct mlt_tally *tally = tally_by(MLOCKTRACE_GROUP_CGROUP, MLT_GROUPS_MAX);
	struct mlt_cell_key key = { .op = MLOCKTRACE_OP_MUNLOCK };
	struct mlt_cell one = CELL(1, 0, PAGE);

	for (int round = 0; round < 2; round++) {
		for (key.group.word[0] = 0; key.group.word[0] < 20000; key.group.word[0]++)
			check_int(mlt_tally_put(tally, &key, &one), 0);
	}
	check_int(tally->n_cells, 20000);
	check_cell(sum_of(tally, MLOCKTRACE_OP_MUNLOCK, 0, false), CELL(40000, 0, 40000 * PAGE));
	mlt_tally_free(tally);
}

/* ---- a recording ------------------------------------------------------------------ */

static char path[] = "/tmp/mlocktrace-counts.XXXXXX";

/* Three processes, and records that were lost; without @all its end is missing. */
static void write_recording(bool all)
{
	struct mlocktrace_writer_opts opts = { .size = sizeof(opts), .format = MLOCKTRACE_FILE };
	struct mlocktrace_event event = sample_lock(MLOCKTRACE_OP_MLOCK, 0, PAGE);
	struct mlocktrace_writer *writer;
	FILE *out = fopen(path, "we");

	check_int(mlocktrace_writer_new(&writer, out, &opts), 0);
	for (int i = 0; i < 30; i++) {
		event.comm[0] = (char)('a' + i % 3);
		check_int(mlocktrace_write(writer, &event), 0);
	}
	event = sample(MLOCKTRACE_OP_LOST);
	event.count = 1000;
	check_int(mlocktrace_write(writer, &event), 0);
	event = sample_over_limit(MLOCKTRACE_OP_MLOCK, 8 * M, PAGE, 0);
	check_int(mlocktrace_write(writer, &event), 0);
	if (all)
		check_int(mlocktrace_writer_finish(writer, NULL), 0);
	mlocktrace_writer_free(writer);
	fclose(out);
}

static struct mlocktrace *open_recording(struct mlocktrace_opts opts)
{
	struct mlocktrace *handle = NULL;

	opts.size = sizeof(opts);
	opts.source = path;
	check_int(mlocktrace_open(&handle, &opts), 0);
	return handle;
}

static int add_up(void *ctx, const struct mlocktrace_count *count)
{
	char *text = ctx;

	sprintf(text + strlen(text), "%s %s %s%s%.3s %llu %llu;", mlocktrace_op_name(count->op),
		mlocktrace_cause_name(count->cause), count->other ? "other" : "",
		count->group_id ? "cgroup" : "", count->comm, (unsigned long long)count->calls,
		(unsigned long long)(count->taken - count->given));
	return 0;
}

static int stop_at_once(void *ctx, const struct mlocktrace_count *count)
{
	(void)count;
	++*(int *)ctx;
	return 42;
}

static const char *counts_of(struct mlocktrace *handle, int wanted)
{
	static char text[1024];

	text[0] = '\0';
	check_int(mlocktrace_counts(handle, add_up, text), wanted);
	return text;
}

static void a_recording_is_counted_by_its_records(void)
{
	struct mlocktrace_latency latency = { .size = sizeof(latency) };
	const struct mlocktrace_event *event;
	struct mlocktrace *handle;
	const char *text;
	int calls = 0;

	write_recording(true);
	handle = open_recording((struct mlocktrace_opts){ .count = true });
	check_int(mlocktrace_next(handle, &event), -ENODATA);
	check_int(mlocktrace_fd(handle), -EOPNOTSUPP);
	for (int i = 0; i < 2; i++) { /* which does not count them again */
		text = counts_of(handle, 0);
		check(strstr(text, "mlock ok  30 122880;") != NULL);
		check(strstr(text, "mlock over_limit  1 0;") != NULL);
		check_int(strlen(text), strlen("mlock ok  30 122880;mlock over_limit  1 0;"));
	}
	check_int(mlocktrace_counts(handle, stop_at_once, &calls), 42);
	check_int(calls, 1);
	check_int(mlocktrace_latency(handle, 0, &latency), 0);
	check_int(latency.op, MLOCKTRACE_OP_MLOCK);
	check_int(latency.calls, 31);
	check_int(latency.buckets[7], 31);
	check_int(mlocktrace_latency(handle, 1, &latency), -ENOENT);
	latency.size = 4;
	check_int(mlocktrace_latency(handle, 0, &latency), -EINVAL);
	mlocktrace_close(handle);
}

static void a_recording_has_groups_too(void)
{
	struct mlocktrace *handle = open_recording((struct mlocktrace_opts){
		.count = true, .group_by = MLOCKTRACE_GROUP_COMM, .n_groups = 2, .ops = 1 << 2 });
	const char *text = counts_of(handle, 0);

	check(strstr(text, "mlock ok aos 10 40960;") != NULL);
	check(strstr(text, "mlock ok bos 10 40960;") != NULL);
	check(strstr(text, "mlock ok other 10 40960;") != NULL);
	check(strstr(text, "mlock over_limit other 1 0;") != NULL);
	mlocktrace_close(handle);
	handle = open_recording((struct mlocktrace_opts){
		.count = true, .group_by = MLOCKTRACE_GROUP_CGROUP, .failures_only = true });
	check_text(counts_of(handle, 0), "mlock over_limit cgroup 1 0;");
	mlocktrace_close(handle);
}

static void what_comes_before_the_damage_is_counted(void)
{
	struct mlocktrace *handle;

	write_recording(false);
	handle = open_recording((struct mlocktrace_opts){ .count = true });
	check(strstr(counts_of(handle, -EBADMSG), "mlock ok  30 122880;") != NULL);
	check(strstr(counts_of(handle, -EBADMSG), "mlock ok  30 122880;") != NULL);
	mlocktrace_close(handle);
}

static void what_makes_no_sense_is_refused(void)
{
	struct mlocktrace_latency latency = { .size = sizeof(latency) };
	struct mlocktrace_opts bad[] = {
		{ .count = true, .stacks = true },
		{ .count = true, .past = true },
		{ .count = true, .group_by = MLOCKTRACE_GROUP_COMM + 1 },
		{ .count = true, .n_groups = MLT_GROUPS_MAX + 1 },
	};
	struct mlocktrace *handle;

	write_recording(true);
	for (size_t i = 0; i < KTAP_SIZE(bad); i++) {
		bad[i].size = sizeof(bad[i]);
		bad[i].source = path;
		check_int(mlocktrace_open(&handle, &bad[i]), -EINVAL);
		check(*mlocktrace_open_error() != '\0');
	}
	handle = open_recording((struct mlocktrace_opts){ 0 });
	check_text(counts_of(handle, -EOPNOTSUPP), "");
	check_int(mlocktrace_latency(handle, 0, &latency), -EOPNOTSUPP);
	check_int(mlocktrace_latency(handle, 1, &latency), -EOPNOTSUPP);
	mlocktrace_close(handle);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(a_bucket_is_for_less_than_its_power_of_two),
		KTAP_TEST(each_total_has_a_place_of_its_own),
		KTAP_TEST(a_name_ends_at_its_first_zero_byte),
		KTAP_TEST(what_was_taken_and_given_are_kept_apart),
		KTAP_TEST(only_calls_have_durations),
		KTAP_TEST(groups_beyond_the_most_are_one),
		KTAP_TEST(many_cells_are_found_again),
		KTAP_TEST(a_recording_is_counted_by_its_records),
		KTAP_TEST(a_recording_has_groups_too),
		KTAP_TEST(what_comes_before_the_damage_is_counted),
		KTAP_TEST(what_makes_no_sense_is_refused),
	};
	int fd = mkstemp(path), status;

	if (fd < 0)
		return 1;
	close(fd);
	status = ktap_run(tests, KTAP_SIZE(tests));
	unlink(path);
	return status;
}
