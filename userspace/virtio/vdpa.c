// SPDX-License-Identifier: GPL-2.0
/*
 * Devices of any type that the host's vDPA offers. Of which type one is, its configuration and how
 * many queues it has is known when it has been opened: what the guest finds is made of that.
 *
 * Types that take more of a machine than queues and registers are left out.
 */
#include <linux/virtio_ids.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "report.h"
#include "virtio/key.h"
#include "virtio/transport.h"
#include "virtio/vdpa.h"
#include "virtio/vhostvdpa.h"

/* PCI has as many device IDs for virtio. */
#define MAX_KIND	63

/* What is left to types (Virtual I/O Device 1.2, 2.2): bits 0 to 23 and 50 to 63. */
#define KIND_FEATURES	(((1ULL << 24) - 1) | ~((1ULL << 50) - 1))

/* A ring's length fits into 16 bits, and is a power of two. */
#define MAX_QUEUE_SIZE	32768

struct vdpa_device {
	struct virtio_device device;
	char *path;
};

/* PCI's class of a device that is of none of its classes. */
#define CLASS_OTHER	0x00ff00

static __u32 find_class(__u32 kind)
{
	static const struct {
		__u32 kind;
		__u32 class_code;
	} classes[] = {
		{ VIRTIO_ID_NET, 0x020000 },
		{ VIRTIO_ID_BLOCK, 0x010000 },
		{ VIRTIO_ID_CONSOLE, 0x078000 },
		{ VIRTIO_ID_SCSI, 0x010000 },
		{ VIRTIO_ID_GPU, 0x038000 },
		{ VIRTIO_ID_INPUT, 0x098000 },
		{ VIRTIO_ID_VSOCK, 0x078000 },
		{ VIRTIO_ID_CRYPTO, 0x108000 },
		{ VIRTIO_ID_SOUND, 0x040100 },
		{ VIRTIO_ID_FS, 0x018000 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(classes); i++) {
		if (classes[i].kind == kind)
			return classes[i].class_code;
	}
	return CLASS_OTHER;
}

/* Does it want nothing of us that is not here, such as memory in the guest's address space? */
static bool is_known(__u32 kind)
{
	switch (kind) {
	case VIRTIO_ID_BALLOON:
	case VIRTIO_ID_IOMMU:
	case VIRTIO_ID_MEM:
	case VIRTIO_ID_PMEM:
		return false;
	default:
		return kind && kind <= MAX_KIND;
	}
}

static int parse(struct virtio_device *device, const char *key, const char *value, bool *known)
{
	struct vdpa_device *vdpa = (struct vdpa_device *)device;

	*known = !strcmp(key, "path");
	if (!*known)
		return STATUS_OK;
	return key_text("--vdpa", key, value, "the name of a file, such as /dev/vhost-vdpa-0",
			&vdpa->path);
}

static int check(struct virtio_device *device)
{
	const struct vdpa_device *vdpa = (const struct vdpa_device *)device;

	if (!vdpa->path)
		return misuse("--vdpa: say which device it is, by path=");
	if (asprintf(&device->label, "--vdpa %s", vdpa->path) < 0) {
		device->label = NULL;
		return fail("not enough memory");
	}
	/* What VDUSE hands to another process is files that are mapped shared. */
	device->shares_memory = true;
	return STATUS_OK;
}

static __u16 round_down_to_power(__u16 n)
{
	unsigned int power = MAX_QUEUE_SIZE;

	while (power > n)
		power /= 2;
	return power;
}

/* What the guest is to find. */
static int describe(struct virtio_device *device, const struct vhostvdpa_device *found)
{
	if (!is_known(found->kind))
		return fail("%s: it is of device type %u, which kvpci-run has no place for, name another",
			    device->label, found->kind);
	if (!found->nr_queues || found->nr_queues > KVPCI_MAX_VIRTIO_QUEUES || !found->queue_size)
		return fail("%s: it says that it has %u queues of %u entries, which can't be",
			    device->label, found->nr_queues, found->queue_size);
	device->kind = found->kind;
	device->class_code = find_class(found->kind);
	device->nr_queues = found->nr_queues;
	device->queue_size = round_down_to_power(found->queue_size);
	/* A function of hardware may have a BAR's worth of it, of which the rest means nothing. */
	device->config_length = found->config_length < VIRTIO_MAX_CONFIG ? found->config_length :
				VIRTIO_MAX_CONFIG;
	memset(device->config_writable, 0xff, device->config_length);
	return STATUS_OK;
}

static int open_backend(struct virtio_device *device, const struct guest_memory *memory)
{
	const struct vdpa_device *vdpa = (const struct vdpa_device *)device;
	struct vhostvdpa_device found;
	int status;

	status = vhostvdpa_open(&device->backend, vdpa->path, device->label, memory, &found);
	return status ? status : describe(device, &found);
}

static void free_description(struct virtio_device *device)
{
	free(((struct vdpa_device *)device)->path);
}

const struct virtio_type vdpa_type = {
	.model = VIRTIO_MODEL,
	.backend_features = KIND_FEATURES,
	.bounces = true,
	.size = sizeof(struct vdpa_device),
	.parse = parse,
	.check = check,
	.open = open_backend,
	.free = free_description,
};
