/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tools/include has, and __ffs64().
 */
#ifndef _UNIT_BITOPS_H
#define _UNIT_BITOPS_H

#include_next <linux/bitops.h>

static inline unsigned long __ffs64(__u64 word)
{
	return __builtin_ctzll(word);
}

#endif /* _UNIT_BITOPS_H */
