// SPDX-License-Identifier: GPL-2.0
/* A device of the host that VFIO gives us, and its regions. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report.h"
#include "vfio/caps.h"
#include "vfio/device.h"

static int no_memory(void)
{
	return fail("not enough memory for the devices, describe fewer");
}

/* What can be mapped is all of it, unless VFIO says which parts. */
static void find_areas(struct vfio_region *region, const struct vfio_region_info *info)
{
	__u32 caps = info->flags & VFIO_REGION_INFO_FLAG_CAPS ? info->cap_offset : 0;
	const struct vfio_region_info_cap_sparse_mmap *sparse =
		vfio_find_cap(info, info->argsz, caps, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	__u32 i;

	if (!(info->flags & VFIO_REGION_INFO_FLAG_MMAP))
		return;
	if (!sparse) {
		region->areas[region->nr_areas++] = (struct vfio_area){ 0, info->size };
		return;
	}
	for (i = 0; i < sparse->nr_areas && region->nr_areas < VFIO_MAX_AREAS; i++)
		region->areas[region->nr_areas++] = (struct vfio_area){
			sparse->areas[i].offset, sparse->areas[i].size,
		};
}

static int get_region(struct vfio_device *device, unsigned int index)
{
	const struct vfio_region_info begin = { .index = index };
	struct vfio_region *region = &device->regions[index];
	struct vfio_region_info *info;
	int error;

	info = vfio_get_info(device->fd, VFIO_DEVICE_GET_REGION_INFO, &begin, sizeof(begin),
			     &error);
	if (error == ENOMEM)
		return no_memory();
	/* One that there can't be is an error, of some drivers. */
	if (!info)
		return STATUS_OK;
	region->size = info->size;
	region->offset = info->offset;
	region->readable = info->flags & VFIO_REGION_INFO_FLAG_READ;
	region->writable = info->flags & VFIO_REGION_INFO_FLAG_WRITE;
	find_areas(region, info);
	free(info);
	return STATUS_OK;
}

static void get_irqs(struct vfio_device *device, unsigned int index)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = index };

	if (ioctl(device->fd, VFIO_DEVICE_GET_IRQ_INFO, &info) ||
	    !(info.flags & VFIO_IRQ_INFO_EVENTFD))
		return;
	device->nr_irqs[index] = info.count;
	if (index == VFIO_PCI_MSIX_IRQ_INDEX)
		device->adds_msix = !(info.flags & VFIO_IRQ_INFO_NORESIZE);
}

static int get_info(struct vfio_device *device)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	int status = STATUS_OK;
	unsigned int i;

	if (ioctl(device->fd, VFIO_DEVICE_GET_INFO, &info))
		return fail("%s: VFIO does not tell what it is: %s", device->label,
			    strerror(errno));
	if (!(info.flags & VFIO_DEVICE_FLAGS_PCI) ||
	    info.num_regions <= VFIO_PCI_CONFIG_REGION_INDEX)
		return fail("%s: it is no PCI device", device->label);
	device->can_reset = info.flags & VFIO_DEVICE_FLAGS_RESET;
	for (i = 0; !status && i <= VFIO_PCI_CONFIG_REGION_INDEX; i++)
		status = get_region(device, i);
	for (i = 0; i < VFIO_PCI_NUM_IRQS && i < info.num_irqs; i++)
		get_irqs(device, i);
	return status;
}

/* Those that are open, or about to be. VFIO lets a process open one more than once. */
static struct vfio_device *devices;
static pthread_mutex_t devices_lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_taken(const struct vfio_place *place)
{
	const struct vfio_device *device;

	for (device = devices; device; device = device->next) {
		if (!strcmp(device->place.path, place->path))
			return true;
	}
	return false;
}

bool vfio_device_is_other(const struct vfio_device *device, const char *name)
{
	const struct vfio_device *other;

	pthread_mutex_lock(&devices_lock);
	other = devices;
	while (other && (other == device || strcmp(other->place.name, name)))
		other = other->next;
	pthread_mutex_unlock(&devices_lock);
	return other;
}

/* False: the guest has it already. Others may be closed meanwhile, on threads of their own. */
static bool remember(struct vfio_device *device)
{
	bool taken;

	pthread_mutex_lock(&devices_lock);
	taken = is_taken(&device->place);
	if (!taken) {
		device->next = devices;
		devices = device;
	}
	pthread_mutex_unlock(&devices_lock);
	return !taken;
}

static int open_place(struct vfio_device *device, struct iommu_endpoint *endpoint)
{
	int status = vfio_group_open(&device->group, &device->place, endpoint, device->label);

	if (status)
		return status;
	device->fd = ioctl(vfio_group_fd(device->group), VFIO_GROUP_GET_DEVICE_FD,
			   device->place.name);
	if (device->fd < 0)
		return fail("%s: VFIO does not open it, see what the host's kernel has to say: %s",
			    device->label, strerror(errno));
	return get_info(device);
}

int vfio_device_open(struct vfio_device *device, const char *text, struct iommu_endpoint *endpoint,
		     const char *label)
{
	int status;

	*device = (struct vfio_device){ .label = label, .fd = -1 };
	status = vfio_place_find(&device->place, text, label);
	if (status)
		return status;
	if (!remember(device)) {
		vfio_place_free(&device->place);
		return fail("%s: the guest has it already, name another", label);
	}
	return open_place(device, endpoint);
}

static void forget(const struct vfio_device *device)
{
	struct vfio_device **at = &devices;

	pthread_mutex_lock(&devices_lock);
	while (*at && *at != device)
		at = &(*at)->next;
	if (*at)
		*at = device->next;
	pthread_mutex_unlock(&devices_lock);
}

/* Until the host has it back, nobody is to open it again, who would find it as it was. */
void vfio_device_close(struct vfio_device *device)
{
	if (device->fd >= 0)
		close(device->fd);
	device->fd = -1;
	forget(device);
	vfio_group_close(device->group);
	device->group = NULL;
	vfio_place_free(&device->place);
}

__u64 vfio_device_read(const struct vfio_device *device, unsigned int index, __u64 offset,
		       unsigned int size)
{
	const struct vfio_region *region = &device->regions[index];
	__u64 data = ~0ULL;

	if (offset >= region->size || !region->readable)
		return data;
	if (size > region->size - offset)
		size = region->size - offset;
	if (pread(device->fd, &data, size, region->offset + offset) != (ssize_t)size)
		return ~0ULL;
	return data;
}

void vfio_device_write(const struct vfio_device *device, unsigned int index, __u64 offset,
		       unsigned int size, __u64 data)
{
	const struct vfio_region *region = &device->regions[index];
	ssize_t written;

	if (offset >= region->size || !region->writable)
		return;
	if (size > region->size - offset)
		size = region->size - offset;
	/* What hardware does not take is dropped. */
	written = pwrite(device->fd, &data, size, region->offset + offset);
	(void)written;
}

int vfio_device_set_irqs(const struct vfio_device *device, unsigned int index, __u32 start,
			 const int *events, __u32 nr, __u32 action)
{
	size_t size = sizeof(struct vfio_irq_set) + nr * sizeof(*events);
	struct vfio_irq_set *set = malloc(size);
	int error;

	if (!set)
		return -ENOMEM;
	*set = (struct vfio_irq_set){
		.argsz = size, .flags = VFIO_IRQ_SET_DATA_EVENTFD | action, .index = index,
		.start = start, .count = nr,
	};
	memcpy(set->data, events, nr * sizeof(*events));
	error = ioctl(device->fd, VFIO_DEVICE_SET_IRQS, set);
	if (error < 0)
		error = -errno;
	free(set);
	return error;
}

void vfio_device_clear_irqs(const struct vfio_device *device, unsigned int index)
{
	const struct vfio_irq_set set = {
		.argsz = sizeof(set), .flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = index,
	};

	ioctl(device->fd, VFIO_DEVICE_SET_IRQS, &set);
}
