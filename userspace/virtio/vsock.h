/* SPDX-License-Identifier: GPL-2.0 */
/* Sockets between the guest and this machine. */
#ifndef VIRTIO_VSOCK_H
#define VIRTIO_VSOCK_H

#include "virtio/transport.h"

extern const struct virtio_type vsock_type;

#endif /* VIRTIO_VSOCK_H */
