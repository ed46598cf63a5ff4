/* SPDX-License-Identifier: GPL-2.0 */
/* A virtiofsd of ours, which serves one directory. */
#ifndef VIRTIO_VIRTIOFSD_H
#define VIRTIO_VIRTIOFSD_H

#include "virtio/daemon.h"

/* Open the directory that is to be shared, or say why that can't be. */
int virtiofsd_open(const char *directory, int *fd);

/* As daemon_start(). @fd is what virtiofsd_open() has opened. */
int virtiofsd_start(struct daemon **daemon, const char *directory, int fd, int *socket);

#endif /* VIRTIO_VIRTIOFSD_H */
