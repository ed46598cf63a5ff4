/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory from malloc(), so that the address sanitizer watches it.
 */
#ifndef _UNIT_SLAB_H
#define _UNIT_SLAB_H

#include <errno.h>
#include <stdlib.h>

#define GFP_KERNEL_ACCOUNT	0
#define __GFP_NOWARN		0

static inline void *kvcalloc(size_t n, size_t size, int gfp)
{
	return calloc(n, size);
}

static inline void kvfree(const void *p)
{
	free((void *)p);
}

#endif /* _UNIT_SLAB_H */
