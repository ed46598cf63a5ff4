/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vhost behind the virtual IOMMU: the kernel asks for addresses that it does not know (a miss), by
 * messages that are read from vhost's file, and is told of them by messages that are written to it
 * (struct vhost_msg_v2).
 */
#ifndef VIRTIO_IOTLB_H
#define VIRTIO_IOTLB_H

#include <linux/types.h>
#include <stdatomic.h>

#include "iommu.h"
#include "virtio/backend.h"

/**
 * struct iotlb - what the kernel knows of the addresses of one of vhost's files
 * @client: the IOMMU's
 * @endpoint: what it is a client of; NULL: the device is not behind the IOMMU
 * @fd: the file
 * @active: the driver has accepted VIRTIO_F_ACCESS_PLATFORM
 */
struct iotlb {
	struct iommu_client client;
	struct iommu_endpoint *endpoint;
	int fd;
	atomic_bool active;
};

/* All of these return 0 or a negative error number. Begin, with an open file of vhost's. */
int iotlb_open(struct iotlb *iotlb, int fd, struct iommu_endpoint *endpoint);

/* Before the file is closed. It may not have been opened. */
void iotlb_close(struct iotlb *iotlb);

/* Have the kernel know where a ring is, before it begins to serve it. */
int iotlb_fetch_ring(struct iotlb *iotlb, const struct queue *queue);

/* The file is readable: answer. */
int iotlb_serve(struct iotlb *iotlb);

#endif /* VIRTIO_IOTLB_H */
