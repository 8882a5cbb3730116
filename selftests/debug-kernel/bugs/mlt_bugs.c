// SPDX-License-Identifier: GPL-2.0
/*
 * One deliberate bug of each kind that a debug kernel is built to report: the one that the
 * parameter names, while the module is loaded. Whoever loads it where nothing watches has
 * broken memory. ../bugs.sh knows what must be reported of which.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#define OBJECT_SIZE 40

static char *bug = "none";
module_param(bug, charp, 0400);
MODULE_PARM_DESC(bug, "which one to make: a name of the table in mlt_bugs.c");

static int none(void)
{
	void *object = kmalloc(OBJECT_SIZE, GFP_KERNEL);

	kfree(object);
	return object ? 0 : -ENOMEM;
}

/* ---- memory ---- */

/* What the compiler does not see through it cannot warn of, nor leave out. */
static void touch(char *object, size_t at)
{
	OPTIMIZER_HIDE_VAR(object);
	WRITE_ONCE(object[at], 1);
}

static int out_of_bounds(void)
{
	char *object = kmalloc(OBJECT_SIZE, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	touch(object, OBJECT_SIZE);
	kfree(object);
	return 0;
}

/* Beyond the end of an area, but inside of its last page */
static int area_out_of_bounds(void)
{
	char *area = vmalloc(PAGE_SIZE + OBJECT_SIZE);

	if (!area)
		return -ENOMEM;
	touch(area, PAGE_SIZE + OBJECT_SIZE);
	vfree(area);
	return 0;
}

static int use_after_free(void)
{
	char *object = kmalloc(OBJECT_SIZE, GFP_KERNEL);
	char *same = object;

	if (!object)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(same);
	kfree(object);
	touch(same, 0);
	return 0;
}

/* Of one object, the address may still lie about on some stack. */
static int leak(void)
{
	int i;

	for (i = 0; i < 16; i++)
		touch(kmalloc(OBJECT_SIZE, GFP_KERNEL | __GFP_NOFAIL), 0);
	return 0;
}

/* ---- locks ---- */

static DEFINE_RAW_SPINLOCK(first);
static DEFINE_RAW_SPINLOCK(second);
static DEFINE_SPINLOCK(sleeps_on_rt);
static DEFINE_MUTEX(sleeps);

static int lock_inversion(void)
{
	raw_spin_lock(&first);
	raw_spin_lock(&second);
	raw_spin_unlock(&second);
	raw_spin_unlock(&first);

	raw_spin_lock(&second);
	raw_spin_lock(&first);
	raw_spin_unlock(&first);
	raw_spin_unlock(&second);
	return 0;
}

static int sleep_in_atomic(void)
{
	raw_spin_lock(&first);
	mutex_lock(&sleeps);
	mutex_unlock(&sleeps);
	raw_spin_unlock(&first);
	return 0;
}

/* ---- two at once ---- */

static unsigned long shared_sum;

static int add_up(void *unused)
{
	while (!kthread_should_stop()) {
		int i;

		for (i = 0; i < 1000; i++)
			shared_sum++;
		cond_resched();
	}
	return 0;
}

static int race(void)
{
	struct task_struct *adders[2];
	int i, n, err = 0;

	for (n = 0; n < ARRAY_SIZE(adders); n++) {
		adders[n] = kthread_run(add_up, NULL, "mlt_bugs/%d", n);
		if (IS_ERR(adders[n])) {
			err = PTR_ERR(adders[n]);
			break;
		}
	}
	msleep(3000);
	for (i = 0; i < n; i++)
		kthread_stop(adders[i]);
	return err;
}

/* ---- in a probe: preemption is off ---- */

static noinline void probed(void)
{
	barrier();
}

static int lock_in_handler(struct kprobe *probe, struct pt_regs *regs)
{
	spin_lock(&sleeps_on_rt);
	spin_unlock(&sleeps_on_rt);
	return 0;
}

static int allocate_in_handler(struct kprobe *probe, struct pt_regs *regs)
{
	kfree(kmalloc(OBJECT_SIZE, GFP_ATOMIC));
	return 0;
}

static int with_probe(kprobe_pre_handler_t handler)
{
	struct kprobe probe = {
		.addr = (kprobe_opcode_t *)probed,
		.pre_handler = handler,
	};
	int err = register_kprobe(&probe);

	if (err)
		return err;
	probed();
	unregister_kprobe(&probe);
	return 0;
}

static int lock_in_probe(void)
{
	return with_probe(lock_in_handler);
}

static int allocation_in_probe(void)
{
	return with_probe(allocate_in_handler);
}

/* ---- which ---- */

static const struct {
	const char *name;
	int (*make)(void);
} bugs[] = {
	{ "none", none },
	{ "out_of_bounds", out_of_bounds },
	{ "area_out_of_bounds", area_out_of_bounds },
	{ "use_after_free", use_after_free },
	{ "leak", leak },
	{ "lock_inversion", lock_inversion },
	{ "sleep_in_atomic", sleep_in_atomic },
	{ "race", race },
	{ "lock_in_probe", lock_in_probe },
	{ "allocation_in_probe", allocation_in_probe },
};

static int __init mlt_bugs_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(bugs); i++)
		if (!strcmp(bug, bugs[i].name))
			return bugs[i].make();
	pr_err("mlt_bugs: no such bug: %s\n", bug);
	return -EINVAL;
}

static void __exit mlt_bugs_exit(void)
{
}

module_init(mlt_bugs_init);
module_exit(mlt_bugs_exit);

MODULE_DESCRIPTION("deliberate bugs, to try out debug kernels");
MODULE_LICENSE("GPL");
