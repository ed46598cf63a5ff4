/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of the caller, which is the program's own: an address that is out of bounds is for the
 * address sanitizer to see.
 */
#ifndef _FUZZ_UACCESS_H
#define _FUZZ_UACCESS_H

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <linux/kernel.h>

#define u64_to_user_ptr(x)	((void *)(uintptr_t)(x))

#define get_user(x, from)	((x) = *(from), 0)

static inline unsigned long copy_from_user(void *to, const void *from, size_t len)
{
	memcpy(to, from, len);
	return 0;
}

static inline unsigned long copy_to_user(void *to, const void *from, size_t len)
{
	memcpy(to, from, len);
	return 0;
}

static inline int copy_struct_from_user(void *to, size_t known, const void *from, size_t size)
{
	const unsigned char *bytes = from;
	size_t i;

	for (i = known; i < size; i++)
		if (bytes[i])
			return -E2BIG;
	memset(to, 0, known);
	memcpy(to, from, min(known, size));
	return 0;
}

#endif /* _FUZZ_UACCESS_H */
