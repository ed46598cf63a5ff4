// SPDX-License-Identifier: GPL-2.0
/*
 * What a virtio device is as a PCI function: the keys that all types have, and, once the back end
 * has been opened, BARs, capabilities and doorbells. These are added as text, as the user could
 * have written them, but for the range that only the kernel's KVPCI_RANGE_VIRTIO is.
 */
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpuid.h"
#include "event.h"
#include "report.h"
#include "virtio/bounce.h"
#include "virtio/internal.h"

/* Features of rings, which are between the driver and the back end alone. */
#define RING_FEATURES	(VIRTIO_FEATURE(VIRTIO_RING_F_INDIRECT_DESC) | \
			 VIRTIO_FEATURE(VIRTIO_RING_F_EVENT_IDX) | \
			 VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | \
			 VIRTIO_FEATURE(VIRTIO_F_RING_PACKED) | \
			 VIRTIO_FEATURE(VIRTIO_F_IN_ORDER) | \
			 VIRTIO_FEATURE(VIRTIO_F_ORDER_PLATFORM))

static const struct virtio_type *type_of(const struct device_spec *spec)
{
	return (const struct virtio_type *)((const char *)spec->model -
					    offsetof(struct virtio_type, model));
}

static int no_memory(void)
{
	return fail("not enough memory for the devices, describe fewer");
}

static int make_device(struct device_spec *spec)
{
	const struct virtio_type *type = type_of(spec);
	struct virtio_device *device;

	if (spec->model_data)
		return STATUS_OK;
	device = calloc(1, type->size);
	if (!device)
		return no_memory();
	device->type = type;
	spec->model_data = device;
	return STATUS_OK;
}

static int parse_notify(struct virtio_device *device, const char *value)
{
	if (!strcmp(value, "mmio"))
		device->notify = VIRTIO_NOTIFY_MMIO;
	else if (!strcmp(value, "pio"))
		device->notify = VIRTIO_NOTIFY_PIO;
	else
		return misuse("--device: notify=%s: write mmio or pio", value);
	return STATUS_OK;
}

static int virtio_parse(struct device_spec *spec, const char *key, const char *value, bool *known)
{
	struct virtio_device *device;
	int status = make_device(spec);

	if (status)
		return status;
	device = spec->model_data;
	if (!strcmp(key, "notify"))
		return parse_notify(device, value);
	return device->type->parse(device, key, value, known);
}

static int virtio_check(struct device_spec *spec)
{
	struct virtio_device *device;
	int status = make_device(spec);

	if (status)
		return status;
	device = spec->model_data;
	if (spec_has_bars(spec) || spec->rom_size || spec->msi.vectors || spec->msix.vectors)
		return misuse("--device: %s has BARs and interrupts of its own, leave out barN=, rom=, msi= and msix=",
			      spec->name);
	if (spec->count != 1)
		return misuse("--device: %s: count= is not for what has a back end, describe each",
			      spec->name);
	status = device->type->check ? device->type->check(device) : STATUS_OK;
	spec->iommu = device->is_iommu;
	spec->shares_memory = device->shares_memory;
	return status;
}

/*
 * KVM decodes an instruction of the guest for a write to memory, but where the processor's nested
 * paging tells it that this is a doorbell, which AMD's does not before Linux 7.0; for one to a port
 * it never does. Behind bridges there may be no window for ports.
 */
static void choose_notify(struct virtio_device *device, const struct device_spec *spec)
{
	if (device->notify == VIRTIO_NOTIFY_AUTO)
		device->notify = cpuid_host_has_svm() && !spec->behind ?
				 VIRTIO_NOTIFY_PIO : VIRTIO_NOTIFY_MMIO;
}

/* What the description has left to the back end. */
static void put_identity(FILE *text, const struct device_spec *spec)
{
	const struct virtio_device *device = spec->model_data;

	if (!device->kind)
		return;
	if (spec->vendor == VIRTIO_PCI_VENDOR && spec->device == VIRTIO_PCI_DEVICE)
		fprintf(text, "id=%04x:%04x,", VIRTIO_PCI_VENDOR, VIRTIO_PCI_DEVICE + device->kind);
	if (spec->class_code == CLASS_UNDEFINED)
		fprintf(text, "class=%06x,", device->class_code);
}

/* Bytes of a capability after its header, in hexadecimal. */
static void put_bytes(FILE *text, const void *cap, size_t length)
{
	const __u8 *bytes = cap;
	size_t i;

	for (i = VIRTIO_PCI_CAP_LEN; i < length; i++)
		fprintf(text, "%02x", bytes[i]);
}

static void put_capability(FILE *text, __u8 type, __u8 bar, __u32 offset, __u32 length)
{
	const struct virtio_pci_cap cap = {
		.cap_len = sizeof(cap), .cfg_type = type, .bar = bar,
		.offset = offset, .length = length,
	};

	fprintf(text, "cap=09/value=");
	put_bytes(text, &cap, sizeof(cap));
	fputc(',', text);
}

static void put_notify_capability(FILE *text, const struct virtio_device *device, bool pio)
{
	const struct virtio_pci_notify_cap cap = {
		.cap = {
			.cap_len = sizeof(cap), .cfg_type = VIRTIO_PCI_CAP_NOTIFY_CFG,
			.bar = pio ? NOTIFY_PIO_BAR : CONFIG_BAR,
			.offset = pio ? 0 : NOTIFY_OFFSET,
			.length = device->nr_queues * NOTIFY_MULTIPLIER,
		},
		.notify_off_multiplier = NOTIFY_MULTIPLIER,
	};

	fprintf(text, "cap=09/value=");
	put_bytes(text, &cap, sizeof(cap));
	fputc(',', text);
}

static void put_window(FILE *text)
{
	const struct virtio_pci_cfg_cap cap = {
		.cap = { .cap_len = WINDOW_SIZE, .cfg_type = VIRTIO_PCI_CAP_PCI_CFG },
	};
	__u8 writable[WINDOW_SIZE] = { [WINDOW_BAR] = 0xff };

	memset(&writable[WINDOW_ADDRESS], 0xff, WINDOW_SIZE - WINDOW_ADDRESS);
	fprintf(text, "cap=09/at=%u/value=", WINDOW_OFFSET);
	put_bytes(text, &cap, sizeof(cap));
	fprintf(text, "/writable=");
	put_bytes(text, writable, sizeof(writable));
}

/* A doorbell in memory is rung by a write of any length, which KVM finds without decoding it. */
static void put_doorbells(FILE *text, const struct virtio_device *device, bool pio)
{
	unsigned int i;

	if (device->notify_exits) {
		fprintf(text, "user=%u@%u+%u,", pio ? NOTIFY_PIO_BAR : CONFIG_BAR,
			pio ? 0 : NOTIFY_OFFSET, device->nr_queues * NOTIFY_MULTIPLIER);
		return;
	}
	for (i = 0; i < device->nr_queues; i++)
		fprintf(text, "doorbell=%u@%u+%u/fd=%d,", pio ? NOTIFY_PIO_BAR : CONFIG_BAR,
			(pio ? 0 : NOTIFY_OFFSET) + i * NOTIFY_MULTIPLIER, pio ? 2 : 0,
			device->kicks[i]);
}

bool virtio_notified_queue(const struct virtio_device *device, unsigned int bar, __u64 offset,
			   unsigned int *index)
{
	if (bar == CONFIG_BAR && offset >= NOTIFY_OFFSET)
		offset -= NOTIFY_OFFSET;
	else if (bar != NOTIFY_PIO_BAR || device->notify != VIRTIO_NOTIFY_PIO)
		return false;
	*index = offset / NOTIFY_MULTIPLIER;
	return offset / NOTIFY_MULTIPLIER < device->nr_queues;
}

static unsigned int round_up_to_power(unsigned int n, unsigned int least)
{
	unsigned int power = least;

	while (power < n)
		power *= 2;
	return power;
}

/*
 * Drivers are to take the first of several capabilities of a type that they can use (4.1.4). There
 * are some that can't use ports: DPDK's in a guest.
 */
static void put_all(FILE *text, const struct virtio_device *device)
{
	bool pio = device->notify == VIRTIO_NOTIFY_PIO;

	fprintf(text, "bar%u=mem32/%u,", CONFIG_BAR, CONFIG_BAR_SIZE);
	put_doorbells(text, device, false);
	if (pio) {
		fprintf(text, "bar%u=io/%u,", NOTIFY_PIO_BAR,
			round_up_to_power(device->nr_queues * NOTIFY_MULTIPLIER, NOTIFY_PIO_LEAST));
		put_doorbells(text, device, true);
	}
	fprintf(text, "msix=%u/table=%u@%u/pba=%u@%u,", nr_vectors(device), CONFIG_BAR,
		MSIX_TABLE_OFFSET, CONFIG_BAR, MSIX_PBA_OFFSET);
	put_capability(text, VIRTIO_PCI_CAP_COMMON_CFG, CONFIG_BAR, COMMON_OFFSET,
		       KVPCI_VIRTIO_COMMON);
	if (pio)
		put_notify_capability(text, device, true);
	put_notify_capability(text, device, false);
	put_capability(text, VIRTIO_PCI_CAP_ISR_CFG, CONFIG_BAR, ISR_OFFSET, ISR_LENGTH);
	if (device->config_length)
		put_capability(text, VIRTIO_PCI_CAP_DEVICE_CFG, CONFIG_BAR, DEVICE_OFFSET,
			       device->config_length);
	put_window(text);
}

static int describe(struct device_spec *spec)
{
	size_t length;
	char *text;
	FILE *file = open_memstream(&text, &length);
	int status;

	if (!file)
		return no_memory();
	put_identity(file, spec);
	put_all(file, spec->model_data);
	if (fclose(file))
		return no_memory();
	status = spec_add(spec, text);
	free(text);
	return status;
}

/* What does the back end offer, and what has it to say? */
static int ask(struct virtio_device *device)
{
	const struct backend_ops *ops = device->backend->ops;
	__u64 features;
	int error;

	error = ops->features(device->backend, &features);
	if (!error && ops->get_config)
		error = ops->get_config(device->backend, device->config, device->config_length);
	if (error)
		return fail("%s: %s does not tell what it offers: %s", device->label, ops->name,
			    strerror(-error));
	if (device->endpoint && !(iommu_has_clients(device->endpoint) &&
				  features & VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM)))
		return fail("%s: %s cannot be behind the IOMMU, leave out iommu=on",
			    device->label, ops->name);
	if (!(features & VIRTIO_FEATURE(VIRTIO_F_VERSION_1)))
		return fail("%s: %s is only for drivers before virtio 1.0, use a later one",
			    device->label, ops->name);
	device->offered = device->features |
			  (features & ~device->withheld &
			   (device->type->backend_features | RING_FEATURES));
	if (device->endpoint)
		device->offered |= VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM);
	if (ops->start_queue && ops->stop_queue)
		device->offered |= VIRTIO_FEATURE(VIRTIO_F_RING_RESET);
	return STATUS_OK;
}

static int make_kicks(struct virtio_device *device)
{
	int status = STATUS_OK;
	unsigned int i;

	device->kicks = event_array(device->nr_queues);
	if (!device->kicks)
		return no_memory();
	for (i = 0; !status && i < device->nr_queues; i++)
		status = event_create(&device->kicks[i]);
	return status;
}

static int create_endpoint(struct device_spec *spec, const struct guest_memory *memory)
{
	struct virtio_device *device = spec->model_data;

	if (!spec->translated)
		return STATUS_OK;
	device->endpoint = iommu_endpoint_create(memory->iommu);
	return device->endpoint ? STATUS_OK : no_memory();
}

/* With memory of ours instead of the guest's, and something in between that copies. */
static int open_bouncing(struct virtio_device *device, const struct guest_memory *memory)
{
	int status;
	int error;

	device->bounce = bounce_memory_create();
	if (!device->bounce)
		return no_memory();
	status = device->type->open(device, bounce_memory(device->bounce));
	if (status)
		return status;
	if (device->queue_size > BOUNCE_QUEUE_SIZE)
		device->queue_size = BOUNCE_QUEUE_SIZE;
	error = bounce_open(&device->backend, device->bounce, memory, device->endpoint,
			    device->nr_queues, device->queue_size);
	return error ? fail("%s: cannot be behind the IOMMU: %s, leave out iommu=on",
			    device->label, strerror(-error)) : STATUS_OK;
}

static int open_backend(struct virtio_device *device, const struct guest_memory *memory)
{
	return device->endpoint && device->type->bounces ? open_bouncing(device, memory) :
							   device->type->open(device, memory);
}

static int virtio_open(struct device_spec *spec, const struct guest_memory *memory)
{
	struct virtio_device *device = spec->model_data;
	int status;

	status = create_endpoint(spec, memory);
	if (!status)
		status = open_backend(device, memory);
	if (!status)
		status = ask(device);
	if (!status)
		status = make_kicks(device);
	if (status)
		return status;
	choose_notify(device, spec);
	return describe(spec);
}

void virtio_close(struct virtio_device *device)
{
	if (device->backend)
		device->backend->ops->close(device->backend);
	device->backend = NULL;
	bounce_memory_free(device->bounce);
	device->bounce = NULL;
	iommu_endpoint_free(device->endpoint);
	device->endpoint = NULL;
	if (device->type->close)
		device->type->close(device);
}

static void virtio_free(struct device_spec *spec)
{
	struct virtio_device *device = spec->model_data;

	if (!device)
		return;
	virtio_close(device);
	if (device->type->free)
		device->type->free(device);
	if (device->kicks)
		event_array_free(device->kicks, device->nr_queues);
	free(device->label);
	free(device);
	spec->model_data = NULL;
}

const struct model_description virtio_description = {
	.parse = virtio_parse,
	.check = virtio_check,
	.open = virtio_open,
	.free = virtio_free,
};
