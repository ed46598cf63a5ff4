/* SPDX-License-Identifier: GPL-2.0 */
/* A qemu-storage-daemon of ours, which serves one disk. */
#ifndef VIRTIO_DAEMON_H
#define VIRTIO_DAEMON_H

#include <stdbool.h>

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

struct daemon;

/*
 * Start one. @socket is connected to it; it may not run yet. Says why if it fails, as all here
 * do.
 */
int daemon_start(struct daemon **daemon, const struct disk *disk, int *socket);

/* It does not answer as it should: say why. */
int daemon_explain(struct daemon *daemon, const struct disk *disk, int error);

/*
 * End it at once. Returns false if it is still there some seconds later, which only what the
 * kernel does for it can be the reason for. daemon_end() has to be called all the same.
 */
bool daemon_kill(struct daemon *daemon);

/* End it, in order if it can; NULL: there is none. */
void daemon_end(struct daemon *daemon);

#endif /* VIRTIO_DAEMON_H */
