// SPDX-License-Identifier: GPL-2.0
/*
 * A file of another name is written and takes the place of the old one. The collector reads
 * *.prom only, so that one is not seen before.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exporter_textfile.h"

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0)
			return -errno;
		text += n;
		len -= n;
	}
	/* Its collector is another user. After a crash the file is whole, too. */
	return fchmod(fd, 0644) || fsync(fd) ? -errno : 0;
}

int textfile_write(const char *name, const char *text, size_t len)
{
	char other[PATH_MAX];
	int fd, err;

	if (snprintf(other, sizeof(other), "%s.XXXXXX", name) >= (int)sizeof(other))
		return -ENAMETOOLONG;
	fd = mkostemp(other, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write_all(fd, text, len);
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(other, name))
		err = -errno;
	if (err)
		unlink(other);
	return err;
}
