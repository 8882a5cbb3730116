/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Names of kernel addresses from /proc/kallsyms, read once and sorted. Where
 * the kernel hides its addresses (kptr_restrict) it knows nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "symbols.h"

#define FAR (1 << 20) /* no function is that long: the address is in code that came later */

struct symbol {
	uint64_t address;
	size_t name; /* offset into names: "function\0module\0" */
};

struct mlt_kernel_symbols {
	struct symbol *table;
	size_t n;
	size_t max;
	struct mlt_buf names;
};

static int add(struct mlt_kernel_symbols *symbols, uint64_t address, const char *function,
	       const char *module)
{
	if (symbols->n == symbols->max) {
		size_t more = symbols->max ? symbols->max * 2 : 1 << 16;
		struct symbol *table = realloc(symbols->table, more * sizeof(*table));

		if (!table)
			return -ENOMEM;
		symbols->table = table;
		symbols->max = more;
	}
	symbols->table[symbols->n++] = (struct symbol){ address, symbols->names.used };
	mlt_buf_add(&symbols->names, function, strlen(function) + 1);
	mlt_buf_add(&symbols->names, module, strlen(module) + 1);
	return symbols->names.err;
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->name < y->name ? -1 : 1;
}

static int read_kallsyms(struct mlt_kernel_symbols *symbols, FILE *in)
{
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	while (!err && getline(&line, &size, in) > 0) {
		char function[512], module[100] = "[kernel]", type;
		uint64_t address;

		if (sscanf(line, "%" SCNx64 " %c %511s %99s", &address, &type, function, module) < 3)
			continue;
		if (address && strchr("tTwW", type))
			err = add(symbols, address, function, module);
	}
	free(line);
	return err;
}

int mlt_kernel_symbols_new(struct mlt_kernel_symbols **out_symbols)
{
	struct mlt_kernel_symbols *symbols;
	FILE *in = fopen("/proc/kallsyms", "re");
	int err;

	if (!in)
		return -errno;
	symbols = calloc(1, sizeof(*symbols));
	err = symbols ? read_kallsyms(symbols, in) : -ENOMEM;
	fclose(in);
	if (err) {
		mlt_kernel_symbols_free(symbols);
		return err;
	}
	if (symbols->n)
		qsort(symbols->table, symbols->n, sizeof(*symbols->table), by_address);
	*out_symbols = symbols;
	return 0;
}

void mlt_kernel_symbols_free(struct mlt_kernel_symbols *symbols)
{
	if (!symbols)
		return;
	free(symbols->table);
	mlt_buf_free(&symbols->names);
	free(symbols);
}

void mlt_kernel_symbol(struct mlt_kernel_symbols *symbols, uint64_t address, struct mlt_place *place)
{
	size_t low = 0, high = symbols->n;
	const struct symbol *found;
	const char *name;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->table[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return;
	found = &symbols->table[low - 1];
	/* Of several names for one address the first in kallsyms is the usual one. */
	while (found > symbols->table && found[-1].address == found->address)
		found--;
	if (address - found->address >= FAR)
		return;
	name = symbols->names.data + found->name;
	place->function = name;
	place->module = name + strlen(name) + 1;
	place->offset = address - found->address;
}
