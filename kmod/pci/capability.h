/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_CAPABILITY_H
#define _KVPCI_CAPABILITY_H

#include <linux/bitmap.h>
#include <linux/kvpci.h>
#include <linux/types.h>

#include "pci/config.h"

/**
 * struct kvpci_capability_list - a capability list while it is built
 * @config: where it goes
 * @used: which dwords of configuration space are taken
 * @link: where the next standard capability's offset is to be written
 * @next: first free place after the last standard capability
 * @extended_link: header of the last extended capability, 0 if there is none
 * @extended_next: first free place after it
 */
struct kvpci_capability_list {
	struct kvpci_regs *config;
	DECLARE_BITMAP(used, KVPCI_CONFIG_SIZE / 4);
	u16 link;
	u16 next;
	u16 extended_link;
	u16 extended_next;
};

void kvpci_capability_begin(struct kvpci_capability_list *list,
			    struct kvpci_regs *config);
int kvpci_capability_check(const struct kvpci_capability *cap);
int kvpci_capability_add(struct kvpci_capability_list *list,
			 const struct kvpci_capability *cap, const u8 *value,
			 const u8 *writable, const u8 *write1clear);
bool kvpci_capability_header_in(const struct kvpci_regs *config, u32 offset,
				u32 len);

#endif /* _KVPCI_CAPABILITY_H */
