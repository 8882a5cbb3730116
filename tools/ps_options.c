// SPDX-License-Identifier: GPL-2.0
/*
 * What the commands that show holders understand alike: how to look, and at which cgroup.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "ps.h"
#include "words.h"

#define CGROUP_MOUNT "/sys/fs/cgroup"
#define CGROUP_MOUNT_HYBRID CGROUP_MOUNT "/unified"

const char *ps_method_word(size_t i)
{
	static const char *const methods[] = { "auto", "bpf", "proc" };

	return WORD_AT(methods, i);
}

int ps_check_method(const struct command *command, const char *method)
{
	char words[64];

	if (!method || word_index(ps_method_word, method) != NO_WORD)
		return STATUS_OK;
	return usage(command, "--method %s: there are %s", method,
		     words_text(ps_method_word, words, sizeof(words)));
}

/* A folder may be given as it is mounted, or as the hierarchy names it. */
int ps_find_cgroup(struct options *o)
{
	static const char *const mounts[] = { CGROUP_MOUNT_HYBRID, CGROUP_MOUNT };

	for (size_t i = 0; o->cgroup && i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		size_t n = strlen(mounts[i]);

		if (strncmp(o->cgroup, mounts[i], n) || (o->cgroup[n] && o->cgroup[n] != '/'))
			continue;
		if (access(o->cgroup, F_OK)) {
			error("cgroup %s: %s", o->cgroup, strerror(errno));
			return -1;
		}
		o->cgroup += n;
		return 0;
	}
	if (!o->cgroup || o->cgroup[0] == '/')
		return 0;
	error("cgroup %s: give its folder (" CGROUP_MOUNT "/...), or its path below the root of the "
	      "hierarchy (/system.slice, as /proc/PID/cgroup has it)", o->cgroup);
	return -1;
}
