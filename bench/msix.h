/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MSIX_H
#define MSIX_H

#include <linux/kvpci.h>

struct machine;

#define MSIX_MAX_VECTORS	KVPCI_MAX_MSIX_VECTORS

void msix_create(struct machine *vm, unsigned int vectors);

#endif /* MSIX_H */
