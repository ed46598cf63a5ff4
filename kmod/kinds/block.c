// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks of registers behind a BAR, as several kinds have them: made of what the caller has
 * given, reset, saved and restored. They may be long, and so are gone through in pieces, each in
 * one hold of the function's lock.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "core/regs.h"
#include "kinds/block.h"
#include "pci/function.h"

#define PIECE	SZ_4K

/**
 * kvpci_block_fill() - have registers that are not reset hold what the caller has given
 * @regs: the block, all zeroes
 * @contents: what it is to hold; what is taken is NULL then
 * @size: bytes in each array
 *
 * Context: process.
 * Return: 0, -EINVAL if a bit can be changed in two ways, or -ENOMEM; kvpci_block_destroy() is
 * to be called in any case
 */
int kvpci_block_fill(struct kvpci_regs *regs, struct kvpci_contents *contents, u32 size)
{
	regs->size = size;
	swap(regs->value, contents->value);
	swap(regs->writable, contents->writable);
	swap(regs->write1clear, contents->write1clear);
	swap(regs->readclear, contents->readclear);
	if (!regs->value)
		regs->value = kvzalloc(size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!regs->value)
		return -ENOMEM;

	return kvpci_regs_masks_ok(regs->writable, regs->write1clear, regs->readclear, size) ?
	       0 : -EINVAL;
}

/**
 * kvpci_block_init() - likewise, of registers that are
 * @regs: the block, all zeroes
 * @contents: what it is to hold, also after a reset; what is taken is NULL then
 * @size: bytes in each array
 *
 * Context: process.
 * Return: as kvpci_block_fill()
 */
int kvpci_block_init(struct kvpci_regs *regs, struct kvpci_contents *contents, u32 size)
{
	return kvpci_block_fill(regs, contents, size) ?: kvpci_regs_save(regs);
}

/**
 * kvpci_block_destroy() - free registers
 * @regs: the block; @regs->value is NULL if it is somebody else's
 *
 * Context: process.
 */
void kvpci_block_destroy(struct kvpci_regs *regs)
{
	kvfree(regs->value);
	kvfree(regs->writable);
	kvfree(regs->write1clear);
	kvfree(regs->readclear);
	kvfree(regs->reset);
}

/**
 * kvpci_block_reset_length() - how many bytes does a reset go through?
 * @regs: the block
 */
u32 kvpci_block_reset_length(const struct kvpci_regs *regs)
{
	return regs->reset ? regs->size : 0;
}

/**
 * kvpci_block_reset() - put back what the guest can change
 * @function: the function
 * @regs: the block
 *
 * Context: process, without a lock but the host's.
 */
void kvpci_block_reset(struct kvpci_function *function, struct kvpci_regs *regs)
{
	u32 offset, len, index = 0;

	if (!regs->reset)
		return;

	for (offset = 0; offset < regs->size; offset += len) {
		len = min_t(u32, regs->size - offset, PIECE);
		spin_lock(&function->lock);
		index = kvpci_regs_reset(regs, offset, len, index);
		spin_unlock(&function->lock);
		/* A caller that is killed need not see the end of it. */
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
}

/**
 * kvpci_block_get() - save what registers hold
 * @regs: the block
 * @to: where to
 *
 * Context: process, without a lock but the host's.
 */
void kvpci_block_get(const struct kvpci_regs *regs, void *to)
{
	u32 offset, len;

	for (offset = 0; offset < regs->size; offset += len) {
		len = min_t(u32, regs->size - offset, PIECE);
		kvpci_regs_read(regs, offset, len, to + offset);
		cond_resched();
	}
}

/**
 * kvpci_block_set() - restore it
 * @function: the function
 * @regs: the block
 * @from: what kvpci_block_get() has saved
 *
 * Context: process, without a lock but the host's.
 */
void kvpci_block_set(struct kvpci_function *function, struct kvpci_regs *regs,
		     const void *from)
{
	u32 offset, len;

	for (offset = 0; offset < regs->size; offset += len) {
		len = min_t(u32, regs->size - offset, PIECE);
		spin_lock(&function->lock);
		kvpci_regs_set(regs, offset, len, from + offset, NULL);
		spin_unlock(&function->lock);
		cond_resched();
	}
}
