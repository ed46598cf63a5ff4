/* SPDX-License-Identifier: GPL-2.0 */
/* Vhost-user daemons that are there, which the user names by the socket that they listen at. */
#ifndef VIRTIO_SOCKET_H
#define VIRTIO_SOCKET_H

#include "virtio/vhost_user.h"

/**
 * struct socket_keys - keys that types have in common whose devices a daemon may serve
 * @path: vhost-user=, the socket that it listens at; NULL: not given
 * @reconnect: reconnect=: should it go, is another to take its place?
 * @reconnect_given: and that has been said
 */
struct socket_keys {
	char *path;
	bool reconnect;
	bool reconnect_given;
};

/* A key of a description, as struct virtio_type's @parse. */
int socket_parse(struct socket_keys *keys, const char *option, const char *key, const char *value,
		 bool *known);

/* @reconnect, or @otherwise if it has not been said. */
bool socket_reconnects(const struct socket_keys *keys, bool otherwise);

/**
 * socket_open - make what a vhost-user daemon serves a back end
 * @keys: where it listens; used as long as there is the back end
 * @type: of the device
 * @memory: the guest's
 * @backend: where to put the back end
 *
 * Return: STATUS_OK, or that of the error that it has told of
 */
int socket_open(const struct socket_keys *keys, const struct vhost_user_type *type,
		const struct guest_memory *memory, struct backend **backend);

#endif /* VIRTIO_SOCKET_H */
