/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where `top` gets its facts: snapshots of who holds, and a tracer for refusals as they happen.
 * What cannot be had is said and left out: /proc is enough to go on.
 */
#ifndef TOOLS_TOP_SOURCE_H
#define TOOLS_TOP_SOURCE_H

#include <mlocktrace/mlocktrace.h>

#include "cgroups.h"
#include "options.h"
#include "top_model.h"

/*
 * @o:        what the command line says
 * @tracer:   NULL = refusals are not traced, because of @why_not
 * @began:    when, for people
 * @quiet:    the terminal is ours: nothing may be written to it
 * @lost:     records that were lost so far; @lost_now: since the round before
 * @events:   refusals since the round before
 */
struct top_source {
	const struct options *o;
	struct top_model model;
	struct mlocktrace_snapshot *snapshot;
	struct mlocktrace_snapshot_total total;
	struct mlocktrace *tracer;
	char why_not[512];
	char began[16];
	bool quiet;
	uint64_t lost, lost_now;
	struct cgroups cgroups;
	struct mlocktrace_event *events;
	size_t n_events, events_room;
};

/* STATUS_OK, or an exit status after a message; top_source_close() follows either way. */
int top_source_open(struct top_source *source, const struct options *o);
void top_source_close(struct top_source *source);

/* A round. 0 or -errno. */
int top_source_look(struct top_source *source);

/* Refusals per second since the round before; -1 = not known. */
double top_source_rate(const struct top_source *source);

#endif
