// SPDX-License-Identifier: GPL-2.0
/*
 * What is left when the output fails: a disk that fills up at any byte, a
 * closed pipe, a file shared with another writer.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "format.h"
#include "ktap.h"
#include "sample.h"

#define RECORDS 3

static char path[64];
static int path_fd;
static char last_log[1024];
static struct mlt_event_room rooms[RECORDS];

static void keep_log(void *ctx, enum mlocktrace_log_level level, const char *line)
{
	(void)ctx;
	if (level <= MLOCKTRACE_LOG_WARN)
		snprintf(last_log, sizeof(last_log), "%s", line);
}

static void make_events(void)
{
	rooms[0].event = sample_lock(MLOCKTRACE_OP_MLOCK, 0, 4096);
	rooms[1].event = sample_over_limit(MLOCKTRACE_OP_MLOCK2, 60 * K, 16 * M, 0);
	rooms[2].event = sample_lock(MLOCKTRACE_OP_MUNLOCK, 64 * K, 0);
	sample_stack(&rooms[2], 20, 8);
}

/* Write until the file may not grow any more; the caller sees what is left of it. */
static int fill_up(enum mlocktrace_format format, size_t limit, int buffering, bool flush)
{
	struct mlocktrace_writer_opts opts = { .size = sizeof(opts), .format = format };
	struct rlimit unlimited, small = { 0 };
	struct mlocktrace_writer *writer = NULL;
	FILE *out = fopen(path, "w");
	static char buffer[60000];
	int err = 0;

	getrlimit(RLIMIT_FSIZE, &unlimited);
	small = unlimited;
	small.rlim_cur = limit;
	setrlimit(RLIMIT_FSIZE, &small);
	/* A large buffer holds more units than are remembered at first. */
	setvbuf(out, buffer, buffering, limit % 7 ? 3000 : sizeof(buffer));
	check_int(mlocktrace_writer_new(&writer, out, &opts), 0);
	for (int i = 0; i < 500 && !err; i++) {
		err = mlocktrace_write(writer, &rooms[i % RECORDS].event);
		if (flush)
			fflush(out);
	}
	if (!err)
		err = mlocktrace_writer_finish(writer, NULL);
	else
		check_int(mlocktrace_writer_finish(writer, NULL), err);
	mlocktrace_writer_free(writer);
	/* There is room again, but what did not fit before must not come now. */
	setrlimit(RLIMIT_FSIZE, &unlimited);
	fclose(out);
	return err;
}

/* When the caller's own flush has met the error, stdio does not tell the writer which one. */
static bool is_full(int err, bool flush)
{
	if (err == -EFBIG || (flush && err == -EIO))
		return true;
	printf("# the error is %d\n", err);
	return false;
}

static size_t file_size(void)
{
	return (size_t)lseek(path_fd, 0, SEEK_END);
}

static void a_full_disk_leaves_whole_records(void)
{
	static const int bufferings[] = { _IOFBF, _IONBF };
	struct mlocktrace_opts opts = { .size = sizeof(opts), .source = path, .log = keep_log };

	for (size_t limit = 300; limit < 45000 && ktap.ok; limit += limit < 6000 ? 61 : 997) {
		struct mlocktrace *handle = NULL;
		const struct mlocktrace_event *event;
		int end, n = 0;

		check(is_full(fill_up(MLOCKTRACE_FILE, limit, bufferings[limit % 2], limit % 3), limit % 3));
		check(file_size() <= limit);
		check_int(mlocktrace_open(&handle, &opts), 0);
		while ((end = mlocktrace_next(handle, &event)) == 1)
			n++;
		check_int(end, -EBADMSG);
		check(strstr(last_log, "was cut off after") != NULL);
		/* Not just readable: the last chunk ends where the file ends, and no more would fit. */
		check(file_size() + 1000 > limit || !n);
		mlocktrace_close(handle);
	}
}

static void a_full_disk_leaves_whole_lines(void)
{
	static char page[60000];

	for (size_t limit = 500; limit < 50000 && ktap.ok; limit += limit < 8000 ? 137 : 997) {
		ssize_t n;

		check(is_full(fill_up(limit % 2 ? MLOCKTRACE_JSON : MLOCKTRACE_TEXT, limit,
				      limit % 3 ? _IOFBF : _IOLBF, limit % 5), limit % 5));
		n = pread(path_fd, page, sizeof(page), 0);
		check(n > 0 && page[n - 1] == '\n');
		check((size_t)n <= limit && (size_t)n + 2500 > limit);
	}
}

/* The traced command may write to the same file; what it wrote is not ours to cut. */
static void bytes_of_others_are_never_cut(void)
{
	struct mlocktrace_writer_opts opts = { .size = sizeof(opts), .format = MLOCKTRACE_JSON };
	struct rlimit unlimited, small;
	struct mlocktrace_writer *writer = NULL;
	FILE *out = fopen(path, "w");
	size_t before;
	int err = 0;

	check_int(mlocktrace_writer_new(&writer, out, &opts), 0);
	check_int(mlocktrace_write(writer, &rooms[0].event), 0);
	fflush(out);
	check_int(write(fileno(out), "half a line", 11), 11);
	before = file_size();
	getrlimit(RLIMIT_FSIZE, &unlimited);
	small = unlimited;
	small.rlim_cur = before;
	setrlimit(RLIMIT_FSIZE, &small);
	for (int i = 0; i < 100 && !err; i++)
		err = mlocktrace_write(writer, &rooms[0].event);
	check_int(err, -EFBIG);
	setrlimit(RLIMIT_FSIZE, &unlimited);
	check_int(file_size(), before);
	mlocktrace_writer_free(writer);
	fclose(out);
	check_int(file_size(), before);
}

static void bytes_of_others_behind_ours_are_never_cut(void)
{
	struct mlocktrace_writer_opts opts = { .size = sizeof(opts), .format = MLOCKTRACE_JSON };
	struct rlimit unlimited, small;
	struct mlocktrace_writer *writer = NULL;
	static const char others[5000];
	FILE *out = fopen(path, "w");

	check_int(mlocktrace_writer_new(&writer, out, &opts), 0);
	check_int(mlocktrace_write(writer, &rooms[0].event), 0);
	check_int(write(fileno(out), others, sizeof(others)), sizeof(others));
	getrlimit(RLIMIT_FSIZE, &unlimited);
	small = unlimited;
	small.rlim_cur = sizeof(others);
	setrlimit(RLIMIT_FSIZE, &small);
	check_int(mlocktrace_writer_finish(writer, NULL), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &unlimited);
	mlocktrace_writer_free(writer);
	fclose(out);
	check_int(file_size(), sizeof(others));
}

static void a_device_that_is_full_is_an_error_and_no_more(void)
{
	struct mlocktrace_writer_opts opts = { .size = sizeof(opts), .format = MLOCKTRACE_JSON };
	struct mlocktrace_writer *writer = NULL;
	FILE *out = fopen("/dev/full", "w");

	if (!out) {
		ktap_skip("no /dev/full");
		return;
	}
	check_int(mlocktrace_writer_new(&writer, out, &opts), 0);
	check_int(mlocktrace_write(writer, &rooms[0].event), 0);
	check_int(mlocktrace_writer_finish(writer, NULL), -ENOSPC);
	mlocktrace_writer_free(writer);
	fclose(out);
}

static void a_closed_pipe_is_an_error_that_stays(void)
{
	struct mlocktrace_writer_opts opts = { .size = sizeof(opts), .format = MLOCKTRACE_TEXT };
	struct mlocktrace_writer *writer = NULL;
	int fds[2], err = 0;
	FILE *out;

	check_int(pipe(fds), 0);
	close(fds[0]);
	out = fdopen(fds[1], "w");
	check_int(mlocktrace_writer_new(&writer, out, &opts), 0);
	for (int i = 0; i < 10000 && !err; i++)
		err = mlocktrace_write(writer, &rooms[0].event);
	check_int(err, -EPIPE);
	check_int(mlocktrace_write(writer, &rooms[0].event), -EPIPE);
	check_int(mlocktrace_writer_finish(writer, NULL), -EPIPE);
	mlocktrace_writer_free(writer);
	fclose(out);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(a_full_disk_leaves_whole_records),
		KTAP_TEST(a_full_disk_leaves_whole_lines),
		KTAP_TEST(bytes_of_others_are_never_cut),
		KTAP_TEST(bytes_of_others_behind_ours_are_never_cut),
		KTAP_TEST(a_device_that_is_full_is_an_error_and_no_more),
		KTAP_TEST(a_closed_pipe_is_an_error_that_stays),
	};
	int status;

	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	/* On a disk of memory, reached by its descriptor: nothing to clean up. */
	path_fd = memfd_create("recording", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	make_events();
	status = ktap_run(tests, KTAP_SIZE(tests));
	close(path_fd);
	return status;
}
