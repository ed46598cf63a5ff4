/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_IOCTL_DOORBELL_H
#define _KVPCI_IOCTL_DOORBELL_H

#include <linux/kvpci.h>

struct kvpci_function;

int kvpci_doorbell_ioctl(struct kvpci_function *function,
			 const struct kvpci_doorbell __user *arg);

#endif /* _KVPCI_IOCTL_DOORBELL_H */
