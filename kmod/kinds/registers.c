// SPDX-License-Identifier: GPL-2.0
/*
 * Registers behind a BAR: memory of the kernel, with writable and write-1-to-clear bits. On
 * request every write by the guest, after it has taken effect, signals an eventfd,
 * triggers an interrupt, lowers the INTx pin or ends KVM_RUN.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/kvpci.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "core/regs.h"
#include "interrupt/interrupts.h"
#include "kinds/contents.h"
#include "kinds/registers.h"
#include "kvm/kvm.h"
#include "pci/function.h"

/**
 * struct kvpci_registers - registers behind a BAR
 * @range: where
 * @regs: the registers; written under the function's lock
 * @eventfd: signalled by writes, or NULL
 * @flags: KVPCI_REGISTERS_*
 * @interrupt: what writes trigger or lower
 * @vector: of it
 */
struct kvpci_registers {
	struct kvpci_range range;
	struct kvpci_regs regs;
	struct eventfd_ctx *eventfd;
	u32 flags;
	u16 interrupt;
	u16 vector;
};

/* The bytes that one hold of the function's lock resets or restores. */
#define BATCH	SZ_4K

static struct kvpci_registers *to_registers(const struct kvpci_range *range)
{
	return container_of(range, struct kvpci_registers, range);
}

static int registers_read(struct kvpci_range *range, const struct kvpci_guest_access *access,
			  u64 offset, u32 len, void *val)
{
	kvpci_regs_read(&to_registers(range)->regs, offset, len, val);
	return 0;
}

static u32 registers_write(struct kvpci_range *range, const struct kvpci_guest_access *access,
			   u64 offset, u32 len, const void *val)
{
	struct kvpci_function *function = kvpci_range_function(range);
	struct kvpci_registers *registers = to_registers(range);

	spin_lock(&function->lock);
	kvpci_regs_write(&registers->regs, offset, len, val);
	spin_unlock(&function->lock);

	if (!registers->flags)
		return 0;
	if (registers->flags & KVPCI_REGISTERS_EVENTFD)
		kvpci_eventfd_signal(registers->eventfd);
	if (registers->flags & KVPCI_REGISTERS_TRIGGER)
		kvpci_interrupts_trigger(&function->interrupts,
					 registers->interrupt, registers->vector);
	if (registers->flags & KVPCI_REGISTERS_LOWER)
		kvpci_interrupts_lower(&function->interrupts,
				       registers->interrupt, registers->vector);
	return registers->flags & KVPCI_REGISTERS_EXIT ? KVPCI_EFFECT_EXIT : 0;
}

static void registers_get(struct kvpci_range *range, u64 offset, u32 len, void *val)
{
	kvpci_regs_read(&to_registers(range)->regs, offset, len, val);
}

static void registers_set(struct kvpci_range *range, u64 offset, u32 len,
			  const void *val, const void *mask)
{
	struct kvpci_function *function = kvpci_range_function(range);

	spin_lock(&function->lock);
	kvpci_regs_set(&to_registers(range)->regs, offset, len, val, mask);
	spin_unlock(&function->lock);
}

static void registers_reset(struct kvpci_range *range, enum kvpci_reset_kind kind)
{
	struct kvpci_function *function = kvpci_range_function(range);
	struct kvpci_regs *regs = &to_registers(range)->regs;
	u32 offset, len, index = 0;

	if (!regs->reset)
		return;

	for (offset = 0; offset < regs->size; offset += len) {
		len = min_t(u32, regs->size - offset, BATCH);
		spin_lock(&function->lock);
		index = kvpci_regs_reset(regs, offset, len, index);
		spin_unlock(&function->lock);
		/* A caller that is killed need not see the end of it. */
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
}

static u32 registers_reset_length(const struct kvpci_range *range)
{
	const struct kvpci_regs *regs = &to_registers(range)->regs;

	return regs->reset ? regs->size : 0;
}

static u32 registers_state_length(const struct kvpci_range *range)
{
	return to_registers(range)->regs.size;
}

static void registers_get_state(struct kvpci_range *range, void *state)
{
	u32 offset, len, size = to_registers(range)->regs.size;

	for (offset = 0; offset < size; offset += len) {
		len = min_t(u32, size - offset, BATCH);
		registers_get(range, offset, len, state + offset);
		cond_resched();
	}
}

static void registers_set_state(struct kvpci_range *range, const void *state)
{
	u32 offset, len, size = to_registers(range)->regs.size;

	for (offset = 0; offset < size; offset += len) {
		len = min_t(u32, size - offset, BATCH);
		registers_set(range, offset, len, state + offset, NULL);
		cond_resched();
	}
}

static const struct kvpci_state_ops registers_state_ops = {
	.type = KVPCI_STATE_REGISTERS,
	.length = registers_state_length,
	.get = registers_get_state,
	.set = registers_set_state,
};

static void registers_move(struct kvpci_range *range, u8 *bytes)
{
	struct kvpci_regs *regs = &to_registers(range)->regs;

	memcpy(bytes, regs->value, regs->size);
	kvfree(regs->value);
	regs->value = bytes;
	range->moved = true;
}

static void registers_destroy(struct kvpci_range *range)
{
	struct kvpci_registers *registers = to_registers(range);

	if (registers->eventfd)
		eventfd_ctx_put(registers->eventfd);
	if (!range->moved)
		kvfree(registers->regs.value);
	kvfree(registers->regs.writable);
	kvfree(registers->regs.write1clear);
	kvfree(registers->regs.reset);
	kfree(registers);
}

static const struct kvpci_range_ops registers_ops = {
	.name = "registers",
	.read = registers_read,
	.write = registers_write,
	.get = registers_get,
	.set = registers_set,
	.reset = registers_reset,
	.reset_length = registers_reset_length,
	.state = &registers_state_ops,
	.move = registers_move,
	.destroy = registers_destroy,
};

static int take_contents(struct kvpci_registers *registers, u32 size,
			 struct kvpci_contents *contents)
{
	struct kvpci_regs *regs = &registers->regs;

	regs->size = size;
	regs->value = contents->value ?: kvzalloc(size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	regs->writable = contents->writable;
	regs->write1clear = contents->write1clear;
	registers->eventfd = contents->eventfd;
	*contents = (struct kvpci_contents) {};
	if (!regs->value)
		return -ENOMEM;
	if (!kvpci_regs_masks_ok(regs->writable, regs->write1clear, size))
		return -EINVAL;

	return kvpci_regs_save(regs);
}

/**
 * kvpci_registers_check() - may there be such registers?
 * @bar: the BAR
 * @place: where in it, which has been checked
 * @desc: their description, whose flags and interrupt have been checked
 *
 * Return: 0 or -EINVAL
 */
int kvpci_registers_check(const struct kvpci_function_bar *bar,
			  const struct kvpci_range_config *place,
			  const struct kvpci_registers_config *desc)
{
	if (place->length > KVPCI_MAX_REGISTERS)
		return -EINVAL;
	if (bar->index == KVPCI_BAR_ROM && (desc->writable || desc->write1clear))
		return -EINVAL;
	/* Or else an access aligned in the range might not be so in the page. */
	if (desc->flags & KVPCI_REGISTERS_MIRROR &&
	    (bar->flags & KVPCI_BAR_IO || !IS_ALIGNED(place->offset, 8)))
		return -EINVAL;

	return 0;
}

/**
 * kvpci_registers_new() - make registers behind a BAR
 * @desc: their description; kvpci_registers_check() found nothing wrong
 * @length: bytes
 * @contents: what they hold
 *
 * Context: process.
 * Return: their range, without its place, or an ERR_PTR as the uapi says
 */
struct kvpci_range *kvpci_registers_new(const struct kvpci_registers_config *desc, u32 length,
					struct kvpci_contents *contents)
{
	struct kvpci_registers *registers;
	int ret;

	registers = kzalloc(sizeof(*registers), GFP_KERNEL_ACCOUNT);
	if (!registers)
		return ERR_PTR(-ENOMEM);

	registers->range.ops = &registers_ops;
	registers->range.exits = desc->flags & KVPCI_REGISTERS_EXIT;
	registers->range.mirrored = desc->flags & KVPCI_REGISTERS_MIRROR;
	registers->flags = desc->flags;
	registers->interrupt = desc->interrupt;
	registers->vector = desc->vector;
	ret = take_contents(registers, length, contents);
	if (ret) {
		registers_destroy(&registers->range);
		return ERR_PTR(ret);
	}

	return &registers->range;
}
