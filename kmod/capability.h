/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_CAPABILITY_H
#define _VPCI_CAPABILITY_H

#include <linux/bitmap.h>
#include <linux/kvpci.h>
#include <linux/types.h>

#include "config.h"

/**
 * struct vpci_capability_list - a capability list while it is built
 * @config: where it goes
 * @used: which dwords of configuration space are taken
 * @link: where the next standard capability's offset is to be written
 * @next: first free place after the last standard capability
 * @extended_link: header of the last extended capability, 0 if there is none
 * @extended_next: first free place after it
 */
struct vpci_capability_list {
	struct vpci_regs *config;
	DECLARE_BITMAP(used, VPCI_CONFIG_SIZE / 4);
	u16 link;
	u16 next;
	u16 extended_link;
	u16 extended_next;
};

void vpci_capability_begin(struct vpci_capability_list *list,
			   struct vpci_regs *config);
int vpci_capability_check(const struct kvpci_capability *cap);
int vpci_capability_add(struct vpci_capability_list *list,
			const struct kvpci_capability *cap, const u8 *value,
			const u8 *writable, const u8 *write1clear);
bool vpci_capability_header_in(const struct vpci_regs *config, u32 offset,
			       u32 len);

#endif /* _VPCI_CAPABILITY_H */
