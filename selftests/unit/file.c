// SPDX-License-Identifier: GPL-2.0
/*
 * Recordings: what goes in comes out, filters hold back what they should, and
 * a file that is cut off at any byte, or has any byte changed, is read as far
 * as it is good and never crashes the reader.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file_format.h"
#include "format.h"
#include "ktap.h"
#include "sample.h"

static char path[64];
static int path_fd;
static char last_log[1024];

static void keep_log(void *ctx, enum mlocktrace_log_level level, const char *line)
{
	(void)ctx;
	if (level <= MLOCKTRACE_LOG_WARN)
		snprintf(last_log, sizeof(last_log), "%s", line);
}

static void set_file(const void *data, size_t size)
{
	check_int(ftruncate(path_fd, 0), 0);
	check_int(pwrite(path_fd, data, size, 0), size);
}

static int open_file(struct mlocktrace **handle, struct mlocktrace_opts opts)
{
	opts.size = sizeof(opts);
	opts.source = path;
	opts.log = keep_log;
	last_log[0] = '\0';
	return mlocktrace_open(handle, &opts);
}

/* ---- a recording of everything ------------------------------------------------ */

#define RECORDS 8

static struct mlt_event_room rooms[RECORDS];

static void make_events(void)
{
	static const uint8_t ops[RECORDS] = {
		MLOCKTRACE_OP_MLOCK, MLOCKTRACE_OP_MLOCK2, MLOCKTRACE_OP_FORK, MLOCKTRACE_OP_MUNLOCK,
		MLOCKTRACE_OP_LOST, MLOCKTRACE_OP_SETRLIMIT, MLOCKTRACE_OP_EXIT, MLOCKTRACE_OP_MLOCKALL,
	};

	memset(rooms, 0, sizeof(rooms));
	for (unsigned int i = 0; i < RECORDS; i++) {
		rooms[i].event = sample_lock(ops[i], 4096 * i, 4096);
		rooms[i].event.seq = i + 1;
		rooms[i].event.cpu = i % 3;
	}
	sample_stack(&rooms[1], 3, 2);
	sample_stack(&rooms[7], 48, 16);
	rooms[2].event.target_pid = 4243;
	rooms[3].event.pid = 4243;
	rooms[3].event.ret = -ENOMEM;
	rooms[3].event.cgroup_id = 78;
	rooms[4].event.count = 5;
	rooms[5].event.pid = 9;
	rooms[5].event.uid = 0;
	rooms[5].event.target_pid = 4243;
	memcpy(rooms[6].event.comm, "exactly16bytes!!", 16);
}

struct image {
	char *data;
	size_t size;
	size_t ends[RECORDS + 2]; /* of the header, then of each record */
};

/* The recording as bytes, and where its whole chunks end. */
static struct image make_recording(const struct mlocktrace_stats *stats)
{
	struct mlocktrace_writer_opts opts = { .size = sizeof(opts), .format = MLOCKTRACE_FILE };
	struct mlocktrace_writer *writer = NULL;
	struct image image = { 0 };
	FILE *out = open_memstream(&image.data, &image.size);

	check_int(mlocktrace_writer_new(&writer, out, &opts), 0);
	for (size_t i = 0; i < RECORDS; i++) {
		check_int(mlocktrace_write(writer, &rooms[i].event), 0);
		fflush(out);
		image.ends[i + 1] = image.size;
	}
	image.ends[0] = image.ends[1] - sizeof(struct mlt_chunk) - rooms[0].event.size;
	check_int(mlocktrace_writer_finish(writer, stats), 0);
	mlocktrace_writer_free(writer);
	fclose(out);
	return image;
}

/* How many records can be read, each as it was written; *end = how it ended. */
static size_t read_back(struct mlocktrace *handle, int *end)
{
	const struct mlocktrace_event *event;
	size_t n = 0;

	while ((*end = mlocktrace_next(handle, &event)) == 1) {
		if (n == RECORDS || memcmp(event, &rooms[n], rooms[n].event.size)) {
			printf("# record %zu is not as it was written\n", n);
			check(!"the same record");
			break;
		}
		n++;
	}
	return n;
}

static void what_was_written_is_read_back(void)
{
	struct mlocktrace_stats stats = { .size = sizeof(stats), .seen = 20, .delivered = 7, .dropped = 13,
					  .missed = 3, .untracked = 2 };
	struct image image = make_recording(&stats);
	struct mlocktrace *handle = NULL;
	const struct mlocktrace_event *event;
	int end;

	set_file(image.data, image.size);
	check_int(open_file(&handle, (struct mlocktrace_opts){ 0 }), 0);
	check_text(mlocktrace_source(handle), "file");
	check_text(mlocktrace_tier(handle), "");
	check_int(mlocktrace_fd(handle), -EOPNOTSUPP);
	check_int(mlocktrace_wait(handle, -1), 1);
	check_int(read_back(handle, &end), RECORDS);
	check_int(end, -ENODATA);
	check_int(mlocktrace_next(handle, &event), -ENODATA);
	check_text(last_log, "");
	check_int(mlocktrace_stats(handle, -1, &stats), 0);
	check_int(stats.seen, 20);
	check_int(stats.dropped, 13);
	check_int(stats.missed, 3);
	check_int(stats.untracked, 2);
	check_int(mlocktrace_stats(handle, 1, &stats), 0);
	check_int(stats.seen, 2 + 5);
	check_int(stats.delivered, 2);
	check_int(stats.dropped, 5);
	check_int(mlocktrace_stats(handle, 3, &stats), -ENOENT);
	mlocktrace_close(handle);
	free(image.data);
}

static void without_books_the_records_are_counted(void)
{
	struct image image = make_recording(NULL);
	struct mlocktrace_stats stats = { .size = sizeof(stats) };
	struct mlocktrace *handle = NULL;
	int end;

	set_file(image.data, image.size);
	check_int(open_file(&handle, (struct mlocktrace_opts){ 0 }), 0);
	read_back(handle, &end);
	check_int(mlocktrace_stats(handle, -1, &stats), 0);
	check_int(stats.seen, RECORDS - 1 + 5);
	check_int(stats.delivered, RECORDS - 1);
	check_int(stats.dropped, 5);
	mlocktrace_close(handle);
	free(image.data);
}

static void an_empty_recording_is_whole(void)
{
	struct mlocktrace_writer_opts opts = { .size = sizeof(opts), .format = MLOCKTRACE_FILE };
	struct mlocktrace_writer *writer = NULL;
	struct mlocktrace *handle = NULL;
	struct image image = { 0 };
	FILE *out = open_memstream(&image.data, &image.size);
	int end;

	check_int(mlocktrace_writer_new(&writer, out, &opts), 0);
	check_int(mlocktrace_writer_finish(writer, NULL), 0);
	check_int(mlocktrace_writer_finish(writer, NULL), 0);
	check_int(mlocktrace_write(writer, &rooms[0].event), -EINVAL);
	mlocktrace_writer_free(writer);
	fclose(out);
	set_file(image.data, image.size);
	check_int(open_file(&handle, (struct mlocktrace_opts){ 0 }), 0);
	check_int(read_back(handle, &end), 0);
	check_int(end, -ENODATA);
	mlocktrace_close(handle);
	free(image.data);
}

/* ---- filters (see filter.c) ------------------------------------------------------ */

static void what_filters_hold_back_is_not_in_the_books(void)
{
	static const pid_t parent[] = { 4242 };
	struct mlocktrace_opts opts = { .pids = parent, .n_pids = 1, .ops = 1 << MLOCKTRACE_OP_MLOCK2 };
	struct mlocktrace_stats stats = { .size = sizeof(stats), .seen = 100, .missed = 3 };
	struct image image = make_recording(&stats);
	const struct mlocktrace_event *event;
	struct mlocktrace *handle = NULL;

	set_file(image.data, image.size);
	check_int(open_file(&handle, opts), 0);
	check_int(mlocktrace_next(handle, &event), 1);
	check(!memcmp(event, &rooms[1], rooms[1].event.size));
	check_int(mlocktrace_next(handle, &event), 1);
	check_int(event->op, MLOCKTRACE_OP_LOST);
	check_int(mlocktrace_next(handle, &event), -ENODATA);
	check_int(mlocktrace_stats(handle, -1, &stats), 0);
	check_int(stats.seen, 1 + 5);
	check_int(stats.delivered, 1);
	check_int(stats.dropped, 5);
	check_int(stats.missed, 3);
	mlocktrace_close(handle);
	free(image.data);
}

static void filters_that_make_no_sense_are_refused(void)
{
	struct image image = make_recording(NULL);
	struct mlocktrace *handle = NULL;

	set_file(image.data, image.size);
	check_int(open_file(&handle, (struct mlocktrace_opts){ .cgroup = "/sys/fs/cgroup" }), -EINVAL);
	check(strstr(mlocktrace_open_error(), "decimal") != NULL);
	check_int(open_file(&handle, (struct mlocktrace_opts){ .comm = "longer than it can be" }), -EINVAL);
	check(strstr(mlocktrace_open_error(), "longer") != NULL);
	free(image.data);
}

/* ---- cut off and damaged ------------------------------------------------------------ */

static void cut_off_at_any_byte_it_is_read_up_to_there(void)
{
	struct image image = make_recording(NULL);
	size_t whole, n;
	int end;

	for (size_t cut = 0; cut <= image.size && ktap.ok; cut++) {
		struct mlocktrace *handle = NULL;

		set_file(image.data, cut);
		check_int(open_file(&handle, (struct mlocktrace_opts){ 0 }), cut < image.ends[0] ? -EBADMSG : 0);
		if (!handle)
			continue;
		for (whole = 0; whole < RECORDS && image.ends[whole + 1] <= cut; whole++)
			;
		n = read_back(handle, &end);
		check_int(n, whole);
		check_int(end, cut == image.size ? -ENODATA : -EBADMSG);
		if (cut < image.size) {
			char words[64];

			snprintf(words, sizeof(words), "was cut off after %zu records", whole);
			check(strstr(last_log, words) != NULL);
		}
		mlocktrace_close(handle);
	}
	free(image.data);
}

static void bytes_behind_the_end_are_noticed(void)
{
	struct image image = make_recording(NULL);
	struct mlocktrace *handle = NULL;
	char *twice = malloc(2 * image.size);
	int end;

	memcpy(twice, image.data, image.size);
	memcpy(twice + image.size, image.data, image.size);
	set_file(twice, 2 * image.size);
	check_int(open_file(&handle, (struct mlocktrace_opts){ 0 }), 0);
	check_int(read_back(handle, &end), RECORDS);
	check_int(end, -EBADMSG);
	check(strstr(last_log, "follow its end") != NULL);
	mlocktrace_close(handle);
	free(twice);
	free(image.data);
}

static void a_record_taken_out_is_noticed(void)
{
	struct image image = make_recording(NULL);
	struct mlocktrace *handle = NULL;
	int end;

	memmove(image.data + image.ends[7], image.data + image.ends[8], image.size - image.ends[8]);
	set_file(image.data, image.size - (image.ends[8] - image.ends[7]));
	check_int(open_file(&handle, (struct mlocktrace_opts){ 0 }), 0);
	check_int(read_back(handle, &end), RECORDS - 1);
	check_int(end, -EBADMSG);
	mlocktrace_close(handle);
	free(image.data);
}

/* As a machine that lost power can leave it. */
static void a_tail_of_zeros_is_damage(void)
{
	struct image image = make_recording(NULL);
	struct mlocktrace *handle = NULL;
	int end;

	memset(image.data + image.ends[4], 0, image.size - image.ends[4]);
	set_file(image.data, image.size);
	check_int(open_file(&handle, (struct mlocktrace_opts){ 0 }), 0);
	check_int(read_back(handle, &end), 4);
	check_int(end, -EBADMSG);
	check(strstr(last_log, "damaged after 4 records") != NULL);
	mlocktrace_close(handle);
	free(image.data);
}

static void chunks_of_a_newer_version_are_skipped(void)
{
	struct image image = make_recording(NULL);
	struct mlocktrace *handle = NULL;
	struct mlt_chunk chunk = { .type = 77, .length = 5000 };
	char *longer = calloc(1, image.size + sizeof(chunk) + chunk.length);
	size_t at = image.ends[3];
	int end;

	memcpy(longer, image.data, at);
	memcpy(longer + at, &chunk, sizeof(chunk));
	memcpy(longer + at + sizeof(chunk) + chunk.length, image.data + at, image.size - at);
	set_file(longer, image.size + sizeof(chunk) + chunk.length);
	check_int(open_file(&handle, (struct mlocktrace_opts){ 0 }), 0);
	check_int(read_back(handle, &end), RECORDS);
	check_int(end, -ENODATA);
	mlocktrace_close(handle);
	free(longer);
	free(image.data);
}

static void what_is_no_recording_is_refused_with_the_remedy(void)
{
	struct image image = make_recording(NULL);
	struct mlocktrace *handle = NULL;

	set_file("{\"pid\":1}\n and so on and on", 27);
	check_int(open_file(&handle, (struct mlocktrace_opts){ 0 }), -EBADMSG);
	check(strstr(mlocktrace_open_error(), "begins with something else") != NULL);
	check(strstr(mlocktrace_open_error(), "mlocktrace record") != NULL);
	image.data[8]++;
	set_file(image.data, image.size);
	check_int(open_file(&handle, (struct mlocktrace_opts){ 0 }), -EBADMSG);
	check(strstr(mlocktrace_open_error(), "version") != NULL);
	image.data[12] ^= 5;
	set_file(image.data, image.size);
	check_int(open_file(&handle, (struct mlocktrace_opts){ 0 }), -EBADMSG);
	check(strstr(mlocktrace_open_error(), "byte order") != NULL);
	check_int(mlocktrace_open(&handle, &(struct mlocktrace_opts){ .size = sizeof(struct mlocktrace_opts),
								      .source = "/nowhere/at/all" }), -ENOENT);
	check(strstr(mlocktrace_open_error(), "/nowhere/at/all") != NULL);
	check_int(mlocktrace_open(&handle, &(struct mlocktrace_opts){ .size = sizeof(struct mlocktrace_opts),
								      .source = "/" }), -EBADMSG);
	free(image.data);
}

/* Read it all, with everything that looks at a record looking at it. */
static void read_hostile(struct mlocktrace_symbols *symbols)
{
	struct mlocktrace_writer_opts opts = { .size = sizeof(opts), .verbose = true, .symbols = symbols };
	struct mlocktrace_writer *writer = NULL;
	const struct mlocktrace_event *event;
	struct mlocktrace *handle = NULL;
	struct image page = { 0 };
	FILE *out;

	if (open_file(&handle, (struct mlocktrace_opts){ .follow = true }))
		return;
	opts.source = handle;
	opts.format = rand() % 3;
	out = open_memstream(&page.data, &page.size);
	check_int(mlocktrace_writer_new(&writer, out, &opts), 0);
	for (int n = 0; n < 1000 && mlocktrace_next(handle, &event) == 1; n++)
		check_int(mlocktrace_write(writer, event), 0);
	check_int(mlocktrace_writer_finish(writer, NULL), 0);
	mlocktrace_writer_free(writer);
	fclose(out);
	free(page.data);
	mlocktrace_close(handle);
}

/* Names go into the mutated file as well: a hostile one would have them. */
static struct image make_recording_with_names(void)
{
	struct image image = make_recording(NULL);
	struct mlt_chunk chunk = { .type = MLT_CHUNK_NAMES, .length = 64 };
	size_t at = image.ends[1], more = sizeof(chunk) + chunk.length;
	char *data = calloc(1, image.size + more);

	memcpy(data, image.data, at);
	memcpy(data + at, &chunk, sizeof(chunk));
	memcpy(data + at + sizeof(chunk), "main+0x1 (a)\0\033[2J\0\0x\\x1b\0last", 30);
	memcpy(data + at + more, image.data + at, image.size - at);
	free(image.data);
	image.data = data;
	image.size += more;
	return image;
}

static void any_bytes_changed_never_crash_the_reader(void)
{
	struct image image = make_recording_with_names();
	struct mlocktrace_symbols *symbols = NULL;
	char *copy = malloc(image.size);

	check_int(mlocktrace_symbols_new(&symbols), 0);
	srand(8);
	for (int round = 0; round < 20000 && ktap.ok; round++) {
		size_t size = image.size;

		memcpy(copy, image.data, size);
		for (int n = 1 + rand() % 4; n > 0; n--) {
			size_t at = rand() % size;

			switch (rand() % 4) {
			case 0:
				copy[at] = rand();
				break;
			case 1:
				copy[at] = rand() % 2 ? 0 : 0xff;
				break;
			case 2:
				memset(copy + at, rand(), size - at < 8 ? size - at : 8);
				break;
			case 3:
				memmove(copy + at / 2, copy + at, size - at);
				break;
			}
		}
		if (rand() % 4 == 0)
			size = rand() % size;
		set_file(copy, size);
		read_hostile(symbols);
	}
	mlocktrace_symbols_free(symbols);
	free(copy);
	free(image.data);
}

/* ---- what is not written ------------------------------------------------------------- */

static void events_that_lie_about_their_size_are_not_written(void)
{
	struct mlocktrace_writer_opts opts = { .size = sizeof(opts), .format = MLOCKTRACE_FILE };
	struct mlocktrace_event event = sample(MLOCKTRACE_OP_MLOCK);
	struct mlocktrace_writer *writer = NULL;
	FILE *out = fopen("/dev/null", "w");

	check_int(mlocktrace_writer_new(&writer, out, &opts), 0);
	event.size = 0;
	check_int(mlocktrace_write(writer, &event), -EINVAL);
	event.size = sizeof(event);
	event.n_user = 1;
	check_int(mlocktrace_write(writer, &event), -EINVAL);
	event.n_user = 0;
	check_int(mlocktrace_write(writer, &event), 0);
	mlocktrace_writer_free(writer);
	fclose(out);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(what_was_written_is_read_back),
		KTAP_TEST(without_books_the_records_are_counted),
		KTAP_TEST(an_empty_recording_is_whole),
		KTAP_TEST(what_filters_hold_back_is_not_in_the_books),
		KTAP_TEST(filters_that_make_no_sense_are_refused),
		KTAP_TEST(cut_off_at_any_byte_it_is_read_up_to_there),
		KTAP_TEST(bytes_behind_the_end_are_noticed),
		KTAP_TEST(a_record_taken_out_is_noticed),
		KTAP_TEST(a_tail_of_zeros_is_damage),
		KTAP_TEST(chunks_of_a_newer_version_are_skipped),
		KTAP_TEST(what_is_no_recording_is_refused_with_the_remedy),
		KTAP_TEST(any_bytes_changed_never_crash_the_reader),
		KTAP_TEST(events_that_lie_about_their_size_are_not_written),
	};
	int status;

	/* On a disk of memory, reached by its descriptor: nothing to clean up. */
	path_fd = memfd_create("recording", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	make_events();
	status = ktap_run(tests, KTAP_SIZE(tests));
	close(path_fd);
	return status;
}
