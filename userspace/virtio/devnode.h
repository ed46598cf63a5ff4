/* SPDX-License-Identifier: GPL-2.0 */
/* Files in /dev by which the kernel offers what back ends are made of. */
#ifndef VIRTIO_DEVNODE_H
#define VIRTIO_DEVNODE_H

/*
 * Open @path, which the module @module serves, to read and write; @flags are further ones of
 * open(). @label is what messages call the device. On failure *@fd is negative.
 */
int devnode_open(int *fd, const char *path, int flags, const char *module, const char *label);

#endif /* VIRTIO_DEVNODE_H */
