/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_IOCTL_REGION_H
#define _KVPCI_IOCTL_REGION_H

#include <linux/kvpci.h>

struct kvpci_function;

int kvpci_add_region_ioctl(struct kvpci_function *function,
			   const struct kvpci_region __user *arg);

#endif /* _KVPCI_IOCTL_REGION_H */
