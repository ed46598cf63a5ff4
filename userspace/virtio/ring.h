/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A split virtqueue as the device sees it (Virtual I/O Device 1.2, 2.7), for the few queues that
 * the launcher serves itself. The driver may write to all of it at any time.
 */
#ifndef VIRTIO_RING_H
#define VIRTIO_RING_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "virtio/backend.h"

/* The longest chain of descriptors, which is as long as the largest queue served here. */
#define RING_MAX_CHAIN	256

/* Bytes of a chain at most (2.7.5). */
#define RING_MAX_BYTES	(1ULL << 32)

/*
 * Bytes of the areas of a queue. The rings have two fields in front, and one behind with
 * VIRTIO_F_EVENT_IDX.
 */
static inline __u64 ring_descriptors_size(__u16 entries)
{
	return 16ULL * entries;
}

static inline __u64 ring_available_size(__u16 entries)
{
	return 2ULL * entries + 6;
}

static inline __u64 ring_used_size(__u16 entries)
{
	return 8ULL * entries + 6;
}

struct iommu_endpoint;
struct vring_desc;
struct vring_avail;
struct vring_used;

/*
 * @endpoint: the device is behind the virtual IOMMU, which is held (iommu_hold()) whenever a
 *	function is called that is about the ring, or about a chain that has been taken. Where the
 *	areas are is looked up each time then.
 */
struct ring {
	const struct guest_memory *memory;
	struct iommu_endpoint *endpoint;
	struct queue queue;
	__u16 size;
	bool event_idx;		/* VIRTIO_RING_F_EVENT_IDX is accepted */
	bool indirect;		/* and VIRTIO_RING_F_INDIRECT_DESC */
	__u16 next;		/* free-running, as the indices in the areas are */
	__u16 used;
	const struct vring_desc *desc_area;
	struct vring_avail *driver_area;
	struct vring_used *device_area;
};

/* A buffer, at an address of the device. */
struct ring_piece {
	__u64 address;
	__u32 length;
};

/* What the driver has made available: first what it has written, then what it will read. */
struct chain {
	__u16 head;
	unsigned int nr_out;
	unsigned int nr_in;
	__u64 size;		/* of all of it */
	struct ring_piece pieces[RING_MAX_CHAIN];
};

/*
 * Begin with entry @queue->base of a queue of at most RING_MAX_CHAIN descriptors: what has been
 * taken before has been given back. @endpoint: NULL: the device is not behind the IOMMU.
 */
void ring_start(struct ring *ring, const struct guest_memory *memory,
		struct iommu_endpoint *endpoint, const struct queue *queue, __u64 features);

/*
 * Take the next chain. Returns 1 if there is one, and a negative error number if the driver has
 * broken the rules. If there is none, the driver will notify of the next.
 */
int ring_take(struct ring *ring, struct chain *chain);

/* What has been taken last is going to be taken again, as it is by then. */
void ring_untake(struct ring *ring);

/*
 * Behind the IOMMU: is all of the ring still where it is? Comes before ring_give() if that has been
 * released since the chain has been taken.
 */
bool ring_find(struct ring *ring);

/* Give it back, @written bytes of it having been written. Does the driver ask for an interrupt? */
bool ring_give(struct ring *ring, const struct chain *chain, __u32 written);

/* How many bytes are that? */
__u64 pieces_size(const struct ring_piece *pieces, unsigned int nr);

/*
 * Copy @size bytes of them, or as many as there are: IOMMU_READ to @data, IOMMU_WRITE from there.
 * Returns how many: behind the IOMMU, up to what can't be reached.
 */
size_t pieces_copy(const struct ring *ring, const struct ring_piece *pieces, unsigned int nr,
		   void *data, size_t size, __u32 access);

/* Copy the first @size bytes that the driver has written. Returns how many. */
size_t chain_read(const struct ring *ring, const struct chain *chain, void *data, size_t size);

/* For how many bytes is there room where the driver will read? No more than @size are counted. */
size_t chain_room(const struct chain *chain, size_t size);

/* Write @size bytes where the driver will read. Returns how many. */
size_t chain_write(const struct ring *ring, const struct chain *chain, void *data, size_t size);

#endif /* VIRTIO_RING_H */
