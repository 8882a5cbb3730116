/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Options with a value that has to be understood: text in, field of struct
 * options out. Each returns 0, or -1 after a message that names the remedy.
 */
#ifndef TOOLS_VALUES_H
#define TOOLS_VALUES_H

#include "options.h"

int set_pids(struct options *o, const char *value);
int set_ops(struct options *o, const char *value);
int set_uid(struct options *o, const char *value);
int set_comm(struct options *o, const char *value);
int set_duration(struct options *o, const char *value);
int set_source(struct options *o, const char *value);
int set_tier(struct options *o, const char *value);
int set_count(struct options *o, const char *value);
int set_buffer(struct options *o, const char *value);
int set_delay(struct options *o, const char *value);
int set_interval(struct options *o, const char *value);
int set_groups(struct options *o, const char *value);
int set_color(struct options *o, const char *value);

struct tier {
	const char *name, *source;
};

/* The i-th tier, best first; NULL past the last. */
const struct tier *tier_at(size_t i);

/* 0 = no process id. */
pid_t pid_of(const char *text);

/* Is what goes to this descriptor to have colours? */
bool color_wanted(const struct options *o, int fd);

/* --source names a recording: nothing is live, ids are only compared. */
bool source_is_recording(const struct options *o);

#endif
