// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>

#include "record.h"

char *record_text(const struct mlocktrace_event *event, const struct mlocktrace_writer_opts *opts)
{
	struct mlocktrace_writer *writer = NULL;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	if (!mlocktrace_writer_new(&writer, out, opts))
		mlocktrace_write(writer, event);
	mlocktrace_writer_free(writer);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}
