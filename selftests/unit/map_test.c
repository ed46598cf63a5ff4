// SPDX-License-Identifier: GPL-2.0
/*
 * The map of an address space: random changes against a list that is searched from
 * one end to the other, and look-ups on other threads while ranges move, by hints and without.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "kmod/core/map.h"
#include "unit.h"

#define NR_NODES	64

/* A node, a hint of it, and when it came to where it is: 0 if it is not in the map. */
struct range {
	struct kvpci_map_node node;
	struct kvpci_map_hint hint;
	u64 base;
	u8 order;
	u64 placed;
};

static bool contains(const struct range *range, u64 addr)
{
	return range->placed && addr >> range->order == range->base >> range->order;
}

/* Of those that contain @addr, the smallest, and of these the latest. */
static struct range *model_find(struct range *ranges, u64 addr)
{
	struct range *best = NULL;
	int i;

	for (i = 0; i < NR_NODES; i++) {
		struct range *range = &ranges[i];

		if (!contains(range, addr))
			continue;
		if (!best || range->order < best->order ||
		    (range->order == best->order && range->placed > best->placed))
			best = range;
	}

	return best;
}

/* Leave a hint of where a range has been found. */
static void leave_hint(struct kvpci_map *map, struct kvpci_map_place place, u64 addr)
{
	struct range *range = container_of(place.node, struct range, node);

	spin_lock(&map->lock);
	kvpci_map_learn(map, place, &range->hint, addr);
	spin_unlock(&map->lock);
}

static void expect(struct kvpci_map *map, struct range *ranges, u64 addr)
{
	struct range *wanted = model_find(ranges, addr);
	struct kvpci_map_hint *hint = kvpci_map_hint(map, addr);
	struct kvpci_map_place place = kvpci_map_find(map, addr);
	struct kvpci_map_node *node = place.node;
	u64 offset = place.offset;

	CHECK(!hint || (wanted && hint == &wanted->hint), "0x%llx: a hint of another",
	      (unsigned long long)addr);
	if (node && one_in(2))
		leave_hint(map, place, addr);

	CHECK(node == (wanted ? &wanted->node : NULL),
	      "0x%llx: range %td, not %td", (unsigned long long)addr,
	      node ? (struct range *)node - ranges : -1,
	      wanted ? wanted - ranges : -1);
	CHECK(!wanted || offset == addr - wanted->base,
	      "0x%llx: offset 0x%llx", (unsigned long long)addr,
	      (unsigned long long)offset);
}

/* Few places, so that ranges often overlap and often share one. */
static u64 random_base(u8 order)
{
	u64 base = rnd_below(4) << order;

	if (one_in(4))
		base = rnd_below(8) << 20;
	else if (one_in(4))
		base = rnd();
	return base >> order << order;
}

static u8 random_order(void)
{
	return one_in(4) ? 2 + rnd_below(39) : 12 + rnd_below(3);
}

/* Returns whether there are changes of watched ranges that have not been followed. */
static bool random_change(struct kvpci_map *map, struct range *range, u64 now)
{
	if (!range->placed) {
		range->order = random_order();
		range->base = random_base(range->order);
		range->placed = now;
		kvpci_map_add(map, &range->node, range->base, range->order);
	} else if (one_in(3)) {
		range->placed = 0;
		kvpci_map_remove(map, &range->node);
	} else {
		range->base = random_base(range->order);
		range->placed = now;
		kvpci_map_move(map, &range->node, range->base);
	}

	return map->unfollowed;
}

static void random_changes(u8 bits)
{
	struct range ranges[NR_NODES] = {};
	struct kvpci_map map = {};
	u64 now;
	int i;

	CHECK(!kvpci_map_init(&map, bits), "no memory");
	expect(&map, ranges, rnd());

	for (now = 1; now < 3000; now++) {
		struct range *range = &ranges[rnd_below(NR_NODES)];

		random_change(&map, range, now);
		expect(&map, ranges, range->base);
		expect(&map, ranges, range->base - 1);
		expect(&map, ranges, range->base + (1ULL << range->order) - 1);
		expect(&map, ranges, range->base + (1ULL << range->order));
		for (i = 0; i < 8; i++)
			expect(&map, ranges, ranges[rnd_below(NR_NODES)].base +
					     rnd_below(1 << 14));
		expect(&map, ranges, rnd());
	}

	for (i = 0; i < NR_NODES; i++)
		if (ranges[i].placed)
			kvpci_map_remove(&map, &ranges[i].node);
	memset(ranges, 0, sizeof(ranges));
	for (i = 0; i < 100; i++)
		expect(&map, ranges, i << 12);
	kvpci_map_destroy(&map);
}

/*
 * Ranges that are saved are put into another map in any order, some of which is in use
 * already, and found as they were; those that come later are found first.
 */
static void put_back(void)
{
	struct range ranges[NR_NODES] = {}, again[NR_NODES] = {};
	struct kvpci_map map = {}, other = {};
	int i, from = rnd_below(NR_NODES), step = 2 * rnd_below(NR_NODES / 2) + 1;
	u64 now;

	CHECK(!kvpci_map_init(&map, 3) && !kvpci_map_init(&other, 3), "no memory");
	for (now = 1; now < 500; now++)
		random_change(&map, &ranges[rnd_below(NR_NODES)], now);

	for (i = 0; i < NR_NODES; i++) {
		struct range *was = &ranges[(from + i * step) % NR_NODES];
		struct range *range = &again[was - ranges];

		if (!was->placed)
			continue;
		range->base = was->base;
		range->order = was->order;
		range->placed = was->placed;
		range->node.placed = was->node.placed;
		kvpci_map_add(&other, &range->node, range->base, range->order);
		expect(&other, again, range->base);
	}
	for (i = 0; i < NR_NODES; i++) {
		expect(&other, again, ranges[i].base);
		CHECK(again[i].node.placed == ranges[i].node.placed, "%i came at another time", i);
	}
	for (; now < 1000; now++) {
		struct range *range = &again[rnd_below(NR_NODES)];

		random_change(&other, range, now);
		expect(&other, again, range->base);
		/* Those that came since are later than those that were put back. */
		for (i = 0; i < NR_NODES; i++)
			CHECK(!range->placed || &again[i] == range || !again[i].placed ||
			      again[i].node.placed < range->node.placed,
			      "%i is later than what came last", i);
	}

	for (i = 0; i < NR_NODES; i++) {
		if (ranges[i].placed)
			kvpci_map_remove(&map, &ranges[i].node);
		if (again[i].placed)
			kvpci_map_remove(&other, &again[i].node);
		CHECK(!again[i].node.placed, "%i has gone, and is still there", i);
	}
	kvpci_map_destroy(&map);
	kvpci_map_destroy(&other);
}

static void against_a_list(void)
{
	/* Two buckets, a few, and as many as a host bridge has. */
	random_changes(1);
	random_changes(3);
	random_changes(12);
}

/* A hint is found at its address until the map changes, or all are forgotten. */
static void hints(void)
{
	struct range ranges[2] = {};
	struct kvpci_map map = {};
	struct kvpci_map_place place, past;
	u64 addr = 0x1040;
	int how;

	CHECK(!kvpci_map_init(&map, 3), "no memory");
	kvpci_map_add(&map, &ranges[0].node, 0x1000, 12);
	place = kvpci_map_find(&map, addr);
	past = (struct kvpci_map_place) { place.node, place.offset + 1 };
	for (how = 0; how < 5; how++) {
		CHECK(!kvpci_map_hint(&map, addr), "%d: a hint before there is one", how);
		leave_hint(&map, past, addr);
		CHECK(!kvpci_map_hint(&map, addr), "%d: a hint of what was elsewhere", how);
		leave_hint(&map, place, addr);
		CHECK(kvpci_map_hint(&map, addr) == &ranges[0].hint, "%d: no hint", how);
		CHECK(!kvpci_map_hint(&map, addr + 1), "%d: a hint beside it", how);
		CHECK(!kvpci_map_has_room(&map, addr), "%d: room for two", how);
		/* Whatever comes, moves or goes, wherever that is. */
		switch (how) {
		case 0:
			kvpci_map_add(&map, &ranges[1].node, 0x1000, 8);
			CHECK(kvpci_map_find(&map, addr).node == &ranges[1].node, "not above");
			leave_hint(&map, place, addr);
			break;
		case 1:
			kvpci_map_move(&map, &ranges[0].node, 0x1000);
			break;
		case 2:
			kvpci_map_forget(&map);
			break;
		case 3:
			kvpci_map_remove(&map, &ranges[1].node);
			break;
		case 4:
			kvpci_map_remove(&map, &ranges[0].node);
			leave_hint(&map, place, addr);
		}
		CHECK(!kvpci_map_hint(&map, addr), "%d: a hint of what was", how);
		if (!how)
			kvpci_map_move(&map, &ranges[1].node, 0x2000);
	}
	kvpci_map_destroy(&map);
}

/* Is a range one in which a range that comes to or leaves its place is found? */
static bool is_around(const struct range *around, const struct range *range)
{
	return range->placed && around->placed && range->order <= around->order &&
	       contains(around, range->base);
}

/* The first change since a range was watched is counted if something else may be found there. */
static void watched(void)
{
	struct range ranges[NR_NODES] = {}, before[NR_NODES];
	struct kvpci_map map = {};
	int i, counted = 0, unfollowed = 0;
	u64 now;

	CHECK(!kvpci_map_init(&map, 4), "no memory");
	for (i = 0; i < NR_NODES; i++)
		kvpci_map_node_init(&ranges[i].node);
	CHECK(!kvpci_map_take_changed(&map), "something has changed");

	for (now = 1; now < 5000; now++) {
		int which = rnd_below(NR_NODES), changed = 0;
		bool told;

		for (i = 0; i < NR_NODES; i += 3)
			if (one_in(2))
				kvpci_map_watch(&map, &ranges[i].node);
		memcpy(before, ranges, sizeof(before));
		told = random_change(&map, &ranges[which], now);
		for (i = 0; i < NR_NODES; i++) {
			bool wanted = before[i].node.watched &&
				      (is_around(&before[i], &before[which]) ||
				       is_around(&ranges[i], &ranges[which]));

			changed += wanted;
			CHECK(wanted == (ranges[i].node.changes != before[i].node.changes),
			      "range %d: counted %d, wanted %d", i, !wanted, wanted);
		}
		CHECK(told == (changed || unfollowed), "told %d of %d and %d", told, changed,
		      unfollowed);
		unfollowed += changed;
		counted += changed;
		/* Each is to be had once, however often it has changed. */
		if (one_in(3))
			continue;
		for (; kvpci_map_take_changed(&map); changed--) {
			kvpci_map_followed(&map);
			unfollowed--;
		}
		CHECK(!map.unfollowed, "%u are not followed", map.unfollowed);
		unfollowed = 0;
		CHECK(changed <= 0, "%d are missing", changed);
		CHECK(!kvpci_map_take_changed(&map), "there is another one");
	}
	CHECK(counted > 1000, "only %d changes", counted);

	for (i = 0; i < NR_NODES; i++)
		if (ranges[i].placed)
			kvpci_map_remove(&map, &ranges[i].node);
	while (kvpci_map_take_changed(&map))
		kvpci_map_followed(&map);
	CHECK(!map.watched, "%u left", map.watched);
	kvpci_map_destroy(&map);
}

/* Unused, half set up. */
static void empty(void)
{
	struct kvpci_map map = {};

	kvpci_map_destroy(&map);
}

/*
 * Threads. Range 0 goes to and fro between two places inside range 1, which stays.
 * The others of the first NR_MOVING move about, through the same few buckets; those
 * after them stay where they are.
 */
#define NR_MOVING	8
#define NR_MOVES	100000
#define MOVING_ORDER	12
#define BIG_ORDER	30
#define HERE		(2ULL << BIG_ORDER)
#define THERE		(HERE + (5ULL << MOVING_ORDER))

struct traffic {
	struct kvpci_map map;
	struct range ranges[NR_NODES];
	u64 moves;	/* even: range 0 is here; odd: there; changed around moves */
	bool moving;
	bool stop;
	u64 seed;
	const char *lost;
	u64 looked;
};

static struct range *find(struct traffic *traffic, u64 addr)
{
	struct kvpci_map_hint *hint = kvpci_map_hint(&traffic->map, addr);
	struct kvpci_map_place place;
	struct range *range;
	u64 mask;

	if (hint)
		return container_of(hint, struct range, hint);
	place = kvpci_map_find(&traffic->map, addr);
	range = (struct range *)place.node;
	if (!range)
		return NULL;
	if (kvpci_map_has_room(&traffic->map, addr))
		leave_hint(&traffic->map, place, addr);

	/* The order never changes while a range is in use. */
	mask = (1ULL << range->order) - 1;
	if (place.offset != (addr & mask))
		traffic->lost = "found at a wrong offset";
	return range;
}

/*
 * Range 0 was looked for here, and after that there, while @moves stayed the same: can
 * it be that it was found in these places?
 */
static bool is_possible(u64 moves, bool here, bool there)
{
	switch (moves & 3) {
	case 0:
		return here && !there;
	case 1:				/* on its way there */
		return here || there;
	case 2:
		return !here && there;
	default:			/* on its way back */
		return !(here && there);
	}
}

static void look(struct traffic *traffic, u64 *seed)
{
	struct range *ranges = traffic->ranges;
	struct range *here, *there, *still;
	u64 moves, addr;
	u64 offset = unit_next(seed) & ((1 << MOVING_ORDER) - 1);

	/* So that hints are found, too. */
	if (unit_next(seed) & 1)
		offset &= 1 << (MOVING_ORDER - 1);
	still = &ranges[NR_MOVING + unit_next(seed) % (NR_NODES - NR_MOVING)];
	addr = still->base + (unit_next(seed) & ((1ULL << still->order) - 1));
	if (find(traffic, addr) != still)
		traffic->lost = "a range that stayed was not found";

	moves = __atomic_load_n(&traffic->moves, __ATOMIC_ACQUIRE);
	here = find(traffic, HERE + offset);
	there = find(traffic, THERE + offset);
	if ((here != &ranges[0] && here != &ranges[1]) ||
	    (there != &ranges[0] && there != &ranges[1]))
		traffic->lost = "neither the range that moved nor that below";
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (moves == __atomic_load_n(&traffic->moves, __ATOMIC_RELAXED) &&
	    !is_possible(moves, here == &ranges[0], there == &ranges[0]))
		traffic->lost = "not where the moves put it";
	__atomic_fetch_add(&traffic->looked, 1, __ATOMIC_RELAXED);
}

static void *reader(void *arg)
{
	struct traffic *traffic = arg;
	u64 seed = __atomic_fetch_add(&traffic->seed, 1, __ATOMIC_RELAXED);

	while (!__atomic_load_n(&traffic->stop, __ATOMIC_RELAXED))
		look(traffic, &seed);
	return NULL;
}

/*
 * Let there be a look-up for each move: readers must not wait forever for a moment
 * without one, nor the moves be done before the readers have begun.
 */
static bool keep_pace(struct traffic *traffic, u64 moves)
{
	if (__atomic_load_n(&traffic->looked, __ATOMIC_RELAXED) >= moves)
		return true;

	sched_yield();
	return false;
}

/* Moves the ranges from 2 to NR_MOVING. */
static void *mover(void *arg)
{
	struct traffic *traffic = arg;
	u64 seed = __atomic_fetch_add(&traffic->seed, 1, __ATOMIC_RELAXED);
	u64 moves = 0;

	while (!__atomic_load_n(&traffic->stop, __ATOMIC_RELAXED)) {
		u64 n = unit_next(&seed) % (NR_MOVING - 2);

		if (!keep_pace(traffic, moves))
			continue;
		moves++;
		kvpci_map_move(&traffic->map, &traffic->ranges[2 + n].node,
			       (1ULL << 40) + ((unit_next(&seed) % 64) << 12));
	}
	return NULL;
}

static void shuttle(struct traffic *traffic)
{
	u64 moves;

	for (moves = 0; moves < 2 * NR_MOVES; moves += 2) {
		/* Odd while it moves; bit 1 says where it is after that. */
		__atomic_store_n(&traffic->moves, moves + 1, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		kvpci_map_move(&traffic->map, &traffic->ranges[0].node,
			       moves & 2 ? HERE : THERE);
		__atomic_store_n(&traffic->moves, moves + 2, __ATOMIC_RELEASE);
		while (!keep_pace(traffic, moves / 2))
			;
	}
}

static void place(struct traffic *traffic, int i, u64 base, u8 order)
{
	struct range *range = &traffic->ranges[i];

	range->base = base;
	range->order = order;
	range->placed = 1;
	kvpci_map_add(&traffic->map, &range->node, base, order);
}

static void moving_under_readers(u8 bits)
{
	struct traffic traffic = { .seed = rnd() };
	pthread_t threads[3];
	int i;

	CHECK(!kvpci_map_init(&traffic.map, bits), "no memory");
	place(&traffic, 0, HERE, MOVING_ORDER);
	place(&traffic, 1, HERE, BIG_ORDER);
	for (i = 2; i < NR_MOVING; i++)
		place(&traffic, i, (1ULL << 40) + ((u64)i << 12), MOVING_ORDER);
	for (; i < NR_NODES; i++)
		place(&traffic, i, (u64)i << 32, i & 1 ? MOVING_ORDER : 20);

	unit_pauses = true;
	pthread_create(&threads[0], NULL, reader, &traffic);
	pthread_create(&threads[1], NULL, reader, &traffic);
	pthread_create(&threads[2], NULL, mover, &traffic);
	shuttle(&traffic);
	__atomic_store_n(&traffic.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	unit_pauses = false;

	kvpci_map_destroy(&traffic.map);
	CHECK(!traffic.lost, "%s", traffic.lost);
}

static void readers_and_two_buckets(void)
{
	moving_under_readers(1);
}

static void readers_and_many_buckets(void)
{
	moving_under_readers(4);
}

const struct unit_test map_tests[] = {
	{ "map.empty", empty },
	{ "map.against_a_list", against_a_list },
	{ "map.put_back", put_back },
	{ "map.hints", hints },
	{ "map.watched", watched },
	{ "map.readers_and_two_buckets", readers_and_two_buckets },
	{ "map.readers_and_many_buckets", readers_and_many_buckets },
	{}
};
