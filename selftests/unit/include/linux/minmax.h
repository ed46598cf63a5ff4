/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tools/include has of this is in its kernel.h, but for min3().
 */
#ifndef _UNIT_MINMAX_H
#define _UNIT_MINMAX_H

#include <linux/kernel.h>

#define min3(x, y, z)	min(min(x, y), z)

#endif /* _UNIT_MINMAX_H */
