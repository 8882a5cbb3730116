// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Paths of cgroups. The id of a folder is a file handle, so where cgroup v2 is all there
 * is, opening it gives the path, also of a process that is gone. Else the process's file
 * in /proc is read. Processes in the same cgroups are in the same set, and asked once.
 */
#include "live.h"
#include "proc.h"
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct mlt_paths {
	char mount[PATH_MAX]; /* of cgroup v2, if there is no v1 */
	int fd;		      /* that folder; -1 = ask /proc */
	void *known;	      /* tree of struct path */
};

struct path {
	uint64_t css_set;
	char text[];
};

static int by_css_set(const void *a, const void *b)
{
	const struct path *x = a, *y = b;

	return x->css_set < y->css_set ? -1 : x->css_set > y->css_set;
}

/* ---- cgroup v2 alone ------------------------------------------------------------------ */

/* The mount of the whole hierarchy, if no v1 hierarchy is mounted as well. */
static bool find_mount(char mount[PATH_MAX])
{
	FILE *in = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, root[PATH_MAX], at[PATH_MAX];
	bool found = false, v1 = false;
	size_t size = 0;

	while (in && getline(&line, &size, in) > 0) {
		const char *type = strstr(line, " - ");

		if (!type || sscanf(line, "%*s %*s %*s %4095s %4095s", root, at) != 2)
			continue;
		v1 |= !strncmp(type, " - cgroup ", strlen(" - cgroup "));
		if (!strncmp(type, " - cgroup2 ", strlen(" - cgroup2 ")) && !strcmp(root, "/") && !found) {
			strcpy(mount, at);
			found = true;
		}
	}
	free(line);
	if (in)
		fclose(in);
	return found && !v1;
}

static char *path_of_id(const struct mlt_paths *paths, uint64_t id)
{
	char link[64], path[PATH_MAX];
	size_t n = strlen(paths->mount);
	ssize_t length = -1;
	int fd;

	if (paths->fd < 0 || !id)
		return NULL;
	fd = mlt_cgroup_open_id(paths->fd, id);
	if (fd < 0)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	close(fd);
	if (length < (ssize_t)n || strncmp(path, paths->mount, n))
		return NULL;
	path[length] = '\0';
	if (!path[n])
		return strdup("/");
	return path[n] == '/' ? strdup(path + n) : NULL;
}

/* ---- /proc ------------------------------------------------------------------------------ */

/* How much a line "ID:CONTROLLERS:/PATH" says: v2's, then systemd's own, then any but the root. */
static int worth(const char *controllers, const char *path)
{
	bool root = !strcmp(path, "/");

	if (!*controllers)
		return root ? 2 : 5;
	if (root)
		return 1;
	return strcmp(controllers, "name=systemd") ? 3 : 4;
}

char *mlt_cgroup_file_parse(FILE *in)
{
	char *line = NULL, *best = NULL;
	size_t size = 0;
	int best_worth = 0;
	ssize_t n;

	while ((n = getline(&line, &size, in)) > 0) {
		char *controllers = strchr(line, ':'), *path;

		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		path = controllers ? strchr(++controllers, ':') : NULL;
		if (!path || path[1] != '/')
			continue;
		*path++ = '\0';
		if (worth(controllers, path) <= best_worth)
			continue;
		best_worth = worth(controllers, path);
		free(best);
		best = strdup(path);
	}
	free(line);
	return best;
}

static char *path_of_process(const struct mlocktrace_holder *holder)
{
	int dir = mlt_proc_dir(holder->pid);
	char *path = NULL;
	uint64_t ticks;
	FILE *in;

	if (dir < 0)
		return NULL;
	in = mlt_proc_open(dir, "cgroup");
	if (in) {
		path = mlt_cgroup_file_parse(in);
		fclose(in);
	}
	if (!mlt_proc_started(dir, &ticks) || !mlt_proc_same_start(ticks, holder->start_ns)) {
		free(path);
		path = NULL;
	}
	close(dir);
	return path;
}

/* ---- one for all of a set --------------------------------------------------------------- */

/* What is not known may be known of the next one in the set. */
static const char *remember(struct mlt_paths *paths, uint64_t css_set, const char *text)
{
	struct path *path = malloc(sizeof(*path) + strlen(text) + 1), **at;

	if (!path)
		return NULL;
	path->css_set = css_set;
	strcpy(path->text, text);
	at = tsearch(path, &paths->known, by_css_set);
	if (!at) {
		free(path);
		return NULL;
	}
	return (*at)->text;
}

const char *mlt_paths_find(struct mlt_paths *paths, struct mlt_holder *holder)
{
	const struct path key = { .css_set = holder->css_set };
	struct path **known;
	const char *kept;

	if (holder->cgroup)
		return holder->cgroup;
	known = holder->css_set ? tfind(&key, &paths->known, by_css_set) : NULL;
	if (known)
		return (*known)->text;
	holder->cgroup = path_of_id(paths, holder->is.cgroup_id);
	if (!holder->cgroup)
		holder->cgroup = path_of_process(&holder->is);
	if (!holder->cgroup)
		return "";
	kept = holder->css_set ? remember(paths, holder->css_set, holder->cgroup) : NULL;
	return kept ? kept : holder->cgroup;
}

void mlt_paths_forget(struct mlt_paths *paths)
{
	tdestroy(paths->known, free);
	paths->known = NULL;
}

int mlt_paths_new(struct mlt_paths **paths)
{
	*paths = calloc(1, sizeof(**paths));
	if (!*paths)
		return -ENOMEM;
	(*paths)->fd = -1;
	if (find_mount((*paths)->mount))
		(*paths)->fd = open((*paths)->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

void mlt_paths_free(struct mlt_paths *paths)
{
	if (!paths)
		return;
	mlt_paths_forget(paths);
	if (paths->fd >= 0)
		close(paths->fd);
	free(paths);
}
