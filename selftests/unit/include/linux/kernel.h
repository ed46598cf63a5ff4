/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own has the alignment macros too.
 */
#ifndef _UNIT_KERNEL_H
#define _UNIT_KERNEL_H

#include <linux/align.h>
#include_next <linux/kernel.h>

#endif /* _UNIT_KERNEL_H */
