// SPDX-License-Identifier: GPL-2.0
/*
 * The files in debugfs: what is in the tables as text, and the two switches. The
 * formats are ABI, see Documentation/ABI/testing/debugfs-mlocktrace. `events` is in
 * events.c.
 *
 * Whoever has one of them open keeps the module: rmmod says that it is in use.
 */
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/stat.h>
#include <linux/uaccess.h>

#include <mlocktrace/event.h>

#include "counts.h"
#include "counts_files.h"
#include "debugfs.h"
#include "events.h"
#include "hooks.h"
#include "ledger.h"
#include "names.h"
#include "ring.h"
#include "table.h"

static struct dentry *mlt_debugfs_dir;

/* ---- tables ------------------------------------------------------------------------------- */

/* Position 0 is the header, i + 1 the i-th place. Places can be empty. */
static void *mlt_table_start(struct seq_file *m, loff_t *pos)
{
	struct mlt_process process;

	if (!*pos)
		return SEQ_START_TOKEN;
	return mlt_table_process(*pos - 1, &process) == -ERANGE ? NULL : pos;
}

static void *mlt_table_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return mlt_table_start(m, pos);
}

static void mlt_table_stop(struct seq_file *m, void *v)
{
}

static bool mlt_show_header(struct seq_file *m, const void *v, const char *header)
{
	if (v != SEQ_START_TOKEN)
		return false;
	seq_puts(m, header);
	return true;
}

/* One word, whatever the task called itself. */
static void mlt_show_comm(struct seq_file *m, const char *comm)
{
	size_t i;

	for (i = 0; i < MLOCKTRACE_COMM_LEN && comm[i]; i++) {
		unsigned char c = comm[i];

		if (isascii(c) && isgraph(c) && c != '\\')
			seq_putc(m, c);
		else
			seq_printf(m, "\\x%02x", c);
	}
	if (!i)
		seq_puts(m, "\\x00");
}

static int mlt_show_process(struct seq_file *m, loff_t pos, bool ended)
{
	struct mlt_process process;

	if (mlt_table_process(pos - 1, &process) || process.ended != ended)
		return 0;
	seq_printf(m, "%u %llu %u %llu %llu %llu %llu %s ", process.pid, process.start_ns,
		   process.uid, process.locked, process.peak, process.events, process.refusals,
		   mlt_cause_names[process.last_cause]);
	mlt_show_comm(m, process.comm);
	seq_putc(m, '\n');
	return 0;
}

#define MLT_PROCESSES_HEADER "pid start_ns uid locked peak events refusals last_cause comm\n"

static int mlt_processes_show(struct seq_file *m, void *v)
{
	if (mlt_show_header(m, v, MLT_PROCESSES_HEADER))
		return 0;
	return mlt_show_process(m, *(loff_t *)v, false);
}

static int mlt_ended_show(struct seq_file *m, void *v)
{
	if (mlt_show_header(m, v, MLT_PROCESSES_HEADER))
		return 0;
	return mlt_show_process(m, *(loff_t *)v, true);
}

static int mlt_refusals_show(struct seq_file *m, void *v)
{
	struct mlt_process process;
	unsigned int cause;

	if (mlt_show_header(m, v, "pid start_ns cause count\n") ||
	    mlt_table_process(*(loff_t *)v - 1, &process))
		return 0;
	for (cause = 0; cause < MLOCKTRACE_CAUSE_MAX; cause++)
		if (process.by_cause[cause])
			seq_printf(m, "%u %llu %s %llu\n", process.pid, process.start_ns,
				   mlt_cause_names[cause], process.by_cause[cause]);
	return 0;
}

static void *mlt_users_start(struct seq_file *m, loff_t *pos)
{
	struct mlt_user user;

	if (!*pos)
		return SEQ_START_TOKEN;
	return mlt_table_user(*pos - 1, &user) == -ERANGE ? NULL : pos;
}

static void *mlt_users_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return mlt_users_start(m, pos);
}

static int mlt_users_show(struct seq_file *m, void *v)
{
	struct mlt_user user;

	if (mlt_show_header(m, v, "uid user perf shm refusals\n") ||
	    mlt_table_user(*(loff_t *)v - 1, &user))
		return 0;
	seq_printf(m, "%u %llu %llu %llu %llu\n", user.uid, user.held[MLOCKTRACE_COUNTER_USER],
		   user.held[MLOCKTRACE_COUNTER_PERF], user.held[MLOCKTRACE_COUNTER_SHM],
		   user.refusals);
	return 0;
}

#define MLT_TABLE_FILE(name, walk)                                                                 \
	static const struct seq_operations mlt_##name##_sops = {                                   \
		.start = mlt_##walk##_start,                                                       \
		.next = mlt_##walk##_next,                                                         \
		.stop = mlt_table_stop,                                                            \
		.show = mlt_##name##_show,                                                         \
	};                                                                                         \
	DEFINE_SEQ_ATTRIBUTE(mlt_##name)

MLT_TABLE_FILE(processes, table);
MLT_TABLE_FILE(ended, table);
MLT_TABLE_FILE(refusals, table);
MLT_TABLE_FILE(users, users);

/* ---- hooks and stats ------------------------------------------------------------------------ */

static int mlt_hooks_show(struct seq_file *m, void *v)
{
	struct mlt_hook_info hook;
	int i = 0;

	while ((i = mlt_hook_line(i, &hook)) > 0) {
		seq_printf(m, "%s ", hook.name);
		if (hook.err)
			seq_printf(m, "%pe", ERR_PTR(hook.err));
		else
			seq_puts(m, "attached");
		seq_printf(m, " %llu %llu\n", hook.hits, hook.misses);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mlt_hooks);

static int mlt_stats_show(struct seq_file *m, void *v)
{
	unsigned int cpu, attached = 0, failed = 0;
	struct mlt_ring_sums sums, all = {};
	struct mlt_hooks_sums calls;
	struct mlt_hook_info hook;
	u64 missed = 0;
	int i = 0;

	while ((i = mlt_hook_line(i, &hook)) > 0) {
		attached += !hook.err;
		failed += !!hook.err;
		missed += hook.misses;
	}
	for_each_possible_cpu(cpu) {
		if (!mlt_ring_sums(cpu, &sums))
			continue;
		all.seen += sums.seen;
		all.overwritten += sums.overwritten;
	}
	seq_printf(m, "seen %llu\noverwritten %llu\n", all.seen, all.overwritten);
	seq_printf(m, "delivered %llu\n", mlt_events_delivered());
	seq_printf(m, "readers %u\n", mlt_events_readers());
	mlt_hooks_sums(&calls);
	seq_printf(m, "missed %llu\nuntracked %llu\n", missed, calls.untracked);
	seq_printf(m, "ended %llu\nended_adrift %llu\nended_unattributed %llu\n", calls.ended,
		   calls.ended_adrift, calls.ended_unattributed);
	seq_printf(m, "untracked_processes %llu\n", mlt_table_untracked_processes());
	seq_printf(m, "untracked_users %llu\n", mlt_table_untracked_users());
	seq_printf(m, "hooks_attached %u\nhooks_failed %u\n", attached, failed);
	for_each_possible_cpu(cpu)
		if (mlt_ring_sums(cpu, &sums))
			seq_printf(m, "cpu%u_seen %llu\n", cpu, sums.seen);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mlt_stats);

static int mlt_abi_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%d\n", MLOCKTRACE_ABI);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mlt_abi);

/* ---- switches ------------------------------------------------------------------------------- */

static ssize_t mlt_enable_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	char text[] = { mlt_hooks_enabled() ? '1' : '0', '\n' };

	return simple_read_from_buffer(buf, count, ppos, text, sizeof(text));
}

/* "0" or "1", with or without a newline; -EINVAL for anything else. */
static int mlt_switch_from_user(const char __user *buf, size_t count, bool *on)
{
	char text[3] = {};

	if (!count || count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	if ((text[0] != '0' && text[0] != '1') || (count == 2 && text[1] != '\n'))
		return -EINVAL;
	*on = text[0] == '1';
	return 0;
}

static ssize_t mlt_enable_write(struct file *file, const char __user *buf, size_t count,
				loff_t *ppos)
{
	bool on;
	int err = mlt_switch_from_user(buf, count, &on);

	if (err)
		return err;
	mlt_hooks_enable(on);
	return count;
}

static const struct file_operations mlt_enable_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = mlt_enable_read,
	.write = mlt_enable_write,
	.llseek = default_llseek,
};

static ssize_t mlt_reset_write(struct file *file, const char __user *buf, size_t count,
			       loff_t *ppos)
{
	bool on;
	int err = mlt_switch_from_user(buf, count, &on);

	if (!err && !on)
		err = -EINVAL;
	if (err)
		return err;
	mlt_table_reset();
	mlt_counts_reset();
	mlt_ring_reset();
	mlt_events_reset();
	mlt_hooks_reset();
	return count;
}

static const struct file_operations mlt_reset_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = mlt_reset_write,
	.llseek = noop_llseek,
};

/* ---- the folder ------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	umode_t mode;
	const struct file_operations *fops;
} mlt_files[] = {
	{ "abi", 0400, &mlt_abi_fops },
	{ "counts", 0400, &mlt_counts_fops },
	{ "enable", 0600, &mlt_enable_fops },
	{ "ended", 0400, &mlt_ended_fops },
	/* Root may write nevertheless; a kernel that is locked down opens none with a write bit. */
	{ "events", 0400, &mlt_events_fops },
	{ "hooks", 0400, &mlt_hooks_fops },
	{ "latency", 0400, &mlt_latency_fops },
	{ "ledger", 0400, &mlt_ledger_fops },
	{ "processes", 0400, &mlt_processes_fops },
	{ "refusals", 0400, &mlt_refusals_fops },
	{ "reset", 0200, &mlt_reset_fops },
	{ "stats", 0400, &mlt_stats_fops },
	{ "users", 0400, &mlt_users_fops },
};

/**
 * mlt_debugfs_init() - show the files
 *
 * After everything that they show is there.
 *
 * Return: 0, or why there is no folder: -ENODEV without debugfs, -EPERM if it is locked
 * down. A file that is missing is no reason to fail.
 */
int mlt_debugfs_init(void)
{
	struct dentry *dir = debugfs_create_dir("mlocktrace", NULL);
	size_t i;

	if (IS_ERR(dir))
		return PTR_ERR(dir);
	/* The mount's own mode may let others in. */
	d_inode(dir)->i_mode = S_IFDIR | 0700;
	for (i = 0; i < ARRAY_SIZE(mlt_files); i++)
		debugfs_create_file(mlt_files[i].name, mlt_files[i].mode, dir, NULL,
				    mlt_files[i].fops);
	mlt_debugfs_dir = dir;
	return 0;
}

/**
 * mlt_debugfs_exit() - take the files away
 *
 * None is open: they keep the module. Who is just opening one finds nothing.
 */
void mlt_debugfs_exit(void)
{
	debugfs_remove(mlt_debugfs_dir);
	mlt_debugfs_dir = NULL;
}
