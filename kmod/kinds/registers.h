/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_REGISTERS_H
#define _KVPCI_REGISTERS_H

#include "pci/range.h"

struct kvpci_contents;
struct kvpci_function_bar;
struct kvpci_range_config;
struct kvpci_registers_config;

int kvpci_registers_check(const struct kvpci_function_bar *bar,
			  const struct kvpci_range_config *place,
			  const struct kvpci_registers_config *desc);
struct kvpci_range *kvpci_registers_new(const struct kvpci_registers_config *desc, u32 length,
					struct kvpci_contents *contents);

#endif /* _KVPCI_REGISTERS_H */
