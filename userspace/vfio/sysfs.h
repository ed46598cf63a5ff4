/* SPDX-License-Identifier: GPL-2.0 */
/* What sysfs tells of a device that the guest is to have: where it is, and whose it is. */
#ifndef VFIO_SYSFS_H
#define VFIO_SYSFS_H

#include <stdbool.h>

/**
 * struct vfio_place - a device of the host
 * @path: its folder in sysfs, without links
 * @name: the last part of that, by which VFIO knows it
 * @group: the number of its IOMMU group
 */
struct vfio_place {
	char *path;
	const char *name;
	unsigned int group;
};

/*
 * Find @text, a PCI address or a path in sysfs, and see that its driver is one of VFIO's. @label is
 * what messages call it.
 */
int vfio_place_find(struct vfio_place *place, const char *text, const char *label);
void vfio_place_free(struct vfio_place *place);

/* The group can't be had: say which other device of it is in the way, if one is. */
int vfio_place_explain(const struct vfio_place *place, const char *label);

#endif /* VFIO_SYSFS_H */
