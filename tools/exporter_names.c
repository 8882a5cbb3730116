// SPDX-License-Identifier: GPL-2.0
/*
 * A cgroup's id is the number of its folder's inode, which the folder above lists. Opening a
 * folder by its id would take a capability that the exporter has given up.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mlocktrace/mlocktrace.h>

#include "exporter_names.h"

void names_open(struct names *names)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *mount;

	*names = (struct names){ 0 };
	while (mounts && !*names->mount && (mount = getmntent(mounts)))
		if (!strcmp(mount->mnt_type, "cgroup2"))
			snprintf(names->mount, sizeof(names->mount), "%s", mount->mnt_dir);
	if (mounts)
		endmntent(mounts);
}

void names_close(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i].name);
	free(names->list);
	names->list = NULL;
}

void names_of_path(const char *path, char value[METRICS_LABEL_SIZE])
{
	char name[PATH_MAX];

	if (mlocktrace_unit_name(path, NULL, name, sizeof(name)) < 0)
		snprintf(name, sizeof(name), "%s", path);
	metrics_label(value, name, sizeof(name));
}

static struct known_cgroup *find(const struct names *names, uint64_t id)
{
	for (size_t i = 0; i < names->n; i++)
		if (names->list[i].id == id)
			return &names->list[i];
	return NULL;
}

int names_want(struct names *names, uint64_t id)
{
	size_t room = names->room ? 2 * names->room : 64;
	struct known_cgroup *more;

	if (find(names, id))
		return 0;
	if (names->n == names->room) {
		more = reallocarray(names->list, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		names->list = more;
		names->room = room;
	}
	names->list[names->n++] = (struct known_cgroup){ .id = id };
	return 0;
}

static int found(struct names *names, uint64_t id, const char *path)
{
	struct known_cgroup *known = find(names, id);
	char value[METRICS_LABEL_SIZE];

	if (!known || known->name)
		return 0;
	names_of_path(path, value);
	known->name = strdup(value);
	return known->name ? 0 : -ENOMEM;
}

/* @path: of the folder, @len bytes of PATH_MAX; what was not there any more is no error. */
static int walk(struct names *names, int fd, char *path, size_t len)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	int err = 0;

	if (!dir) {
		close(fd);
		return 0;
	}
	while (!err && (entry = readdir(dir))) {
		int child, n;

		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		n = snprintf(path + len, PATH_MAX - len, "/%s", entry->d_name);
		if (n >= (int)(PATH_MAX - len))
			continue;
		err = found(names, entry->d_ino, path);
		child = err ? -1 : openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (child >= 0)
			err = walk(names, child, path, len + n);
		path[len] = '\0';
	}
	closedir(dir);
	return err;
}

static int walk_all(struct names *names)
{
	int fd = *names->mount ? open(names->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	char path[PATH_MAX] = "";
	struct stat st;
	int err;

	if (fd < 0)
		return 0;
	err = fstat(fd, &st) ? 0 : found(names, st.st_ino, "/");
	return err ? err : walk(names, fd, path, 0);
}

int names_look(struct names *names)
{
	size_t first = 0;
	int err;

	while (first < names->n && names->list[first].name)
		first++;
	if (first == names->n)
		return 0;
	err = walk_all(names);
	for (size_t i = first; i < names->n && !err; i++) {
		if (names->list[i].name)
			continue;
		names->list[i].name = strdup(NAME_OF_GONE);
		err = names->list[i].name ? 0 : -ENOMEM;
	}
	return err;
}

const char *names_of_id(const struct names *names, uint64_t id)
{
	const struct known_cgroup *known = find(names, id);

	return known && known->name ? known->name : NAME_OF_GONE;
}
