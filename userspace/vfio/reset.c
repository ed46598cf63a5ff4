// SPDX-License-Identifier: GPL-2.0
/*
 * Resetting a device of the host, and waiting until that is done.
 *
 * VFIO resets most devices alone. Of others it can only reset the bus that they are on, with all
 * other functions there, for which we have to show that these are ours: they are in groups that we
 * have. That is done if none of the others is the guest's, too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>

#include "vfio/device.h"

/* How often a reset is tried, and how long after each other, in nanoseconds: two seconds. */
#define TRIES		100
#define PAUSE		20000000

/* What would be reset with it; NULL: the bus can't be. For the caller to free. */
static struct vfio_pci_hot_reset_info *get_affected(const struct vfio_device *device)
{
	struct vfio_pci_hot_reset_info *info, count = { .argsz = sizeof(count) };
	size_t size;

	/* It fails for lack of room, and says how many there are. */
	ioctl(device->fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &count);
	if (!count.count)
		return NULL;
	size = sizeof(*info) + count.count * sizeof(info->devices[0]);
	info = calloc(1, size);
	if (!info)
		return NULL;
	info->argsz = size;
	if (!ioctl(device->fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info))
		return info;
	free(info);
	return NULL;
}

/* Is that another device which the guest has? */
static bool is_anothers(const struct vfio_device *device,
			const struct vfio_pci_dependent_device *affected)
{
	char name[32];

	snprintf(name, sizeof(name), "%04x:%02x:%02x.%x", affected->segment, affected->bus,
		 affected->devfn >> 3, affected->devfn & 7);
	return vfio_device_is_other(device, name);
}

/* The descriptors of all groups that are reset with it; NULL: one is not ours, or in use. */
static struct vfio_pci_hot_reset *find_groups(const struct vfio_device *device)
{
	struct vfio_pci_hot_reset_info *info = get_affected(device);
	struct vfio_pci_hot_reset *reset;
	size_t size;
	__u32 i, j;

	if (!info)
		return NULL;
	size = sizeof(*reset) + info->count * sizeof(reset->group_fds[0]);
	reset = calloc(1, size);
	for (i = 0; reset && i < info->count; i++) {
		int group = vfio_group_find(info->devices[i].group_id);

		if (group < 0 || is_anothers(device, &info->devices[i])) {
			free(reset);
			reset = NULL;
			break;
		}
		for (j = 0; j < reset->count && reset->group_fds[j] != group; j++)
			;
		reset->group_fds[j] = group;
		if (j == reset->count)
			reset->count++;
	}
	if (reset)
		reset->argsz = sizeof(*reset) + reset->count * sizeof(reset->group_fds[0]);
	free(info);
	return reset;
}

bool vfio_device_can_reset(const struct vfio_device *device)
{
	struct vfio_pci_hot_reset *reset;

	if (device->can_reset)
		return true;
	reset = find_groups(device);
	free(reset);
	return reset;
}

/* Somebody else of the host may just be about to reset it, or to look at it. */
static int reset_patiently(const struct vfio_device *device, unsigned long request, void *argument)
{
	const struct timespec pause = { .tv_nsec = PAUSE };
	unsigned int left = TRIES;

	while (ioctl(device->fd, request, argument)) {
		if (errno != EAGAIN || !--left)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return 0;
}

int vfio_device_reset(const struct vfio_device *device)
{
	struct vfio_pci_hot_reset *reset;
	int error;

	if (device->can_reset)
		return reset_patiently(device, VFIO_DEVICE_RESET, NULL);
	reset = find_groups(device);
	if (!reset)
		return -EPERM;
	error = reset_patiently(device, VFIO_DEVICE_PCI_HOT_RESET, reset);
	free(reset);
	return error;
}
