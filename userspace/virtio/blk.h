/* SPDX-License-Identifier: GPL-2.0 */
/* Disks. */
#ifndef VIRTIO_BLK_H
#define VIRTIO_BLK_H

#include "virtio/transport.h"

extern const struct virtio_type blk_type;

#endif /* VIRTIO_BLK_H */
