/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two scenarios that need something scarce: a page that does not come, and
 * a memory cgroup that is full.
 */
#ifndef SCARCE_H
#define SCARCE_H

#define CGROUP_ASKED_PAGES 4096
#define CGROUP_LIMIT_PAGES 2048

void killed_while_faulting_in(void);
const char *no_userfaultfd(void);
void no_memory_in_cgroup(void);
const char *no_memory_cgroup(void);

#endif
