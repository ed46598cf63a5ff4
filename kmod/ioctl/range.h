/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_IOCTL_RANGE_H
#define _KVPCI_IOCTL_RANGE_H

#include <linux/kvpci.h>

struct kvpci_function;

int kvpci_add_range_ioctl(struct kvpci_function *function,
			  const struct kvpci_range_config __user *arg);

#endif /* _KVPCI_IOCTL_RANGE_H */
