// SPDX-License-Identifier: GPL-2.0
/*
 * Regions: what lies behind the ranges of a BAR.
 *
 * A BAR's regions are disjoint and sorted, and fixed once the guest sees the
 * function, so that an access finds them by bisection and without a lock. An access
 * that covers more than one is cut up; bytes in none read all ones, and writes to
 * them are dropped. If the region of the first byte leaves the access to userspace,
 * it does so for the whole of it; if one further on does, its bytes count as in none.
 *
 * A kind of region is a struct vpci_region_ops in a file of its own and an entry in
 * region_kinds[].
 */
#include <linux/err.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "function.h"
#include "host.h"
#include "interrupt.h"
#include "region.h"
#include "registers.h"
#include "uarg.h"
#include "userspace.h"

static const struct vpci_region_ops *const region_kinds[] = {
	[KVPCI_REGION_REGISTERS] = &vpci_registers_ops,
	[KVPCI_REGION_USERSPACE] = &vpci_userspace_ops,
};

/* The first region of @bar that ends after @offset; nr_regions if there is none. */
static u32 first_after(const struct vpci_bar *bar, u64 offset)
{
	u32 low = 0, high = bar->nr_regions;

	while (low < high) {
		u32 mid = (low + high) / 2;
		const struct vpci_region *region = bar->regions[mid];

		if (region->offset + region->length > offset)
			high = mid;
		else
			low = mid + 1;
	}

	return low;
}

/**
 * vpci_region_next() - find a region by its place
 * @bar: the BAR
 * @offset: where to look from
 *
 * Context: any in which the function is known not to go away.
 * Return: the first one of which there is a byte at @offset or after it, or NULL
 */
struct vpci_region *vpci_region_next(const struct vpci_bar *bar, u64 offset)
{
	u32 i = first_after(bar, offset);

	if (i >= bar->nr_regions)
		return NULL;

	return bar->regions[array_index_nospec(i, bar->nr_regions)];
}

/**
 * vpci_region_find() - find the region that a byte is in
 * @bar: the BAR
 * @offset: the byte
 *
 * Context: any in which the function is known not to go away.
 * Return: the region or NULL
 */
struct vpci_region *vpci_region_find(const struct vpci_bar *bar, u64 offset)
{
	struct vpci_region *region = vpci_region_next(bar, offset);

	return region && region->offset <= offset ? region : NULL;
}

/*
 * The bytes from @offset, at most @len, that share a region or have none in common;
 * the region is put in *@region.
 */
static u32 piece(const struct vpci_bar *bar, u64 offset, u32 len,
		 struct vpci_region **region)
{
	u32 i = first_after(bar, offset);
	u64 end = bar->size;

	*region = NULL;
	if (i < bar->nr_regions) {
		i = array_index_nospec(i, bar->nr_regions);
		end = bar->regions[i]->offset;
		if (end <= offset) {
			*region = bar->regions[i];
			end += (*region)->length;
		}
	}

	return min_t(u64, len, end - offset);
}

/**
 * vpci_region_read() - a guest's read of a BAR
 * @bar: the BAR
 * @access: whose access it is
 * @offset: first byte, within the BAR
 * @len: bytes
 * @val: where to put them
 *
 * Context: a callback of a claim.
 * Return: 0, or -EOPNOTSUPP if userspace is to complete it
 */
int vpci_region_read(struct vpci_bar *bar, const struct vpci_access *access,
		     u64 offset, u32 len, void *val)
{
	u32 done, n;

	for (done = 0; done < len && offset < bar->size; done += n, offset += n) {
		struct vpci_region *region;
		int ret = -EOPNOTSUPP;

		n = piece(bar, offset, len - done, &region);
		if (region) {
			ret = region->ops->read(region, access,
						offset - region->offset, n,
						val + done);
			if (ret && !done)
				return ret;
		}
		if (ret)
			memset(val + done, 0xff, n);
	}

	if (done < len)
		memset(val + done, 0xff, len - done);
	return 0;
}

/**
 * vpci_region_write() - a guest's write to a BAR
 * @bar: the BAR
 * @access: whose access it is
 * @offset: first byte, within the BAR
 * @len: bytes
 * @val: the bytes
 *
 * Context: a callback of a claim.
 * Return: 0, or -EOPNOTSUPP if userspace is to complete it
 */
int vpci_region_write(struct vpci_bar *bar, const struct vpci_access *access,
		      u64 offset, u32 len, const void *val)
{
	u32 done, n;

	for (done = 0; done < len && offset < bar->size; done += n, offset += n) {
		struct vpci_region *region;
		int ret = 0;

		n = piece(bar, offset, len - done, &region);
		if (region)
			ret = region->ops->write(region, access,
						 offset - region->offset, n,
						 val + done);
		if (ret && !done)
			return ret;
	}

	return 0;
}

static bool interrupt_is_valid(const struct vpci_function *function,
			       const struct kvpci_region *desc)
{
	switch (desc->flags & (KVPCI_REGION_TRIGGER | KVPCI_REGION_LOWER)) {
	case 0:
		return !desc->interrupt && !desc->vector;
	case KVPCI_REGION_LOWER:
	case KVPCI_REGION_TRIGGER:
		return desc->vector < vpci_interrupts_count(&function->interrupts,
							    desc->interrupt);
	default:
		return false;
	}
}

static int check(const struct vpci_function *function,
		 struct kvpci_region *desc)
{
	const struct vpci_bar *bar;

	if (desc->flags & ~KVPCI_REGION_FLAGS)
		return -EINVAL;
	if (!(desc->flags & KVPCI_REGION_EVENTFD) && desc->eventfd)
		return -EINVAL;
	if (!interrupt_is_valid(function, desc))
		return -EINVAL;
	if (desc->bar >= VPCI_NUM_BARS)
		return -EINVAL;
	desc->bar = array_index_nospec(desc->bar, VPCI_NUM_BARS);
	if (desc->kind >= ARRAY_SIZE(region_kinds))
		return -EINVAL;
	desc->kind = array_index_nospec(desc->kind, ARRAY_SIZE(region_kinds));
	if (!region_kinds[desc->kind])
		return -EINVAL;

	bar = &function->bars[desc->bar];
	if (!desc->length || desc->length > bar->size ||
	    desc->offset > bar->size - desc->length)
		return -EINVAL;

	return 0;
}

/**
 * vpci_region_insert() - put a region behind its BAR
 * @region: the region, complete
 *
 * Context: process; the caller holds the host's lock, and the function is not plugged.
 * Return: 0; -EEXIST if it overlaps another; -ENOSPC if there are too many; -ENOMEM
 */
int vpci_region_insert(struct vpci_region *region)
{
	struct vpci_bar *bar = region->bar;
	struct vpci_region **regions;
	u32 at, n = bar->nr_regions;

	if (bar->function->nr_regions == KVPCI_MAX_REGIONS)
		return -ENOSPC;

	at = first_after(bar, region->offset);
	if (at < n && bar->regions[at]->offset < region->offset + region->length)
		return -EEXIST;

	regions = kmalloc_array(n + 1, sizeof(*regions), GFP_KERNEL_ACCOUNT);
	if (!regions)
		return -ENOMEM;

	if (n) {
		memcpy(regions, bar->regions, at * sizeof(*regions));
		memcpy(regions + at + 1, bar->regions + at,
		       (n - at) * sizeof(*regions));
	}
	regions[at] = region;
	kfree(bar->regions);
	bar->regions = regions;
	bar->nr_regions++;
	bar->function->nr_regions++;
	return 0;
}

/* May regions be added? So it is as long as the host's lock is held. */
static int check_state(const struct vpci_function *function)
{
	if (!READ_ONCE(function->host->kvm))
		return -ENODEV;

	return READ_ONCE(function->plugged) ? -EBUSY : 0;
}

/* Put a region that is complete behind its BAR. */
static int add(struct vpci_function *function, struct vpci_region *region)
{
	int ret;

	ret = check_state(function);
	if (!ret && region->ops->attach)
		ret = region->ops->attach(region);

	return ret ?: vpci_region_insert(region);
}

static struct vpci_region *create(struct vpci_function *function,
				  const struct kvpci_region *desc)
{
	const struct vpci_region_ops *ops = region_kinds[desc->kind];
	struct vpci_bar *bar = &function->bars[desc->bar];
	struct vpci_region *region;

	region = ops->create(bar, desc);
	if (IS_ERR(region))
		return region;

	region->ops = ops;
	region->bar = bar;
	region->offset = desc->offset;
	region->length = desc->length;
	return region;
}

/**
 * vpci_region_add() - KVPCI_ADD_REGION
 * @function: the function
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int vpci_region_add(struct vpci_function *function,
		    const struct kvpci_region __user *arg)
{
	struct vpci_region *region;
	struct kvpci_region desc;
	int ret;

	ret = vpci_uarg_get(&desc, sizeof(desc), KVPCI_REGION_SIZE_VER0, arg);
	if (ret)
		return ret;
	ret = check(function, &desc);
	if (ret)
		return ret;
	ret = check_state(function);
	if (ret)
		return ret;

	region = create(function, &desc);
	if (IS_ERR(region))
		return PTR_ERR(region);

	mutex_lock(&function->host->lock);
	ret = add(function, region);
	mutex_unlock(&function->host->lock);
	if (ret)
		region->ops->destroy(region);
	return ret;
}

/**
 * vpci_regions_destroy() - free all regions of a BAR
 * @bar: the BAR, which no access can reach any more
 */
void vpci_regions_destroy(struct vpci_bar *bar)
{
	u32 i;

	for (i = 0; i < bar->nr_regions; i++)
		if (bar->regions[i]->ops->destroy)
			bar->regions[i]->ops->destroy(bar->regions[i]);
	kfree(bar->regions);
}
