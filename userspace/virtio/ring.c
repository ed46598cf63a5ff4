// SPDX-License-Identifier: GPL-2.0
/*
 * Device side of split virtqueues. Nothing in the areas is believed: each value is read once, and
 * checked as it was read; each address is looked up; a chain is no longer than its queue, so that
 * one that leads back to itself ends too, and has no more bytes than the specification allows.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "iommu.h"
#include "memory.h"
#include "virtio/ring.h"

/* Read or write once, and in order with what others on this thread read or write. */
#define load(p)			__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store(p, value)		__atomic_store_n((p), (value), __ATOMIC_RELEASE)
#define full_barrier()		__atomic_thread_fence(__ATOMIC_SEQ_CST)

/* Each is behind the last entry of the other side's area (2.7.7, 2.7.10). */
static __u16 *avail_event(const struct ring *ring)
{
	return (__u16 *)&ring->device_area->ring[ring->size];
}

static const __u16 *used_event(const struct ring *ring)
{
	return &ring->driver_area->ring[ring->size];
}

/* Where is it, for us? NULL: it is not the device's to reach. */
static void *find(const struct ring *ring, __u64 address, __u64 size, __u32 access)
{
	return ring->endpoint ? iommu_at(ring->endpoint, address, size, access) :
				memory_at(ring->memory, address, size);
}

bool ring_find(struct ring *ring)
{
	const struct queue *queue = &ring->queue;

	ring->desc_area = find(ring, queue->desc, ring_descriptors_size(ring->size), IOMMU_READ);
	ring->driver_area = find(ring, queue->driver, ring_available_size(ring->size), IOMMU_READ);
	ring->device_area = find(ring, queue->device, ring_used_size(ring->size),
				 IOMMU_READ | IOMMU_WRITE);
	return ring->desc_area && ring->driver_area && ring->device_area;
}

void ring_start(struct ring *ring, const struct guest_memory *memory,
		struct iommu_endpoint *endpoint, const struct queue *queue, __u64 features)
{
	*ring = (struct ring){
		.memory = memory,
		.endpoint = endpoint,
		.queue = *queue,
		.size = queue->size,
		.next = queue->base,
		.used = queue->base,
		.event_idx = features & 1ULL << VIRTIO_RING_F_EVENT_IDX,
		.indirect = features & 1ULL << VIRTIO_RING_F_INDIRECT_DESC,
	};
	if (!endpoint)
		ring_find(ring);
}

/* Tables may be at any address. */
static struct vring_desc read_descriptor(const void *at)
{
	struct vring_desc desc;

	memcpy(&desc, at, sizeof(desc));
	/* What has been copied is used, and not what is there by then. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return (struct vring_desc){
		.addr = le64toh(desc.addr),
		.len = le32toh(desc.len),
		.flags = le16toh(desc.flags),
		.next = le16toh(desc.next),
	};
}

/*
 * Behind the IOMMU it may be in several places, and is looked up again when it is copied. What has
 * no bytes is nowhere.
 */
static bool can_reach(const struct ring *ring, const struct vring_desc *desc, __u32 access)
{
	if (!desc->len)
		return true;
	if (ring->endpoint)
		return iommu_reaches_held(ring->endpoint, desc->addr, desc->len, access);
	return memory_at(ring->memory, desc->addr, desc->len);
}

static int add_piece(const struct ring *ring, struct chain *chain, const struct vring_desc *desc)
{
	unsigned int n = chain->nr_out + chain->nr_in;
	bool in = desc->flags & VRING_DESC_F_WRITE;

	chain->size += desc->len;
	/* Behind the IOMMU each page of it may have to be looked up. */
	if (n == ring->size || (!in && chain->nr_in) || chain->size > RING_MAX_BYTES)
		return -EINVAL;
	if (!can_reach(ring, desc, in ? IOMMU_WRITE : IOMMU_READ))
		return -EFAULT;
	chain->pieces[n] = (struct ring_piece){ desc->addr, desc->len };
	if (in)
		chain->nr_in++;
	else
		chain->nr_out++;
	return 0;
}

/* A table has as many entries as its descriptor's length says; none leads to a further table. */
static int walk_indirect(const struct ring *ring, struct chain *chain,
			 const struct vring_desc *table)
{
	unsigned int n = table->len / sizeof(*table);
	const __u8 *entries = find(ring, table->addr, table->len, IOMMU_READ);
	unsigned int i = 0;

	if (!ring->indirect || table->flags & VRING_DESC_F_NEXT || !n ||
	    table->len % sizeof(*table))
		return -EINVAL;
	if (!entries)
		return -EFAULT;
	while (i < n) {
		const struct vring_desc desc = read_descriptor(entries + i * sizeof(desc));
		int error;

		if (desc.flags & VRING_DESC_F_INDIRECT)
			return -EINVAL;
		error = add_piece(ring, chain, &desc);
		if (error || !(desc.flags & VRING_DESC_F_NEXT))
			return error;
		i = desc.next;
	}
	return -EINVAL;
}

static int walk(const struct ring *ring, struct chain *chain)
{
	unsigned int i = chain->head;

	while (i < ring->size) {
		const struct vring_desc desc = read_descriptor(&ring->desc_area[i]);
		int error;

		if (desc.flags & VRING_DESC_F_INDIRECT)
			return walk_indirect(ring, chain, &desc);
		error = add_piece(ring, chain, &desc);
		if (error || !(desc.flags & VRING_DESC_F_NEXT))
			return error;
		i = desc.next;
	}
	return -EINVAL;
}

static __u16 available(const struct ring *ring)
{
	return le16toh(load(&ring->driver_area->idx)) - ring->next;
}

int ring_take(struct ring *ring, struct chain *chain)
{
	__u16 n;
	int error;

	if (ring->endpoint && !ring_find(ring))
		return -EFAULT;
	n = available(ring);
	if (!n && ring->event_idx) {
		/* Ask for a notification of the next, which may have come before we asked. */
		store(avail_event(ring), htole16(ring->next));
		full_barrier();
		n = available(ring);
	}
	if (!n)
		return 0;
	if (n > ring->size)
		return -EINVAL;
	chain->nr_out = 0;
	chain->nr_in = 0;
	chain->size = 0;
	chain->head = le16toh(load(&ring->driver_area->ring[ring->next % ring->size]));
	error = walk(ring, chain);
	if (error)
		return error;
	ring->next++;
	return 1;
}

void ring_untake(struct ring *ring)
{
	ring->next--;
}

/* 2.7.7.2, and with VIRTIO_RING_F_EVENT_IDX 2.7.7 */
static bool wants_interrupt(const struct ring *ring)
{
	if (!ring->event_idx)
		return !(le16toh(load(&ring->driver_area->flags)) & VRING_AVAIL_F_NO_INTERRUPT);
	return le16toh(load(used_event(ring))) == (__u16)(ring->used - 1);
}

bool ring_give(struct ring *ring, const struct chain *chain, __u32 written)
{
	struct vring_used_elem *entry = &ring->device_area->ring[ring->used % ring->size];

	store(&entry->id, htole32(chain->head));
	store(&entry->len, htole32(written));
	ring->used++;
	store(&ring->device_area->idx, htole16(ring->used));
	full_barrier();
	return wants_interrupt(ring);
}

__u64 pieces_size(const struct ring_piece *pieces, unsigned int nr)
{
	__u64 size = 0;

	while (nr--)
		size += pieces++->length;
	return size;
}

static size_t copy_piece(const struct ring *ring, const struct ring_piece *piece, void *data,
			 size_t size, __u32 access)
{
	void *base;

	if (!size)
		return 0;
	if (ring->endpoint)
		return iommu_copy(ring->endpoint, piece->address, data, size, access);
	/* It has been looked at when it was taken. */
	base = memory_at(ring->memory, piece->address, size);
	memcpy(access == IOMMU_READ ? data : base, access == IOMMU_READ ? base : data, size);
	return size;
}

size_t pieces_copy(const struct ring *ring, const struct ring_piece *pieces, unsigned int nr,
		   void *data, size_t size, __u32 access)
{
	size_t done = 0;

	for (; nr && done < size; nr--, pieces++) {
		size_t n = pieces->length < size - done ? pieces->length : size - done;
		size_t copied = copy_piece(ring, pieces, (char *)data + done, n, access);

		done += copied;
		if (copied < n)
			break;
	}
	return done;
}

size_t chain_read(const struct ring *ring, const struct chain *chain, void *data, size_t size)
{
	return pieces_copy(ring, chain->pieces, chain->nr_out, data, size, IOMMU_READ);
}

size_t chain_room(const struct chain *chain, size_t size)
{
	__u64 room = pieces_size(&chain->pieces[chain->nr_out], chain->nr_in);

	return room < size ? room : size;
}

size_t chain_write(const struct ring *ring, const struct chain *chain, void *data, size_t size)
{
	return pieces_copy(ring, &chain->pieces[chain->nr_out], chain->nr_in, data, size,
			   IOMMU_WRITE);
}
