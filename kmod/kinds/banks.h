/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_BANKS_H
#define _KVPCI_BANKS_H

#include "pci/range.h"

struct kvpci_banks_config;
struct kvpci_contents;
struct kvpci_function_bar;
struct kvpci_range_config;

int kvpci_banks_check(const struct kvpci_function_bar *bar,
		      const struct kvpci_range_config *place,
		      const struct kvpci_banks_config *desc);
struct kvpci_range *kvpci_banks_new(const struct kvpci_banks_config *desc, u32 length,
				    struct kvpci_contents *contents);

#endif /* _KVPCI_BANKS_H */
