/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the transport share.
 *
 * BAR 0 of every device (BAR 1, of ports, may have the notifications as well):
 *
 *	0x0000	common configuration, and behind it the device-specific one
 *	0x2000	ISR status
 *	0x3000	notifications, NOTIFY_MULTIPLIER bytes for each queue
 *	0x4000	MSI-X table, of a vector for each queue and one for configuration changes
 *	0x9000	MSI-X pending bits
 *
 * Whatever is of another kind is in pages of its own, so that the table can be mirrored.
 */
#ifndef VIRTIO_INTERNAL_H
#define VIRTIO_INTERNAL_H

#include <linux/types.h>
#include <pthread.h>
#include <stdbool.h>

#include "virtio/transport.h"

#define CONFIG_BAR		0
#define COMMON_OFFSET		0x0000
#define DEVICE_OFFSET		(COMMON_OFFSET + KVPCI_VIRTIO_COMMON)
#define ISR_OFFSET		0x2000
#define ISR_LENGTH		4
#define NOTIFY_OFFSET		0x3000
#define MSIX_TABLE_OFFSET	0x4000
#define MSIX_PBA_OFFSET		0x9000
#define CONFIG_BAR_SIZE		0x10000
#define NOTIFY_PIO_BAR		1
#define NOTIFY_MULTIPLIER	4
#define NOTIFY_PIO_LEAST	16	/* of one size for most devices: each is found at once */

/* Where configuration space has the window to the BARs (Virtio 1.2, 4.1.4.9): at its end. */
#define WINDOW_OFFSET		0xec
#define WINDOW_BAR		4
#define WINDOW_ADDRESS		8
#define WINDOW_LENGTH		12
#define WINDOW_DATA		16
#define WINDOW_SIZE		20

#define NO_VECTOR		0xffff

/* The common configuration as KVPCI_READ shows it of one queue. */
struct common_config {
	__u32 device_feature_select;
	__u32 device_feature;
	__u32 driver_feature_select;
	__u32 driver_feature;
	__u16 config_msix_vector;
	__u16 num_queues;
	__u8 device_status;
	__u8 config_generation;
	__u16 queue_select;
	__u16 queue_size;
	__u16 queue_msix_vector;
	__u16 queue_enable;
	__u16 queue_notify_off;
	__u64 queue_desc;
	__u64 queue_driver;
	__u64 queue_device;
	__u16 queue_notify_data;
	__u16 queue_reset;
	__u8 pad[4];
};

/**
 * struct transport - a device that the guest may see
 * @function: its function
 * @device: what it was described as
 * @lock: guards all that follows; held by whoever serves an exit, and by the event loop
 * @driver_features: what the driver has accepted
 * @started: the driver has set DRIVER_OK, and the back end serves the queues, unless
 * @paused: it does not until the function may access memory again (bus master enable)
 * @msix: where configuration space has MSI-X's capability
 * @watched: writes to that, and to bus master enable, come here
 * @lost: the back end can't be used any more, of which has been told
 * @told: the user has been told of a queue that can't be
 * @queues: as the driver has set them up; those that the back end serves are enabled
 * @vectors: an eventfd for each vector, bound to it
 * @pin: what the back end signals where the INTx pin is used
 * @nowhere: and where the driver wants no interrupt
 * @events: an epoll instance: @pin, and what the back end waits for
 */
struct transport {
	struct function *function;
	struct virtio_device *device;
	pthread_mutex_t lock;
	__u64 driver_features;
	bool started;
	bool paused;
	__u16 msix;
	bool watched;
	bool lost;
	bool told;
	struct queue *queues;
	int *vectors;
	int pin;
	int nowhere;
	int events;
};

static inline unsigned int nr_vectors(const struct virtio_device *device)
{
	return device->nr_queues + 1;
}

/* Accesses by the guest, with the lock held: through a BAR, or through the window. */
void transport_write(struct transport *transport, __u64 offset, unsigned int size, __u64 data);
void transport_written(struct transport *transport, __u64 offset, unsigned int size);

/* The driver notifies of a queue, of a device with notify_exits. */
void transport_notify(struct transport *transport, unsigned int index);

/* What the window, in configuration space, makes of an access to its data. */
__u64 window_read(struct transport *transport, __u64 offset, unsigned int size);
void window_write(struct transport *transport, __u64 offset, unsigned int size, __u64 data);

/* The device has gone: end its back end. */
void virtio_close(struct virtio_device *device);

/* description.c: of which queue are notifications at @offset of @bar? False if of none. */
bool virtio_notified_queue(const struct virtio_device *device, unsigned int bar, __u64 offset,
			   unsigned int *index);

/* queue.c: is it one that a back end may be given? */
bool queue_is_good(const struct queue *queue, const struct virtio_device *device, bool packed);

#endif /* VIRTIO_INTERNAL_H */
