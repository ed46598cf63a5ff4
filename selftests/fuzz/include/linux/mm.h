/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages have their size.
 */
#ifndef _FUZZ_MM_H
#define _FUZZ_MM_H

#include <linux/align.h>
#include <linux/bits.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#define PAGE_SIZE	4096UL
#define PAGE_ALIGNED(x)	IS_ALIGNED((unsigned long)(x), PAGE_SIZE)

#endif /* _FUZZ_MM_H */
