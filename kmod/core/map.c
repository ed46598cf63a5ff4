// SPDX-License-Identifier: GPL-2.0
/*
 * The map of an address space, memory or ports: from an address to the BAR there.
 *
 * A BAR is 2^N bytes long and lies at a multiple of that, so base and order name its
 * place, and the map is a hash table of those. A look-up asks for each order that
 * is in use, smallest first: a handful of probes, however many BARs there are.
 * Moving a BAR is taking a node out of one bucket and putting it into another: no
 * memory is allocated and nothing is waited for, so that it can be done from a
 * guest's write.
 *
 * Look-ups take no lock. A sequence count around each change makes them start over
 * if they ran into one, so that a BAR is found at its old place or at its new one. After
 * a few such encounters a look-up takes the lock. A node that is moved under a look-up
 * leads it into another bucket; no answer of that walk is used.
 *
 * Where ranges overlap, the smallest is found; of equal ones, that which was put
 * there last, so that those of a bucket are in that order. A range may be put where it has
 * been before the ranges were saved: it then keeps its place among them.
 *
 * Someone may rely on what is found in a range, as mirrors do. A range that is watched
 * counts the first change of that: when it comes, moves or goes, or when another one does
 * that is not larger and lies in it. Who makes the change is told to have it followed, and
 * so is whoever changes anything before that has been done, since he may rely on it too.
 *
 * Of what is looked for again and again, such as doorbells, who has found it may leave a hint,
 * by which it is found without a look-up until the map changes: any change takes all hints away,
 * under the lock, so that nothing is left that it could have made wrong. A place that has a hint
 * keeps it until then, lest two addresses that share one have those who want either take the lock
 * each time.
 *
 * A node may be freed once no look-up that could have found it is running; that is
 * up to those who call this. So may a hint, after kvpci_map_forget().
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "core/map.h"

#define MAX_TRIES	4

/**
 * kvpci_map_init() - make an empty map
 * @map: the map
 * @bits: log2 of the number of buckets
 *
 * Return: 0 or -ENOMEM
 */
int kvpci_map_init(struct kvpci_map *map, u8 bits)
{
	map->buckets = kvcalloc(1U << bits, sizeof(*map->buckets),
				GFP_KERNEL_ACCOUNT);
	if (!map->buckets)
		return -ENOMEM;

	map->shift = 64 - bits;
	INIT_LIST_HEAD(&map->changed);
	spin_lock_init(&map->lock);
	seqcount_spinlock_init(&map->seq, &map->lock);
	return 0;
}

/**
 * kvpci_map_destroy() - free an empty map
 * @map: the map, or one that is all zero
 */
void kvpci_map_destroy(struct kvpci_map *map)
{
	kvfree(map->buckets);
}

/**
 * kvpci_map_node_init() - initialise a range that is not in a map
 * @node: the range, all zeroes
 */
void kvpci_map_node_init(struct kvpci_map_node *node)
{
	INIT_LIST_HEAD(&node->changed);
}

/**
 * kvpci_map_watch() - have the next change of what is found in a range counted
 * @map: the map
 * @node: the range, which need not be in @map at present, and is in no other
 *
 * Context: process; any lock that is outside @map->lock may be held.
 * Return: how many changes have been counted, of which the next one is none
 */
u64 kvpci_map_watch(struct kvpci_map *map, struct kvpci_map_node *node)
{
	u64 changes;

	spin_lock(&map->lock);
	if (!node->watched && !hlist_unhashed(&node->link))
		map->watched++;
	node->watched = true;
	changes = node->changes;
	spin_unlock(&map->lock);
	return changes;
}

/* Something changes at @base that is not larger than the ranges around it. */
static void count_watched(struct kvpci_map *map, u64 base, u8 order)
{
	u64 orders = map->orders & ~(BIT_ULL(order) - 1);
	struct kvpci_map_node *node;

	for (; orders; orders &= orders - 1) {
		u8 o = __ffs64(orders);
		u64 b = base & ~(BIT_ULL(o) - 1);

		hlist_for_each_entry(node, kvpci_map_bucket(map, b, o), link) {
			if (!node->watched || node->base != b || node->order != o)
				continue;
			WRITE_ONCE(node->changes, node->changes + 1);
			node->watched = false;
			map->watched--;
			if (list_empty(&node->changed)) {
				list_add_tail(&node->changed, &map->changed);
				WRITE_ONCE(map->unfollowed, map->unfollowed + 1);
			}
		}
	}
}

static void forget_hints(struct kvpci_map *map)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(map->hint); i++)
		WRITE_ONCE(map->hint[i], NULL);
	map->hinted = 0;
}

/* What count_change() does where someone relies on something in the map. */
static noinline void change_relied_on(struct kvpci_map *map, u64 base, u8 order)
{
	if (map->hinted)
		forget_hints(map);
	if (map->watched)
		count_watched(map, base, order);
}

static void count_change(struct kvpci_map *map, u64 base, u8 order)
{
	if (unlikely(map->relied_on))
		change_relied_on(map, base, order);
}

/**
 * kvpci_map_take_changed() - get a range that has changed while it was watched
 * @map: the map
 *
 * Context: process; any lock that is outside @map->lock may be held.
 * Return: the range, which may have left the map, once for all its changes so far, for
 * kvpci_map_followed(); or NULL
 */
struct kvpci_map_node *kvpci_map_take_changed(struct kvpci_map *map)
{
	struct kvpci_map_node *node;

	spin_lock(&map->lock);
	node = list_first_entry_or_null(&map->changed, struct kvpci_map_node, changed);
	if (node)
		list_del_init(&node->changed);
	spin_unlock(&map->lock);
	return node;
}

/**
 * kvpci_map_followed() - a change has been followed
 * @map: the map, of which kvpci_map_take_changed() has returned a range
 *
 * Context: as kvpci_map_take_changed().
 */
void kvpci_map_followed(struct kvpci_map *map)
{
	spin_lock(&map->lock);
	WRITE_ONCE(map->unfollowed, map->unfollowed - 1);
	spin_unlock(&map->lock);
}

/*
 * Put a range before all others in its bucket. The count stops where it ends, as it does if that
 * has been put into it: what is restored is to be no more than what is saved.
 */
static void link_node(struct kvpci_map *map, struct kvpci_map_node *node, u64 base)
{
	if (map->placed < KVPCI_MAP_LAST_PLACED)
		map->placed++;
	node->placed = map->placed;
	WRITE_ONCE(node->base, base);
	hlist_add_head_rcu(&node->link, kvpci_map_bucket(map, base, node->order));
}

/* Put it behind those that are at the same place, but came later. */
static void link_node_again(struct kvpci_map *map, struct kvpci_map_node *node, u64 base)
{
	struct hlist_head *bucket = kvpci_map_bucket(map, base, node->order);
	struct kvpci_map_node *other, *behind = NULL;

	hlist_for_each_entry(other, bucket, link)
		if (other->base == base && other->order == node->order &&
		    other->placed > node->placed)
			behind = other;

	map->placed = max(map->placed, node->placed);
	WRITE_ONCE(node->base, base);
	if (behind)
		hlist_add_behind_rcu(&node->link, &behind->link);
	else
		hlist_add_head_rcu(&node->link, bucket);
}

/**
 * kvpci_map_add() - put a range into the map
 * @map: the map
 * @node: the range, which is not in a map
 * @base: its first address, a multiple of its size
 * @order: log2 of its size
 *
 * With @node->placed it is as if it had been put there then.
 *
 * Context: process; any lock that is outside @map->lock may be held.
 */
void kvpci_map_add(struct kvpci_map *map, struct kvpci_map_node *node, u64 base,
		   u8 order)
{
	spin_lock(&map->lock);
	write_seqcount_begin(&map->seq);
	WRITE_ONCE(node->order, order);
	if (node->placed)
		link_node_again(map, node, base);
	else
		link_node(map, node, base);
	if (!map->count[order]++)
		WRITE_ONCE(map->orders, map->orders | BIT_ULL(order));
	map->watched += node->watched;
	/* Before anyone finds it: no hint of what was there is to be found after that. */
	count_change(map, base, order);
	write_seqcount_end(&map->seq);
	spin_unlock(&map->lock);
}

/**
 * kvpci_map_move() - move a range within the map
 * @map: the map
 * @node: the range, which is in @map
 * @base: its new first address
 *
 * Context: as kvpci_map_add().
 */
void kvpci_map_move(struct kvpci_map *map, struct kvpci_map_node *node, u64 base)
{
	u64 old = node->base;

	spin_lock(&map->lock);
	write_seqcount_begin(&map->seq);
	hlist_del_rcu(&node->link);
	link_node(map, node, base);
	/* As in kvpci_map_add(). */
	count_change(map, old, node->order);
	count_change(map, base, node->order);
	write_seqcount_end(&map->seq);
	spin_unlock(&map->lock);
}

/**
 * kvpci_map_remove() - take a range out of the map
 * @map: the map
 * @node: the range, which is in @map
 *
 * Context: as kvpci_map_add().
 */
void kvpci_map_remove(struct kvpci_map *map, struct kvpci_map_node *node)
{
	spin_lock(&map->lock);
	/* Before it leaves, so that it counts its own going. */
	count_change(map, node->base, node->order);
	map->watched -= node->watched;
	write_seqcount_begin(&map->seq);
	hlist_del_init_rcu(&node->link);
	node->placed = 0;
	if (!--map->count[node->order])
		WRITE_ONCE(map->orders, map->orders & ~BIT_ULL(node->order));
	write_seqcount_end(&map->seq);
	spin_unlock(&map->lock);
}

/**
 * kvpci_map_find() - find the range that an address is in
 * @map: the map
 * @addr: the address
 *
 * Context: any in which the map's nodes can't be freed.
 * Return: the range and the place of @addr in it, or nothing
 */
struct kvpci_map_place kvpci_map_find(struct kvpci_map *map, u64 addr)
{
	struct kvpci_map_place place;
	int tries;

	for (tries = 0; tries < MAX_TRIES; tries++)
		if (kvpci_map_try_find(map, addr, &place))
			return place;

	spin_lock(&map->lock);
	place = kvpci_map_look_up(map, addr);
	spin_unlock(&map->lock);
	return place;
}

/**
 * kvpci_map_learn() - leave a hint of something
 * @map: the map
 * @place: where it is, as it has been found
 * @hint: its hint, in @map or none
 * @addr: the address by which it has been found
 *
 * Nothing is done if the map has changed meanwhile, or has no room for it.
 *
 * Context: the caller holds @map->lock, and the hint is not about to be freed: who does that
 * calls kvpci_map_forget() first.
 */
void kvpci_map_learn(struct kvpci_map *map, struct kvpci_map_place place,
		     struct kvpci_map_hint *hint, u64 addr)
{
	struct kvpci_map_place now;

	lockdep_assert_held(&map->lock);
	now = kvpci_map_look_up(map, addr);
	if (!kvpci_map_has_room(map, addr) || now.node != place.node ||
	    now.offset != place.offset)
		return;

	/* In no place, or there still for one who is about to see that this is another address. */
	WRITE_ONCE(hint->addr, addr);
	/* Who finds it reads its address, and what it is a hint of. */
	smp_store_release(&map->hint[kvpci_map_hint_index(addr)], hint);
	map->hinted++;
}

/**
 * kvpci_map_forget() - take all hints away
 * @map: the map
 *
 * Context: process; any lock that is outside @map->lock may be held.
 */
void kvpci_map_forget(struct kvpci_map *map)
{
	spin_lock(&map->lock);
	forget_hints(map);
	spin_unlock(&map->lock);
}
