/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What the library's own sentences need besides body/cause.h: names.
 */
#ifndef MLT_VERDICT_H
#define MLT_VERDICT_H

#include <errno.h>

#include "internal.h"
#include "../body/cause.h"

/* Name of a result like event->ret; NULL if it is no error or none that has a name. */
static inline const char *mlt_result_name(int result)
{
	return result < 0 ? mlocktrace_errno_name(0u - (unsigned int)result) : NULL;
}

/* A fault outside of system calls has no caller to give an errno to: the signal that came instead. */
static inline const char *mlt_signal_name(const struct mlocktrace_event *event)
{
	if (event->ret >= 0 || event->sysno >= 0 || mlt_is_remote(event))
		return NULL;
	if (event->op == MLOCKTRACE_OP_STACK)
		return "SIGSEGV";
	return event->op == MLOCKTRACE_OP_SECRETMEM && event->ret == -EFAULT ? "SIGBUS" : NULL;
}

/* syscalls.c: the system call that the record happened in; NULL for none, or none that has a name. */
const char *mlt_syscall_name(const struct mlocktrace_event *event);
/* syscalls.c: is it the system call of this name? */
bool mlt_is_in(const struct mlocktrace_event *event, const char *name);

#endif
