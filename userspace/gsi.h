/* SPDX-License-Identifier: GPL-2.0 */
/* KVM's interrupt routing: where each GSI, a number that KVM knows an interrupt by, leads. */
#ifndef GSI_H
#define GSI_H

#include <linux/kvm.h>
#include <linux/types.h>

#include "lib/libkvpci.h"
#include "vm.h"

/* The GSIs of the four lines that INTx pins lead to. */
#define GSI_PCI		16
#define GSI_NR_PCI	4

/* The input of the PICs that such a line leads to as well. */
__u32 gsi_pic_input(unsigned int gsi);

/* Those that lead to inputs of the interrupt controllers. */
#define GSI_MAX_INPUTS	40

/* Fill in the routes of these, and return how many they are. KVM is not told. */
unsigned int gsi_fill_inputs(struct kvm_irq_routing_entry *entries);

struct gsi_table {
	struct kvpci_gsis *gsis;
	unsigned int messages;		/* for how many KVM has routes */
};

/* Make the table of @vm. */
int gsi_create(struct gsi_table *table, const struct vm *vm);
void gsi_destroy(struct gsi_table *table);

#endif /* GSI_H */
