/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_EFFECTS_H
#define _KVPCI_EFFECTS_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "pci/function.h"

bool kvpci_effects_carry_out(struct kvpci_function *function, u32 effects);
int kvpci_config_written(struct kvpci_function *function,
			 const struct kvpci_guest_access *access, u32 offset, bool io,
			 u32 effects);
void kvpci_reset(struct kvpci_function *function, enum kvpci_reset_kind kind);

/**
 * kvpci_config_write() - a guest's write to configuration space, with all that follows
 * @function: the function
 * @access: the access, of which @len bytes are in configuration space
 * @offset: of its first byte there
 * @io: it came by ports
 * @len: bytes, at most 8; @offset + @len is within configuration space
 * @val: what to write
 *
 * Context: a callback of a claim.
 * Return: 0, or -EOPNOTSUPP if userspace is to know of it
 */
static inline int kvpci_config_write(struct kvpci_function *function,
				     const struct kvpci_guest_access *access, u32 offset,
				     bool io, u32 len, const void *val)
{
	u32 effects = kvpci_function_config_write(function, offset, len, val);

	return unlikely(effects) ? kvpci_config_written(function, access, offset, io, effects) :
				   0;
}

#endif /* _KVPCI_EFFECTS_H */
