// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints themselves, and what they note beyond their arguments. Those that are
 * about vectors are called with the interrupts' lock held.
 */
#include "interrupt/interrupts.h"
#include "interrupt/vector.h"
#include "pci/function.h"
#include "pci/host.h"

/* Of which kind vectors are: enum kvpci_interrupt. */
static u8 trace_interrupt(const struct kvpci_vectors *vectors)
{
	return vectors == vectors->interrupts->msix ? KVPCI_MSIX : KVPCI_MSI;
}

static bool trace_masked(const struct kvpci_vectors *vectors, u32 n)
{
	return vectors->ops->message(vectors, kvpci_vector_place(vectors, n)).masked;
}

/* Its bit, which is cleared before its message is sent, does not tell. */
static bool trace_pending(const struct kvpci_vectors *vectors, u32 n)
{
	for (n = kvpci_vector_place(vectors, n); n < vectors->nr; n += vectors->place_mask + 1)
		if (vectors->vector[n].triggered)
			return true;

	return false;
}

static struct kvpci_message trace_message(const struct kvpci_vectors *vectors, u32 n)
{
	return vectors->ops->message(vectors, kvpci_vector_place(vectors, n));
}

#define CREATE_TRACE_POINTS
#include "trace.h"
