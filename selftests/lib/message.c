// SPDX-License-Identifier: GPL-2.0
/*
 * KVM's own ways to send a message: at once, or by a route.
 */
#include <sys/ioctl.h>

#include <linux/kvm.h>

#include "message.h"

/**
 * signal_msi() - have KVM itself send a message
 * @vm: descriptor of the machine, to whose vCPUs
 * @address: of the message
 * @data: of the message
 *
 * Return: as KVM_SIGNAL_MSI: more than 0 if some vCPU took it
 */
int signal_msi(int vm, __u64 address, __u32 data)
{
	struct kvm_msi msi = {
		.address_lo = address,
		.address_hi = address >> 32,
		.data = data,
	};

	return ioctl(vm, KVM_SIGNAL_MSI, &msi);
}

/* The entry of KVM_SET_GSI_ROUTING with which a GSI sends a message. */
struct kvm_irq_routing_entry message_route(__u32 gsi, __u64 address, __u32 data)
{
	return (struct kvm_irq_routing_entry) {
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_MSI,
		.u.msi = {
			.address_lo = address,
			.address_hi = address >> 32,
			.data = data,
		},
	};
}
