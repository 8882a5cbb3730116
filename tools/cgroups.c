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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups.h"

void cgroups_open(struct cgroups *cgroups)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *mount;

	*cgroups = (struct cgroups){ 0 };
	while (mounts && !*cgroups->mount && (mount = getmntent(mounts)))
		if (!strcmp(mount->mnt_type, "cgroup2"))
			snprintf(cgroups->mount, sizeof(cgroups->mount), "%s", mount->mnt_dir);
	if (mounts)
		endmntent(mounts);
}

void cgroups_close(struct cgroups *cgroups)
{
	for (size_t i = 0; i < cgroups->n; i++)
		free(cgroups->list[i].path);
	free(cgroups->list);
	cgroups->list = NULL;
}

static struct known_cgroup *find(const struct cgroups *cgroups, uint64_t id)
{
	for (size_t i = 0; i < cgroups->n; i++)
		if (cgroups->list[i].id == id)
			return &cgroups->list[i];
	return NULL;
}

int cgroups_want(struct cgroups *cgroups, uint64_t id)
{
	size_t room = cgroups->room ? 2 * cgroups->room : 64;
	struct known_cgroup *more;

	if (find(cgroups, id))
		return 0;
	if (cgroups->n == cgroups->room) {
		more = reallocarray(cgroups->list, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		cgroups->list = more;
		cgroups->room = room;
	}
	cgroups->list[cgroups->n++] = (struct known_cgroup){ .id = id };
	return 0;
}

static int found(struct cgroups *cgroups, uint64_t id, const char *path)
{
	struct known_cgroup *known = find(cgroups, id);

	if (!known || known->path)
		return 0;
	known->path = strdup(path);
	return known->path ? 0 : -ENOMEM;
}

/* @path: of the folder, @len bytes of PATH_MAX; what was not there any more is no error. */
static int walk(struct cgroups *cgroups, int fd, char *path, size_t len)
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
		err = found(cgroups, entry->d_ino, path);
		child = err ? -1 : openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (child >= 0)
			err = walk(cgroups, child, path, len + n);
		path[len] = '\0';
	}
	closedir(dir);
	return err;
}

static int walk_all(struct cgroups *cgroups)
{
	int fd = *cgroups->mount ? open(cgroups->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	char path[PATH_MAX] = "";
	struct stat st;
	int err;

	if (fd < 0)
		return 0;
	err = fstat(fd, &st) ? 0 : found(cgroups, st.st_ino, "/");
	return err ? err : walk(cgroups, fd, path, 0);
}

int cgroups_look(struct cgroups *cgroups)
{
	size_t first = 0;
	int err;

	while (first < cgroups->n && cgroups->list[first].sought)
		first++;
	if (first == cgroups->n)
		return 0;
	err = walk_all(cgroups);
	for (size_t i = first; i < cgroups->n && !err; i++)
		cgroups->list[i].sought = true;
	return err;
}

const char *cgroups_path(const struct cgroups *cgroups, uint64_t id)
{
	const struct known_cgroup *known = find(cgroups, id);

	return known ? known->path : NULL;
}
