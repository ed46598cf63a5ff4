/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_REGS_H
#define _KVPCI_REGS_H

#include <linux/types.h>

/**
 * struct kvpci_regs - a block of registers
 * @value: what a read returns
 * @writable: bits that a write sets; NULL: none
 * @write1clear: bits that a write of one clears; NULL: none
 * @readclear: bits that kvpci_regs_read_clear() clears; NULL: none
 * @size: bytes in each of the arrays
 * @reset: what kvpci_regs_reset() puts into those bytes of @value that the guest can
 *	change, one after the other; NULL: there is none
 *
 * The arrays are aligned to 8 bytes. Writers exclude each other by a lock of the
 * block's owner; readers need none.
 */
struct kvpci_regs {
	u8 *value;
	u8 *writable;
	u8 *write1clear;
	u8 *readclear;
	u32 size;
	u8 *reset;
};

void kvpci_regs_read(const struct kvpci_regs *regs, u32 offset, u32 len,
		     void *val);
void kvpci_regs_read_clear(struct kvpci_regs *regs, u32 offset, u32 len, void *val);
void kvpci_regs_write(struct kvpci_regs *regs, u32 offset, u32 len,
		      const void *val);
void kvpci_regs_set(struct kvpci_regs *regs, u32 offset, u32 len,
		    const void *val, const void *mask);
int kvpci_regs_save(struct kvpci_regs *regs);
u32 kvpci_regs_reset(struct kvpci_regs *regs, u32 offset, u32 len, u32 index);
bool kvpci_regs_masks_ok(const u8 *writable, const u8 *write1clear, const u8 *readclear,
			 u32 len);

/* Do two ranges have a byte in common? */
static inline bool kvpci_overlaps(u64 a, u64 a_len, u64 b, u64 b_len)
{
	return a < b + b_len && b < a + a_len;
}

#endif /* _KVPCI_REGS_H */
