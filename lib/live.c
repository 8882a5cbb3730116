// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Options of live sources: the processes and the cgroup that they name.
 */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define FILEID_KERNFS 0xfe /* include/linux/exportfs.h: a handle is the id */
#define CGROUP_ROOT 1	   /* the root's id, fs/kernfs/dir.c */

int64_t mlt_realtime_offset(void)
{
	struct timespec real, mono;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	return (real.tv_sec - mono.tv_sec) * 1000000000LL + real.tv_nsec - mono.tv_nsec;
}

int mlt_check_pids(struct mlocktrace *h, const struct mlocktrace_opts *opts)
{
	for (size_t i = 0; i < opts->n_pids; i++) {
		if (opts->pids[i] <= 0 || (kill(opts->pids[i], 0) && errno == ESRCH))
			return mlt_fail(h, -ESRCH, "no process %d", (int)opts->pids[i]);
	}
	return 0;
}

/*
 * From a folder, which is closed, up to the root or to the folder of id @stop.
 * Returns how many levels up that was, *found = where it came to.
 */
static unsigned int climb(int fd, uint64_t stop, uint64_t *found)
{
	unsigned int levels = 0;
	struct stat st, up;
	int parent;

	*found = 0;
	if (fstat(fd, &st)) {
		close(fd);
		return 0;
	}
	while (st.st_ino != CGROUP_ROOT && st.st_ino != stop) {
		parent = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = parent;
		if (fd < 0 || fstat(fd, &up) || up.st_dev != st.st_dev)
			break;
		st = up;
		levels++;
	}
	if (fd >= 0)
		close(fd);
	*found = st.st_ino;
	return levels;
}

int mlt_cgroup_open(struct mlocktrace *h, const char *path, struct mlt_cgroup *cgroup)
{
	uint64_t root;
	struct stat st;
	struct statfs fs;

	cgroup->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup->fd < 0)
		return mlt_fail(h, -errno, "cgroup %s: %s", path, strerror(errno));
	if (fstatfs(cgroup->fd, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC || fstat(cgroup->fd, &st))
		return mlt_fail(h, -EINVAL, "%s is not a folder of the cgroup v2 hierarchy", path);
	cgroup->id = st.st_ino;
	cgroup->depth = climb(dup(cgroup->fd), CGROUP_ROOT, &root);
	return 0;
}

void mlt_cgroup_close(struct mlt_cgroup *cgroup)
{
	if (cgroup->fd > 0)
		close(cgroup->fd);
	cgroup->fd = 0;
}

int mlt_cgroup_open_id(int in, uint64_t id)
{
	struct {
		struct file_handle head;
		uint64_t id;
	} handle = { .head = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS }, .id = id };
	int fd = open_by_handle_at(in, &handle.head, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static bool look_up(const struct mlt_cgroup *cgroup, uint64_t id)
{
	int fd = mlt_cgroup_open_id(cgroup->fd, id);
	uint64_t found;

	if (fd < 0)
		return false;
	climb(fd, cgroup->id, &found);
	return found == cgroup->id;
}

bool mlt_cgroup_holds(struct mlt_cgroup *cgroup, uint64_t id)
{
	size_t place = id % (sizeof(cgroup->known) / sizeof(cgroup->known[0]));

	if (id == cgroup->id)
		return true;
	if (cgroup->known[place].id != id) {
		cgroup->known[place].id = id;
		cgroup->known[place].holds = look_up(cgroup, id);
	}
	return cgroup->known[place].holds;
}
