// SPDX-License-Identifier: GPL-2.0
/*
 * Records as people see them: one golden page per set of options, and for any
 * record at all: within 100 columns, one line per record, nothing wild.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "data.h"
#include "format.h"
#include "ktap.h"
#include "sample.h"

#define F(TAG) MLOCKTRACE_F_##TAG
#define PAGE_COLUMNS 100

static struct mlocktrace source; /* gives the time of day of the records */

static char *page;
static size_t page_size;

static struct mlocktrace_writer *open_page(FILE **out, struct mlocktrace_writer_opts opts)
{
	struct mlocktrace_writer *writer = NULL;

	opts.size = sizeof(opts);
	opts.source = &source;
	*out = open_memstream(&page, &page_size);
	check_int(mlocktrace_writer_new(&writer, *out, &opts), 0);
	return writer;
}

static void close_page(FILE *out, struct mlocktrace_writer *writer)
{
	check_int(mlocktrace_writer_finish(writer, NULL), 0);
	mlocktrace_writer_free(writer);
	fclose(out);
}

static void put(struct mlocktrace_writer *writer, struct mlocktrace_event event)
{
	check_int(mlocktrace_write(writer, &event), 0);
}

static void put_calls(struct mlocktrace_writer *writer)
{
	struct mlocktrace_event event = sample_lock(MLOCKTRACE_OP_MLOCK, 60 * K, 64 * K);

	put(writer, event);
	event.tid = 4250;
	put(writer, event);
	event = sample_lock(MLOCKTRACE_OP_MLOCK, 0, 8 * K);
	event.len = 5000;
	put(writer, event);
	event = sample_lock(MLOCKTRACE_OP_MLOCK2, 124 * K, 16 * M);
	event.arg = MLOCK_ONFAULT;
	event.flags |= F(ONFAULT);
	event.time_ns += 1000000;
	put(writer, event);
	event.arg = 0;
	event.flags &= ~(uint64_t)F(ONFAULT);
	put(writer, event);
	event = sample_lock(MLOCKTRACE_OP_MUNLOCK, 124 * K, 64 * K);
	event.after = 60 * K;
	put(writer, event);
	event = sample_lock(MLOCKTRACE_OP_MLOCKALL, 0, 12 * M);
	event.arg = MCL_CURRENT | MCL_FUTURE;
	event.flags |= F(MCL_CURRENT) | F(MCL_FUTURE);
	put(writer, event);
	event.flags |= F(PARTIAL);
	put(writer, event);
	event = sample(MLOCKTRACE_OP_MUNLOCKALL);
	event.before = 12 * M;
	put(writer, event);
}

static void put_life(struct mlocktrace_writer *writer)
{
	struct mlocktrace_event event = sample(MLOCKTRACE_OP_EXEC);

	event.before = 64 * K;
	put(writer, event);
	event = sample(MLOCKTRACE_OP_EXIT);
	event.before = 64 * K;
	event.flags = F(LATE);
	put(writer, event);
	event = sample(MLOCKTRACE_OP_FORK);
	event.before = event.after = 64 * K;
	event.target_pid = 4243;
	put(writer, event);
	event = sample(MLOCKTRACE_OP_SETRLIMIT);
	event.counter = MLOCKTRACE_COUNTER_NONE;
	event.old_limit = 64 * K;
	event.old_hard_limit = 8 * M;
	put(writer, event);
	event.target_pid = 4300;
	event.old_hard_limit = MLOCKTRACE_UNLIMITED;
	put(writer, event);
	event = sample(MLOCKTRACE_OP_LOST);
	event.count = 123;
	put(writer, event);
	event = sample(200);
	put(writer, event);
}

static void put_refusals(struct mlocktrace_writer *writer)
{
	struct mlocktrace_event event = sample_over_limit(MLOCKTRACE_OP_MLOCK, 60 * K, 16 * M, 0);

	put(writer, event);
	event = sample_over_limit(MLOCKTRACE_OP_MLOCKALL, 60 * K, 8 * M + 4 * K, 0);
	event.arg = MCL_CURRENT;
	put(writer, event);
	event = sample_lock(MLOCKTRACE_OP_MLOCK, 0, 64 * K);
	event.ret = -ENOMEM;
	event.flags |= F(HOLE);
	event.where = event.addr + 16 * K;
	event.after = 16 * K;
	put(writer, event);
	event = sample_lock(MLOCKTRACE_OP_MLOCK2, 0, 64 * K);
	event.ret = -EINVAL;
	event.after = 0;
	event.arg = 9;
	event.flags = F(ONFAULT) | F(UNKNOWN_FLAGS);
	memcpy(event.comm, "\033[31mwild\n\xff name", 16);
	put(writer, event);
	event.addr = ~0ULL;
	event.len = ~0ULL;
	event.pid = 4194303;
	event.tid = 4194302;
	put(writer, event);
}

/* What happens by the way, and other counters */
static void put_implicit(struct mlocktrace_writer *writer)
{
	struct mlocktrace_event event = sample_lock(MLOCKTRACE_OP_MMAP, 60 * K, 16 * M);

	event.sysno = 9;
	event.arg = MAP_LOCKED;
	event.flags = F(MAP_LOCKED);
	put(writer, event);
	event.ret = -EAGAIN;
	event.after = event.before;
	event.flags = F(ARMED);
	event.armed_ns = event.time_ns - 3250000000;
	event.limit_ns = event.time_ns - 12000000000;
	event.limit_pid = 812;
	memcpy(event.limit_comm, "prlimit", 7);
	event.limit_forks = 2;
	event.limit_execs = 1;
	put(writer, event);
	event = sample_lock(MLOCKTRACE_OP_MREMAP, 64 * K, 64 * K);
	event.sysno = 25;
	event.where = event.addr;
	event.old_len = 64 * K;
	event.addr += 0x1000000;
	event.len = 128 * K;
	put(writer, event);
	event = sample_lock(MLOCKTRACE_OP_BRK, 0, 132 * K);
	event.sysno = 12;
	put(writer, event);
	event = sample_over_limit(MLOCKTRACE_OP_STACK, 8188 * K, 8 * K, 0);
	event.sysno = -1;
	put(writer, event);
	event.sysno = 17;
	event.flags = F(REMOTE);
	event.target_pid = 4300;
	put(writer, event);
	event = sample_lock(MLOCKTRACE_OP_MUNMAP, 64 * K, 16 * K);
	event.sysno = 11;
	event.after = 48 * K;
	put(writer, event);
	event = sample_lock(MLOCKTRACE_OP_UNATTRIBUTED, 0, 4 * K);
	event.sysno = 16;
	put(writer, event);
	event = sample_over_limit(MLOCKTRACE_OP_SHM_LOCK, 0, 16 * M, 0);
	event.counter = MLOCKTRACE_COUNTER_SHM;
	event.sysno = 31;
	event.owner_uid = 1001;
	event.arg = 65538;
	event.flags = F(NO_BEFORE);
	put(writer, event);
}

static void put_stack(struct mlocktrace_writer *writer)
{
	struct mlt_event_room room = { .event = sample_lock(MLOCKTRACE_OP_MLOCK, 0, 4 * K) };

	sample_stack(&room, 3, 2);
	check_int(mlocktrace_write(writer, &room.event), 0);
}

static void put_all(struct mlocktrace_writer *writer)
{
	put_calls(writer);
	put_life(writer);
	put_refusals(writer);
	put_implicit(writer);
	put_stack(writer);
}

static void check_page(const char *name, struct mlocktrace_writer_opts opts)
{
	FILE *out;
	struct mlocktrace_writer *writer = open_page(&out, opts);

	put_all(writer);
	close_page(out, writer);
	check_golden(name, page);
	free(page);
}

static void the_plain_page(void)
{
	check_page("text-plain.txt", (struct mlocktrace_writer_opts){ 0 });
}

static void the_page_with_times(void)
{
	check_page("text-time.txt", (struct mlocktrace_writer_opts){ .time = true });
}

static void the_verbose_page(void)
{
	check_page("text-verbose.txt", (struct mlocktrace_writer_opts){ .verbose = true });
}

static void the_page_in_colour(void)
{
	check_page("text-color.txt", (struct mlocktrace_writer_opts){ .color = true });
}

static void without_records_there_is_no_header(void)
{
	FILE *out;
	struct mlocktrace_writer *writer = open_page(&out, (struct mlocktrace_writer_opts){ 0 });

	close_page(out, writer);
	check_int(page_size, 0);
	free(page);
}

/* Colour changes nothing but the colour. */
static void colour_is_only_colour(void)
{
	FILE *out;
	struct mlocktrace_writer *writer = open_page(&out, (struct mlocktrace_writer_opts){ .color = true });
	char *colored, *to;

	put_all(writer);
	close_page(out, writer);
	colored = page;
	to = colored;
	for (const char *p = colored; *p; p++) {
		if (p[0] == '\033')
			p += strcspn(p, "m");
		else
			*to++ = *p;
	}
	*to = '\0';
	check_golden("text-plain.txt", colored);
	free(colored);
}

static void random_event(struct mlocktrace_event *event)
{
	for (size_t i = 0; i < sizeof(*event); i++)
		((unsigned char *)event)[i] = rand() % 3 ? 0 : rand();
	event->size = sizeof(*event);
	event->n_user = event->n_kernel = 0;
	event->op = 1 + rand() % MLOCKTRACE_OP_MAX;
	event->ret = rand() % 2 ? -(rand() % 40) : event->ret;
	event->pid = rand() % 2 ? rand() % 4194304u : event->pid;
	event->tid = rand() % 2 ? event->pid : event->tid;
}

/* Each line within the page; the record's own line is the only one that is not indented. */
static bool is_sober(const char *text)
{
	int records = 0;

	for (const char *line = text; *line;) {
		char copy[4096];
		size_t n = strcspn(line, "\n");

		if (n >= sizeof(copy) || line[n] != '\n')
			return false;
		memcpy(copy, line, n);
		copy[n] = '\0';
		if (mlt_columns(copy) > PAGE_COLUMNS || (n && copy[n - 1] == ' '))
			return false;
		records += copy[0] != ' ';
		line += n + 1;
	}
	return records == 2; /* with the header */
}

static void any_record_fits_the_page_on_a_line_of_its_own(void)
{
	srand(6);
	for (int round = 0; round < 50000; round++) {
		struct mlocktrace_event event;
		FILE *out;
		struct mlocktrace_writer *writer = open_page(&out, (struct mlocktrace_writer_opts){
			.time = rand() % 2, .verbose = rand() % 2 });

		random_event(&event);
		put(writer, event);
		close_page(out, writer);
		if (!is_sober(page)) {
			ktap_diag(page);
			check(!"fits the page");
			free(page);
			return;
		}
		free(page);
	}
}

static void options_of_another_size_are_judged_by_what_they_say(void)
{
	struct {
		struct mlocktrace_writer_opts opts;
		char more[8];
	} big = { .opts = { .size = sizeof(big) } };
	struct mlocktrace_writer *writer = NULL;

	check_int(mlocktrace_writer_new(&writer, stdout, &big.opts), 0);
	mlocktrace_writer_free(writer);
	big.more[3] = 1;
	check_int(mlocktrace_writer_new(&writer, stdout, &big.opts), -EINVAL);
	big.opts.size = offsetof(struct mlocktrace_writer_opts, color);
	big.opts.symbols = (void *)1;
	check_int(mlocktrace_writer_new(&writer, stdout, &big.opts), 0);
	mlocktrace_writer_free(writer);
	big.opts.size = 4;
	check_int(mlocktrace_writer_new(&writer, stdout, &big.opts), -EINVAL);
	big.opts.size = sizeof(big.opts);
	big.opts.symbols = NULL;
	big.opts.format = 77;
	check_int(mlocktrace_writer_new(&writer, stdout, &big.opts), -EINVAL);
	check_int(mlocktrace_writer_new(&writer, stdout, NULL), -EINVAL);
	big.opts.format = MLOCKTRACE_TEXT;
	check_int(mlocktrace_writer_new(&writer, NULL, &big.opts), -EINVAL);
	mlocktrace_writer_free(NULL);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(the_plain_page),
		KTAP_TEST(the_page_with_times),
		KTAP_TEST(the_verbose_page),
		KTAP_TEST(the_page_in_colour),
		KTAP_TEST(without_records_there_is_no_header),
		KTAP_TEST(colour_is_only_colour),
		KTAP_TEST(any_record_fits_the_page_on_a_line_of_its_own),
		KTAP_TEST(options_of_another_size_are_judged_by_what_they_say),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	source.realtime_offset_ns = 1700000000000000000;
	source.tier = "";
	return ktap_run(tests, KTAP_SIZE(tests));
}
