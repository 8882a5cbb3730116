/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The signals that end the tool, as a descriptor for its poll loop.
 */
#ifndef TOOLS_SIGNALS_H
#define TOOLS_SIGNALS_H

#include <stdbool.h>

#include "child.h"

/* What a signal asks for. */
enum signal_wish { SIGNAL_NONE, SIGNAL_STOP, SIGNAL_ABANDON };

/* From now on the ending signals are read from the descriptor returned (or -errno). A child must
 * have been forked before: it keeps the caller's mask. */
int signals_open(void);

/* Read what came. With a running COMMAND signals are its business: those of the terminal have
 * reached it already, others are passed on; only the third Ctrl-C means us (SIGNAL_ABANDON). */
enum signal_wish signals_read(int fd, const struct child *child);

#endif
