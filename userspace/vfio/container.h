/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VFIO's containers: what the devices that are given to the guest may access. All devices that
 * reach all of its memory share one; each that is behind the virtual IOMMU has its own.
 */
#ifndef VFIO_CONTAINER_H
#define VFIO_CONTAINER_H

#include <stdbool.h>

#include "iommu.h"
#include "vfio/sysfs.h"
#include "vm.h"

struct vfio_group;

/* Before any other: which virtual machine they are for, which stays the caller's. */
void vfio_container_init(const struct vm *vm);

/*
 * Open the IOMMU group of a device, and have it access the guest's memory: all of it, which the
 * first one has locked; or, with @endpoint, what that reaches.
 */
int vfio_group_open(struct vfio_group **group, const struct vfio_place *place,
		    struct iommu_endpoint *endpoint, const char *label);
void vfio_group_close(struct vfio_group *group);

int vfio_group_fd(const struct vfio_group *group);

/* The descriptor of the group of this number, if it is ours; otherwise -1. */
int vfio_group_find(unsigned int number);

#endif /* VFIO_CONTAINER_H */
