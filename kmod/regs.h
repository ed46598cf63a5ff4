/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_REGS_H
#define _VPCI_REGS_H

#include <linux/types.h>

/**
 * struct vpci_regs - a block of registers
 * @value: what a read returns
 * @writable: bits that a write sets; NULL: none
 * @write1clear: bits that a write of one clears; NULL: none
 * @size: bytes in each of the arrays
 * @reset: what vpci_regs_reset() puts into those bytes of @value that the guest can
 *	write, one after the other; NULL: there is none
 *
 * The arrays are aligned to 8 bytes. Writers exclude each other by a lock of the
 * block's owner; readers need none.
 */
struct vpci_regs {
	u8 *value;
	u8 *writable;
	u8 *write1clear;
	u32 size;
	u8 *reset;
};

void vpci_regs_read(const struct vpci_regs *regs, u32 offset, u32 len,
		    void *val);
void vpci_regs_write(struct vpci_regs *regs, u32 offset, u32 len,
		     const void *val);
void vpci_regs_set(struct vpci_regs *regs, u32 offset, u32 len,
		   const void *val, const void *mask);
bool vpci_regs_is_writable(const struct vpci_regs *regs, u32 offset);
u32 vpci_regs_reset(struct vpci_regs *regs, u32 offset, u32 len, u32 index);
bool vpci_regs_masks_ok(const u8 *writable, const u8 *write1clear, u32 len);

/* Do two ranges have a byte in common? */
static inline bool vpci_overlaps(u64 a, u64 a_len, u64 b, u64 b_len)
{
	return a < b + b_len && b < a + a_len;
}

#endif /* _VPCI_REGS_H */
