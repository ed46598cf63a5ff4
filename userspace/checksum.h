/* SPDX-License-Identifier: GPL-2.0 */
/* The check sum of firmware tables, with which all of their bytes add up to 0. */
#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <linux/types.h>
#include <stddef.h>

/* What is missing to 0. */
__u8 checksum(const void *data, size_t length);

#endif /* CHECKSUM_H */
