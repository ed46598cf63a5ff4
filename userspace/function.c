// SPDX-License-Identifier: GPL-2.0
/*
 * A PCI function of the guest, made from its description: configuration space with
 * its capabilities, regions, doorbells.
 *
 * Writes are counted by the eventfd itself, which adds up what it is signalled; nobody
 * has to wait for it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "event.h"
#include "function.h"
#include "model.h"
#include "report.h"

#define CAPABILITIES		0x34
#define BRIDGE_CONTROL		0x3e
#define CAP_POWER_MANAGEMENT	0x01
#define CAP_PCI_EXPRESS		0x10

/*
 * Power management, version 3: D0 and D3hot, and no reset between them. The power
 * state is there for the guest to set; it changes nothing.
 */
static const __u8 pm_value[] = { 0, 0, 0x03, 0x00, 0x08, 0x00, 0x00, 0x00 };
static const __u8 pm_writable[] = { 0, 0, 0, 0, 0x03, 0x00, 0x00, 0x00 };

/*
 * PCI Express, version 2. Reset values of device control: relaxed ordering and no snoop enabled,
 * reads of up to 512 bytes.
 */
static const __u8 pcie_value[60] = {
	[0x02] = 0x92, [0x05] = 0x80, [0x08] = 0x10, [0x09] = 0x28,
};

/*
 * The type of port, in byte 2. An endpoint integrated into the root complex has no link; a root
 * port and what is behind it share one, of one lane at 2.5 GT/s.
 */
#define PCIE_TYPE_BYTE		0x02
#define PCIE_ENDPOINT		0x02
#define PCIE_ROOT_PORT		0x42
#define PCIE_LINK_CAP_BYTE	0x0c
#define PCIE_LINK_CAP3_BYTE	0x0e
#define PCIE_LINK_CONTROL	0x10
#define PCIE_LINK_STATUS_BYTE	0x12
#define PCIE_LINK_CONTROL2_BYTE	0x30
#define PCIE_LINK_SPEED_1	0x01
#define PCIE_LINK_WIDTH_1	0x10
#define PCIE_LINK_REPORTS_ACTIVE	0x10

/*
 * A root port has a slot, which the kernel makes (see "slots" in linux/kvpci.h): with hot-plug, by
 * surprise too, an attention button, and a power indicator, by which the guest says that it has
 * released what is there. Commands are completed when they have been written. There is no power
 * control: Linux would wait for the button when something is plugged, and take a button that is
 * pressed a moment too late for the wish to have it back.
 */
#define PCIE_SLOT_BYTE		0x03
#define PCIE_SLOT_BIT		0x01
#define PCIE_SLOT_CAP_BYTE	0x14
#define PCIE_SLOT_CONTROL	0x18
#define PCIE_SLOT_STATUS	0x1a
#define SLOT_BUTTON		(1U << 0)
#define SLOT_INDICATOR		(1U << 4)
#define SLOT_SURPRISE		(1U << 5)
#define SLOT_HOTPLUG		(1U << 6)
#define SLOT_NO_COMPLETION	(1U << 18)
#define SLOT_NUMBER(slot)	((__u32)(slot) >> 3 << 19)
#define SLOT_CONTROL_BUTTON	0x0001
#define SLOT_CONTROL_INTERRUPT	0x0020
#define SLOT_CONTROL_INDICATOR	0x0300
#define SLOT_CONTROL_ON		0x0100
#define SLOT_CONTROL_BLINK	0x0200
#define SLOT_CONTROL_OFF	0x0300
#define SLOT_STATUS_BUTTON	0x0001
#define SLOT_STATUS_EVENTS	0x011f

/* Device capabilities, in byte 7: function-level reset. The kernel carries it out. */
#define PCIE_FLR_BYTE		0x07
#define PCIE_FLR_BIT		0x10

/* Device control: error reporting, relaxed ordering, no snoop, read request size. */
static const __u8 pcie_writable[60] = { [0x08] = 0x1f, [0x09] = 0x78 };

/* And a port's link control: link disable, common clock. */
static const __u8 port_writable[60] = { [0x08] = 0x1f, [0x09] = 0x78, [0x10] = 0x50 };

/* Device status: errors detected. */
static const __u8 pcie_write1clear[60] = { [0x0a] = 0x0f };

static __u64 user_pointer(const void *pointer)
{
	return (unsigned long)pointer;
}

static struct kvpci_capability fill_capability(const struct device_spec *spec,
					       const struct spec_capability *cap)
{
	struct kvpci_capability result = {
		.flags = cap->flags,
		.id = cap->id,
		.version = cap->version,
		.offset = cap->offset,
		.length = cap->bytes.length,
		.value = user_pointer(cap->bytes.value),
		.writable = user_pointer(cap->bytes.writable),
		.write1clear = user_pointer(cap->bytes.write1clear),
	};

	if (cap->flags & KVPCI_CAP_MSI) {
		result.length = sizeof(spec->msi);
		result.value = user_pointer(&spec->msi);
	}
	if (cap->flags & KVPCI_CAP_MSIX) {
		result.length = sizeof(spec->msix);
		result.value = user_pointer(&spec->msix);
	}
	return result;
}

static void fill_slot(const struct function *function, __u8 *pcie)
{
	const __u32 slot = SLOT_BUTTON | SLOT_INDICATOR | SLOT_SURPRISE | SLOT_HOTPLUG |
			   SLOT_NO_COMPLETION | SLOT_NUMBER(function->slot);

	pcie[PCIE_SLOT_BYTE] |= PCIE_SLOT_BIT;
	pcie[PCIE_LINK_CAP3_BYTE] |= PCIE_LINK_REPORTS_ACTIVE;
	memcpy(&pcie[PCIE_SLOT_CAP_BYTE], &slot, sizeof(slot));
	pcie[PCIE_SLOT_CONTROL + 1] = SLOT_CONTROL_OFF >> 8;
}

/* @pcie: room for the contents of the PCI Express capability. */
static size_t fill_capabilities(const struct function *function, struct kvpci_capability *caps,
				__u8 *pcie)
{
	const struct device_spec *spec = function->spec;
	size_t n = 0;
	size_t i;

	memcpy(pcie, pcie_value, sizeof(pcie_value));
	if (spec->flr)
		pcie[PCIE_FLR_BYTE] |= PCIE_FLR_BIT;
	if (spec->bridge || (function->parent && function->parent->spec->pcie)) {
		pcie[PCIE_TYPE_BYTE] = spec->bridge ? PCIE_ROOT_PORT : PCIE_ENDPOINT;
		pcie[PCIE_LINK_CAP_BYTE] = PCIE_LINK_SPEED_1 | PCIE_LINK_WIDTH_1;
		pcie[PCIE_LINK_STATUS_BYTE] = PCIE_LINK_SPEED_1 | PCIE_LINK_WIDTH_1;
		pcie[PCIE_LINK_CONTROL2_BYTE] = PCIE_LINK_SPEED_1;
	}
	if (spec->bridge)
		fill_slot(function, pcie);

	if (spec->pm)
		caps[n++] = (struct kvpci_capability){
			.id = CAP_POWER_MANAGEMENT,
			.length = sizeof(pm_value),
			.value = user_pointer(pm_value),
			.writable = user_pointer(pm_writable),
		};
	if (spec->pcie)
		caps[n++] = (struct kvpci_capability){
			.id = CAP_PCI_EXPRESS,
			.length = sizeof(pcie_value),
			.value = user_pointer(pcie),
			.writable = user_pointer(spec->bridge ? port_writable : pcie_writable),
			.write1clear = user_pointer(pcie_write1clear),
		};
	for (i = 0; i < spec->nr_capabilities; i++)
		caps[n++] = fill_capability(spec, &spec->capabilities[i]);
	return n;
}

static int failed(const struct function *function, const char *what, int error)
{
	return fail("--device: %s at %02x:%02x.%x: the kernel refuses %s: %s",
		    function->spec->name, function->slot >> 8, function->slot >> 3 & 0x1f,
		    function->slot & 7, what, strerror(-error));
}

static int no_memory(void)
{
	return fail("not enough memory for the devices, describe fewer");
}

static bool wants_resets(const struct device_spec *spec)
{
	return spec->model && spec->model->reset;
}

static int create_function(struct function *function, struct kvpci_host *bridge, size_t number)
{
	const struct device_spec *spec = function->spec;
	struct kvpci_capability caps[KVPCI_MAX_CAPABILITIES];
	__u8 pcie[sizeof(pcie_value)];
	struct kvpci_function_config config = {
		.size = sizeof(config),
		.flags = (spec->bridge ? KVPCI_FUNCTION_BRIDGE : 0) |
			 (wants_resets(spec) ? KVPCI_FUNCTION_RESET_EXIT : 0) |
			 (spec->watches_vectors ? KVPCI_FUNCTION_ROUTE_EVENTFD : 0),
		.devfn = function->slot & 0xff,
		.vendor = spec->vendor,
		.device = spec->device,
		.subsystem_vendor = spec->subsystem_vendor,
		.subsystem = spec->subsystem,
		.revision = spec->revision,
		.interrupt_pin = spec->interrupt_pin,
		.class_code = spec->class_code,
		.rom_size = spec->rom_size,
		.user_data = number,
		.capabilities = user_pointer(caps),
		.nr_capabilities = fill_capabilities(function, caps, pcie),
		.capability_size = sizeof(caps[0]),
	};

	int error;

	memcpy(config.bars, spec->bars, sizeof(config.bars));
	if (!function->parent)
		config.bus = function->slot >> 8;
	error = kvpci_function_create(bridge, &config,
				      function->parent ? function->parent->handle : NULL,
				      &function->handle);
	if (!error)
		return STATUS_OK;
	if (error == -ENOSPC)
		return fail("--device: %s: the capabilities do not fit into configuration space, leave some out",
			    spec->name);
	if (error == -EINVAL && spec->nr_capabilities)
		return fail("--device: %s: a capability collides with another or leaves configuration space, change its at=",
			    spec->name);
	if (error == -EMFILE || error == -ENFILE)
		return fail("too many open files, raise the limit (ulimit -n) or describe fewer devices");
	return failed(function, "the function", error);
}

/* The registers that a region has. */
static int describe_registers(struct function *function, size_t i,
			      struct kvpci_registers_config *registers)
{
	const struct spec_region *spec = &function->spec->regions[i];
	int status;

	registers->value = user_pointer(spec->bytes.value);
	if (spec->bar != KVPCI_BAR_ROM) {
		registers->writable = user_pointer(spec->bytes.writable);
		registers->write1clear = user_pointer(spec->bytes.write1clear);
	}
	if (spec->count) {
		status = event_create(&function->region_events[i]);
		if (status)
			return status;
		registers->flags |= KVPCI_REGISTERS_EVENTFD;
		registers->eventfd = function->region_events[i];
	}
	if (spec->trigger) {
		registers->flags |= KVPCI_REGISTERS_TRIGGER;
		registers->interrupt = spec->trigger;
		registers->vector = spec->vector;
	}
	if (spec->mirror)
		registers->flags |= KVPCI_REGISTERS_MIRROR;
	if (spec->lower) {
		registers->flags |= KVPCI_REGISTERS_LOWER;
		registers->interrupt = KVPCI_INTX;
	}
	return STATUS_OK;
}

static int add_region(struct function *function, size_t i)
{
	const struct spec_region *spec = &function->spec->regions[i];
	struct kvpci_registers_config registers = { .size = sizeof(registers) };
	bool ours = spec->keeper == KEEPER_LAUNCHER;
	int status;
	int error;

	if (ours) {
		function->user_values[i] = malloc(spec->bytes.length);
		if (!function->user_values[i])
			return no_memory();
		memcpy(function->user_values[i], spec->bytes.value, spec->bytes.length);
	} else {
		status = describe_registers(function, i, &registers);
		if (status)
			return status;
	}
	error = kvpci_function_add_range(function->handle, spec->bar,
					 ours ? KVPCI_RANGE_USERSPACE : KVPCI_RANGE_REGISTERS,
					 spec->offset, spec->bytes.length,
					 ours ? NULL : &registers);
	return error ? failed(function, "a region", error) : STATUS_OK;
}

int function_doorbell(struct function *function, const struct spec_doorbell *doorbell,
		      int eventfd, bool assign)
{
	const struct kvpci_doorbell request = {
		.size = sizeof(request),
		.flags = doorbell->has_data ? KVPCI_DOORBELL_DATAMATCH : 0,
		.bar = doorbell->bar,
		.length = doorbell->length,
		.offset = doorbell->offset,
		.datamatch = doorbell->data,
		.eventfd = eventfd,
	};

	return assign ? kvpci_function_add_doorbell(function->handle, &request) :
			kvpci_function_remove_doorbell(function->handle, &request);
}

static int add_doorbell(struct function *function, size_t i)
{
	const struct spec_doorbell *doorbell = &function->spec->doorbells[i];
	int event = doorbell->fd;
	int status;
	int error;

	if (event < 0) {
		status = event_create(&function->doorbell_events[i]);
		if (status)
			return status;
		event = function->doorbell_events[i];
	}
	error = function_doorbell(function, doorbell, event, true);
	return error ? failed(function, "a doorbell", error) : STATUS_OK;
}

int function_find_capability(struct function *function, __u8 id, __u16 *at)
{
	__u32 header;
	int status;

	*at = 0;
	status = function_read_config(function, CAPABILITIES, 1, &header);
	while (!status && (header & 0xff)) {
		*at = header & 0xff;
		status = function_read_config(function, *at, 2, &header);
		if ((header & 0xff) == id)
			return status;
		header >>= 8;
	}
	*at = 0;
	return status;
}

/* A port with a slot: we are to know when the guest turns its indicator off. */
static int create_slot(struct function *function)
{
	int status;
	int error;
	__u16 at;

	if (!function->spec->bridge || !function->spec->pcie)
		return STATUS_OK;
	status = function_find_capability(function, CAP_PCI_EXPRESS, &at);
	if (status || !at)
		return status;
	function->slot_control = at + PCIE_SLOT_CONTROL;
	error = kvpci_function_add_range(function->handle, KVPCI_CONFIG, KVPCI_RANGE_EXIT,
					 function->slot_control, 2, NULL);
	return error ? failed(function, "to tell of its slot", error) : STATUS_OK;
}

/* We are to know when the guest resets what is behind a bridge, or disables its link. */
static int tell_of_resets(struct function *bridge)
{
	int status;
	int error;
	__u16 at;

	if (bridge->tells_of_resets)
		return STATUS_OK;
	bridge->tells_of_resets = true;
	status = function_find_capability(bridge, CAP_PCI_EXPRESS, &at);
	if (status)
		return status;
	error = kvpci_function_add_range(bridge->handle, KVPCI_CONFIG, KVPCI_RANGE_EXIT,
					 BRIDGE_CONTROL, 2, NULL);
	if (!error && at)
		error = kvpci_function_add_range(bridge->handle, KVPCI_CONFIG, KVPCI_RANGE_EXIT,
						 at + PCIE_LINK_CONTROL, 2, NULL);
	return error ? failed(bridge, "to tell of resets", error) : STATUS_OK;
}

static int create_model(struct function *function)
{
	const struct device_model *model = function->spec->model;
	struct function *bridge = function->parent;
	int status = STATUS_OK;

	if (!model)
		return STATUS_OK;
	for (; wants_resets(function->spec) && bridge && !status; bridge = bridge->parent)
		status = tell_of_resets(bridge);
	return status ? status : model->create(function, &function->model_state);
}

static int create(struct function *function, struct kvpci_host *bridge, size_t number)
{
	const struct device_spec *spec = function->spec;
	int status;
	size_t i;

	function->doorbell_events = event_array(spec->nr_doorbells);
	function->region_events = event_array(spec->nr_regions);
	function->user_values = calloc(spec->nr_regions + 1, sizeof(*function->user_values));
	if (!function->doorbell_events || !function->region_events || !function->user_values)
		return no_memory();

	status = create_function(function, bridge, number);
	if (!status)
		status = create_slot(function);
	for (i = 0; !status && i < spec->nr_regions; i++)
		status = add_region(function, i);
	for (i = 0; !status && i < spec->nr_doorbells; i++)
		status = add_doorbell(function, i);
	return status ? status : create_model(function);
}

int function_create(struct function *function, struct kvpci_host *bridge, const struct slot *slot,
		    struct function *parent, size_t number)
{
	int status;

	*function = (struct function){
		.spec = slot->spec, .slot = slot->slot, .place = slot, .parent = parent,
		.rest = -1,
	};
	pthread_mutex_init(&function->lock, NULL);
	status = create(function, bridge, number);
	if (status)
		function_destroy(function);
	return status;
}

void function_detach(struct function *function, struct function *detached)
{
	const struct device_model *model = function->spec->model;

	if (function->model_state && model->leave)
		model->leave(function->model_state);
	kvpci_function_free(function->handle);
	function->handle = NULL;
	if (function->rest >= 0)
		close(function->rest);
	function->rest = -1;
	pthread_mutex_destroy(&function->lock);
	*detached = *function;
	*function = (struct function){ .spec = NULL };
}

void function_release(struct function *detached)
{
	const struct device_spec *spec = detached->spec;
	size_t i;

	if (detached->model_state)
		spec->model->destroy(detached->model_state);
	event_array_free(detached->doorbell_events, spec->nr_doorbells);
	event_array_free(detached->region_events, spec->nr_regions);
	for (i = 0; detached->user_values && i < spec->nr_regions; i++)
		free(detached->user_values[i]);
	free(detached->user_values);
}

void function_destroy(struct function *function)
{
	struct function detached;

	if (!function->spec)
		return;
	function_detach(function, &detached);
	function_release(&detached);
}

int function_plug(struct function *function)
{
	int error = kvpci_function_plug(function->handle);

	return error ? failed(function, "to plug it", error) : STATUS_OK;
}

static int config_failed(const struct function *function, int error)
{
	return failed(function, "access to configuration space", error);
}

int function_read_config(struct function *function, __u16 offset, unsigned int size,
			 __u32 *value)
{
	__u64 read;
	int error = kvpci_function_read_as_guest(function->handle, KVPCI_CONFIG, offset, &read,
						 size);

	*value = error ? 0 : read;
	return error ? config_failed(function, error) : STATUS_OK;
}

int function_write_config(struct function *function, __u16 offset, unsigned int size,
			  __u32 value)
{
	int error = kvpci_function_write_as_guest(function->handle, KVPCI_CONFIG, offset, value,
						  size);

	return error ? config_failed(function, error) : STATUS_OK;
}

int function_slot(struct function *port, struct slot_control *control)
{
	const __u32 served = SLOT_CONTROL_INTERRUPT | SLOT_CONTROL_BUTTON;
	__u32 value;
	int status = function_read_config(port, port->slot_control, 2, &value);

	*control = (struct slot_control){
		.served = (value & served) == served,
		.off = (value & SLOT_CONTROL_INDICATOR) == SLOT_CONTROL_OFF,
		.blinking = (value & SLOT_CONTROL_INDICATOR) == SLOT_CONTROL_BLINK,
	};
	return status;
}

int function_set_indicator(struct function *port, bool on)
{
	__u32 value;
	int status = function_read_config(port, port->slot_control, 2, &value);

	value = (value & ~SLOT_CONTROL_INDICATOR) | (on ? SLOT_CONTROL_ON : SLOT_CONTROL_OFF);
	return status ? status : function_write_config(port, port->slot_control, 2, value);
}

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + 1;
}

int function_press_button(struct function *port)
{
	const __u16 button = SLOT_STATUS_BUTTON;
	int error;

	port->leaving = now();
	error = kvpci_function_write(port->handle, KVPCI_CONFIG, 0,
				     port->slot_control + PCIE_SLOT_STATUS - PCIE_SLOT_CONTROL,
				     &button, &button, sizeof(button));
	return error ? failed(port, "to press a slot's button", error) : STATUS_OK;
}

/* Linux lets 5 seconds pass, in which another press is a change of mind. */
#define UNDECIDED	10

bool function_is_asked(const struct function *port, const struct slot_control *control)
{
	return port->leaving && (control->blinking || now() - port->leaving < UNDECIDED);
}

int function_start_slot(struct function *port, bool occupied)
{
	int status = function_set_indicator(port, occupied);

	return status ? status :
	       function_write_config(port,
				     port->slot_control + PCIE_SLOT_STATUS - PCIE_SLOT_CONTROL,
				     2, SLOT_STATUS_EVENTS);
}

/*
 * The byte at @offset of BAR @bar among the registers that we keep, as an index into
 * its region; NULL if there is none. Returns the region's number in @i.
 */
static const struct spec_region *find_region(const struct function *function, unsigned int bar,
					     __u64 offset, size_t *i)
{
	const struct device_spec *spec = function->spec;

	for (*i = 0; *i < spec->nr_regions; (*i)++) {
		const struct spec_region *region = &spec->regions[*i];

		if (region->keeper == KEEPER_LAUNCHER && region->bar == bar &&
		    offset >= region->offset && offset - region->offset < region->bytes.length)
			return region;
	}
	return NULL;
}

/* Bytes after the end of the region that the access starts in read all ones. */
static __u64 read_registers(struct function *function, unsigned int bar, __u64 offset,
			    unsigned int size)
{
	const struct spec_region *region;
	__u64 data = ~0ULL;
	size_t left;
	size_t i;

	region = find_region(function, bar, offset, &i);
	if (!region)
		return data;
	offset -= region->offset;
	left = region->bytes.length - offset;
	pthread_mutex_lock(&function->lock);
	memcpy(&data, function->user_values[i] + offset, left < size ? left : size);
	pthread_mutex_unlock(&function->lock);
	return data;
}

static void write_registers(struct function *function, unsigned int bar, __u64 offset,
			    unsigned int size, __u64 data)
{
	const struct spec_region *region;
	unsigned int byte;
	size_t i;

	region = find_region(function, bar, offset, &i);
	if (!region)
		return;
	offset -= region->offset;
	pthread_mutex_lock(&function->lock);
	for (byte = 0; byte < size && offset + byte < region->bytes.length; byte++) {
		__u8 *value = &function->user_values[i][offset + byte];
		__u8 writable = region->bytes.writable[offset + byte];
		__u8 write1clear = region->bytes.write1clear[offset + byte];
		__u8 written = data >> (8 * byte);

		*value = (*value & ~writable) | (written & writable);
		*value &= ~(written & write1clear);
	}
	pthread_mutex_unlock(&function->lock);
}

__u64 function_read(struct function *function, unsigned int bar, __u64 offset,
		    unsigned int size)
{
	if (function->model_state)
		return function->spec->model->read(function->model_state, bar, offset, size);
	return read_registers(function, bar, offset, size);
}

void function_write(struct function *function, unsigned int bar, __u64 offset,
		    unsigned int size, __u64 data)
{
	if (function->model_state)
		function->spec->model->write(function->model_state, bar, offset, size, data);
	else
		write_registers(function, bar, offset, size, data);
}

void function_written(struct function *function, unsigned int bar, __u64 offset,
		      unsigned int size)
{
	const struct device_model *model = function->spec->model;

	if (model && model->written)
		model->written(function->model_state, bar, offset, size);
}

void function_was_reset(struct function *function)
{
	if (wants_resets(function->spec))
		function->spec->model->reset(function->model_state);
}

int function_poll_fd(const struct function *function)
{
	const struct device_model *model = function->spec->model;

	return model && model->poll_fd ? model->poll_fd(function->model_state) : -1;
}

void function_dispatch(struct function *function)
{
	function->spec->model->dispatch(function->model_state);
}

static void print_count(const struct function *function, const char *what, unsigned int bar,
			__u64 offset, int event)
{
	eventfd_t count = 0;

	/* Fails if there was no event, which leaves 0. */
	eventfd_read(event, &count);
	fprintf(stderr, "%s %02x:%02x.%x bar%u@%#llx %llu\n", what, function->slot >> 8,
		function->slot >> 3 & 0x1f, function->slot & 7, bar, offset,
		(unsigned long long)count);
}

void function_print_counts(struct function *function)
{
	const struct device_spec *spec = function->spec;
	size_t i;

	if (!spec)
		return;
	for (i = 0; i < spec->nr_doorbells; i++) {
		if (function->doorbell_events[i] >= 0)
			print_count(function, "doorbell", spec->doorbells[i].bar,
				    spec->doorbells[i].offset, function->doorbell_events[i]);
	}
	for (i = 0; i < spec->nr_regions; i++) {
		if (function->region_events[i] >= 0)
			print_count(function, "writes", spec->regions[i].bar,
				    spec->regions[i].offset, function->region_events[i]);
	}
}
