// SPDX-License-Identifier: GPL-2.0
/*
 * How far a back end has come with a split virtqueue (Virtual I/O Device 1.2, 2.7).
 *
 * Which requests it has completed can't be told from these areas in general. A back end may
 * complete them in any order, and the driver uses the descriptors of those that it has for others
 * at once, so that a number in the available ring that is in the used ring, too, may be an earlier
 * request of that number. Each ring has so many entries only: what came before is not there any
 * more, so that one that takes long may be in neither. What can be told is how many, and so whether
 * it is all.
 */
#include <endian.h>
#include <linux/virtio_ring.h>
#include <stddef.h>

#include "iommu.h"
#include "memory.h"
#include "virtio/progress.h"

/* The second field of an area, at @address: its index. A driver may have unmapped it. */
static bool read_index(const struct guest_memory *memory, struct iommu_endpoint *endpoint,
		       __u64 address, __u16 *index)
{
	const struct vring_used *area;

	iommu_hold(endpoint);
	area = endpoint ? iommu_at(endpoint, address, sizeof(*area), IOMMU_READ) :
			  memory_at(memory, address, sizeof(*area));
	*index = area ? le16toh(__atomic_load_n(&area->idx, __ATOMIC_ACQUIRE)) : 0;
	iommu_release(endpoint);
	return area;
}

__u16 progress_used(const struct guest_memory *memory, struct iommu_endpoint *endpoint,
		    const struct queue *queue)
{
	__u16 used;

	read_index(memory, endpoint, queue->device, &used);
	return used;
}

bool progress_is_under_way(const struct guest_memory *memory, struct iommu_endpoint *endpoint,
			   const struct queue *queue)
{
	__u16 available, used, left;

	if (!read_index(memory, endpoint, queue->driver, &available) ||
	    !read_index(memory, endpoint, queue->device, &used))
		return false;
	left = available - used;
	return left && left <= queue->size;
}

bool progress_is_complete(const struct guest_memory *memory, struct iommu_endpoint *endpoint,
			  const struct queue *queue)
{
	__u16 available, used;

	return read_index(memory, endpoint, queue->driver, &available) &&
	       read_index(memory, endpoint, queue->device, &used) && available == used;
}
