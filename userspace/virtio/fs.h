/* SPDX-License-Identifier: GPL-2.0 */
/* Directories of the host's that the guest mounts. */
#ifndef VIRTIO_FS_H
#define VIRTIO_FS_H

#include "virtio/transport.h"

extern const struct virtio_type fs_type;

#endif /* VIRTIO_FS_H */
