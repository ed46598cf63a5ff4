/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_BRIDGE_H
#define _KVPCI_BRIDGE_H

#include <linux/types.h>

#include "pci/bus.h"
#include "pci/range.h"
#include "pci/slot.h"

struct kvpci_function;

/**
 * struct kvpci_bridge - what a function has that is a bridge
 * @range: its registers of the type 1 header
 * @slot: the slot that leads to its secondary bus, if it is a port that has one
 * @bus: its secondary bus
 */
struct kvpci_bridge {
	struct kvpci_range range;
	struct kvpci_slot slot;
	struct kvpci_bus bus;
};

extern const struct kvpci_range_ops kvpci_bridge_ops;

bool kvpci_bridge_routes(const struct kvpci_function *function, u8 *secondary, u8 *subordinate);
bool kvpci_bridge_forwards(const struct kvpci_function *function, bool io, u64 base, u64 size);
bool kvpci_bridge_masters(const struct kvpci_function *function);
bool kvpci_bridge_is_there(const struct kvpci_function *function);

#endif /* _KVPCI_BRIDGE_H */
