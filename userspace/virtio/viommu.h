/* SPDX-License-Identifier: GPL-2.0 */
/* The virtual IOMMU's device (Virtual I/O Device 1.2, 5.13). */
#ifndef VIRTIO_VIOMMU_H
#define VIRTIO_VIOMMU_H

#include <linux/virtio_iommu.h>

#include "iommu.h"
#include "virtio/transport.h"

/* Room for what an endpoint can have of properties: ranges of addresses that can't be mapped. */
#define VIOMMU_PROBE_SIZE \
	((1 + IOMMU_MAX_HOLES) * sizeof(struct virtio_iommu_probe_resv_mem))

extern const struct virtio_type iommu_type;

/*
 * Carry out a request: @length bytes of @request that the driver has written, and @room bytes at
 * @answer that it will read, which are zero. Returns how many of these are to be written; 0: there
 * is no room for a status, or no such request.
 */
size_t viommu_request(struct iommu *iommu, const void *request, size_t length, void *answer,
		      size_t room);

#endif /* VIRTIO_VIOMMU_H */
