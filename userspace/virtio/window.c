// SPDX-License-Identifier: GPL-2.0
/*
 * The window from configuration space to the BARs (Virtual I/O Device 1.2, 4.1.4.9), for firmware
 * that can't reach these. A driver sets bar, offset and length in the capability, which are plain
 * registers; an access to the data that follows is one to that place.
 */
#include <string.h>

#include "event.h"
#include "function.h"
#include "virtio/internal.h"

struct place {
	__u8 bar;
	__u32 offset;
	__u32 length;
};

static bool find_place(struct transport *transport, struct place *place)
{
	__u8 cap[WINDOW_SIZE];

	if (kvpci_function_read(transport->function->handle, KVPCI_CONFIG, 0, WINDOW_OFFSET, cap,
				sizeof(cap)))
		return false;
	place->bar = cap[WINDOW_BAR];
	memcpy(&place->offset, &cap[WINDOW_ADDRESS], sizeof(place->offset));
	memcpy(&place->length, &cap[WINDOW_LENGTH], sizeof(place->length));
	return place->bar < KVPCI_NUM_BARS &&
	       (place->length == 1 || place->length == 2 || place->length == 4) &&
	       !(place->offset % place->length);
}

/* The kernel rings no doorbells for accesses of ours. */
static bool notify(struct transport *transport, const struct place *place)
{
	const struct virtio_device *device = transport->device;
	unsigned int index;

	if (!virtio_notified_queue(device, place->bar, place->offset, &index))
		return false;
	if (device->notify_exits)
		transport_notify(transport, index);
	else
		event_signal(device->kicks[index]);
	return true;
}

static bool is_data(__u64 offset)
{
	return offset == WINDOW_OFFSET + WINDOW_DATA;
}

/* Other accesses that reach these bytes, which no driver makes, find the registers. */
__u64 window_read(struct transport *transport, __u64 offset, unsigned int size)
{
	struct kvpci_function *handle = transport->function->handle;
	struct place place;
	/* Of what can't be read so, as the table of MSI-X. */
	__u64 data = ~0ULL;

	if (is_data(offset) && find_place(transport, &place) && size == place.length)
		kvpci_function_read_as_guest(handle, place.bar, place.offset, &data, size);
	else
		kvpci_function_read_as_guest(handle, KVPCI_CONFIG, offset, &data, size);
	return data;
}

void window_write(struct transport *transport, __u64 offset, unsigned int size, __u64 data)
{
	struct kvpci_function *handle = transport->function->handle;
	struct place place;

	if (!is_data(offset) || !find_place(transport, &place) || size != place.length) {
		kvpci_function_write_as_guest(handle, KVPCI_CONFIG, offset, data, size);
		return;
	}
	if (notify(transport, &place))
		return;
	if (place.bar == CONFIG_BAR && place.offset < ISR_OFFSET)
		transport_write(transport, place.offset, size, data);
	else
		kvpci_function_write_as_guest(handle, place.bar, place.offset, data, size);
}
