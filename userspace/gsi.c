// SPDX-License-Identifier: GPL-2.0
/*
 * KVM's interrupt routing: where each GSI, a number that KVM knows an interrupt by, leads.
 *
 *	0 to 15		inputs of the same number of the two PICs and of the I/O APIC
 *	16 to 23	inputs of the I/O APIC
 *	from 24 on	messages
 *
 * This is what KVM has by itself, but for two things. The lines of PCI, 16 to 19, lead to
 * inputs of the PICs as well, which are level-triggered, for guests that don't use the I/O
 * APIC. And what is behind those inputs by itself is left out, because KVM knows only one GSI
 * by which an input is acknowledged.
 *
 * The library keeps the table, and adds the messages.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>

#include "gsi.h"
#include "report.h"

#define NR_PIC_INPUTS		16
#define NR_IOAPIC_INPUTS	24

/* Interrupts of the PICs that nothing else has; repeated in dsdt.asl. */
static const __u8 pci_pic_inputs[GSI_NR_PCI] = { 5, 10, 11, 12 };

static void add_input(struct kvm_irq_routing_entry *entry, __u32 gsi, __u32 chip, __u32 pin)
{
	*entry = (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = chip, .pin = pin },
	};
}

static void add_pic_input(struct kvm_irq_routing_entry *entry, __u32 gsi, __u32 input)
{
	if (input < 8)
		add_input(entry, gsi, KVM_IRQCHIP_PIC_MASTER, input);
	else
		add_input(entry, gsi, KVM_IRQCHIP_PIC_SLAVE, input - 8);
}

__u32 gsi_pic_input(unsigned int gsi)
{
	return pci_pic_inputs[gsi - GSI_PCI];
}

static bool is_pci_input(__u32 input)
{
	return memchr(pci_pic_inputs, input, sizeof(pci_pic_inputs));
}

unsigned int gsi_fill_inputs(struct kvm_irq_routing_entry *entries)
{
	unsigned int nr = 0;
	__u32 gsi;

	for (gsi = 0; gsi < NR_IOAPIC_INPUTS; gsi++) {
		add_input(&entries[nr++], gsi, KVM_IRQCHIP_IOAPIC, gsi);
		if (gsi < NR_PIC_INPUTS && !is_pci_input(gsi))
			add_pic_input(&entries[nr++], gsi, gsi);
		if (gsi >= GSI_PCI && gsi < GSI_PCI + GSI_NR_PCI)
			add_pic_input(&entries[nr++], gsi, gsi_pic_input(gsi));
	}
	return nr;
}

/* As a firmware leaves them: a guest without ACPI has nobody else to do it. */
static int make_level_triggered(const struct vm *vm, __u32 input)
{
	struct kvm_irqchip chip = {
		.chip_id = input < 8 ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE,
	};

	if (ioctl(vm->fd, KVM_GET_IRQCHIP, &chip))
		return fail("KVM does not tell the state of its PICs: %s", strerror(errno));
	chip.chip.pic.elcr |= 1 << input % 8;
	if (ioctl(vm->fd, KVM_SET_IRQCHIP, &chip))
		return fail("KVM does not take the state of its PICs: %s", strerror(errno));
	return STATUS_OK;
}

int gsi_create(struct gsi_table *table, const struct vm *vm)
{
	struct kvm_irq_routing_entry inputs[GSI_MAX_INPUTS];
	int status = STATUS_OK;
	int error;
	size_t i;

	*table = (struct gsi_table){ .gsis = NULL };
	for (i = 0; !status && i < GSI_NR_PCI; i++)
		status = make_level_triggered(vm, pci_pic_inputs[i]);
	if (status)
		return status;
	error = kvpci_gsis_create(vm->fd, 0, inputs, gsi_fill_inputs(inputs), &table->gsis);
	if (error == -ENOSPC)
		return fail("this machine's KVM has too few interrupt routes, use a later kernel");
	if (error)
		return fail("KVM does not take the interrupt routes: %s", strerror(-error));
	table->messages = kvpci_gsis_left(table->gsis);
	return STATUS_OK;
}

void gsi_destroy(struct gsi_table *table)
{
	kvpci_gsis_free(table->gsis);
	table->gsis = NULL;
}
