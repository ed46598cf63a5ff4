/* SPDX-License-Identifier: GPL-2.0 */
/* vhost in the kernel, as far as all of its devices are alike (linux/vhost.h). */
#ifndef VIRTIO_VHOST_H
#define VIRTIO_VHOST_H

#include <linux/types.h>
#include <stdbool.h>

#include "virtio/backend.h"
#include "virtio/iotlb.h"

struct vhost {
	int fd;
	const struct guest_memory *memory;
	bool translates;	/* it finds memory by addresses of the guest, not of ours */
	__u64 features;		/* that it offers */
	struct iotlb iotlb;
};

/* What it is before it is opened, and closed again. */
#define VHOST_CLOSED	((struct vhost){ .fd = -1 })

/*
 * Open @path, which the module @module serves, and let it use the guest's memory. @label is what
 * messages call the device.
 */
int vhost_open(struct vhost *vhost, const char *path, const char *module, const char *label,
	       const struct guest_memory *memory);
void vhost_close(struct vhost *vhost);

/*
 * It has been opened: it is behind the virtual IOMMU. NULL: it is not, and there is nothing to do.
 * @vhost stays where it is until it is closed.
 */
int vhost_translate(struct vhost *vhost, struct iommu_endpoint *endpoint, const char *label);

/* What becomes readable when the kernel asks for an address; -1: it never does. */
int vhost_poll_fd(const struct vhost *vhost);

/* That is readable. Returns 0 or a negative error number. */
int vhost_dispatch(struct vhost *vhost);

/*
 * All rings have been stopped, and the driver waits for that: answer what the kernel has asked
 * before. Later, the driver may have unmapped it, which would be a fault.
 */
int vhost_settle(struct vhost *vhost);

/* What that does with @vhost->fd, which is open: take it for ourselves, and ask what it offers. */
int vhost_own(struct vhost *vhost);

/* All of these return 0 or a negative error number. While no ring runs: what has been accepted. */
int vhost_set_features(struct vhost *vhost, __u64 accepted);

/* While this ring does not run: where it is, and where to begin. */
int vhost_set_ring(struct vhost *vhost, unsigned int index, const struct queue *queue);

/* While they do not run any more: where those of the first @n rings that are used are to go on. */
int vhost_get_bases(const struct vhost *vhost, struct queue *queues, unsigned int n);

/* While no ring runs: this one is not there. The kernel knows it from before otherwise. */
int vhost_forget_ring(const struct vhost *vhost, unsigned int index);

/* At any time: what it signals. */
int vhost_set_call(const struct vhost *vhost, unsigned int index, const struct queue *queue);

#endif /* VIRTIO_VHOST_H */
