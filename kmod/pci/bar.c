// SPDX-License-Identifier: GPL-2.0
/*
 * Base address registers and the expansion ROM's (PCI Local Bus 3.0, 6.2.5).
 *
 * Sizing needs no code: the bits of a BAR below its size are simply not writable.
 * Where a BAR decodes follows from configuration space alone, that is, from its
 * registers, the command register and, for the ROM, its enable bit. After a write
 * that touches one of those, the BAR's place in the map of its address space is
 * brought in line.
 *
 * Each write counts at once, as it does in hardware. So a 64-bit BAR, whose registers a
 * guest writes one after the other, or in parts, is at addresses made of old parts and
 * new ones in between if it decodes meanwhile: to wait for the rest would need to know
 * which write is the last, and there is no telling. Guests disable decode for this. At an
 * address that no guest has, such as one of all ones, it is nowhere.
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/pci_regs.h>
#include <linux/string.h>

#include "pci/bar.h"
#include "pci/bus.h"
#include "pci/config.h"
#include "trace.h"

static u32 bar_register(u8 index)
{
	return index == KVPCI_BAR_ROM ? PCI_ROM_ADDRESS :
					PCI_BASE_ADDRESS_0 + 4 * index;
}

static bool bar_is_valid(const struct kvpci_bar *bar, u8 index)
{
	u64 min = 16, max = 1ULL << 31;

	if (bar->flags & ~KVPCI_BAR_FLAGS || bar->pad)
		return false;
	if (!bar->size)
		return !bar->flags;

	if (bar->flags & KVPCI_BAR_IO) {
		if (bar->flags != KVPCI_BAR_IO)
			return false;
		min = 4;
		max = 1 << 15;
	} else if (bar->flags & KVPCI_BAR_64BIT) {
		if (index == KVPCI_NUM_BARS - 1)
			return false;
		max = 1ULL << 40;
	}

	return is_power_of_2(bar->size) && bar->size >= min && bar->size <= max;
}

static void init_register(struct kvpci_regs *config, u32 offset, u32 value,
			  u32 writable)
{
	memcpy(config->value + offset, &value, sizeof(value));
	memcpy(config->writable + offset, &writable, sizeof(writable));
}

static void init_bar(struct kvpci_regs *config, const struct kvpci_bar *bar,
		     u8 index)
{
	u64 address_bits = ~(bar->size - 1);
	u32 reg = bar_register(index);

	if (bar->flags & KVPCI_BAR_IO) {
		init_register(config, reg, PCI_BASE_ADDRESS_SPACE_IO,
			      address_bits);
		return;
	}

	init_register(config, reg,
		      (bar->flags & KVPCI_BAR_64BIT ?
		       PCI_BASE_ADDRESS_MEM_TYPE_64 : 0) |
		      (bar->flags & KVPCI_BAR_PREFETCH ?
		       PCI_BASE_ADDRESS_MEM_PREFETCH : 0),
		      address_bits);
	if (bar->flags & KVPCI_BAR_64BIT)
		init_register(config, reg + 4, 0, address_bits >> 32);
}

/**
 * kvpci_bars_init() - fill in the BARs of configuration space
 * @config: configuration space
 * @desc: the function's description
 *
 * Return: 0, or -EINVAL for BARs that the uapi does not allow
 */
int kvpci_bars_init(struct kvpci_regs *config,
		    const struct kvpci_function_config *desc)
{
	bool upper_half = false;
	u8 i;

	for (i = 0; i < KVPCI_NUM_BARS; i++) {
		const struct kvpci_bar *bar = &desc->bars[i];

		if (!bar_is_valid(bar, i) || (upper_half && bar->size))
			return -EINVAL;
		if (bar->size)
			init_bar(config, bar, i);
		upper_half = bar->flags & KVPCI_BAR_64BIT;
	}

	if (desc->rom_size) {
		if (!is_power_of_2(desc->rom_size) || desc->rom_size < 2048 ||
		    desc->rom_size > 1 << 24)
			return -EINVAL;
		init_register(config, PCI_ROM_ADDRESS, 0,
			      ~(desc->rom_size - 1) | PCI_ROM_ADDRESS_ENABLE);
	}

	return 0;
}

/**
 * kvpci_bars_find() - find one of a function's BARs
 * @bars: the BARs
 * @index: any number
 *
 * Context: any.
 * Return: the one of that index, or NULL if there is none
 */
struct kvpci_function_bar *kvpci_bars_find(const struct kvpci_bars *bars, u32 index)
{
	u8 i;

	for (i = 0; i < bars->nr; i++)
		if (bars->bar[i].index == index)
			return &bars->bar[i];

	return NULL;
}

/* The address that a BAR's registers hold. */
static u64 bar_address(const struct kvpci_regs *config, const struct kvpci_function_bar *bar)
{
	u32 reg = bar_register(bar->index);
	u64 address = kvpci_config_u32(config, reg);

	if (bar->flags & KVPCI_BAR_64BIT)
		address |= (u64)kvpci_config_u32(config, reg + 4) << 32;

	return address & ~(bar->space.size - 1);
}

/* Does a BAR answer accesses? */
static bool bar_decodes(const struct kvpci_regs *config, const struct kvpci_function_bar *bar)
{
	u16 command = kvpci_config_u16(config, PCI_COMMAND);

	if (bar->flags & KVPCI_BAR_IO)
		return command & PCI_COMMAND_IO;
	if (!(command & PCI_COMMAND_MEMORY))
		return false;
	if (bar->index != KVPCI_BAR_ROM)
		return true;

	return kvpci_config_u32(config, PCI_ROM_ADDRESS) & PCI_ROM_ADDRESS_ENABLE;
}

static void bar_unmap(struct kvpci_function_bar *bar)
{
	if (!bar->mapped)
		return;

	trace_kvpci_bar_unmap(bar, bar->node.base);
	bar->mapped = false;
	kvpci_map_remove(bar->map, &bar->node);
}

/* Is it anywhere, if the bridges above let addresses through? */
static bool bar_is_placed(const struct kvpci_regs *config, const struct kvpci_function_bar *bar)
{
	return bar_decodes(config, bar) && bar_address(config, bar) < KVPCI_ADDRESS_LIMIT;
}

/* Bring @bar in line with @config and with the bridges above @bus. */
static void bar_update(const struct kvpci_regs *config, const struct kvpci_bus *bus,
		       struct kvpci_function_bar *bar)
{
	u64 address;

	if (!bar_is_placed(config, bar)) {
		/* Where bridges have kept it from going back to it has been for the last time. */
		if (!bar->mapped)
			bar->node.placed = 0;
		bar_unmap(bar);
		return;
	}

	address = bar_address(config, bar);
	if (!kvpci_bus_forwards(bus, bar->flags & KVPCI_BAR_IO, address, bar->space.size)) {
		bar_unmap(bar);
	} else if (!bar->mapped) {
		trace_kvpci_bar_map(bar, address);
		bar->mapped = true;
		kvpci_map_add(bar->map, &bar->node, address, ilog2(bar->space.size));
	} else if (address != bar->node.base) {
		trace_kvpci_bar_map(bar, address);
		kvpci_map_move(bar->map, &bar->node, address);
	}
}

/**
 * kvpci_bars_map() - have BARs decode or not, as configuration space says
 * @config: configuration space
 * @bars: the function's BARs
 *
 * Context: process; the caller holds the function's lock.
 */
void kvpci_bars_map(const struct kvpci_regs *config, const struct kvpci_bars *bars)
{
	u8 i;

	for (i = 0; i < bars->nr; i++)
		bar_update(config, bars->bus, &bars->bar[i]);
}

/**
 * kvpci_bars_unmap() - let none of them decode
 * @bars: the function's BARs
 *
 * Context: process; the caller holds the function's lock.
 */
void kvpci_bars_unmap(const struct kvpci_bars *bars)
{
	u8 i;

	for (i = 0; i < bars->nr; i++)
		bar_unmap(&bars->bar[i]);
}

/**
 * kvpci_bars_get_placed() - say when BARs came to where they decode
 * @bars: the function's BARs
 * @state: where to, all zeroes
 *
 * Context: any; the caller holds the function's lock.
 */
void kvpci_bars_get_placed(const struct kvpci_bars *bars, struct kvpci_state_bars *state)
{
	u8 i;

	for (i = 0; i < bars->nr; i++)
		if (bars->bar[i].mapped)
			state->placed[bars->bar[i].index] = bars->bar[i].node.placed;
}

/**
 * kvpci_bars_placed_ok() - can BARs have come there then?
 * @config: configuration space
 * @bars: the function's BARs
 * @state: when
 *
 * Context: any.
 */
bool kvpci_bars_placed_ok(const struct kvpci_regs *config, const struct kvpci_bars *bars,
			  const struct kvpci_state_bars *state)
{
	const struct kvpci_function_bar *bar;
	u8 i;

	for (i = 0; i < KVPCI_NUM_BARS_AND_ROM; i++) {
		if (!state->placed[i])
			continue;
		bar = kvpci_bars_find(bars, i);
		if (state->placed[i] > KVPCI_MAP_LAST_PLACED || !bar || !bar_is_placed(config, bar))
			return false;
	}

	return true;
}

/**
 * kvpci_bars_set_placed() - have BARs come to where they decode as if it were then
 * @bars: the function's BARs, none of which decodes
 * @state: when
 *
 * Context: any; the caller holds the function's lock, and kvpci_bars_map() is to follow.
 */
void kvpci_bars_set_placed(const struct kvpci_bars *bars,
			   const struct kvpci_state_bars *state)
{
	u8 i;

	for (i = 0; i < bars->nr; i++)
		bars->bar[i].node.placed = state->placed[bars->bar[i].index];
}

/**
 * kvpci_bars_written() - have a write to BARs' registers take effect
 * @config: configuration space after the write
 * @bars: the function's BARs
 * @offset: first byte written
 * @len: bytes written, at most 8
 *
 * Context: process; the caller holds the function's lock.
 */
void kvpci_bars_written(const struct kvpci_regs *config, const struct kvpci_bars *bars,
			u32 offset, u32 len)
{
	struct kvpci_function_bar *bar;

	for (bar = bars->bar; bar < bars->bar + bars->nr; bar++) {
		u32 reg = bar_register(bar->index);

		if (offset + len <= reg)
			break;
		if (offset >= reg + (bar->flags & KVPCI_BAR_64BIT ? 8 : 4))
			continue;
		/* Another place than the one to which it was to come back. */
		if (!bar->mapped)
			bar->node.placed = 0;
		bar_update(config, bars->bus, bar);
	}
}
