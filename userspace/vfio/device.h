/* SPDX-License-Identifier: GPL-2.0 */
/* A device of the host that VFIO gives us, and its regions. */
#ifndef VFIO_DEVICE_H
#define VFIO_DEVICE_H

#include <linux/types.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stddef.h>

#include "vfio/container.h"
#include "vfio/sysfs.h"

/* A part of a region, from its start. */
struct vfio_area {
	__u64 offset;
	__u64 length;
};

/* The most that a region is cut into. */
#define VFIO_MAX_AREAS	32

/**
 * struct vfio_region - a BAR, the ROM or configuration space
 * @size: bytes; 0: there is none
 * @offset: in the device's descriptor
 * @readable: as VFIO says
 * @writable: likewise
 * @areas: what of it can be mapped
 * @nr_areas: how many these are
 */
struct vfio_region {
	__u64 size;
	__u64 offset;
	bool readable;
	bool writable;
	struct vfio_area areas[VFIO_MAX_AREAS];
	unsigned int nr_areas;
};

/**
 * struct vfio_device - the device
 * @next: another one that is open
 * @label: what messages call it
 * @place: where the host has it
 * @group: its IOMMU group
 * @fd: VFIO's descriptor of it; -1: it is not open
 * @can_reset: VFIO can reset it alone
 * @regions: by VFIO_PCI_*_REGION_INDEX
 * @nr_irqs: how many interrupts of each kind, by VFIO_PCI_*_IRQ_INDEX
 * @adds_msix: the host can allocate vectors of MSI-X while others are in use
 */
struct vfio_device {
	struct vfio_device *next;
	const char *label;
	struct vfio_place place;
	struct vfio_group *group;
	int fd;
	bool can_reset;
	struct vfio_region regions[VFIO_PCI_NUM_REGIONS];
	__u32 nr_irqs[VFIO_PCI_NUM_IRQS];
	bool adds_msix;
};

/*
 * Open the device that @text names. @endpoint: as of vfio_group_open(). What has been opened is for
 * vfio_device_close().
 */
int vfio_device_open(struct vfio_device *device, const char *text, struct iommu_endpoint *endpoint,
		     const char *label);

/* Give it back to the host, which may take long. Nothing to do if it is not open. */
void vfio_device_close(struct vfio_device *device);

/* Read and write a region. What can't be read is all ones. */
__u64 vfio_device_read(const struct vfio_device *device, unsigned int region, __u64 offset,
		       unsigned int size);
void vfio_device_write(const struct vfio_device *device, unsigned int region, __u64 offset,
		       unsigned int size, __u64 data);

/*
 * Have @events, eventfds, be signalled by interrupts of the kind @index. Returns 0, a negative
 * error number, or how many the host has, if these are fewer.
 */
int vfio_device_set_irqs(const struct vfio_device *device, unsigned int index, __u32 start,
			 const int *events, __u32 nr, __u32 action);

/* And by none of them any more. */
void vfio_device_clear_irqs(const struct vfio_device *device, unsigned int index);

/* Is @name another device that is open? */
bool vfio_device_is_other(const struct vfio_device *device, const char *name);

/* reset.c: can it be reset, and others not with it? */
bool vfio_device_can_reset(const struct vfio_device *device);

/*
 * Reset it, and wait until that is done. Nothing of it interrupts. Returns 0 or a negative error
 * number.
 */
int vfio_device_reset(const struct vfio_device *device);

#endif /* VFIO_DEVICE_H */
