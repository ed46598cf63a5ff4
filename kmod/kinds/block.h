/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_BLOCK_H
#define _KVPCI_BLOCK_H

#include <linux/types.h>

struct eventfd_ctx;
struct kvpci_function;
struct kvpci_regs;

/**
 * struct kvpci_contents - what the caller has given to a range, copied
 * @value: its bytes, or NULL
 * @writable: its bits that a write sets, or NULL
 * @write1clear: its bits that a write of one clears, or NULL
 * @readclear: its bits that a read clears, or NULL
 * @eventfd: signalled by writes, or NULL
 *
 * The arrays are as long as the registers and are to be freed with kvfree(). A kind that keeps
 * one of these puts NULL in its place.
 */
struct kvpci_contents {
	u8 *value;
	u8 *writable;
	u8 *write1clear;
	u8 *readclear;
	struct eventfd_ctx *eventfd;
};

int kvpci_block_fill(struct kvpci_regs *regs, struct kvpci_contents *contents, u32 size);
int kvpci_block_init(struct kvpci_regs *regs, struct kvpci_contents *contents, u32 size);
void kvpci_block_destroy(struct kvpci_regs *regs);
u32 kvpci_block_reset_length(const struct kvpci_regs *regs);
void kvpci_block_reset(struct kvpci_function *function, struct kvpci_regs *regs);
void kvpci_block_get(const struct kvpci_regs *regs, void *to);
void kvpci_block_set(struct kvpci_function *function, struct kvpci_regs *regs,
		     const void *from);

#endif /* _KVPCI_BLOCK_H */
