/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What `regions` found, for the two ways to print it.
 */
#ifndef TOOLS_REGIONS_H
#define TOOLS_REGIONS_H

#include <stdio.h>

#include <mlocktrace/mlocktrace.h>

struct options;

struct regions_view {
	const struct mlocktrace_regions *regions;
	struct mlocktrace_regions_total total;
	const struct mlocktrace_history *history; /* NULL = without a recording */
	struct mlocktrace_history_stats stats;
	const char *recording;
	bool color;
};

/* Bytes of the locked mappings that a record is known for. */
uint64_t regions_known_bytes(const struct regions_view *view);

/* machine.c: `regions -a`. The exit status. */
int regions_of_machine(struct options *o);

/* machine_text.c, machine_json.c: a process, when it is known, and the sums. @first: the heading
 * comes before it. */
void machine_print_text(const struct mlocktrace_regions_total *total, bool first, bool color, FILE *out);
void machine_print_text_sums(const struct mlocktrace_machine *machine, FILE *out);
void machine_print_json(const struct mlocktrace_regions_total *total, FILE *out);
void machine_print_json_sums(const struct mlocktrace_machine *machine, FILE *out);

/* regions_text.c, regions_json.c */
void regions_print_text(const struct regions_view *view, FILE *out);
void regions_print_json(const struct regions_view *view, FILE *out);

#endif
