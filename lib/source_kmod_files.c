// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * The module's files in debugfs, but for events and ledger: is it there, what does it
 * count, where does it listen. Their form is Documentation/ABI's; what is in them is
 * believed only as far as it makes sense.
 */
#include "source_kmod.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define DEBUGFS "/sys/kernel/debug"
#define FOLDER DEBUGFS "/mlocktrace"
#define MODULE "/sys/module/mlocktrace"
#define MOST_TEXT (1U << 20)
#define MOST_CPUS (UINT16_MAX + 1U) /* what a record can name */

/* Who counts keeps no file open, so the module can have been loaded anew: with another folder. */
static bool folder_is_another(const struct mlt_kmod *k)
{
	int fd = open(k->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool is = fd >= 0 && dup3(fd, k->dir_fd, O_CLOEXEC) >= 0;

	if (fd >= 0)
		close(fd);
	return is;
}

int mlt_kmod_file(const struct mlt_kmod *k, const char *name, int flags)
{
	int fd = openat(k->dir_fd, name, flags | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && folder_is_another(k))
		fd = openat(k->dir_fd, name, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

char *mlt_kmod_text(const struct mlt_kmod *k, const char *name, size_t most, int *err)
{
	int fd = mlt_kmod_file(k, name, O_RDONLY);
	size_t used = 0, room = 4096;
	char *text, *more;
	ssize_t n;

	*err = fd < 0 ? fd : 0;
	if (*err)
		return NULL;
	text = malloc(room);
	for (;;) {
		n = text ? read(fd, text + used, room - used - 1) : -1;
		if (n < 0 && text && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
		if (used < room - 1)
			continue;
		more = room < most ? realloc(text, room * 2) : NULL;
		if (!more) {
			errno = room < most ? ENOMEM : EFBIG;
			n = -1;
			break;
		}
		text = more;
		room *= 2;
	}
	if (n < 0) {
		*err = text ? -errno : -ENOMEM;
		free(text);
		text = NULL;
	} else {
		text[used] = '\0';
	}
	close(fd);
	return text;
}

static char *read_text(const struct mlt_kmod *k, const char *name, int *err)
{
	return mlt_kmod_text(k, name, MOST_TEXT, err);
}

/* ---- is it there? ------------------------------------------------------------------- */

static bool debugfs_is_mounted(void)
{
	struct statfs fs;

	return !statfs(DEBUGFS, &fs) && fs.f_type == DEBUGFS_MAGIC;
}

static int cannot_open(struct mlocktrace *h, const char *name, int err)
{
	const struct mlt_kmod *k = h->priv;
	bool loaded = !access(MODULE, F_OK);

	if (strcmp(k->dir, FOLDER))
		loaded = true; /* as a test says */
	if ((err == -EACCES || err == -EPERM) && loaded)
		return mlt_fail(h, -EPERM, "%s/%s: %s; %s", k->dir, name, strerror(-err),
				geteuid() ? "the kernel module's files are for root only: run as root" :
					    "lockdown or another policy of this kernel keeps debugfs closed");
	if (!loaded)
		return mlt_fail(h, -ENOENT, "the kernel module is not loaded: modprobe mlocktrace, as root");
	if (err == -ENOENT && !strcmp(k->dir, FOLDER) && !debugfs_is_mounted())
		return mlt_fail(h, -EOPNOTSUPP, "the kernel module is loaded, but debugfs is not mounted: "
				"mount -t debugfs none " DEBUGFS);
	return mlt_fail(h, err, "the kernel module has no %s/%s: %s", k->dir, name, strerror(-err));
}

static int check_abi(struct mlocktrace *h)
{
	struct mlt_kmod *k = h->priv;
	unsigned long abi;
	char *text, *end;
	int err;

	text = read_text(k, "abi", &err);
	if (!text)
		return cannot_open(h, "abi", err);
	abi = strtoul(text, &end, 10);
	if (end == text || strcmp(end, "\n"))
		err = mlt_fail(h, -EOPNOTSUPP, "%s/abi says no version: is that the kernel module?", k->dir);
	else if (abi != MLOCKTRACE_ABI)
		err = mlt_fail(h, -EOPNOTSUPP, "the kernel module that is loaded speaks version %lu, this "
			       "library version %d: load the module that came with it (modprobe -r "
			       "mlocktrace; modprobe mlocktrace)", abi, MLOCKTRACE_ABI);
	free(text);
	return err;
}

int mlt_kmod_find(struct mlocktrace *h)
{
	const char *dir = secure_getenv("MLOCKTRACE_DEBUGFS");
	struct mlt_kmod *k = h->priv;
	int fd;

	k->dir = strdup(dir ? dir : FOLDER);
	if (!k->dir)
		return mlt_fail(h, -ENOMEM, "out of memory");
	fd = open(k->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return cannot_open(h, "", -errno);
	k->dir_fd = fd;
	return check_abi(h);
}

bool mlt_kmod_enabled(const struct mlt_kmod *k)
{
	int err;
	char *text = read_text(k, "enable", &err);
	bool enabled = !text || text[0] != '0';

	free(text);
	return enabled;
}

/* ---- stats -------------------------------------------------------------------------- */

uint64_t mlt_counter_value(const struct mlt_counter *counter)
{
	return counter->last - counter->base;
}

static void set_counter(struct mlt_counter *counter, uint64_t value, bool begin)
{
	if (begin)
		counter->base = value;
	else if (value < counter->last)
		counter->base -= counter->last; /* it began anew; the sum goes on, modulo 2^64 */
	counter->last = value;
}

struct mlt_kmod_cpu *mlt_kmod_cpu(struct mlt_kmod *k, unsigned int cpu)
{
	if (cpu >= k->n_cpus) {
		size_t n = cpu + 1u;
		struct mlt_kmod_cpu *more = realloc(k->cpus, n * sizeof(*more));

		if (!more)
			return NULL;
		memset(more + k->n_cpus, 0, (n - k->n_cpus) * sizeof(*more));
		k->cpus = more;
		k->n_cpus = n;
	}
	return &k->cpus[cpu];
}

static int take_stat(struct mlt_kmod *k, const char *key, uint64_t value, bool begin)
{
	static const char *const keys[MLT_KMOD_KEYS] = {
		[MLT_KMOD_MISSED] = "missed",
		[MLT_KMOD_UNTRACKED] = "untracked",
		[MLT_KMOD_ENDED] = "ended",
		[MLT_KMOD_ENDED_ADRIFT] = "ended_adrift",
		[MLT_KMOD_ENDED_UNATTRIBUTED] = "ended_unattributed",
	};
	struct mlt_kmod_cpu *made;
	unsigned int cpu;
	int end = 0;

	if (sscanf(key, "cpu%5u_seen%n", &cpu, &end) == 1 && end && !key[end] && cpu < MOST_CPUS) {
		made = mlt_kmod_cpu(k, cpu);
		if (!made)
			return -ENOMEM;
		set_counter(&made->made, value, begin);
	}
	for (size_t i = 0; i < MLT_KMOD_KEYS; i++)
		if (!strcmp(key, keys[i]))
			set_counter(&k->keys[i], value, begin);
	return 0;
}

int mlt_kmod_read_stats(struct mlt_kmod *k, bool begin)
{
	char *text, *rest, *line;
	int err;

	text = read_text(k, "stats", &err);
	rest = text;
	while (!err && (line = strsep(&rest, "\n"))) {
		char *value = strchr(line, ' '), *end;
		uint64_t number;

		if (!value || value[1] < '0' || value[1] > '9')
			continue;
		*value++ = '\0';
		number = strtoull(value, &end, 10);
		if (!*end)
			err = take_stat(k, line, number, begin);
	}
	free(text);
	return err;
}

/* ---- hooks -------------------------------------------------------------------------- */

/* What hooks.def says of a place. The wrappers of a system call have prefixes by ABI. */
static const struct place {
	const char *tag;
	const char *sym32; /* NULL = no system call */
	const char *help;
	bool required;
} places[] = {
#define MLT_SYSCALL(t, nr64, nr32, s32, only, h) { #t, #s32, h, false },
#define MLT_SYSEXIT(t, OP, nr64, nr32, s32, h) { #t, #s32, h, false },
#define MLT_SYSCHARGE(t, OP, nr64, nr32, s32, h) { #t, #s32, h, false },
#define MLT_FUNC(t, tr, sh, args, req, h) { #t, NULL, h, req },
#define MLT_TP(t, tr, req, h) { #t, NULL, h, req },
#include <mlocktrace/hooks.def>
};

static bool is_place(const struct place *place, const char *name)
{
	static const char *const prefixes[] = { "__x64_sys_", "__do_sys_", "__se_sys_", "sys_", "" };

	if (!place->sym32)
		return !strcmp(name, place->tag);
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t n = strlen(prefixes[i]);

		if (!strncmp(name, prefixes[i], n) && !strcmp(name + n, place->tag))
			return true;
	}
	return !strncmp(name, "__ia32_", 7) && !strcmp(name + 7, place->sym32);
}

/* "name attached|reason hits misses", where a reason may be several words. */
static bool cut_up(char *line, struct mlt_kmod_hook *hook)
{
	char *why = strchr(line, ' '), *misses = strrchr(line, ' '), *hits, *end;

	if (!why || why == line || misses == why)
		return false;
	*misses++ = '\0';
	hits = strrchr(line, ' ');
	if (hits == why)
		return false;
	*hits++ = '\0';
	*why++ = '\0';
	hook->hits = strtoull(hits, &end, 10);
	if (!*hits || *end)
		return false;
	hook->misses = strtoull(misses, &end, 10);
	if (!*misses || *end)
		return false;
	hook->name = line;
	hook->why_not = strcmp(why, "attached") ? why : NULL;
	return true;
}

/* Once per handle: what it hands out stays where it is. */
static void read_hooks(struct mlt_kmod *k)
{
	size_t lines = 1;
	char *rest, *line;
	int err;

	k->hooks_text = read_text(k, "hooks", &err);
	if (!k->hooks_text)
		return;
	for (const char *c = k->hooks_text; *c; c++)
		lines += *c == '\n';
	k->hooks = calloc(lines, sizeof(*k->hooks));
	rest = k->hooks_text;
	while (k->hooks && (line = strsep(&rest, "\n")))
		k->n_hooks += cut_up(line, &k->hooks[k->n_hooks]);
}

static const struct mlt_kmod_hook *get_hook(struct mlt_kmod *k, size_t i)
{
	if (!k->hooks_text)
		read_hooks(k);
	return i < k->n_hooks ? &k->hooks[i] : NULL;
}

/* The module gives the errno of the attempt. */
static const char *in_words(const char *why)
{
	if (!strcmp(why, "-ENOENT") || !strcmp(why, "-2"))
		return "this kernel has no such function or tracepoint (inlined or absent)";
	if (!strcmp(why, "-EINVAL") || !strcmp(why, "-22"))
		return "this kernel does not permit a probe there";
	return why;
}

int mlt_kmod_hook(const struct mlocktrace *h, size_t i, struct mlocktrace_hook *hook)
{
	const struct mlt_kmod_hook *found = get_hook(h->priv, i);

	if (!found)
		return -ENOENT;
	*hook = (struct mlocktrace_hook){
		.name = found->name,
		.help = "",
		.attached = !found->why_not,
		.why_not = found->why_not ? in_words(found->why_not) : "",
	};
	for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++) {
		if (!is_place(&places[p], found->name))
			continue;
		hook->help = places[p].help;
		hook->required = places[p].required;
		break;
	}
	return 0;
}

int mlt_kmod_hook_counts(const struct mlocktrace *h, size_t i, uint64_t *hits, uint64_t *misses)
{
	const struct mlt_kmod_hook *found = get_hook(h->priv, i);

	if (!found)
		return -ENOENT;
	*hits = found->hits;
	*misses = found->misses;
	return 0;
}
