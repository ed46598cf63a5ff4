/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_DOORBELL_H
#define _VPCI_DOORBELL_H

#include <linux/kvpci.h>
#include <linux/types.h>

struct kvm_vcpu;
struct vpci_bar;
struct vpci_function;

int vpci_doorbell_ioctl(struct vpci_function *function,
			const struct kvpci_doorbell __user *arg);
bool vpci_doorbell_in(const struct vpci_bar *bar, u64 offset, u64 length);
void vpci_doorbells_destroy(struct vpci_bar *bar);
int vpci_doorbell_write(struct vpci_bar *bar, struct kvm_vcpu *vcpu, u64 addr,
			u64 offset, int len, const void *val);

#endif /* _VPCI_DOORBELL_H */
