// SPDX-License-Identifier: GPL-2.0
/*
 * Back ends behind the virtual IOMMU: what is sent of what the IOMMU tells.
 *
 * A back end may keep a miss until there is an answer. So that a guest can't have it keep any
 * number of them, an address at which nothing is mapped is answered, too: by a page without access.
 */
#include <errno.h>
#include <stdint.h>

#include "virtio/iotlb.h"
#include "virtio/ring.h"

static struct iotlb *to_iotlb(struct iommu_client *client)
{
	return (struct iotlb *)client;
}

static int tell(struct iotlb *iotlb, const struct vhost_iotlb_msg *message)
{
	return iotlb->active ? iotlb->send(iotlb->context, message) : 0;
}

static int map(struct iommu_client *client, const struct iommu_piece *piece)
{
	const struct vhost_iotlb_msg message = {
		.iova = piece->start,
		.size = piece->last - piece->start + 1,
		.uaddr = (uintptr_t)piece->host,
		.perm = (piece->access & IOMMU_READ ? VHOST_ACCESS_RO : 0) |
			(piece->access & IOMMU_WRITE ? VHOST_ACCESS_WO : 0),
		.type = VHOST_IOTLB_UPDATE,
	};

	return tell(to_iotlb(client), &message);
}

static int unmap(struct iommu_client *client, __u64 start, __u64 last)
{
	struct vhost_iotlb_msg message = { .iova = start, .type = VHOST_IOTLB_INVALIDATE };
	struct iotlb *iotlb = to_iotlb(client);
	int error = 0;

	/* A size that is too large for the field. */
	if (last - start == ~0ULL) {
		message.size = 1ULL << 63;
		error = tell(iotlb, &message);
		message.iova = 1ULL << 63;
	} else {
		message.size = last - start + 1;
	}
	return error ? error : tell(iotlb, &message);
}

static const struct iommu_client_ops iotlb_ops = {
	.lazy = true,
	.map = map,
	.unmap = unmap,
};

int iotlb_open(struct iotlb *iotlb, struct iommu_endpoint *endpoint,
	       int (*send)(void *context, const struct vhost_iotlb_msg *message), void *context)
{
	*iotlb = (struct iotlb){
		.client.ops = &iotlb_ops, .endpoint = endpoint, .send = send, .context = context,
	};
	return iommu_add_client(endpoint, &iotlb->client);
}

void iotlb_close(struct iotlb *iotlb)
{
	if (iotlb->endpoint)
		iommu_remove_client(iotlb->endpoint, &iotlb->client);
	*iotlb = (struct iotlb){ .endpoint = NULL };
}

static int fetch(struct iotlb *iotlb, __u64 address, __u64 size, __u32 access)
{
	return iommu_fetch(iotlb->endpoint, &iotlb->client, address, size, access);
}

int iotlb_fetch_ring(struct iotlb *iotlb, const struct queue *queue)
{
	int error;

	error = fetch(iotlb, queue->desc, ring_descriptors_size(queue->size), IOMMU_READ);
	if (!error)
		error = fetch(iotlb, queue->driver, ring_available_size(queue->size), IOMMU_READ);
	if (!error)
		error = fetch(iotlb, queue->device, ring_used_size(queue->size),
			      IOMMU_READ | IOMMU_WRITE);
	return error;
}

static __u32 wanted(const struct vhost_iotlb_msg *miss)
{
	return (miss->perm & VHOST_ACCESS_RO ? IOMMU_READ : 0) |
	       (miss->perm & VHOST_ACCESS_WO ? IOMMU_WRITE : 0);
}

int iotlb_answer(struct iotlb *iotlb, const struct vhost_iotlb_msg *miss)
{
	int error = fetch(iotlb, miss->iova, 1, wanted(miss));

	return error == -EFAULT ? 0 : error;
}
