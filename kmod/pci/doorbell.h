/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_DOORBELL_H
#define _KVPCI_DOORBELL_H

#include <linux/types.h>

struct eventfd_ctx;
struct kvm_vcpu;
struct kvpci_function_bar;

/**
 * struct kvpci_bar_doorbell - where a guest's write signals an eventfd
 * @offset: in the BAR
 * @datamatch: the value that rings it, if not @wildcard
 * @eventfd: what is signalled
 * @length: bytes of the write; 0: any
 * @wildcard: any value rings it
 */
struct kvpci_bar_doorbell {
	u64 offset;
	u64 datamatch;
	struct eventfd_ctx *eventfd;
	u8 length;
	bool wildcard;
};

int kvpci_doorbell_assign(struct kvpci_function_bar *bar,
			  const struct kvpci_bar_doorbell *doorbell);
int kvpci_doorbell_deassign(struct kvpci_function_bar *bar,
			    const struct kvpci_bar_doorbell *doorbell);
bool kvpci_doorbell_in(const struct kvpci_function_bar *bar, u64 offset, u64 length);
void kvpci_doorbells_destroy(struct kvpci_function_bar *bar);
int kvpci_doorbell_ring_any(struct kvpci_function_bar *bar, struct kvm_vcpu *vcpu, u64 offset);
int kvpci_doorbell_write(struct kvpci_function_bar *bar, struct kvm_vcpu *vcpu, u64 addr,
			 u64 offset, int len, const void *val);

#endif /* _KVPCI_DOORBELL_H */
