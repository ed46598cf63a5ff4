/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_EFFECTS_H
#define _KVPCI_EFFECTS_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "pci/function.h"

u32 kvpci_effects_carry_out(struct kvpci_function *function, u32 effects);
int kvpci_config_decline(struct kvpci_function *function, u32 offset, struct kvm_vcpu *vcpu,
			 u64 addr, u32 len, u32 flags);
void kvpci_reset(struct kvpci_function *function, enum kvpci_reset_kind kind);

#endif /* _KVPCI_EFFECTS_H */
