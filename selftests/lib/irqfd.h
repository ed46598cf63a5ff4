/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IRQFD_H
#define IRQFD_H

#include <linux/types.h>

int irqfd_set(int vm, __u32 gsi, int eventfd, int resample);
void irqfd_unset(int vm, __u32 gsi, int eventfd);

#endif /* IRQFD_H */
