/* SPDX-License-Identifier: GPL-2.0 */
/* vhost-vdpa: a whole device, of whatever type, that the kernel's vDPA offers. */
#ifndef VIRTIO_VHOSTVDPA_H
#define VIRTIO_VHOSTVDPA_H

#include <linux/types.h>

#include "virtio/backend.h"

/**
 * struct vhostvdpa_device - what a device is like
 * @kind: its type (Virtual I/O Device 1.2, 5)
 * @nr_queues: how many queues it has
 * @queue_size: how many descriptors each has at most
 * @config_length: bytes of device-specific configuration
 */
struct vhostvdpa_device {
	__u32 kind;
	__u32 nr_queues;
	__u16 queue_size;
	__u32 config_length;
};

/*
 * Open @path, and ask what the device is like. It is told of all of the guest's memory, so that it
 * fails here if it can't reach it. @label is what messages call the device. *@backend is to be
 * closed even on failure, unless it is NULL.
 */
int vhostvdpa_open(struct backend **backend, const char *path, const char *label,
		   const struct guest_memory *memory, struct vhostvdpa_device *device);

#endif /* VIRTIO_VHOSTVDPA_H */
