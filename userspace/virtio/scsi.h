/* SPDX-License-Identifier: GPL-2.0 */
/* SCSI disks of a target of this machine's. */
#ifndef VIRTIO_SCSI_H
#define VIRTIO_SCSI_H

#include "virtio/transport.h"

extern const struct virtio_type scsi_type;

#endif /* VIRTIO_SCSI_H */
