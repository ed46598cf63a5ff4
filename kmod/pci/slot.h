/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_SLOT_H
#define _KVPCI_SLOT_H

#include <linux/types.h>

#include "pci/range.h"

struct kvpci_function;

/**
 * struct kvpci_slot - the slot of a root port or a downstream port
 * @range: from the link control to the slot status register; its length is 0 if there is no slot
 * @vector: the interrupt message number
 * @reports_link: it has an event for the link, too
 * @commanded: a command has been written, and has not been completed yet; guarded by the
 *	function's lock
 * @asserted: there is an event that the guest is to be interrupted for; guarded by the function's
 *	lock
 */
struct kvpci_slot {
	struct kvpci_range range;
	u8 vector;
	bool reports_link;
	bool commanded;
	bool asserted;
};

int kvpci_slot_init(struct kvpci_function *function, u16 at, u16 length,
		    struct kvpci_range **range);
int kvpci_slot_check(const struct kvpci_function *function);
bool kvpci_slot_is_on(const struct kvpci_function *function);
u32 kvpci_slot_follow(struct kvpci_function *function);
bool kvpci_slot_interrupts_by(const struct kvpci_function *function, u32 interrupt, u32 vector);

#endif /* _KVPCI_SLOT_H */
