// SPDX-License-Identifier: GPL-2.0
/* VFIO without devices. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "array.h"
#include "fake_vfio.h"
#include "test.h"

struct fake_vfio fake_vfio;

int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list list;

	if (fake_vfio.on && !strncmp(path, "/dev/vfio/", 10))
		return eventfd(0, EFD_CLOEXEC);
	if (flags & O_CREAT) {
		va_start(list, flags);
		mode = va_arg(list, mode_t);
		va_end(list);
	}
	return __real_open(path, flags, mode);
}

static int failed(int error)
{
	errno = error;
	return -1;
}

static int open_device(void)
{
	fake_vfio.device = memfd_create("device", MFD_CLOEXEC);
	EXPECT(pwrite(fake_vfio.device, fake_vfio.config, sizeof(fake_vfio.config), 0) ==
	       sizeof(fake_vfio.config));
	return fake_vfio.device;
}

static int map(const struct vfio_iommu_type1_dma_map *request)
{
	unsigned int i = 0;

	while (i < FAKE_MAPPINGS && fake_vfio.size[i])
		i++;
	if (i == FAKE_MAPPINGS)
		return failed(ENOSPC);
	fake_vfio.start[i] = request->iova;
	fake_vfio.size[i] = request->size;
	return 0;
}

static int unmap(struct vfio_iommu_type1_dma_unmap *request)
{
	bool all = request->flags & VFIO_DMA_UNMAP_FLAG_ALL;
	__u64 unmapped = 0;
	unsigned int i;

	for (i = 0; i < FAKE_MAPPINGS; i++) {
		if (!all && (fake_vfio.start[i] < request->iova ||
			     fake_vfio.start[i] - request->iova >= request->size))
			continue;
		unmapped += fake_vfio.size[i];
		fake_vfio.size[i] = 0;
	}
	request->size = unmapped;
	return 0;
}

__u64 fake_vfio_mapped(void)
{
	__u64 mapped = 0;
	unsigned int i;

	for (i = 0; i < FAKE_MAPPINGS; i++)
		mapped += fake_vfio.size[i];
	return mapped;
}

static int get_region(struct vfio_region_info *info)
{
	bool config = info->index == VFIO_PCI_CONFIG_REGION_INDEX;

	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	info->size = config ? sizeof(fake_vfio.config) : 0;
	info->offset = 0;
	return 0;
}

static int set_irqs(const struct vfio_irq_set *set)
{
	struct fake_irqs *irqs = &fake_vfio.irqs[set->index];
	__u32 i;

	irqs->changes++;
	if (!(set->flags & VFIO_IRQ_SET_ACTION_TRIGGER))
		return 0;
	for (i = 0; !set->count && i < FAKE_VECTORS; i++)
		irqs->event[i] = -1;
	for (i = 0; i < set->count && set->start + i < FAKE_VECTORS; i++)
		memcpy(&irqs->event[set->start + i], &set->data[i * sizeof(int)], sizeof(int));
	return 0;
}

static int reset(void)
{
	if (!__atomic_fetch_add(&fake_vfio.asked, 1, __ATOMIC_SEQ_CST) && fake_vfio.busy)
		return failed(EAGAIN);
	while (__atomic_load_n(&fake_vfio.busy, __ATOMIC_SEQ_CST))
		poll(NULL, 0, 1);
	fake_vfio.resets++;
	return 0;
}

static int control_device(unsigned long request, void *argument)
{
	struct vfio_device_info *info = argument;
	struct vfio_irq_info *irq = argument;

	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		info->flags = fake_vfio.no_pci ? 0 :
			      VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
		info->num_regions = VFIO_PCI_NUM_REGIONS;
		info->num_irqs = VFIO_PCI_NUM_IRQS;
		return 0;
	case VFIO_DEVICE_GET_REGION_INFO:
		return get_region(argument);
	case VFIO_DEVICE_GET_IRQ_INFO:
		irq->flags = VFIO_IRQ_INFO_EVENTFD;
		irq->count = fake_vfio.irqs[irq->index].nr;
		return 0;
	case VFIO_DEVICE_SET_IRQS:
		return set_irqs(argument);
	case VFIO_DEVICE_RESET:
		return reset();
	default:
		return failed(ENOTTY);
	}
}

/* Of a container or a group: some numbers are those of the device's requests. */
static int control_other(unsigned long request, void *argument)
{
	struct vfio_group_status *state = argument;

	switch (request) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return 1;
	case VFIO_SET_IOMMU:
		return fake_vfio.no_remapping ? failed(EPERM) : 0;
	case VFIO_IOMMU_MAP_DMA:
		return map(argument);
	case VFIO_IOMMU_UNMAP_DMA:
		return unmap(argument);
	case VFIO_GROUP_GET_STATUS:
		state->flags = VFIO_GROUP_FLAGS_VIABLE;
		return 0;
	case VFIO_GROUP_SET_CONTAINER:
		return 0;
	case VFIO_GROUP_GET_DEVICE_FD:
		return open_device();
	default:
		return failed(ENOTTY);
	}
}

bool fake_vfio_ioctl(int fd, unsigned long request, void *argument, int *result)
{
	struct kvm_create_device *kvm = argument;

	if (!fake_vfio.on)
		return false;
	if (request == KVM_CREATE_DEVICE) {
		kvm->fd = eventfd(0, EFD_CLOEXEC);
		*result = 0;
	} else if (request == KVM_SET_DEVICE_ATTR) {
		*result = 0;
	} else if (_IOC_TYPE(request) != VFIO_TYPE) {
		return false;
	} else if (fd == fake_vfio.device) {
		*result = control_device(request, argument);
	} else {
		*result = control_other(request, argument);
	}
	return true;
}
