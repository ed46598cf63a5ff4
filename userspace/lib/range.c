// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a guest finds in a range of a BAR or of configuration space; memory is in mirrors.c. */
#include "internal.h"

static int change_range(struct kvpci_function *function, __u32 flags, __u32 bar, __u32 kind,
			__u64 offset, __u64 length, const void *data)
{
	const struct kvpci_range_config range = {
		.size = sizeof(range), .flags = flags, .bar = bar, .kind = kind, .offset = offset,
		.length = length, .data = libkvpci_pointer(data),
	};

	return libkvpci_ioctl(function->fd, KVPCI_ADD_RANGE, &range);
}

int kvpci_function_add_range(struct kvpci_function *function, __u32 bar, __u32 kind, __u64 offset,
			     __u64 length, const void *data)
{
	if (kind == KVPCI_RANGE_MEMORY)
		return -EINVAL;
	return change_range(function, 0, bar, kind, offset, length, data);
}

int kvpci_function_replace_range(struct kvpci_function *function, __u32 bar, __u32 kind,
				 __u64 offset, __u64 length, const void *data)
{
	int ret;

	if (kind == KVPCI_RANGE_MEMORY)
		return -EINVAL;
	ret = change_range(function, KVPCI_RANGE_REPLACE, bar, kind, offset, length, data);
	if (!ret && kind != KVPCI_RANGE_EXIT)
		libkvpci_mirrors_forget(function, bar, offset);
	return ret;
}

int kvpci_function_remove_range(struct kvpci_function *function, __u32 bar, __u32 kind,
				__u64 offset, __u64 length)
{
	int ret = change_range(function, KVPCI_RANGE_REMOVE, bar, kind, offset, length, NULL);

	if (!ret && kind != KVPCI_RANGE_EXIT)
		libkvpci_mirrors_forget(function, bar, offset);
	return ret;
}
