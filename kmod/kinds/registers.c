// SPDX-License-Identifier: GPL-2.0
/*
 * Registers behind a BAR: memory of the kernel, with writable, write-1-to-clear and
 * read-to-clear bits. On request every write by the guest, after it has taken effect, signals
 * an eventfd, triggers an interrupt, lowers the INTx pin or ends KVM_RUN; and the INTx pin is
 * high as long as one of the bits is set, whoever sets or clears it.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/kvpci.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "core/regs.h"
#include "interrupt/interrupts.h"
#include "kinds/block.h"
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

static struct kvpci_registers *to_registers(const struct kvpci_range *range)
{
	return container_of(range, struct kvpci_registers, range);
}

/*
 * Have the pin follow registers that it is to follow, after each change, under the function's
 * lock: nobody may change them before it has.
 */
static noinline void registers_follow(struct kvpci_registers *registers)
{
	u64 bits = 0;

	memcpy(&bits, registers->regs.value, registers->regs.size);
	kvpci_interrupts_set_level(&kvpci_range_function(&registers->range)->interrupts, bits);
}

static noinline int registers_read_clear(struct kvpci_registers *registers, u64 offset,
					 u32 len, void *val)
{
	struct kvpci_function *function = kvpci_range_function(&registers->range);

	spin_lock(&function->lock);
	kvpci_regs_read_clear(&registers->regs, offset, len, val);
	if (registers->range.level)
		registers_follow(registers);
	spin_unlock(&function->lock);
	return 0;
}

static int registers_read(struct kvpci_range *range, const struct kvpci_guest_access *access,
			  u64 offset, u32 len, void *val)
{
	struct kvpci_registers *registers = to_registers(range);

	if (unlikely(registers->regs.readclear))
		return registers_read_clear(registers, offset, len, val);

	kvpci_regs_read(&registers->regs, offset, len, val);
	return 0;
}

static u32 registers_write(struct kvpci_range *range, const struct kvpci_guest_access *access,
			   u64 offset, u32 len, const void *val)
{
	struct kvpci_function *function = kvpci_range_function(range);
	struct kvpci_registers *registers = to_registers(range);

	spin_lock(&function->lock);
	kvpci_regs_write(&registers->regs, offset, len, val);
	if (unlikely(range->level))
		registers_follow(registers);
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

static void registers_get(struct kvpci_range *range, u32 bank, u64 offset, u32 len, void *val)
{
	kvpci_regs_read(&to_registers(range)->regs, offset, len, val);
}

static void registers_set(struct kvpci_range *range, u32 bank, u64 offset, u32 len,
			  const void *val, const void *mask)
{
	struct kvpci_function *function = kvpci_range_function(range);

	spin_lock(&function->lock);
	kvpci_regs_set(&to_registers(range)->regs, offset, len, val, mask);
	if (range->level)
		registers_follow(to_registers(range));
	spin_unlock(&function->lock);
}

static void registers_reset(struct kvpci_range *range, enum kvpci_reset_kind kind)
{
	struct kvpci_function *function = kvpci_range_function(range);
	struct kvpci_registers *registers = to_registers(range);

	kvpci_block_reset(function, &registers->regs);
	if (!range->level)
		return;

	/* The pin is low, but there may be bits that no reset clears. */
	spin_lock(&function->lock);
	registers_follow(registers);
	spin_unlock(&function->lock);
}

static u32 registers_reset_length(const struct kvpci_range *range)
{
	return kvpci_block_reset_length(&to_registers(range)->regs);
}

static u32 registers_state_length(const struct kvpci_range *range)
{
	return to_registers(range)->regs.size;
}

static void registers_get_state(struct kvpci_range *range, void *state)
{
	kvpci_block_get(&to_registers(range)->regs, state);
}

static void registers_set_state(struct kvpci_range *range, const void *state)
{
	/* The pin's level is in its own state. */
	kvpci_block_set(kvpci_range_function(range), &to_registers(range)->regs, state);
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
	if (range->moved)
		registers->regs.value = NULL;
	kvpci_block_destroy(&registers->regs);
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
	if (bar->index == KVPCI_BAR_ROM &&
	    (desc->writable || desc->write1clear || desc->readclear))
		return -EINVAL;
	if (desc->flags & KVPCI_REGISTERS_LEVEL && place->length > sizeof(u64))
		return -EINVAL;
	/* Guests read without our knowing. */
	if (desc->flags & KVPCI_REGISTERS_MIRROR && desc->readclear)
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
	registers->range.level = desc->flags & KVPCI_REGISTERS_LEVEL;
	registers->range.mirrored = desc->flags & KVPCI_REGISTERS_MIRROR;
	registers->flags = desc->flags;
	registers->interrupt = desc->interrupt;
	registers->vector = desc->vector;
	swap(registers->eventfd, contents->eventfd);
	ret = kvpci_block_init(&registers->regs, contents, length);
	/* The pin is low. */
	if (!ret && registers->range.level && memchr_inv(registers->regs.value, 0, length))
		ret = -EINVAL;
	if (ret) {
		registers_destroy(&registers->range);
		return ERR_PTR(ret);
	}

	return &registers->range;
}
