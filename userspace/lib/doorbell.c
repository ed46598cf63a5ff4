// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Doorbells: writes by the guest that signal an eventfd. The kernel moves them with their BAR, so
 * that there is nothing to be done when the guest does that.
 */
#include "internal.h"

static int change_doorbell(struct kvpci_function *function, __u32 flags,
			   const struct kvpci_doorbell *doorbell)
{
	struct kvpci_doorbell copy;
	int ret;

	ret = libkvpci_take(&copy, sizeof(copy), doorbell, doorbell->size,
			    KVPCI_DOORBELL_SIZE_VER0);
	if (ret)
		return ret;
	if (copy.flags & KVPCI_DOORBELL_DEASSIGN)
		return -EINVAL;
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
