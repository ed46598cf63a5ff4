/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio devices on PCI functions (Virtual I/O Device 1.2, 4.1; modern only).
 *
 * What all types have in common is the transport: capabilities, BARs, the common configuration,
 * interrupts, and the life of the device. A type (blk.c) is a struct virtio_type, which is a preset
 * of --device. What serves the queues is a back end (backend.h), which the type opens:
 *
 *	parse the description --> open --> [the guest runs: start, stop...] --> close
 *
 * A type is done with the device when open has returned. From then on it is the transport's, which
 * closes the back end. What PCI is to know of a type (id=, which is 1af4:1040 plus the device type,
 * class=, and intx=a,pcie=flr,rev=01,subsys=1af4:1100 as all have) is the preset's description. One
 * whose back end says of which type it is has id=1af4:1040 and no class there.
 */
#ifndef VIRTIO_TRANSPORT_H
#define VIRTIO_TRANSPORT_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "iommu.h"
#include "memory.h"
#include "model.h"
#include "spec.h"
#include "virtio/backend.h"

/* Bytes of device-specific configuration. No type has as many. */
#define VIRTIO_MAX_CONFIG	256

/* Feature bit @n, as of linux/virtio_*.h. */
#define VIRTIO_FEATURE(n)	(1ULL << (n))

/* The IDs of PCI functions: the device type is added. */
#define VIRTIO_PCI_VENDOR	0x1af4
#define VIRTIO_PCI_DEVICE	0x1040

/* Where the driver's notifications go. */
enum virtio_notify {
	VIRTIO_NOTIFY_AUTO,	/* what this machine's processor takes less time for */
	VIRTIO_NOTIFY_MMIO,
	VIRTIO_NOTIFY_PIO,
};

/**
 * struct virtio_device - a device, from its description to its end
 * @type: its type
 * @endpoint: it is behind the virtual IOMMU, by what its back end makes a client of this, which
 *	open does; NULL: it is not, and reaches all memory
 * @notify_exits: the driver's notifications go to the back end's notify, and the driver waits
 *	until that has returned; parse or check sets it
 * @is_iommu: it is the virtual IOMMU; likewise
 * @kind: the device type (Virtual I/O Device 1.2, 5), if it is the back end's to say; open sets it.
 *	0: the preset's description tells PCI what the device is.
 * @class_code: likewise: PCI's class
 * @nr_queues: how many queues it has; parse or open sets it
 * @queue_size: how many descriptors each of them has at most, a power of two; likewise
 * @shares_memory: its back end is another process, which maps the guest's memory; parse or check
 *	sets it
 * @features: bits that the device offers whether the back end does or not; likewise. Bits of the
 *	back end's come to that: those of the type's @backend_features, and those of rings.
 * @withheld: bits that the device does not offer even if the back end does; open sets it
 * @config: device-specific configuration as it is at first. If the back end has get_config, that
 *	is asked for all of it after open, and again whenever it has changed.
 * @config_writable: bits of it that the driver may write
 * @config_constant: bits of it without which the device is another one; open sets them
 * @config_length: bytes of it; 0: the type has none
 * @backend: what serves the queues; open sets it
 * @label: what messages call it, such as "--disk disk.img"; parse or check allocates it
 * @bounce: the transport's: what its back end has for the guest's memory; NULL: that
 * @function: likewise: the transport's: its PCI function; NULL: it is none yet
 * @notify: likewise: where notifications go
 * @offered: likewise: all features that the device offers
 * @kicks: likewise: the eventfds of notifications, one for each queue
 *
 * Types that have more to keep make it the first member of a structure of their own, of
 * struct virtio_type's @size bytes, all zero before the first key is parsed.
 */
struct virtio_device {
	const struct virtio_type *type;
	struct iommu_endpoint *endpoint;
	bool notify_exits;
	bool is_iommu;
	__u8 kind;
	__u32 class_code;
	unsigned int nr_queues;
	__u16 queue_size;
	bool shares_memory;
	__u64 features;
	__u64 withheld;
	__u8 config[VIRTIO_MAX_CONFIG];
	__u8 config_writable[VIRTIO_MAX_CONFIG];
	__u8 config_constant[VIRTIO_MAX_CONFIG];
	size_t config_length;
	struct backend *backend;
	char *label;
	struct bounce_memory *bounce;
	struct function *function;
	enum virtio_notify notify;
	__u64 offered;
	int *kicks;
};

/**
 * struct virtio_type - a type of device (Virtual I/O Device 1.2, 5)
 * @model: VIRTIO_MODEL: how the launcher knows it
 * @backend_features: bits of the type's own, 0 to 23 and 50 to 63, that the device offers if the
 *	back end does
 * @bounces: of a device behind the virtual IOMMU, its back end is one that knows nothing of that:
 *	it gets copies (bounce.h)
 * @size: of what begins with struct virtio_device
 * @parse: a key of the description. Returns STATUS_OK, or what misuse() or fail() do; sets @known
 *	to false, and returns STATUS_OK, if the type has no such key.
 * @check: all keys have been parsed: is it complete? NULL: it always is
 * @open: get the back end, and say what the device is like. Nothing has been opened before, so
 *	that a description can be looked at without effect. Says why if it fails.
 * @event: the back end has told of an enum backend_event, and the driver has accepted @features:
 *	has that changed the configuration? It is @config then, of which the driver is told. NULL:
 *	none does
 * @reset: the driver has reset the device: what of @config was the driver's is to be as at first,
 *	by virtio_show_config(). NULL: nothing was
 * @lost: the back end is of no more use: what serves it must touch no memory of the guest any more
 *	when this returns, as far as that is in our power. Called once at most, with the device's
 *	lock held, and before the back end is closed. NULL: nothing
 * @close: the transport has closed the back end, if there was one: undo what else @open has done,
 *	if it has. May be called again. NULL: nothing
 * @free: free what @parse has allocated, but for @label; NULL: nothing
 */
struct virtio_type {
	struct device_model model;
	__u64 backend_features;
	bool bounces;
	size_t size;
	int (*parse)(struct virtio_device *device, const char *key, const char *value, bool *known);
	int (*check)(struct virtio_device *device);
	int (*open)(struct virtio_device *device, const struct guest_memory *memory);
	bool (*event)(struct virtio_device *device, int event, __u64 features);
	void (*reset)(struct virtio_device *device);
	void (*lost)(struct virtio_device *device);
	void (*close)(struct virtio_device *device);
	void (*free)(struct virtio_device *device);
};

/* Have the driver read what is in @config now. It is not told. */
void virtio_show_config(struct virtio_device *device);

/* The operations of every type's model. */
extern const struct model_description virtio_description;
int virtio_create(struct function *function, void **state);
void virtio_destroy(void *state);
__u64 virtio_read(void *state, unsigned int bar, __u64 offset, unsigned int size);
void virtio_write(void *state, unsigned int bar, __u64 offset, unsigned int size, __u64 data);
void virtio_written(void *state, unsigned int bar, __u64 offset, unsigned int size);
void virtio_reset(void *state);
int virtio_poll_fd(void *state);
void virtio_dispatch(void *state);

#define VIRTIO_MODEL { \
	.description = &virtio_description, \
	.create = virtio_create, \
	.destroy = virtio_destroy, \
	.read = virtio_read, \
	.write = virtio_write, \
	.written = virtio_written, \
	.reset = virtio_reset, \
	.poll_fd = virtio_poll_fd, \
	.dispatch = virtio_dispatch, \
}

#endif /* VIRTIO_TRANSPORT_H */
