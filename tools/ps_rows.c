// SPDX-License-Identifier: GPL-2.0
/*
 * Rows of `ps` from a snapshot: which processes or users, and what their cells say.
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "ps.h"

struct ps_row *ps_rows_add(struct ps_rows *rows)
{
	if (rows->n == rows->room) {
		size_t room = rows->room ? 2 * rows->room : 64;
		struct ps_row *more = reallocarray(rows->list, room, sizeof(*more));

		if (!more)
			return NULL;
		rows->list = more;
		rows->room = room;
	}
	return memset(&rows->list[rows->n++], 0, sizeof(*rows->list));
}

void ps_row_free(struct ps_row *row)
{
	for (size_t c = 0; c < PS_COLUMNS; c++)
		free(row->cells[c].text);
	*row = (struct ps_row){ 0 };
}

void ps_rows_free(struct ps_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		ps_row_free(&rows->list[i]);
	free(rows->list);
	*rows = (struct ps_rows){ 0 };
}

/* ---- cells ---------------------------------------------------------------------------- */

static void set(struct ps_row *row, enum ps_column_id id, uint64_t value, bool known)
{
	row->cells[id].value = value;
	row->cells[id].known = known;
}

/* Text from the kernel is what somebody chose: harmless once escaped. */
static int set_text(struct ps_row *row, enum ps_column_id id, const char *text, size_t len)
{
	size_t size = (size_t)mlocktrace_escape(NULL, 0, text, len) + 1;
	char *own = malloc(size);

	if (!own)
		return -ENOMEM;
	mlocktrace_escape(own, size, text, len);
	row->cells[id].text = own;
	row->cells[id].known = true;
	return 0;
}

/* A name may be far away: it is asked for once, as long as no other user takes its place. */
static const char *user_name(uid_t uid)
{
	static struct {
		uid_t uid;
		char name[64];
	} known[64];
	size_t place = uid % (sizeof(known) / sizeof(known[0]));
	char *name = known[place].name;
	const struct passwd *user;

	if (*name && known[place].uid == uid)
		return name;
	user = getpwuid(uid);
	if (user)
		snprintf(name, sizeof(known[0].name), "%s", user->pw_name);
	else
		snprintf(name, sizeof(known[0].name), "%u", uid);
	known[place].uid = uid;
	return name;
}

static int set_user(struct ps_row *row, uid_t uid)
{
	const char *name = user_name(uid);

	set(row, PS_UID, uid, true);
	return set_text(row, PS_USER, name, strlen(name));
}

static int set_unit(struct ps_row *row, const char *cgroup)
{
	enum mlocktrace_unit_kind kind = MLOCKTRACE_UNIT_NONE;
	char name[1024];
	const char *kind_name;
	int err;

	if (!cgroup[0])
		return 0;
	mlocktrace_unit_name(cgroup, &kind, name, sizeof(name));
	kind_name = mlocktrace_unit_kind_name(kind);
	err = set_text(row, PS_UNIT, name, sizeof(name));
	if (!err)
		err = set_text(row, PS_CGROUP, cgroup, strlen(cgroup));
	return err ? err : set_text(row, PS_UNIT_KIND, kind_name, strlen(kind_name));
}

/* What of the limit VmLck leaves */
static uint64_t headroom(const struct mlocktrace_holder *holder)
{
	if (holder->capable || holder->limit >= PS_NO_END)
		return PS_NO_END;
	return holder->limit - holder->vmlck;
}

int ps_row_fill_process(struct ps_row *row, const struct mlocktrace_holder *holder)
{
	int err;

	set(row, PS_PID, (uint64_t)holder->pid, true);
	set(row, PS_LOCKED, holder->vmlck, true);
	set(row, PS_PINNED, holder->vmpin, true);
	set(row, PS_LIMIT, holder->limit, true);
	set(row, PS_HARD_LIMIT, holder->hard_limit, true);
	set(row, PS_HEADROOM, headroom(holder), true);
	set(row, PS_CAPABLE, holder->capable, true);
	set(row, PS_REFUSALS, holder->refusals, holder->refusals_known);
	set(row, PS_EVENTS, holder->events, holder->refusals_known);
	set(row, PS_SHARES, holder->shares, true);
	set(row, PS_MM, holder->mm_id, true);
	set(row, PS_START, holder->start_ns, true);
	set(row, PS_CGROUP_ID, holder->cgroup_id, holder->cgroup_id);
	err = set_user(row, holder->uid);
	if (!err)
		err = set_text(row, PS_COMM, holder->comm, sizeof(holder->comm));
	return err ? err : set_unit(row, holder->cgroup);
}

int ps_row_fill_user(struct ps_row *row, const struct mlocktrace_user *user)
{
	bool known = user->counters_known;

	set(row, PS_N_PROCESSES, user->n_processes, true);
	set(row, PS_N_HOLDERS, user->n_holders, true);
	set(row, PS_LOCKED, user->vmlck, true);
	set(row, PS_PINNED, user->vmpin, true);
	set(row, PS_CHARGED, user->user, known);
	/* io_uring charges both, so this much is certain to be of something else, or of the past. */
	set(row, PS_UNEXPLAINED, user->user > user->vmpin ? user->user - user->vmpin : 0, known);
	set(row, PS_PERF, user->perf, known && user->perf_known);
	set(row, PS_SHM, user->shm, known);
	set(row, PS_LIMIT, user->limit, true);
	return set_user(row, user->uid);
}

/* ---- which ---------------------------------------------------------------------------- */

static bool names_pid(const struct options *o, pid_t pid)
{
	for (size_t i = 0; i < o->n_pids; i++)
		if (o->pids[i] == pid)
			return true;
	return false;
}

/* In that folder of the hierarchy or below it */
static bool is_below(const char *cgroup, const char *folder)
{
	size_t n = strlen(folder);

	while (n && folder[n - 1] == '/')
		n--;
	return !strncmp(cgroup, folder, n) && (!cgroup[n] || cgroup[n] == '/');
}

bool ps_is_wanted(const struct options *o, const struct mlocktrace_holder *holder)
{
	if (o->n_pids && !names_pid(o, holder->pid))
		return false;
	if (o->by_uid && holder->uid != o->uid)
		return false;
	if (o->comm && strncmp(holder->comm, o->comm, sizeof(holder->comm)))
		return false;
	return !o->cgroup || is_below(holder->cgroup, o->cgroup);
}

static int fill_processes(struct ps_rows *rows, const struct options *o,
			  const struct mlocktrace_snapshot *snapshot)
{
	struct mlocktrace_holder holder = { .size = sizeof(holder) };
	int err = 0;

	for (size_t i = 0; !err && !mlocktrace_snapshot_holder(snapshot, i, &holder); i++) {
		struct ps_row *row;

		if (!ps_is_wanted(o, &holder)) {
			rows->filtered = true;
			continue;
		}
		row = ps_rows_add(rows);
		err = row ? ps_row_fill_process(row, &holder) : -ENOMEM;
	}
	return err;
}

static bool has_anything(const struct mlocktrace_user *user)
{
	return user->vmlck || user->vmpin || user->user || user->perf || user->shm;
}

static int fill_users(struct ps_rows *rows, const struct options *o,
		      const struct mlocktrace_snapshot *snapshot)
{
	struct mlocktrace_user user = { .size = sizeof(user) };
	int err = 0;

	for (size_t i = 0; !err && !mlocktrace_snapshot_user(snapshot, i, &user); i++) {
		struct ps_row *row;

		if (o->by_uid ? user.uid != o->uid : !o->all && !has_anything(&user)) {
			rows->filtered |= has_anything(&user);
			continue;
		}
		row = ps_rows_add(rows);
		err = row ? ps_row_fill_user(row, &user) : -ENOMEM;
	}
	return err;
}

int ps_rows_fill(struct ps_rows *rows, const struct options *o,
		 const struct mlocktrace_snapshot *snapshot)
{
	return rows->view == PS_USERS ? fill_users(rows, o, snapshot) :
					fill_processes(rows, o, snapshot);
}
