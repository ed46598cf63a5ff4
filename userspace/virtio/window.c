// SPDX-License-Identifier: GPL-2.0
/*
 * The window from configuration space to the BARs (Virtual I/O Device 1.2, 4.1.4.9), for firmware
 * that can't reach these. A driver sets bar, offset and length in the capability, which are plain
 * registers; an access to the data that follows is one to that place, of that length, whatever its
 * own is: by it the driver gets at some of the data, which are plain registers besides.
 */
#include <string.h>

#include "event.h"
#include "function.h"
#include "virtio/internal.h"

struct place {
	__u8 bar;
	__u32 offset;
	__u32 length;
	__u32 data;
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
	memcpy(&place->data, &cap[WINDOW_DATA], sizeof(place->data));
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

__u64 window_read(struct transport *transport, __u64 offset, unsigned int size)
{
	struct kvpci_function *handle = transport->function->handle;
	struct place place;
	__u64 data = 0;

	if (find_place(transport, &place)) {
		/* Some can't be read so, as the table of MSI-X. */
		if (kvpci_function_read_as_guest(handle, place.bar, place.offset, &data,
						 place.length))
			data = ~0ULL;
		kvpci_function_write_as_guest(handle, KVPCI_CONFIG, WINDOW_OFFSET + WINDOW_DATA,
					      data, place.length);
	}
	kvpci_function_read_as_guest(handle, KVPCI_CONFIG, offset, &data, size);
	return data;
}

void window_write(struct transport *transport, __u64 offset, unsigned int size, __u64 data)
{
	struct kvpci_function *handle = transport->function->handle;
	struct place place;

	kvpci_function_write_as_guest(handle, KVPCI_CONFIG, offset, data, size);
	if (!find_place(transport, &place))
		return;
	data = place.data & ~0U >> (32 - 8 * place.length);
	if (notify(transport, &place))
		return;
	if (place.bar == CONFIG_BAR && place.offset < ISR_OFFSET)
		transport_write(transport, place.offset, place.length, data);
	else
		kvpci_function_write_as_guest(handle, place.bar, place.offset, data, place.length);
}
