// SPDX-License-Identifier: GPL-2.0
/*
 * How far a back end had come with a split virtqueue (Virtual I/O Device 1.2, 2.7).
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

#include "memory.h"
#include "virtio/progress.h"

__u16 progress_used(const struct guest_memory *memory, const struct queue *queue)
{
	const struct vring_used *used = memory_at(memory, queue->device, sizeof(*used));

	return le16toh(__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE));
}

bool progress_is_complete(const struct guest_memory *memory, const struct queue *queue)
{
	const struct vring_avail *avail = memory_at(memory, queue->driver, sizeof(*avail));

	return le16toh(__atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE)) ==
	       progress_used(memory, queue);
}
