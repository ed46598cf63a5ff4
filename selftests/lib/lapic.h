/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LAPIC_H
#define LAPIC_H

#include <stdbool.h>

#include <linux/types.h>

#define NR_IOAPIC_PINS	24

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

/**
 * struct arrived - what has been sent to a vCPU and not been handled
 * @vectors: a bit for each vector: requested
 * @level: a bit for each vector: and level-triggered
 * @nmi: a non-maskable interrupt
 * @smi: a system management interrupt
 */
struct arrived {
	__u32 vectors[8];
	__u32 level[8];
	bool nmi;
	bool smi;
};

struct vm;

void lapic_start(int vcpu);
void lapic_set_logical(int vcpu, __u8 id, bool flat);
void lapic_disable(int vcpu);
void lapic_take(int vcpu, struct arrived *arrived);
bool arrived_any(const struct arrived *arrived);
int arrived_count(const struct arrived *arrived);

int signal_msi(struct vm *vm, __u64 address, __u32 data);
void ioapic_set(struct vm *vm, unsigned int pin, __u8 vector, __u8 id);
void ioapic_mask(struct vm *vm, unsigned int pin);

#endif /* LAPIC_H */
