// SPDX-License-Identifier: GPL-2.0
/*
 * vhost in the kernel: a file for each device, or pair of queues, a thread of the kernel's that
 * serves it, and ioctls that say where the guest's memory and the rings are. What makes it run is
 * different for each type of device. vhost-vdpa (vhostvdpa.c) has no such thread, and is told of
 * memory by other means, but of rings by the same ioctls.
 *
 * Behind the virtual IOMMU, misses are read from that file, and what iotlb.c tells is written to
 * it. The kernel carries out a message that is written while it serves none of the file's rings: it
 * holds the locks of all of them. So when a write has returned that takes an address away, nothing
 * reaches memory by that address any more. For what can't be reached it takes the ring for broken,
 * until the driver notifies again.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "memory.h"
#include "report.h"
#include "virtio/devnode.h"
#include "virtio/vhost.h"

static int set_memory(const struct vhost *vhost)
{
	struct {
		struct vhost_memory table;
		struct vhost_memory_region regions[MAX_RAM];
	} request = { .table.nregions = vhost->memory->nr_ram };
	unsigned int i;

	for (i = 0; i < vhost->memory->nr_ram; i++) {
		const struct ram *ram = &vhost->memory->ram[i];

		request.regions[i] = (struct vhost_memory_region){
			.guest_phys_addr = ram->address,
			.memory_size = ram->size,
			.userspace_addr = (uintptr_t)ram->host,
		};
	}
	return ioctl(vhost->fd, VHOST_SET_MEM_TABLE, &request) ? -errno : 0;
}

int vhost_own(struct vhost *vhost)
{
	return ioctl(vhost->fd, VHOST_SET_OWNER) ||
	       ioctl(vhost->fd, VHOST_GET_FEATURES, &vhost->features) ? -errno : 0;
}

int vhost_open(struct vhost *vhost, const char *path, const char *module, const char *label,
	       const struct guest_memory *memory)
{
	int status;
	int error;

	*vhost = VHOST_CLOSED;
	vhost->memory = memory;
	status = devnode_open(&vhost->fd, path, 0, module, label);
	if (status)
		return status;
	error = vhost_own(vhost);
	if (!error)
		error = set_memory(vhost);
	if (error) {
		status = fail("%s: %s does not take this guest: %s", label, path, strerror(-error));
		vhost_close(vhost);
		return status;
	}
	return STATUS_OK;
}

void vhost_close(struct vhost *vhost)
{
	iotlb_close(&vhost->iotlb);
	if (vhost->fd >= 0)
		close(vhost->fd);
	*vhost = VHOST_CLOSED;
}

static int send_message(void *context, const struct vhost_iotlb_msg *what)
{
	const struct vhost *vhost = context;
	const struct vhost_msg_v2 message = { .type = VHOST_IOTLB_MSG_V2, .iotlb = *what };

	return write(vhost->fd, &message, sizeof(message)) < 0 ? -errno : 0;
}

static int receive_miss(void *context, struct vhost_iotlb_msg *miss)
{
	const struct vhost *vhost = context;
	struct vhost_msg_v2 message;
	ssize_t length = read(vhost->fd, &message, sizeof(message));

	if (length < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	*miss = message.iotlb;
	return length == sizeof(message) && message.type == VHOST_IOTLB_MSG_V2 &&
	       miss->type == VHOST_IOTLB_MISS;
}

static const struct iotlb_ops vhost_iotlb_ops = {
	.send = send_message,
	.receive = receive_miss,
};

static int open_iotlb(struct vhost *vhost, struct iommu_endpoint *endpoint)
{
	__u64 features = 1ULL << VHOST_BACKEND_F_IOTLB_MSG_V2;
	int flags = fcntl(vhost->fd, F_GETFL);

	if (flags < 0 || fcntl(vhost->fd, F_SETFL, flags | O_NONBLOCK) ||
	    ioctl(vhost->fd, VHOST_SET_BACKEND_FEATURES, &features))
		return -errno;
	return iotlb_open(&vhost->iotlb, endpoint, &vhost_iotlb_ops, vhost);
}

int vhost_translate(struct vhost *vhost, struct iommu_endpoint *endpoint, const char *label)
{
	int error = endpoint ? open_iotlb(vhost, endpoint) : 0;

	if (error)
		return fail("%s: the host's kernel cannot put it behind the IOMMU (%s), leave out iommu=on",
			    label, strerror(-error));
	vhost->translates = endpoint;
	return STATUS_OK;
}

int vhost_poll_fd(const struct vhost *vhost)
{
	return vhost->iotlb.endpoint ? vhost->fd : -1;
}

int vhost_dispatch(struct vhost *vhost)
{
	int result = iotlb_dispatch(&vhost->iotlb);

	return result < 0 ? result : 0;
}

int vhost_settle(struct vhost *vhost)
{
	int result;

	do {
		result = iotlb_dispatch(&vhost->iotlb);
	} while (result > 0);
	return result;
}

/* With VIRTIO_F_ACCESS_PLATFORM, the kernel forgets all addresses here. */
int vhost_set_features(struct vhost *vhost, __u64 accepted)
{
	__u64 features = accepted & vhost->features;

	if (ioctl(vhost->fd, VHOST_SET_FEATURES, &features))
		return -errno;
	vhost->iotlb.active = vhost->iotlb.endpoint &&
			      features & 1ULL << VIRTIO_F_ACCESS_PLATFORM;
	return 0;
}

int vhost_set_call(const struct vhost *vhost, unsigned int index, const struct queue *queue)
{
	struct vhost_vring_file call = { .index = index, .fd = queue->call };

	return ioctl(vhost->fd, VHOST_SET_VRING_CALL, &call) ? -errno : 0;
}

/* Where a part of a ring is, as the back end is to know it. */
static __u64 ring_address(const struct vhost *vhost, __u64 address)
{
	return vhost->translates ? address : (uintptr_t)memory_at(vhost->memory, address, 1);
}

int vhost_forget_ring(const struct vhost *vhost, unsigned int index)
{
	struct vhost_vring_addr nowhere = { .index = index };

	return ioctl(vhost->fd, VHOST_SET_VRING_ADDR, &nowhere) ? -errno : 0;
}

int vhost_get_bases(const struct vhost *vhost, struct queue *queues, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct vhost_vring_state base = { .index = i };

		if (!queues[i].enabled)
			continue;
		if (ioctl(vhost->fd, VHOST_GET_VRING_BASE, &base))
			return -errno;
		queues[i].base = base.num;
	}
	return 0;
}

int vhost_set_ring(struct vhost *vhost, unsigned int index, const struct queue *queue)
{
	struct vhost_vring_state size = { .index = index, .num = queue->size };
	struct vhost_vring_state base = { .index = index, .num = queue->base };
	struct vhost_vring_file kick = { .index = index, .fd = queue->kick };
	struct vhost_vring_addr address = {
		.index = index,
		.desc_user_addr = ring_address(vhost, queue->desc),
		.avail_user_addr = ring_address(vhost, queue->driver),
		.used_user_addr = ring_address(vhost, queue->device),
	};
	int error = vhost->iotlb.endpoint ? iotlb_fetch_ring(&vhost->iotlb, queue) : 0;

	if (error)
		return error;
	if (ioctl(vhost->fd, VHOST_SET_VRING_NUM, &size) ||
	    ioctl(vhost->fd, VHOST_SET_VRING_BASE, &base) ||
	    ioctl(vhost->fd, VHOST_SET_VRING_ADDR, &address) ||
	    ioctl(vhost->fd, VHOST_SET_VRING_KICK, &kick))
		return -errno;
	return vhost_set_call(vhost, index, queue);
}
