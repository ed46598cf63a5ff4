/* SPDX-License-Identifier: GPL-2.0 */
/* The driver's side of split virtqueues, for tests of those that the launcher serves itself. */
#ifndef TESTS_DRIVER_H
#define TESTS_DRIVER_H

#include <linux/types.h>
#include <linux/virtio_ring.h>

#include "memory.h"
#include "virtio/backend.h"

/* Entries of each queue, of which @queue is where its descriptors are, and the rest behind that. */
#define DRIVER_SIZE	16
#define DRIVER_AVAIL	0x1000
#define DRIVER_USED	0x2000

/* The guest's memory, for the test to create and destroy. */
extern struct guest_memory driver_memory;

void *driver_at(__u64 address);
struct vring_avail *driver_avail(__u64 queue);
struct vring_used *driver_used(__u64 queue);

/* A queue that is enabled, which has no kick yet. */
struct queue driver_queue(__u64 queue);

/* Descriptor @i of a table, which may be anywhere. */
void driver_put(__u64 table, unsigned int i, __u64 address, __u32 length, __u16 flags, __u16 next);

/* Make a chain available. */
void driver_offer(__u64 queue, __u16 head);

#endif /* TESTS_DRIVER_H */
