/* SPDX-License-Identifier: GPL-2.0 */
/* The interrupts of a device of the host, from VFIO to the guest. */
#ifndef VFIO_INTERRUPTS_H
#define VFIO_INTERRUPTS_H

#include "function.h"
#include "vfio/config.h"
#include "vfio/device.h"

/**
 * struct vfio_interrupts - where they come from, and go to
 * @device: VFIO signals the eventfds that follow
 * @function: to whose interrupts these are bound
 * @config: where their registers are
 * @use: the kind that VFIO has enabled; 0: none
 * @nr: how many of these
 * @nr_msi: how many vectors the guest's MSI has
 * @nr_msix: and its MSI-X
 * @nr_added: of vectors that VFIO allocates one by one, how many it has
 * @told: the user has been told of a kind that can't be enabled
 * @pin: the eventfd of INTx
 * @ack: what says that the guest has acknowledged it
 * @msi: an eventfd for each vector
 * @msix: likewise
 * @used: which of these the guest has used; NULL: VFIO allocates all at once
 */
struct vfio_interrupts {
	const struct vfio_device *device;
	struct function *function;
	const struct vfio_config *config;
	enum kvpci_interrupt use;
	__u32 nr;
	__u32 nr_msi;
	__u32 nr_msix;
	__u32 nr_added;
	bool told;
	int pin;
	int ack;
	int *msi;
	int *msix;
	bool *used;
};

/* @hand: KVM is to take the eventfds of vectors itself, while the guest lets it. */
int vfio_interrupts_create(struct vfio_interrupts *interrupts, const struct vfio_device *device,
			   struct function *function, const struct vfio_config *config, bool hand);

/* Have VFIO enable what the guest has enabled. */
void vfio_interrupts_follow(struct vfio_interrupts *interrupts);

/* Have VFIO allocate vectors that the guest has begun to use, if it does so one by one. */
void vfio_interrupts_use(struct vfio_interrupts *interrupts);

/* Have VFIO disable all; and forget what has come and not reached the guest yet. */
void vfio_interrupts_stop(struct vfio_interrupts *interrupts);

void vfio_interrupts_destroy(struct vfio_interrupts *interrupts);

#endif /* VFIO_INTERRUPTS_H */
