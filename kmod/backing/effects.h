/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_EFFECTS_H
#define _KVPCI_EFFECTS_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "pci/function.h"

void kvpci_effects_carry_out(struct kvpci_function *function, u32 effects);
void kvpci_reset(struct kvpci_function *function, enum kvpci_reset_kind kind);

/**
 * kvpci_config_write() - write configuration space as the guest does, with all that follows
 * @function: the function
 * @offset: first byte
 * @len: bytes, at most 8; @offset + @len is within configuration space
 * @val: what to write
 *
 * Context: process; a callback of a claim or an ioctl.
 */
static inline void kvpci_config_write(struct kvpci_function *function, u32 offset,
				      u32 len, const void *val)
{
	u32 effects = kvpci_function_config_write(function, offset, len, val);

	if (unlikely(effects))
		kvpci_effects_carry_out(function, effects);
}

#endif /* _KVPCI_EFFECTS_H */
