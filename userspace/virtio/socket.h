/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VIRTIO_SOCKET_H
#define VIRTIO_SOCKET_H

#include "virtio/vhost_user.h"

/**
 * socket_connect - connect to a vhost-user daemon
 * @option: which option of the user's names it, such as "--disk", for messages
 * @path: the socket that it listens at
 * @fd: where to put the connection
 *
 * Return: STATUS_OK, or that of the error that it has told of
 */
int socket_connect(const char *option, const char *path, int *fd);

/* Connect to one without waiting. Returns the connection or a negative error number. */
int socket_try(const char *path);

/**
 * socket_open - make what a vhost-user daemon serves a back end
 * @option: which option of the user's names it, as above
 * @path: the socket that it listens at
 * @type: of the device
 * @memory: the guest's
 * @backend: where to put the back end
 *
 * Return: as of socket_connect()
 */
int socket_open(const char *option, const char *path, const struct vhost_user_type *type,
		const struct guest_memory *memory, struct backend **backend);

#endif /* VIRTIO_SOCKET_H */
