// SPDX-License-Identifier: GPL-2.0
/*
 * File systems (Virtual I/O Device 1.2, 5.11): a directory of the host's, on a vhost-user daemon
 * that we start for it, or one that is there. Of the file system we know nothing but its tag, by
 * which the guest mounts it. There is no shared memory region: files are read and written by
 * requests only.
 */
#include <endian.h>
#include <linux/virtio_fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "virtio/fs.h"
#include "virtio/keeper.h"
#include "virtio/key.h"
#include "virtio/socket.h"
#include "virtio/virtiofsd.h"

/* What daemons take at most: a request may have as many pages. */
#define QUEUE_SIZE	1024
#define MAX_QUEUES	64

static const struct vhost_user_type daemon_type = { .counted_as_one = 1 };

struct fs {
	struct virtio_device device;
	char *directory;		/* this, or */
	struct socket_keys socket;
	char *tag;
	unsigned int queues;		/* of requests; 0: not given, which is 1 */
	bool opened;			/* the directory is, and */
	int fd;				/* this is it */
	struct keeper keeper;		/* of its daemons */
};

static struct fs *to_fs(struct virtio_device *device)
{
	return (struct fs *)device;
}

static int set_tag(struct fs *fs, const char *value)
{
	const size_t room = sizeof(((struct virtio_fs_config *)NULL)->tag);

	if (strlen(value) > room)
		return misuse("--share: tag=%s is longer than %zu bytes", value, room);
	return key_text("--share", "tag", value, "a name", &fs->tag);
}

static int fs_parse(struct virtio_device *device, const char *key, const char *value, bool *known)
{
	struct fs *fs = to_fs(device);

	if (!strcmp(key, "dir"))
		return key_text("--share", key, value, "the name of a directory", &fs->directory);
	if (!strcmp(key, "tag"))
		return set_tag(fs, value);
	if (!strcmp(key, "queues"))
		return key_number("--share", key, value, 1, MAX_QUEUES, &fs->queues);
	return socket_parse(&fs->socket, "--share", key, value, known);
}

static int start(void *context, struct daemon **daemon, int *socket)
{
	const struct fs *fs = context;

	return virtiofsd_start(daemon, fs->directory, fs->fd, socket);
}

static int fs_check(struct virtio_device *device)
{
	struct fs *fs = to_fs(device);
	struct virtio_fs_config config = { 0 };

	if (!fs->directory && !fs->socket.path)
		return misuse("--share: say which directory it is, or which socket: vhost-user=SOCKET");
	if (fs->directory && fs->socket.path)
		return misuse("--share: a directory and vhost-user= exclude each other");
	if (!fs->tag)
		return misuse("--share: say by which name the guest mounts it, by tag=");
	if (asprintf(&device->label, "--share %s",
		     fs->directory ? fs->directory : fs->socket.path) < 0) {
		device->label = NULL;
		return fail("not enough memory to share a directory");
	}
	if (!fs->queues)
		fs->queues = 1;
	fs->keeper = (struct keeper){
		.label = device->label, .start = start, .context = fs,
	};
	device->shares_memory = true;
	/* The first is for requests that are not to wait for others. */
	device->nr_queues = 1 + fs->queues;
	device->queue_size = QUEUE_SIZE;
	/* One that fills its room has no NUL behind it. */
	memcpy(config.tag, fs->tag, strlen(fs->tag));
	config.num_request_queues = htole32(fs->queues);
	device->config_length = sizeof(config);
	memcpy(device->config, &config, sizeof(config));
	return STATUS_OK;
}

static int open_backend(struct fs *fs, const struct guest_memory *memory)
{
	struct backend **backend = &fs->device.backend;
	int status;

	if (fs->socket.path)
		return socket_open(&fs->socket, &daemon_type, memory, backend);
	status = virtiofsd_open(fs->directory, &fs->fd);
	if (status)
		return status;
	fs->opened = true;
	return keeper_open(&fs->keeper, &daemon_type, memory, backend,
			   socket_reconnects(&fs->socket, true));
}

static int fs_open(struct virtio_device *device, const struct guest_memory *memory)
{
	int status = open_backend(to_fs(device), memory);
	unsigned int served;

	if (status)
		return status;
	served = vhost_user_max_queues(device->backend);
	if (served < device->nr_queues)
		return fail("%s: the daemon serves %u queues of requests, lower queues=",
			    device->label, served - 1);
	return STATUS_OK;
}

/* Of a daemon that is not ours we can only close the socket. */
static void fs_lost(struct virtio_device *device)
{
	keeper_kill(&to_fs(device)->keeper);
}

static void fs_close(struct virtio_device *device)
{
	struct fs *fs = to_fs(device);

	keeper_end(&fs->keeper);
	if (fs->opened)
		close(fs->fd);
	fs->opened = false;
}

static void fs_free(struct virtio_device *device)
{
	struct fs *fs = to_fs(device);

	free(fs->directory);
	free(fs->socket.path);
	free(fs->tag);
}

const struct virtio_type fs_type = {
	.model = VIRTIO_MODEL,
	.bounces = true,
	.size = sizeof(struct fs),
	.parse = fs_parse,
	.check = fs_check,
	.open = fs_open,
	.lost = fs_lost,
	.close = fs_close,
	.free = fs_free,
};
