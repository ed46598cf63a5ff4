// SPDX-License-Identifier: GPL-2.0
/*
 * Functions that interrupt a rig, and the guest's driver of these.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "die.h"
#include "environment.h"
#include "event.h"
#include "follower.h"
#include "guest.h"
#include "ioctls.h"
#include "irqfd.h"

#define BAR_STRIDE	0x1000000ULL	/* from function to function, */
#define BAR_ROOM	0x200000ULL	/* and from BAR to BAR */

static unsigned int find_capability(int function, __u8 id)
{
	__u8 at, header[2];

	must(device_read(function, KVPCI_CONFIG, PCI_CAPABILITY_LIST, &at, 1));
	while (at) {
		must(device_read(function, KVPCI_CONFIG, at, header, 2));
		if (header[0] == id)
			return at;
		at = header[1];
	}
	return 0;
}

#define MSI_TRIGGERS	(4 * NR_TRIGGERS)
#define PIN_RAISE	(8 * NR_TRIGGERS)
#define PIN_LOWER	(8 * NR_TRIGGERS + 4)

/**
 * trigger_place() - the register that triggers a vector
 * @device: with 'triggers'
 * @interrupt: enum kvpci_interrupt
 * @vector: below NR_TRIGGERS
 */
__u64 trigger_place(const struct device *device, __u32 interrupt, __u32 vector)
{
	__u64 base = device->bar[BAR_TRIGGERS];

	if (interrupt == KVPCI_INTX)
		return base + PIN_RAISE;
	return base + (interrupt == KVPCI_MSI ? MSI_TRIGGERS : 0) + 4 * vector;
}

/* The register that lowers the pin. */
__u64 lower_place(const struct device *device)
{
	return device->bar[BAR_TRIGGERS] + PIN_LOWER;
}

static void add_trigger(struct device *device, __u32 flags, __u32 interrupt, __u32 vector,
			__u64 offset)
{
	struct range_desc range = {
		.flags = flags,
		.bar = BAR_TRIGGERS,
		.kind = KVPCI_RANGE_REGISTERS,
		.offset = offset,
		.length = 4,
		.interrupt = interrupt,
		.vector = vector,
	};
	int ret = add_range(device->function, &range);

	if (ret)
		die("KVPCI_ADD_RANGE: %s", strerror(-ret));
}

static void add_triggers(struct device *device)
{
	const struct device_desc *desc = &device->desc;
	__u32 i;

	for (i = 0; i < NR_TRIGGERS; i++) {
		if (i < desc->msix.vectors)
			add_trigger(device, KVPCI_REGISTERS_TRIGGER, KVPCI_MSIX, i, 4 * i);
		if (i < desc->msi.vectors)
			add_trigger(device, KVPCI_REGISTERS_TRIGGER, KVPCI_MSI, i,
				    MSI_TRIGGERS + 4 * i);
	}
	if (desc->pin) {
		add_trigger(device, KVPCI_REGISTERS_TRIGGER, KVPCI_INTX, 0, PIN_RAISE);
		add_trigger(device, KVPCI_REGISTERS_LOWER, KVPCI_INTX, 0, PIN_LOWER);
	}
}

/* With function-level reset, and nothing else. */
static const __u8 express_value[0x3c] = {
	[PCI_EXP_FLAGS] = 2 | PCI_EXP_TYPE_RC_END << 4,
	[PCI_EXP_DEVCAP + 3] = PCI_EXP_DEVCAP_FLR >> 24,
};

static const __u8 express_writable[0x3c] = {
	[PCI_EXP_DEVCTL] = 0x1f,
	[PCI_EXP_DEVCTL + 1] = 0x70,
};

/* All that a caller may ask the kernel for, which has a slot's masks its own way. */
static const __u8 port_writable[0x3c] = { [PCI_EXP_DEVCTL ... PCI_EXP_LNKCTL] = 0xff };

static void describe_port(const struct device_desc *desc, __u8 *value)
{
	const __u32 link = PCI_EXP_LNKCAP_DLLLARC | PCI_EXP_LNKCAP_SLS_2_5GB | 1 << 4;

	memset(value, 0, sizeof(port_writable));
	value[PCI_EXP_FLAGS] = 2 | PCI_EXP_TYPE_ROOT_PORT << 4;
	value[PCI_EXP_FLAGS + 1] = PCI_EXP_FLAGS_SLOT >> 8 | desc->vector << 1;
	memcpy(value + PCI_EXP_LNKCAP, &link, sizeof(link));
	value[PCI_EXP_LNKSTA] = 1 | 1 << 4;
	memcpy(value + PCI_EXP_SLTCAP, &desc->slot, sizeof(desc->slot));
}

/* @port: room for the contents of a port's PCI Express capability. */
static unsigned int describe_capabilities(struct device_desc *desc,
					  struct kvpci_capability *caps, __u8 *port)
{
	unsigned int nr = 0;

	if (desc->msix.vectors) {
		desc->msix.size = sizeof(desc->msix);
		caps[nr++] = (struct kvpci_capability) {
			.flags = KVPCI_CAP_MSIX,
			.id = PCI_CAP_ID_MSIX,
			.length = sizeof(desc->msix),
			.value = (unsigned long)&desc->msix,
		};
	}
	if (desc->msi.vectors) {
		desc->msi.size = sizeof(desc->msi);
		caps[nr++] = (struct kvpci_capability) {
			.flags = KVPCI_CAP_MSI,
			.id = PCI_CAP_ID_MSI,
			.length = sizeof(desc->msi),
			.value = (unsigned long)&desc->msi,
		};
	}
	if (desc->express)
		caps[nr++] = (struct kvpci_capability) {
			.id = PCI_CAP_ID_EXP,
			.length = sizeof(express_value),
			.value = (unsigned long)express_value,
			.writable = (unsigned long)express_writable,
		};
	if (desc->slot) {
		describe_port(desc, port);
		caps[nr++] = (struct kvpci_capability) {
			.id = PCI_CAP_ID_EXP,
			.length = sizeof(port_writable),
			.value = (unsigned long)port,
			.writable = (unsigned long)port_writable,
		};
	}
	return nr;
}

static void default_bars(struct device_desc *desc)
{
	int i;

	for (i = 0; i < KVPCI_NUM_BARS; i++)
		if (desc->bars[i].size)
			return;
	desc->bars[BAR_MSIX].size = 0x10000;
	if (!desc->slot)
		desc->bars[BAR_TRIGGERS].size = 0x1000;
	if (desc->msix.vectors && !desc->msix.pba_bar && !desc->msix.pba_offset)
		desc->msix.pba_offset = desc->msix.table_offset +
					MSIX_ENTRY * desc->msix.vectors;
}

static void make_function(struct device *device, struct kvpci_function_config config)
{
	const struct device_desc *desc = &device->desc;
	struct host *host = device->rig->host;

	if (!desc->unkept) {
		config.flags |= desc->hands ? KVPCI_FUNCTION_ROUTE_EVENTFD : 0;
		device->handle = function_by_library(host, desc->bdf, config, desc->behind);
		device->function = must(dup(kvpci_function_fd(device->handle)));
		return;
	}
	device->route_event = event_new();
	config.flags |= KVPCI_FUNCTION_ROUTE_EVENTFD;
	config.route_eventfd = device->route_event;
	if (desc->behind) {
		config.flags |= KVPCI_FUNCTION_BEHIND;
		config.parent = kvpci_function_fd(desc->behind);
	}
	device->function = function_new(host, desc->bdf, config);
}

/**
 * device_new() - make a function that interrupts
 * @rig: its machine
 * @desc: what it is like
 *
 * The guest does not see it before device_plug().
 */
struct device *device_new(struct rig *rig, struct device_desc desc)
{
	struct device *device = calloc(1, sizeof(*device));
	__u8 port[sizeof(port_writable)];
	struct kvpci_capability caps[3];
	struct kvpci_function_config config = {
		.flags = KVPCI_FUNCTION_RESET_EVENTFD | (desc.slot ? KVPCI_FUNCTION_BRIDGE : 0),
		.capabilities = (unsigned long)caps,
		.interrupt_pin = desc.pin,
		.class_code = desc.slot ? 0x060400 : 0,
	};

	if (!device)
		die("out of memory");
	device->rig = rig;
	device->reset_event = event_new();
	default_bars(&desc);
	memcpy(config.bars, desc.bars, sizeof(config.bars));
	config.nr_capabilities = describe_capabilities(&desc, caps, port);
	config.reset_eventfd = device->reset_event;
	device->desc = desc;
	make_function(device, config);
	device->msix = find_capability(device->function, PCI_CAP_ID_MSIX);
	device->msi = find_capability(device->function, PCI_CAP_ID_MSI);
	device->express = find_capability(device->function, PCI_CAP_ID_EXP);
	if (desc.triggers)
		add_triggers(device);
	return device;
}

/**
 * device_place() - put a plugged function's BARs where they are to be, as firmware does
 * @device: the function
 * @command: what to write to the command register then
 */
void device_place(struct device *device, __u16 command)
{
	struct host *host = device->rig->host;
	const int bdf = device->desc.bdf;
	int i;

	for (i = 0; i < KVPCI_NUM_BARS; i++) {
		const struct kvpci_bar *bar = &device->desc.bars[i];
		__u64 place = BAR_STRIDE * (bdf & 0xff) + BAR_ROOM * i;

		if (!bar->size)
			continue;
		if (bar->flags & KVPCI_BAR_IO) {
			place = IO_BASE + 0x100 * (bdf & 0xff);
			set_bar(host, bdf, i, place);
		} else if (bar->flags & KVPCI_BAR_64BIT) {
			place += host->config.mem64.base;
			set_bar64(host, bdf, i, place);
		} else {
			place += MEM32_BASE;
			set_bar(host, bdf, i, place);
		}
		device->bar[i] = place;
	}
	device->table = device->bar[device->desc.msix.table_bar] +
			device->desc.msix.table_offset;
	device->pba = device->bar[device->desc.msix.pba_bar] +
		      device->desc.msix.pba_offset;
	set_command(host, bdf, command);
	settle(device);
}

/* Plug it, place its BARs, and let it be a bus master. */
void device_plug(struct device *device)
{
	must(plug(device->function));
	device_place(device, DECODE_ALL | PCI_COMMAND_MASTER);
}

struct device *device_plugged(struct rig *rig, struct device_desc desc)
{
	struct device *device = device_new(rig, desc);

	device_plug(device);
	return device;
}

/* Take its function from the guest. If its host has been closed, the library has none any more. */
void device_close(struct device *device)
{
	if (device->handle && device->rig->host->bridge)
		kvpci_function_free(device->handle);
	device->handle = NULL;
	if (device->function >= 0)
		close(device->function);
	device->function = -1;
}

void device_free(struct device *device)
{
	int i, n;

	device_close(device);
	disconnect_pin(device);
	for (i = 0; i <= KVPCI_MSIX; i++)
		for (n = 0; n < NR_TRIGGERS; n++)
			if (device->source[i][n])
				close(device->source[i][n]);
	close(device->reset_event);
	if (device->route_event)
		close(device->route_event);
	free(device);
}

/* Does a message wait for its route? */
static bool is_waiting(const struct device *device, struct kvpci_route *route)
{
	const __u32 vectors[] = {
		[KVPCI_MSI] = device->desc.msi.vectors, [KVPCI_MSIX] = device->desc.msix.vectors,
	};
	__u32 interrupt;

	for (interrupt = KVPCI_MSI; interrupt <= KVPCI_MSIX; interrupt++) {
		*route = (struct kvpci_route) { .interrupt = interrupt };
		if (vectors[interrupt] && !get_route(device->function, route))
			return true;
	}
	return false;
}

/* Wait until messages that are ready have their routes. */
void settle(struct device *device)
{
	struct host *host = device->rig->host;
	time_t end = time(NULL) + patience();
	struct kvpci_route route;

	if (device->desc.unkept || !host->follower ||
	    kvpci_host_delivery(host->bridge) == KVPCI_DELIVERY_DIRECT)
		return;

	for (follower_settle(host->follower); is_waiting(device, &route);
	     follower_settle(host->follower)) {
		if (time(NULL) > end)
			die("vector %u waits for its route, and nobody was told",
			    route.vector);
		usleep(100);
	}
}

void bar_write(struct device *device, __u64 addr, __u8 size, __u64 value)
{
	guest_store(device->rig->vm, addr, size, value);
	settle(device);
}

__u64 bar_read(struct device *device, __u64 addr, __u8 size)
{
	return guest_load(device->rig->vm, addr, size);
}

void config_write(struct device *device, unsigned int offset, __u8 size, __u32 value)
{
	cfg_write(device->rig->host, BY_ECAM, device->desc.bdf, offset, size, value);
	settle(device);
}

__u32 config_read(struct device *device, unsigned int offset, __u8 size)
{
	return cfg_read(device->rig->host, BY_ECAM, device->desc.bdf, offset, size);
}

void set_master(struct device *device, bool on)
{
	config_write(device, PCI_COMMAND, 2, DECODE_ALL | (on ? PCI_COMMAND_MASTER : 0));
}

static __u64 table_entry(const struct device *device, unsigned int vector)
{
	return device->table + MSIX_ENTRY * vector;
}

void msix_control(struct device *device, __u16 value)
{
	config_write(device, device->msix + PCI_MSIX_FLAGS, 2, value);
}

/* The mask stays as it is. */
void msix_message(struct device *device, unsigned int vector, __u64 address, __u32 data)
{
	struct vcpu *vcpu = &device->rig->vm->vcpus[0];

	guest_begin(vcpu);
	add_store(vcpu, table_entry(device, vector) + PCI_MSIX_ENTRY_LOWER_ADDR, 4, address);
	add_store(vcpu, table_entry(device, vector) + PCI_MSIX_ENTRY_UPPER_ADDR, 4, address >> 32);
	add_store(vcpu, table_entry(device, vector) + PCI_MSIX_ENTRY_DATA, 4, data);
	guest_run(vcpu, 1);
	settle(device);
}

void msix_mask(struct device *device, unsigned int vector, bool masked)
{
	bar_write(device, table_entry(device, vector) + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, masked);
}

bool msix_pending(struct device *device, unsigned int vector)
{
	return bar_read(device, device->pba + vector / 64 * 8, 8) >> (vector % 64) & 1;
}

static bool has_64_bits(const struct device *device)
{
	return device->desc.msi.flags & KVPCI_MSI_64BIT;
}

void msi_message(struct device *device, __u64 address, __u16 data)
{
	unsigned int at = device->msi;

	config_write(device, at + PCI_MSI_ADDRESS_LO, 4, address);
	if (has_64_bits(device))
		config_write(device, at + PCI_MSI_ADDRESS_HI, 4, address >> 32);
	config_write(device, at + (has_64_bits(device) ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32),
		     2, data);
}

void msi_control(struct device *device, __u16 value)
{
	config_write(device, device->msi + PCI_MSI_FLAGS, 2, value);
}

unsigned int msi_mask_register(const struct device *device)
{
	return device->msi + (has_64_bits(device) ? PCI_MSI_MASK_64 : PCI_MSI_MASK_32);
}

unsigned int msi_pending_register(const struct device *device)
{
	return device->msi + (has_64_bits(device) ? PCI_MSI_PENDING_64 : PCI_MSI_PENDING_32);
}

/**
 * fire() - trigger an interrupt
 * @device: whose
 * @how: by what means
 * @interrupt: enum kvpci_interrupt
 * @vector: which; below NR_TRIGGERS unless by ioctl
 */
void fire(struct device *device, enum source how, __u32 interrupt, __u32 vector)
{
	int *source;

	switch (how) {
	case BY_EVENTFD:
		source = &device->source[interrupt][vector];
		if (!*source) {
			*source = event_new();
			must(bind_eventfd(device->function, interrupt, vector, *source));
		}
		event_signal(*source);
		break;
	case BY_REGISTER:
		guest_store(device->rig->vm, trigger_place(device, interrupt, vector), 4, 1);
		break;
	default:
		must(trigger(device->function, interrupt, vector));
	}
}

/**
 * connect_pin() - have a function's INTx pin lead to a pin of the IOAPIC
 * @device: the function
 * @gsi: which pin
 */
void connect_pin(struct device *device, __u32 gsi)
{
	device->gsi = gsi;
	device->irqfd = event_new();
	device->resample = event_new();
	must(irqfd_set(device->rig->vm->fd, gsi, device->irqfd, device->resample));
	must(set_route(device->function, KVPCI_INTX, 0, 0, device->irqfd, device->resample));
}

/* The function is closed, or has another route. */
void disconnect_pin(struct device *device)
{
	if (!device->gsi)
		return;

	irqfd_unset(device->rig->vm->fd, device->gsi, device->irqfd);
	close(device->irqfd);
	close(device->resample);
	device->gsi = 0;
}
