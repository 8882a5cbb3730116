// SPDX-License-Identifier: GPL-2.0
/*
 * The files `counts` and `latency` in debugfs. The formats are ABI, see
 * Documentation/ABI/testing/debugfs-mlocktrace.
 */
#include <linux/module.h>
#include <linux/seq_file.h>

#define mlt_add(p, n) (*(p) += (n)) /* (nothing is added here) */
#include "../body/counts.h"

#include "counts.h"
#include "counts_files.h"
#include "names.h"

/* ---- counts -------------------------------------------------------------------------------- */

/* Position 0 is the header, i + 1 the i-th place. Places can be empty. */
static void *mlt_counts_start(struct seq_file *m, loff_t *pos)
{
	struct mlt_cell_key key;
	struct mlt_cell cell;

	if (!*pos)
		return SEQ_START_TOKEN;
	return mlt_counts_cell(*pos - 1, &key, &cell) == -ERANGE ? NULL : pos;
}

static void *mlt_counts_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return mlt_counts_start(m, pos);
}

static void mlt_counts_stop(struct seq_file *m, void *v)
{
}

static int mlt_counts_show(struct seq_file *m, void *v)
{
	struct mlt_cell_key key;
	struct mlt_cell cell;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "op counter cause group calls taken given\n");
		return 0;
	}
	if (mlt_counts_cell(*(loff_t *)v - 1, &key, &cell))
		return 0;
	seq_printf(m, "%s %s %s ", mlt_op_names[key.op],
		   key.counter ? mlt_counter_names[key.counter] : "-",
		   mlt_cause_names[key.cause]);
	if (key.other)
		seq_puts(m, "other");
	else
		seq_printf(m, "%llu", key.group.word[0]);
	seq_printf(m, " %llu %llu %llu\n", cell.calls, cell.taken, cell.given);
	return 0;
}

static const struct seq_operations mlt_counts_sops = {
	.start = mlt_counts_start,
	.next = mlt_counts_next,
	.stop = mlt_counts_stop,
	.show = mlt_counts_show,
};

static int mlt_counts_open(struct inode *inode, struct file *file)
{
	return seq_open(file, &mlt_counts_sops);
}

const struct file_operations mlt_counts_fops = {
	.owner = THIS_MODULE,
	.open = mlt_counts_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release,
};

/* ---- latency ------------------------------------------------------------------------------- */

static void mlt_latency_header(struct seq_file *m)
{
	unsigned int i;

	seq_puts(m, "op calls sum_ns");
	for (i = 0; i < MLT_LATENCY_BUCKETS - 1; i++)
		seq_printf(m, " below_%llu", 1ULL << (i + MLT_LATENCY_FIRST_BIT));
	seq_puts(m, " above\n");
}

static int mlt_latency_show(struct seq_file *m, void *v)
{
	struct mlt_times times;
	unsigned int op, i;

	mlt_latency_header(m);
	for (op = 0; op < MLOCKTRACE_OP_MAX; op++) {
		if (mlt_counts_times(op, &times))
			continue;
		seq_printf(m, "%s %llu %llu", mlt_op_names[op], times.calls, times.sum_ns);
		for (i = 0; i < MLT_LATENCY_BUCKETS; i++)
			seq_printf(m, " %llu", times.buckets[i]);
		seq_putc(m, '\n');
	}
	return 0;
}

static int mlt_latency_open(struct inode *inode, struct file *file)
{
	return single_open(file, mlt_latency_show, NULL);
}

const struct file_operations mlt_latency_fops = {
	.owner = THIS_MODULE,
	.open = mlt_latency_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};
