/* SPDX-License-Identifier: GPL-2.0 */
/* A virtiofsd of ours, which serves one directory. */
#ifndef VIRTIO_VIRTIOFSD_H
#define VIRTIO_VIRTIOFSD_H

#include "virtio/daemon.h"

/* As daemon_start(). */
int virtiofsd_start(struct daemon **daemon, const char *directory, int *socket);

#endif /* VIRTIO_VIRTIOFSD_H */
