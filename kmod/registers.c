// SPDX-License-Identifier: GPL-2.0
/*
 * Register regions: memory of the kernel behind a range of a BAR, with writable and
 * write-1-to-clear bits, and on request an eventfd that is signalled on every write
 * by the guest, after the write has taken effect.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/slab.h>

#include "function.h"
#include "kvm.h"
#include "registers.h"
#include "uarg.h"

struct vpci_registers {
	struct vpci_region region;
	struct vpci_regs regs;		/* written under the function's lock */
	struct eventfd_ctx *eventfd;
};

static struct vpci_registers *to_registers(struct vpci_region *region)
{
	return container_of(region, struct vpci_registers, region);
}

static void registers_destroy(struct vpci_region *region)
{
	struct vpci_registers *registers = to_registers(region);

	if (registers->eventfd)
		eventfd_ctx_put(registers->eventfd);
	kvfree(registers->regs.value);
	kvfree(registers->regs.writable);
	kvfree(registers->regs.write1clear);
	kfree(registers);
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

	return vpci_regs_masks_ok(regs->writable, regs->write1clear,
				  regs->size) ? 0 : -EINVAL;
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

	registers = kzalloc(sizeof(*registers), GFP_KERNEL_ACCOUNT);
	if (!registers)
		return ERR_PTR(-ENOMEM);

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
	spinlock_t *lock = &region->bar->function->lock;

	spin_lock(lock);
	vpci_regs_write(&registers->regs, offset, len, val);
	spin_unlock(lock);

	if (registers->eventfd)
		vpci_eventfd_signal(registers->eventfd);
	return 0;
}

const struct vpci_region_ops vpci_registers_ops = {
	.create = registers_create,
	.destroy = registers_destroy,
	.read = registers_read,
	.write = registers_write,
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
