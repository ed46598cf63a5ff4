// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints themselves, and what they note beyond their arguments. Those that are
 * about vectors are called with the interrupts' lock held.
 */
#include "function.h"
#include "host.h"
#include "interrupt.h"
#include "msi.h"
#include "msix.h"
#include "vector.h"

/* Of which kind vectors are: enum kvpci_interrupt. */
static u8 trace_interrupt(const struct vpci_vectors *vectors)
{
	struct vpci_msix *msix = vectors->interrupts->msix;

	return msix && vectors == vpci_msix_vectors(msix) ? KVPCI_MSIX : KVPCI_MSI;
}

static bool trace_masked(const struct vpci_vectors *vectors, u32 n)
{
	return vectors->ops->masked(vectors, vpci_vector_place(vectors, n));
}

static bool trace_pending(const struct vpci_vectors *vectors, u32 n)
{
	return vpci_vector_is_pending(vectors, vpci_vector_place(vectors, n));
}

static struct vpci_message trace_message(const struct vpci_vectors *vectors, u32 n)
{
	return vectors->ops->message(vectors, vpci_vector_place(vectors, n));
}

#define CREATE_TRACE_POINTS
#include "trace.h"

/**
 * vpci_function_config_read_traced() - vpci_function_config_read(), while that is traced
 * @function: the function
 * @offset: first byte
 * @len: bytes, at most 8
 * @val: where to put them
 *
 * Context: a callback of a claim.
 */
void vpci_function_config_read_traced(struct vpci_function *function, u32 offset,
				      u32 len, void *val)
{
	vpci_regs_read(&function->config, offset, len, val);
	trace_kvpci_config_read(function, offset, len, val);
}
