// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * What a word of the vocabulary means, or which words there are: words [WORD]
 */
#include <stdio.h>

#include <mlocktrace/mlocktrace.h>

int main(int argc, char **argv)
{
	const char *kind, *word, *help, *advice;
	size_t i;

	if (argc < 2) {
		for (i = 0; !mlocktrace_about_list(i, &kind, &word); i++)
			printf("%s %s\n", kind, word);
		return 0;
	}
	for (i = 0; !mlocktrace_about(argv[1], i, &kind, &help, &advice); i++)
		printf("%s (%s): %s\n%s\n", argv[1], kind, help, advice ? advice : "");
	if (mlocktrace_op_by_name(argv[1]))
		printf("its id is %u\n", mlocktrace_op_by_name(argv[1]));
	return !i;
}
