/* SPDX-License-Identifier: GPL-2.0 */
/* KVM's interrupt routing: where each GSI, a number that KVM knows an interrupt by, leads. */
#ifndef GSI_H
#define GSI_H

#include <linux/kvm.h>
#include <linux/types.h>

#include "vm.h"

/* The GSIs of the four lines that INTx pins lead to. */
#define GSI_PCI		16
#define GSI_NR_PCI	4

/* The input of the PICs that such a line leads to as well. */
__u32 gsi_pic_input(unsigned int gsi);

struct gsi_table {
	int vm_fd;
	struct kvm_irq_routing *routing;
	unsigned int max;		/* entries that KVM takes */
	unsigned int nr_standard;	/* entries for the interrupt controllers */
	unsigned int *returned;		/* GSIs of messages that nobody has any more */
	unsigned int nr_returned;
};

/* Fill in what leads to the interrupt controllers. KVM is not told. */
int gsi_init(struct gsi_table *table, unsigned int max);

/* Make the table of @vm. */
int gsi_create(struct gsi_table *table, const struct vm *vm);
void gsi_destroy(struct gsi_table *table);

/* Take a GSI for a message. */
int gsi_add(struct gsi_table *table, unsigned int *gsi);

/* How many there are left. */
unsigned int gsi_left(const struct gsi_table *table);

/* Give it back, when no eventfd is bound to it any more. */
void gsi_return(struct gsi_table *table, unsigned int gsi);

/* What a GSI that was taken sends. Takes effect with gsi_commit(). */
void gsi_set_message(struct gsi_table *table, unsigned int gsi, __u64 address, __u32 data);

/* Give KVM the table. It is in force when this returns. */
int gsi_commit(const struct gsi_table *table);

/*
 * Signals of @event are interrupts of @gsi. With @resample, not -1, they are those of a line
 * that stays high until the guest has acknowledged it, which @resample is signalled of.
 */
int gsi_bind(const struct gsi_table *table, unsigned int gsi, int event, int resample);

#endif /* GSI_H */
