// SPDX-License-Identifier: GPL-2.0
/*
 * First everything goes that reading can have no use for, for good. What is left is tried with
 * nothing, and if that is not enough, with one less each time.
 */
#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "exporter_privileges.h"
#include "message.h"

/* The mightiest first: what goes first is most likely to be done without. */
static const unsigned int candidates[] = {
	CAP_SYS_ADMIN, CAP_DAC_OVERRIDE, CAP_SYS_PTRACE, CAP_PERFMON, CAP_BPF, CAP_DAC_READ_SEARCH,
};
#define N_CANDIDATES (sizeof(candidates) / sizeof(candidates[0]))

int privileges_account(const char *name, struct account *account)
{
	const struct passwd *user = name ? getpwnam(name) : NULL;

	*account = (struct account){ .wanted = name };
	if (!name)
		return 0;
	if (!user) {
		error("--user: there is no user \"%s\"; give a name that `getent passwd` knows", name);
		return -1;
	}
	account->uid = user->pw_uid;
	account->gid = user->pw_gid;
	return 0;
}

/* Bits of those candidates that we have. */
static unsigned int owned(void)
{
	unsigned int mask = 0;

	capng_get_caps_process();
	for (size_t i = 0; i < N_CANDIDATES; i++)
		if (capng_have_capability(CAPNG_PERMITTED, candidates[i]))
			mask |= 1U << i;
	return mask;
}

/* Of our candidates, these can be used, and those can be taken up again. */
static int set(unsigned int effective, unsigned int permitted)
{
	capng_clear(CAPNG_SELECT_CAPS);
	for (size_t i = 0; i < N_CANDIDATES; i++) {
		if (permitted & 1U << i)
			capng_update(CAPNG_ADD, CAPNG_PERMITTED, candidates[i]);
		if (effective & 1U << i)
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE, candidates[i]);
	}
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

/* Nothing that is executed gets anything back. The bounding set takes CAP_SETPCAP to change; without
 * it, it was not ours to keep either. */
static void close_ways_back(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			break;
}

/* Without CAP_IPC_LOCK a limit of ours would count as the smallest one that holds for our user. */
static void have_no_limit(void)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &none);
}

static int become(const struct account *account)
{
	if (!account->wanted || (getuid() == account->uid && getgid() == account->gid))
		return 0;
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (setgroups(0, NULL) || setresgid(account->gid, account->gid, account->gid) ||
	    setresuid(account->uid, account->uid, account->uid)) {
		error("cannot become user %u: %s; start as root, or without --user", account->uid,
		      strerror(errno));
		return -1;
	}
	return 0;
}

static unsigned int least(unsigned int have, int (*works)(void *ctx), void *ctx, int *err)
{
	unsigned int need = have;

	*err = set(0, have);
	if (!*err && !works(ctx))
		return 0;
	*err = set(have, have);
	if (!*err)
		*err = works(ctx);
	for (size_t i = 0; i < N_CANDIDATES && !*err; i++) {
		unsigned int fewer = need & ~(1U << i);

		if (fewer != need && !set(fewer, have) && !works(ctx))
			need = fewer;
	}
	return need;
}

static void name_all(unsigned int mask, char *buf, size_t size)
{
	size_t used = 0;

	*buf = '\0';
	for (size_t i = 0; i < N_CANDIDATES && used < size; i++)
		if (mask & 1U << i)
			used += snprintf(buf + used, size - used, "%sCAP_%s", used ? ", " : "",
					 capng_capability_to_name(candidates[i]));
	for (char *c = buf; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c -= 'a' - 'A';
}

int privileges_drop(const struct account *account, int (*works)(void *ctx), void *ctx, char *kept,
		    size_t size)
{
	unsigned int have, need;
	int err;

	have_no_limit();
	close_ways_back();
	if (become(account))
		return -1;
	have = owned();
	need = least(have, works, ctx, &err);
	if (!err)
		err = set(need, need);
	if (err) {
		error("cannot read without the privileges that are given up: %s", strerror(-err));
		return -1;
	}
	name_all(need, kept, size);
	return 0;
}
