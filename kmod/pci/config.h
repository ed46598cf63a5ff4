/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_CONFIG_H
#define _KVPCI_CONFIG_H

#include <linux/compiler.h>
#include <linux/kvpci.h>
#include <linux/types.h>

#include "core/regs.h"

#define KVPCI_CONFIG_SIZE	4096	/* of a function, PCI Express */
#define KVPCI_CONFIG_SIZE_CAM	256	/* what mechanism #1 reaches */
#define KVPCI_ECAM_BUS_SHIFT	20	/* log2 of a bus's configuration space */

int kvpci_config_init(struct kvpci_regs *config,
		      const struct kvpci_function_config *desc);
void kvpci_config_set_multifunction(struct kvpci_regs *config, bool multi);

/* Read a register that is aligned to its size. */
static inline u16 kvpci_config_u16(const struct kvpci_regs *config, u32 offset)
{
	return READ_ONCE(*(const u16 *)(config->value + offset));
}

static inline u32 kvpci_config_u32(const struct kvpci_regs *config, u32 offset)
{
	return READ_ONCE(*(const u32 *)(config->value + offset));
}

#endif /* _KVPCI_CONFIG_H */
