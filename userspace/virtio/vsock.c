// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets between the guest and this machine (Virtual I/O Device 1.2, 5.10), which vhost-vsock
 * serves. The third queue is for events, of which there are none: a guest learns by it that it has
 * moved to another machine.
 */
#include <endian.h>
#include <errno.h>
#include <linux/vhost.h>
#include <linux/virtio_vsock.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "parse.h"
#include "report.h"
#include "virtio/transport.h"
#include "virtio/vhost.h"
#include "virtio/vsock.h"

#define NR_QUEUES	3
#define NR_SERVED	2
#define QUEUE_SIZE	128

/* Those below are this machine's, and the last stands for any. */
#define MIN_CID		(VMADDR_CID_HOST + 1)
#define MAX_CID		(VMADDR_CID_ANY - 1)

struct vsock_device {
	struct virtio_device device;
	__u64 cid;
};

struct vsock {
	struct backend backend;
	struct vhost vhost;
};

static struct vsock *to_vsock(struct backend *backend)
{
	return (struct vsock *)backend;
}

static int vsock_features(struct backend *backend, __u64 *features)
{
	*features = to_vsock(backend)->vhost.features;
	return 0;
}

static int set_running(const struct vsock *vsock, int running)
{
	return ioctl(vsock->vhost.fd, VHOST_VSOCK_SET_RUNNING, &running) ? -errno : 0;
}

/* vhost serves both queues or none. */
static int vsock_start(struct backend *backend, __u64 features, const struct queue *queues,
		       unsigned int nr_queues)
{
	struct vsock *vsock = to_vsock(backend);
	int error = vhost_set_features(&vsock->vhost, features);
	unsigned int i;

	for (i = 0; i < nr_queues && i < NR_SERVED && !error; i++)
		error = queues[i].enabled ? vhost_set_ring(&vsock->vhost, i, &queues[i]) : -EINVAL;
	return error ? error : set_running(vsock, 1);
}

static int vsock_stop(struct backend *backend)
{
	struct vsock *vsock = to_vsock(backend);
	int error = set_running(vsock, 0);

	return error ? error : vhost_settle(&vsock->vhost);
}

static int vsock_pause(struct backend *backend, struct queue *queues, unsigned int nr_queues)
{
	struct vsock *vsock = to_vsock(backend);
	int error = vsock_stop(backend);

	return error ? error : vhost_get_bases(&vsock->vhost, queues,
					       nr_queues < NR_SERVED ? nr_queues : NR_SERVED);
}

static int vsock_set_call(struct backend *backend, unsigned int index, const struct queue *queue)
{
	return index < NR_SERVED ? vhost_set_call(&to_vsock(backend)->vhost, index, queue) : 0;
}

static int vsock_poll_fd(const struct backend *backend)
{
	return vhost_poll_fd(&((const struct vsock *)backend)->vhost);
}

static int vsock_dispatch(struct backend *backend)
{
	int error = vhost_dispatch(&to_vsock(backend)->vhost);

	return error ? error : BACKEND_NOTHING;
}

static void vsock_close(struct backend *backend)
{
	vhost_close(&to_vsock(backend)->vhost);
	free(backend);
}

static const struct backend_ops vsock_ops = {
	.name = "vhost-vsock",
	.features = vsock_features,
	.start = vsock_start,
	.stop = vsock_stop,
	.pause = vsock_pause,
	.set_call = vsock_set_call,
	.poll_fd = vsock_poll_fd,
	.dispatch = vsock_dispatch,
	.close = vsock_close,
};

static int parse(struct virtio_device *device, const char *key, const char *value, bool *known)
{
	struct vsock_device *vsock = (struct vsock_device *)device;

	*known = !strcmp(key, "cid");
	if (!*known)
		return STATUS_OK;
	if (!parse_number(value, &vsock->cid) || vsock->cid < MIN_CID || vsock->cid > MAX_CID)
		return misuse("--vsock: %s is not a number from %u to %u", value, MIN_CID, MAX_CID);
	return STATUS_OK;
}

static int check(struct virtio_device *device)
{
	const struct vsock_device *vsock = (const struct vsock_device *)device;
	const struct virtio_vsock_config config = { .guest_cid = htole64(vsock->cid) };

	if (!vsock->cid)
		return misuse("--vsock: say which number the guest has, by cid=");
	if (asprintf(&device->label, "--vsock %llu", vsock->cid) < 0) {
		device->label = NULL;
		return fail("not enough memory");
	}
	device->nr_queues = NR_QUEUES;
	device->queue_size = QUEUE_SIZE;
	memcpy(device->config, &config, sizeof(config));
	device->config_length = sizeof(config);
	return STATUS_OK;
}

static int open_backend(struct virtio_device *device, const struct guest_memory *memory)
{
	const struct vsock_device *description = (const struct vsock_device *)device;
	struct vsock *vsock = calloc(1, sizeof(*vsock));
	int status;

	if (!vsock)
		return fail("%s: not enough memory", device->label);
	vsock->backend = (struct backend){ .ops = &vsock_ops, .memory = memory };
	device->backend = &vsock->backend;
	status = vhost_open(&vsock->vhost, "/dev/vhost-vsock", "vhost_vsock", device->label,
			    memory);
	if (!status)
		status = vhost_translate(&vsock->vhost, device->endpoint, device->label);
	if (status)
		return status;
	if (!ioctl(vsock->vhost.fd, VHOST_VSOCK_SET_GUEST_CID, &description->cid))
		return STATUS_OK;
	if (errno == EADDRINUSE)
		return fail("%s: another guest has this number, take another", device->label);
	return fail("%s: vhost-vsock does not take this number: %s", device->label,
		    strerror(errno));
}

const struct virtio_type vsock_type = {
	.model = VIRTIO_MODEL,
	.backend_features = VIRTIO_FEATURE(VIRTIO_VSOCK_F_SEQPACKET),
	.size = sizeof(struct vsock_device),
	.parse = parse,
	.check = check,
	.open = open_backend,
};
