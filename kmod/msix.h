/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_MSIX_H
#define _VPCI_MSIX_H

#include <linux/kvpci.h>
#include <linux/types.h>

struct vpci_capability_list;
struct vpci_interrupts;
struct vpci_msix;
struct vpci_vectors;

int vpci_msix_add(struct vpci_interrupts *interrupts,
		  struct vpci_capability_list *list,
		  const struct kvpci_capability *cap);
void vpci_msix_destroy(struct vpci_msix *msix);
struct vpci_vectors *vpci_msix_vectors(struct vpci_msix *msix);
bool vpci_msix_is_enabled(const struct vpci_msix *msix);
bool vpci_msix_is_masked(const struct vpci_msix *msix);
bool vpci_msix_follow(struct vpci_msix *msix);
void vpci_msix_reset(struct vpci_msix *msix);

#endif /* _VPCI_MSIX_H */
