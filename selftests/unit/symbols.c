// SPDX-License-Identifier: GPL-2.0
/*
 * Names of addresses, looked up in this very process, in its dead child, and
 * in the kernel it runs on.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "format.h"
#include "ktap.h"
#include "sample.h"

static struct mlocktrace_symbols *symbols;
static struct mlt_event_room room;

/* A stack of one frame, in this process. */
static const char *name_of(uint64_t address)
{
	static char name[512];

	room.stack[0] = address;
	check(mlocktrace_symbol(symbols, &room.event, 0, name, sizeof(name)) == (int)strlen(name));
	return name;
}

static const char *bare(uint64_t address)
{
	static char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	return text;
}

static uint64_t own_start_ns(void)
{
	unsigned long long ticks = 0;
	FILE *in = fopen("/proc/self/stat", "r");
	char line[1024] = "";

	if (in) {
		check(fgets(line, sizeof(line), in) != NULL);
		fclose(in);
	}
	check_int(sscanf(strrchr(line, ')') + 1, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			 "%*s %*s %*s %*s %*s %llu", &ticks), 1);
	return ticks * (1000000000ULL / sysconf(_SC_CLK_TCK));
}

static void in_this_process(void)
{
	room.event = sample_lock(MLOCKTRACE_OP_MLOCK, 0, 4096);
	sample_stack(&room, 1, 0);
	room.event.pid = getpid();
	room.event.start_ns = own_start_ns();
}

/* With a name that nothing else has. */
static __attribute__((noinline)) int a_function_to_be_found(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 1;
}

static void functions_of_the_program_and_its_libraries_are_named(void)
{
	const char *name;

	in_this_process();
	name = name_of((uintptr_t)a_function_to_be_found);
	check(!strncmp(name, "a_function_to_be_found+0x0 (", 28));
	check(name[strlen(name) - 1] == ')');
	name = name_of((uintptr_t)a_function_to_be_found + 1);
	check(!strncmp(name, "a_function_to_be_found+0x1 (", 28));
	name = name_of((uintptr_t)&malloc + 4);
	check(strstr(name, "malloc+0x4 (") != NULL);
}

static void a_return_address_belongs_to_the_caller_it_returns_to(void)
{
	char name[512];

	in_this_process();
	sample_stack(&room, 2, 0);
	/* As if the call were the last thing in the function: the address is that of the next one. */
	room.stack[1] = (uintptr_t)a_function_to_be_found;
	mlocktrace_symbol(symbols, &room.event, 1, name, sizeof(name));
	check(strncmp(name, "a_function_to_be_found", 22) != 0);
	room.stack[1] = (uintptr_t)a_function_to_be_found + 3;
	mlocktrace_symbol(symbols, &room.event, 1, name, sizeof(name));
	check(!strncmp(name, "a_function_to_be_found+0x3 (", 28));
}

static void addresses_in_no_file_stay_bare(void)
{
	int on_the_stack;

	in_this_process();
	check_text(name_of(0), "0x0");
	check_text(name_of(16), "0x10");
	check_text(name_of((uintptr_t)&on_the_stack), bare((uintptr_t)&on_the_stack));
	check_text(name_of(UINT64_MAX), "0xffffffffffffffff");
}

static void code_that_is_loaded_later_is_found_later(void)
{
	static char file[] = "/proc/self/exe";
	FILE *in = fopen(file, "r");
	char *later;
	const char *name;

	in_this_process();
	name_of((uintptr_t)a_function_to_be_found);
	later = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(in), 0);
	check(later != MAP_FAILED);
	usleep(250000); /* maps are not read again sooner */
	name = name_of((uintptr_t)later + 8);
	check(strchr(name, '(') != NULL);
	munmap(later, 4096);
	fclose(in);
}

static void the_dead_and_the_reused_have_no_names(void)
{
	uint64_t address = (uintptr_t)a_function_to_be_found;
	int status;
	pid_t child = fork();

	if (!child)
		_exit(0);
	waitpid(child, &status, 0);
	in_this_process();
	room.event.pid = child;
	check_text(name_of(address), bare(address));
	in_this_process();
	room.event.start_ns += 60000000000;
	check_text(name_of(address), bare(address));
	in_this_process();
	check(strcmp(name_of(address), bare(address)) != 0);
}

static void more_processes_than_can_be_kept_are_still_served(void)
{
	uint64_t address = (uintptr_t)a_function_to_be_found;

	for (int round = 0; round < 100; round++) {
		in_this_process();
		room.event.mm_id = 1000 + round;
		check(!strncmp(name_of(address), "a_function_to_be_found+0x0", 26));
	}
}

/* Any function of the kernel, if it shows its addresses to us. */
static bool kernel_function(uint64_t *address, char name[128])
{
	FILE *in = fopen("/proc/kallsyms", "r");
	char line[512], type;
	bool found = false;

	while (in && !found && fgets(line, sizeof(line), in))
		found = sscanf(line, "%" SCNx64 " %c %127s", address, &type, name) == 3 && *address &&
			!strcmp(name, "schedule");
	if (in)
		fclose(in);
	return found;
}

static void kernel_functions_are_named_where_the_kernel_shows_them(void)
{
	char wanted[160], function[128], got[256];
	uint64_t address;

	if (!kernel_function(&address, function)) {
		ktap_skip("the kernel hides its addresses");
		return;
	}
	in_this_process();
	sample_stack(&room, 1, 2);
	room.stack[1] = address + 5;
	room.stack[2] = 0xffff;
	snprintf(wanted, sizeof(wanted), "%s+0x5 ([kernel])", function);
	mlocktrace_symbol(symbols, &room.event, 1, got, sizeof(got));
	check_text(got, wanted);
	mlocktrace_symbol(symbols, &room.event, 2, got, sizeof(got));
	check_text(got, "0xffff");
	mlocktrace_symbol(symbols, &room.event, 3, got, sizeof(got));
	check_text(got, "");
}

static const char *kernel_name_of(uint64_t address)
{
	static char name[512];

	in_this_process();
	sample_stack(&room, 0, 1);
	room.stack[0] = address;
	mlocktrace_symbol(symbols, &room.event, 0, name, sizeof(name));
	return name;
}

/* Every so many functions, wherever the table has them; the next one starts where the last ends. */
static void functions_all_over_the_kernel_are_found(void)
{
	FILE *in = fopen("/proc/kallsyms", "r");
	uint64_t address, last = 0;
	char line[512], type;
	size_t n = 0;

	while (in && fgets(line, sizeof(line), in)) {
		if (sscanf(line, "%" SCNx64 " %c", &address, &type) < 2 || !address || !strchr("tTwW", type))
			continue;
		last = address > last ? address : last;
		if (n++ % 97 == 0 && !strstr(kernel_name_of(address), "+0x0 (")) {
			printf("# %s is not %s", kernel_name_of(address), line);
			check(!"found at its own address");
			break;
		}
	}
	if (in)
		fclose(in);
	if (!n)
		ktap_skip("the kernel hides its addresses");
	else
		check_text(kernel_name_of(last + (2 << 20)), bare(last + (2 << 20)));
}

/* A record of this process, its stack with names, into a recording in memory. */
static int record_with_names(void)
{
	struct mlocktrace_writer_opts opts = { .size = sizeof(opts), .format = MLOCKTRACE_FILE,
					       .symbols = symbols };
	struct mlocktrace_writer *writer = NULL;
	int fd = memfd_create("recording", MFD_CLOEXEC);
	FILE *out = fdopen(dup(fd), "w");

	check_int(mlocktrace_writer_new(&writer, out, &opts), 0);
	check_int(mlocktrace_write(writer, &room.event), 0);
	check_int(mlocktrace_writer_finish(writer, NULL), 0);
	mlocktrace_writer_free(writer);
	fclose(out);
	return fd;
}

static void names_stored_in_a_recording_are_read_back(void)
{
	struct mlocktrace_opts opts = { .size = sizeof(opts) };
	const struct mlocktrace_event *event = NULL;
	struct mlocktrace *handle = NULL;
	char path[64], name[256];
	int fd;

	in_this_process();
	sample_stack(&room, 2, 0);
	room.stack[0] = (uintptr_t)a_function_to_be_found + 1;
	fd = record_with_names();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	opts.source = path;
	check_int(mlocktrace_open(&handle, &opts), 0);
	check_int(mlocktrace_next(handle, &event), 1);
	mlt_symbols_bind(symbols, handle);
	mlocktrace_symbol(symbols, event, 0, name, sizeof(name));
	check(!strncmp(name, "a_function_to_be_found+0x1 (", 28));
	mlocktrace_symbol(symbols, event, 1, name, sizeof(name));
	check_text(name, bare(room.stack[1]));
	mlocktrace_symbol(symbols, event, 2, name, sizeof(name));
	check_text(name, "");
	/* A frame without a stored name is never looked up in what runs here now. */
	room.event.seq++;
	mlocktrace_symbol(symbols, &room.event, 0, name, sizeof(name));
	check_text(name, bare(room.stack[0]));
	mlt_symbols_bind(symbols, NULL);
	mlocktrace_close(handle);
	close(fd);
}

int main(void)
{
	static const struct ktap_test tests[] = {
		KTAP_TEST(functions_of_the_program_and_its_libraries_are_named),
		KTAP_TEST(a_return_address_belongs_to_the_caller_it_returns_to),
		KTAP_TEST(addresses_in_no_file_stay_bare),
		KTAP_TEST(code_that_is_loaded_later_is_found_later),
		KTAP_TEST(the_dead_and_the_reused_have_no_names),
		KTAP_TEST(more_processes_than_can_be_kept_are_still_served),
		KTAP_TEST(kernel_functions_are_named_where_the_kernel_shows_them),
		KTAP_TEST(functions_all_over_the_kernel_are_found),
		KTAP_TEST(names_stored_in_a_recording_are_read_back),
	};
	int status;

	check_int(mlocktrace_symbols_new(&symbols), 0);
	status = ktap_run(tests, KTAP_SIZE(tests));
	mlocktrace_symbols_free(symbols);
	return status;
}
