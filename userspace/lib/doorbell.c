// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Doorbells: writes by the guest that signal an eventfd. The kernel moves them with their BAR, so
 * that there is nothing to be done when the guest does that.
 */
#include <string.h>

#include "internal.h"

static int change_doorbell(struct kvpci_function *function, __u32 flags,
			   const struct kvpci_doorbell *doorbell)
{
	struct kvpci_doorbell copy = { .size = 0 };

	if (doorbell->size > sizeof(copy))
		return -E2BIG;
	if (doorbell->size < KVPCI_DOORBELL_SIZE_VER0 ||
	    doorbell->flags & KVPCI_DOORBELL_DEASSIGN)
		return -EINVAL;
	memcpy(&copy, doorbell, doorbell->size);
	copy.size = sizeof(copy);
	copy.flags |= flags;
	return libkvpci_ioctl(function->fd, KVPCI_DOORBELL, &copy);
}

int kvpci_function_add_doorbell(struct kvpci_function *function,
				const struct kvpci_doorbell *doorbell)
{
	return change_doorbell(function, 0, doorbell);
}

int kvpci_function_remove_doorbell(struct kvpci_function *function,
				   const struct kvpci_doorbell *doorbell)
{
	return change_doorbell(function, KVPCI_DOORBELL_DEASSIGN, doorbell);
}
