// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/* The version, as the Makefile has it. */
#include "internal.h"

MLT_API const char *mlocktrace_version(void)
{
	return MLOCKTRACE_VERSION;
}
