// SPDX-License-Identifier: LGPL-2.1-or-later
/* What follows something that the caller has done itself: the kernel tells of none of it. */
#include "internal.h"

/*
 * Vectors are taken back from KVM's irqfds, and memory is where the guest finds it. What fails the
 * event loop tries again: the kernel goes on telling it.
 */
void libkvpci_follow(struct kvpci_host *host)
{
	libkvpci_routes_recall(host, false);
	libkvpci_mirrors_follow(host);
}
