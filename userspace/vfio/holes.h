/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses that the host's IOMMU does not translate. */
#ifndef VFIO_HOLES_H
#define VFIO_HOLES_H

#include <linux/vfio.h>

#include "iommu.h"

/*
 * What is between @n ranges that are translated, in their order, and behind them. Returns how many
 * holes that are, of which as many as there is room for are in @holes.
 */
unsigned int vfio_holes_between(const struct vfio_iova_range *ranges, __u32 n,
				struct iommu_range holes[IOMMU_MAX_HOLES]);

/* Those of a container, which has an IOMMU. Returns how many. */
unsigned int vfio_holes_get(int container, struct iommu_range holes[IOMMU_MAX_HOLES]);

#endif /* VFIO_HOLES_H */
