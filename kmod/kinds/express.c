// SPDX-License-Identifier: GPL-2.0
/*
 * Function-level reset (PCI Express Base 4.0, 6.6.2): the device control register of a PCI
 * Express capability that announces it. The bit that initiates it reads as zero.
 */
#include <linux/nospec.h>
#include <linux/pci_regs.h>
#include <linux/slab.h>

#include "kinds/express.h"
#include "pci/function.h"

/* Of the byte that has the bit. */
#define INITIATE	(PCI_EXP_DEVCTL_BCR_FLR >> 8)

static u32 device_control_write(struct kvpci_range *range, const struct kvpci_guest_access *access,
				u64 offset, u32 len, const void *val)
{
	const u8 *bytes = val;
	u32 at = 1 - offset;

	kvpci_range_write_regs(range, offset, len, val);
	/* The byte that has the bit is in what is written, or it is not. */
	return at < len && bytes[array_index_nospec(at, len)] & INITIATE ? KVPCI_EFFECT_RESET : 0;
}

static void device_control_set(struct kvpci_range *range, u64 offset, u32 len,
			       const void *val, const void *mask)
{
	kvpci_regs_set(&kvpci_range_function(range)->config, range->offset + offset, len, val,
		       mask);
}

static void device_control_destroy(struct kvpci_range *range)
{
	kfree(range);
}

static const struct kvpci_range_ops device_control_ops = {
	.name = "device-control",
	.write = device_control_write,
	.set = device_control_set,
	.destroy = device_control_destroy,
};

/**
 * kvpci_express_add_reset() - let the guest reset a function
 * @function: the function, which nobody else knows of yet
 * @at: offset of its PCI Express capability, which has a device control register
 *
 * Context: process.
 * Return: 0 or -ENOMEM
 */
int kvpci_express_add_reset(struct kvpci_function *function, u16 at)
{
	struct kvpci_range *range;
	int ret;

	if (!(kvpci_config_u32(&function->config, at + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_FLR))
		return 0;

	range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
	if (!range)
		return -ENOMEM;

	range->ops = &device_control_ops;
	range->offset = at + PCI_EXP_DEVCTL;
	range->length = 2;
	function->config.writable[range->offset + 1] &= ~INITIATE;
	ret = kvpci_function_add_range(function, range);
	if (ret)
		kfree(range);
	return ret;
}
