// SPDX-License-Identifier: GPL-2.0
/* What a kretprobe costs that only counts: two of them, on mlock() and munlock(). */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/percpu.h>

static DEFINE_PER_CPU(unsigned long, calls);

static int floor_count(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	this_cpu_inc(calls);
	return 0;
}

static int calls_get(char *buf, const struct kernel_param *param)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(calls, cpu);
	return sysfs_emit(buf, "%lu\n", sum);
}

static const struct kernel_param_ops calls_ops = { .get = calls_get };
module_param_cb(calls, &calls_ops, NULL, 0400);
MODULE_PARM_DESC(calls, "calls counted since the module was loaded");

static struct kretprobe on_mlock = {
	.kp.symbol_name = "__x64_sys_mlock",
	.handler = floor_count,
	.maxactive = 64,
};
static struct kretprobe on_munlock = {
	.kp.symbol_name = "__x64_sys_munlock",
	.handler = floor_count,
	.maxactive = 64,
};
static struct kretprobe *probes[] = { &on_mlock, &on_munlock };

static int __init floor_init(void)
{
	return register_kretprobes(probes, ARRAY_SIZE(probes));
}

static void __exit floor_exit(void)
{
	unregister_kretprobes(probes, ARRAY_SIZE(probes));
}

module_init(floor_init);
module_exit(floor_exit);
MODULE_DESCRIPTION("Kretprobes that count, for mlocktrace's bench");
MODULE_LICENSE("GPL");
