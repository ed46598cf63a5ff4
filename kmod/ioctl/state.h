/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_IOCTL_STATE_H
#define _KVPCI_IOCTL_STATE_H

#include <linux/kvpci.h>

struct kvpci_function;
struct kvpci_host;

int kvpci_get_host_state_ioctl(struct kvpci_host *host, struct kvpci_state __user *arg);
int kvpci_set_host_state_ioctl(struct kvpci_host *host, const struct kvpci_state __user *arg);
int kvpci_get_state_ioctl(struct kvpci_function *function, struct kvpci_state __user *arg);
int kvpci_set_state_ioctl(struct kvpci_function *function,
			  const struct kvpci_state __user *arg);

#endif /* _KVPCI_IOCTL_STATE_H */
