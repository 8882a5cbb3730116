// SPDX-License-Identifier: GPL-2.0
/*
 * doctor: shows what works here and what does not, and why. Everything it says
 * was found by probe.c; this file only lays it out.
 */
#include <inttypes.h>
#include <string.h>

#include "message.h"
#include "probe.h"
#include "wrap.h"

#define COLUMN 18

static struct json_object *get(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return value;
}

static const char *text(struct json_object *object, const char *key)
{
	struct json_object *value = get(object, key);

	return value ? json_object_get_string(value) : "";
}

static bool truth(struct json_object *object, const char *key)
{
	return json_object_get_boolean(get(object, key));
}

static void line(const char *name, const char *value)
{
	wrap(stdout, printf("%s", name), COLUMN, value);
}

static const char *bytes(struct json_object *value, char buf[24])
{
	if (json_object_is_type(value, json_type_string))
		return json_object_get_string(value);
	return size_text(buf, json_object_get_uint64(value));
}

static void print_machine(struct json_object *found)
{
	struct json_object *btf = get(found, "btf");
	char value[512], soft[24], hard[24];

	line("version", text(found, "version"));
	snprintf(value, sizeof(value), "%s %s", text(found, "kernel"), text(found, "machine"));
	line("kernel", value);
	if (get(btf, "size"))
		snprintf(value, sizeof(value), "%s", text(btf, "path"));
	else
		snprintf(value, sizeof(value), "%s is missing: this kernel was built without "
			 "CONFIG_DEBUG_INFO_BTF; give its type information with --btf FILE",
			 text(btf, "path"));
	line("BTF", value);
	line("lockdown", get(found, "lockdown") ? text(found, "lockdown") : "not known");
	snprintf(value, sizeof(value), "soft %s, hard %s", bytes(get(found, "memlock_soft"), soft),
		 bytes(get(found, "memlock_hard"), hard));
	line("RLIMIT_MEMLOCK", value);
}

static void print_privilege(struct json_object *found, bool verbose)
{
	struct json_object *list = get(found, "capabilities");
	char value[512];
	int n = snprintf(value, sizeof(value), "uid %s", text(found, "uid"));
	const char *separator = " with ";

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *cap = json_object_array_get_idx(list, i);

		if (!truth(cap, "effective"))
			continue;
		n += snprintf(value + n, sizeof(value) - n, "%s%s", separator, text(cap, "name"));
		separator = ", ";
	}
	line("privilege", value);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *cap = json_object_array_get_idx(list, i);

		if (!verbose && truth(cap, "effective"))
			continue;
		snprintf(value, sizeof(value), "%s%s: %s", truth(cap, "effective") ? "" : "without ",
			 text(cap, "name"), text(cap, "help"));
		line("", value);
	}
}

static void print_hook(struct json_object *hook)
{
	char value[512];
	int n = printf("    %-3s %s", truth(hook, "attached") ? "yes" : "no", text(hook, "name"));

	if (truth(hook, "attached") && get(hook, "hits"))
		snprintf(value, sizeof(value), "%s%s%s times, %s missed", text(hook, "help"),
			 text(hook, "help")[0] ? "; " : "", text(hook, "hits"), text(hook, "misses"));
	else if (truth(hook, "attached"))
		snprintf(value, sizeof(value), "%s", text(hook, "help"));
	else
		snprintf(value, sizeof(value), "%s (%s): %s", text(hook, "help"),
			 truth(hook, "required") ? "required" : "its loss costs detail",
			 text(hook, "why_not"));
	wrap(stdout, n, 38, value);
}

static void print_tier(struct json_object *tier, bool is_auto, bool verbose)
{
	struct json_object *sees = get(tier, "sees"), *hooks = get(tier, "hooks");
	size_t n = json_object_array_length(hooks), attached = 0;
	uint64_t misses = 0;

	for (size_t i = 0; i < n; i++) {
		attached += truth(json_object_array_get_idx(hooks, i), "attached");
		misses += json_object_get_uint64(get(json_object_array_get_idx(hooks, i), "misses"));
	}
	printf("\n%s: %s%s\n", text(tier, "name"), truth(tier, "works") ? "works" : "does not work",
	       is_auto ? "; auto takes it" : "");
	wrap(stdout, 0, 4, text(tier, "help"));
	if (!truth(tier, "works")) {
		wrap(stdout, printf("    why not:"), 4, text(tier, "why_not"));
		return;
	}
	for (size_t i = 0; i < json_object_array_length(sees); i++)
		wrap(stdout, printf("    -"), 6,
		     json_object_get_string(json_object_array_get_idx(sees, i)));
	if (misses)
		printf("    %" PRIu64 " times the kernel skipped a hook, since the module was loaded (-v)\n",
		       misses);
	printf("    %zu of %zu hooks attached%s\n", attached, n,
	       verbose || attached == n ? "" : "; missing:");
	for (size_t i = 0; i < n; i++) {
		struct json_object *hook = json_object_array_get_idx(hooks, i);

		if (verbose || !truth(hook, "attached"))
			print_hook(hook);
	}
}

int cmd_doctor(struct options *o)
{
	struct json_object *found, *tiers;
	bool works = false;

	if (o->n_operands)
		return usage(command_by_bit(ON_DOCTOR), "\"%s\": doctor takes options only",
			     o->operands[0]);
	found = probe_machine(o);
	if (!found) {
		error("out of memory");
		return STATUS_FAILED;
	}
	tiers = get(found, "tiers");
	if (o->json)
		printf("%s\n", json_object_to_json_string_ext(found, JSON_C_TO_STRING_PLAIN |
								     JSON_C_TO_STRING_NOSLASHESCAPE));
	else {
		print_machine(found);
		print_privilege(found, o->verbose);
	}
	for (size_t i = 0; i < json_object_array_length(tiers); i++) {
		struct json_object *tier = json_object_array_get_idx(tiers, i);

		works |= truth(tier, "works");
		if (!o->json)
			print_tier(tier, !strcmp(text(tier, "name"), text(found, "auto")), o->verbose);
	}
	if (!works && !o->json)
		printf("\nNo tier works here, so nothing can be traced; recordings can be read.\n");
	json_object_put(found);
	return flush_stdout(works ? STATUS_OK : STATUS_FAILED);
}
