/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The unit tests', and what sets of bus numbers and of writes that exit need.
 */
#ifndef _FUZZ_BITMAP_H
#define _FUZZ_BITMAP_H

#include_next <linux/bitmap.h>

#include <linux/slab.h>

static inline bool bitmap_empty(const unsigned long *map, unsigned int nr)
{
	return find_next_bit(map, nr, 0) >= nr;
}

static inline unsigned int bitmap_weight(const unsigned long *map, unsigned int nr)
{
	unsigned int i, weight = 0;

	for (i = 0; i < nr; i++)
		weight += test_bit(i, map);
	return weight;
}

static inline void bitmap_clear(unsigned long *map, unsigned int start, int len)
{
	while (len--)
		__clear_bit(start++, map);
}

static inline void bitmap_copy(unsigned long *to, const unsigned long *from, unsigned int nr)
{
	memcpy(to, from, BITS_TO_LONGS(nr) * sizeof(long));
}

static inline void bitmap_and(unsigned long *to, const unsigned long *a,
			      const unsigned long *b, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < BITS_TO_LONGS(nr); i++)
		to[i] = a[i] & b[i];
}

static inline void bitmap_andnot(unsigned long *to, const unsigned long *a,
				 const unsigned long *b, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < BITS_TO_LONGS(nr); i++)
		to[i] = a[i] & ~b[i];
}

static inline unsigned long *bitmap_zalloc(unsigned int nr, int gfp)
{
	return calloc(BITS_TO_LONGS(nr), sizeof(long));
}

static inline void bitmap_free(const unsigned long *map)
{
	free((void *)map);
}

#endif /* _FUZZ_BITMAP_H */
