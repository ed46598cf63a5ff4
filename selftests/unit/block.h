/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A block of registers, all zero, with masks.
 */
#ifndef _UNIT_BLOCK_H
#define _UNIT_BLOCK_H

#include <stdlib.h>

#include "kmod/core/regs.h"

static inline struct kvpci_regs block_new(u32 size)
{
	struct kvpci_regs regs = {
		.value = calloc(1, size),
		.writable = calloc(1, size),
		.write1clear = calloc(1, size),
		.size = size,
	};

	return regs;
}

static inline void block_free(struct kvpci_regs *regs)
{
	free(regs->value);
	free(regs->writable);
	free(regs->write1clear);
}

#endif /* _UNIT_BLOCK_H */
