/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_BAR_H
#define _VPCI_BAR_H

#include <linux/bits.h>
#include <linux/kvpci.h>
#include <linux/types.h>

#include "map.h"
#include "regs.h"

struct vpci_doorbells;
struct vpci_function;
struct vpci_mirror;
struct vpci_region;

/* No physical address has more bits. */
#define VPCI_ADDRESS_LIMIT	BIT_ULL(52)

#define VPCI_NUM_BARS	(KVPCI_NUM_BARS + 1)	/* the ROM is the last */

/**
 * struct vpci_bar - a base address register, or the expansion ROM's
 * @node: where it decodes, if @mapped
 * @map: of its address space
 * @function: whose it is
 * @size: bytes; 0 if there is no such BAR
 * @flags: KVPCI_BAR_*
 * @index: 0 to 5, or KVPCI_BAR_ROM
 * @mapped: it decodes, that is, @node is in @map; guarded by the function's lock
 * @nr_regions: entries of @regions
 * @regions: what lies behind, by ascending offset; fixed once the function is
 *	plugged, before that guarded by the host's lock
 * @doorbells: by ascending offset, or NULL; replaced under the host's lock
 * @mirror: its mirror, or NULL; fixed once the function is plugged
 */
struct vpci_bar {
	struct vpci_map_node node;
	struct vpci_map *map;
	struct vpci_function *function;
	u64 size;
	u8 flags;
	u8 index;
	bool mapped;
	u16 nr_regions;
	struct vpci_region **regions;
	struct vpci_doorbells __rcu *doorbells;
	struct vpci_mirror *mirror;
};

int vpci_bars_init(struct vpci_regs *config,
		   const struct kvpci_function_config *desc);
bool vpci_bars_map(const struct vpci_regs *config, struct vpci_bar *bars);
bool vpci_bars_unmap(struct vpci_bar *bars);
bool vpci_bars_written(const struct vpci_regs *config, struct vpci_bar *bars,
		       u32 offset, u32 len);

#endif /* _VPCI_BAR_H */
