/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What VFIO's ioctls return besides a structure: capabilities behind it, each with the offset of
 * the next, if the caller has room for them.
 */
#ifndef VFIO_CAPS_H
#define VFIO_CAPS_H

#include <linux/types.h>

/*
 * Of @info, of @size bytes, whose first capability is at @offset, the one of that @id; NULL: there
 * is none. 0 as @offset: it has none at all.
 */
const void *vfio_find_cap(const void *info, __u32 size, __u32 offset, __u16 id);

/*
 * Have VFIO fill in a structure of @size bytes whose first member is argsz, and which begins like
 * @begin, and what is behind it. For the caller to free. NULL: memory lacks, or VFIO has returned
 * @error, a positive error number.
 */
void *vfio_get_info(int fd, unsigned long request, const void *begin, __u32 size, int *error);

#endif /* VFIO_CAPS_H */
