// SPDX-License-Identifier: GPL-2.0
/*
 * Disks (Virtual I/O Device 1.2, 5.2), on a vhost-user daemon: one that we start for a file, or one
 * that is there. What the disk is like the daemon says.
 */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "virtio/blk.h"
#include "virtio/keeper.h"
#include "virtio/key.h"
#include "virtio/socket.h"
#include "virtio/storage.h"

#define QUEUE_SIZE	256
#define MAX_QUEUES	64

/* What comes after that is for a feature that is not offered. */
#define CONFIG_LENGTH	offsetof(struct virtio_blk_config, max_secure_erase_sectors)

static const struct vhost_user_type daemon_type = {
	.has_config = true, .has_inflight = true, .counted_as_one = 1,
};

struct blk {
	struct virtio_device device;
	char *file;		/* this, or */
	struct socket_keys socket;
	struct disk disk;
	struct keeper keeper;	/* of the file's daemons */
};

static struct blk *to_blk(struct virtio_device *device)
{
	return (struct blk *)device;
}

static int set_format(struct disk *disk, const char *value)
{
	if (!strcmp(value, "raw"))
		disk->format = DISK_FORMAT_RAW;
	else if (!strcmp(value, "qcow2"))
		disk->format = DISK_FORMAT_QCOW2;
	else
		return misuse("--disk: format=%s: write raw or qcow2", value);
	return STATUS_OK;
}

static int blk_parse(struct virtio_device *device, const char *key, const char *value, bool *known)
{
	struct blk *blk = to_blk(device);

	if (!strcmp(key, "file"))
		return key_text("--disk", key, value, "the name of a file", &blk->file);
	if (!strcmp(key, "format"))
		return set_format(&blk->disk, value);
	if (!strcmp(key, "ro"))
		return key_on_off("--disk", key, value, &blk->disk.readonly);
	if (!strcmp(key, "queues"))
		return key_number("--disk", key, value, 1, MAX_QUEUES, &blk->disk.queues);
	return socket_parse(&blk->socket, "--disk", key, value, known);
}

static int start(void *context, struct daemon **daemon, int *socket)
{
	const struct blk *blk = context;

	return storage_start(daemon, &blk->disk, socket);
}

static int explain(void *context, struct daemon *daemon, int error)
{
	const struct blk *blk = context;

	return storage_explain(daemon, &blk->disk, error);
}

static int blk_check(struct virtio_device *device)
{
	struct blk *blk = to_blk(device);
	const char *socket = blk->socket.path;

	if (!blk->file && !socket)
		return misuse("--disk: say which file it is, or which socket: vhost-user=SOCKET");
	if (blk->file && socket)
		return misuse("--disk: a file and vhost-user= exclude each other");
	if (socket && (blk->disk.format || blk->disk.readonly || blk->disk.queues))
		return misuse("--disk: with vhost-user= the daemon says what the disk is like, leave out format=, ro= and queues=");
	if (asprintf(&device->label, "--disk %s", blk->file ? blk->file : socket) < 0) {
		device->label = NULL;
		return fail("not enough memory for the disk");
	}
	if (!blk->disk.queues)
		blk->disk.queues = 1;
	blk->disk.path = blk->file;
	blk->keeper = (struct keeper){
		.label = device->label, .start = start, .explain = explain, .context = blk,
	};
	device->shares_memory = true;
	return STATUS_OK;
}

/* What one that writes qcow2 had not written when it ended, the guest would miss. */
static bool starts_again(const struct blk *blk)
{
	return socket_reconnects(&blk->socket, blk->disk.format != DISK_FORMAT_QCOW2);
}

static int open_backend(struct blk *blk, const struct guest_memory *memory)
{
	struct backend **backend = &blk->device.backend;
	int status;

	if (blk->socket.path)
		return socket_open(&blk->socket, &daemon_type, memory, backend);
	status = storage_open(&blk->disk);
	return status ? status :
	       keeper_open(&blk->keeper, &daemon_type, memory, backend, starts_again(blk));
}

/*
 * How many queues does the daemon want the driver to find? A file of ours that has no room for a
 * sector is a mistake; a daemon of somebody else's may get its disk later.
 */
static int find_queues(struct blk *blk)
{
	struct virtio_device *device = &blk->device;
	struct backend *backend = device->backend;
	struct virtio_blk_config config = { 0 };
	__u64 features;
	int error;

	error = backend->ops->features(backend, &features);
	if (!error)
		error = backend->ops->get_config(backend, &config, CONFIG_LENGTH);
	if (error)
		return fail("%s: the daemon does not say what the disk is like: %s", device->label,
			    strerror(-error));
	if (!blk->socket.path && !config.capacity)
		return fail("the disk %s is empty, make it as large as the guest's disk is to be",
			    blk->disk.path);
	device->nr_queues = features & VIRTIO_FEATURE(VIRTIO_BLK_F_MQ) ? config.num_queues : 1;
	if (!device->nr_queues || device->nr_queues > vhost_user_max_queues(backend))
		return fail("%s: the daemon says that there are %u queues, and that it serves %u",
			    device->label, device->nr_queues, vhost_user_max_queues(backend));
	memset(&device->config_constant[offsetof(struct virtio_blk_config, num_queues)], 0xff,
	       sizeof(config.num_queues));
	/*
	 * qemu-storage-daemon 7.2 says that there is no cache, which is not so, and a driver that
	 * believes it does not flush. One that is not told flushes (5.2.5.2).
	 */
	if (features & VIRTIO_FEATURE(VIRTIO_BLK_F_CONFIG_WCE) && config.wce) {
		device->features |= VIRTIO_FEATURE(VIRTIO_BLK_F_CONFIG_WCE);
		device->config_writable[offsetof(struct virtio_blk_config, wce)] = 0xff;
	}
	return STATUS_OK;
}

static int blk_open(struct virtio_device *device, const struct guest_memory *memory)
{
	struct blk *blk = to_blk(device);
	int status;

	device->queue_size = QUEUE_SIZE;
	device->config_length = CONFIG_LENGTH;
	status = open_backend(blk, memory);
	return status ? status : find_queues(blk);
}

/* Of a daemon that is not ours we can only close the socket. */
static void blk_lost(struct virtio_device *device)
{
	keeper_kill(&to_blk(device)->keeper);
}

static void blk_close(struct virtio_device *device)
{
	struct blk *blk = to_blk(device);

	keeper_end(&blk->keeper);
	storage_close(&blk->disk);
}

static void blk_free(struct virtio_device *device)
{
	struct blk *blk = to_blk(device);

	free(blk->file);
	free(blk->socket.path);
}

const struct virtio_type blk_type = {
	.model = VIRTIO_MODEL,
	.backend_features = VIRTIO_FEATURE(VIRTIO_BLK_F_SIZE_MAX) |
			    VIRTIO_FEATURE(VIRTIO_BLK_F_SEG_MAX) |
			    VIRTIO_FEATURE(VIRTIO_BLK_F_GEOMETRY) |
			    VIRTIO_FEATURE(VIRTIO_BLK_F_RO) |
			    VIRTIO_FEATURE(VIRTIO_BLK_F_BLK_SIZE) |
			    VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH) |
			    VIRTIO_FEATURE(VIRTIO_BLK_F_TOPOLOGY) |
			    VIRTIO_FEATURE(VIRTIO_BLK_F_MQ) |
			    VIRTIO_FEATURE(VIRTIO_BLK_F_DISCARD) |
			    VIRTIO_FEATURE(VIRTIO_BLK_F_WRITE_ZEROES),
	.bounces = true,
	.size = sizeof(struct blk),
	.parse = blk_parse,
	.check = blk_check,
	.open = blk_open,
	.lost = blk_lost,
	.close = blk_close,
	.free = blk_free,
};
