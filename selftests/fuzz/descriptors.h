/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

int fuzz_ioctl(int fd, unsigned long cmd, void *arg);

#endif /* DESCRIPTORS_H */
