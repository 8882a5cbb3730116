// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Who holds locked memory, and what is charged to users
 */
#include <stdio.h>
#include <string.h>

#include <mlocktrace/mlocktrace.h>

static void print_all(const struct mlocktrace_snapshot *snapshot)
{
	struct mlocktrace_snapshot_total total = { .size = sizeof(total) };
	struct mlocktrace_holder holder = { .size = sizeof(holder) };
	struct mlocktrace_user user = { .size = sizeof(user) };

	for (size_t i = 0; !mlocktrace_snapshot_holder(snapshot, i, &holder); i++)
		printf("%d: %llu bytes locked\n", (int)holder.pid, (unsigned long long)holder.vmlck);
	for (size_t i = 0; !mlocktrace_snapshot_user(snapshot, i, &user); i++)
		if (user.counters_known)
			printf("user %u: %llu bytes charged\n", user.uid,
			       (unsigned long long)user.user);
	mlocktrace_snapshot_total(snapshot, &total);
	printf("%zu processes, by %s\n", total.n_processes, mlocktrace_snapshot_method(snapshot));
	if (*mlocktrace_snapshot_blind(snapshot))
		printf("not seen: %s\n", mlocktrace_snapshot_blind(snapshot));
}

int main(void)
{
	struct mlocktrace_snapshot *snapshot;
	int err;

	if (mlocktrace_snapshot_new(&snapshot, NULL)) {
		fprintf(stderr, "%s\n", mlocktrace_open_error());
		return 1;
	}
	err = mlocktrace_snapshot_take(snapshot);
	if (err)
		fprintf(stderr, "%s\n", strerror(-err));
	else
		print_all(snapshot);
	mlocktrace_snapshot_free(snapshot);
	return err != 0;
}
