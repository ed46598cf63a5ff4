// SPDX-License-Identifier: GPL-2.0
/*
 * KVM's own way to send a message: it is the route of a GSI (a number, here from those of
 * the I/O APIC's pins on), and an eventfd is bound to that as an irqfd.
 */
#include <stdlib.h>
#include <sys/ioctl.h>

#include "machine.h"
#include "routes.h"

#define FIRST_GSI	24

/* Set all routes there are, of GSIs that had none. */
void routes_set(struct machine *vm, const struct route *routes, unsigned int nr)
{
	struct kvm_irq_routing *table;
	unsigned int i;

	table = calloc(1, sizeof(*table) + nr * sizeof(table->entries[0]));
	if (!table)
		die("out of memory");
	table->nr = nr;
	for (i = 0; i < nr; i++) {
		struct kvm_irq_routing_entry *entry = &table->entries[i];

		entry->gsi = FIRST_GSI + i;
		entry->type = KVM_IRQ_ROUTING_MSI;
		entry->u.msi.address_lo = routes[i].address;
		entry->u.msi.address_hi = routes[i].address >> 32;
		entry->u.msi.data = routes[i].data;
	}
	if (ioctl(vm->fd, KVM_SET_GSI_ROUTING, table))
		die("can't set routes: %m");
	free(table);

	for (i = 0; i < nr; i++) {
		struct kvm_irqfd irqfd = {
			.fd = routes[i].eventfd,
			.gsi = FIRST_GSI + i,
		};

		if (ioctl(vm->fd, KVM_IRQFD, &irqfd))
			die("can't add an irqfd: %m");
	}
}
