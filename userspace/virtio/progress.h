/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How far a back end has come with a split virtqueue, as far as its areas, which are in the guest's
 * memory, tell it.
 */
#ifndef VIRTIO_PROGRESS_H
#define VIRTIO_PROGRESS_H

#include <linux/types.h>
#include <stdbool.h>

#include "virtio/backend.h"

struct iommu_endpoint;

/*
 * How many requests has it completed? (Index of the used ring, 2.7.8) @endpoint: the device is
 * behind the virtual IOMMU; NULL: it is not
 */
__u16 progress_used(const struct guest_memory *memory, struct iommu_endpoint *endpoint,
		    const struct queue *queue);

/*
 * Are there some that it has not completed? Not if the memory has been used for something else, and
 * there are more than can be.
 */
bool progress_is_under_way(const struct guest_memory *memory, struct iommu_endpoint *endpoint,
			   const struct queue *queue);

/* Has it completed all that there are? */
bool progress_is_complete(const struct guest_memory *memory, struct iommu_endpoint *endpoint,
			  const struct queue *queue);

#endif /* VIRTIO_PROGRESS_H */
