// SPDX-License-Identifier: GPL-2.0
/* The driver's side of split virtqueues. */
#include <string.h>
#include <sys/eventfd.h>

#include "driver.h"

struct guest_memory driver_memory;

void *driver_at(__u64 address)
{
	return memory_at(&driver_memory, address, 1);
}

struct vring_avail *driver_avail(__u64 queue)
{
	return driver_at(queue + DRIVER_AVAIL);
}

struct vring_used *driver_used(__u64 queue)
{
	return driver_at(queue + DRIVER_USED);
}

struct queue driver_queue(__u64 queue)
{
	return (struct queue){
		.size = DRIVER_SIZE, .enabled = true, .desc = queue,
		.driver = queue + DRIVER_AVAIL, .device = queue + DRIVER_USED, .kick = -1,
		.call = eventfd(0, EFD_NONBLOCK),
	};
}

void driver_put(__u64 table, unsigned int i, __u64 address, __u32 length, __u16 flags, __u16 next)
{
	const struct vring_desc desc = { address, length, flags, next };

	memcpy((struct vring_desc *)driver_at(table) + i, &desc, sizeof(desc));
}

void driver_offer(__u64 queue, __u16 head)
{
	struct vring_avail *avail = driver_avail(queue);

	avail->ring[avail->idx % DRIVER_SIZE] = head;
	avail->idx++;
}
