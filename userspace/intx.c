// SPDX-License-Identifier: GPL-2.0
/*
 * The INTx pins of PCI functions, connected to the interrupt controllers.
 *
 * Pins share four lines, in turn, so that pin A of neighbours does not lead to the same
 * one. KVM keeps a line high while one of the functions there wants it high: each has an
 * eventfd of its own to raise it, and one that says that the guest has acknowledged
 * the interrupt, which is when all have to say again what they want.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "event.h"
#include "intx.h"
#include "report.h"

/* The guest's tables say the same: _PRT in dsdt.asl, and mptable.c. */
unsigned int intx_gsi(__u16 slot, __u8 pin)
{
	return GSI_PCI + ((slot >> 3) + pin - 1) % GSI_NR_PCI;
}

/* Behind a bridge, pins of its devices lead to its own pins, in turn (PCI-to-PCI Bridge, 9.1). */
unsigned int intx_gsi_of(const struct function *function)
{
	unsigned int pin = function->spec->interrupt_pin - 1;

	for (; function->parent; function = function->parent)
		pin += function->slot >> 3 & 0x1f;
	return intx_gsi(function->slot, pin % 4 + 1);
}

int intx_connect_pin(struct function *function, const struct gsi_table *gsis)
{
	struct kvpci_route route = { .size = sizeof(route), .interrupt = KVPCI_INTX };
	int status;

	if (!function->spec->interrupt_pin)
		return STATUS_OK;
	status = event_create(&function->intx_event);
	if (!status)
		status = event_create(&function->intx_ack_event);
	if (!status)
		status = gsi_bind(gsis,
				  intx_gsi_of(function), function->intx_event,
				  function->intx_ack_event);
	if (status)
		return status;
	route.eventfd = function->intx_event;
	route.resample_eventfd = function->intx_ack_event;
	if (ioctl(function->fd, KVPCI_SET_ROUTE, &route))
		return fail("--device: %s: the kernel does not take the route of its INTx pin: %s",
			    function->spec->name, strerror(errno));
	return STATUS_OK;
}

int intx_connect(struct host *host, const struct gsi_table *gsis)
{
	int status = STATUS_OK;
	size_t i;

	for (i = 0; !status && i < host->nr_functions; i++)
		status = intx_connect_pin(&host->functions[i], gsis);
	return status;
}
