/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_COMMAND_H
#define _KVPCI_COMMAND_H

#include "pci/range.h"

extern const struct kvpci_range_ops kvpci_command_ops;

u32 kvpci_command_follow(struct kvpci_function *function);

#endif /* _KVPCI_COMMAND_H */
