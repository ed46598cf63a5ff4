/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The unit tests', and swap().
 */
#ifndef _FUZZ_MINMAX_H
#define _FUZZ_MINMAX_H

#include_next <linux/minmax.h>

#define swap(a, b)							\
do {									\
	__auto_type swap_a = &(a);					\
	__auto_type swap_b = &(b);					\
	__auto_type swap_was = *swap_a;					\
									\
	*swap_a = *swap_b;						\
	*swap_b = swap_was;						\
} while (0)

#endif /* _FUZZ_MINMAX_H */
