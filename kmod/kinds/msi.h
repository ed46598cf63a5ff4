/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_MSI_H
#define _KVPCI_MSI_H

#include <linux/kvpci.h>
#include <linux/types.h>

struct kvpci_capability_list;
struct kvpci_function;

int kvpci_msi_add(struct kvpci_function *function, struct kvpci_capability_list *list,
		  u16 offset, const struct kvpci_msi *desc);

#endif /* _KVPCI_MSI_H */
