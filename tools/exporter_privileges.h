/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an exporter does not need, it is not to have: it listens to strangers.
 */
#ifndef TOOLS_EXPORTER_PRIVILEGES_H
#define TOOLS_EXPORTER_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct account {
	bool wanted; /* --user was given */
	uid_t uid;
	gid_t gid;
};

/* @name: NULL = stay who we are. 0, or -1 after a message. */
int privileges_account(const char *name, struct account *account);

/**
 * privileges_drop - become that user, and give up every capability that is not missed
 * @works: does the exporter's work once: 0, or -errno if something is missing
 * @kept:  filled with the names of what is kept, "" = none
 *
 * Which capabilities reading takes depends on the kernel, its settings and the source; @works is
 * called with fewer and fewer of them. 0, or -1 after a message.
 */
int privileges_drop(const struct account *account, int (*works)(void *ctx), void *ctx, char *kept,
		    size_t size);

#endif
