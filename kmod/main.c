// SPDX-License-Identifier: GPL-2.0
/*
 * The module: what it can be told when it is loaded, and in which order its parts
 * begin and end.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "counts.h"
#include "debugfs.h"
#include "hooks.h"
#include "ring.h"
#include "table.h"
#include "targets.h"

static unsigned int buffer_kb = 512;
module_param(buffer_kb, uint, 0400);
MODULE_PARM_DESC(buffer_kb, "flight recorder: KiB for each CPU, a power of two (default 512)");

static unsigned int processes = 4096;
module_param(processes, uint, 0400);
MODULE_PARM_DESC(processes, "how many processes the table holds (default 4096)");

static unsigned int entries = 4096;
module_param(entries, uint, 0400);
MODULE_PARM_DESC(entries, "how many threads, address spaces and users are followed, each (default 4096)");

static unsigned int groups = 1024;
module_param(groups, uint, 0400);
MODULE_PARM_DESC(groups, "how many cgroups are counted apart (default 1024)");

static struct mlt_hooks_options options = { .enabled = true, .uid = -1 };

module_param_named(enable, options.enabled, bool, 0400);
MODULE_PARM_DESC(enable, "record from the beginning (default y); later: debugfs mlocktrace/enable");

module_param_named(failures_only, options.failures_only, bool, 0400);
MODULE_PARM_DESC(failures_only, "record only what was refused or failed (default n)");

module_param_named(uid, options.uid, int, 0400);
MODULE_PARM_DESC(uid, "record only processes of this real user id (default -1: of all)");

module_param_named(comm, options.comm, charp, 0400);
MODULE_PARM_DESC(comm, "record only processes of this name (default: of any)");

static int mlt_set_stacks(const char *value, const struct kernel_param *kp)
{
	int err = param_set_bool(value, kp);

	if (!err)
		mlt_hooks_stacks(options.stacks);
	return err;
}

static const struct kernel_param_ops mlt_stacks_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = mlt_set_stacks,
	.get = param_get_bool,
};

module_param_cb(stacks, &mlt_stacks_ops, &options.stacks, 0600);
MODULE_PARM_DESC(stacks, "record call stacks, too (default n); can be changed at any time");

static int __init mlt_init(void)
{
	int err;

	if (!processes || !entries || entries > 1 << 20 || processes > 1 << 20)
		return -EINVAL;
	err = mlt_ring_init(buffer_kb);
	if (err)
		return err;
	err = mlt_table_init(processes);
	if (err)
		goto no_table;
	err = mlt_counts_init(groups);
	if (err)
		goto no_counts;
	err = mlt_targets_init(entries);
	if (err)
		goto no_targets;
	err = mlt_hooks_start(entries, &options);
	if (err)
		goto no_hooks;
	/* Trace events work without it. */
	err = mlt_debugfs_init();
	if (err)
		pr_warn("no files in debugfs (%d): records are in trace events only\n", err);
	return 0;

no_hooks:
	mlt_targets_destroy();
no_targets:
	mlt_counts_destroy();
no_counts:
	mlt_table_destroy();
no_table:
	mlt_ring_destroy();
	return err;
}

static void __exit mlt_exit(void)
{
	mlt_debugfs_exit();
	mlt_hooks_end();
	mlt_targets_destroy();
	mlt_counts_destroy();
	mlt_table_destroy();
	mlt_ring_destroy();
}

module_init(mlt_init);
module_exit(mlt_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("The mlocktrace developers");
MODULE_DESCRIPTION("Who locks memory, how much, and why it was refused");
MODULE_VERSION(MLOCKTRACE_VERSION);
