// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * A set of page frames. Those of a process lie anywhere in the machine's
 * memory: 32 KiB of bits for each GiB of it that is met.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "regions.h"

#define CHUNK_BITS 18
#define CHUNKS_MAX (1UL << 20) /* 2^38 frames, a PiB of pages of 4 KiB */

int mlt_pages_add(struct mlt_pages *pages, uint64_t frame)
{
	uint64_t chunk = frame >> CHUNK_BITS, bit = frame & ((1UL << CHUNK_BITS) - 1);
	uint64_t *word;

	if (chunk >= CHUNKS_MAX)
		return -ERANGE;
	if (chunk >= pages->n_chunks) {
		uint64_t **more = realloc(pages->chunks, (chunk + 1) * sizeof(*more));

		if (!more)
			return -ENOMEM;
		memset(more + pages->n_chunks, 0, (chunk + 1 - pages->n_chunks) * sizeof(*more));
		pages->chunks = more;
		pages->n_chunks = chunk + 1;
	}
	if (!pages->chunks[chunk])
		pages->chunks[chunk] = calloc((1UL << CHUNK_BITS) / 64, sizeof(uint64_t));
	if (!pages->chunks[chunk])
		return -ENOMEM;
	word = &pages->chunks[chunk][bit / 64];
	if (*word >> bit % 64 & 1)
		return 0;
	*word |= 1ULL << bit % 64;
	pages->n++;
	return 1;
}

bool mlt_pages_has(const struct mlt_pages *pages, uint64_t frame)
{
	uint64_t chunk = frame >> CHUNK_BITS, bit = frame & ((1UL << CHUNK_BITS) - 1);

	return chunk < pages->n_chunks && pages->chunks[chunk] &&
	       pages->chunks[chunk][bit / 64] >> bit % 64 & 1;
}

void mlt_pages_free(struct mlt_pages *pages)
{
	for (size_t i = 0; i < pages->n_chunks; i++)
		free(pages->chunks[i]);
	free(pages->chunks);
	*pages = (struct mlt_pages){ 0 };
}
