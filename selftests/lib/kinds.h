/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KINDS_H
#define KINDS_H

#include <linux/types.h>

/* Functions that have, together, something of every kind that is in a state. */
enum kinds {
	KINDS_REGISTERS,	/* BARs of all types, a ROM, ranges of all kinds, capabilities */
	KINDS_MSIX,		/* more than 64 vectors, virtio, function-level reset, INTx */
	KINDS_MSI,		/* 32 vectors with masks, 64-bit addresses, INTx */
	KINDS_PLAIN,		/* vectors without masks, MSI-X too */
	KINDS_PORT,		/* a bridge with a slot, and MSI */
	KINDS_BEHIND,		/* a function in that slot */
	KINDS_UNPLUGGED,	/* one that the guest does not see */
	NR_KINDS
};

/**
 * struct kinds_set - one function of each
 * @function: their descriptors
 */
struct kinds_set {
	int function[NR_KINDS];
};

struct kinds_set kinds_new(int host_fd);
void kinds_disturb(int function, enum kinds which, __u64 (*random)(void *), void *arg);

#endif /* KINDS_H */
