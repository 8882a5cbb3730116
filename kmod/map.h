/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A hash table of fixed size for use in probes: everything is allocated beforehand,
 * looking up takes no lock, and changing takes one bucket's for a few instructions.
 */
#ifndef MLT_MAP_KMOD_H
#define MLT_MAP_KMOD_H

#include <linux/spinlock.h>
#include <linux/types.h>

struct mlt_bucket;

/**
 * struct mlt_map - a table; the sizes are given when it is defined
 * @key_size: bytes of a key, without padding that is not zero
 * @value_size: bytes of a value
 * @slot_size: bytes from one entry to the next
 * @n_slots: how many entries there is room for
 * @mask: number of buckets less one
 * @slots: the entries
 * @buckets: heads of the chains
 * @free: first entry not in use
 * @free_lock: protects @free and the chain behind it
 */
struct mlt_map {
	u32 key_size, value_size, slot_size;
	u32 n_slots, mask;
	void *slots;
	struct mlt_bucket *buckets;
	u32 free;
	raw_spinlock_t free_lock;
};

/**
 * mlt_map_init() - allocate a table
 * @map: with its two sizes set
 * @entries: how many it shall hold
 *
 * Return: 0 or -ENOMEM; may sleep. To be undone by mlt_map_destroy(), which tolerates
 * a table that was not initialized.
 */
int mlt_map_init(struct mlt_map *map, u32 entries);

/**
 * mlt_map_destroy() - free a table
 * @map: which nobody uses any more
 */
void mlt_map_destroy(struct mlt_map *map);

/**
 * mlt_map_find() - look up
 * @map: the table
 * @key: what to look for
 *
 * Return: the value, or NULL. The memory stays, but if the entry is deleted meanwhile
 * it may become another one's.
 */
void *mlt_map_find(const struct mlt_map *map, const void *key);

/**
 * mlt_map_add() - enter
 * @map: the table
 * @key: which is not yet in it
 * @value: copied
 *
 * Return: 0, -EEXIST, or -ENOSPC when it is full.
 */
int mlt_map_add(struct mlt_map *map, const void *key, const void *value);

/**
 * mlt_map_set() - enter, or give an entry that is there the new value
 * @map: the table
 * @key: perhaps in it
 * @value: copied
 *
 * Return: 0, or -ENOSPC when it is full.
 */
int mlt_map_set(struct mlt_map *map, const void *key, const void *value);

/**
 * mlt_map_del() - delete
 * @map: the table
 * @key: whose entry is to go
 *
 * Return: 0 or -ENOENT
 */
int mlt_map_del(struct mlt_map *map, const void *key);

/**
 * mlt_map_slot() - what is in a place, of a table from which nothing is ever deleted
 * @map: the table
 * @i: which place, from 0, below @n_slots of the table
 * @key: set to the key
 *
 * Return: the value; NULL if the place is free
 */
void *mlt_map_slot(const struct mlt_map *map, u32 i, const void **key);

/**
 * mlt_map_each() - visit what is in it
 * @map: the table
 * @each: called with key and value, with a bucket's lock held and interrupts off; not 0
 *	deletes the entry
 * @ctx: handed through
 */
void mlt_map_each(struct mlt_map *map, int (*each)(void *ctx, const void *key, void *value),
		  void *ctx);

#endif
