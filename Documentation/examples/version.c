// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Which version of the library is loaded?
 */
#include <stdio.h>

#include <mlocktrace/mlocktrace.h>

int main(void)
{
	printf("libmlocktrace %s\n", mlocktrace_version());
	return 0;
}
