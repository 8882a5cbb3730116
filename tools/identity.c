// SPDX-License-Identifier: GPL-2.0
/*
 * Users and their groups from the user database; the change itself by the
 * kernel's own calls.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "identity.h"
#include "message.h"

static const struct passwd *entry_of(const char *user, uid_t *uid)
{
	const struct passwd *entry = getpwnam(user);
	unsigned long number;
	char *end;

	if (entry) {
		*uid = entry->pw_uid;
		return entry;
	}
	errno = 0;
	number = strtoul(user, &end, 10);
	*uid = !*user || strspn(user, "0123456789") < strlen(user) || errno || number >= (uid_t)-1 ?
		       (uid_t)-1 : number;
	return *uid == (uid_t)-1 ? NULL : getpwuid(*uid);
}

static int find_groups(struct identity *identity)
{
	int n = 0;

	if (!identity->name)
		return 0;
	getgrouplist(identity->name, identity->gid, NULL, &n);
	identity->groups = calloc(n, sizeof(*identity->groups));
	if (!identity->groups || getgrouplist(identity->name, identity->gid, identity->groups, &n) < 0)
		return -1;
	identity->n_groups = n;
	return 0;
}

int identity_find(struct identity *identity, const char *user)
{
	const struct passwd *entry;

	*identity = (struct identity){ 0 };
	entry = entry_of(user, &identity->uid);
	if (identity->uid == (uid_t)-1) {
		error("--as: there is no user \"%s\"; give a name that `getent passwd` knows, or a number",
		      user);
		return -1;
	}
	identity->gid = entry ? entry->pw_gid : identity->uid;
	if (entry) {
		identity->name = strdup(entry->pw_name);
		identity->home = strdup(entry->pw_dir);
	}
	if ((entry && (!identity->name || !identity->home)) || find_groups(identity)) {
		error("--as: cannot find out the groups of %s: out of memory", user);
		identity_free(identity);
		return -1;
	}
	return 0;
}

void identity_free(struct identity *identity)
{
	free(identity->groups);
	free(identity->name);
	free(identity->home);
	*identity = (struct identity){ 0 };
}

/* Also what a user id of 0, or securebits of the caller, would leave. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) && errno != EINVAL)
		return -errno;
	return syscall(SYS_capset, &header, none) ? -errno : 0;
}

int identity_take(const struct identity *identity)
{
	if (setgroups(identity->n_groups, identity->groups) ||
	    setresgid(identity->gid, identity->gid, identity->gid) ||
	    setresuid(identity->uid, identity->uid, identity->uid))
		return -errno;
	if (identity->name && (setenv("USER", identity->name, 1) || setenv("LOGNAME", identity->name, 1) ||
			       setenv("HOME", identity->home, 1)))
		return -errno;
	return drop_capabilities();
}
