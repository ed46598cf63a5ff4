// SPDX-License-Identifier: GPL-2.0
/*
 * Back ends behind the virtual IOMMU: what is sent of what the IOMMU tells.
 *
 * A back end may keep a miss until there is an answer. So that a guest can't have it keep any
 * number of them, an address at which nothing is mapped is answered, too: by a page without access.
 *
 * vhost asks again whenever it is woken before the answer is there. By the time that the last of
 * these misses is read, the buffer may have been used and unmapped. That is no fault. So what was
 * asked before an invalidation is answered with it, and misses are received with the IOMMU's lock
 * held.
 */
#include <errno.h>
#include <stdint.h>

#include "virtio/iotlb.h"
#include "virtio/ring.h"

/* Misses that are answered in a row: others' turn comes in between. */
#define MAX_ANSWERS	64

static struct iotlb *to_iotlb(struct iommu_client *client)
{
	return (struct iotlb *)client;
}

static int tell(struct iotlb *iotlb, const struct vhost_iotlb_msg *message)
{
	return iotlb->active ? iotlb->ops->send(iotlb->context, message) : 0;
}

/* A daemon asks for both where it writes (DPDK); what Linux receives it maps for writing only. */
static __u8 permission(const struct iotlb *iotlb, __u32 access)
{
	if (iotlb->ops->daemon && access & IOMMU_WRITE)
		return VHOST_ACCESS_RW;
	return (access & IOMMU_READ ? VHOST_ACCESS_RO : 0) |
	       (access & IOMMU_WRITE ? VHOST_ACCESS_WO : 0);
}

static int map(struct iommu_client *client, const struct iommu_piece *piece)
{
	const struct vhost_iotlb_msg message = {
		.iova = piece->start,
		.size = piece->last - piece->start + 1,
		.uaddr = (uintptr_t)piece->host,
		.perm = permission(to_iotlb(client), piece->access),
		.type = VHOST_IOTLB_UPDATE,
	};

	return tell(to_iotlb(client), &message);
}

static __u32 wanted(const struct iotlb *iotlb, const struct vhost_iotlb_msg *miss)
{
	if (iotlb->ops->daemon && miss->perm & VHOST_ACCESS_WO)
		return IOMMU_WRITE;
	return (miss->perm & VHOST_ACCESS_RO ? IOMMU_READ : 0) |
	       (miss->perm & VHOST_ACCESS_WO ? IOMMU_WRITE : 0);
}

/* Returns EFAULT as iommu_fetch_held() does. */
static int answer(struct iotlb *iotlb, const struct vhost_iotlb_msg *miss, bool late)
{
	return iommu_fetch_held(iotlb->endpoint, &iotlb->client, miss->iova, 1,
				wanted(iotlb, miss), late);
}

/* Who asked may need it still: it is woken, and knows nothing of the page. */
static int have_it_ask_again(struct iotlb *iotlb, __u64 address)
{
	struct vhost_iotlb_msg page = {
		.iova = address & ~(IOMMU_PAGE - 1), .size = IOMMU_PAGE, .type = VHOST_IOTLB_UPDATE,
	};
	int error = tell(iotlb, &page);

	page.type = VHOST_IOTLB_INVALIDATE;
	return error ? error : tell(iotlb, &page);
}

/* @gone: what has just been invalidated; NULL: nothing. Returns whether there was one. */
static int answer_next(struct iotlb *iotlb, const struct iommu_range *gone)
{
	struct vhost_iotlb_msg miss;
	int result = iotlb->ops->receive(iotlb->context, &miss);
	bool late;
	int error;

	if (result <= 0)
		return result;
	late = gone && miss.iova >= gone->start && miss.iova <= gone->last;
	error = answer(iotlb, &miss, late);
	if (error == -EFAULT)
		error = late ? have_it_ask_again(iotlb, miss.iova) : 0;
	return error ? error : 1;
}

/* What it has asked for before it has forgotten that range. */
static int answer_late(struct iotlb *iotlb, __u64 start, __u64 last)
{
	const struct iommu_range gone = { start, last };
	int result = iotlb->active && iotlb->ops->receive;
	unsigned int i;

	for (i = 0; i < MAX_ANSWERS && result > 0; i++)
		result = answer_next(iotlb, &gone);
	return result < 0 ? result : 0;
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
	if (!error)
		error = tell(iotlb, &message);
	return error ? error : answer_late(iotlb, start, last);
}

static const struct iommu_client_ops lazy_ops = { .lazy = true, .map = map, .unmap = unmap };
static const struct iommu_client_ops eager_ops = { .map = map, .unmap = unmap };

int iotlb_open(struct iotlb *iotlb, struct iommu_endpoint *endpoint,
	       const struct iotlb_ops *ops, void *context)
{
	*iotlb = (struct iotlb){
		.client.ops = ops->daemon ? &eager_ops : &lazy_ops,
		.endpoint = endpoint, .ops = ops, .context = context,
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

int iotlb_dispatch(struct iotlb *iotlb)
{
	int result = !!iotlb->endpoint;
	unsigned int i;

	for (i = 0; i < MAX_ANSWERS && result > 0; i++) {
		iommu_hold(iotlb->endpoint);
		result = answer_next(iotlb, NULL);
		iommu_release(iotlb->endpoint);
	}
	return result;
}

int iotlb_answer(struct iotlb *iotlb, const struct vhost_iotlb_msg *miss)
{
	int error;

	iommu_hold(iotlb->endpoint);
	error = answer(iotlb, miss, false);
	iommu_release(iotlb->endpoint);
	return error == -EFAULT ? 0 : error;
}
