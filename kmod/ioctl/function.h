/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_IOCTL_FUNCTION_H
#define _KVPCI_IOCTL_FUNCTION_H

#include <linux/kvpci.h>

struct kvpci_function;
struct kvpci_host;

int kvpci_create_function_ioctl(struct kvpci_host *host,
				const struct kvpci_function_config __user *arg);
struct kvpci_function *
kvpci_function_create(struct kvpci_host *host, struct kvpci_function *parent,
		      const struct kvpci_function_config *desc);
int kvpci_function_plug(struct kvpci_function *function);
void kvpci_function_remove(struct kvpci_function *function);

#endif /* _KVPCI_IOCTL_FUNCTION_H */
