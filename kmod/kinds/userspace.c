// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges of BARs that are userspace's: accesses that the caller of KVM_RUN completes, which are
 * declined here; what userspace is told of them is in pci/exit.c. And memory, which userspace
 * makes memory of the guest, where backing/mirror.c says that the guest finds it: to such a range
 * accesses come only where the guest has no such memory, or may only read it.
 */
#include <linux/align.h>
#include <linux/err.h>
#include <linux/kvpci.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "kinds/userspace.h"
#include "pci/bar.h"
#include "pci/function.h"
#include "pci/host.h"

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

static const struct kvpci_range_ops memory_ops = {
	.name = "memory",
	.read = userspace_read,
	.write = userspace_write,
	.destroy = userspace_destroy,
};

static bool may_be_memory(const struct kvpci_function_bar *bar,
			  const struct kvpci_range_config *place)
{
	return !(bar->flags & KVPCI_BAR_IO) && bar->space.function->host->mirror_eventfd &&
	       PAGE_ALIGNED(place->offset | place->length);
}

/**
 * kvpci_userspace_new() - have userspace complete accesses to a range of a BAR, or have it
 * memory there
 * @bar: the BAR
 * @place: where in it; @place->kind is KVPCI_RANGE_USERSPACE or KVPCI_RANGE_MEMORY
 *
 * Context: process.
 * Return: the range, without its place, or an ERR_PTR as the uapi says
 */
struct kvpci_range *kvpci_userspace_new(const struct kvpci_function_bar *bar,
					const struct kvpci_range_config *place)
{
	bool memory = place->kind == KVPCI_RANGE_MEMORY;
	struct kvpci_range *range;

	if (place->data || bar->index == KVPCI_BAR_ROM)
		return ERR_PTR(-EINVAL);
	if (memory && !may_be_memory(bar, place))
		return ERR_PTR(-EINVAL);

	range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
	if (!range)
		return ERR_PTR(-ENOMEM);

	range->ops = memory ? &memory_ops : &userspace_ops;
	range->exits = true;
	range->external = memory;
	return range;
}
