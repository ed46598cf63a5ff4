/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <linux/kvm.h>
#include <linux/types.h>

/* An MSI: to the local APIC with an ID below 256, as a vector, edge-triggered. */
#define MSI_ADDRESS		0xfee00000ULL
#define MSI_TO(id)		(MSI_ADDRESS | (__u64)(id) << 12)
#define MSI_LOGICAL		(1U << 2)	/* of the address: a logical destination */
#define MSI_REDIRECT		(1U << 3)	/* redirection hint */
#define MSI_MODE		(7U << 8)	/* of the data: delivery modes */
#define MSI_LOWEST		(1U << 8)
#define MSI_SMI			(2U << 8)
#define MSI_NMI			(4U << 8)
#define MSI_EXTINT		(7U << 8)
#define MSI_ASSERT		(1U << 14)
#define MSI_LEVEL		(1U << 15)

/* To the one with any ID, or to a logical one, of a machine with KVM_CAP_X2APIC_API. */
static inline __u64 msi_to_x2apic(__u32 id)
{
	return MSI_ADDRESS | (id & 0xff) << 12 | (__u64)(id & ~0xffU) << 32;
}

int signal_msi(int vm, __u64 address, __u32 data);
struct kvm_irq_routing_entry message_route(__u32 gsi, __u64 address, __u32 data);

#endif /* MESSAGE_H */
