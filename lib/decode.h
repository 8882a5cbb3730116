/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Room for any event that mlt_decode() makes.
 */
#ifndef MLT_DECODE_H
#define MLT_DECODE_H

#include "internal.h"

struct mlt_event_room {
	struct mlocktrace_event event;
	uint64_t stack[MLOCKTRACE_STACK_USER + MLOCKTRACE_STACK_KERNEL];
};

#endif
