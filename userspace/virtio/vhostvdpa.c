// SPDX-License-Identifier: GPL-2.0
/*
 * vhost-vdpa: the kernel hands out a device that is whole, with its configuration and its status,
 * be it hardware or, by VDUSE, another process. What the driver does with the status is done with
 * the device's, so that it can refuse features, and a status of 0 is what stops it.
 *
 * It finds the guest's memory by the guest's addresses. Where these are we tell it by messages,
 * which are written to the file. Most kernels' devices forget that when they are reset (those that
 * don't say so, VHOST_BACKEND_F_IOTLB_PERSIST), so it is told anew each time it is started.
 */
#include <errno.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "event.h"
#include "memory.h"
#include "report.h"
#include "virtio/devnode.h"
#include "virtio/transport.h"
#include "virtio/vhost.h"
#include "virtio/vhostvdpa.h"

#define BACKEND_FEATURE(name)	(1ULL << VHOST_BACKEND_F_##name)

/* Of Linux 6.7 */
#ifndef VHOST_BACKEND_F_IOTLB_PERSIST
#define VHOST_BACKEND_F_IOTLB_PERSIST	0x8
#endif

/* A driver that has chosen features, and one that runs (Virtual I/O Device 1.2, 3.1.1). */
#define STATUS_DRIVER	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define STATUS_AGREED	(STATUS_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK)
#define STATUS_RUNNING	(STATUS_AGREED | VIRTIO_CONFIG_S_DRIVER_OK)

/**
 * struct vhostvdpa - a device
 * @backend: what the transport knows of it
 * @vhost: its file
 * @features: of the protocol, that both sides know
 * @mapped: it knows the guest's memory
 * @changed: an eventfd: the configuration has changed, or the device needs a reset
 */
struct vhostvdpa {
	struct backend backend;
	struct vhost vhost;
	__u64 features;
	bool mapped;
	int changed;
};

static struct vhostvdpa *to_vhostvdpa(const struct backend *backend)
{
	return (struct vhostvdpa *)backend;
}

static int send_message(const struct vhostvdpa *vdpa, __u8 type, const struct ram *ram)
{
	struct vhost_msg_v2 message = {
		.type = VHOST_IOTLB_MSG_V2,
		.iotlb = { .type = type, .perm = VHOST_ACCESS_RW },
	};
	ssize_t written;

	if (ram) {
		message.iotlb.iova = ram->address;
		message.iotlb.size = ram->size;
		message.iotlb.uaddr = (uintptr_t)ram->host;
	}
	written = write(vdpa->vhost.fd, &message, sizeof(message));
	if (written < 0)
		return -errno;
	return written == sizeof(message) ? 0 : -EIO;
}

/* The same message for each piece of memory, which the device gets as one if it can. */
static int send_all(const struct vhostvdpa *vdpa, __u8 type)
{
	bool batch = vdpa->features & BACKEND_FEATURE(IOTLB_BATCH);
	struct ram shared[MAX_RAM];
	unsigned int nr = memory_shared(vdpa->backend.memory, shared);
	unsigned int i;
	int error = 0;

	if (batch)
		error = send_message(vdpa, VHOST_IOTLB_BATCH_BEGIN, NULL);
	for (i = 0; !error && i < nr; i++)
		error = send_message(vdpa, type, &shared[i]);
	if (batch && !error)
		error = send_message(vdpa, VHOST_IOTLB_BATCH_END, NULL);
	return error;
}

static int map_memory(struct vhostvdpa *vdpa)
{
	if (vdpa->mapped)
		return 0;
	vdpa->mapped = true;
	return send_all(vdpa, VHOST_IOTLB_UPDATE);
}

static int unmap_memory(struct vhostvdpa *vdpa)
{
	if (!vdpa->mapped)
		return 0;
	vdpa->mapped = false;
	return send_all(vdpa, VHOST_IOTLB_INVALIDATE);
}

static int get_status(const struct vhostvdpa *vdpa, __u8 *status)
{
	return ioctl(vdpa->vhost.fd, VHOST_VDPA_GET_STATUS, status) ? -errno : 0;
}

/* Setting it may come to nothing without an error. */
static int set_status(const struct vhostvdpa *vdpa, __u8 status, __u8 *now)
{
	if (ioctl(vdpa->vhost.fd, VHOST_VDPA_SET_STATUS, &status))
		return -errno;
	return get_status(vdpa, now);
}

static int need_status(const struct vhostvdpa *vdpa, __u8 status)
{
	__u8 now;
	int error = set_status(vdpa, status, &now);
	bool done = status ? (now & status) == status : !now;

	return error || done ? error : -EIO;
}

/* One that can't be reset is to lose the guest's memory, as far as the kernel has a say in it. */
static int reset(struct vhostvdpa *vdpa)
{
	int error = need_status(vdpa, 0);
	int unmapped = 0;

	if (error || !(vdpa->features & BACKEND_FEATURE(IOTLB_PERSIST)))
		unmapped = unmap_memory(vdpa);
	return error ? error : unmapped;
}

/* Packed rings are left out: before Linux 6.4 vhost-vdpa can't say where one begins. */
static int vhostvdpa_features(struct backend *backend, __u64 *features)
{
	*features = to_vhostvdpa(backend)->vhost.features & ~VIRTIO_FEATURE(VIRTIO_F_RING_PACKED);
	return 0;
}

static struct vhost_vdpa_config *create_config(size_t offset, size_t length)
{
	struct vhost_vdpa_config *config = calloc(1, sizeof(*config) + length);

	if (config) {
		config->off = offset;
		config->len = length;
	}
	return config;
}

static int vhostvdpa_get_config(struct backend *backend, void *data, size_t length)
{
	struct vhost_vdpa_config *config;
	int error = 0;

	if (!length)
		return 0;
	config = create_config(0, length);
	if (!config)
		return -ENOMEM;
	if (ioctl(to_vhostvdpa(backend)->vhost.fd, VHOST_VDPA_GET_CONFIG, config))
		error = -errno;
	else
		memcpy(data, config->buf, length);
	free(config);
	return error;
}

/* A device that does not take it, as none of VDUSE's does, is not lost: it says what is so. */
static int vhostvdpa_set_config(struct backend *backend, size_t offset, const void *data,
				size_t length)
{
	struct vhost_vdpa_config *config = create_config(offset, length);

	if (!config)
		return -ENOMEM;
	memcpy(config->buf, data, length);
	ioctl(to_vhostvdpa(backend)->vhost.fd, VHOST_VDPA_SET_CONFIG, config);
	free(config);
	return 0;
}

/*
 * Whatever the driver thinks of it, the device reaches memory by translation alone, as
 * VIRTIO_F_ACCESS_PLATFORM says, and some insist on that.
 */
static int agree(struct vhostvdpa *vdpa, __u64 features)
{
	__u8 status;
	int error;

	error = need_status(vdpa, STATUS_DRIVER);
	if (!error)
		error = vhost_set_features(&vdpa->vhost,
					   features | VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM));
	if (!error)
		error = set_status(vdpa, STATUS_AGREED, &status);
	if (!error && !(status & VIRTIO_CONFIG_S_FEATURES_OK))
		error = -EINVAL;
	return error;
}

static int vhostvdpa_accept(struct backend *backend, __u64 features)
{
	struct vhostvdpa *vdpa = to_vhostvdpa(backend);
	int error = reset(vdpa);

	return error ? error : agree(vdpa, features);
}

static int set_enabled(const struct vhostvdpa *vdpa, unsigned int index)
{
	struct vhost_vring_state state = { .index = index, .num = 1 };

	return ioctl(vdpa->vhost.fd, VHOST_VDPA_SET_VRING_ENABLE, &state) ? -errno : 0;
}

static int start(struct vhostvdpa *vdpa, const struct queue *queues, unsigned int nr_queues)
{
	unsigned int i;
	int error;

	error = map_memory(vdpa);
	if (!error && ioctl(vdpa->vhost.fd, VHOST_VDPA_SET_CONFIG_CALL, &vdpa->changed))
		error = -errno;
	for (i = 0; !error && i < nr_queues; i++) {
		if (!queues[i].enabled)
			continue;
		error = vhost_set_ring(&vdpa->vhost, i, &queues[i]);
		if (!error)
			error = set_enabled(vdpa, i);
	}
	return error ? error : need_status(vdpa, STATUS_RUNNING);
}

/* It tells of no change while no driver runs: there may have been one. */
static int vhostvdpa_start(struct backend *backend, __u64 features, const struct queue *queues,
			   unsigned int nr_queues)
{
	struct vhostvdpa *vdpa = to_vhostvdpa(backend);
	__u8 status;
	int error;

	/* A driver may take DRIVER_OK back and set it again. */
	error = get_status(vdpa, &status);
	if (!error && status != STATUS_AGREED)
		error = vhostvdpa_accept(backend, features);
	if (!error)
		error = start(vdpa, queues, nr_queues);
	if (error)
		reset(vdpa);
	else
		eventfd_write(vdpa->changed, 1);
	return error;
}

static int vhostvdpa_stop(struct backend *backend)
{
	return reset(to_vhostvdpa(backend));
}

static int vhostvdpa_set_call(struct backend *backend, unsigned int index,
			      const struct queue *queue)
{
	return vhost_set_call(&to_vhostvdpa(backend)->vhost, index, queue);
}

static int vhostvdpa_poll_fd(const struct backend *backend)
{
	return to_vhostvdpa(backend)->changed;
}

static int vhostvdpa_dispatch(struct backend *backend)
{
	struct vhostvdpa *vdpa = to_vhostvdpa(backend);
	eventfd_t count;
	__u8 status;
	int error;

	if (eventfd_read(vdpa->changed, &count))
		return BACKEND_NOTHING;
	error = get_status(vdpa, &status);
	if (error)
		return error;
	return status & VIRTIO_CONFIG_S_NEEDS_RESET ? BACKEND_NEEDS_RESET : BACKEND_CONFIG_CHANGED;
}

/* The kernel resets the device, and forgets the memory. */
static void vhostvdpa_close(struct backend *backend)
{
	struct vhostvdpa *vdpa = to_vhostvdpa(backend);

	vhost_close(&vdpa->vhost);
	if (vdpa->changed >= 0)
		close(vdpa->changed);
	free(vdpa);
}

static const struct backend_ops vhostvdpa_ops = {
	.name = "the vDPA device",
	.features = vhostvdpa_features,
	.get_config = vhostvdpa_get_config,
	.set_config = vhostvdpa_set_config,
	.accept = vhostvdpa_accept,
	.start = vhostvdpa_start,
	.stop = vhostvdpa_stop,
	.set_call = vhostvdpa_set_call,
	.poll_fd = vhostvdpa_poll_fd,
	.dispatch = vhostvdpa_dispatch,
	.close = vhostvdpa_close,
};

/* Does it use the version of messages that we send? */
static int agree_on_protocol(struct vhostvdpa *vdpa)
{
	__u64 features;

	if (ioctl(vdpa->vhost.fd, VHOST_GET_BACKEND_FEATURES, &features))
		return -errno;
	features &= BACKEND_FEATURE(IOTLB_MSG_V2) | BACKEND_FEATURE(IOTLB_BATCH) |
		    BACKEND_FEATURE(IOTLB_PERSIST);
	if (!(features & BACKEND_FEATURE(IOTLB_MSG_V2)))
		return -EPROTO;
	if (ioctl(vdpa->vhost.fd, VHOST_SET_BACKEND_FEATURES, &features))
		return -errno;
	vdpa->features = features;
	return 0;
}

static int ask(const struct vhostvdpa *vdpa, struct vhostvdpa_device *device)
{
	int fd = vdpa->vhost.fd;

	return ioctl(fd, VHOST_VDPA_GET_VQS_COUNT, &device->nr_queues) ||
	       ioctl(fd, VHOST_VDPA_GET_VRING_NUM, &device->queue_size) ||
	       ioctl(fd, VHOST_VDPA_GET_CONFIG_SIZE, &device->config_length) ? -errno : 0;
}

static int show_memory(struct vhostvdpa *vdpa, const char *label)
{
	const struct guest_memory *memory = vdpa->backend.memory;
	struct vhost_vdpa_iova_range range;
	int error;

	if (ioctl(vdpa->vhost.fd, VHOST_VDPA_GET_IOVA_RANGE, &range))
		return fail("%s: it does not say which memory it reaches: %s", label,
			    strerror(errno));
	if (range.first > memory->ram[0].address || range.last < memory->end - 1)
		return fail("%s: it reaches addresses from %#llx to %#llx only, and the guest's memory ends at %#llx: lower --memory or leave it out",
			    label, range.first, range.last, memory->end);
	error = map_memory(vdpa);
	if (error == -ENOMEM)
		return fail("%s: the guest's memory can't be locked for it, raise the limit (ulimit -l)",
			    label);
	if (error)
		return fail("%s: it does not take the guest's memory: %s", label, strerror(-error));
	return STATUS_OK;
}

static int open_device(struct vhostvdpa *vdpa, const char *path, const char *label,
		       struct vhostvdpa_device *device)
{
	int status = devnode_open(&vdpa->vhost.fd, path, 0,
				  "vhost_vdpa and add a device (vdpa dev add)", label);
	int error;

	if (status)
		return status;
	if (ioctl(vdpa->vhost.fd, VHOST_VDPA_GET_DEVICE_ID, &device->kind))
		return misuse("%s: that is no vhost-vdpa device, name one such as /dev/vhost-vdpa-0",
			      label);
	status = event_create(&vdpa->changed);
	if (status)
		return status;
	error = vhost_own(&vdpa->vhost);
	if (!error)
		error = agree_on_protocol(vdpa);
	if (!error)
		error = ask(vdpa, device);
	if (error)
		return fail("%s: the kernel's vhost-vdpa does not serve it: %s", label,
			    strerror(-error));
	return show_memory(vdpa, label);
}

int vhostvdpa_open(struct backend **backend, const char *path, const char *label,
		   const struct guest_memory *memory, struct vhostvdpa_device *device)
{
	struct vhostvdpa *vdpa = malloc(sizeof(*vdpa));

	*backend = NULL;
	if (!vdpa)
		return fail("%s: not enough memory", label);
	*vdpa = (struct vhostvdpa){
		.backend = { .ops = &vhostvdpa_ops, .memory = memory },
		.vhost = { .fd = -1, .memory = memory, .translates = true },
		.changed = -1,
	};
	*backend = &vdpa->backend;
	return open_device(vdpa, path, label, device);
}
