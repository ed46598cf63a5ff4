/* SPDX-License-Identifier: GPL-2.0 */
/* What a process may still do when it serves a file. */
#ifndef VIRTIO_CONFINE_H
#define VIRTIO_CONFINE_H

/*
 * Have this process, and the program that it becomes, write to no file but that of @fd, which is to
 * be open for reading only or may be written to, and have nothing to do with other processes. It
 * can't get new privileges (PR_SET_NO_NEW_PRIVS). What the kernel does not know is left out. May be
 * called after fork() in a process with other threads: glibc's malloc() works there.
 */
void confine(int fd);

#endif /* VIRTIO_CONFINE_H */
