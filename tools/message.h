/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words for the user on stderr, each line beginning with the tool's name. An
 * error says what is wrong and what to do about it; a note is news that -q
 * silences.
 */
#ifndef TOOLS_MESSAGE_H
#define TOOLS_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#define TOOL "mlocktrace"
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

void message_quiet(bool quiet);
void error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void note(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* What has been printed must have arrived: @status, or STATUS_FAILED after a message. */
int flush_stdout(int status);

/* "64K", "16.0M", "5000": whole KiB or exact bytes below 1 MiB. buf is returned. */
char *size_text(char buf[24], uint64_t bytes);

#endif
