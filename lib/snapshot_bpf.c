// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * A look by the iterator of bpf/snapshot.bpf.c: the kernel walks its tasks and writes
 * an entry for each that holds something; what it adds up per user is in its memory.
 */
#include "proc.h"
#include "snapshot.h"
#include "source_bpf.h"
#include "../bpf/snapshot.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "snapshot.skel.h"

/* What the kernel gathers before it hands over (bpf_seq_read()): whole entries then. */
#define BUFFER_PAGES 8

struct mlt_snapshot_bpf {
	struct snapshot_bpf *obj;
	struct bpf_link *link;
	char *buffer;
	size_t buffer_size;
	uint64_t page;
};

static uint64_t bytes(const struct mlt_snapshot_bpf *b, int64_t pages)
{
	return pages > 0 ? (uint64_t)pages * b->page : 0; /* below 0 for a moment, as CPUs see it */
}

/* ---- what it writes ------------------------------------------------------------------- */

static int add_user(struct mlocktrace_snapshot *s, const struct mlt_snap_user *user)
{
	struct mlt_user_part *part = mlt_snapshot_add_part(s);

	if (!part)
		return -ENOMEM;
	*part = (struct mlt_user_part){
		.uid = user->uid,
		.counters_known = true,
		.user = bytes(s->bpf, user->locked),
		.perf = bytes(s->bpf, user->perf),
		.shm = bytes(s->bpf, user->shm),
		.shm_of = user->shm_of,
		.limit = user->limit,
		.n_processes = user->n_processes,
	};
	return 0;
}

static void fill_holder(const struct mlt_snapshot_bpf *b, struct mlt_holder *holder,
			const struct mlt_snap_process *process)
{
	holder->mm = process->mm;
	holder->css_set = process->css_set;
	holder->is = (struct mlocktrace_holder){
		.size = sizeof(holder->is),
		.pid = (pid_t)process->pid,
		.uid = process->uid,
		.start_ns = process->start_ns,
		.cgroup_id = process->cgroup_id,
		.vmlck = bytes(b, (int64_t)process->locked),
		.vmpin = bytes(b, (int64_t)process->pinned),
		.limit = process->limit,
		.hard_limit = process->hard_limit,
		.capable = process->capable,
	};
	memcpy(holder->is.comm, process->comm, sizeof(holder->is.comm));
}

/* Of a process without its leader each thread tells; they come one soon after the other, but
 * others may come between. */
static bool is_told(const struct mlocktrace_snapshot *s, const struct mlt_snap_process *process)
{
	for (size_t i = s->n_holders; i > 0; i--)
		if (s->holders[i - 1].is.pid == (pid_t)process->pid)
			return true;
	return false;
}

static int add_process(struct mlocktrace_snapshot *s, const struct mlt_snap_process *process)
{
	struct mlt_holder *holder;
	int err = 0;

	if (!process->counted && is_told(s, process))
		return 0;
	holder = mlt_snapshot_add_holder(s);
	if (!holder)
		return -ENOMEM;
	fill_holder(s->bpf, holder, process);
	if (!process->counted)
		err = mlt_snapshot_count(s, &holder->is);
	return err;
}

/* Whole entries of what was read; @used is what they take up. 0 or -errno. */
static int take_entries(struct mlocktrace_snapshot *s, size_t n, size_t *used)
{
	const char *at = s->bpf->buffer, *end = at + n;
	int err = 0;

	while (!err && (size_t)(end - at) >= sizeof(uint32_t)) {
		uint32_t kind = *(const uint32_t *)at;
		size_t size = kind == MLT_SNAP_PROCESS ? sizeof(struct mlt_snap_process) :
							 sizeof(struct mlt_snap_no_place);

		if ((size_t)(end - at) < size)
			break;
		if (kind == MLT_SNAP_PROCESS)
			err = add_process(s, (const struct mlt_snap_process *)at);
		else
			err = add_user(s, &((const struct mlt_snap_no_place *)at)->user);
		at += size;
	}
	*used = at - s->bpf->buffer;
	return err;
}

static int read_entries(struct mlocktrace_snapshot *s, int fd)
{
	struct mlt_snapshot_bpf *b = s->bpf;
	size_t left = 0, used;
	int err = 0;

	while (!err) {
		ssize_t n = read(fd, b->buffer + left, b->buffer_size - left);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		left += (size_t)n;
		err = take_entries(s, left, &used);
		left -= used;
		memmove(b->buffer, b->buffer + used, left);
	}
	return err;
}

/* Only processes without a leader are told of before it is known whether they hold anything. */
static void drop_idle(struct mlocktrace_snapshot *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_holders; i++)
		if (s->holders[i].is.vmlck || s->holders[i].is.vmpin)
			s->holders[kept++] = s->holders[i];
	s->n_holders = kept;
}

int mlt_snapshot_bpf_take(struct mlocktrace_snapshot *s)
{
	struct mlt_snap *snap = &s->bpf->obj->bss->snap;
	int fd, err;

	memset(snap, 0, sizeof(*snap));
	snap->everyone = s->everyone;
	fd = bpf_iter_create(bpf_link__fd(s->bpf->link));
	if (fd < 0)
		return -errno;
	err = read_entries(s, fd);
	close(fd);
	s->perf_known = snap->perf_known;
	for (size_t i = 0; i < MLT_SNAP_USERS && !err; i++)
		if (snap->users[i].user)
			err = add_user(s, &snap->users[i]);
	if (!s->everyone)
		drop_idle(s);
	return err;
}

/* ---- life ------------------------------------------------------------------------------- */

static int load_program(struct mlt_snapshot_bpf *b)
{
	struct bpf_program *prog;

	b->obj = snapshot_bpf__open();
	if (!b->obj)
		return -errno;
	prog = mlt_proc_in_initial_pidns() > 0 ? b->obj->progs.iter_holders :
						 b->obj->progs.iter_holders_nested;
	bpf_program__set_autoload(prog, true);
	if (snapshot_bpf__load(b->obj))
		return -errno;
	b->link = bpf_program__attach_iter(prog, NULL);
	return b->link ? 0 : -errno;
}

static int load(struct mlocktrace_snapshot *s)
{
	struct mlt_bpf_words words;
	char why[384] = "";
	int err;

	mlt_bpf_listen(&words, &s->speaker);
	err = load_program(s->bpf);
	mlt_bpf_listen_no_more(&words);
	if (!err)
		return 0;
	if (access("/sys/kernel/btf/vmlinux", F_OK))
		return mlt_fail(&s->speaker, -ENOENT, "the task iterator needs the kernel's type information "
				"(/sys/kernel/btf/vmlinux): boot a kernel with CONFIG_DEBUG_INFO_BTF=y");
	mlt_bpf_explain_load(&words, err, why, sizeof(why));
	return mlt_fail(&s->speaker, err == -EPERM ? err : -EOPNOTSUPP, "task iterator: %s%s", why,
			mlt_bpf_remedy(err, false));
}

int mlt_snapshot_bpf_open(struct mlocktrace_snapshot *s)
{
	struct mlt_snapshot_bpf *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return mlt_fail(&s->speaker, -ENOMEM, "out of memory");
	s->bpf = b;
	b->page = (uint64_t)sysconf(_SC_PAGESIZE);
	b->buffer_size = BUFFER_PAGES * b->page;
	b->buffer = malloc(b->buffer_size);
	err = b->buffer ? load(s) : mlt_fail(&s->speaker, -ENOMEM, "out of memory");
	if (err) {
		mlt_snapshot_bpf_close(b);
		s->bpf = NULL;
	}
	return err;
}

void mlt_snapshot_bpf_close(struct mlt_snapshot_bpf *b)
{
	if (!b)
		return;
	bpf_link__destroy(b->link);
	snapshot_bpf__destroy(b->obj);
	free(b->buffer);
	free(b);
}
