// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * What a cgroup's path stands for, by the way those who make cgroups name them. The
 * innermost container says most; what a container makes below itself, it also names.
 */
#include "internal.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define ID_SHOWN 12 /* of a container's id, as its tools show it */
#define ID_LEAST 32
#define ENGINE_UNKNOWN "container"

/* A part of the path: a folder's name, or of that what is between colons. */
struct part {
	const char *text;
	size_t len;
};

struct text {
	char *buf;
	size_t size;
	size_t used;
};

static void add(struct text *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++, to->used++)
		if (to->used + 1 < to->size)
			to->buf[to->used] = text[i];
}

static void add_string(struct text *to, const char *text)
{
	add(to, text, strlen(text));
}

/* ---- parts ---------------------------------------------------------------------------- */

/* The part of the path before @end, a separator or the terminator; none before the first. */
static bool part_before(const char *path, const char *end, struct part *part)
{
	const char *start;

	while (end > path && end[-1] == '/')
		end--;
	if (end == path)
		return false;
	start = end;
	while (start > path && start[-1] != '/')
		start--;
	*part = (struct part){ start, end - start };
	return true;
}

static bool is(struct part part, const char *text)
{
	return part.len == strlen(text) && !memcmp(part.text, text, part.len);
}

static bool strip_prefix(struct part *part, const char *prefix)
{
	size_t n = strlen(prefix);

	if (part->len <= n || memcmp(part->text, prefix, n))
		return false;
	part->text += n;
	part->len -= n;
	return true;
}

static bool strip_suffix(struct part *part, const char *suffix)
{
	size_t n = strlen(suffix);

	if (part->len <= n || memcmp(part->text + part->len - n, suffix, n))
		return false;
	part->len -= n;
	return true;
}

/* Of digits of this kind only, and at least that many of them */
static bool is_made_of(struct part part, int (*kind)(int), size_t least)
{
	for (size_t i = 0; i < part.len; i++)
		if (!kind((unsigned char)part.text[i]))
			return false;
	return part.len >= least;
}

/* ---- containers --------------------------------------------------------------------------- */

struct container {
	const char *engine;
	bool monitor; /* of the container, and not in it */
	struct part id;
};

/* "PREFIX-ID", by systemd with ".scope" behind it */
static bool is_named_container(struct part part, struct container *found)
{
	static const struct {
		const char *prefix;
		const char *engine;
	} engines[] = {
		{ "docker-", "docker" },	 { "libpod-", "podman" },
		{ "cri-containerd-", "containerd" }, { "crio-", "cri-o" },
		{ "nerdctl-", "nerdctl" },
	};

	strip_suffix(&part, ".scope");
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		struct part id = part;

		if (!strip_prefix(&id, engines[i].prefix))
			continue;
		found->engine = engines[i].engine;
		found->monitor = strip_prefix(&id, "conmon-");
		found->id = id;
		return is_made_of(id, isxdigit, ID_LEAST);
	}
	return false;
}

/* "SLICE:PREFIX:ID", a name meant for systemd that no systemd was asked to make */
static bool is_colon_container(struct part part, struct container *found)
{
	const char *colon = memrchr(part.text, ':', part.len);
	struct part id, rest;

	if (!colon)
		return false;
	id = (struct part){ colon + 1, part.text + part.len - colon - 1 };
	rest = (struct part){ part.text, colon - part.text };
	colon = memrchr(rest.text, ':', rest.len);
	if (!colon || !is_made_of(id, isxdigit, ID_LEAST))
		return false;
	rest = (struct part){ colon + 1, rest.text + rest.len - colon - 1 };
	*found = (struct container){
		.engine = is(rest, "docker") ? "docker" : is(rest, "cri-containerd") ? "containerd" :
			  is(rest, "crio") ? "cri-o" : is(rest, "libpod") ? "podman" : ENGINE_UNKNOWN,
		.id = id,
	};
	return true;
}

/* An id alone: the folder it is in tells whose. */
static bool is_bare_container(const char *path, struct part part, struct container *found)
{
	struct part parent = { "", 0 };

	if (!is_made_of(part, isxdigit, 2 * ID_LEAST))
		return false;
	part_before(path, part.text, &parent);
	*found = (struct container){
		.engine = is(parent, "docker") ? "docker" :
			  is(parent, "k8s.io") || is(parent, "default") ? "containerd" : ENGINE_UNKNOWN,
		.id = part,
	};
	return true;
}

static bool is_lxc(const char *path, struct part part, struct part *name)
{
	struct part parent = { "", 0 };

	*name = part;
	if (strip_prefix(name, "lxc.payload.") || strip_prefix(name, "lxc.monitor."))
		return true;
	part_before(path, part.text, &parent);
	return is(parent, "lxc") || is(parent, "lxc.payload") || is(parent, "lxc.monitor");
}

/* ---- pods --------------------------------------------------------------------------------- */

/* kubelet's folder for a pod: "...kubepods-CLASS-podUID.slice", or "podUID" below "kubepods" */
static bool is_pod(const char *path, struct part part, struct part *uid)
{
	const char *colon = memchr(part.text, ':', part.len);
	const char *found;
	struct part parent;

	if (colon)
		part.len = colon - part.text;
	if (strip_suffix(&part, ".slice")) {
		found = memmem(part.text, part.len, "kubepods", strlen("kubepods"));
		if (found)
			found = memmem(found, part.text + part.len - found, "-pod", strlen("-pod"));
		if (!found)
			return false;
		*uid = (struct part){ found + 4, part.text + part.len - found - 4 };
		return uid->len > 0;
	}
	*uid = part;
	if (!strip_prefix(uid, "pod") || !isxdigit((unsigned char)uid->text[0]))
		return false;
	while (part_before(path, part.text, &parent)) {
		if (is(parent, "kubepods"))
			return true;
		part = parent;
	}
	return false;
}

static bool find_pod(const char *path, struct part part, struct part *uid)
{
	do {
		if (is_pod(path, part, uid))
			return true;
	} while (part_before(path, part.text, &part));
	return false;
}

/* systemd takes "-" in a slice's name for a slice in a slice, so kubelet writes "_". */
static void add_pod(struct text *to, struct part uid)
{
	add_string(to, "pod ");
	for (size_t i = 0; i < uid.len; i++)
		add(to, uid.text[i] == '_' ? "-" : &uid.text[i], 1);
}

/* ---- systemd ------------------------------------------------------------------------------ */

static int hex(unsigned char c)
{
	return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

/* With \xNN as systemd escapes what may not be in a unit's name. */
static void add_unescaped(struct text *to, struct part part)
{
	for (size_t i = 0; i < part.len; i++) {
		const char *at = part.text + i;
		char byte;

		if (part.len - i < 4 || at[0] != '\\' || at[1] != 'x' || !isxdigit((unsigned char)at[2]) ||
		    !isxdigit((unsigned char)at[3])) {
			add(to, at, 1);
			continue;
		}
		byte = (char)(hex(at[2]) << 4 | hex(at[3]));
		add(to, byte ? &byte : at, byte ? 1 : 4);
		i += 3;
	}
}

static bool is_machine(const char *path, struct part part, struct part *name)
{
	struct part parent = { "", 0 };

	*name = part;
	if (strip_prefix(name, "systemd-nspawn@") && strip_suffix(name, ".service"))
		return true;
	*name = part;
	if (!strip_prefix(name, "machine-") || !strip_suffix(name, ".scope"))
		return false;
	return part_before(path, part.text, &parent) && is(parent, "machine.slice");
}

static bool is_unit(struct part part)
{
	static const char *const suffixes[] = { ".service", ".scope", ".mount", ".swap", ".socket" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strip_suffix(&part, suffixes[i]))
			return true;
	return false;
}

static bool is_user(struct part part, struct part *uid)
{
	*uid = part;
	if (strip_prefix(uid, "user@") && strip_suffix(uid, ".service"))
		return is_made_of(*uid, isdigit, 1);
	*uid = part;
	return strip_prefix(uid, "user-") && strip_suffix(uid, ".slice") && is_made_of(*uid, isdigit, 1);
}

/* The innermost unit, or if there are only slices, slice. */
static bool find_unit(const char *path, struct part *unit)
{
	struct part part = { path + strlen(path), 0 };
	bool found = false;

	while (part_before(path, part.text, &part)) {
		struct part slice = part;

		if (is_unit(part)) {
			*unit = part;
			return true;
		}
		if (!found && strip_suffix(&slice, ".slice")) {
			*unit = part;
			found = true;
		}
	}
	return found;
}

static void add_unit(struct text *to, const char *path, struct part unit)
{
	struct part part = unit, uid;

	if (is_user(unit, &uid)) {
		add(to, unit.text, unit.len);
		return;
	}
	while (part_before(path, part.text, &part)) {
		if (!is_user(part, &uid))
			continue;
		add_string(to, "user@");
		add(to, uid.text, uid.len);
		add_string(to, "/");
		break;
	}
	/* systemd puts it before names that the kernel could take for files of its own. */
	strip_prefix(&unit, "_");
	add_unescaped(to, unit);
}

/* ---- all together --------------------------------------------------------------------------- */

static enum mlocktrace_unit_kind add_container(struct text *to, const char *path, struct part part,
					       const struct container *container)
{
	size_t shown = container->id.len < ID_SHOWN ? container->id.len : ID_SHOWN;
	struct part uid;
	bool pod = find_pod(path, part, &uid);

	if (pod) {
		add_pod(to, uid);
		add_string(to, "/");
	} else {
		add_string(to, container->engine);
		add_string(to, "-");
	}
	if (container->monitor)
		add_string(to, "conmon-");
	add(to, container->id.text, shown);
	return pod ? MLOCKTRACE_UNIT_POD : MLOCKTRACE_UNIT_CONTAINER;
}

static enum mlocktrace_unit_kind name_inside_out(struct text *to, const char *path)
{
	struct part part = { path + strlen(path), 0 }, name;

	while (part_before(path, part.text, &part)) {
		struct container container = { 0 };

		if (is_named_container(part, &container) || is_colon_container(part, &container) ||
		    is_bare_container(path, part, &container))
			return add_container(to, path, part, &container);
		if (is_pod(path, part, &name)) {
			add_pod(to, name);
			return MLOCKTRACE_UNIT_POD;
		}
		if (is_lxc(path, part, &name)) {
			add_string(to, "lxc ");
			add(to, name.text, name.len);
			return MLOCKTRACE_UNIT_CONTAINER;
		}
		if (is_machine(path, part, &name)) {
			add_string(to, "machine ");
			add_unescaped(to, name);
			return MLOCKTRACE_UNIT_MACHINE;
		}
	}
	if (find_unit(path, &part)) {
		add_unit(to, path, part);
		return MLOCKTRACE_UNIT_SYSTEMD;
	}
	add_string(to, path);
	return MLOCKTRACE_UNIT_NONE;
}

MLT_API int mlocktrace_unit_name(const char *cgroup, enum mlocktrace_unit_kind *kind, char *buf,
				 size_t size)
{
	struct text text = { .buf = buf, .size = buf ? size : 0 };
	enum mlocktrace_unit_kind found;

	if (!cgroup)
		return -EINVAL;
	found = name_inside_out(&text, cgroup);
	if (kind)
		*kind = found;
	if (text.size)
		buf[text.used < text.size ? text.used : text.size - 1] = '\0';
	return (int)text.used;
}

MLT_API const char *mlocktrace_unit_kind_name(unsigned int kind)
{
	static const char *const names[] = {
		[MLOCKTRACE_UNIT_NONE] = "none",
		[MLOCKTRACE_UNIT_SYSTEMD] = "systemd",
		[MLOCKTRACE_UNIT_CONTAINER] = "container",
		[MLOCKTRACE_UNIT_POD] = "pod",
		[MLOCKTRACE_UNIT_MACHINE] = "machine",
	};

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : NULL;
}
