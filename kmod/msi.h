/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_MSI_H
#define _VPCI_MSI_H

#include <linux/kvpci.h>
#include <linux/types.h>

struct vpci_capability_list;
struct vpci_interrupts;
struct vpci_msi;
struct vpci_vectors;

int vpci_msi_add(struct vpci_interrupts *interrupts,
		 struct vpci_capability_list *list,
		 const struct kvpci_capability *cap);
void vpci_msi_destroy(struct vpci_msi *msi);
struct vpci_vectors *vpci_msi_vectors(struct vpci_msi *msi);
bool vpci_msi_is_enabled(const struct vpci_msi *msi);
bool vpci_msi_follow(struct vpci_msi *msi);
void vpci_msi_reset(struct vpci_msi *msi);

#endif /* _VPCI_MSI_H */
