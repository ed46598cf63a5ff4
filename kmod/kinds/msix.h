/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_MSIX_H
#define _KVPCI_MSIX_H

#include <linux/kvpci.h>
#include <linux/types.h>

struct kvpci_capability_list;
struct kvpci_function;

int kvpci_msix_add(struct kvpci_function *function, struct kvpci_capability_list *list,
		   u16 offset, const struct kvpci_msix *desc);

#endif /* _KVPCI_MSIX_H */
