// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches the floor's programs of one mechanism and weight while a command runs, and reads what
 * they hand over as mlocktrace does: by a timer, so that they wake nobody.
 *
 *	floor OBJECT MECHANISM_WEIGHT FILE COMMAND...
 *
 * Writes to FILE how many events were recorded and how many were lost. Exit status: 3 if this
 * kernel refuses it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_LINKS 4
#define LOOK_US 10000
#define REFUSED 3

static struct bpf_link *links[MAX_LINKS];
static unsigned long n_records;

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

static int refuse(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return REFUSED;
}

/* On a terminal somebody waits for the first. */
static int take(void *ctx, void *data, size_t size)
{
	if (!n_records++ && isatty(STDOUT_FILENO))
		puts("mlock");
	return 0;
}

/* Does @program belong to @group, as kprobe_timed_mlock_begin to kprobe_timed? */
static int belongs(const struct bpf_program *program, const char *group)
{
	const char *name = bpf_program__name(program);
	size_t n = strlen(group);

	return !strncmp(name, group, n) && name[n] == '_';
}

static int attach(struct bpf_object *object, const char *group)
{
	struct bpf_program *program;
	int n = 0;

	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, belongs(program, group));
	if (bpf_object__load(object))
		return -1;
	bpf_object__for_each_program(program, object) {
		if (!belongs(program, group))
			continue;
		links[n] = bpf_program__attach(program);
		if (!links[n++])
			return -1;
	}
	if (!n)
		errno = ESRCH;
	return n ? 0 : -1;
}

/* Also what was counted rather than handed over. */
static unsigned long counted(struct bpf_object *object)
{
	int fd = bpf_object__find_map_fd_by_name(object, "counter"), cpus = libbpf_num_possible_cpus();
	__u64 *values = calloc(cpus > 0 ? cpus : 1, sizeof(*values)), sum = 0;
	__u32 zero = 0;

	if (values && !bpf_map_lookup_elem(fd, &zero, values))
		for (int i = 0; i < cpus; i++)
			sum += values[i];
	free(values);
	return sum;
}

static unsigned long read_lost(struct bpf_object *object)
{
	struct bpf_map *bss = bpf_object__find_map_by_name(object, ".bss");
	__u32 zero = 0;
	char values[64] = {};
	__u64 lost;

	/* The first variable of the object */
	if (!bss || bpf_map__value_size(bss) > sizeof(values) ||
	    bpf_map_lookup_elem(bpf_map__fd(bss), &zero, values))
		return 0;
	memcpy(&lost, values, sizeof(lost));
	return lost;
}

static int run(struct ring_buffer *ring, char **command)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return 1;
	if (!child) {
		execvp(command[0], command);
		_exit(127);
	}
	while (waitpid(child, &status, WNOHANG) == 0) {
		ring_buffer__consume(ring);
		usleep(LOOK_US);
	}
	ring_buffer__consume(ring);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct ring_buffer *ring;
	FILE *out;
	int status;

	if (argc < 5) {
		fprintf(stderr, "Usage: floor OBJECT MECHANISM_WEIGHT FILE COMMAND...\n");
		return 2;
	}
	libbpf_set_print(silent);
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		return refuse(argv[1]);
	if (attach(object, argv[2]))
		return refuse(argv[2]);
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "records"), take, NULL, NULL);
	if (!ring)
		return refuse("ring buffer");
	status = run(ring, argv + 4);
	for (int i = 0; i < MAX_LINKS; i++)
		bpf_link__destroy(links[i]);
	out = fopen(argv[3], "we");
	if (!out)
		return 1;
	fprintf(out, "%lu %lu\n", n_records + counted(object), read_lost(object));
	fclose(out);
	ring_buffer__free(ring);
	bpf_object__close(object);
	return status;
}
