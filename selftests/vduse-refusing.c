// SPDX-License-Identifier: GPL-2.0
/*
 * vduse-refusing NAME: offer a disk to the host's vDPA, by VDUSE, that answers what it is asked,
 * and refuses what a driver chooses of its features. Ends when it is killed.
 */
#include <fcntl.h>
#include <linux/vduse.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define QUEUE_SIZE	64
#define QUEUE_ALIGN	4096

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void create(const char *name)
{
	const struct virtio_blk_config disk = { .capacity = 2048, .seg_max = QUEUE_SIZE - 2 };
	struct vduse_dev_config *config = calloc(1, sizeof(*config) + sizeof(disk));
	int control = open("/dev/vduse/control", O_RDWR | O_CLOEXEC);
	__u64 version = VDUSE_API_VERSION;

	if (control < 0)
		die("/dev/vduse/control");
	if (!config)
		die("calloc");
	snprintf(config->name, sizeof(config->name), "%s", name);
	config->device_id = VIRTIO_ID_BLOCK;
	config->features = 1ULL << VIRTIO_F_ACCESS_PLATFORM | 1ULL << VIRTIO_F_VERSION_1 |
			   1ULL << VIRTIO_BLK_F_SEG_MAX;
	config->vq_num = 1;
	config->vq_align = QUEUE_ALIGN;
	config->config_size = sizeof(disk);
	memcpy(config->config, &disk, sizeof(disk));
	if (ioctl(control, VDUSE_SET_API_VERSION, &version) ||
	    ioctl(control, VDUSE_CREATE_DEV, config))
		die("VDUSE_CREATE_DEV");
	free(config);
	close(control);
}

static int open_device(const char *name)
{
	struct vduse_vq_config queue = { .max_size = QUEUE_SIZE };
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/dev/vduse/%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die(path);
	if (ioctl(fd, VDUSE_VQ_SETUP, &queue))
		die("VDUSE_VQ_SETUP");
	return fd;
}

static void answer(int fd)
{
	struct vduse_dev_response response = { .result = VDUSE_REQ_RESULT_OK };
	struct vduse_dev_request request;

	if (read(fd, &request, sizeof(request)) != sizeof(request))
		die("read");
	response.request_id = request.request_id;
	if (request.type == VDUSE_SET_STATUS && request.s.status & VIRTIO_CONFIG_S_FEATURES_OK)
		response.result = VDUSE_REQ_RESULT_FAILED;
	if (write(fd, &response, sizeof(response)) != sizeof(response))
		die("write");
}

int main(int argc, char **argv)
{
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: vduse-refusing NAME\n");
		return 2;
	}
	create(argv[1]);
	fd = open_device(argv[1]);
	while (true)
		answer(fd);
}
