/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One record by itself, for what is shown later or inside of something else.
 */
#ifndef TOOLS_RECORD_H
#define TOOLS_RECORD_H

#include <mlocktrace/mlocktrace.h>

/* As a writer of these options would show it; the caller frees it. NULL if there is no memory. */
char *record_text(const struct mlocktrace_event *event, const struct mlocktrace_writer_opts *opts);

#endif
