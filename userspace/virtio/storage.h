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

/**
 * struct disk - what it is to serve
 * @path: the file's name
 * @format: if the user has said it
 * @readonly: the guest may not write to it
 * @queues: how many queues it has
 * @opened: storage_open() has been called, and
 * @fd: this is the file, with a lock
 * @is_device: it is a block device
 */
struct disk {
	const char *path;
	enum disk_format format;
	bool readonly;
	unsigned int queues;
	bool opened;
	int fd;
	bool is_device;
};

/* Open and lock the file, or say why not; and let it go. */
int storage_open(struct disk *disk);
void storage_close(struct disk *disk);

/* As daemon_start() and daemon_explain(). */
int storage_start(struct daemon **daemon, const struct disk *disk, int *socket);
int storage_explain(struct daemon *daemon, const struct disk *disk, int error);

#endif /* VIRTIO_STORAGE_H */
