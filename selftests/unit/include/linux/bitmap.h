/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bitmaps, a bit at a time. tools/include has no bitmap_find_next_zero_area().
 */
#ifndef _UNIT_BITMAP_H
#define _UNIT_BITMAP_H

#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/string.h>

#define DECLARE_BITMAP(name, bits)	unsigned long name[BITS_TO_LONGS(bits)]

static inline void bitmap_zero(unsigned long *map, unsigned int nr)
{
	memset(map, 0, BITS_TO_LONGS(nr) * sizeof(long));
}

static inline void bitmap_set(unsigned long *map, unsigned int start, int len)
{
	while (len--)
		__set_bit(start++, map);
}

static inline unsigned long find_next_bit(const unsigned long *map,
					  unsigned long size,
					  unsigned long start)
{
	while (start < size && !test_bit(start, map))
		start++;

	return start < size ? start : size;
}

/* The first @nr clear bits from @start; beyond @size if there are none. */
static inline unsigned long
bitmap_find_next_zero_area(unsigned long *map, unsigned long size,
			   unsigned long start, unsigned int nr,
			   unsigned long align_mask)
{
	for (; start + nr <= size; start++)
		if (!(start & align_mask) &&
		    find_next_bit(map, start + nr, start) == start + nr)
			return start;

	return size + 1;
}

#endif /* _UNIT_BITMAP_H */
