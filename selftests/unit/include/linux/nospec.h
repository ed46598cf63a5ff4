/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs have no speculation to fear; a bound that is wrong is to be seen.
 */
#ifndef _UNIT_NOSPEC_H
#define _UNIT_NOSPEC_H

#define array_index_nospec(index, size)					\
({									\
	typeof(index) nospec_index = (index);				\
									\
	nospec_index < (size) ? nospec_index : 0;			\
})

#endif /* _UNIT_NOSPEC_H */
