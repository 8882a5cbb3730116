// SPDX-License-Identifier: GPL-2.0
/*
 * A double of the kernel module for tests of the tools: makes a folder with its files,
 * to be named in MLOCKTRACE_DEBUGFS. `events` is a regular file, so that it ends.
 *
 *	double FOLDER [ROOM] <records
 *
 * Each line is a record: key=value for members of struct mlocktrace_event that are not
 * 0. op and counter are names, flags are names with commas; ago=SECONDS says when the
 * record was made. Records of a CPU are numbered if they don't say otherwise. What a
 * source tells the module goes over the first ROOM bytes of `events`.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <mlocktrace/event.h>

#define MOST_CPUS 8

static unsigned long long made[MOST_CPUS]; /* records of each CPU */
static const char *folder;

static void die(const char *what, const char *which)
{
	fprintf(stderr, "double: %s: %s\n", what, which);
	exit(1);
}

/* ---- names ------------------------------------------------------------------------------ */

struct name {
	const char *name;
	unsigned long long value;
};

static const struct name ops[] = {
#define MLT_OP(id, TAG, name, help) { name, id },
#include <mlocktrace/events.def>
	{ NULL, 0 },
};

static const struct name counters[] = {
	{ "none", 0 },
#define MLT_COUNTER(id, TAG, name, help) { name, id },
#include <mlocktrace/events.def>
	{ NULL, 0 },
};

static const struct name flags[] = {
#define MLT_FLAG(bit, TAG, name, help) { name, 1ULL << bit },
#include <mlocktrace/events.def>
	{ NULL, 0 },
};

static unsigned long long value_of(const struct name *names, const char *name)
{
	while (names->name && strcmp(names->name, name))
		names++;
	if (!names->name)
		die("no such name", name);
	return names->value;
}

static unsigned long long flags_of(char *list)
{
	unsigned long long set = 0;
	char *name;

	while ((name = strsep(&list, ",")))
		set |= value_of(flags, name);
	return set;
}

/* ---- records ------------------------------------------------------------------------------ */

#define FIELD(name) { #name, offsetof(struct mlocktrace_event, name), \
		      sizeof(((struct mlocktrace_event *)0)->name) }

static const struct field {
	const char *name;
	size_t offset, size;
} fields[] = {
	FIELD(size), FIELD(abi), FIELD(tier), FIELD(cpu), FIELD(seq), FIELD(time_ns), FIELD(duration_ns),
	FIELD(pid), FIELD(tid), FIELD(start_ns), FIELD(uid), FIELD(target_pid), FIELD(cgroup_id),
	FIELD(mm_id), FIELD(addr), FIELD(len), FIELD(asked), FIELD(old_limit), FIELD(count),
	FIELD(overlap), FIELD(old_hard_limit), FIELD(before), FIELD(after), FIELD(limit),
	FIELD(hard_limit), FIELD(ret), FIELD(inner_ret), FIELD(arg), FIELD(sysno), FIELD(armed_ns),
	FIELD(limit_ns), FIELD(limit_pid), FIELD(limit_execs), FIELD(owner_uid),
};

static unsigned long long ago_ns(const char *seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec - (unsigned long long)(atof(seconds) * 1e9);
}

static void set_field(struct mlocktrace_event *event, const char *key, const char *text)
{
	long long value = strtoll(text, NULL, 0);

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].name, key))
			continue;
		memcpy((char *)event + fields[i].offset, &value, fields[i].size); /* little-endian */
		return;
	}
	die("no such key", key);
}

static struct mlocktrace_event read_record(char *line)
{
	struct mlocktrace_event event = {
		.size = sizeof(event), .abi = MLOCKTRACE_ABI, .tier = MLOCKTRACE_TIER_KMOD,
		.counter = MLOCKTRACE_COUNTER_VMLCK, .start_ns = 1000, .sysno = -1, .limit = 65536,
		.hard_limit = 65536, .comm = "double", .time_ns = ago_ns("1"),
	};
	char *word, *value;

	while ((word = strsep(&line, " "))) {
		if (!*word)
			continue;
		value = strchr(word, '=');
		if (!value)
			die("no value", word);
		*value++ = '\0';
		if (!strcmp(word, "op"))
			event.op = (__u8)value_of(ops, value);
		else if (!strcmp(word, "counter"))
			event.counter = (__u8)value_of(counters, value);
		else if (!strcmp(word, "flags"))
			event.flags = flags_of(value);
		else if (!strcmp(word, "comm"))
			strncpy(event.comm, value, sizeof(event.comm));
		else if (!strcmp(word, "ago"))
			event.time_ns = ago_ns(value);
		else
			set_field(&event, word, value);
	}
	if (!event.tid)
		event.tid = event.pid;
	return event;
}

static void count(struct mlocktrace_event *event)
{
	unsigned long long *last;

	if (event->cpu >= MOST_CPUS)
		die("too many CPUs", "8 at most");
	last = &made[event->cpu];
	if (event->op == MLOCKTRACE_OP_LOST) {
		*last += event->count;
		return;
	}
	if (!event->seq)
		event->seq = *last + 1;
	*last = event->seq;
}

/* ---- files -------------------------------------------------------------------------------- */

static FILE *create(const char *name)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	if (!file)
		die(strerror(errno), path);
	return file;
}

static void put(const char *name, const char *text)
{
	FILE *file = create(name);

	fputs(text, file);
	fclose(file);
}

int main(int argc, char **argv)
{
	static char line[4096];
	FILE *file;

	if (argc < 2)
		die("usage", "double FOLDER [ROOM] <records");
	folder = argv[1];
	mkdir(folder, 0755);
	put("abi", "1\n");
	put("enable", "1\n");
	put("ledger", "");
	put("hooks", "__x64_sys_mlock attached 12 0\nmmap_lock_released attached 99 3\n"
		     "user_shm_lock no such function 0 0\n");
	file = create("events");
	for (int room = argc > 2 ? atoi(argv[2]) : 0; room > 0; room--)
		fputc('.', file);
	while (fgets(line, sizeof(line), stdin)) {
		struct mlocktrace_event event;

		line[strcspn(line, "#\n")] = '\0';
		if (!line[strspn(line, " \t")])
			continue;
		event = read_record(line);
		count(&event);
		fwrite(&event, sizeof(event), 1, file);
	}
	fclose(file);
	file = create("stats");
	fprintf(file, "missed 3\nuntracked 0\nhooks_attached 2\nhooks_failed 1\n");
	for (int cpu = 0; cpu < MOST_CPUS; cpu++)
		fprintf(file, "cpu%d_seen %llu\n", cpu, made[cpu]);
	return fclose(file) ? 1 : 0;
}
