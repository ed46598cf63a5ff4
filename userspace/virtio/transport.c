// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a virtio device on PCI (Virtual I/O Device 1.2, 3.1 and 4.1).
 *
 * The kernel keeps the registers, and has the driver's writes to device_status come here. With
 * DRIVER_OK set we read what the driver has written before, and have the back end serve the queues:
 * the driver notifies it by doorbells, and it interrupts by eventfds that are bound to vectors.
 * Neither comes here.
 *
 * Queues for which the driver has chosen the same vector share its eventfd, since the kernel takes
 * one for each. Without vectors, the back end signals one eventfd for all, and the event loop sets
 * the bit of the ISR status that the INTx pin follows.
 *
 * The driver's thread waits until what it has written has been done. That it waits no longer than
 * it has to is for the back end to see to.
 */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "array.h"
#include "event.h"
#include "function.h"
#include "report.h"
#include "turn.h"
#include "virtio/internal.h"

#define CAP_MSIX	0x11
#define MSIX_CONTROL	2
#define MSIX_ENABLE	0x8000

#define COMMAND		0x04
#define COMMAND_MASTER	0x04

/* Where a ring begins: a packed one with both wrap counters set. */
#define SPLIT_BASE	0
#define PACKED_BASE	0x80008000U

#define ISR_QUEUE	0x01
#define ISR_CONFIG	0x02

/* What becomes readable in transport->events. */
enum source {
	SOURCE_PIN,
	SOURCE_BACKEND,
};

static const struct backend_ops *ops_of(const struct transport *transport)
{
	return transport->device->backend->ops;
}

/* The function's handle is good, and the range is there: nothing that can fail. */
static struct common_config read_common(struct transport *transport, unsigned int queue)
{
	struct common_config common = { 0 };

	kvpci_function_read(transport->function->handle, CONFIG_BAR, queue, COMMON_OFFSET, &common,
			    sizeof(common));
	return common;
}

static __u64 read_driver_features(struct transport *transport)
{
	return read_common(transport, 0).driver_feature |
	       (__u64)read_common(transport, 1).driver_feature << 32;
}

/* And features that no device has. */
static bool has_unknown_features(struct transport *transport)
{
	return read_common(transport, 2).driver_feature || read_common(transport, 3).driver_feature;
}

static void write_status(struct transport *transport, __u8 status)
{
	kvpci_function_write(transport->function->handle, CONFIG_BAR, 0,
			     COMMON_OFFSET + VIRTIO_PCI_COMMON_STATUS, &status, NULL,
			     sizeof(status));
}

void virtio_show_config(struct virtio_device *device)
{
	if (device->function)
		kvpci_function_write(device->function->handle, CONFIG_BAR, 0, DEVICE_OFFSET,
				     device->config, NULL, device->config_length);
}

static void set_isr(struct transport *transport, __u8 bit)
{
	kvpci_function_write(transport->function->handle, CONFIG_BAR, 0, ISR_OFFSET, &bit, &bit,
			     sizeof(bit));
}

static bool msix_is_enabled(struct transport *transport)
{
	__u32 control;

	return transport->msix &&
	       !function_read_config(transport->function, transport->msix + MSIX_CONTROL, 2,
				     &control) &&
	       control & MSIX_ENABLE;
}

/*
 * Not by an eventfd, which a back end that has it too could make one that we wait for. That the
 * configuration has changed is in the ISR status with MSI-X, too (4.1.4.5.1): that is how a driver
 * with one interrupt for all finds out.
 */
static void interrupt(struct transport *transport, __u16 vector, __u8 bit)
{
	const bool msix = msix_is_enabled(transport);

	if (!msix || bit == ISR_CONFIG)
		set_isr(transport, bit);
	if (msix && vector != NO_VECTOR)
		kvpci_function_trigger(transport->function->handle, KVPCI_MSIX, vector);
}

static void interrupt_config(struct transport *transport)
{
	interrupt(transport, read_common(transport, 0).config_msix_vector, ISR_CONFIG);
}

/* Whatever the device has interrupted for, or asked, a driver that has reset it is not to see. */
static void forget_driver(struct transport *transport)
{
	static const __u8 none, bits = ISR_QUEUE | ISR_CONFIG;
	struct virtio_device *device = transport->device;

	event_take(transport->pin);
	kvpci_function_write(transport->function->handle, CONFIG_BAR, 0, ISR_OFFSET, &none, &bits,
			     sizeof(none));
	if (device->type->reset)
		device->type->reset(device);
}

/* What the back end is to signal for a queue of that vector. */
static int find_call(struct transport *transport, __u16 vector)
{
	if (!msix_is_enabled(transport))
		return transport->pin;
	return vector == NO_VECTOR ? transport->nowhere : transport->vectors[vector];
}

/* No other bit is written: the guest may reset the function at this moment. */
static void needs_reset(struct transport *transport)
{
	static const __u8 bit = VIRTIO_CONFIG_S_NEEDS_RESET;

	kvpci_function_write(transport->function->handle, CONFIG_BAR, 0,
			     COMMON_OFFSET + VIRTIO_PCI_COMMON_STATUS, &bit, &bit, sizeof(bit));
	if (read_common(transport, 0).device_status & VIRTIO_CONFIG_S_DRIVER_OK)
		interrupt_config(transport);
}

/* Why is a back end lost? */
static const char *reason(int error)
{
	switch (error) {
	case -ESTALE:
		return "it has come back as something else";
	case -ECONNABORTED:
		return "it has ended again and again";
	default:
		return strerror(-error);
	}
}

/* The guest has not been told before, and the user has not either. */
static void lose_backend(struct transport *transport, int error)
{
	struct virtio_device *device = transport->device;
	struct backend *backend = device->backend;
	int fd = backend->ops->poll_fd ? backend->ops->poll_fd(backend) : -1;

	if (transport->lost)
		return;
	transport->lost = true;
	/* What of it still works is to leave the guest's memory alone. */
	if (transport->started)
		backend->ops->stop(backend);
	transport->started = false;
	if (device->type->lost)
		device->type->lost(device);
	if (fd >= 0)
		epoll_ctl(transport->events, EPOLL_CTL_DEL, fd, NULL);
	note("%s: %s is of no more use (%s), and the guest's device with it",
	     device->label, backend->ops->name, reason(error));
}

/* What was under way can't be done any more, but what comes after a reset can. */
static void give_up_requests(struct transport *transport)
{
	const struct virtio_device *device = transport->device;
	int error = 0;

	note("%s: %s has left requests undone and kept no account of them, and the guest has to reset the device",
	     device->label, ops_of(transport)->name);
	if (transport->started)
		error = ops_of(transport)->stop(device->backend);
	transport->started = false;
	if (error)
		lose_backend(transport, error);
}

/* Has what the back end tells of changed the device's own configuration? The driver reads it. */
static bool note_event(struct transport *transport, int event)
{
	struct virtio_device *device = transport->device;

	if (!device->type->event ||
	    !device->type->event(device, event, transport->driver_features))
		return false;
	virtio_show_config(device);
	return true;
}

/* The device does nothing any more, of which the driver is told. */
static void fail_device(struct transport *transport, int error)
{
	if (error == -ENOTRECOVERABLE)
		give_up_requests(transport);
	else
		lose_backend(transport, error);
	note_event(transport, BACKEND_AWAY);
	needs_reset(transport);
}

static void stop(struct transport *transport)
{
	int error;

	if (!transport->started)
		return;
	transport->started = false;
	error = ops_of(transport)->stop(transport->device->backend);
	if (error)
		lose_backend(transport, error);
}

/* Once: the guest can have it happen again and again. */
static void note_queues(struct transport *transport, const char *what)
{
	if (!transport->told)
		note("%s: %s, and has to reset the device", transport->device->label, what);
	transport->told = true;
}

static bool is_packed(const struct transport *transport)
{
	return transport->driver_features & VIRTIO_FEATURE(VIRTIO_F_RING_PACKED);
}

/* Is the queue, which the driver has enabled, one that can be served? */
static bool read_queue(struct transport *transport, unsigned int i,
		       const struct common_config *common)
{
	struct queue *queue = &transport->queues[i];

	*queue = (struct queue){
		.size = common->queue_size,
		.enabled = true,
		.desc = common->queue_desc,
		.driver = common->queue_driver,
		.device = common->queue_device,
		.base = is_packed(transport) ? PACKED_BASE : SPLIT_BASE,
		.kick = transport->device->kicks[i],
		.call = find_call(transport, common->queue_msix_vector),
	};
	if (queue_is_good(queue, transport->device, is_packed(transport)))
		return true;
	note_queues(transport,
		    "the guest has set up a queue with a size or an address that can't be");
	queue->enabled = false;
	return false;
}

static bool read_queues(struct transport *transport)
{
	struct common_config common;
	unsigned int i;

	for (i = 0; i < transport->device->nr_queues; i++) {
		common = read_common(transport, i);
		transport->queues[i].enabled = false;
		if (common.queue_enable && !read_queue(transport, i, &common))
			return false;
	}
	return true;
}

/* Rings of a device behind the IOMMU may be unmapped at any time, which is the guest's affair. */
static bool is_unmapped(const struct transport *transport, int error)
{
	return error == -EFAULT && transport->device->endpoint;
}

/*
 * Has the back end not been given what it could serve? Of vhost-vsock, for one, both queues have to
 * be there. With the next driver it works.
 */
static bool is_drivers_mistake(struct transport *transport, int error)
{
	if (error == -EINVAL)
		note_queues(transport, "the guest has set up queues that can't be served so");
	return error == -EINVAL || is_unmapped(transport, error);
}

static void fail_start(struct transport *transport, int error)
{
	if (!is_drivers_mistake(transport, error)) {
		fail_device(transport, error);
		return;
	}
	stop(transport);
	needs_reset(transport);
}

static void watch_byte(struct transport *transport, __u16 at, bool on)
{
	struct kvpci_function *handle = transport->function->handle;

	if (on)
		kvpci_function_add_range(handle, KVPCI_CONFIG, KVPCI_RANGE_EXIT, at, 1, NULL);
	else
		kvpci_function_remove_range(handle, KVPCI_CONFIG, KVPCI_RANGE_EXIT, at, 1);
}

/*
 * Writes to the bytes of configuration space that have bus master enable and MSI-X enable come here
 * only while the back end could access memory, and interrupt: no driver's probe has one then.
 */
static void watch_config(struct transport *transport, bool on)
{
	if (transport->watched == on)
		return;
	transport->watched = on;
	watch_byte(transport, COMMAND, on);
	if (transport->msix)
		watch_byte(transport, transport->msix + MSIX_CONTROL + 1, on);
}

static bool is_master(struct transport *transport)
{
	__u32 command;

	return !function_read_config(transport->function, COMMAND, 2, &command) &&
	       command & COMMAND_MASTER;
}

/* Have the back end serve the queues, if the function may access memory. */
static int run_queues(struct transport *transport)
{
	struct virtio_device *device = transport->device;

	transport->paused = !is_master(transport);
	return transport->paused ? 0 :
	       ops_of(transport)->start(device->backend, transport->driver_features,
					transport->queues, device->nr_queues);
}

static void start(struct transport *transport)
{
	int error;

	if (transport->lost || !read_queues(transport)) {
		needs_reset(transport);
		return;
	}
	watch_config(transport, true);
	/* Some queues may run by the time that one can't. */
	transport->started = true;
	error = run_queues(transport);
	if (error)
		fail_start(transport, error);
}

/* The driver has stopped the device. */
static void end(struct transport *transport)
{
	stop(transport);
	watch_config(transport, false);
}

/* Can the device be driven with what the driver has chosen? */
static bool backend_accepts(struct transport *transport)
{
	const struct backend_ops *ops = ops_of(transport);
	int error;

	if (!ops->accept)
		return true;
	error = ops->accept(transport->device->backend, transport->driver_features);
	if (error && error != -EINVAL)
		lose_backend(transport, error);
	return !error;
}

/* It would give addresses of memory to a device that is behind the IOMMU (6.1). */
static bool is_untranslated(const struct transport *transport)
{
	return transport->device->endpoint &&
	       !(transport->driver_features & VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM));
}

/* Does the driver accept what it may, and must? */
static bool negotiate(struct transport *transport)
{
	transport->driver_features = read_driver_features(transport);
	return !transport->lost && !has_unknown_features(transport) &&
	       !(transport->driver_features & ~transport->device->offered) &&
	       transport->driver_features & VIRTIO_FEATURE(VIRTIO_F_VERSION_1) &&
	       !is_untranslated(transport) && backend_accepts(transport);
}

/* The driver writes device_status, and waits for what comes of it. */
static void change_status(struct transport *transport, __u8 status)
{
	__u8 was = read_common(transport, 0).device_status;
	__u8 set = status & ~was;

	/* A reset of the function may have come before this, of which we are told after it. */
	if (!status || !(was & VIRTIO_CONFIG_S_DRIVER_OK))
		end(transport);
	if (!status) {
		forget_driver(transport);
		write_status(transport, 0);
		return;
	}
	if (set & VIRTIO_CONFIG_S_FEATURES_OK) {
		/* The driver can't change them any more once it is set. */
		write_status(transport, was | VIRTIO_CONFIG_S_FEATURES_OK);
		if (!negotiate(transport))
			status &= ~VIRTIO_CONFIG_S_FEATURES_OK;
	}
	/* Neither is anything that a driver may do. */
	if (!(status & VIRTIO_CONFIG_S_FEATURES_OK))
		status &= ~VIRTIO_CONFIG_S_DRIVER_OK;
	if (!(status & VIRTIO_CONFIG_S_DRIVER_OK))
		end(transport);
	/* From when this is written on, changes to what is read after it come here. */
	write_status(transport, status | (was & VIRTIO_CONFIG_S_NEEDS_RESET));
	if (status & set & VIRTIO_CONFIG_S_DRIVER_OK)
		start(transport);
}

static void interrupt_queue(struct transport *transport, unsigned int i)
{
	interrupt(transport, read_common(transport, i).queue_msix_vector, ISR_QUEUE);
}

/* What the one before has completed it may not have told of. */
static void interrupt_queues(struct transport *transport)
{
	unsigned int i;

	for (i = 0; i < transport->device->nr_queues; i++) {
		if (transport->queues[i].enabled)
			interrupt_queue(transport, i);
	}
}

/*
 * The driver has cleared bus master enable: the back end is to leave memory alone until it is set
 * again. One that can't go on after that has to be set up anew.
 */
static int pause_queues(struct transport *transport)
{
	struct virtio_device *device = transport->device;
	const struct backend_ops *ops = ops_of(transport);

	if (!ops->pause) {
		stop(transport);
		needs_reset(transport);
		return 0;
	}
	transport->paused = true;
	return ops->pause(device->backend, transport->queues, device->nr_queues);
}

/* It is set again. What the driver has told of meanwhile, nobody may have heard. */
static int unpause_queues(struct transport *transport)
{
	int error = run_queues(transport);
	unsigned int i;

	for (i = 0; i < transport->device->nr_queues && !error; i++) {
		if (transport->queues[i].enabled)
			event_signal(transport->queues[i].kick);
	}
	if (!error)
		interrupt_queues(transport);
	return error;
}

/* The driver has written to the command register. */
static void update_master(struct transport *transport)
{
	const bool master = is_master(transport);
	int error;

	if (!transport->started || master != transport->paused)
		return;
	error = master ? unpause_queues(transport) : pause_queues(transport);
	if (error)
		fail_start(transport, error);
}

/*
 * The driver has chosen another vector, or has enabled MSI-X, and is not to miss an interrupt for
 * that. With MSI-X it had a vector's: nobody may listen to the pin yet.
 */
static int update_call(struct transport *transport, unsigned int i, __u16 vector)
{
	struct queue *queue = &transport->queues[i];
	int call = find_call(transport, vector);
	int error;

	if (call == queue->call)
		return 0;
	queue->call = call;
	error = ops_of(transport)->set_call(transport->device->backend, i, queue);
	if (!error && call != transport->pin)
		interrupt(transport, vector, ISR_QUEUE);
	return error;
}

/* The driver may wait for it without end: it is done even if nobody serves the queue any more. */
static int reset_queue(struct transport *transport, unsigned int i)
{
	static const __u16 done;
	int error = 0;

	/* It has not been offered then. */
	if (!ops_of(transport)->stop_queue) {
		needs_reset(transport);
		return 0;
	}
	if (transport->started && transport->queues[i].enabled)
		error = ops_of(transport)->stop_queue(transport->device->backend, i);
	transport->queues[i].enabled = false;
	kvpci_function_write(transport->function->handle, CONFIG_BAR, i,
			     COMMON_OFFSET + VIRTIO_PCI_COMMON_Q_RESET, &done, NULL, sizeof(done));
	return error;
}

static int enable_queue(struct transport *transport, unsigned int i,
			const struct common_config *common)
{
	const struct backend_ops *ops = ops_of(transport);
	int error;

	if (!ops->start_queue || !read_queue(transport, i, common)) {
		needs_reset(transport);
		return 0;
	}
	if (transport->paused)
		return 0;
	error = ops->start_queue(transport->device->backend, i, &transport->queues[i]);
	if (!is_drivers_mistake(transport, error))
		return error;
	transport->queues[i].enabled = false;
	needs_reset(transport);
	return 0;
}

/* With DRIVER_OK set, the driver has written to what queues depend on: see which, and why. */
static void update_queues(struct transport *transport)
{
	/* If not, the driver has been told to reset the device first. */
	const bool works = transport->started && !(read_common(transport, 0).device_status &
						   VIRTIO_CONFIG_S_NEEDS_RESET);
	int error = 0;
	unsigned int i;

	for (i = 0; !error && i < transport->device->nr_queues; i++) {
		struct common_config common = read_common(transport, i);
		bool enabled = transport->queues[i].enabled;

		if (common.queue_reset)
			error = reset_queue(transport, i);
		else if (!works)
			continue;
		else if (common.queue_enable && !enabled)
			error = enable_queue(transport, i, &common);
		else if (enabled)
			error = update_call(transport, i, common.queue_msix_vector);
	}
	if (error)
		fail_device(transport, error);
}

/* Ask the back end for the configuration, and see whether it is still the same device. */
static int ask_config(struct transport *transport, __u8 *config)
{
	const struct virtio_device *device = transport->device;
	int error;
	size_t i;

	error = ops_of(transport)->get_config(device->backend, config, device->config_length);
	for (i = 0; i < device->config_length && !error; i++) {
		if ((config[i] ^ device->config[i]) & device->config_constant[i])
			error = -ESTALE;
	}
	return error;
}

static void put_config(struct transport *transport, const __u8 *config)
{
	struct virtio_device *device = transport->device;

	memcpy(device->config, config, device->config_length);
	virtio_show_config(device);
}

/* Have the driver read what the back end says. One that is away says it when it is back. */
static int read_config(struct transport *transport)
{
	__u8 config[VIRTIO_MAX_CONFIG];
	int error;

	if (!ops_of(transport)->get_config)
		return 0;
	error = ask_config(transport, config);
	if (!error)
		put_config(transport, config);
	return error == -EAGAIN ? 0 : error;
}

/*
 * Of what the driver has written, from @at to @end, the back end is told of what it may write,
 * and has the last word.
 */
static int write_config(struct transport *transport, size_t at, size_t end)
{
	struct virtio_device *device = transport->device;
	const struct backend_ops *ops = ops_of(transport);
	__u8 bytes[VIRTIO_MAX_CONFIG];
	bool told = false;
	size_t length;
	int error = 0;

	for (; at < end && !error; at += length) {
		const bool writable = device->config_writable[at];

		for (length = 1; at + length < end; length++) {
			if (!!device->config_writable[at + length] != writable)
				break;
		}
		if (!writable)
			continue;
		kvpci_function_read(transport->function->handle, CONFIG_BAR, 0, DEVICE_OFFSET + at,
				    bytes, length);
		error = ops->set_config(device->backend, at, bytes, length);
		told = true;
	}
	return error || !told ? error : read_config(transport);
}

static void update_config(struct transport *transport, __u64 offset, unsigned int size)
{
	size_t at = offset - DEVICE_OFFSET;
	size_t end = at + size;
	int error;

	if (transport->lost || !ops_of(transport)->set_config ||
	    end > transport->device->config_length)
		return;
	error = write_config(transport, at, end);
	if (error)
		fail_device(transport, error);
}

void transport_written(struct transport *transport, __u64 offset, unsigned int size)
{
	if (offset >= DEVICE_OFFSET)
		update_config(transport, offset, size);
	else
		update_queues(transport);
}

void transport_write(struct transport *transport, __u64 offset, unsigned int size, __u64 data)
{
	if (offset == COMMON_OFFSET + VIRTIO_PCI_COMMON_STATUS && size == 1) {
		change_status(transport, data);
		return;
	}
	kvpci_function_write_as_guest(transport->function->handle, CONFIG_BAR, offset, data, size);
	transport_written(transport, offset, size);
}

void virtio_write(void *state, unsigned int bar, __u64 offset, unsigned int size, __u64 data)
{
	struct transport *transport = state;
	unsigned int index;

	pthread_mutex_lock(&transport->lock);
	if (bar == KVPCI_CONFIG)
		window_write(transport, offset, size, data);
	else if (transport->device->notify_exits &&
		 virtio_notified_queue(transport->device, bar, offset, &index))
		transport_notify(transport, index);
	else if (offset == COMMON_OFFSET + VIRTIO_PCI_COMMON_STATUS)
		change_status(transport, data);
	pthread_mutex_unlock(&transport->lock);
}

__u64 virtio_read(void *state, unsigned int bar, __u64 offset, unsigned int size)
{
	struct transport *transport = state;
	__u64 data = ~0ULL;

	pthread_mutex_lock(&transport->lock);
	if (bar == KVPCI_CONFIG)
		data = window_read(transport, offset, size);
	pthread_mutex_unlock(&transport->lock);
	return data;
}

void virtio_written(void *state, unsigned int bar, __u64 offset, unsigned int size)
{
	struct transport *transport = state;

	pthread_mutex_lock(&transport->lock);
	if (bar == KVPCI_CONFIG) {
		update_master(transport);
		/* With MSI-X, or without it, they interrupt otherwise. */
		update_queues(transport);
	} else if (bar == CONFIG_BAR) {
		transport_written(transport, offset, size);
	}
	pthread_mutex_unlock(&transport->lock);
}

/* The kernel has reset the registers. */
void virtio_reset(void *state)
{
	struct transport *transport = state;

	pthread_mutex_lock(&transport->lock);
	if (!(read_common(transport, 0).device_status & VIRTIO_CONFIG_S_DRIVER_OK)) {
		end(transport);
		forget_driver(transport);
	}
	pthread_mutex_unlock(&transport->lock);
}

int virtio_poll_fd(void *state)
{
	const struct transport *transport = state;

	return transport->events;
}

static void tell_of_config(struct transport *transport)
{
	if (read_common(transport, 0).device_status & VIRTIO_CONFIG_S_DRIVER_OK)
		interrupt_config(transport);
}

static void show_config(struct transport *transport, const __u8 *config)
{
	put_config(transport, config);
	tell_of_config(transport);
}

static int change_config(struct transport *transport)
{
	__u8 config[VIRTIO_MAX_CONFIG];
	int error = ask_config(transport, config);

	if (!error)
		show_config(transport, config);
	return error;
}

/* Is what the driver may have written, at @i, something else? */
static bool is_overwritten(const struct virtio_device *device, size_t i, const __u8 *config,
			   const __u8 *shown)
{
	return (config[i] ^ shown[i]) & device->config_writable[i];
}

/*
 * What the driver has written is to hold for a back end that did not know of it. The driver relies
 * on that, and does not look again: whether the back end has done it, that may not have said.
 */
static int restore_config(struct transport *transport, __u8 *config, const __u8 *shown)
{
	const struct virtio_device *device = transport->device;
	bool told = false;
	int error = 0;
	size_t i;

	for (i = 0; i < device->config_length && !error; i++) {
		if (!is_overwritten(device, i, config, shown))
			continue;
		error = ops_of(transport)->set_config(device->backend, i, &shown[i], 1);
		told = true;
	}
	if (error || !told)
		return error;
	error = ask_config(transport, config);
	for (i = 0; i < device->config_length && !error; i++) {
		if (is_overwritten(device, i, config, shown))
			error = -ESTALE;
	}
	return error;
}

/* The driver knows a configuration already: it is told if that is not the back end's. */
static int match_config(struct transport *transport)
{
	const struct virtio_device *device = transport->device;
	__u8 config[VIRTIO_MAX_CONFIG];
	__u8 shown[VIRTIO_MAX_CONFIG];
	int error;

	if (!device->config_length || !ops_of(transport)->get_config)
		return 0;
	error = ask_config(transport, config);
	kvpci_function_read(transport->function->handle, CONFIG_BAR, 0, DEVICE_OFFSET, shown,
			    device->config_length);
	if (!error)
		error = restore_config(transport, config, shown);
	if (!error && memcmp(config, shown, device->config_length))
		show_config(transport, config);
	return error;
}

static int resume(struct transport *transport)
{
	struct virtio_device *device = transport->device;
	int error;

	note("%s: %s is back", device->label, device->backend->ops->name);
	error = match_config(transport);
	if (error || !transport->started)
		return error;
	error = run_queues(transport);
	if (!error && !transport->paused)
		interrupt_queues(transport);
	return error;
}

static int serve_event(struct transport *transport, int event)
{
	const struct virtio_device *device = transport->device;

	switch (event) {
	case BACKEND_CONFIG_CHANGED:
		return change_config(transport);
	case BACKEND_LINK_DOWN:
	case BACKEND_LINK_UP:
	case BACKEND_LINK_GONE:
	case BACKEND_ANNOUNCE:
		return 0;
	case BACKEND_AWAY:
		note("%s: %s has gone, and the guest waits until it is back",
		     device->label, device->backend->ops->name);
		return 0;
	case BACKEND_BACK:
		return resume(transport);
	case BACKEND_NEEDS_RESET:
		needs_reset(transport);
		return 0;
	default:
		if (event < BACKEND_INTERRUPT)
			return event;
		interrupt_queue(transport, event - BACKEND_INTERRUPT);
		return 0;
	}
}

static void serve(struct transport *transport, int event)
{
	int error = serve_event(transport, event);

	if (event > BACKEND_NOTHING && !error && note_event(transport, event))
		tell_of_config(transport);
	/* What has gone meanwhile will tell of that. */
	if (error >= 0 || error == -EAGAIN)
		return;
	if (is_unmapped(transport, error))
		needs_reset(transport);
	else
		fail_device(transport, error);
}

static void serve_backend(struct transport *transport)
{
	serve(transport, ops_of(transport)->dispatch(transport->device->backend));
}

void transport_notify(struct transport *transport, unsigned int index)
{
	if (transport->started && !transport->paused && transport->queues[index].enabled)
		serve(transport, ops_of(transport)->notify(transport->device->backend, index));
}

static void serve_pin(struct transport *transport)
{
	if (event_take(transport->pin))
		set_isr(transport, ISR_QUEUE);
}

void virtio_dispatch(void *state)
{
	struct transport *transport = state;
	struct epoll_event event;

	if (transport->device->is_iommu)
		turn_is_guests();
	if (!turn_lock(&transport->lock))
		return;
	if (epoll_wait(transport->events, &event, 1, 0) == 1) {
		if (event.data.u32 == SOURCE_PIN)
			serve_pin(transport);
		else
			serve_backend(transport);
	}
	pthread_mutex_unlock(&transport->lock);
}

static int refused(const struct transport *transport, const char *what, int error)
{
	return fail("%s: the kernel refuses %s: %s", transport->device->label, what,
		    strerror(-error));
}

static int no_memory(void)
{
	return fail("not enough memory for the devices, describe fewer");
}

static int add_ranges(struct transport *transport)
{
	const struct virtio_device *device = transport->device;
	struct kvpci_function *handle = transport->function->handle;
	struct kvpci_virtio_queue *queues = calloc(device->nr_queues, sizeof(*queues));
	const struct kvpci_virtio_config config = {
		.size = sizeof(config),
		.queues = device->nr_queues,
		.queue_size = sizeof(*queues),
		.queue = (unsigned long)queues,
		.features = { device->offered },
		.value = (unsigned long)device->config,
		.writable = (unsigned long)device->config_writable,
	};
	const __u8 isr_readclear[ISR_LENGTH] = { ISR_QUEUE | ISR_CONFIG };
	const struct kvpci_registers_config isr = {
		.size = sizeof(isr),
		.flags = KVPCI_REGISTERS_LEVEL,
		.readclear = (unsigned long)isr_readclear,
		.interrupt = KVPCI_INTX,
	};
	unsigned int i;
	int error;

	if (!queues)
		return no_memory();
	for (i = 0; i < device->nr_queues; i++) {
		queues[i].size = device->queue_size;
		queues[i].notify_off = i;
	}
	error = kvpci_function_add_range(handle, CONFIG_BAR, KVPCI_RANGE_VIRTIO, COMMON_OFFSET,
					 KVPCI_VIRTIO_COMMON + device->config_length, &config);
	free(queues);
	if (error == -EINVAL)
		return fail("%s: the module kvpci that is loaded knows nothing of virtio devices, load the one that was built with kvpci-run",
			    device->label);
	if (!error)
		error = kvpci_function_add_range(handle, CONFIG_BAR, KVPCI_RANGE_REGISTERS,
						 ISR_OFFSET, ISR_LENGTH, &isr);
	if (!error)
		error = kvpci_function_add_range(handle, KVPCI_CONFIG, KVPCI_RANGE_USERSPACE,
						 WINDOW_OFFSET + WINDOW_DATA,
						 WINDOW_SIZE - WINDOW_DATA, NULL);
	return error ? refused(transport, "a range", error) : STATUS_OK;
}

static int bind_vectors(struct transport *transport)
{
	unsigned int i;
	int status;
	int error;

	for (i = 0; i < nr_vectors(transport->device); i++) {
		status = event_create(&transport->vectors[i]);
		if (status)
			return status;
		error = kvpci_function_bind(transport->function->handle, KVPCI_MSIX, i,
					    transport->vectors[i], -1);
		if (error)
			return refused(transport, "an interrupt", error);
	}
	return STATUS_OK;
}

static int watch(struct transport *transport, int fd, enum source source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = source };

	if (fd >= 0 && epoll_ctl(transport->events, EPOLL_CTL_ADD, fd, &event))
		return fail("%s: cannot wait for it: %s", transport->device->label,
			    strerror(errno));
	return STATUS_OK;
}

static int create_events(struct transport *transport)
{
	const struct backend *backend = transport->device->backend;
	int status;

	transport->events = epoll_create1(EPOLL_CLOEXEC);
	if (transport->events < 0)
		return fail("%s: cannot wait for it: %s", transport->device->label,
			    strerror(errno));
	status = event_create(&transport->pin);
	if (!status)
		status = event_create(&transport->nowhere);
	if (!status)
		status = watch(transport, transport->pin, SOURCE_PIN);
	if (!status && backend->ops->poll_fd)
		status = watch(transport, backend->ops->poll_fd(backend), SOURCE_BACKEND);
	return status;
}

static int create(struct transport *transport)
{
	int status;

	if (transport->device->endpoint)
		iommu_endpoint_show(transport->device->endpoint, transport->function->slot);
	status = function_find_capability(transport->function, CAP_MSIX, &transport->msix);
	if (status)
		return status;
	transport->queues = calloc(transport->device->nr_queues, sizeof(*transport->queues));
	transport->vectors = event_array(nr_vectors(transport->device));
	if (!transport->queues || !transport->vectors)
		return no_memory();
	status = create_events(transport);
	if (!status)
		status = add_ranges(transport);
	if (!status)
		status = bind_vectors(transport);
	return status;
}

int virtio_create(struct function *function, void **state)
{
	struct transport *transport = malloc(sizeof(*transport));
	int status;

	if (!transport)
		return no_memory();
	*transport = (struct transport){
		.function = function, .device = function->spec->model_data,
		.pin = -1, .nowhere = -1, .events = -1,
	};
	pthread_mutex_init(&transport->lock, NULL);
	transport->device->function = function;
	status = create(transport);
	if (status)
		virtio_destroy(transport);
	else
		*state = transport;
	return status;
}

/* The function is closed already: its doorbells signal nothing any more. */
void virtio_destroy(void *state)
{
	struct transport *transport = state;
	const int fds[] = { transport->pin, transport->nowhere, transport->events };
	size_t i;

	stop(transport);
	virtio_close(transport->device);
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	if (transport->vectors)
		event_array_free(transport->vectors, nr_vectors(transport->device));
	free(transport->queues);
	pthread_mutex_destroy(&transport->lock);
	free(transport);
}
