/* SPDX-License-Identifier: GPL-2.0 */
/* A qemu-storage-daemon of ours, which serves one disk. */
#ifndef VIRTIO_STORAGE_H
#define VIRTIO_STORAGE_H

#include <stdbool.h>

#include "virtio/daemon.h"

/* How the bytes of a disk are in its file. */
enum disk_format {
	DISK_FORMAT_UNKNOWN,
	DISK_FORMAT_RAW,
	DISK_FORMAT_QCOW2,
};

/* What it is to serve. */
struct disk {
	const char *path;
	enum disk_format format;
	bool readonly;
	unsigned int queues;
};

/* As daemon_start() and daemon_explain(). */
int storage_start(struct daemon **daemon, const struct disk *disk, int *socket);
int storage_explain(struct daemon *daemon, const struct disk *disk, int error);

#endif /* VIRTIO_STORAGE_H */
