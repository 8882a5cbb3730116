// SPDX-License-Identifier: GPL-2.0
/*
 * The file `events`: the records as they are, for any number of readers at a time.
 * Each open file is one, with its own place in the buffer of each CPU and its own
 * filter; how far one has come is nothing to the others.
 *
 * The next record of each CPU waits in a tap, already copied: it can no longer be
 * overwritten. The earliest of them is handed out first.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/threads.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "events.h"
#include "hooks.h"
#include "ring.h"
#include "targets.h"

#define MLT_READER_PIDS 64
#define MLT_WRITE_MAX 4096

/* One CPU's records as one reader sees them. */
struct mlt_tap {
	struct mlt_cursor cursor;
	u64 lost;    /* how many, not told yet */
	u64 time_ns; /* of the record in the tap, or of the first one after the loss */
	bool full;
	union {
		struct mlocktrace_event e;
		u64 room[MLT_RECORD_MAX / sizeof(u64)];
	};
};

/* A process whose records are wanted. */
struct mlt_wanted {
	u32 pid;
	u64 since_ns; /* later records bear the session's bit; earlier ones go by the pid */
};

struct mlt_reader {
	struct mutex lock; /* all below */
	u32 bit;	   /* the session's; 0 = it has no filter */
	bool stacks;	   /* it has asked for them */
	bool follows;	   /* children of the processes wanted, too */
	u64 ops;	   /* mask of those wanted, of the processes wanted */
	unsigned int n_wanted;
	struct mlt_wanted wanted[MLT_READER_PIDS];
	struct mlt_tap taps[]; /* nr_cpu_ids */
};

static DEFINE_MUTEX(mlt_sessions_lock);
static u32 mlt_sessions; /* bits in use */
static atomic_t mlt_n_readers;
static atomic64_t mlt_delivered;

unsigned int mlt_events_readers(void)
{
	return atomic_read(&mlt_n_readers);
}

u64 mlt_events_delivered(void)
{
	return atomic64_read(&mlt_delivered);
}

void mlt_events_reset(void)
{
	atomic64_set(&mlt_delivered, 0);
}

/* ---- the next record ------------------------------------------------------------------ */

static bool mlt_is_wanted(const struct mlt_reader *r, const struct mlt_tap *tap, u32 targets)
{
	unsigned int i;

	if (!r->n_wanted)
		return true;
	if (targets & r->bit)
		return true;
	if (!(r->ops & BIT_ULL(tap->e.op)))
		return false;
	for (i = 0; i < r->n_wanted; i++)
		if (r->wanted[i].pid == tap->e.pid && tap->time_ns <= r->wanted[i].since_ns)
			return true;
	return false;
}

/* Has it something to hand out? */
static bool mlt_tap_runs(const struct mlt_tap *tap)
{
	return READ_ONCE(tap->full) || READ_ONCE(tap->lost);
}

static void mlt_tap_fill(const struct mlt_reader *r, struct mlt_tap *tap, unsigned int cpu)
{
	struct mlt_step step;

	while (!tap->full && mlt_ring_take(cpu, &tap->cursor, &step, &tap->e)) {
		if (step.lost || !tap->lost)
			tap->time_ns = tap->e.time_ns + tap->e.duration_ns;
		WRITE_ONCE(tap->lost, tap->lost + step.lost);
		WRITE_ONCE(tap->full, mlt_is_wanted(r, tap, step.targets));
		/* Others may make records as fast as we pass them by. */
		if (signal_pending(current))
			return;
		cond_resched();
	}
}

/* The tap whose record was submitted first; NULL if there is none. */
static struct mlt_tap *mlt_first_tap(struct mlt_reader *r)
{
	struct mlt_tap *first = NULL;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct mlt_tap *tap = &r->taps[cpu];

		mlt_tap_fill(r, tap, cpu);
		if (mlt_tap_runs(tap) && (!first || tap->time_ns < first->time_ns))
			first = tap;
	}
	return first;
}

static void mlt_lost_record(struct mlocktrace_event *e, const struct mlt_tap *tap, unsigned int cpu)
{
	memset(e, 0, sizeof(*e));
	e->size = sizeof(*e);
	e->abi = MLOCKTRACE_ABI;
	e->op = MLOCKTRACE_OP_LOST;
	e->tier = MLOCKTRACE_TIER_KMOD;
	e->cpu = cpu;
	e->time_ns = tap->time_ns;
	e->count = tap->lost;
	e->sysno = -1;
}

/* Its next record to the user. Bytes; -EINVAL if they are more than there is room for, -EFAULT. */
static ssize_t mlt_tap_drain(struct mlt_reader *r, struct mlt_tap *tap, char __user *buf,
			     size_t room)
{
	struct mlocktrace_event lost;
	const struct mlocktrace_event *e = &tap->e;

	if (tap->lost) {
		mlt_lost_record(&lost, tap, tap - r->taps);
		e = &lost;
	}
	if (e->size > room)
		return -EINVAL;
	if (copy_to_user(buf, e, e->size))
		return -EFAULT;
	if (tap->lost) {
		WRITE_ONCE(tap->lost, 0);
		if (tap->full)
			tap->time_ns = tap->e.time_ns + tap->e.duration_ns;
		return sizeof(lost);
	}
	WRITE_ONCE(tap->full, false);
	return e->size;
}

/* As many as fit: bytes, 0 if there is none, or an error if that is all there is to say. */
static ssize_t mlt_reader_copy(struct mlt_reader *r, char __user *buf, size_t room)
{
	u64 settled = mlt_ring_settle(), delivered = 0;
	struct mlt_tap *tap;
	size_t used = 0;
	ssize_t n = 0;

	while (room - used >= sizeof(struct mlocktrace_event)) {
		bool is_lost;

		tap = mlt_first_tap(r);
		/* An earlier one may be about to come on another CPU. */
		if (tap && tap->time_ns >= settled) {
			settled = mlt_ring_settle();
			tap = mlt_first_tap(r);
		}
		if (!tap)
			break;
		is_lost = tap->lost;
		n = mlt_tap_drain(r, tap, buf + used, room - used);
		if (n < 0)
			break;
		used += n;
		delivered += !is_lost;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	atomic64_add(delivered, &mlt_delivered);
	return used ? used : n;
}

static u64 mlt_reader_wants(const struct mlt_reader *r)
{
	return READ_ONCE(r->n_wanted) ? READ_ONCE(r->bit) : MLT_WANTS_ANY;
}

/*
 * Has something come since we looked? With a filter it is only a record of ours that
 * counts: else the records of others would keep us awake.
 */
static bool mlt_reader_stirs(struct mlt_reader *r, u64 wants)
{
	unsigned int cpu;

	if (wants != MLT_WANTS_ANY)
		return !mlt_ring_is_armed(wants);
	mlt_ring_arm(wants);
	for_each_possible_cpu(cpu)
		if (mlt_tap_runs(&r->taps[cpu]) || mlt_ring_has(cpu, &r->taps[cpu].cursor))
			return true;
	return false;
}

/* ---- the filter ------------------------------------------------------------------------ */

/* A bit for the session, which tells its records in the buffer. */
static int mlt_session_begin(struct mlt_reader *r)
{
	int err = 0;

	if (r->bit)
		return 0;
	mutex_lock(&mlt_sessions_lock);
	if (mlt_sessions == ~0U) {
		err = -EBUSY;
	} else {
		WRITE_ONCE(r->bit, 1U << ffz(mlt_sessions));
		mlt_sessions |= r->bit;
	}
	mutex_unlock(&mlt_sessions_lock);
	return err;
}

static void mlt_session_end(struct mlt_reader *r)
{
	if (!r->bit)
		return;
	mutex_lock(&mlt_sessions_lock);
	WRITE_ONCE(mlt_following, mlt_following & ~r->bit);
	mutex_unlock(&mlt_sessions_lock);
	/* A fork may have seen that we follow and add a child now; after that, nobody does. */
	synchronize_rcu();
	mlt_targets_drop(r->bit);
	/* No record is under way any more that bears it. */
	synchronize_rcu();
	mlt_ring_forget(r->bit);
	mutex_lock(&mlt_sessions_lock);
	mlt_session_wants(r->bit, ~0ULL);
	mlt_sessions &= ~r->bit;
	mutex_unlock(&mlt_sessions_lock);
}

static void mlt_reader_follow(struct mlt_reader *r)
{
	r->follows = true;
	mutex_lock(&mlt_sessions_lock);
	WRITE_ONCE(mlt_following, mlt_following | r->bit);
	mutex_unlock(&mlt_sessions_lock);
}

/* Before there is a process: of its records some would bear the bit, others not. */
static int mlt_reader_narrow(struct mlt_reader *r, u64 ops)
{
	int err;

	if (r->n_wanted)
		return -EINVAL;
	err = mlt_session_begin(r);
	if (err)
		return err;
	mutex_lock(&mlt_sessions_lock);
	mlt_session_wants(r->bit, ops);
	mutex_unlock(&mlt_sessions_lock);
	r->ops = ops;
	return 0;
}

/* From all records to those of some processes, or back. */
static void mlt_reader_select(struct mlt_reader *r, u32 session)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		mlt_ring_select(cpu, &r->taps[cpu].cursor, session);
		WRITE_ONCE(r->taps[cpu].lost, 0);
	}
}

/* The first process: what is in the taps was let through without a filter. */
static void mlt_reader_sift(struct mlt_reader *r)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (r->taps[cpu].e.pid != r->wanted[0].pid)
			WRITE_ONCE(r->taps[cpu].full, false);
}

static int mlt_reader_want(struct mlt_reader *r, u32 pid)
{
	unsigned int i;
	int err;

	for (i = 0; i < r->n_wanted; i++)
		if (r->wanted[i].pid == pid)
			return 0;
	if (r->n_wanted == MLT_READER_PIDS)
		return -ENOSPC;
	err = mlt_session_begin(r);
	if (err)
		return err;
	/* Before the first record can bear the bit. */
	if (!r->n_wanted)
		mlt_reader_select(r, r->bit);
	if (r->follows)
		mlt_reader_follow(r);
	err = mlt_target_add(pid, r->bit);
	if (err && !r->n_wanted)
		mlt_reader_select(r, 0);
	if (err)
		return err;
	r->wanted[i].pid = pid;
	r->wanted[i].since_ns = 0; /* mlt_wanted_since() */
	WRITE_ONCE(r->n_wanted, i + 1);
	if (!i)
		mlt_reader_sift(r);
	return 0;
}

/* From when on do the records of who has just been added bear the bit, all of them? */
static void mlt_wanted_since(struct mlt_reader *r)
{
	unsigned int i, first = 0;
	u64 now;

	while (first < r->n_wanted && r->wanted[first].since_ns)
		first++;
	if (first == r->n_wanted)
		return;
	/* Whoever looked for the bit before we added it is through with his record then. */
	synchronize_rcu();
	now = ktime_get_mono_fast_ns();
	for (i = first; i < r->n_wanted; i++)
		r->wanted[i].since_ns = now;
}

/* With a filter the records on the way must be counted, and so each is looked at. */
static void mlt_reader_skip(struct mlt_reader *r)
{
	struct mlt_step step;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct mlt_tap *tap = &r->taps[cpu];
		struct mlt_cursor end = tap->cursor;

		mlt_ring_skip(cpu, &end);
		if (!tap->cursor.session)
			tap->cursor = end;
		while (tap->cursor.pos < end.pos &&
		       mlt_ring_take(cpu, &tap->cursor, &step, &tap->e))
			cond_resched();
		WRITE_ONCE(tap->lost, 0);
		WRITE_ONCE(tap->full, false);
	}
}

static int mlt_reader_line(struct mlt_reader *r, const char *line)
{
	u64 ops;
	u32 pid;

	if (!strcmp(line, "new")) {
		mlt_reader_skip(r);
		return 0;
	}
	if (!strcmp(line, "follow")) {
		mlt_reader_follow(r);
		return 0;
	}
	if (!strcmp(line, "stacks")) {
		if (!r->stacks)
			mlt_hooks_need_stacks(true);
		r->stacks = true;
		return 0;
	}
	if (!strncmp(line, "ops ", 4))
		return kstrtou64(line + 4, 16, &ops) ? -EINVAL : mlt_reader_narrow(r, ops);
	if (strncmp(line, "pid ", 4) || kstrtou32(line + 4, 10, &pid))
		return -EINVAL;
	if (!pid || pid > PID_MAX_LIMIT)
		return -EINVAL;
	return mlt_reader_want(r, pid);
}

/* ---- the file --------------------------------------------------------------------------- */

static int mlt_events_open(struct inode *inode, struct file *file)
{
	struct mlt_reader *r;
	unsigned int cpu;

	r = kvzalloc(struct_size(r, taps, nr_cpu_ids), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	mutex_init(&r->lock);
	r->ops = ~0ULL;
	for_each_possible_cpu(cpu)
		mlt_ring_rewind(cpu, &r->taps[cpu].cursor);
	file->private_data = r;
	atomic_inc(&mlt_n_readers);
	return stream_open(inode, file);
}

static int mlt_events_release(struct inode *inode, struct file *file)
{
	struct mlt_reader *r = file->private_data;

	mlt_session_end(r);
	if (r->stacks)
		mlt_hooks_need_stacks(false);
	atomic_dec(&mlt_n_readers);
	kvfree(r);
	return 0;
}

static ssize_t mlt_events_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct mlt_reader *r = file->private_data;
	ssize_t n;
	u64 wants;

	if (count < sizeof(struct mlocktrace_event))
		return -EINVAL;
	for (;;) {
		wants = mlt_reader_wants(r);
		mlt_ring_arm(wants);
		if (mutex_lock_interruptible(&r->lock))
			return -ERESTARTSYS;
		n = mlt_reader_copy(r, buf, count);
		mutex_unlock(&r->lock);
		if (n)
			return n;
		if (signal_pending(current))
			return -ERESTARTSYS;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(mlt_ring_wait, mlt_reader_stirs(r, wants)))
			return -ERESTARTSYS;
	}
}

static __poll_t mlt_events_poll(struct file *file, struct poll_table_struct *table)
{
	struct mlt_reader *r = file->private_data;
	bool ready;

	poll_wait(file, &mlt_ring_wait, table);
	mlt_ring_arm(mlt_reader_wants(r));
	mutex_lock(&r->lock);
	ready = mlt_first_tap(r);
	mutex_unlock(&r->lock);
	return ready ? EPOLLIN | EPOLLRDNORM : 0;
}

/* Line by line; after one that is refused, those before it stand. */
static ssize_t mlt_events_write(struct file *file, const char __user *buf, size_t count,
				loff_t *ppos)
{
	struct mlt_reader *r = file->private_data;
	char *text, *rest, *line;
	ssize_t done = 0;
	int err = 0;

	if (!count || count > MLT_WRITE_MAX)
		return -EINVAL;
	text = memdup_user_nul(buf, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	if (strlen(text) != count) {
		kfree(text);
		return -EINVAL;
	}
	mutex_lock(&r->lock);
	rest = text;
	while (rest && *rest) {
		line = strsep(&rest, "\n");
		err = mlt_reader_line(r, line);
		if (err)
			break;
		done = rest ? rest - text : count;
	}
	mlt_wanted_since(r);
	mutex_unlock(&r->lock);
	kfree(text);
	return done ? done : err;
}

/* An open file keeps the module: rmmod says that it is in use. */
const struct file_operations mlt_events_fops = {
	.owner = THIS_MODULE,
	.open = mlt_events_open,
	.release = mlt_events_release,
	.read = mlt_events_read,
	.write = mlt_events_write,
	.poll = mlt_events_poll,
};
