/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_MAP_H
#define _KVPCI_MAP_H

#include <linux/bitops.h>
#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* The highest number of when a range was put somewhere. */
#define KVPCI_MAP_LAST_PLACED	(BIT_ULL(63) - 1)

/* How many hints there may be, as its log2. */
#define KVPCI_MAP_HINT_BITS	7

/**
 * struct kvpci_map_node - one naturally aligned range in a map
 * @link: in the bucket of its base and order
 * @base: first address, a multiple of the size
 * @order: log2 of its size
 * @placed: when it was put there, counted by the map; of one that is not in a map 0, or when it
 *	is to have been put where kvpci_map_add() puts it
 * @watched: the next change of what is found in it is counted, which ends the watch
 * @changes: how many have been counted
 * @changed: in the map's list of that name, or empty
 *
 * Written under the map's lock; @placed of one that is not in a map by who adds it.
 */
struct kvpci_map_node {
	struct hlist_node link;
	u64 base;
	u8 order;
	bool watched;
	u64 placed;
	u64 changes;
	struct list_head changed;
};

/**
 * struct kvpci_map_hint - something in a range that is found by its address alone
 * @addr: where it is; of no meaning unless it is found
 */
struct kvpci_map_hint {
	u64 addr;
};

/**
 * struct kvpci_map - which range does an address belong to?
 * @lock: taken by those who change the map, inside a function's lock
 * @seq: odd while the map is being changed
 * @orders: bit N is set if there are ranges of 2^N bytes
 * @count: how many there are
 * @placed: the highest of all that its ranges have had
 * @watched: how many of its ranges are watched
 * @hinted: how many hints there are
 * @relied_on: both of these, to be looked at as one
 * @changed: ranges that have changed while watched, for kvpci_map_take_changed()
 * @unfollowed: how many such ranges there are for which kvpci_map_followed() is to come; may be
 *	read without the lock by who has changed the map
 * @shift: 64 less the log2 of the number of buckets
 * @buckets: the ranges, hashed by base and order
 * @hint: the hints, hashed by address, one in each place; read without a lock
 */
struct kvpci_map {
	spinlock_t lock;	/* changes, see above */
	seqcount_spinlock_t seq;
	u64 orders;
	u32 count[64];
	u64 placed;
	union {
		struct {
			u32 watched;
			u32 hinted;
		};
		u64 relied_on;
	};
	struct list_head changed;
	u32 unfollowed;
	u8 shift;
	struct hlist_head *buckets;
	struct kvpci_map_hint *hint[1 << KVPCI_MAP_HINT_BITS];
};

/**
 * struct kvpci_map_place - what an address belongs to; two words, returned in registers
 * @node: the range, or NULL
 * @offset: of the address in the range, which may be moving
 */
struct kvpci_map_place {
	struct kvpci_map_node *node;
	u64 offset;
};

int kvpci_map_init(struct kvpci_map *map, u8 bits);
void kvpci_map_destroy(struct kvpci_map *map);
void kvpci_map_node_init(struct kvpci_map_node *node);
u64 kvpci_map_watch(struct kvpci_map *map, struct kvpci_map_node *node);
void kvpci_map_add(struct kvpci_map *map, struct kvpci_map_node *node, u64 base,
		   u8 order);
void kvpci_map_move(struct kvpci_map *map, struct kvpci_map_node *node, u64 base);
void kvpci_map_remove(struct kvpci_map *map, struct kvpci_map_node *node);
struct kvpci_map_node *kvpci_map_take_changed(struct kvpci_map *map);
void kvpci_map_followed(struct kvpci_map *map);
struct kvpci_map_place kvpci_map_find(struct kvpci_map *map, u64 addr);
void kvpci_map_learn(struct kvpci_map *map, struct kvpci_map_place place,
		     struct kvpci_map_hint *hint, u64 addr);
void kvpci_map_forget(struct kvpci_map *map);

static __always_inline struct hlist_head *
kvpci_map_bucket(const struct kvpci_map *map, u64 base, u8 order)
{
	/* hash_64(), with what it makes of the number of bits already done. */
	return &map->buckets[(base | order) * GOLDEN_RATIO_64 >> map->shift];
}

/* Of use only if the map has not changed meanwhile. */
static __always_inline struct kvpci_map_place
kvpci_map_look_up(const struct kvpci_map *map, u64 addr)
{
	u64 orders = READ_ONCE(map->orders);
	struct kvpci_map_node *node;

	for (; orders; orders &= orders - 1) {
		u8 order = __ffs64(orders);
		u64 base = addr >> order << order;

		/* Moves can't wait for RCU readers; the sequence count is for them. */
		hlist_for_each_entry_rcu(node, kvpci_map_bucket(map, base, order),
					 link, true)
			if (READ_ONCE(node->base) == base &&
			    READ_ONCE(node->order) == order)
				return (struct kvpci_map_place) { node, addr - base };
	}

	return (struct kvpci_map_place) {};
}

/**
 * kvpci_map_try_find() - find the range that an address is in, if the map is at rest
 * @map: the map
 * @addr: the address
 * @place: where to put the range and the place of @addr in it, or nothing
 *
 * Inlined, for accesses that are to be cheap.
 *
 * Context: any in which the map's nodes can't be freed.
 * Return: whether the map has not changed meanwhile, so that @place is the answer
 */
static __always_inline bool kvpci_map_try_find(struct kvpci_map *map, u64 addr,
					       struct kvpci_map_place *place)
{
	unsigned int seq = read_seqcount_begin(&map->seq);

	*place = kvpci_map_look_up(map, addr);
	return !read_seqcount_retry(&map->seq, seq);
}

static __always_inline u32 kvpci_map_hint_index(u64 addr)
{
	return addr * GOLDEN_RATIO_64 >> (64 - KVPCI_MAP_HINT_BITS);
}

/**
 * kvpci_map_hint() - find what is at an address, by a hint
 * @map: the map
 * @addr: the address
 *
 * A handful of instructions. What is found is in the range that kvpci_map_find() would find at
 * some time between the call and the return.
 *
 * Context: any in which the hints of @map can't be freed.
 * Return: the hint, or NULL if kvpci_map_find() has to be asked
 */
static __always_inline struct kvpci_map_hint *kvpci_map_hint(const struct kvpci_map *map,
							     u64 addr)
{
	struct kvpci_map_hint *hint = READ_ONCE(map->hint[kvpci_map_hint_index(addr)]);

	return hint && READ_ONCE(hint->addr) == addr ? hint : NULL;
}

/**
 * kvpci_map_has_room() - is there room for a hint?
 * @map: the map
 * @addr: its address
 *
 * Context: any.
 * Return: whether there is; without the map's lock, probably
 */
static inline bool kvpci_map_has_room(const struct kvpci_map *map, u64 addr)
{
	return !READ_ONCE(map->hint[kvpci_map_hint_index(addr)]);
}

#endif /* _KVPCI_MAP_H */
