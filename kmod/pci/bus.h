/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_BUS_H
#define _KVPCI_BUS_H

#include <linux/bitmap.h>
#include <linux/types.h>

struct kvpci_function;
struct kvpci_host;

#define KVPCI_NUM_BUSES		256
#define KVPCI_NUM_DEVFNS	256

/* The number of a bus that no access reaches. */
#define KVPCI_BUS_NONE		0xffff

/**
 * struct kvpci_bus - the functions of one bus
 * @function: the plugged ones, by devfn; written under the host's lock and the lock of mirrors
 * @taken: which devfns have a function, plugged or not; guarded by the host's lock, and looked
 *	at without it by kvpci_buses_route(), which follows a change that matters there
 * @bridge: the function whose secondary bus it is; NULL: it is one of the host bridge's own
 * @index: of it in the host's list of buses; fixed while it is there
 * @number: by which accesses to configuration space reach it, or KVPCI_BUS_NONE; one of the host
 *	bridge's own that has no function has it only in case. Written under the lock of mirrors.
 * @next: what is to become @number; scratch space of kvpci_buses_route(), as is
 * @numbers: of those that go through @bridge, and of none of its own; scratch space of
 *	kvpci_buses_route()
 */
struct kvpci_bus {
	struct kvpci_function __rcu *function[KVPCI_NUM_DEVFNS];
	DECLARE_BITMAP(taken, KVPCI_NUM_DEVFNS);
	struct kvpci_function *bridge;
	u8 index;
	u16 number;
	u16 next;
	DECLARE_BITMAP(numbers, KVPCI_NUM_BUSES);
};

struct kvpci_bus *kvpci_bus_get_own(struct kvpci_host *host, u8 number);
int kvpci_bus_add(struct kvpci_host *host, struct kvpci_bus *bus);
void kvpci_bus_remove(struct kvpci_host *host, struct kvpci_bus *bus);
void kvpci_bus_publish(struct kvpci_host *host, struct kvpci_bus *bus, u8 devfn,
		       struct kvpci_function *function);
struct kvpci_function *kvpci_bus_next(const struct kvpci_host *host, const struct kvpci_bus *top,
				      const struct kvpci_function *prev);
void kvpci_buses_route(struct kvpci_host *host, unsigned long *changed);
bool kvpci_bridges_forward(const struct kvpci_bus *bus, bool io, u64 base, u64 size);
bool kvpci_bridges_master(const struct kvpci_bus *bus);
bool kvpci_bridges_are_there(const struct kvpci_bus *bus);

/**
 * kvpci_bus_forwards() - do addresses come through to a bus?
 * @bus: the bus; NULL: of a function that is on none
 * @io: they are ports
 * @base: the first one
 * @size: how many
 *
 * Context: any in which the functions above can't be freed.
 * Return: whether all of them do
 */
static inline bool kvpci_bus_forwards(const struct kvpci_bus *bus, bool io, u64 base, u64 size)
{
	return !bus || !bus->bridge || kvpci_bridges_forward(bus, io, base, size);
}

/**
 * kvpci_bus_masters() - do messages from a bus come through to the host bridge?
 * @bus: the bus
 *
 * Context: any in which the functions above can't be freed.
 * Return: whether they do
 */
static inline bool kvpci_bus_masters(const struct kvpci_bus *bus)
{
	return !bus->bridge || kvpci_bridges_master(bus);
}

/**
 * kvpci_bus_is_there() - is a guest connected to a bus?
 * @bus: the bus
 *
 * It is not while a bridge above resets its secondary bus, or if one has gone or not come yet.
 *
 * Context: any in which the functions above can't be freed.
 * Return: whether it is
 */
static inline bool kvpci_bus_is_there(const struct kvpci_bus *bus)
{
	return !bus->bridge || kvpci_bridges_are_there(bus);
}

#endif /* _KVPCI_BUS_H */
