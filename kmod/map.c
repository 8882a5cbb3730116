// SPDX-License-Identifier: GPL-2.0
/*
 * See map.h. An entry that was deleted is used again at once, so who looks along a
 * chain may be led into another: each chain ends with the number of its bucket, by
 * which that is noticed, and the search begins anew (as with hlist_nulls).
 */
#include <linux/errno.h>
#include <linux/jhash.h>
#include <linux/log2.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "map.h"

#define MLT_END 0x80000000U /* with the number of the bucket */
#define MLT_END_OF_FREE (MLT_END | 0x7fffffffU) /* no bucket has it */

struct mlt_bucket {
	raw_spinlock_t lock;
	u32 first;
};

struct mlt_slot {
	u32 next;
	u32 used; /* the key is valid: a search may stray to an entry that was deleted */
	u8 data[]; /* key, filled up to 8 bytes, and value */
};

static u32 mlt_key_bytes(const struct mlt_map *map)
{
	return ALIGN(map->key_size, 8);
}

static struct mlt_slot *mlt_slot(const struct mlt_map *map, u32 i)
{
	return map->slots + (size_t)i * map->slot_size;
}

static void *mlt_value(const struct mlt_map *map, struct mlt_slot *slot)
{
	return slot->data + mlt_key_bytes(map);
}

int mlt_map_init(struct mlt_map *map, u32 entries)
{
	u32 i, n_buckets = roundup_pow_of_two(entries);

	map->slot_size = sizeof(struct mlt_slot) + mlt_key_bytes(map) + ALIGN(map->value_size, 8);
	map->slots = vzalloc((size_t)entries * map->slot_size);
	map->buckets = vmalloc(array_size(n_buckets, sizeof(*map->buckets)));
	if (!map->slots || !map->buckets) {
		mlt_map_destroy(map);
		return -ENOMEM;
	}
	map->mask = n_buckets - 1;
	map->n_slots = entries;
	raw_spin_lock_init(&map->free_lock);
	for (i = 0; i < n_buckets; i++) {
		raw_spin_lock_init(&map->buckets[i].lock);
		map->buckets[i].first = MLT_END | i;
	}
	for (i = 0; i < entries; i++)
		mlt_slot(map, i)->next = i + 1 < entries ? i + 1 : MLT_END_OF_FREE;
	map->free = 0;
	return 0;
}

void mlt_map_destroy(struct mlt_map *map)
{
	vfree(map->slots);
	vfree(map->buckets);
	map->slots = NULL;
	map->buckets = NULL;
}

static u32 mlt_hash(const struct mlt_map *map, const void *key)
{
	return jhash(key, map->key_size, 0) & map->mask;
}

static struct mlt_slot *mlt_search(const struct mlt_map *map, const void *key, u32 bucket)
{
	struct mlt_slot *slot;
	u32 at;

	do {
		/* Whole when found: these pair with the releases in mlt_enter(). */
		at = smp_load_acquire(&map->buckets[bucket].first);
		/* And so is each next one. */
		for (; !(at & MLT_END); at = smp_load_acquire(&slot->next)) {
			slot = mlt_slot(map, at);
			if (READ_ONCE(slot->used) && !memcmp(slot->data, key, map->key_size))
				return slot;
		}
	} while (at != (MLT_END | bucket));
	return NULL;
}

void *mlt_map_find(const struct mlt_map *map, const void *key)
{
	struct mlt_slot *slot = mlt_search(map, key, mlt_hash(map, key));

	return slot ? mlt_value(map, slot) : NULL;
}

void *mlt_map_slot(const struct mlt_map *map, u32 i, const void **key)
{
	struct mlt_slot *slot = mlt_slot(map, i);

	/* Whole when used: this pairs with the release in mlt_enter(). */
	if (!smp_load_acquire(&slot->used))
		return NULL;
	*key = slot->data;
	return mlt_value(map, slot);
}

static struct mlt_slot *mlt_take_free(struct mlt_map *map, u32 *at)
{
	struct mlt_slot *slot = NULL;

	raw_spin_lock(&map->free_lock);
	*at = map->free;
	if (!(*at & MLT_END)) {
		slot = mlt_slot(map, *at);
		map->free = slot->next;
	}
	raw_spin_unlock(&map->free_lock);
	return slot;
}

static void mlt_give_free(struct mlt_map *map, u32 at)
{
	WRITE_ONCE(mlt_slot(map, at)->used, 0);
	raw_spin_lock(&map->free_lock);
	WRITE_ONCE(mlt_slot(map, at)->next, map->free);
	map->free = at;
	raw_spin_unlock(&map->free_lock);
}

static int mlt_enter(struct mlt_map *map, const void *key, const void *value, bool replace)
{
	struct mlt_bucket *bucket = &map->buckets[mlt_hash(map, key)];
	struct mlt_slot *slot;
	unsigned long flags;
	int err = 0;
	u32 at;

	raw_spin_lock_irqsave(&bucket->lock, flags);
	slot = mlt_search(map, key, bucket - map->buckets);
	if (slot && !replace) {
		err = -EEXIST;
	} else if (slot) {
		memcpy(mlt_value(map, slot), value, map->value_size);
	} else {
		slot = mlt_take_free(map, &at);
		if (slot) {
			memcpy(slot->data, key, map->key_size);
			memcpy(mlt_value(map, slot), value, map->value_size);
			/* It is whole before it counts as used, */
			smp_store_release(&slot->used, 1);
			/* and who comes by it by a stale index goes on in a chain, */
			smp_store_release(&slot->next, bucket->first);
			/* before it can be found. */
			smp_store_release(&bucket->first, at);
		} else {
			err = -ENOSPC;
		}
	}
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	return err;
}

int mlt_map_add(struct mlt_map *map, const void *key, const void *value)
{
	return mlt_enter(map, key, value, false);
}

int mlt_map_set(struct mlt_map *map, const void *key, const void *value)
{
	return mlt_enter(map, key, value, true);
}

int mlt_map_del(struct mlt_map *map, const void *key)
{
	struct mlt_bucket *bucket = &map->buckets[mlt_hash(map, key)];
	int err = -ENOENT;
	unsigned long flags;
	u32 at, *link;

	raw_spin_lock_irqsave(&bucket->lock, flags);
	for (link = &bucket->first; !(*link & MLT_END); link = &mlt_slot(map, *link)->next) {
		at = *link;
		if (memcmp(mlt_slot(map, at)->data, key, map->key_size))
			continue;
		WRITE_ONCE(*link, mlt_slot(map, at)->next);
		mlt_give_free(map, at);
		err = 0;
		break;
	}
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	return err;
}

void mlt_map_each(struct mlt_map *map, int (*each)(void *ctx, const void *key, void *value),
		  void *ctx)
{
	struct mlt_bucket *bucket;
	struct mlt_slot *slot;
	unsigned long flags;
	u32 i, at, *link;

	for (i = 0; i <= map->mask; i++) {
		bucket = &map->buckets[i];
		if (READ_ONCE(bucket->first) & MLT_END)
			continue;
		raw_spin_lock_irqsave(&bucket->lock, flags);
		link = &bucket->first;
		while (!(*link & MLT_END)) {
			at = *link;
			slot = mlt_slot(map, at);
			if (each(ctx, slot->data, mlt_value(map, slot))) {
				WRITE_ONCE(*link, slot->next);
				mlt_give_free(map, at);
			} else {
				link = &slot->next;
			}
		}
		raw_spin_unlock_irqrestore(&bucket->lock, flags);
	}
}
