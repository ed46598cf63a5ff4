/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_USERSPACE_H
#define _KVPCI_USERSPACE_H

#include <linux/kvpci.h>

struct kvpci_function_bar;
struct kvpci_host;
struct kvpci_range;

struct kvpci_range *kvpci_userspace_new(struct kvpci_function_bar *bar);
int kvpci_exits_create(struct kvpci_host *host);
int kvpci_exit_find(struct kvpci_host *host, struct kvpci_exit *get);

#endif /* _KVPCI_USERSPACE_H */
