// SPDX-License-Identifier: GPL-2.0
/* The check sum of firmware tables, with which all of their bytes add up to 0. */
#include "checksum.h"

__u8 checksum(const void *data, size_t length)
{
	const __u8 *bytes = data;
	__u8 sum = 0;

	while (length--)
		sum += *bytes++;
	return -sum;
}
