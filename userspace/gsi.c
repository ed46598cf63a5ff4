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
 * KVM takes the table as a whole.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "gsi.h"
#include "report.h"

#define NR_PIC_INPUTS		16
#define NR_IOAPIC_INPUTS	24

/* Interrupts of the PICs that nothing else has; repeated in dsdt.asl. */
static const __u8 pci_pic_inputs[GSI_NR_PCI] = { 5, 10, 11, 12 };

static void add_input(struct gsi_table *table, __u32 gsi, __u32 chip, __u32 pin)
{
	table->routing->entries[table->routing->nr++] = (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = chip, .pin = pin },
	};
}

static void add_pic_input(struct gsi_table *table, __u32 gsi, __u32 input)
{
	if (input < 8)
		add_input(table, gsi, KVM_IRQCHIP_PIC_MASTER, input);
	else
		add_input(table, gsi, KVM_IRQCHIP_PIC_SLAVE, input - 8);
}

__u32 gsi_pic_input(unsigned int gsi)
{
	return pci_pic_inputs[gsi - GSI_PCI];
}

static bool is_pci_input(__u32 input)
{
	return memchr(pci_pic_inputs, input, sizeof(pci_pic_inputs));
}

int gsi_init(struct gsi_table *table, unsigned int max)
{
	struct kvm_irq_routing *routing;
	unsigned int *returned;
	__u32 gsi;

	if (max < NR_PIC_INPUTS + NR_IOAPIC_INPUTS)
		return fail("this machine's KVM has too few interrupt routes, use a later kernel");
	routing = calloc(1, sizeof(*routing) + max * sizeof(routing->entries[0]));
	returned = calloc(max, sizeof(*returned));
	if (!routing || !returned) {
		free(routing);
		free(returned);
		return fail("not enough memory for KVM's interrupt routes");
	}
	*table = (struct gsi_table){
		.vm_fd = -1, .routing = routing, .max = max, .returned = returned,
	};
	for (gsi = 0; gsi < NR_IOAPIC_INPUTS; gsi++) {
		add_input(table, gsi, KVM_IRQCHIP_IOAPIC, gsi);
		if (gsi < NR_PIC_INPUTS && !is_pci_input(gsi))
			add_pic_input(table, gsi, gsi);
		if (gsi >= GSI_PCI && gsi < GSI_PCI + GSI_NR_PCI)
			add_pic_input(table, gsi, gsi_pic_input(gsi));
	}
	table->nr_standard = routing->nr;
	return STATUS_OK;
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
	int max = ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_IRQ_ROUTING);
	int status;
	size_t i;

	status = gsi_init(table, max > 0 ? max : 0);
	for (i = 0; !status && i < GSI_NR_PCI; i++)
		status = make_level_triggered(vm, pci_pic_inputs[i]);
	if (status)
		return status;
	table->vm_fd = vm->fd;
	return gsi_commit(table);
}

void gsi_destroy(struct gsi_table *table)
{
	free(table->routing);
	free(table->returned);
	*table = (struct gsi_table){ .vm_fd = -1 };
}

static struct kvm_irq_routing_entry *message_entry(struct gsi_table *table, unsigned int gsi)
{
	return &table->routing->entries[table->nr_standard + gsi - NR_IOAPIC_INPUTS];
}

int gsi_add(struct gsi_table *table, unsigned int *gsi)
{
	struct kvm_irq_routing *routing = table->routing;

	if (table->nr_returned) {
		*gsi = table->returned[--table->nr_returned];
		return STATUS_OK;
	}
	if (routing->nr == table->max)
		return fail("the guest uses more than the %u interrupt messages for which KVM has routes, describe devices with fewer vectors",
			    table->max - table->nr_standard);
	*gsi = NR_IOAPIC_INPUTS + routing->nr++ - table->nr_standard;
	*message_entry(table, *gsi) = (struct kvm_irq_routing_entry){
		.gsi = *gsi, .type = KVM_IRQ_ROUTING_MSI,
	};
	return STATUS_OK;
}

unsigned int gsi_left(const struct gsi_table *table)
{
	return table->max - table->routing->nr + table->nr_returned;
}

void gsi_return(struct gsi_table *table, unsigned int gsi)
{
	table->returned[table->nr_returned++] = gsi;
}

void gsi_set_message(struct gsi_table *table, unsigned int gsi, __u64 address, __u32 data)
{
	message_entry(table, gsi)->u.msi = (struct kvm_irq_routing_msi){
		.address_lo = address, .address_hi = address >> 32, .data = data,
	};
}

int gsi_commit(const struct gsi_table *table)
{
	if (ioctl(table->vm_fd, KVM_SET_GSI_ROUTING, table->routing))
		return fail("KVM does not take the interrupt routes: %s", strerror(errno));
	return STATUS_OK;
}

int gsi_bind(const struct gsi_table *table, unsigned int gsi, int event, int resample)
{
	struct kvm_irqfd request = { .fd = event, .gsi = gsi };

	if (resample >= 0) {
		request.flags = KVM_IRQFD_FLAG_RESAMPLE;
		request.resamplefd = resample;
	}
	if (ioctl(table->vm_fd, KVM_IRQFD, &request))
		return fail("KVM does not take an eventfd for interrupt %u: %s", gsi,
			    strerror(errno));
	return STATUS_OK;
}
