// SPDX-License-Identifier: GPL-2.0
/*
 * Register regions: memory of the kernel behind a range of a BAR, with writable and
 * write-1-to-clear bits. On request every write by the guest, after it has taken effect,
 * signals an eventfd, triggers an interrupt or lowers the INTx pin.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "function.h"
#include "interrupt.h"
#include "kvm.h"
#include "registers.h"
#include "uarg.h"

struct vpci_registers {
	struct vpci_region region;
	struct vpci_regs regs;		/* written under the function's lock */
	struct eventfd_ctx *eventfd;
	u32 flags;			/* KVPCI_REGION_* */
	u16 interrupt;
	u16 vector;
};

/* The bytes reset by one hold of the function's lock. */
#define RESET_BATCH	SZ_4K

static struct vpci_registers *to_registers(struct vpci_region *region)
{
	return container_of(region, struct vpci_registers, region);
}

static void registers_destroy(struct vpci_region *region)
{
	struct vpci_registers *registers = to_registers(region);

	if (registers->eventfd)
		eventfd_ctx_put(registers->eventfd);
	if (!region->moved)
		kvfree(registers->regs.value);
	kvfree(registers->regs.writable);
	kvfree(registers->regs.write1clear);
	kvfree(registers->regs.reset);
	kfree(registers);
}

/**
 * vpci_registers_save() - have vpci_regs_reset() put back what is there now
 * @regs: registers that have not been saved
 *
 * Return: 0 or -ENOMEM
 */
int vpci_registers_save(struct vpci_regs *regs)
{
	u32 offset, nr = 0;

	for (offset = 0; offset < regs->size; offset++)
		nr += vpci_regs_is_writable(regs, offset);
	if (!nr)
		return 0;

	regs->reset = kvmalloc(nr, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!regs->reset)
		return -ENOMEM;

	nr = 0;
	for (offset = 0; offset < regs->size; offset++)
		if (vpci_regs_is_writable(regs, offset))
			regs->reset[nr++] = regs->value[offset];
	return 0;
}

static int get_contents(struct vpci_regs *regs, const struct kvpci_region *desc)
{
	u8 *value;

	regs->size = desc->length;

	value = desc->value ? vpci_uarg_bytes(desc->value, desc->length) :
			      kvzalloc(desc->length,
				       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (IS_ERR(value))
		return PTR_ERR(value);
	if (!value)
		return -ENOMEM;
	regs->value = value;

	value = vpci_uarg_bytes(desc->writable, desc->length);
	if (IS_ERR(value))
		return PTR_ERR(value);
	regs->writable = value;

	value = vpci_uarg_bytes(desc->write1clear, desc->length);
	if (IS_ERR(value))
		return PTR_ERR(value);
	regs->write1clear = value;

	if (!vpci_regs_masks_ok(regs->writable, regs->write1clear, regs->size))
		return -EINVAL;

	return vpci_registers_save(regs);
}

static struct vpci_region *registers_create(struct vpci_bar *bar,
					    const struct kvpci_region *desc)
{
	struct vpci_registers *registers;
	int ret;

	if (desc->length > KVPCI_MAX_REGISTERS)
		return ERR_PTR(-EINVAL);
	if (bar->index == KVPCI_BAR_ROM && (desc->writable || desc->write1clear))
		return ERR_PTR(-EINVAL);
	/* Or else an access aligned in the region might not be so in the page. */
	if (desc->flags & KVPCI_REGION_MIRROR &&
	    (bar->flags & KVPCI_BAR_IO || !IS_ALIGNED(desc->offset, 8)))
		return ERR_PTR(-EINVAL);

	registers = kzalloc(sizeof(*registers), GFP_KERNEL_ACCOUNT);
	if (!registers)
		return ERR_PTR(-ENOMEM);

	registers->flags = desc->flags;
	registers->region.mirrored = desc->flags & KVPCI_REGION_MIRROR;
	registers->interrupt = desc->interrupt;
	registers->vector = desc->vector;
	ret = get_contents(&registers->regs, desc);
	if (!ret && desc->flags & KVPCI_REGION_EVENTFD) {
		struct eventfd_ctx *eventfd = eventfd_ctx_fdget(desc->eventfd);

		if (IS_ERR(eventfd))
			ret = PTR_ERR(eventfd);
		else
			registers->eventfd = eventfd;
	}
	if (ret) {
		registers_destroy(&registers->region);
		return ERR_PTR(ret);
	}

	return &registers->region;
}

/* How many bytes does a reset go through? */
static u32 reset_length(struct vpci_region *region)
{
	const struct vpci_regs *regs = vpci_registers_regs(region);

	return regs && regs->reset ? regs->size : 0;
}

/* The guest waits for a reset, within kvm->srcu: it is not to take long. */
static int registers_attach(struct vpci_region *region)
{
	const struct vpci_function *function = region->bar->function;
	u64 sum = reset_length(region);
	u32 i, j;

	for (i = 0; i < VPCI_NUM_BARS; i++)
		for (j = 0; j < function->bars[i].nr_regions; j++)
			sum += reset_length(function->bars[i].regions[j]);

	return sum > KVPCI_MAX_REGISTERS ? -ENOSPC : 0;
}

static int registers_read(struct vpci_region *region,
			  const struct vpci_access *access, u64 offset, u32 len,
			  void *val)
{
	vpci_regs_read(&to_registers(region)->regs, offset, len, val);
	return 0;
}

static int registers_write(struct vpci_region *region,
			   const struct vpci_access *access, u64 offset,
			   u32 len, const void *val)
{
	struct vpci_registers *registers = to_registers(region);
	struct vpci_function *function = region->bar->function;

	spin_lock(&function->lock);
	vpci_regs_write(&registers->regs, offset, len, val);
	spin_unlock(&function->lock);

	if (!registers->flags)
		return 0;
	if (registers->flags & KVPCI_REGION_EVENTFD)
		vpci_eventfd_signal(registers->eventfd);
	if (registers->flags & KVPCI_REGION_TRIGGER)
		vpci_interrupts_trigger(&function->interrupts,
					registers->interrupt, registers->vector);
	if (registers->flags & KVPCI_REGION_LOWER)
		vpci_interrupts_lower(&function->interrupts,
				      registers->interrupt, registers->vector);
	return 0;
}

static void registers_move(struct vpci_region *region, u8 *bytes)
{
	struct vpci_regs *regs = &to_registers(region)->regs;

	memcpy(bytes, regs->value, regs->size);
	kvfree(regs->value);
	regs->value = bytes;
	region->moved = true;
}

const struct vpci_region_ops vpci_registers_ops = {
	.name = "registers",
	.create = registers_create,
	.attach = registers_attach,
	.destroy = registers_destroy,
	.read = registers_read,
	.write = registers_write,
	.move = registers_move,
};

/**
 * vpci_registers_regs() - the registers of a region
 * @region: the region, or NULL
 *
 * Return: its registers, or NULL if it is of another kind
 */
struct vpci_regs *vpci_registers_regs(struct vpci_region *region)
{
	if (!region || region->ops != &vpci_registers_ops)
		return NULL;

	return &to_registers(region)->regs;
}

/**
 * vpci_registers_reset() - put back what the guest can write
 * @region: a region of any kind
 *
 * Context: process; the caller does not hold the function's lock.
 */
void vpci_registers_reset(struct vpci_region *region)
{
	struct vpci_regs *regs = vpci_registers_regs(region);
	u32 offset, len, index = 0;

	if (!regs || !regs->reset)
		return;

	for (offset = 0; offset < regs->size; offset += len) {
		len = min_t(u32, regs->size - offset, RESET_BATCH);
		spin_lock(&region->bar->function->lock);
		index = vpci_regs_reset(regs, offset, len, index);
		spin_unlock(&region->bar->function->lock);
		/* A caller that is killed need not see the end of it. */
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
}
