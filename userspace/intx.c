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

static int connect_pin(struct function *function, const struct gsi_table *gsis)
{
	struct kvpci_route route = { .size = sizeof(route), .interrupt = KVPCI_INTX };
	int status;

	status = event_create(&function->intx_event);
	if (!status)
		status = event_create(&function->intx_ack_event);
	if (!status)
		status = gsi_bind(gsis,
				  intx_gsi(function->slot, function->spec->interrupt_pin),
				  function->intx_event, function->intx_ack_event);
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

	for (i = 0; !status && i < host->nr_functions; i++) {
		if (host->functions[i].spec->interrupt_pin)
			status = connect_pin(&host->functions[i], gsis);
	}
	return status;
}
