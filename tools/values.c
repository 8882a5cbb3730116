// SPDX-License-Identifier: GPL-2.0
/*
 * Option values: numbers, lists, names. Whether a process, file or cgroup
 * exists is not asked here.
 */
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mlocktrace/mlocktrace.h>

#include "message.h"
#include "near.h"
#include "values.h"
#include "words.h"

/* A whole decimal number in [0, max], nothing before or after it. */
static bool number(const char *text, size_t len, unsigned long long max, unsigned long long *value)
{
	char digits[24], *end;

	if (!len || len >= sizeof(digits) || strspn(text, "0123456789") < len)
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	errno = 0;
	*value = strtoull(digits, &end, 10);
	return !errno && !*end && *value <= max;
}

int set_pids(struct options *o, const char *value)
{
	size_t len;

	for (;; value += len + 1) {
		unsigned long long pid;
		pid_t *pids;

		len = strcspn(value, ",");
		if (!number(value, len, INT_MAX, &pid) || !pid) {
			error("-p: \"%.*s\" is no process id; give numbers, as in -p 123,456 "
			      "(pgrep NAME finds them)", (int)len, value);
			return -1;
		}
		pids = reallocarray(o->pids, o->n_pids + 1, sizeof(*pids));
		if (!pids) {
			error("out of memory");
			return -1;
		}
		o->pids = pids;
		o->pids[o->n_pids++] = pid;
		if (!value[len])
			return 0;
	}
}

const char *op_word(size_t i)
{
	for (unsigned int op = 1; op < MLOCKTRACE_OP_MAX; op++)
		if (mlocktrace_op_name(op) && !i--)
			return mlocktrace_op_name(op);
	return NULL;
}

int set_ops(struct options *o, const char *value)
{
	char word[32], near_buf[256];
	size_t len;

	for (;; value += len + 1) {
		struct near near = { .word = word };
		unsigned int op;

		len = strcspn(value, ",");
		snprintf(word, sizeof(word), "%.*s", (int)len, value);
		op = mlocktrace_op_by_name(word);
		if (!op) {
			for (size_t i = 0; op_word(i); i++)
				near_offer(&near, op_word(i));
			error("-e: unknown operation \"%s\"%s (all of them: " TOOL " explain)", word,
			      near_text(&near, near_buf, sizeof(near_buf)));
			return -1;
		}
		/* Losses are told whatever else is asked for. */
		o->ops |= 1ULL << op | 1ULL << MLOCKTRACE_OP_LOST;
		if (!value[len])
			return 0;
	}
}

int set_uid(struct options *o, const char *value)
{
	unsigned long long uid;
	const struct passwd *user;

	if (number(value, strlen(value), UINT_MAX - 1, &uid)) {
		o->uid = uid;
	} else {
		user = getpwnam(value);
		if (!user) {
			error("-u: there is no user \"%s\"; give a name that `getent passwd` knows, "
			      "or a number", value);
			return -1;
		}
		o->uid = user->pw_uid;
	}
	o->by_uid = true;
	return 0;
}

int set_comm(struct options *o, const char *value)
{
	if (!*value || strlen(value) >= MLOCKTRACE_COMM_LEN) {
		error("-c: a task's name has 1 to %d bytes; give it as in /proc/PID/comm",
		      MLOCKTRACE_COMM_LEN - 1);
		return -1;
	}
	o->comm = value;
	return 0;
}

/* The upper end is a thousand years; beyond, nanoseconds would overflow. */
static int set_seconds(uint64_t *ns, const char *option, const char *value)
{
	char *end;
	double seconds = strtod(value, &end);

	if (end == value || *end || !(seconds > 0) || seconds > 1e10 / 1.1) {
		error("%s: \"%s\" is no duration; give seconds above 0, as in %s 10 or %s 0.5", option, value,
		      option, option);
		return -1;
	}
	*ns = seconds * 1e9;
	if (!*ns)
		*ns = 1;
	return 0;
}

int set_duration(struct options *o, const char *value)
{
	return set_seconds(&o->duration_ns, "-d", value);
}

int set_interval(struct options *o, const char *value)
{
	return set_seconds(&o->interval_ns, "--interval", value);
}

/* Anything else is the name of a recording. */
const char *source_word(size_t i)
{
	static const char *const live[] = { "auto", "bpf", "kmod" };

	return WORD_AT(live, i);
}

int set_delay(struct options *o, const char *value)
{
	return set_seconds(&o->interval_ns, "-d", value);
}

int set_source(struct options *o, const char *value)
{
	if (!*value) {
		error("--source: give auto, bpf, kmod, or the name of a recording");
		return -1;
	}
	o->source = value;
	return 0;
}

const struct tier *tier_at(size_t i)
{
	static const struct tier tiers[] = {
#define MLT_TIER(id, TAG, name, source, help) { name, source },
#include <mlocktrace/events.def>
	};

	return i < sizeof(tiers) / sizeof(tiers[0]) ? &tiers[i] : NULL;
}

const char *tier_word(size_t i)
{
	const struct tier *tier = i ? tier_at(i - 1) : NULL;

	return !i ? "auto" : tier ? tier->name : NULL;
}

int set_tier(struct options *o, const char *value)
{
	if (word_index(tier_word, value) == NO_WORD) {
		error("--tier: unknown tier \"%s\"; `" TOOL " doctor` shows which there are", value);
		return -1;
	}
	o->tier = value;
	return 0;
}

int set_count(struct options *o, const char *value)
{
	unsigned long long count;

	if (!number(value, strlen(value), 1000000, &count) || !count) {
		error("-n: \"%s\" is no number from 1 to 1000000", value);
		return -1;
	}
	o->count = count;
	return 0;
}

int set_groups(struct options *o, const char *value)
{
	unsigned long long groups;

	if (!number(value, strlen(value), 1000, &groups) || !groups) {
		error("--groups: \"%s\" is no number from 1 to 1000", value);
		return -1;
	}
	o->groups = groups;
	return 0;
}

int set_buffer(struct options *o, const char *value)
{
	static const char units[] = "KMG";
	size_t len = strspn(value, "0123456789");
	unsigned long long bytes;
	const char *unit = value[len] ? strchr(units, value[len] & ~0x20) : NULL;
	int shift = unit ? 10 * (unit - units + 1) : 0;

	if (!number(value, len, ULLONG_MAX >> shift, &bytes) || !bytes ||
	    (value[len] && (!unit || value[len + 1])) || bytes << shift > 1ULL << 30) {
		error("--buffer: \"%s\" is no size up to 1G; give bytes, or as in 512K, 64M", value);
		return -1;
	}
	o->buffer_bytes = bytes << shift;
	return 0;
}

const char *color_word(size_t i)
{
	static const char *const when[] = {
		[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never",
	};

	return WORD_AT(when, i);
}

int set_color(struct options *o, const char *value)
{
	size_t when = value ? word_index(color_word, value) : COLOR_ALWAYS;

	if (when == NO_WORD) {
		error("--color: \"%s\": give auto, always or never", value);
		return -1;
	}
	o->color = when;
	return 0;
}

pid_t pid_of(const char *text)
{
	unsigned long long pid;

	return number(text, strlen(text), INT_MAX, &pid) ? (pid_t)pid : 0;
}

bool color_wanted(const struct options *o, int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (o->color != COLOR_AUTO)
		return o->color == COLOR_ALWAYS;
	return isatty(fd) && !(no_color && *no_color) && term && strcmp(term, "dumb");
}

bool source_is_recording(const struct options *o)
{
	return o->source && word_index(source_word, o->source) == NO_WORD;
}
