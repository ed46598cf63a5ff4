/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device model: code of the launcher behind the userspace regions of a function,
 * for devices that do more than keep registers.
 */
#ifndef MODEL_H
#define MODEL_H

#include <linux/types.h>

struct function;

struct device_model {
	/* Make a state for @function, which is not plugged yet; NULL: out of memory. */
	void *(*create)(struct function *function);
	void (*destroy)(void *state);

	/*
	 * An access of @size bytes, 1 to 8, at @offset of BAR @bar. Calls may come
	 * from all vCPUs at once.
	 */
	__u64 (*read)(void *state, unsigned int bar, __u64 offset, unsigned int size);
	void (*write)(void *state, unsigned int bar, __u64 offset, unsigned int size, __u64 data);
};

#endif /* MODEL_H */
