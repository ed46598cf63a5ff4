// SPDX-License-Identifier: GPL-2.0
/*
 * Is a queue, as the driver has set it up, one that a back end may be given? All three areas
 * (Virtual I/O Device 1.2, 2.7 and 2.8) are to be RAM of the guest, for which it has no other
 * proof: what a back end makes of an address beyond is its own affair.
 */
#include "memory.h"
#include "virtio/internal.h"

#define DESCRIPTOR_SIZE		16
#define EVENT_SUPPRESSION_SIZE	4

static bool is_ram(const struct guest_memory *memory, __u64 address, __u64 length, __u64 align)
{
	return !(address % align) && memory_at(memory, address, length);
}

static bool is_packed_good(const struct queue *queue, const struct guest_memory *memory)
{
	return is_ram(memory, queue->desc, (__u64)DESCRIPTOR_SIZE * queue->size, 16) &&
	       is_ram(memory, queue->driver, EVENT_SUPPRESSION_SIZE, 4) &&
	       is_ram(memory, queue->device, EVENT_SUPPRESSION_SIZE, 4);
}

/* The rings have two fields in front, and one behind with VIRTIO_F_EVENT_IDX. */
static bool is_split_good(const struct queue *queue, const struct guest_memory *memory)
{
	return !(queue->size & (queue->size - 1)) &&
	       is_ram(memory, queue->desc, (__u64)DESCRIPTOR_SIZE * queue->size, 16) &&
	       is_ram(memory, queue->driver, 2ULL * queue->size + 6, 2) &&
	       is_ram(memory, queue->device, 8ULL * queue->size + 6, 4);
}

bool queue_is_good(const struct queue *queue, const struct virtio_device *device, bool packed)
{
	const struct guest_memory *memory = device->backend->memory;

	if (!queue->size || queue->size > device->queue_size)
		return false;
	return packed ? is_packed_good(queue, memory) : is_split_good(queue, memory);
}
