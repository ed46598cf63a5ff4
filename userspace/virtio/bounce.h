/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Back ends behind the virtual IOMMU that know nothing of it: instead of the guest's memory they
 * have some of ours, with queues of its own and copies of the requests.
 */
#ifndef VIRTIO_BOUNCE_H
#define VIRTIO_BOUNCE_H

#include "iommu.h"
#include "virtio/backend.h"

/* The most descriptors that a queue may have. */
#define BOUNCE_QUEUE_SIZE	256

/* What such a back end is given for the guest's memory. */
struct bounce_memory;

/* Make some. Returns NULL if there is none. */
struct bounce_memory *bounce_memory_create(void);

/* Nobody uses it any more. NULL: nothing to do */
void bounce_memory_free(struct bounce_memory *memory);

const struct guest_memory *bounce_memory(const struct bounce_memory *memory);

/**
 * bounce_open - make a back end of one that has been opened with such memory
 * @backend: that one, and then the one around it, which closes it with itself
 * @bounce_memory: what it has been opened with; used until the new one is closed
 * @memory: the guest's memory
 * @endpoint: what the guest has behind its IOMMU
 * @nr_queues: of the device
 * @queue_size: descriptors of each of them at most, a power of two
 *
 * Return: 0 or a negative error number, and @backend is what it was then
 */
int bounce_open(struct backend **backend, struct bounce_memory *bounce_memory,
		const struct guest_memory *memory, struct iommu_endpoint *endpoint,
		unsigned int nr_queues, __u16 queue_size);

#endif /* VIRTIO_BOUNCE_H */
