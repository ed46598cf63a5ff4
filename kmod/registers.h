/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_REGISTERS_H
#define _VPCI_REGISTERS_H

#include "region.h"

struct vpci_regs;

extern const struct vpci_region_ops vpci_registers_ops;

int vpci_registers_save(struct vpci_regs *regs);
void vpci_registers_reset(struct vpci_region *region);
struct vpci_regs *vpci_registers_regs(struct vpci_region *region);

#endif /* _VPCI_REGISTERS_H */
