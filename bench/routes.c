// SPDX-License-Identifier: GPL-2.0
/*
 * KVM's own way to send a message: it is the route of a GSI (a number, here from those of
 * the I/O APIC's pins on), and an eventfd is bound to that as an irqfd.
 */
#include <stdlib.h>
#include <sys/ioctl.h>

#include "lib/die.h"
#include "lib/ioapic.h"
#include "lib/irqfd.h"
#include "lib/message.h"
#include "machine.h"
#include "routes.h"

#define FIRST_GSI	NR_IOAPIC_PINS

/* Set all routes there are, of GSIs that had none. */
void routes_set(struct machine *vm, const struct route *routes, unsigned int nr)
{
	struct kvm_irq_routing *table;
	unsigned int i;

	table = calloc(1, sizeof(*table) + nr * sizeof(table->entries[0]));
	if (!table)
		die("out of memory");
	table->nr = nr;
	for (i = 0; i < nr; i++)
		table->entries[i] = message_route(FIRST_GSI + i, routes[i].address,
						  routes[i].data);
	must(ioctl(vm->fd, KVM_SET_GSI_ROUTING, table));
	free(table);

	for (i = 0; i < nr; i++)
		must(irqfd_set(vm->fd, FIRST_GSI + i, routes[i].eventfd, -1));
}
