/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of one run, and its two ends: everything opened in the right order,
 * everything closed. What happens in between is session.c.
 */
#ifndef TOOLS_SETUP_H
#define TOOLS_SETUP_H

#include <stdint.h>

#include "child.h"
#include "output.h"
#include "session.h"
#include "targets.h"

enum ending {
	GOING,
	END_SIGNAL,
	END_TIME,
	END_TARGETS,
	END_COMMAND,
	END_SOURCE,
	END_OUTPUT,
	END_FAILED,
};

enum { FD_SIGNALS, FD_SOURCE, FD_OUTPUT, FD_CHILD, FD_TARGETS };

/* One run. Zeroed but for signal_fd = -1, it can be closed at any point. */
struct session {
	const struct options *o;
	const struct session_job *job;
	struct child child;
	struct targets targets;
	struct output out;
	struct mlocktrace *handle;
	struct mlocktrace_writer *writer;
	struct mlocktrace_symbols *symbols;
	struct pollfd *fds;
	int signal_fd;
	bool live;
	bool is_open;
	bool failed; /* the tool itself; already told */
	enum ending ending;
	uint64_t records, refused;
	uint64_t began_ns, ended_ns, flushed_ns;
};

/* STATUS_OK, or another exit status after a message. */
int session_open(struct session *s);
void session_close(struct session *s);

/* Results go to a standard stream, not to a file of their own. */
bool to_standard_stream(const struct session *s);

#endif
