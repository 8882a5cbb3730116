// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * What processes held at the end of a recording: accounts RECORDING
 */
#include <errno.h>
#include <stdio.h>

#include <mlocktrace/mlocktrace.h>

int main(int argc, char **argv)
{
	struct mlocktrace_opts opts = { .size = sizeof(opts), .source = argc > 1 ? argv[1] : "" };
	struct mlocktrace_account account = { .size = sizeof(account) };
	const struct mlocktrace_event *event;
	struct mlocktrace_book *book = NULL;
	struct mlocktrace *recording;
	int err;

	if (mlocktrace_open(&recording, &opts)) {
		fprintf(stderr, "%s\n", mlocktrace_open_error());
		return 1;
	}
	err = mlocktrace_book_new(&book);
	while (!err && (err = mlocktrace_next(recording, &event)) > 0)
		err = mlocktrace_book_add(book, event);
	for (size_t i = 0; err == -ENODATA && !mlocktrace_book_get(book, i, &account); i++)
		printf("%u %s: %lld bytes, %llu records\n", account.pid,
		       mlocktrace_counter_name(account.counter),
		       (long long)(account.held_before + account.sum),
		       (unsigned long long)account.records);
	mlocktrace_book_free(book);
	mlocktrace_close(recording);
	return err != -ENODATA;
}
