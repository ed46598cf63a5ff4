/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What serves the queues of a virtio device: vhost in the kernel, a vhost-user daemon, or a
 * vhost-vdpa device. The transport (transport.c) knows one only by these operations; which of
 * the fields it uses is the back end's.
 *
 *	open --> features, config --> accept --> start --> [start_queue, stop_queue]... -->
 *	[pause --> start]... --> stop --> close
 *
 * Operations are called with the device's lock held, by the vCPU that has written to a register or
 * by the event loop, never two at a time for one device. They return 0 or a negative error number
 * and print nothing, but for open, whose errors the user is told of before the guest starts.
 *
 * A back end may have gone for a while (BACKEND_AWAY). Until it is back, which may find it another
 * one of its kind, all operations but get_config succeed and do nothing. Once it is, it serves no
 * queues, and has what it had at first for a configuration. start then has those go on that have
 * been started and not been stopped since.
 */
#ifndef VIRTIO_BACKEND_H
#define VIRTIO_BACKEND_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

struct backend;
struct guest_memory;

/**
 * struct queue - a queue as the driver has set it up, and its two eventfds
 * @size: descriptors
 * @enabled: the driver has enabled it
 * @desc: guest address of the descriptor area
 * @driver: of the driver area (available ring)
 * @device: of the device area (used ring)
 * @base: where to begin, or to go on after a pause, as of VHOST_SET_VRING_BASE
 * @kick: what a notification by the driver signals
 * @call: what the back end signals to interrupt the driver. Queues for which the driver has chosen
 *	the same vector have the same.
 *
 * The transport owns all of it. All three areas have been found to be RAM of the guest.
 */
struct queue {
	__u16 size;
	bool enabled;
	__u64 desc;
	__u64 driver;
	__u64 device;
	__u32 base;
	int kick;
	int call;
};

/**
 * struct backend_ops - one protocol
 * @name: for messages, such as "the vhost-user daemon"
 * @features: which feature bits, of the device's type and of the transport, does it offer?
 * @get_config: copy the device-specific configuration, as far as it knows it; NULL: it knows none.
 *	EAGAIN: it is away
 * @set_config: the driver has written @length bytes at @offset of it; NULL: nothing to do
 * @accept: the driver has set FEATURES_OK, and @features are what it has chosen of those that the
 *	device offers. Returns -EINVAL if the device can't be driven with these, but with others.
 *	NULL: it can be with any.
 * @start: the driver has set DRIVER_OK: serve the queues that are enabled. @features are those
 *	that the driver has accepted. Returns -EINVAL if they can't be served as the driver has set
 *	them up; if it fails, some may run, until @stop.
 * @stop: stop all queues. When it returns, the back end touches no memory of the guest, and
 *	signals nothing. May be called when none runs.
 * @pause: stop all queues, which start will have go on at their @base; NULL: it can't
 * @start_queue: start one while others run, or return what @start does; NULL: it can't
 * @stop_queue: and stop it; NULL: it can't, and VIRTIO_F_RING_RESET is not offered
 * @set_call: @queue->call of one that runs is another now
 * @notify: the driver has notified of a queue that runs, of a device with notify_exits. Returns
 *	what @dispatch does. NULL: there are none
 * @poll_fd: what the event loop waits for; -1 or NULL: nothing
 * @dispatch: that is readable. Returns enum backend_event, or a negative error number if the back
 *	end is lost. ESTALE: what is back does not fit; ECONNABORTED: it went again and again.
 *	ENOTRECOVERABLE: it is not lost, but left requests undone, and nobody knows which, so that
 *	the driver has to reset the device. Other operations may return these, too.
 * @close: stop, and free it
 */
struct backend_ops {
	const char *name;
	int (*features)(struct backend *backend, __u64 *features);
	int (*get_config)(struct backend *backend, void *config, size_t length);
	int (*set_config)(struct backend *backend, size_t offset, const void *data, size_t length);
	int (*accept)(struct backend *backend, __u64 features);
	int (*start)(struct backend *backend, __u64 features, const struct queue *queues,
		     unsigned int nr_queues);
	int (*stop)(struct backend *backend);
	int (*pause)(struct backend *backend, struct queue *queues, unsigned int nr_queues);
	int (*start_queue)(struct backend *backend, unsigned int index, const struct queue *queue);
	int (*stop_queue)(struct backend *backend, unsigned int index);
	int (*set_call)(struct backend *backend, unsigned int index, const struct queue *queue);
	int (*notify)(struct backend *backend, unsigned int index);
	int (*poll_fd)(const struct backend *backend);
	int (*dispatch)(struct backend *backend);
	void (*close)(struct backend *backend);
};

/* What a back end has told of. */
enum backend_event {
	BACKEND_NOTHING,
	BACKEND_CONFIG_CHANGED,	/* ask for the configuration again, and tell the driver */
	BACKEND_AWAY,		/* nobody serves the queues for now */
	BACKEND_BACK,		/* somebody is there again who can: start them */
	BACKEND_LINK_DOWN,	/* of a network device: nobody gets its packets */
	BACKEND_LINK_UP,
	BACKEND_LINK_GONE,	/* nor ever will: what led there has been deleted */
	BACKEND_ANNOUNCE,	/* others may not know yet where the driver is */
	BACKEND_NEEDS_RESET,	/* some or all of it is of no use until the driver resets it */
	BACKEND_INTERRUPT,	/* plus the index of a queue: interrupt the driver for it */
};

/**
 * struct backend - what every back end begins with
 * @ops: its protocol
 * @memory: RAM of the guest, one file that can be shared (memory->fd)
 */
struct backend {
	const struct backend_ops *ops;
	const struct guest_memory *memory;
};

#endif /* VIRTIO_BACKEND_H */
