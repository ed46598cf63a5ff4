// SPDX-License-Identifier: GPL-2.0
/*
 * The INTx pins of PCI functions, connected to the interrupt controllers.
 *
 * Pins share four lines, in turn, so that pin A of neighbours does not lead to the same
 * one.
 */
#include <string.h>

#include "gsi.h"
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

int intx_connect_pin(struct function *function)
{
	int error;

	if (!function->spec->interrupt_pin)
		return STATUS_OK;
	error = kvpci_function_connect_pin(function->handle, intx_gsi_of(function));
	if (error)
		return fail("--device: %s: the kernel does not take the route of its INTx pin: %s",
			    function->spec->name, strerror(-error));
	return STATUS_OK;
}

int intx_connect(struct host *host)
{
	int status = STATUS_OK;
	size_t i;

	for (i = 0; !status && i < host->nr_functions; i++)
		status = intx_connect_pin(&host->functions[i]);
	return status;
}
