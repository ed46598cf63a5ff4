/* SPDX-License-Identifier: GPL-2.0 */
/* The INTx pins of PCI functions, connected to the interrupt controllers. */
#ifndef INTX_H
#define INTX_H

#include "host.h"

/* The GSI that @pin, 1 to 4, of the function at @slot leads to. */
unsigned int intx_gsi(__u16 slot, __u8 pin);

/* The same of a function's pin, which may be behind bridges. */
unsigned int intx_gsi_of(const struct function *function);

/* Connect the pin of a function, if it has one. */
int intx_connect_pin(struct function *function);

/* Connect the pins of all functions. */
int intx_connect(struct host *host);

#endif /* INTX_H */
