// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * A snapshot: a method tells of processes and users as it meets them, here they
 * become lists in order, with each address space and each counter in the sums once.
 */
#include "snapshot.h"
#include "regions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the methods found ------------------------------------------------------- */

struct mlt_holder *mlt_snapshot_add_holder(struct mlocktrace_snapshot *s)
{
	if (s->n_holders == s->holders_room) {
		size_t room = s->holders_room ? 2 * s->holders_room : 256;
		struct mlt_holder *more = reallocarray(s->holders, room, sizeof(*more));

		if (!more)
			return NULL;
		s->holders = more;
		s->holders_room = room;
	}
	return memset(&s->holders[s->n_holders++], 0, sizeof(*s->holders));
}

struct mlt_user_part *mlt_snapshot_add_part(struct mlocktrace_snapshot *s)
{
	if (s->n_parts == s->parts_room) {
		size_t room = s->parts_room ? 2 * s->parts_room : 64;
		struct mlt_user_part *more = reallocarray(s->parts, room, sizeof(*more));

		if (!more)
			return NULL;
		s->parts = more;
		s->parts_room = room;
	}
	return memset(&s->parts[s->n_parts++], 0, sizeof(*s->parts));
}

int mlt_snapshot_count(struct mlocktrace_snapshot *s, const struct mlocktrace_holder *process)
{
	struct mlt_user_part *part = mlt_snapshot_add_part(s);

	if (!part)
		return -ENOMEM;
	part->uid = process->uid;
	part->limit = process->capable ? MLOCKTRACE_UNLIMITED : process->limit;
	part->n_processes = 1;
	return 0;
}

/* ---- in order ----------------------------------------------------------------------- */

static uint64_t amount(const struct mlt_holder *holder)
{
	return holder->is.vmlck + holder->is.vmpin;
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_mm(const void *a, const void *b)
{
	const struct mlt_holder *x = a, *y = b;
	int order = compare(x->mm, y->mm);

	return order ? order : compare(x->is.pid, y->is.pid);
}

static int by_amount(const void *a, const void *b)
{
	const struct mlt_holder *x = a, *y = b;
	int order = compare(amount(y), amount(x));

	return order ? order : compare(x->is.pid, y->is.pid);
}

static int by_uid(const void *a, const void *b)
{
	const struct mlt_user_part *x = a, *y = b;
	int order = compare(x->uid, y->uid);

	return order ? order : compare(x->shm_of, y->shm_of);
}

/* Address spaces get numbers; those that share one also the same figures, which may have been
 * read at different moments. */
static void name_address_spaces(struct mlocktrace_snapshot *s)
{
	uint64_t id = 0;

	if (s->n_holders)
		qsort(s->holders, s->n_holders, sizeof(*s->holders), by_mm);
	for (size_t i = 0; i < s->n_holders; i++) {
		struct mlt_holder *holder = &s->holders[i], *before = holder - 1;

		holder->is.shares = i && holder->mm && holder->mm == before->mm;
		id += !holder->is.shares;
		holder->is.mm_id = id;
		if (holder->is.shares) {
			holder->is.vmlck = before->is.vmlck;
			holder->is.vmpin = before->is.vmpin;
		}
	}
	if (s->n_holders)
		qsort(s->holders, s->n_holders, sizeof(*s->holders), by_amount);
}

/* Parts of one user become one. Returns the number of users, or -ENOMEM. */
static int merge_users(struct mlocktrace_snapshot *s)
{
	struct mlocktrace_user *users = calloc(s->n_parts + 1, sizeof(*users)), *user = users - 1;
	const struct mlt_user_part *before = NULL;

	if (!users)
		return -ENOMEM;
	if (s->n_parts)
		qsort(s->parts, s->n_parts, sizeof(*s->parts), by_uid);
	for (size_t i = 0; i < s->n_parts; before = &s->parts[i++]) {
		const struct mlt_user_part *part = &s->parts[i];

		if (!before || part->uid != before->uid) {
			*++user = (struct mlocktrace_user){
				.size = sizeof(*user), .uid = part->uid, .limit = MLOCKTRACE_UNLIMITED,
			};
			before = NULL;
		}
		user->n_processes += part->n_processes;
		if (part->limit < user->limit)
			user->limit = part->limit;
		if (!part->counters_known)
			continue;
		user->counters_known = true;
		user->perf_known = s->perf_known;
		user->user = part->user;
		user->perf = part->perf;
		if (!before || part->shm_of != before->shm_of)
			user->shm += part->shm;
	}
	free(s->users);
	s->users = users;
	s->total.n_users = user + 1 - users;
	return 0;
}

static int by_uid_of_user(const void *a, const void *b)
{
	const struct mlocktrace_user *x = a, *y = b;

	return compare(x->uid, y->uid);
}

static void add_up(struct mlocktrace_snapshot *s)
{
	struct mlocktrace_snapshot_total *total = &s->total;

	for (size_t i = 0; i < total->n_users; i++)
		total->n_processes += s->users[i].n_processes;
	for (size_t i = 0; i < s->n_holders; i++) {
		const struct mlt_holder *holder = &s->holders[i];
		struct mlocktrace_user key = { .uid = holder->is.uid }, *user;

		if (!amount(holder))
			continue;
		user = bsearch(&key, s->users, total->n_users, sizeof(key), by_uid_of_user);
		total->n_holders++;
		if (user)
			user->n_holders++;
		if (holder->is.shares)
			continue;
		total->vmlck += holder->is.vmlck;
		total->vmpin += holder->is.vmpin;
		if (user) {
			user->vmlck += holder->is.vmlck;
			user->vmpin += holder->is.vmpin;
		}
	}
}

/* ---- life --------------------------------------------------------------------------- */

/* eBPF, or if that is not for us, files. What is given up on is no error to be told of. */
static int open_best(struct mlocktrace_snapshot *s)
{
	mlocktrace_log_fn log = s->speaker.log;
	int err;

	s->speaker.log = NULL;
	err = mlt_snapshot_bpf_open(s);
	s->speaker.log = log;
	if (!err || err == -ENOMEM)
		return err;
	mlt_log(&s->speaker, MLOCKTRACE_LOG_INFO, "by files of /proc, since eBPF does not work: %s",
		mlocktrace_open_error());
	return mlt_snapshot_proc_open(s);
}

static int choose_method(struct mlocktrace_snapshot *s, const char *method)
{
	if (!method || !strcmp(method, "auto"))
		return open_best(s);
	if (!strcmp(method, "bpf"))
		return mlt_snapshot_bpf_open(s);
	if (!strcmp(method, "proc"))
		return mlt_snapshot_proc_open(s);
	return mlt_fail(&s->speaker, -EINVAL, "no method %s: there are auto, bpf and proc", method);
}

MLT_API int mlocktrace_snapshot_new(struct mlocktrace_snapshot **snapshot,
				    const struct mlocktrace_snapshot_opts *opts)
{
	struct mlocktrace_snapshot_opts own = { .size = sizeof(own) };
	struct mlocktrace_snapshot *s;
	int err = 0;

	*snapshot = NULL;
	if (opts)
		err = mlt_copy_opts(&own, sizeof(own), opts,
				    offsetof(struct mlocktrace_snapshot_opts, log));
	if (err)
		return mlt_fail(NULL, err, "options of a newer version of libmlocktrace");
	s = calloc(1, sizeof(*s));
	if (!s)
		return mlt_fail(NULL, -ENOMEM, "out of memory");
	s->speaker.log = own.log;
	s->speaker.log_ctx = own.log_ctx;
	s->everyone = own.everyone;
	/* Before the method: that it is missing is no error to remember. */
	s->refusals = mlt_refusals_new();
	err = mlt_paths_new(&s->paths);
	if (err)
		mlt_fail(&s->speaker, err, "out of memory");
	else
		err = choose_method(s, own.method);
	if (err) {
		mlocktrace_snapshot_free(s);
		return err;
	}
	*snapshot = s;
	return 0;
}

static void forget(struct mlocktrace_snapshot *s)
{
	for (size_t i = 0; i < s->n_holders; i++)
		free(s->holders[i].cgroup);
	s->n_holders = 0;
	s->n_parts = 0;
	s->total = (struct mlocktrace_snapshot_total){ .size = sizeof(s->total) };
	mlt_paths_forget(s->paths);
}

MLT_API void mlocktrace_snapshot_free(struct mlocktrace_snapshot *s)
{
	if (!s)
		return;
	mlt_snapshot_bpf_close(s->bpf);
	mlt_refusals_free(s->refusals);
	for (size_t i = 0; i < s->n_holders; i++)
		free(s->holders[i].cgroup);
	mlt_paths_free(s->paths);
	free(s->holders);
	free(s->parts);
	free(s->users);
	free(s);
}

static int read_meminfo(struct mlocktrace_snapshot *s)
{
	struct mlocktrace_machine machine = { 0 };
	FILE *in = fopen("/proc/meminfo", "re");
	int err;

	if (!in)
		return -errno;
	err = mlt_meminfo_parse(in, &machine);
	fclose(in);
	s->total.mlocked = machine.mlocked;
	s->total.unevictable = machine.unevictable;
	return err;
}

MLT_API int mlocktrace_snapshot_take(struct mlocktrace_snapshot *s)
{
	int err;

	forget(s);
	err = s->bpf ? mlt_snapshot_bpf_take(s) : mlt_snapshot_proc_take(s);
	if (!err)
		err = read_meminfo(s);
	if (!err)
		err = merge_users(s);
	if (err) {
		forget(s);
		return err;
	}
	name_address_spaces(s);
	add_up(s);
	if (s->refusals)
		mlt_refusals_join(s->refusals, s);
	return 0;
}

/* ---- answers --------------------------------------------------------------------------- */

MLT_API int mlocktrace_snapshot_holder(const struct mlocktrace_snapshot *s, size_t i,
				       struct mlocktrace_holder *holder)
{
	struct mlocktrace_holder own;

	if (i >= s->n_holders)
		return -ENOENT;
	own = s->holders[i].is;
	own.cgroup = mlt_paths_find(s->paths, &s->holders[i]);
	return mlt_copy_out(holder, &own, sizeof(own), sizeof(own));
}

MLT_API int mlocktrace_snapshot_user(const struct mlocktrace_snapshot *s, size_t i,
				     struct mlocktrace_user *user)
{
	if (i >= s->total.n_users)
		return -ENOENT;
	return mlt_copy_out(user, &s->users[i], sizeof(*user), sizeof(*user));
}

MLT_API int mlocktrace_snapshot_total(const struct mlocktrace_snapshot *s,
				      struct mlocktrace_snapshot_total *total)
{
	return mlt_copy_out(total, &s->total, sizeof(*total), sizeof(*total));
}

MLT_API const char *mlocktrace_snapshot_method(const struct mlocktrace_snapshot *s)
{
	return s->bpf ? "bpf" : "proc";
}

MLT_API const char *mlocktrace_snapshot_blind(const struct mlocktrace_snapshot *s)
{
	return s->blind;
}
