// SPDX-License-Identifier: GPL-2.0
#include <linux/build_bug.h>

#include "names.h"

#define MLT_FITS(name, len) static_assert(sizeof(name) <= (len))
#define MLT_OP(id, TAG, name, help) MLT_FITS(name, MLT_OP_LEN);
#define MLT_COUNTER(id, TAG, name, help) MLT_FITS(name, MLT_COUNTER_LEN);
#define MLT_CAUSE(id, TAG, name, help, advice) MLT_FITS(name, MLT_CAUSE_LEN);
#include <mlocktrace/events.def>

const char mlt_op_names[MLOCKTRACE_OP_MAX][MLT_OP_LEN] = {
#define MLT_OP(id, TAG, name, help) [id] = name,
#include <mlocktrace/events.def>
};

const char mlt_counter_names[MLOCKTRACE_COUNTER_MAX][MLT_COUNTER_LEN] = {
	[MLOCKTRACE_COUNTER_NONE] = "none",
#define MLT_COUNTER(id, TAG, name, help) [id] = name,
#include <mlocktrace/events.def>
};

const char mlt_cause_names[MLOCKTRACE_CAUSE_MAX][MLT_CAUSE_LEN] = {
#define MLT_CAUSE(id, TAG, name, help, advice) [id] = name,
#include <mlocktrace/events.def>
};
