/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Back ends behind the virtual IOMMU: one asks for addresses that it does not know (a miss), and is
 * told where they are (an update), and when they are not there any more (an invalidation). Messages
 * are vhost's (struct vhost_iotlb_msg), and how they come and go is the back end's: by the kernel's
 * file of vhost's (vhost.c), or by the sockets of a daemon (vhost_user.c).
 */
#ifndef VIRTIO_IOTLB_H
#define VIRTIO_IOTLB_H

#include <linux/types.h>
#include <linux/vhost_types.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "iommu.h"
#include "virtio/backend.h"

/**
 * struct iotlb_ops - how messages go to a back end, and come from it
 * @send: tell it. When it has returned from an invalidation, nothing is reached by these addresses
 *	any more. Returns 0 or a negative error number.
 * @receive: take the next miss. Returns 1, or 0: there is none now, or a negative error number.
 *	NULL: misses come among other messages, and are handed to iotlb_answer().
 * @daemon: it is DPDK's way: it does not wait for what it has asked for, and packets for the guest
 *	that come meanwhile are lost, so it is told of mappings as they are made, too; and where it
 *	writes, it asks for both accesses
 *
 * Functions may be called in any thread, with the IOMMU's lock held.
 */
struct iotlb_ops {
	int (*send)(void *context, const struct vhost_iotlb_msg *message);
	int (*receive)(void *context, struct vhost_iotlb_msg *miss);
	bool daemon;
};

/**
 * struct iotlb - what a back end knows of the addresses of a device
 * @client: the IOMMU's
 * @endpoint: what it is a client of; NULL: the device is not behind the IOMMU
 * @ops: how messages go and come
 * @context: what is handed to these
 * @active: the back end knows of such addresses: the driver has accepted VIRTIO_F_ACCESS_PLATFORM.
 *	While it does not, it is told nothing.
 */
struct iotlb {
	struct iommu_client client;
	struct iommu_endpoint *endpoint;
	const struct iotlb_ops *ops;
	void *context;
	atomic_bool active;
};

/* All of these return 0 or a negative error number. */
int iotlb_open(struct iotlb *iotlb, struct iommu_endpoint *endpoint,
	       const struct iotlb_ops *ops, void *context);

/* Before nothing can be sent any more. It may not have been opened. */
void iotlb_close(struct iotlb *iotlb);

/* Have it know where a ring is, before it begins to serve it. */
int iotlb_fetch_ring(struct iotlb *iotlb, const struct queue *queue);

/*
 * There may be misses to receive: answer them, but not any number of them. Returns whether there
 * may be more, or a negative error number. It may not have been opened: there are none.
 */
int iotlb_dispatch(struct iotlb *iotlb);

/* It has asked. That it can't reach what it has asked for is no error, but a fault. */
int iotlb_answer(struct iotlb *iotlb, const struct vhost_iotlb_msg *miss);

#endif /* VIRTIO_IOTLB_H */
