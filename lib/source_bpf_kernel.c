// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * What this kernel has and can do, asked of the kernel itself: its type
 * information, its verifier, its files. Nothing is decided by kernel version.
 */
#include "source_bpf.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

bool mlt_kernel_has_atomic_fetch(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -8, .imm = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1, .imm = 1 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW, .dst_reg = 10, .src_reg = 1, .off = -8,
		  .imm = BPF_ADD | BPF_FETCH },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "mlt_probe", "GPL", insns,
			       sizeof(insns) / sizeof(insns[0]), NULL);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

bool mlt_kernel_has_kprobes(void)
{
	return !access("/sys/bus/event_source/devices/kprobe", F_OK) ||
	       !access("/sys/kernel/tracing/kprobe_events", F_OK) ||
	       !access("/sys/kernel/debug/tracing/kprobe_events", F_OK);
}

enum preempts { NO, MAYBE, YES };

/* Does it preempt itself? PREEMPT_DYNAMIC may be in any mode, and only debugfs tells which. */
static enum preempts kernel_preempts(void)
{
	struct utsname uts = {};
	char modes[64] = "";
	FILE *f;

	uname(&uts);
	if (strstr(uts.version, "PREEMPT_RT"))
		return YES;
	f = fopen("/sys/kernel/debug/sched/preempt", "re");
	if (f) {
		if (!fgets(modes, sizeof(modes), f))
			modes[0] = '\0';
		fclose(f);
		return strstr(modes, "(none)") || strstr(modes, "(voluntary)") ? NO : YES;
	}
	return strstr(uts.version, "PREEMPT") ? MAYBE : NO;
}

/* Has each system call tracepoints of its own (CONFIG_FTRACE_SYSCALLS)? */
static bool calls_have_names(void)
{
	return !access("/sys/kernel/tracing/events/syscalls/sys_enter_mlock/id", R_OK) ||
	       !access("/sys/kernel/debug/tracing/events/syscalls/sys_enter_mlock/id", R_OK);
}

static bool has_type(const struct btf *btf, const char *name, __u32 kind)
{
	return btf__find_by_name_kind(btf, name, kind) > 0;
}

/* Since 5.11 a memory cgroup pays for maps, before it was the user with what he may lock. */
bool mlt_kernel_charges_bpf(const struct btf *btf)
{
	return has_type(btf, "bpf_map_memory", BTF_KIND_STRUCT);
}

/*
 * A program is skipped for a task that has preempted another one inside the same
 * program. Those of functions can be preempted; from 6.13 on (struct tracepoint_ext)
 * also those of sys_enter and sys_exit, which may fault; and in 7.x, where SRCU guards
 * tracepoints again, those of all of them. Kprobes run theirs with preemption off.
 *
 * So does perf those of each system call's own tracepoints, but in 7.x. To take these
 * away takes the kernel a tenth of a second each, so they are for the kernels that are
 * known to preempt.
 */
enum mlt_skipping mlt_kernel_skipping(const struct btf *btf)
{
	enum preempts preempts = kernel_preempts();

	if (preempts == NO)
		return MLT_SKIPPING_NONE;
	if (!has_type(btf, "tracepoint_ext", BTF_KIND_STRUCT))
		return MLT_SKIPPING_FUNCTIONS;
	if (preempts == YES && calls_have_names() &&
	    !has_type(btf, "tracepoint_srcu_srcu_data", BTF_KIND_VAR))
		return MLT_SKIPPING_SYSCALLS;
	return MLT_SKIPPING_TRACEPOINTS;
}

static bool read_number(const char *path, unsigned int *number)
{
	FILE *f = fopen(path, "re");
	bool read = f && fscanf(f, "%u", number) == 1;

	if (f)
		fclose(f);
	return read;
}

unsigned int mlt_kernel_max_map_count(void)
{
	unsigned int count;

	return read_number("/proc/sys/vm/max_map_count", &count) && count ? count : ~0U;
}

/* As perf_mmap() does (kernel/events/core.c); -1 there is no limit at all. */
uint64_t mlt_kernel_perf_pool(void)
{
	long page_kib = sysconf(_SC_PAGESIZE) / 1024, cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int kib;

	if (!read_number("/proc/sys/kernel/perf_event_mlock_kb", &kib))
		return UINT32_MAX;
	return (uint64_t)kib / (uint64_t)page_kib * (uint64_t)cpus;
}

bool mlt_kernel_hides_memory(void)
{
	FILE *file = fopen("/sys/kernel/security/lockdown", "re");
	char modes[64] = "";
	size_t n = file ? fread(modes, 1, sizeof(modes) - 1, file) : 0;

	if (file)
		fclose(file);
	modes[n] = '\0';
	return strstr(modes, "[confidentiality]");
}

/* ---- its type information -------------------------------------------------------- */

int mlt_kernel_nargs(const struct btf *btf, const char *function)
{
	int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);
	const struct btf_type *t;

	if (id < 0)
		return -1;
	t = btf__type_by_id(btf, btf__type_by_id(btf, (__u32)id)->type);
	return t && btf_is_func_proto(t) ? btf_vlen(t) : -1;
}

int mlt_kernel_tp_nargs(const struct btf *btf, const char *tp)
{
	const struct btf_type *t;
	char name[80];
	int id;

	snprintf(name, sizeof(name), "btf_trace_%s", tp);
	id = btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return -1;
	t = btf__type_by_id(btf, btf__type_by_id(btf, (__u32)id)->type); /* pointer */
	t = t ? btf__type_by_id(btf, t->type) : NULL;
	return t && btf_is_func_proto(t) ? (int)btf_vlen(t) - 1 : -1; /* first: void *data */
}

/* Is the first argument a pointer to something the kernel describes? Else programs may not touch it. */
static bool first_arg_is_known(const struct btf *btf, const char *function)
{
	int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);
	const struct btf_type *t;

	if (id < 0)
		return true;
	t = btf__type_by_id(btf, btf__type_by_id(btf, (__u32)id)->type);
	if (!btf_is_func_proto(t) || !btf_vlen(t))
		return false;
	id = btf__resolve_type(btf, btf_params(t)->type); /* past const and typedef */
	t = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);
	if (!t || !btf_is_ptr(t))
		return false;
	id = btf__resolve_type(btf, t->type);
	return id > 0 && btf_is_composite(btf__type_by_id(btf, (__u32)id));
}

static bool has_result(const struct btf *btf, const char *function)
{
	int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);
	const struct btf_type *t = btf__type_by_id(btf, btf__type_by_id(btf, (__u32)id)->type);

	return t->type != 0; /* 0 is void */
}

static void fill_nargs(const struct btf *btf, struct mlt_config *cfg)
{
	static const char *const functions[] = {
#define MLT_FUNC(tag, tiers, shape, args, required, help) [MLT_FUNC_##tag] = #tag,
#include <mlocktrace/hooks.def>
	};

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		int nargs = mlt_kernel_nargs(btf, functions[i]);

		cfg->nargs[i] = nargs > 0 && has_result(btf, functions[i]) ? (__u8)nargs : 0;
	}
}

#define BIT(op) (1ULL << MLOCKTRACE_OP_##op)
#define CHARGE_OPS                                                                                 \
	(BIT(SHM_LOCK) | BIT(SHM_UNLOCK) | BIT(SHM_HUGETLB) | BIT(IO_URING) | BIT(PERF_MMAP) |     \
	 BIT(XDP_UMEM) | BIT(ZEROCOPY) | BIT(SECRETMEM) | BIT(PIN))
#define IMPLICIT_OPS                                                                               \
	(BIT(MMAP) | BIT(BRK) | BIT(STACK) | BIT(MREMAP) | BIT(MUNMAP) | BIT(UNATTRIBUTED) |       \
	 BIT(ACCOUNT_LOCKED_VM))

static enum mlocktrace_skips tier_skips(enum mlt_skipping skipping, const struct mlt_config *cfg)
{
	if (skipping == MLT_SKIPPING_NONE || cfg->tier == MLOCKTRACE_TIER_KPROBE)
		return MLOCKTRACE_SKIPS_NOTHING;
	if (skipping == MLT_SKIPPING_TRACEPOINTS || cfg->functions_alone)
		return MLOCKTRACE_SKIPS_CALLS;
	return cfg->tier == MLOCKTRACE_TIER_FENTRY ? MLOCKTRACE_SKIPS_STEPS :
						     MLOCKTRACE_SKIPS_NOTHING;
}

static void mark(__u64 *words, int nr)
{
	if (nr >= 0 && nr < MLT_SYS_WORDS * 64)
		words[nr / 64] |= 1ULL << nr % 64;
}

/* Numbers of both ABIs together: a call that shares a number with one of ours is told apart later. */
static void mark_calls(struct mlt_config *cfg)
{
	bool looks = cfg->charges && cfg->tier == MLOCKTRACE_TIER_TRACEPOINT;

#define MLT_SYSCALL(tag, nr64, nr32, sym32, only, help)                                            \
	mark(cfg->sys_enter, nr64);                                                                \
	mark(cfg->sys_enter, nr32);                                                                \
	mark(cfg->sys_exit, nr64);                                                                 \
	mark(cfg->sys_exit, nr32);
#include <mlocktrace/hooks.def>
	if (cfg->implicit || looks) {
#define MLT_SYSEXIT(tag, OP, nr64, nr32, sym32, help)                                              \
		mark(cfg->sys_exit, nr64);                                                         \
		mark(cfg->sys_exit, nr32);
#include <mlocktrace/hooks.def>
	}
	if ((cfg->implicit && !cfg->mmap_lock) || looks) {
#define MLT_SYSNR(tag, OP, nr64, nr32)                                                             \
		mark(cfg->sys_exit, nr64);                                                         \
		mark(cfg->sys_exit, nr32);
#include <mlocktrace/hooks.def>
	}
	if (cfg->charges) {
#define MLT_SYSCHARGE(tag, OP, nr64, nr32, sym32, help)                                            \
		mark(cfg->sys_exit, nr64);                                                         \
		mark(cfg->sys_exit, nr32);
#include <mlocktrace/hooks.def>
	}
	if (looks) {
#define MLT_SYSLOOK(tag, nr64, nr32)                                                               \
		mark(cfg->sys_exit, nr64);                                                         \
		mark(cfg->sys_exit, nr32);
#include <mlocktrace/hooks.def>
	}
}

enum mlocktrace_skips mlt_kernel_fill_config(const struct btf *btf, enum mlocktrace_tier tier,
					     struct mlt_config *cfg)
{
	enum mlt_skipping skipping = mlt_kernel_skipping(btf);
	int nargs = mlt_kernel_tp_nargs(btf, "mmap_lock_released");

	cfg->tier = (__u8)tier;
	cfg->page_shift = (__u32)__builtin_ctzl((unsigned long)sysconf(_SC_PAGESIZE));
	cfg->task_btf = has_type(btf, "bpf_get_current_task_btf", BTF_KIND_FUNC);
	cfg->regs_hidden = !first_arg_is_known(btf, "__x64_sys_mlock");
	cfg->functions_alone = tier != MLOCKTRACE_TIER_TRACEPOINT &&
			       (nargs <= 0 || skipping == MLT_SKIPPING_TRACEPOINTS);
	cfg->by_tracepoint = tier == MLOCKTRACE_TIER_TRACEPOINT ||
			     (skipping != MLT_SKIPPING_NONE && !cfg->functions_alone);
	cfg->calls_by_name = cfg->by_tracepoint && skipping == MLT_SKIPPING_SYSCALLS;
	cfg->mm_ends = !cfg->by_tracepoint || mlt_kernel_tp_nargs(btf, "exit_mmap") > 0;
	/* What an address space held is not to be taken for what the next one at its place does. */
	cfg->implicit = cfg->ops & IMPLICIT_OPS && cfg->mm_ends;
	cfg->charges = (cfg->ops & CHARGE_OPS) != 0;
	/* TOP_OF_KERNEL_STACK_PADDING, arch/x86/include/asm/thread_info.h: 16 with CONFIG_X86_FRED */
	if (has_type(btf, "fred_frame", BTF_KIND_STRUCT))
		cfg->stack_padding = 16;
	cfg->regs_btf = !cfg->calls_by_name &&
			(tier == MLOCKTRACE_TIER_TRACEPOINT ||
			 (tier == MLOCKTRACE_TIER_FENTRY && !cfg->regs_hidden));
	cfg->mmap_lock = (cfg->by_tracepoint || cfg->implicit) && nargs > 0 && !cfg->functions_alone;
	cfg->mmap_lock_path = nargs == 3;
	fill_nargs(btf, cfg);
	mark_calls(cfg);
	return tier_skips(skipping, cfg);
}
