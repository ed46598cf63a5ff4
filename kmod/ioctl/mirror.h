/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_IOCTL_MIRROR_H
#define _KVPCI_IOCTL_MIRROR_H

#include <linux/kvpci.h>

struct kvpci_host;

int kvpci_get_mirror_ioctl(struct kvpci_host *host, struct kvpci_mirror __user *arg);
int kvpci_set_mirror_ioctl(struct kvpci_host *host,
			   const struct kvpci_mirror __user *arg);

#endif /* _KVPCI_IOCTL_MIRROR_H */
