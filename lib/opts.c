// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Options come in structs that begin with their size, so that programs and
 * libraries of different age understand each other.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

int mlt_copy_opts(void *own, size_t own_size, const void *opts, size_t least)
{
	const char *bytes = opts;
	size_t size;

	memcpy(&size, opts, sizeof(size));
	if (size < least)
		return -EINVAL;
	for (size_t i = own_size; i < size; i++) {
		if (bytes[i])
			return -EINVAL;
	}
	memset(own, 0, own_size);
	memcpy(own, opts, size < own_size ? size : own_size);
	memcpy(own, &own_size, sizeof(own_size));
	return 0;
}

int mlt_copy_out(void *answer, const void *own, size_t own_size, size_t least)
{
	size_t size;

	memcpy(&size, answer, sizeof(size));
	if (size < least)
		return -EINVAL;
	memset(answer, 0, size);
	memcpy(answer, own, size < own_size ? size : own_size);
	memcpy(answer, &size, sizeof(size));
	return 0;
}
