// SPDX-License-Identifier: GPL-2.0
/*
 * Locked ranges of one process, the largest first.
 */
#include <string.h>

#include "top_regions.h"

static uint64_t bytes(const struct mlocktrace_region *region)
{
	return region->end - region->start;
}

static void insert(struct top_regions *of, const struct mlocktrace_region *region)
{
	size_t i = of->n_largest;

	if (i == TOP_REGIONS && bytes(region) <= bytes(&of->largest[i - 1]))
		return;
	if (i == TOP_REGIONS)
		i--;
	else
		of->n_largest++;
	for (; i && bytes(&of->largest[i - 1]) < bytes(region); i--)
		of->largest[i] = of->largest[i - 1];
	of->largest[i] = *region;
}

void top_regions_look(struct top_regions *of, const struct top_track *track)
{
	struct mlocktrace_region region = { .size = sizeof(region) };
	uint64_t locked = track->row.cells[PS_LOCKED].value;

	if (of->tried && of->id == track->id && of->start_ns == track->start_ns && of->locked == locked)
		return;
	top_regions_free(of);
	of->tried = true;
	of->id = track->id;
	of->start_ns = track->start_ns;
	of->locked = locked;
	of->error = mlocktrace_regions_new(&of->regions, (pid_t)track->id);
	if (of->error)
		return;
	of->total.size = sizeof(of->total);
	mlocktrace_regions_total(of->regions, &of->total);
	for (size_t i = 0; !mlocktrace_region(of->regions, i, &region); i++)
		insert(of, &region);
}

void top_regions_free(struct top_regions *of)
{
	if (of->tried && !of->error)
		mlocktrace_regions_free(of->regions);
	*of = (struct top_regions){ 0 };
}
