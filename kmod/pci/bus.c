// SPDX-License-Identifier: GPL-2.0
/*
 * Buses: which functions are on them, by which numbers the guest reaches them, and what
 * comes through the bridges above them.
 *
 * A bus is one of the host bridge's own, whose number is fixed, or it is the secondary bus of
 * a bridge, whose number the guest chooses. What a guest does by a bus number goes down from
 * the host bridge as in hardware: on each bus the first bridge takes it whose secondary to
 * subordinate bus numbers it is among; if it is the secondary one, it is for that bus, else it
 * goes on. The host has this worked out, as a table of buses by number, after each write that
 * can change it. Whatever the guest writes, each number leads to one bus or to none, and each
 * bus is looked at once.
 *
 * A BAR behind bridges decodes if all of it is in a window of each bridge above it.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "pci/bridge.h"
#include "pci/bus.h"
#include "pci/function.h"
#include "pci/host.h"

/* Is no function on it, plugged or not? */
static bool bus_is_empty(const struct kvpci_bus *bus)
{
	return bitmap_empty(bus->taken, KVPCI_NUM_DEVFNS);
}

/* A bus of the host's own with that number, or else one that is empty, which gets it; or NULL. */
static struct kvpci_bus *find_own(struct kvpci_host *host, u8 number)
{
	struct kvpci_bus *bus, *empty = NULL;
	u32 i;

	for (i = 0; i < KVPCI_NUM_BUSES; i++) {
		bus = kvpci_host_dereference(host, host->bus[i]);
		if (!bus || bus->bridge)
			continue;
		if (bus->number == number)
			return bus;
		if (bus_is_empty(bus))
			empty = bus;
	}
	if (!empty)
		return NULL;

	mutex_lock(&host->mirror_lock);
	WRITE_ONCE(empty->number, number);
	mutex_unlock(&host->mirror_lock);
	return empty;
}

/**
 * kvpci_bus_get_own() - get a bus of the host bridge's own
 * @host: the host bridge
 * @number: its number
 *
 * Its number leads there from when it has a function, see kvpci_buses_route(): until then
 * a guest may have given it to a bridge.
 *
 * Context: process; the caller holds the host's lock.
 * Return: the bus, which stays as long as the host; -ENOMEM, or -ENOSPC if there are too many
 */
struct kvpci_bus *kvpci_bus_get_own(struct kvpci_host *host, u8 number)
{
	struct kvpci_bus *bus = find_own(host, number);
	int ret;

	if (bus)
		return bus;

	bus = kzalloc(sizeof(*bus), GFP_KERNEL_ACCOUNT);
	if (!bus)
		return ERR_PTR(-ENOMEM);

	bus->number = number;
	ret = kvpci_bus_add(host, bus);
	if (ret) {
		kfree(bus);
		return ERR_PTR(ret);
	}
	return bus;
}

/**
 * kvpci_bus_add() - give a bus its place in the host's list
 * @host: the host bridge
 * @bus: the bus, with @bridge and @number set
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0, or -ENOSPC if there are too many
 */
int kvpci_bus_add(struct kvpci_host *host, struct kvpci_bus *bus)
{
	u32 i;

	for (i = 0; i < KVPCI_NUM_BUSES; i++)
		if (!kvpci_host_dereference(host, host->bus[i]))
			break;
	if (i == KVPCI_NUM_BUSES)
		return -ENOSPC;

	bus->index = i;
	mutex_lock(&host->mirror_lock);
	rcu_assign_pointer(host->bus[i], bus);
	mutex_unlock(&host->mirror_lock);
	return 0;
}

/**
 * kvpci_bus_remove() - take a bus out of the host's list
 * @host: the host bridge
 * @bus: the bus, which has no function and no number
 *
 * Context: process; the caller holds the host's lock, and waits for readers.
 */
void kvpci_bus_remove(struct kvpci_host *host, struct kvpci_bus *bus)
{
	lockdep_assert_held(&host->lock);
	mutex_lock(&host->mirror_lock);
	rcu_assign_pointer(host->bus[bus->index], NULL);
	mutex_unlock(&host->mirror_lock);
}

/**
 * kvpci_bus_publish() - say which function guest accesses find at a place
 * @host: the host bridge
 * @bus: the bus
 * @devfn: device and function number, which is taken
 * @function: the function, or NULL
 *
 * Context: process; the caller holds the host's lock and the lock of mirrors.
 */
void kvpci_bus_publish(struct kvpci_host *host, struct kvpci_bus *bus, u8 devfn,
		       struct kvpci_function *function)
{
	lockdep_assert_held(&host->lock);
	lockdep_assert_held(&host->mirror_lock);
	rcu_assign_pointer(bus->function[devfn], function);
}

/* Can no bus and no function be freed here? */
static bool bus_is_stable(const struct kvpci_host *host)
{
	return lockdep_is_held(&host->lock) || lockdep_is_held(&host->mirror_lock) ||
	       kvpci_kvm_read_lock_held(host->kvm);
}

#define bus_dereference(host, p)	rcu_dereference_check(p, bus_is_stable(host))

/* The first plugged function of a bus from @devfn on, or NULL. */
static struct kvpci_function *bus_next(const struct kvpci_host *host, const struct kvpci_bus *bus,
				       u32 devfn)
{
	struct kvpci_function *function;

	for (; devfn < KVPCI_NUM_DEVFNS; devfn++) {
		function = bus_dereference(host, bus->function[devfn]);
		if (function)
			return function;
	}

	return NULL;
}

/**
 * kvpci_bus_next() - go through all plugged functions behind a bridge
 * @host: the host bridge
 * @top: the bridge's secondary bus
 * @prev: the function that was the last one; NULL: begin
 *
 * A bridge comes before what is behind it.
 *
 * Context: the caller holds the host's lock or the lock of mirrors, or this is a callback of a
 * claim.
 * Return: the next function, or NULL
 */
struct kvpci_function *kvpci_bus_next(const struct kvpci_host *host, const struct kvpci_bus *top,
				      const struct kvpci_function *prev)
{
	const struct kvpci_bus *bus = top;
	struct kvpci_function *next;
	u32 devfn = 0;

	if (prev) {
		bus = prev->bridge ? &prev->bridge->bus : prev->bus;
		devfn = prev->bridge ? 0 : prev->devfn + 1;
	}

	while (!(next = bus_next(host, bus, devfn)) && bus != top) {
		devfn = bus->bridge->devfn + 1;
		bus = bus->bridge->bus;
	}
	return next;
}

/* Give bus numbers out of @left to what is behind the bridges of @bus. */
static void route_bridges(struct kvpci_host *host, const struct kvpci_bus *bus,
			  unsigned long *left)
{
	struct kvpci_function *function = NULL;
	u32 devfn = 0;

	for (; (function = bus_next(host, bus, devfn)); devfn = function->devfn + 1) {
		struct kvpci_bus *behind;
		u8 secondary, subordinate;

		if (!function->bridge)
			continue;
		behind = &function->bridge->bus;
		bitmap_zero(behind->numbers, KVPCI_NUM_BUSES);
		if (!kvpci_bridge_routes(function, &secondary, &subordinate))
			continue;
		bitmap_set(behind->numbers, secondary, subordinate - secondary + 1);
		bitmap_and(behind->numbers, behind->numbers, left, KVPCI_NUM_BUSES);
		bitmap_andnot(left, left, behind->numbers, KVPCI_NUM_BUSES);
		if (__test_and_clear_bit(secondary, behind->numbers))
			behind->next = secondary;
	}
}

/* Find out the next number of each bus. */
static void number_buses(struct kvpci_host *host)
{
	DECLARE_BITMAP(left, KVPCI_NUM_BUSES);
	struct kvpci_function *function;
	struct kvpci_bus *bus;
	u32 i;

	bitmap_zero(left, KVPCI_NUM_BUSES);
	bitmap_set(left, host->first_bus, host->last_bus - host->first_bus + 1);
	for (i = 0; i < KVPCI_NUM_BUSES; i++) {
		bus = bus_dereference(host, host->bus[i]);
		if (!bus)
			continue;
		bus->next = KVPCI_BUS_NONE;
		if (!bus->bridge && !bus_is_empty(bus)) {
			bus->next = bus->number;
			__clear_bit(bus->number, left);
		}
	}

	for (i = 0; i < KVPCI_NUM_BUSES; i++) {
		bus = bus_dereference(host, host->bus[i]);
		if (!bus || bus->bridge)
			continue;
		route_bridges(host, bus, left);
		for (function = kvpci_bus_next(host, bus, NULL); function;
		     function = kvpci_bus_next(host, bus, function))
			if (function->bridge)
				route_bridges(host, &function->bridge->bus,
					      function->bridge->bus.numbers);
	}
}

/* A bridge's bus has another number: messages have another requester. */
static void renumber_bus(struct kvpci_host *host, struct kvpci_bus *bus)
{
	struct kvpci_function *function;
	u32 devfn = 0;

	WRITE_ONCE(bus->number, bus->next);
	for (; (function = bus_next(host, bus, devfn)); devfn = function->devfn + 1)
		kvpci_interrupts_renumbered(&function->interrupts);
}

/**
 * kvpci_buses_route() - work out which bus each number leads to
 * @host: the host bridge
 * @changed: a bit for each number, set if it leads to another bus than before
 *
 * Context: process; the caller holds the lock of mirrors, and, if this is no callback of a claim,
 * the host's.
 */
void kvpci_buses_route(struct kvpci_host *host, unsigned long *changed)
{
	struct kvpci_bus *bus;
	u32 i;

	lockdep_assert_held(&host->mirror_lock);
	number_buses(host);

	bitmap_zero(changed, KVPCI_NUM_BUSES);
	for (i = 0; i < KVPCI_NUM_BUSES; i++) {
		bus = bus_dereference(host, host->route[i]);
		if (!bus || bus->next == i)
			continue;
		rcu_assign_pointer(host->route[i], NULL);
		__set_bit(i, changed);
	}
	for (i = 0; i < KVPCI_NUM_BUSES; i++) {
		bus = bus_dereference(host, host->bus[i]);
		if (!bus)
			continue;
		if (bus->bridge && bus->number != bus->next)
			renumber_bus(host, bus);
		if (bus->next == KVPCI_BUS_NONE ||
		    bus == bus_dereference(host, host->route[bus->next]))
			continue;
		rcu_assign_pointer(host->route[bus->next], bus);
		__set_bit(bus->next, changed);
	}
}

/**
 * kvpci_bridges_forward() - do addresses come through all bridges above a bus?
 * @bus: the bus
 * @io: they are ports
 * @base: the first one
 * @size: how many
 *
 * Context: as kvpci_bus_forwards().
 * Return: whether all of them do
 */
bool kvpci_bridges_forward(const struct kvpci_bus *bus, bool io, u64 base, u64 size)
{
	for (; bus->bridge; bus = bus->bridge->bus)
		if (!kvpci_bridge_forwards(bus->bridge, io, base, size))
			return false;

	return true;
}

/**
 * kvpci_bridges_master() - are all bridges above a bus masters?
 * @bus: the bus
 *
 * Context: as kvpci_bus_masters().
 * Return: whether they are
 */
bool kvpci_bridges_master(const struct kvpci_bus *bus)
{
	for (; bus->bridge; bus = bus->bridge->bus)
		if (!kvpci_bridge_masters(bus->bridge))
			return false;

	return true;
}

/**
 * kvpci_bridges_are_there() - are all bridges above a bus plugged, and none in reset?
 * @bus: the bus
 *
 * Context: as kvpci_bus_is_there().
 * Return: whether it is so
 */
bool kvpci_bridges_are_there(const struct kvpci_bus *bus)
{
	for (; bus->bridge; bus = bus->bridge->bus)
		if (!kvpci_bridge_is_there(bus->bridge))
			return false;

	return true;
}
