// SPDX-License-Identifier: GPL-2.0
/*
 * vhost behind the virtual IOMMU.
 *
 * The kernel carries out a message that is written while it serves none of the file's rings: it
 * holds the locks of all of them. So when a write has returned that takes an address away, nothing
 * reaches memory by that address any more.
 *
 * It keeps a miss until there is an answer. So that a guest can't have it keep any number of them,
 * an address at which nothing is mapped is answered, too: by a page without access. The kernel then
 * takes the ring for broken, until the driver notifies again.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "virtio/iotlb.h"
#include "virtio/ring.h"

/* Answers in a row: others' turn comes in between. */
#define MAX_ANSWERS	64

static struct iotlb *to_iotlb(struct iommu_client *client)
{
	return (struct iotlb *)client;
}

static int send_message(const struct iotlb *iotlb, const struct vhost_iotlb_msg *what)
{
	const struct vhost_msg_v2 message = { .type = VHOST_IOTLB_MSG_V2, .iotlb = *what };

	return write(iotlb->fd, &message, sizeof(message)) < 0 ? -errno : 0;
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

	return send_message(to_iotlb(client), &message);
}

/* While the driver has not accepted the feature, the kernel knows of no such addresses. */
static int unmap(struct iommu_client *client, __u64 start, __u64 last)
{
	struct vhost_iotlb_msg message = { .iova = start, .type = VHOST_IOTLB_INVALIDATE };
	struct iotlb *iotlb = to_iotlb(client);
	int error = 0;

	if (!iotlb->active)
		return 0;
	/* A size that is too large for the field. */
	if (last - start == ~0ULL) {
		message.size = 1ULL << 63;
		error = send_message(iotlb, &message);
		message.iova = 1ULL << 63;
	} else {
		message.size = last - start + 1;
	}
	return error ? error : send_message(iotlb, &message);
}

static const struct iommu_client_ops iotlb_ops = {
	.lazy = true,
	.map = map,
	.unmap = unmap,
};

int iotlb_open(struct iotlb *iotlb, int fd, struct iommu_endpoint *endpoint)
{
	__u64 features = 1ULL << VHOST_BACKEND_F_IOTLB_MSG_V2;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ||
	    ioctl(fd, VHOST_SET_BACKEND_FEATURES, &features))
		return -errno;
	*iotlb = (struct iotlb){ .client.ops = &iotlb_ops, .endpoint = endpoint, .fd = fd };
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

int iotlb_serve(struct iotlb *iotlb)
{
	struct vhost_msg_v2 message;
	unsigned int i;
	int error;

	for (i = 0; i < MAX_ANSWERS; i++) {
		ssize_t length = read(iotlb->fd, &message, sizeof(message));

		if (length < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		if (length < (ssize_t)sizeof(message) || message.type != VHOST_IOTLB_MSG_V2 ||
		    message.iotlb.type != VHOST_IOTLB_MISS)
			return 0;
		error = fetch(iotlb, message.iotlb.iova, 1, wanted(&message.iotlb));
		/* It is a fault, of which the kernel knows; or it is not to serve any ring now. */
		if (error && error != -EFAULT)
			return error;
	}
	return 0;
}
