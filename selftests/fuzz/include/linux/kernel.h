/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The unit tests', with macros whose arguments may be expressions.
 */
#ifndef _FUZZ_KERNEL_H
#define _FUZZ_KERNEL_H

#include_next <linux/kernel.h>

#undef min_t
#undef max_t
#define min_t(type, x, y)	min((type)(x), (type)(y))
#define max_t(type, x, y)	max((type)(x), (type)(y))

#endif /* _FUZZ_KERNEL_H */
