/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_IOCTL_INTERRUPT_H
#define _KVPCI_IOCTL_INTERRUPT_H

#include <linux/kvpci.h>

struct kvpci_function;

int kvpci_bind_ioctl(struct kvpci_function *function,
		     const struct kvpci_binding __user *arg);
int kvpci_trigger_ioctl(struct kvpci_function *function,
			const struct kvpci_trigger __user *arg);
int kvpci_get_route_ioctl(struct kvpci_function *function, struct kvpci_route __user *arg);
int kvpci_set_route_ioctl(struct kvpci_function *function,
			  const struct kvpci_route __user *arg);

#endif /* _KVPCI_IOCTL_INTERRUPT_H */
