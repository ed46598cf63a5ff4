/* SPDX-License-Identifier: GPL-2.0 */
/* Back ends that are other processes, by the vhost-user protocol (QEMU's interop/vhost-user). */
#ifndef VIRTIO_VHOST_USER_H
#define VIRTIO_VHOST_USER_H

#include <linux/types.h>
#include <stdbool.h>

#include "iommu.h"
#include "virtio/backend.h"
#include "virtio/reconnect.h"

/*
 * Milliseconds that a back end may take for an operation, in however many messages; for being
 * opened, when it may have to start first; and for saying what it is when it has come again and
 * begun to answer. One that takes longer for that is looked for later.
 */
#define VHOST_USER_TIMEOUT		10000
#define VHOST_USER_OPEN_TIMEOUT		60000
#define VHOST_USER_BACK_TIMEOUT		2000

/* If one has not answered by then when it is opened, the user is told who is waited for. */
#define VHOST_USER_PATIENCE		4000

/**
 * struct vhost_user_type - what depends on the type of device
 * @has_config: it is the back end that knows the device-specific configuration
 * @has_inflight: a daemon that takes the place of another has to know which requests are under way
 * @ordered: requests are completed in the order in which they were made, or need not be at all: a
 *	daemon can be followed by another at any time, and not only while none is under way
 * @counted_as_one: when the back end says how many queues it serves, so many are one: of network
 *	devices, daemons count pairs, and so does QEMU, though the protocol does not tell
 */
struct vhost_user_type {
	bool has_config;
	bool has_inflight;
	bool ordered;
	unsigned int counted_as_one;
};

/*
 * Use the back end that @fd, a connected socket, leads to. The socket is the back end's from now
 * on, also if this fails. @label is what messages call it; NULL: it has just been started,
 * and may take its time. Returns 0 or a negative error number: EPROTO: what it says makes no sense;
 * ERANGE: it serves no queues; ETIMEDOUT: it says nothing.
 */
int vhost_user_open(int fd, const struct guest_memory *memory, const struct vhost_user_type *type,
		    const char *label, struct backend **backend);

/*
 * Should the connection be lost, get another daemon in that way. Called before anything else is
 * done with @backend. Returns 0 or a negative error number.
 */
int vhost_user_reconnect(struct backend *backend, const struct reconnect_way *way);

/*
 * The device is behind the virtual IOMMU, if the back end offers VIRTIO_F_ACCESS_PLATFORM then.
 * NULL: it is not, and there is nothing to do. Called once, before the queues are started.
 * Returns 0 or a negative error number.
 */
int vhost_user_translate(struct backend *backend, struct iommu_endpoint *endpoint);

/* How many queues does it serve at most? */
unsigned int vhost_user_max_queues(const struct backend *backend);

/*
 * Have it use the first @nr_queues only of those that run, or will; all without this. Returns 0 or
 * a negative error number, as the next one does.
 */
int vhost_user_enable(struct backend *backend, unsigned int nr_queues);

/* Tell it what a network device's MTU is, if it is one to be told, and those that come after it. */
int vhost_user_set_mtu(struct backend *backend, __u16 mtu);

#endif /* VIRTIO_VHOST_USER_H */
