/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory from malloc(), so that the address sanitizer watches it.
 */
#ifndef _FUZZ_SLAB_H
#define _FUZZ_SLAB_H

#include <errno.h>
#include <stdlib.h>

#include <linux/minmax.h>
#include <linux/overflow.h>

#define GFP_KERNEL		0
#define GFP_KERNEL_ACCOUNT	0
#define __GFP_NOWARN		0

static inline void *kmalloc(size_t size, int gfp)
{
	return malloc(size);
}

static inline void *kzalloc(size_t size, int gfp)
{
	return calloc(1, size);
}

static inline void *kcalloc(size_t n, size_t size, int gfp)
{
	return calloc(n, size);
}

static inline void *kvcalloc(size_t n, size_t size, int gfp)
{
	return calloc(n, size);
}

static inline void *kvzalloc(size_t size, int gfp)
{
	return calloc(1, size);
}

static inline void *kvmalloc(size_t size, int gfp)
{
	return malloc(size);
}

static inline void kfree(const void *p)
{
	free((void *)p);
}

static inline void kvfree(const void *p)
{
	free((void *)p);
}

static inline unsigned long get_zeroed_page(int gfp)
{
	return (unsigned long)calloc(1, 4096);
}

static inline void free_page(unsigned long page)
{
	free((void *)page);
}

#endif /* _FUZZ_SLAB_H */
