/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_MAP_H
#define _VPCI_MAP_H

#include <linux/list.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/**
 * struct vpci_map_node - one naturally aligned range in a map
 * @link: in the bucket of its base and order
 * @base: first address, a multiple of the size
 * @order: log2 of its size
 * @watched: changes of what is found in it are counted; fixed before it is in a map
 * @changes: how many there have been
 * @changed: in the map's list of that name, if watched
 *
 * Written under the map's lock.
 */
struct vpci_map_node {
	struct hlist_node link;
	u64 base;
	u8 order;
	bool watched;
	u64 changes;
	struct list_head changed;
};

/**
 * struct vpci_map - which range does an address belong to?
 * @lock: taken by those who change the map, inside a function's lock
 * @seq: odd while the map is being changed
 * @orders: bit N is set if there are ranges of 2^N bytes
 * @count: how many there are
 * @watched: how many watched ones
 * @changed: watched ones that have changed, for vpci_map_take_changed()
 * @bits: log2 of the number of buckets
 * @buckets: the ranges, hashed by base and order
 */
struct vpci_map {
	spinlock_t lock;	/* changes, see above */
	seqcount_spinlock_t seq;
	u64 orders;
	u32 count[64];
	u32 watched;
	struct list_head changed;
	u8 bits;
	struct hlist_head *buckets;
};

int vpci_map_init(struct vpci_map *map, u8 bits);
void vpci_map_destroy(struct vpci_map *map);
void vpci_map_watch(struct vpci_map_node *node);
bool vpci_map_add(struct vpci_map *map, struct vpci_map_node *node, u64 base,
		  u8 order);
bool vpci_map_move(struct vpci_map *map, struct vpci_map_node *node, u64 base);
bool vpci_map_remove(struct vpci_map *map, struct vpci_map_node *node);
struct vpci_map_node *vpci_map_take_changed(struct vpci_map *map);
struct vpci_map_node *vpci_map_find(struct vpci_map *map, u64 addr,
				    u64 *offset);

#endif /* _VPCI_MAP_H */
