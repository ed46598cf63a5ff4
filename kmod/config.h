/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_CONFIG_H
#define _VPCI_CONFIG_H

#include <linux/compiler.h>
#include <linux/kvpci.h>
#include <linux/types.h>

#include "regs.h"

#define VPCI_CONFIG_SIZE	4096	/* of a function, PCI Express */
#define VPCI_CONFIG_SIZE_CAM	256	/* what mechanism #1 reaches */

int vpci_config_init(struct vpci_regs *config,
		     const struct kvpci_function_config *desc);
void vpci_config_set_multifunction(struct vpci_regs *config, bool multi);

/* Read a register that is aligned to its size. */
static inline u16 vpci_config_u16(const struct vpci_regs *config, u32 offset)
{
	return READ_ONCE(*(const u16 *)(config->value + offset));
}

static inline u32 vpci_config_u32(const struct vpci_regs *config, u32 offset)
{
	return READ_ONCE(*(const u32 *)(config->value + offset));
}

#endif /* _VPCI_CONFIG_H */
