/* SPDX-License-Identifier: GPL-2.0 */
/* A PCI function that vfio-pci has, and what it reaches of our memory. */
#ifndef VFIO_DEVICE_H
#define VFIO_DEVICE_H

#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>

#include "program.h"

static int vfio_container, vfio_device;

/* It is to reach memory at an address, or not any more. */
static inline void vfio_map(void *memory, __u64 size, __u64 address)
{
	struct vfio_iommu_type1_dma_map request = {
		.argsz = sizeof(request),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory, .iova = address, .size = size,
	};

	if (ioctl(vfio_container, VFIO_IOMMU_MAP_DMA, &request))
		die("VFIO_IOMMU_MAP_DMA");
}

static inline void vfio_unmap(__u64 size, __u64 address)
{
	struct vfio_iommu_type1_dma_unmap request = {
		.argsz = sizeof(request), .iova = address, .size = size,
	};

	if (ioctl(vfio_container, VFIO_IOMMU_UNMAP_DMA, &request) || request.size != size)
		die("VFIO_IOMMU_UNMAP_DMA");
}

/* All of a BAR. */
static inline __u8 *vfio_map_bar(unsigned int index)
{
	struct vfio_region_info region = { .argsz = sizeof(region), .index = index };
	void *address;

	if (ioctl(vfio_device, VFIO_DEVICE_GET_REGION_INFO, &region))
		die("VFIO_DEVICE_GET_REGION_INFO");
	address = mmap(NULL, region.size, PROT_READ | PROT_WRITE, MAP_SHARED, vfio_device,
		       region.offset);
	if (address == MAP_FAILED)
		die("BAR");
	return address;
}

/*
 * As 0000:00:02.0, alone in the group of that name. Returns where its configuration space begins in
 * vfio_device; it decodes, and is a master.
 */
static inline __u64 vfio_open(const char *function, const char *group_name)
{
	struct vfio_region_info config = {
		.argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	const __u16 command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	char path[64];
	int group;

	snprintf(path, sizeof(path), "/dev/vfio/%s", group_name);
	vfio_container = open("/dev/vfio/vfio", O_RDWR);
	group = open(path, O_RDWR);
	if (vfio_container < 0 || group < 0)
		die(path);
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &vfio_container) ||
	    ioctl(vfio_container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		die("VFIO_SET_IOMMU");
	vfio_device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, function);
	if (vfio_device < 0 || ioctl(vfio_device, VFIO_DEVICE_GET_REGION_INFO, &config))
		die("VFIO_GROUP_GET_DEVICE_FD");
	if (pwrite(vfio_device, &command, sizeof(command), config.offset + PCI_COMMAND) < 0)
		die("command");
	return config.offset;
}

#endif /* VFIO_DEVICE_H */
