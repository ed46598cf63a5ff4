// SPDX-License-Identifier: GPL-2.0
/*
 * Userspace ranges of BARs: accesses that the caller of KVM_RUN completes. They are declined
 * here; what userspace is told of them is in pci/exit.c.
 */
#include <linux/err.h>
#include <linux/kvpci.h>
#include <linux/slab.h>

#include "kinds/userspace.h"
#include "pci/bar.h"

static int userspace_read(struct kvpci_range *range, const struct kvpci_guest_access *access,
			  u64 offset, u32 len, void *val)
{
	return -EOPNOTSUPP;
}

static u32 userspace_write(struct kvpci_range *range, const struct kvpci_guest_access *access,
			   u64 offset, u32 len, const void *val)
{
	return KVPCI_EFFECT_USERSPACE;
}

static void userspace_destroy(struct kvpci_range *range)
{
	kfree(range);
}

static const struct kvpci_range_ops userspace_ops = {
	.name = "userspace",
	.read = userspace_read,
	.write = userspace_write,
	.destroy = userspace_destroy,
};

/**
 * kvpci_userspace_new() - have userspace complete accesses to a range of a BAR
 * @bar: the BAR
 *
 * Context: process.
 * Return: the range, without its place, or an ERR_PTR as the uapi says
 */
struct kvpci_range *kvpci_userspace_new(struct kvpci_function_bar *bar)
{
	struct kvpci_range *range;

	if (bar->index == KVPCI_BAR_ROM)
		return ERR_PTR(-EINVAL);

	range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
	if (!range)
		return ERR_PTR(-ENOMEM);

	range->ops = &userspace_ops;
	range->exits = true;
	return range;
}
