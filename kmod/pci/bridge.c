// SPDX-License-Identifier: GPL-2.0
/*
 * PCI-to-PCI bridges: what the registers of the type 1 header mean (PCI-to-PCI Bridge
 * Architecture 1.2, 3.2.5; PCI Express Base 4.0, 7.5.1.3), a range of configuration space.
 *
 * They say which bus numbers lead behind the bridge, which ports and memory do, and whether
 * what is behind it is in reset. What follows from that is in bus.c. A port's slot is in slot.c.
 */
#include <linux/pci_regs.h>

#include "pci/bridge.h"
#include "pci/config.h"
#include "pci/function.h"
#include "pci/slot.h"

static bool is_in_reset(const struct kvpci_regs *config)
{
	return kvpci_config_u16(config, PCI_BRIDGE_CONTROL) & PCI_BRIDGE_CTL_BUS_RESET;
}

/* Is what is behind the bridge disconnected from it? */
static bool is_cut_off(const struct kvpci_function *function)
{
	return is_in_reset(&function->config) || !kvpci_slot_is_on(function);
}

static u32 bridge_write(struct kvpci_range *range, const struct kvpci_guest_access *access,
			u64 offset, u32 len, const void *val)
{
	struct kvpci_regs *config = &kvpci_range_function(range)->config;
	bool was_in_reset = is_in_reset(config);
	u64 at = range->offset + offset;
	u32 effects = 0;

	kvpci_range_write_regs(range, offset, len, val);
	if (kvpci_overlaps(at, len, PCI_PRIMARY_BUS, 3))
		effects |= KVPCI_EFFECT_BUSES;
	if (kvpci_overlaps(at, len, PCI_IO_BASE, 2) ||
	    kvpci_overlaps(at, len, PCI_MEMORY_BASE, PCI_CAPABILITY_LIST - PCI_MEMORY_BASE))
		effects |= KVPCI_EFFECT_BEHIND;
	if (is_in_reset(config) != was_in_reset)
		effects |= KVPCI_EFFECT_BUSES | KVPCI_EFFECT_BEHIND | KVPCI_EFFECT_SLOT;
	if (is_in_reset(config) && !was_in_reset)
		effects |= KVPCI_EFFECT_BUS_RESET;
	return effects;
}

const struct kvpci_range_ops kvpci_bridge_ops = {
	.name = "bridge",
	.write = bridge_write,
};

/**
 * kvpci_bridge_routes() - which bus numbers lead behind a bridge?
 * @function: the bridge
 * @secondary: where to put the first one, that of the bus behind it
 * @subordinate: where to put the last one
 *
 * Context: any.
 * Return: whether there are any
 */
bool kvpci_bridge_routes(const struct kvpci_function *function, u8 *secondary, u8 *subordinate)
{
	const struct kvpci_regs *config = &function->config;
	u32 buses = kvpci_config_u32(config, PCI_PRIMARY_BUS);

	*secondary = buses >> 8;
	*subordinate = buses >> 16;
	return *secondary && *secondary <= *subordinate && !is_cut_off(function);
}

/* Are @size addresses from @base on within @first to @last? */
static bool is_within(u64 base, u64 size, u64 first, u64 last)
{
	return first <= last && base >= first && base <= last && size - 1 <= last - base;
}

/* The base and limit registers of memory, which are of 16 bits each; the lower 4 are others. */
static u64 memory_base(u32 registers)
{
	return (u64)(registers & 0xfff0) << 16;
}

static u64 memory_last(u32 registers)
{
	return (registers & 0xfff00000) | 0xfffff;
}

static bool forwards_memory(const struct kvpci_regs *config, u64 base, u64 size)
{
	u32 memory = kvpci_config_u32(config, PCI_MEMORY_BASE);
	u32 prefetchable = kvpci_config_u32(config, PCI_PREF_MEMORY_BASE);
	u64 upper_base = kvpci_config_u32(config, PCI_PREF_BASE_UPPER32);
	u64 upper_limit = kvpci_config_u32(config, PCI_PREF_LIMIT_UPPER32);

	return is_within(base, size, memory_base(memory), memory_last(memory)) ||
	       is_within(base, size, upper_base << 32 | memory_base(prefetchable),
			 upper_limit << 32 | memory_last(prefetchable));
}

static bool forwards_io(const struct kvpci_regs *config, u64 base, u64 size)
{
	u16 io = kvpci_config_u16(config, PCI_IO_BASE);

	return is_within(base, size, (io & 0xf0) << 8, (io & 0xf000) | 0xfff);
}

/**
 * kvpci_bridge_is_there() - is what is behind a bridge connected to what is above it?
 * @function: the bridge
 *
 * Context: any.
 * Return: whether it is
 */
bool kvpci_bridge_is_there(const struct kvpci_function *function)
{
	return READ_ONCE(function->plugged) && !is_cut_off(function);
}

/**
 * kvpci_bridge_forwards() - do addresses come through to what is behind a bridge?
 * @function: the bridge
 * @io: they are ports
 * @base: the first one
 * @size: how many
 *
 * Context: any.
 * Return: whether all of them do
 */
bool kvpci_bridge_forwards(const struct kvpci_function *function, bool io, u64 base, u64 size)
{
	const struct kvpci_regs *config = &function->config;
	u16 command = kvpci_config_u16(config, PCI_COMMAND);

	if (!kvpci_bridge_is_there(function))
		return false;
	if (!(command & (io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)))
		return false;

	return io ? forwards_io(config, base, size) : forwards_memory(config, base, size);
}

/**
 * kvpci_bridge_masters() - do messages from behind a bridge come through?
 * @function: the bridge
 *
 * Context: any.
 * Return: whether they do
 */
bool kvpci_bridge_masters(const struct kvpci_function *function)
{
	return kvpci_bridge_is_there(function) &&
	       kvpci_config_u16(&function->config, PCI_COMMAND) & PCI_COMMAND_MASTER;
}
