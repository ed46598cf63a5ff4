/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device model: code of the launcher behind a function, for devices that do more than keep
 * registers.
 */
#ifndef MODEL_H
#define MODEL_H

#include <linux/types.h>
#include <stdbool.h>

struct device_spec;
struct function;
struct guest_memory;

/*
 * What a model adds to the description of a device: keys of its own, and what follows from them.
 * It may keep something in spec->model_data.
 */
struct model_description {
	/* A key that is none of --device's own. Sets @known to false if it is not the model's. */
	int (*parse)(struct device_spec *spec, const char *key, const char *value, bool *known);

	/* All have been parsed. */
	int (*check)(struct device_spec *spec);

	/* It is going to be used: complete it. */
	int (*open)(struct device_spec *spec, const struct guest_memory *memory);

	/* Undo what the others have done. */
	void (*free)(struct device_spec *spec);
};

struct device_model {
	const struct model_description *description;	/* NULL: nothing */

	/* Make a state for @function, which is not plugged yet. */
	int (*create)(struct function *function, void **state);

	/*
	 * The function is about to go: from now on the device is to leave the guest's memory alone,
	 * where that does not take long. NULL: nothing to do.
	 */
	void (*leave)(void *state);

	/* The function has gone, and nothing is asked of the state any more. May take long. */
	void (*destroy)(void *state);

	/*
	 * An access of @size bytes, 1 to 8, at @offset of BAR @bar, or KVPCI_CONFIG. Calls may
	 * come from all vCPUs at once.
	 */
	__u64 (*read)(void *state, unsigned int bar, __u64 offset, unsigned int size);
	void (*write)(void *state, unsigned int bar, __u64 offset, unsigned int size, __u64 data);

	/* Likewise, of a write that the kernel has carried out; NULL: nothing to do. */
	void (*written)(void *state, unsigned int bar, __u64 offset, unsigned int size);

	/* The function has been reset; the guest that has done it waits. NULL: nothing to do. */
	void (*reset)(void *state);

	/* What the main thread is to wait for, and to do then. NULL: nothing. */
	int (*poll_fd)(void *state);
	void (*dispatch)(void *state);
};

#endif /* MODEL_H */
