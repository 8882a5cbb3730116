/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the numbers of a record are called, as in the manual. Lengths are with the
 * final NUL; what is left of a name's place is NULs, too.
 */
#ifndef MLT_NAMES_KMOD_H
#define MLT_NAMES_KMOD_H

#include <mlocktrace/event.h>

#define MLT_OP_LEN 20
#define MLT_COUNTER_LEN 8
#define MLT_CAUSE_LEN 16

extern const char mlt_op_names[MLOCKTRACE_OP_MAX][MLT_OP_LEN];
extern const char mlt_counter_names[MLOCKTRACE_COUNTER_MAX][MLT_COUNTER_LEN];
extern const char mlt_cause_names[MLOCKTRACE_CAUSE_MAX][MLT_CAUSE_LEN];

#endif
