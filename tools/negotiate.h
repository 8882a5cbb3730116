/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which of the formats a client would rather have.
 */
#ifndef TOOLS_NEGOTIATE_H
#define TOOLS_NEGOTIATE_H

#include "metrics.h"

/* @accept: the header of that name; NULL = there was none. Whoever takes neither gets the older
 * format: a collector may have learned since to read what it does not ask for. */
enum metrics_format negotiate_format(const char *accept);

#endif
