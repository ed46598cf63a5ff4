/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VFIO's container: what the devices that are given to the guest may access. There is one, as there
 * is one virtual machine in this process.
 */
#ifndef VFIO_CONTAINER_H
#define VFIO_CONTAINER_H

#include <stdbool.h>

#include "vfio/sysfs.h"
#include "vm.h"

struct vfio_group;

/* Before any other: which virtual machine it is for, which stays the caller's. */
void vfio_container_init(const struct vm *vm);

/*
 * Open the IOMMU group of a device, and have it access the guest's memory. The first one makes the
 * container, and has all of that memory locked.
 */
int vfio_group_open(struct vfio_group **group, const struct vfio_place *place, const char *label);
void vfio_group_close(struct vfio_group *group);

int vfio_group_fd(const struct vfio_group *group);

/* The descriptor of the group of this number, if it is ours; otherwise -1. */
int vfio_group_find(unsigned int number);

#endif /* VFIO_CONTAINER_H */
