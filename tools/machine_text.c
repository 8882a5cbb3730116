// SPDX-License-Identifier: GPL-2.0
/*
 * Locked memory of the machine for people: a line for each process, and at the
 * end the sums. What has to add up is in KiB, as in /proc/meminfo, and not
 * rounded. Within 100 columns.
 */
#include <inttypes.h>
#include <string.h>

#include "message.h"
#include "regions.h"
#include "wrap.h"

#define NAME_COLUMN 16

static const char *if_known(char buf[24], uint64_t bytes, bool known)
{
	return known ? size_text(buf, bytes) : "-";
}

static const char *kib(char buf[24], uint64_t bytes)
{
	snprintf(buf, 24, "%" PRIu64 "K", bytes / 1024);
	return buf;
}

static const char *plural(size_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

void machine_print_text(const struct mlocktrace_regions_total *total, bool first, bool color, FILE *out)
{
	char comm[4 * MLOCKTRACE_COMM_LEN + 1], locked[24], vmlck[24], present[24], unique[24];

	if (first)
		fprintf(out, "%s%7s %-16s %10s %9s %9s %9s %9s%s\n", color ? "\033[1m" : "", "PID", "COMM",
			"UID", "LOCKED", "VMLCK", "PRESENT", "UNIQUE", color ? "\033[0m" : "");
	mlocktrace_escape(comm, sizeof(comm), total->comm, sizeof(total->comm));
	fprintf(out, "%7d %-16s %10u %9s %9s %9s %9s\n", total->pid, comm, total->uid,
		if_known(locked, total->locked, total->mappings_known), size_text(vmlck, total->vmlck),
		if_known(present, total->present, total->pages_known),
		if_known(unique, total->unique, total->unique_known));
}

static void line(FILE *out, const char *name, const char *text)
{
	wrap(out, fprintf(out, "%s", name), NAME_COLUMN, text);
}

static void print_charges(const struct mlocktrace_machine *machine, FILE *out)
{
	char text[512], a[24], b[24];

	snprintf(text, sizeof(text), "%s charged to %zu process%s", kib(a, machine->vmlck),
		 machine->n_processes, plural(machine->n_processes, "", "es"));
	line(out, "VmLck", text);
	if (machine->n_hidden) {
		snprintf(text, sizeof(text), "%s of it to %zu process%s that may not be looked into; be "
			 "their user, or have CAP_SYS_PTRACE: what follows leaves %s out",
			 kib(a, machine->hidden_vmlck), machine->n_hidden,
			 plural(machine->n_hidden, "", "es"), plural(machine->n_hidden, "it", "them"));
		line(out, "", text);
	}
	snprintf(text, sizeof(text), "%s of mappings, %s of it on fault", kib(a, machine->locked),
		 kib(b, machine->on_fault));
	line(out, "locked", text);
	if (machine->unlocked || machine->uncharged) {
		snprintf(text, sizeof(text), "charged but not locked: %s, locked but not charged: %s; "
			 "`" TOOL " regions PID` says more", kib(a, machine->unlocked),
			 kib(b, machine->uncharged));
		line(out, "", text);
	}
}

static void print_pages(const struct mlocktrace_machine *machine, FILE *out)
{
	uint64_t there = machine->pages_known ? machine->present : machine->resident;
	char text[512], a[24], b[24];
	int n = snprintf(text, sizeof(text), "%s in RAM", kib(a, there));

	if (machine->locked > there)
		snprintf(text + n, sizeof(text) - n, "; %s is not (on fault and not touched, or could not "
			 "be faulted in), %s of that in swap", kib(a, machine->locked - there),
			 kib(b, machine->swapped));
	line(out, "present", text);
	if (!machine->unique_known) {
		line(out, "unique", "not known, and neither is what Mlocked is made of: page frames are "
		     "shown to CAP_SYS_ADMIN only");
		return;
	}
	n = snprintf(text, sizeof(text), "%s of RAM", kib(a, machine->unique));
	if (machine->present > machine->unique)
		snprintf(text + n, sizeof(text) - n, "; %s is the same pages mapped again",
			 kib(b, machine->present - machine->unique));
	line(out, "unique", text);
}

static void print_unmarked(const struct mlocktrace_machine *machine, FILE *out)
{
	uint64_t unmarked = machine->unique - machine->marked_locked;
	uint64_t rest = unmarked - machine->unmarked_zero - machine->unmarked_large;
	char text[512], a[24];
	int n = snprintf(text, sizeof(text), "%s of unique:", kib(a, unmarked));

	if (!unmarked)
		return;
	if (machine->unmarked_zero)
		n += snprintf(text + n, sizeof(text) - n, " %s is the page of zeros that all share,",
			      kib(a, machine->unmarked_zero));
	if (machine->unmarked_large)
		n += snprintf(text + n, sizeof(text) - n, " %s is parts of larger pages that are not "
			      "locked as a whole,", kib(a, machine->unmarked_large));
	if (rest)
		n += snprintf(text + n, sizeof(text) - n, " %s changed meanwhile or is never marked "
			      "(devices),", kib(a, rest));
	text[n - 1] = '\0';
	line(out, "unmarked", text);
}

/* Each part of it, in lines of their own. */
static void print_marks(const struct mlocktrace_machine *machine, FILE *out)
{
	uint64_t elsewhere = machine->marked - machine->marked_locked;
	char text[512], a[24];
	int n;

	snprintf(text, sizeof(text), "= %s that the kernel has marked as locked and a process above has "
		 "locked", kib(a, machine->marked_locked));
	line(out, "", text);
	n = snprintf(text, sizeof(text), "+ %s marked and locked by none of them", kib(a, elsewhere));
	if (elsewhere)
		snprintf(text + n, sizeof(text) - n, ": %sgiven back a moment ago, since the kernel takes "
			 "marks off in batches for each CPU; processes that /proc does not show here", machine->n_hidden ?
			 "of processes that may not be looked into; " : "");
	line(out, "", text);
	if (machine->mlocked != machine->marked) {
		bool more = machine->mlocked > machine->marked;

		snprintf(text, sizeof(text), "%s %s that is %s: Mlocked is summed up about once a second, "
			 "and pages come and go", more ? "+" : "-",
			 kib(a, more ? machine->mlocked - machine->marked : machine->marked - machine->mlocked),
			 more ? "counted and not marked" : "marked and not yet counted, or no more");
		line(out, "", text);
	}
	print_unmarked(machine, out);
}

static void print_mlocked(const struct mlocktrace_machine *machine, FILE *out)
{
	char text[512], a[24], b[24];
	int n = snprintf(text, sizeof(text), "%s in /proc/meminfo", kib(a, machine->mlocked));

	if (machine->mlocked != machine->mlocked_before)
		snprintf(text + n, sizeof(text) - n, ", but %s when reading began: the figures are not of "
			 "one moment", kib(b, machine->mlocked_before));
	line(out, "Mlocked", text);
	if (machine->marks_known)
		print_marks(machine, out);
	else if (machine->unique_known)
		line(out, "", "what it is made of is not known: /proc/kpageflags could not be read; be "
		     "root, or have CAP_DAC_READ_SEARCH");
}

void machine_print_text_sums(const struct mlocktrace_machine *machine, FILE *out)
{
	char text[512], a[24];

	fprintf(out, "%sthe whole machine\n", machine->n_processes ? "\n" : "");
	print_charges(machine, out);
	print_pages(machine, out);
	print_mlocked(machine, out);
	snprintf(text, sizeof(text), "%s: with Mlocked, what else may not be reclaimed, such as SysV "
		 "segments under SHM_LOCK once reclaim has met them, and ramfs",
		 kib(a, machine->unevictable));
	line(out, "Unevictable", text);
	snprintf(text, sizeof(text), "%s of huge pages, used or not, which stay in RAM by nature and are "
		 "in no sum above", kib(a, machine->hugetlb));
	line(out, "Hugetlb", text);
}
