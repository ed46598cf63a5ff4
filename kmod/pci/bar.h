/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_BAR_H
#define _KVPCI_BAR_H

#include <linux/bits.h>
#include <linux/kvpci.h>
#include <linux/types.h>

#include "core/map.h"
#include "core/regs.h"
#include "pci/range.h"

struct kvpci_bus;
struct kvpci_doorbells;
struct kvpci_bar_mirror;

/* No physical address has more bits. */
#define KVPCI_ADDRESS_LIMIT	BIT_ULL(52)

#define KVPCI_NUM_BARS_AND_ROM	(KVPCI_NUM_BARS + 1)	/* the ROM is the last */

/**
 * struct kvpci_function_bar - a base address register, or the expansion ROM's
 * @node: where it decodes, if @mapped
 * @map: of its address space
 * @space: what is behind it
 * @flags: KVPCI_BAR_*
 * @index: 0 to 5, or KVPCI_BAR_ROM
 * @mapped: it decodes, that is, @node is in @map; guarded by the function's lock
 * @doorbells: by ascending offset, or NULL; replaced under the host's lock
 * @mirror: its mirror, or NULL; fixed once the function is plugged
 */
struct kvpci_function_bar {
	struct kvpci_map_node node;
	struct kvpci_map *map;
	struct kvpci_space space;
	u8 flags;
	u8 index;
	bool mapped;
	struct kvpci_doorbells __rcu *doorbells;
	struct kvpci_bar_mirror *mirror;
};

/**
 * struct kvpci_bars - the BARs that a function has
 * @bus: the bus that it is on; NULL: none
 * @nr: how many
 * @bar: by ascending index, the ROM's last
 */
struct kvpci_bars {
	const struct kvpci_bus *bus;
	u8 nr;
	struct kvpci_function_bar *bar;
};

/* The BAR that a range is behind. */
static inline struct kvpci_function_bar *kvpci_range_bar(const struct kvpci_range *range)
{
	return container_of(range->space, struct kvpci_function_bar, space);
}

int kvpci_bars_init(struct kvpci_regs *config,
		    const struct kvpci_function_config *desc);
struct kvpci_function_bar *kvpci_bars_find(const struct kvpci_bars *bars, u32 index);
void kvpci_bars_map(const struct kvpci_regs *config, const struct kvpci_bars *bars);
void kvpci_bars_unmap(const struct kvpci_bars *bars);
void kvpci_bars_get_placed(const struct kvpci_bars *bars, struct kvpci_state_bars *state);
bool kvpci_bars_placed_ok(const struct kvpci_regs *config, const struct kvpci_bars *bars,
			  const struct kvpci_state_bars *state);
void kvpci_bars_set_placed(const struct kvpci_bars *bars,
			   const struct kvpci_state_bars *state);
void kvpci_bars_written(const struct kvpci_regs *config, const struct kvpci_bars *bars,
			u32 offset, u32 len);

#endif /* _KVPCI_BAR_H */
