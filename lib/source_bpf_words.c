// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * What libbpf says while it loads, and what a refusal means: for all that load
 * eBPF programs.
 */
#include "source_bpf.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libbpf speaks through one function for the whole process; ours listens only while we load. */
static _Thread_local struct mlt_bpf_words *listening;

static int listen_to_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	struct mlt_bpf_words *words = listening;
	char *text, *line, *rest;

	if (!words || vasprintf(&text, fmt, ap) < 0)
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		/* The first warning is about the thing itself, later ones about what it broke. */
		if (level == LIBBPF_WARN && !words->first[0])
			snprintf(words->first, sizeof(words->first), "%s", line);
		mlt_log(words->h, MLOCKTRACE_LOG_DEBUG, "%s", line);
	}
	free(text);
	return 0;
}

void mlt_bpf_listen(struct mlt_bpf_words *words, const struct mlocktrace *h)
{
	words->h = h;
	words->first[0] = '\0';
	listening = words;
	words->before = (void (*)(void))libbpf_set_print(listen_to_libbpf);
}

void mlt_bpf_listen_no_more(struct mlt_bpf_words *words)
{
	libbpf_set_print((libbpf_print_fn_t)words->before);
	listening = NULL;
}

void mlt_bpf_explain_load(const struct mlt_bpf_words *words, int err, char *why, size_t why_size)
{
	const char *first = words->first;

	if (mlt_kernel_hides_memory())
		snprintf(why, why_size, "the kernel is locked down (confidentiality): eBPF may not read "
			 "its memory");
	else if (err == -EPERM && geteuid() == 0)
		snprintf(why, why_size, "refused by this kernel (%s)",
			 first[0] ? first : "lockdown, or a capability is missing");
	else if (err == -EPERM)
		snprintf(why, why_size, "no privilege");
	else
		snprintf(why, why_size, "%s (%s)", strerror(-err),
			 first[0] ? first : "no more is known");
}

const char *mlt_bpf_remedy(int err, bool memlock_short)
{
	if (err != -EPERM)
		return "";
	if (geteuid() != 0)
		return memlock_short ?
			       "; run as root, or with CAP_BPF, CAP_PERFMON and CAP_SYS_RESOURCE" :
			       "; run as root, or with CAP_BPF and CAP_PERFMON";
	if (memlock_short)
		return "; this kernel counts eBPF's maps against RLIMIT_MEMLOCK (before Linux 5.11): run "
		       "with CAP_SYS_RESOURCE, or raise the limit: prlimit --pid $$ --memlock=64M";
	return "; lockdown or another policy of this kernel, or inside a container the lack of the "
	       "host's CAP_BPF and CAP_PERFMON";
}
