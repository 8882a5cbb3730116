/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The parts behind mlocktrace_symbol(): names in living processes (libdwfl)
 * and names in the kernel (kallsyms). Each says nothing when it knows nothing.
 */
#ifndef MLT_SYMBOLS_H
#define MLT_SYMBOLS_H

#include "format.h"

/* A found place; the strings are valid until the next look-up and not yet escaped. */
struct mlt_place {
	const char *function; /* NULL = not known */
	const char *module;   /* NULL = the address is in none */
	uint64_t offset;
};

/* symbols_user.c */
struct mlt_user_symbols;
int mlt_user_symbols_new(struct mlt_user_symbols **symbols);
void mlt_user_symbols_free(struct mlt_user_symbols *symbols);
void mlt_user_symbol(struct mlt_user_symbols *symbols, const struct mlocktrace_event *event,
		     uint64_t address, struct mlt_place *place);

/* symbols_kernel.c */
struct mlt_kernel_symbols;
int mlt_kernel_symbols_new(struct mlt_kernel_symbols **symbols);
void mlt_kernel_symbols_free(struct mlt_kernel_symbols *symbols);
void mlt_kernel_symbol(struct mlt_kernel_symbols *symbols, uint64_t address, struct mlt_place *place);

#endif
