// SPDX-License-Identifier: LGPL-2.1-or-later
/* Structures that may grow: the caller was compiled with another length than the library. */
#include <string.h>

#include "internal.h"

/* So much the kernel takes, too. */
#define MAX_SIZE	4096

/*
 * Take a structure of @size bytes into @room bytes, as the kernel does: what the caller does not
 * have is zero, and what is not known here has to be.
 */
int libkvpci_take(void *to, size_t room, const void *from, size_t size, size_t least)
{
	const __u8 *bytes = from;
	size_t i;

	if (size < least)
		return -EINVAL;
	if (size > MAX_SIZE)
		return -E2BIG;
	for (i = room; i < size; i++) {
		if (bytes[i])
			return -E2BIG;
	}
	memset(to, 0, room);
	memcpy(to, from, size < room ? size : room);
	return 0;
}

/* Put a structure of @length bytes into the caller's, of @size. */
void libkvpci_put(void *to, size_t size, const void *from, size_t length)
{
	memset(to, 0, size);
	memcpy(to, from, size < length ? size : length);
}
