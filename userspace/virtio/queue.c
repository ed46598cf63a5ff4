// SPDX-License-Identifier: GPL-2.0
/*
 * Is a queue, as the driver has set it up, one that a back end may be given? All three areas
 * (Virtual I/O Device 1.2, 2.7 and 2.8) are to be RAM of the guest, for which it has no other
 * proof: what a back end makes of an address beyond is its own affair. Of a device that is behind
 * the virtual IOMMU, they are to be mapped. Back ends read all three, and write to the last one.
 */
#include "iommu.h"
#include "memory.h"
#include "virtio/internal.h"
#include "virtio/ring.h"

#define DESCRIPTOR_SIZE		16
#define EVENT_SUPPRESSION_SIZE	4

static bool is_ram(const struct virtio_device *device, __u64 address, __u64 length, __u64 align,
		   __u32 access)
{
	if (address % align)
		return false;
	return device->endpoint ? iommu_reaches(device->endpoint, address, length, access) :
				  !!memory_at(device->backend->memory, address, length);
}

static bool is_packed_good(const struct queue *queue, const struct virtio_device *device)
{
	return is_ram(device, queue->desc, (__u64)DESCRIPTOR_SIZE * queue->size, 16,
		      IOMMU_READ | IOMMU_WRITE) &&
	       is_ram(device, queue->driver, EVENT_SUPPRESSION_SIZE, 4, IOMMU_READ) &&
	       is_ram(device, queue->device, EVENT_SUPPRESSION_SIZE, 4, IOMMU_READ | IOMMU_WRITE);
}

static bool is_split_good(const struct queue *queue, const struct virtio_device *device)
{
	return !(queue->size & (queue->size - 1)) &&
	       is_ram(device, queue->desc, ring_descriptors_size(queue->size), 16, IOMMU_READ) &&
	       is_ram(device, queue->driver, ring_available_size(queue->size), 2, IOMMU_READ) &&
	       is_ram(device, queue->device, ring_used_size(queue->size), 4,
		      IOMMU_READ | IOMMU_WRITE);
}

bool queue_is_good(const struct queue *queue, const struct virtio_device *device, bool packed)
{
	if (!queue->size || queue->size > device->queue_size)
		return false;
	return packed ? is_packed_good(queue, device) : is_split_good(queue, device);
}
