// SPDX-License-Identifier: GPL-2.0
/*
 * The IOAPIC, as the test sets it.
 */
#include <sys/ioctl.h>

#include <linux/kvm.h>

#include "die.h"
#include "ioapic.h"

#define REDIRECTION_LEVEL	(1ULL << 15)
#define REDIRECTION_MASKED	(1ULL << 16)

static void set_pin(int vm, unsigned int pin, __u64 bits)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };

	must(ioctl(vm, KVM_GET_IRQCHIP, &chip));
	chip.chip.ioapic.redirtbl[pin].bits = bits;
	must(ioctl(vm, KVM_SET_IRQCHIP, &chip));
}

/**
 * ioapic_set() - have a pin of the IOAPIC, level-triggered, send a vector
 * @vm: descriptor of the machine
 * @pin: which pin
 * @vector: which vector
 * @id: of the local APIC that it goes to
 */
void ioapic_set(int vm, unsigned int pin, __u8 vector, __u8 id)
{
	set_pin(vm, pin, vector | REDIRECTION_LEVEL | (__u64)id << 56);
}

void ioapic_mask(int vm, unsigned int pin)
{
	set_pin(vm, pin, REDIRECTION_MASKED);
}
