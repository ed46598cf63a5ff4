// SPDX-License-Identifier: GPL-2.0
/*
 * VFIO's container, of type 1: one I/O page table for all devices of the guest, which maps the
 * guest's RAM at the addresses that it has for the guest.
 *
 * IOMMU groups come with the first of their devices and go with the last. All of the RAM is
 * locked when the first one comes, since a device can't wait for a page. KVM is told of each group
 * before a device of it is opened: some drivers want to know whose guest it is, and KVM whether a
 * device can bypass caches.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "layout.h"
#include "report.h"
#include "vfio/container.h"

struct vfio_group {
	struct vfio_group *next;
	unsigned int number;
	unsigned int users;
	int fd;
};

static struct {
	const struct vm *vm;
	int fd;				/* /dev/vfio/vfio; -1: there is no group */
	int kvm;			/* KVM's device that is told of groups; -1: none yet */
	struct vfio_group *groups;
} container = { .fd = -1, .kvm = -1 };

void vfio_container_init(const struct vm *vm)
{
	container.vm = vm;
}

static void close_container(void)
{
	if (container.fd >= 0)
		close(container.fd);
	if (container.kvm >= 0)
		close(container.kvm);
	container.fd = -1;
	container.kvm = -1;
}

static int open_container(const char *label)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_VFIO };

	container.fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (container.fd < 0 && (errno == ENOENT || errno == ENODEV))
		return fail("%s: there is no VFIO here, load the modules vfio-pci and vfio_iommu_type1",
			    label);
	if (container.fd < 0)
		return fail("%s: cannot open /dev/vfio/vfio: %s", label, strerror(errno));
	if (ioctl(container.fd, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    !ioctl(container.fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU))
		return fail("%s: VFIO has no IOMMU of type 1, load the module vfio_iommu_type1",
			    label);
	if (ioctl(container.vm->fd, KVM_CREATE_DEVICE, &device))
		return fail("%s: KVM can't be told of devices: %s", label, strerror(errno));
	container.kvm = device.fd;
	return STATUS_OK;
}

static int locked_failed(const char *label)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_MEMLOCK, &limit) && limit.rlim_cur != RLIM_INFINITY &&
	    limit.rlim_cur < container.vm->memory->size)
		return fail("%s: the guest's memory, %llu MiB, can't be locked for it, since the limit is %llu MiB: raise it (ulimit -l unlimited, or LimitMEMLOCK= of a service)",
			    label, container.vm->memory->size / MIB(1),
			    (__u64)limit.rlim_cur / MIB(1));
	return fail("%s: there is not enough memory to lock all of the guest's, lower --memory",
		    label);
}

static int map_memory(const char *label)
{
	const struct guest_memory *memory = container.vm->memory;
	unsigned int i;

	for (i = 0; i < memory->nr_ram; i++) {
		const struct ram *ram = &memory->ram[i];
		const struct vfio_iommu_type1_dma_map map = {
			.argsz = sizeof(map),
			.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
			.vaddr = (unsigned long)ram->host,
			.iova = ram->address,
			.size = ram->size,
		};

		if (!ioctl(container.fd, VFIO_IOMMU_MAP_DMA, &map))
			continue;
		if (errno == ENOMEM)
			return locked_failed(label);
		return fail("%s: the IOMMU does not map %#llx+%#llx of the guest's memory: %s",
			    label, ram->address, ram->size, strerror(errno));
	}
	return STATUS_OK;
}

static int set_iommu(const char *label)
{
	if (!ioctl(container.fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return map_memory(label);
	if (errno == EPERM)
		return fail("%s: the IOMMU does not remap interrupts, by which a device could do what the host does: enable that in the firmware, or, if all guests are trusted, allow_unsafe_interrupts of vfio_iommu_type1",
			    label);
	return fail("%s: VFIO does not use the IOMMU: %s", label, strerror(errno));
}

/* Linux has called it KVM_DEV_VFIO_FILE_ADD since 6.6: it is the same number. */
static int tell_kvm(const struct vfio_group *group, bool add)
{
	const __s32 fd = group->fd;
	const struct kvm_device_attr attr = {
		.group = KVM_DEV_VFIO_GROUP,
		.attr = add ? KVM_DEV_VFIO_GROUP_ADD : KVM_DEV_VFIO_GROUP_DEL,
		.addr = (unsigned long)&fd,
	};

	return ioctl(container.kvm, KVM_SET_DEVICE_ATTR, &attr);
}

static int open_file(struct vfio_group *group, const struct vfio_place *place, const char *label)
{
	struct vfio_group_status state = { .argsz = sizeof(state) };
	char path[32];

	snprintf(path, sizeof(path), "/dev/vfio/%u", group->number);
	group->fd = open(path, O_RDWR | O_CLOEXEC);
	if (group->fd < 0) {
		switch (errno) {
		case EBUSY:
			return fail("%s: another process has it, or a device of its IOMMU group %u: end that",
				    label, group->number);
		case ENOENT:
			return fail("%s: there is no %s, load the module vfio-pci and bind the device to it",
				    label, path);
		case EACCES:
			return fail("%s: %s may not be opened: run as root, or get access to it",
				    label, path);
		default:
			return fail("%s: cannot open %s: %s", label, path, strerror(errno));
		}
	}
	if (ioctl(group->fd, VFIO_GROUP_GET_STATUS, &state))
		return fail("%s: VFIO does not tell of its group: %s", label, strerror(errno));
	if (!(state.flags & VFIO_GROUP_FLAGS_VIABLE))
		return vfio_place_explain(place, label);
	return STATUS_OK;
}

static int join(struct vfio_group *group, const char *label)
{
	bool first = container.fd < 0;
	int status = first ? open_container(label) : STATUS_OK;

	if (status)
		return status;
	if (ioctl(group->fd, VFIO_GROUP_SET_CONTAINER, &container.fd))
		return fail("%s: VFIO does not put its group with those of other devices: %s",
			    label, strerror(errno));
	if (first)
		status = set_iommu(label);
	if (!status && tell_kvm(group, true))
		status = fail("%s: KVM can't be told of it: %s", label, strerror(errno));
	return status;
}

static void free_group(struct vfio_group *group)
{
	if (group->fd >= 0)
		close(group->fd);
	free(group);
	if (!container.groups)
		close_container();
}

static struct vfio_group *find(unsigned int number)
{
	struct vfio_group *group = container.groups;

	while (group && group->number != number)
		group = group->next;
	return group;
}

int vfio_group_open(struct vfio_group **group, const struct vfio_place *place, const char *label)
{
	struct vfio_group *found = find(place->group);
	int status;

	if (found) {
		found->users++;
		*group = found;
		return STATUS_OK;
	}
	found = malloc(sizeof(*found));
	if (!found)
		return fail("not enough memory for the devices, describe fewer");
	*found = (struct vfio_group){ .number = place->group, .users = 1, .fd = -1 };
	status = open_file(found, place, label);
	if (!status)
		status = join(found, label);
	if (status) {
		free_group(found);
		return status;
	}
	found->next = container.groups;
	container.groups = found;
	*group = found;
	return STATUS_OK;
}

void vfio_group_close(struct vfio_group *group)
{
	struct vfio_group **at = &container.groups;

	if (!group || --group->users)
		return;
	while (*at != group)
		at = &(*at)->next;
	*at = group->next;
	tell_kvm(group, false);
	free_group(group);
}

int vfio_group_fd(const struct vfio_group *group)
{
	return group->fd;
}

int vfio_group_find(unsigned int number)
{
	const struct vfio_group *group = find(number);

	return group ? group->fd : -1;
}
