// SPDX-License-Identifier: GPL-2.0
/*
 * The file `ledger`: an array of struct mlt_entry (body/shared.h), of what there was
 * when the file was opened.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "../body/shared.h"
#include "hooks.h"
#include "ledger.h"

/* Tasks may come between the count and the copy. */
#define MLT_SPARE_ENTRIES 64
/* 64 MiB and more: each task has five counters at most. */
#define MLT_MOST_ENTRIES BIT(19)

struct mlt_ledger {
	size_t bytes;
	struct mlt_entry entry[];
};

static int mlt_ledger_open(struct inode *inode, struct file *file)
{
	struct mlt_ledger *ledger;
	size_t max = 256, n;
	int err;

	for (;;) {
		ledger = kvzalloc(struct_size(ledger, entry, max), GFP_KERNEL);
		if (!ledger)
			return -ENOMEM;
		err = mlt_ledger_fill(ledger->entry, max, &n);
		if (!err && n <= max)
			break;
		kvfree(ledger);
		if (err)
			return err;
		if (n > MLT_MOST_ENTRIES)
			return -E2BIG;
		max = n + n / 8 + MLT_SPARE_ENTRIES;
	}
	ledger->bytes = array_size(n, sizeof(ledger->entry[0]));
	file->private_data = ledger;
	return 0;
}

static ssize_t mlt_ledger_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	const struct mlt_ledger *ledger = file->private_data;

	return simple_read_from_buffer(buf, count, ppos, ledger->entry, ledger->bytes);
}

static int mlt_ledger_release(struct inode *inode, struct file *file)
{
	kvfree(file->private_data);
	return 0;
}

const struct file_operations mlt_ledger_fops = {
	.owner = THIS_MODULE,
	.open = mlt_ledger_open,
	.read = mlt_ledger_read,
	.release = mlt_ledger_release,
	.llseek = default_llseek,
};
