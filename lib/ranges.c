// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * Address ranges and whose they are. What is set last holds; ranges that it
 * cuts into keep what is left of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"

void mlt_claim_put(struct mlt_claim *claim)
{
	if (!claim || --claim->refs)
		return;
	for (size_t i = 0; i < claim->n_frames; i++)
		free(claim->frames[i]);
	free(claim->frames);
	free(claim->call);
	free(claim);
}

size_t mlt_ranges_find(const struct mlt_ranges *ranges, uint64_t address)
{
	size_t low = 0, high = ranges->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->list[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static int make_room(struct mlt_ranges *ranges, size_t n)
{
	struct mlt_range *more;
	size_t room = ranges->room ? ranges->room : 32;

	if (n <= ranges->room)
		return 0;
	while (room < n)
		room *= 2;
	more = reallocarray(ranges->list, room, sizeof(*more));
	if (!more)
		return -ENOMEM;
	ranges->list = more;
	ranges->room = room;
	return 0;
}

int mlt_ranges_set(struct mlt_ranges *ranges, uint64_t start, uint64_t end, struct mlt_claim *claim)
{
	size_t first = mlt_ranges_find(ranges, start), behind = first, n = 0;
	struct mlt_range pieces[3];

	if (start >= end)
		return 0;
	/* Cutting a hole into a range makes two of one; a new one comes on top. */
	if (make_room(ranges, ranges->n + 2))
		return -ENOMEM;
	while (behind < ranges->n && ranges->list[behind].start < end)
		behind++;
	if (behind > first && ranges->list[first].start < start) {
		pieces[n] = ranges->list[first];
		pieces[n++].end = start;
	}
	if (claim)
		pieces[n++] = (struct mlt_range){ start, end, claim };
	if (behind > first && ranges->list[behind - 1].end > end) {
		pieces[n] = ranges->list[behind - 1];
		pieces[n++].start = end;
	}
	/* Taken before the old ones are put: they may be the last to refer to the same. */
	for (size_t i = 0; i < n; i++)
		pieces[i].claim->refs++;
	for (size_t i = first; i < behind; i++)
		mlt_claim_put(ranges->list[i].claim);
	memmove(ranges->list + first + n, ranges->list + behind,
		(ranges->n - behind) * sizeof(*ranges->list));
	memcpy(ranges->list + first, pieces, n * sizeof(*pieces));
	ranges->n = ranges->n - (behind - first) + n;
	return 0;
}

int mlt_ranges_move(struct mlt_ranges *ranges, uint64_t from, uint64_t len, uint64_t to)
{
	uint64_t end = from + len;
	size_t first = mlt_ranges_find(ranges, from), n = 0;
	struct mlt_range *moved;
	int err = 0;

	while (first + n < ranges->n && ranges->list[first + n].start < end)
		n++;
	moved = calloc(n ? n : 1, sizeof(*moved));
	if (!moved)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		moved[i] = ranges->list[first + i];
		moved[i].start = (moved[i].start > from ? moved[i].start : from) - from + to;
		moved[i].end = (moved[i].end < end ? moved[i].end : end) - from + to;
		moved[i].claim->refs++;
	}
	err = mlt_ranges_set(ranges, from, end, NULL);
	if (!err)
		err = mlt_ranges_set(ranges, to, to + len, NULL);
	for (size_t i = 0; i < n; i++) {
		if (!err)
			err = mlt_ranges_set(ranges, moved[i].start, moved[i].end, moved[i].claim);
		mlt_claim_put(moved[i].claim);
	}
	free(moved);
	return err;
}

void mlt_ranges_free(struct mlt_ranges *ranges)
{
	for (size_t i = 0; i < ranges->n; i++)
		mlt_claim_put(ranges->list[i].claim);
	free(ranges->list);
	*ranges = (struct mlt_ranges){ 0 };
}
