/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_IOCTL_HOST_H
#define _KVPCI_IOCTL_HOST_H

#include <linux/kvpci.h>

int kvpci_create_host_ioctl(const struct kvpci_host_config __user *arg);

#endif /* _KVPCI_IOCTL_HOST_H */
