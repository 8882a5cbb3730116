// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * A recording as JSON: to_json RECORDING
 */
#include <errno.h>
#include <stdio.h>

#include <mlocktrace/mlocktrace.h>

int main(int argc, char **argv)
{
	struct mlocktrace_opts opts = { .size = sizeof(opts), .source = argc > 1 ? argv[1] : "" };
	struct mlocktrace_writer_opts how = { .size = sizeof(how), .format = MLOCKTRACE_JSON };
	const struct mlocktrace_event *event;
	struct mlocktrace_writer *writer;
	struct mlocktrace *recording;
	int err;

	if (mlocktrace_open(&recording, &opts)) {
		fprintf(stderr, "%s\n", mlocktrace_open_error());
		return 1;
	}
	how.source = recording;
	err = mlocktrace_writer_new(&writer, stdout, &how);
	if (!err) {
		while ((err = mlocktrace_next(recording, &event)) > 0)
			if (mlocktrace_write(writer, event))
				break;
		if (mlocktrace_writer_finish(writer, NULL))
			err = -EIO;
		mlocktrace_writer_free(writer);
	}
	mlocktrace_close(recording);
	return err != -ENODATA;
}
