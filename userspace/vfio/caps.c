// SPDX-License-Identifier: GPL-2.0
/* What VFIO's ioctls return besides a structure. */
#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vfio/caps.h"

const void *vfio_find_cap(const void *info, __u32 size, __u32 offset, __u16 id)
{
	while (offset && offset < size && size - offset >= sizeof(struct vfio_info_cap_header)) {
		const struct vfio_info_cap_header *header =
			(const void *)((const char *)info + offset);

		if (header->id == id)
			return header;
		offset = header->next;
	}
	return NULL;
}

/* VFIO says how much room it wants: in argsz. */
void *vfio_get_info(int fd, unsigned long request, const void *begin, __u32 size, int *error)
{
	__u32 room = size;
	__u32 *info;

	for (;;) {
		info = calloc(1, room);
		*error = ENOMEM;
		if (!info)
			return NULL;
		memcpy(info, begin, size);
		*info = room;
		*error = ioctl(fd, request, info) ? errno : 0;
		if (!*error && *info <= room)
			return info;
		room = *error ? 0 : *info;
		free(info);
		if (!room)
			return NULL;
	}
}
