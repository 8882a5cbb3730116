// SPDX-License-Identifier: GPL-2.0
/*
 * The paragraph breaker. Columns are bytes: what it is given is ASCII.
 */
#include <string.h>

#include "wrap.h"

void wrap(FILE *out, int at, int indent, const char *text)
{
	fprintf(out, "%*s", at < indent ? indent - at : 0, "");
	if (at < indent)
		at = indent;
	while (*text) {
		int len = strcspn(text, " ");

		if (at > indent && at + 1 + len > WRAP_WIDTH) {
			fprintf(out, "\n%*s", indent, "");
			at = indent;
		} else if (at > indent) {
			fputc(' ', out);
			at++;
		}
		fwrite(text, 1, len, out);
		at += len;
		text += len + strspn(text + len, " ");
	}
	fputc('\n', out);
}
