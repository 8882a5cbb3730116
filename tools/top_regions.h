/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The locked ranges of the process on the page of `top` about one: looked at again only when what
 * it has locked has changed, since the kernel walks all its pages for it.
 */
#ifndef TOOLS_TOP_REGIONS_H
#define TOOLS_TOP_REGIONS_H

#include "top_model.h"

#define TOP_REGIONS 8 /* the largest of them are kept */

/*
 * @tried: the rest is of the process with @id and @start_ns, when it had @locked
 * @error: 0, or -errno: they cannot be looked at
 */
struct top_regions {
	struct mlocktrace_regions *regions;
	uint64_t id, start_ns, locked;
	bool tried;
	int error;
	struct mlocktrace_regions_total total;
	struct mlocktrace_region largest[TOP_REGIONS];
	size_t n_largest;
};

void top_regions_look(struct top_regions *of, const struct top_track *track);
void top_regions_free(struct top_regions *of);

#endif
