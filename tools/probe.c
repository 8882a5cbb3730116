// SPDX-License-Identifier: GPL-2.0
/*
 * The findings of doctor. A tier works when it opens, on this machine, with
 * these privileges, now; nothing is concluded from versions.
 */
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <mlocktrace/mlocktrace.h>

#include "json.h"
#include "message.h"
#include "probe.h"
#include "values.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"
#define MODULE "/sys/module/mlocktrace"

/* The function of a 32-bit call, or the tracepoint of all calls. */
#define COMPAT "__ia32_sys_mlock"

#define CHARGES_SEEN                                                                               \
	"what is charged to users or pinned (segments, io_uring, perf rings, AF_XDP, zero-copy, secret "  \
	"memory) is seen where it is charged, refused and given back"

/* What tiers can and can't see: @with if @hook is attached (or NULL), else @without. */
static const struct sight {
	const char *tiers; /* their names */
	const char *hook;
	const char *with;
	const char *without;
} sights[] = {
	{ "kmod", NULL, "needs neither BTF nor a tracer: it records from when the module is loaded, and what "
	  "its flight recorder keeps can be shown later (mlocktrace last)", NULL },
	{ "fentry kprobe kmod", NULL, "before and after are read inside the kernel's lock: exact", NULL },
	{ "fentry kprobe kmod", "mmap_lock_released", "what locks and unlocks by the way (mmap, brk, mremap, "
	  "munmap, stacks) is seen inside the kernel's lock, so the sum of all records is VmLck",
	  "what locks and unlocks by the way (mmap, brk, mremap, munmap, stacks) is seen at the ends of "
	  "the functions that do it" },
	{ "fentry kprobe kmod", COMPAT, "32-bit calls are seen (flag `compat`)",
	  "32-bit calls are not seen" },
	{ "fentry kprobe kmod", "sys_exit", "calls that a seccomp filter refused are seen (flag `seccomp`)",
	  "calls that a seccomp filter refused are not seen: the kernel's code does not run" },
	{ "tracepoint", "mmap_lock_released", "before and after are read inside the kernel's lock: exact",
	  "before and after are read outside the kernel's lock: exact for one thread, a sample "
	  "(flag `sampled`) when another thread may have moved them" },
	{ "tracepoint", "mmap_lock_released", "what locks and unlocks by the way (mmap, brk, mremap, munmap, "
	  "stacks) is seen inside the kernel's lock, so the sum of all records is VmLck",
	  "what locks and unlocks by the way (mmap, brk, mremap, munmap, stacks) is not seen" },
	{ "fentry kprobe kmod", "user_shm_lock", CHARGES_SEEN,
	  "what is charged to users or pinned is not seen" },
	{ "tracepoint", NULL, "what is charged to users or pinned is seen when the system call that charges "
	  "it ends; what kernel threads give back, when that counter is looked at next", NULL },
	{ "tracepoint", NULL, "calls that a seccomp filter refused are seen (flag `seccomp`)", NULL },
	{ "tracepoint", NULL, "32-bit calls are seen (flag `compat`)", NULL },
	{ "tracepoint", NULL, "the steps inside a call are not watched: its cause follows from "
	  "the counter, the limit and the mappings", NULL },
	{ "kmod", NULL, "a return is missed when too many tasks are inside one function at the same time; that "
	  "is counted hook by hook", NULL },
	{ "kmod", NULL, "ids of processes are those of the initial pid namespace; only -p and -f filter in the "
	  "kernel, the other filters act on what is read", NULL },
};

static const struct {
	int cap;
	const char *name;
	const char *help;
} caps[] = {
	{ CAP_BPF, "CAP_BPF", "load eBPF programs" },
	{ CAP_PERFMON, "CAP_PERFMON", "attach them and read kernel memory" },
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "both of the above, and what some kernels ask for besides" },
	{ CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", "raise our own limits (not needed from kernel 5.11 on)" },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "names in the stacks of other users' processes (-k)" },
	{ CAP_SYSLOG, "CAP_SYSLOG", "names in kernel stacks (-k)" },
};

/* The bytes of /proc and /sys files that matter here fit into one read. */
static bool read_file(const char *path, char *buf, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(buf, 1, size - 1, file) : 0;

	if (file)
		fclose(file);
	buf[n] = '\0';
	return n > 0;
}

static void probe_kernel(struct json_object *found, const struct options *o)
{
	struct json_object *btf = json_object_new_object();
	const char *btf_path = o->btf ? o->btf : KERNEL_BTF, *open, *close;
	char text[256];
	struct utsname name;
	struct stat st;
	bool has_btf;

	uname(&name);
	json_put_text(found, "kernel", name.release);
	json_put_text(found, "machine", name.machine);
	json_put_text(btf, "path", btf_path);
	has_btf = !stat(btf_path, &st);
	json_put_known(btf, "size", has_btf ? st.st_size : 0, has_btf);
	json_object_object_add(found, "btf", btf);
	/* "none [integrity] confidentiality": the word in brackets is in force. */
	read_file("/sys/kernel/security/lockdown", text, sizeof(text));
	open = strchr(text, '[');
	close = open ? strchr(open, ']') : NULL;
	json_object_object_add(found, "lockdown", close ?
			       json_object_new_string_len(open + 1, close - open - 1) : NULL);
}

static void probe_privilege(struct json_object *found)
{
	struct json_object *list = json_object_new_array();
	char status[8192];
	const char *line;
	uint64_t effective = 0;

	read_file("/proc/self/status", status, sizeof(status));
	line = strstr(status, "CapEff:");
	if (line)
		effective = strtoull(line + strlen("CapEff:"), NULL, 16);
	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		struct json_object *cap = json_object_new_object();

		json_put_text(cap, "name", caps[i].name);
		json_put_bool(cap, "effective", effective >> caps[i].cap & 1);
		json_put_text(cap, "help", caps[i].help);
		json_object_array_add(list, cap);
	}
	json_put_int(found, "uid", geteuid());
	json_object_object_add(found, "capabilities", list);
}

static void probe_limits(struct json_object *found)
{
	struct rlimit memlock = { 0 };

	getrlimit(RLIMIT_MEMLOCK, &memlock);
	json_put_limit(found, "memlock_soft", memlock.rlim_cur);
	json_put_limit(found, "memlock_hard", memlock.rlim_max);
}

static void log_line(void *ctx, enum mlocktrace_log_level level, const char *line)
{
	const struct options *o = ctx;

	(void)level;
	if (o->verbose > 1)
		note("%s", line);
}

/* Our own process is the least that can be traced. @tier: NULL = the best. */
static int open_tier(struct mlocktrace **handle, const struct options *o, const struct tier *tier)
{
	pid_t self = getpid();
	const struct mlocktrace_opts opts = {
		.size = sizeof(opts),
		.source = tier ? tier->source : "auto",
		.tier = tier ? tier->name : "auto",
		.btf_path = o->btf,
		.pids = &self,
		.n_pids = 1,
		.log = log_line,
		.log_ctx = (void *)o,
	};

	return mlocktrace_open(handle, &opts);
}

static struct json_object *list_hooks(const struct mlocktrace *handle)
{
	struct json_object *list = json_object_new_array();
	struct mlocktrace_hook hook;

	for (size_t i = 0; handle && !mlocktrace_hook(handle, i, &hook); i++) {
		struct json_object *row = json_object_new_object();
		uint64_t hits = 0, misses = 0;
		bool counted = !mlocktrace_hook_counts(handle, i, &hits, &misses);

		json_put_text(row, "name", hook.name);
		json_put_text(row, "help", hook.help);
		json_put_bool(row, "attached", hook.attached);
		json_put_bool(row, "required", hook.required);
		json_put_text(row, "why_not", hook.attached ? NULL : hook.why_not);
		json_put_known(row, "hits", hits, counted);
		json_put_known(row, "misses", misses, counted);
		json_object_array_add(list, row);
	}
	return list;
}

static bool is_attached(const struct mlocktrace *handle, const char *name)
{
	struct mlocktrace_hook hook;

	if (!strcmp(name, COMPAT) && is_attached(handle, "sys_enter"))
		return true;
	for (size_t i = 0; !mlocktrace_hook(handle, i, &hook); i++)
		if (!strcmp(hook.name, name))
			return hook.attached;
	return false;
}

/* As in "0-3,8"; 0 = not known. */
static unsigned int possible_cpus(void)
{
	unsigned int first, last, n = 0;
	char text[1024], *rest = text, *part;

	read_file("/sys/devices/system/cpu/possible", text, sizeof(text));
	while ((part = strsep(&rest, ","))) {
		int got = sscanf(part, "%u-%u", &first, &last);

		if (got > 0)
			n += got == 2 ? last - first + 1 : 1;
	}
	return n;
}

/*
 * A return probe has as many instances as register_kretprobe() makes by default, and a task
 * inside the function holds one. Kernels without CONFIG_PREEMPTION used to make one per CPU,
 * and cannot be asked whether they still do.
 */
static struct json_object *sight_of_returns(void)
{
	unsigned int cpus = possible_cpus(), most = 2 * cpus > 10 ? 2 * cpus : 10;
	char tasks[64] = "many tasks", text[256];
	struct utsname name;

	uname(&name);
	if (cpus && strstr(name.version, "PREEMPT"))
		snprintf(tasks, sizeof(tasks), "more than %u tasks", most);
	else if (cpus)
		snprintf(tasks, sizeof(tasks), "more than %u tasks (%u on newer kernels)", cpus, most);
	snprintf(text, sizeof(text), "returns are missed when %s are inside one function at the same "
		 "time; newer kernels count them", tasks);
	return json_object_new_string(text);
}

static const char *const skips[] = {
	[MLOCKTRACE_SKIPS_NOTHING] = "nothing",
	[MLOCKTRACE_SKIPS_STEPS] = "steps",
	[MLOCKTRACE_SKIPS_CALLS] = "calls",
};

/* Where the kernel preempts itself, as all do from 7.x on. */
static const char *const sight_of_skips[] = {
	[MLOCKTRACE_SKIPS_NOTHING] = "no call is skipped, however many tasks make them at once",
	[MLOCKTRACE_SKIPS_STEPS] =
		"this kernel preempts itself and skips function programs that meet each other, so calls "
		"begin and end by tracepoints; a step inside one may be missed (the summary counts it)",
	[MLOCKTRACE_SKIPS_CALLS] =
		"this kernel preempts itself, or may, and skips programs that meet each other: while "
		"several tasks lock at once some calls are missed (the summary counts them)",
};

static struct json_object *list_sights(const struct mlocktrace *handle, const char *tier)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < sizeof(sights) / sizeof(sights[0]); i++) {
		const struct sight *sight = &sights[i];
		bool with = !sight->hook || (handle && is_attached(handle, sight->hook));

		/* No tier's name is a part of another one's. */
		if (strstr(sight->tiers, tier))
			json_object_array_add(list, json_object_new_string(with ? sight->with :
									   sight->without));
	}
	/* Function hooks of a module are skipped for other reasons. */
	if (handle && strcmp(tier, mlocktrace_tier_name(MLOCKTRACE_TIER_KMOD)))
		json_object_array_add(list,
				      json_object_new_string(sight_of_skips[mlocktrace_skips(handle)]));
	if (!strcmp(tier, mlocktrace_tier_name(MLOCKTRACE_TIER_KPROBE)))
		json_object_array_add(list, sight_of_returns());
	return list;
}

/* What there is to say of a tier that was opened as @handle, or not (NULL). */
static struct json_object *describe_tier(const struct mlocktrace *handle, const struct tier *tier)
{
	struct json_object *found = json_object_new_object();
	const char *kind, *help = NULL, *advice;

	for (size_t i = 0; !mlocktrace_about(tier->name, i, &kind, &help, &advice); i++)
		if (!strcmp(kind, "tier"))
			break;
	json_put_text(found, "name", tier->name);
	json_put_text(found, "source", tier->source);
	json_put_text(found, "help", help);
	if (!strcmp(tier->source, "kmod"))
		json_put_bool(found, "loaded", handle || !access(MODULE, F_OK));
	json_put_bool(found, "works", handle);
	json_put_text(found, "why_not", handle ? NULL : mlocktrace_open_error());
	json_put_text(found, "skips", handle ? skips[mlocktrace_skips(handle)] : NULL);
	json_object_object_add(found, "sees", list_sights(handle, tier->name));
	json_object_object_add(found, "hooks", list_hooks(handle));
	return found;
}

static struct json_object *probe_tier(const struct options *o, const struct tier *tier)
{
	struct json_object *found;
	struct mlocktrace *handle;

	found = describe_tier(open_tier(&handle, o, tier) ? NULL : handle, tier);
	mlocktrace_close(handle);
	return found;
}

/* The one that auto takes; NULL if it finds none. */
static struct json_object *probe_best(const struct options *o)
{
	struct json_object *found = NULL;
	struct mlocktrace *handle;
	size_t i = 0;

	if (open_tier(&handle, o, NULL))
		return NULL;
	while (tier_at(i) && strcmp(tier_at(i)->name, mlocktrace_tier(handle)))
		i++;
	if (tier_at(i))
		found = describe_tier(handle, tier_at(i));
	mlocktrace_close(handle);
	return found;
}

static void probe_tiers(struct json_object *found, const struct options *o)
{
	struct json_object *list = json_object_new_array(), *best = probe_best(o), *name = NULL;
	bool one = o->tier && strcmp(o->tier, "auto");

	json_object_object_get_ex(best, "name", &name);
	for (size_t i = 0; tier_at(i); i++) {
		const struct tier *tier = tier_at(i);

		if (one && strcmp(tier->name, o->tier))
			continue;
		/* To open a tier takes its time: the one that auto took was opened already. */
		if (name && !strcmp(tier->name, json_object_get_string(name)))
			json_object_array_add(list, json_object_get(best));
		else
			json_object_array_add(list, probe_tier(o, tier));
	}
	json_object_object_add(found, "tiers", list);
	json_object_object_add(found, "auto", json_object_get(name));
	json_object_put(best);
}

struct json_object *probe_machine(const struct options *o)
{
	struct json_object *found = json_object_new_object();

	if (!found)
		return NULL;
	json_put_text(found, "version", mlocktrace_version());
	probe_kernel(found, o);
	probe_privilege(found);
	probe_limits(found);
	probe_tiers(found, o);
	return found;
}
