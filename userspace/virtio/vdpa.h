/* SPDX-License-Identifier: GPL-2.0 */
/* Devices of any type that the host's vDPA offers. */
#ifndef VIRTIO_VDPA_H
#define VIRTIO_VDPA_H

#include "virtio/transport.h"

extern const struct virtio_type vdpa_type;

#endif /* VIRTIO_VDPA_H */
