/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Between the handle and its counts.
 */
#ifndef MLT_COUNTS_H
#define MLT_COUNTS_H

#include "tally.h"

/* From open: with opts->count, a tally for the handle; else nothing. mlt_fail() has said why not. */
int mlt_counts_open(struct mlocktrace *h, const struct mlocktrace_opts *opts);

#endif
