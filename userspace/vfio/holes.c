// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses that the host's IOMMU does not translate: those of interrupt messages, what firmware
 * has reserved, and all that its page tables are too small for. VFIO tells what is between these.
 */
#include <stdlib.h>

#include "vfio/caps.h"
#include "vfio/holes.h"

static void add_hole(struct iommu_range *holes, unsigned int *n, __u64 start, __u64 last)
{
	if (last > IOMMU_LAST_ADDRESS)
		last = IOMMU_LAST_ADDRESS;
	/* The guest knows of these. */
	if (start > last || (start >= IOMMU_MSI_FIRST && last <= IOMMU_MSI_LAST))
		return;
	if (*n < IOMMU_MAX_HOLES)
		holes[(*n)++] = (struct iommu_range){ start, last };
}

unsigned int vfio_holes_between(const struct vfio_iova_range *ranges, __u32 n,
				struct iommu_range holes[IOMMU_MAX_HOLES])
{
	unsigned int nr_holes = 0;
	__u64 start = 0;
	__u32 i;

	for (i = 0; i < n; i++) {
		if (ranges[i].start > start)
			add_hole(holes, &nr_holes, start, ranges[i].start - 1);
		start = ranges[i].end + 1;
		if (!start)
			return nr_holes;
	}
	add_hole(holes, &nr_holes, start, ~0ULL);
	return nr_holes;
}

unsigned int vfio_holes_get(int container, struct iommu_range holes[IOMMU_MAX_HOLES])
{
	const struct vfio_iommu_type1_info_cap_iova_range *cap;
	const struct vfio_iommu_type1_info begin = { 0 };
	struct vfio_iommu_type1_info *info;
	unsigned int n = 0;
	int error;

	info = vfio_get_info(container, VFIO_IOMMU_GET_INFO, &begin, sizeof(begin), &error);
	if (!info)
		return 0;
	cap = vfio_find_cap(info, info->argsz,
			    info->flags & VFIO_IOMMU_INFO_CAPS ? info->cap_offset : 0,
			    VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
	/* There are none if no device needs an IOMMU. */
	if (cap && cap->nr_iovas)
		n = vfio_holes_between(cap->iova_ranges, cap->nr_iovas, holes);
	free(info);
	return n;
}
