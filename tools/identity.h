/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Another user for COMMAND: looked up before anything is started, taken by the
 * child just before it becomes COMMAND.
 */
#ifndef TOOLS_IDENTITY_H
#define TOOLS_IDENTITY_H

#include <sys/types.h>

struct identity {
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	int n_groups;
	char *name; /* NULL = a number that no name is known for */
	char *home;
};

/* @user: a name, or a number. 0, or -1 after a message. */
int identity_find(struct identity *identity, const char *user);
void identity_free(struct identity *identity);

/* Become that user, with his groups and no capabilities, and HOME, USER and LOGNAME his. There is
 * no way back. 0 or -errno. */
int identity_take(const struct identity *identity);

#endif
