// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a device of the host that is the guest's.
 *
 * Most of what the guest does with it comes to nobody here: BARs are memory, DMA goes through the
 * IOMMU, and interrupts from eventfd to eventfd. What comes here are accesses to what can't be
 * mapped, and writes to the registers of configuration space that the host has to know of: whether
 * it is a bus master, how it interrupts, how PCI Express is set up, and resets. Each of these
 * writes has been carried out by the kernel module; we look at what the registers hold now, and
 * bring the device in line. So it does not matter in which order those of several processors come.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "event.h"
#include "function.h"
#include "report.h"
#include "stop.h"
#include "turn.h"
#include "vfio/bars.h"
#include "vfio/internal.h"
#include "vfio/interrupts.h"
#include "vfio/assigned.h"

/* What becomes readable in state->events. */
enum source {
	SOURCE_ERROR,
	SOURCE_REQUEST,
	SOURCE_VECTORS,
	NR_SOURCES,
};

/**
 * struct state - a device that the guest has
 * @vfio: what it was described as
 * @function: its function
 * @lock: guards what follows
 * @command: what the device's command register was set to last
 * @control: likewise, PCI Express's device control
 * @control2: and device control 2
 * @not_reset: a reset has failed, of which has been told
 * @interrupts: its interrupts
 * @bars: its BARs
 * @sources: eventfds by which VFIO tells of the device, and the library of the guest's vectors
 * @events: an epoll instance of them
 * @leaving: the host wants it back, of which has been told
 */
struct state {
	struct vfio_function *vfio;
	struct function *function;
	pthread_mutex_t lock;
	__u16 command;
	__u16 control;
	__u16 control2;
	bool not_reset;
	struct vfio_interrupts interrupts;
	struct vfio_bars bars;
	int sources[NR_SOURCES];
	int events;
	bool leaving;
};

static __u16 read_register(const struct state *state, unsigned int at)
{
	__u16 value = 0;

	kvpci_function_read(state->function->handle, KVPCI_CONFIG, 0, at, &value, sizeof(value));
	return value;
}

static void write_device(const struct state *state, unsigned int at, __u16 value)
{
	vfio_device_write(&state->vfio->device, VFIO_PCI_CONFIG_REGION_INDEX, at, sizeof(value),
			  value);
}

static void follow_register(struct state *state, unsigned int at, __u16 value, __u16 *last)
{
	if (value == *last)
		return;
	*last = value;
	write_device(state, at, value);
}

/*
 * While the guest has disabled INTx, VFIO masks it and says nothing of it. The pin is low then: it
 * would stay high when the device has lowered its own. VFIO looks what that is afterwards.
 */
static void follow_command(struct state *state)
{
	const __u16 followed = PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE;
	__u16 last = state->command;

	follow_register(state, PCI_COMMAND, state->vfio->config.decode |
			(read_register(state, PCI_COMMAND) & followed), &state->command);
	if (state->interrupts.pin >= 0 && state->command & ~last & PCI_COMMAND_INTX_DISABLE)
		kvpci_function_lower(state->function->handle, KVPCI_INTX, 0);
}

/* Bring the device in line with what the guest's registers hold. */
static void follow(struct state *state)
{
	__u16 control = vfio_config_control(&state->vfio->config);
	__u16 control2 = vfio_config_control2(&state->vfio->config);

	follow_command(state);
	if (control)
		follow_register(state, control, read_register(state, control), &state->control);
	if (control2)
		follow_register(state, control2, read_register(state, control2),
				&state->control2);
	vfio_interrupts_follow(&state->interrupts);
}

static void vfio_written(void *opaque, unsigned int bar, __u64 offset, unsigned int size)
{
	struct state *state = opaque;

	(void)bar;
	(void)offset;
	(void)size;
	pthread_mutex_lock(&state->lock);
	follow(state);
	pthread_mutex_unlock(&state->lock);
}

/* That it is not, the user is told once: the guest can do it again and again. */
static void reset_device(struct state *state)
{
	int error = vfio_device_reset(&state->vfio->device);

	if (error && !state->not_reset)
		note("%s: the guest has reset it, but the host has not (%s): it goes on as it was, and if that does not do, start the guest anew",
		     state->vfio->label, strerror(-error));
	state->not_reset |= error;
}

/* The registers are as after a reset already. */
static void vfio_reset(void *opaque)
{
	struct state *state = opaque;
	const struct vfio_config *config = &state->vfio->config;
	__u16 control = vfio_config_control(config);
	__u16 control2 = vfio_config_control2(config);

	pthread_mutex_lock(&state->lock);
	vfio_interrupts_stop(&state->interrupts);
	write_device(state, PCI_COMMAND, config->decode);
	reset_device(state);
	state->command = config->decode;
	write_device(state, PCI_COMMAND, config->decode);
	/* Nothing that they could hold: they are written. */
	if (control)
		state->control = ~read_register(state, control);
	if (control2)
		state->control2 = ~read_register(state, control2);
	follow(state);
	pthread_mutex_unlock(&state->lock);
}

/*
 * How many bytes of an access to @size bytes at @offset are the device's own, and which of those
 * that are passed on: as many at a time as may be, since registers may have to be accessed as a
 * whole. 0: the first byte is the kernel module's.
 */
static unsigned int find_own(const struct state *state, __u64 offset, unsigned int size,
			     const struct vfio_passed **passed)
{
	const struct vfio_passed *found = vfio_config_find(&state->vfio->config, offset);
	unsigned int own = 8;

	*passed = found;
	if (!found)
		return 0;
	while (own > size || offset % own || offset + own > (__u64)found->at + found->length)
		own /= 2;
	return own;
}

static __u64 offset_in_device(const struct vfio_passed *passed, __u64 offset)
{
	return passed->device_at + (offset - passed->at);
}

/* An access to configuration space, of which some bytes are the device's own. */
static __u64 read_config(struct state *state, __u64 offset, unsigned int size)
{
	const struct vfio_passed *passed;
	unsigned int i, own;
	__u64 data = 0;

	kvpci_function_read(state->function->handle, KVPCI_CONFIG, 0, offset, &data, size);
	for (i = 0; i < size; i += own ? own : 1) {
		__u64 value;

		own = find_own(state, offset + i, size - i, &passed);
		if (!own)
			continue;
		value = vfio_device_read(&state->vfio->device, VFIO_PCI_CONFIG_REGION_INDEX,
					 offset_in_device(passed, offset + i), own);
		memcpy((__u8 *)&data + i, &value, own);
	}
	return data;
}

static void write_own(const struct state *state, const struct vfio_passed *passed, __u64 offset,
		      unsigned int size, __u64 data)
{
	if (!vfio_config_writes_vpd(passed, offset, size, data))
		vfio_device_write(&state->vfio->device, VFIO_PCI_CONFIG_REGION_INDEX,
				  offset_in_device(passed, offset), size, data);
}

static void write_config(struct state *state, __u64 offset, unsigned int size, __u64 data)
{
	const struct vfio_passed *passed;
	unsigned int i, own;

	for (i = 0; i < size; i += own ? own : 1) {
		own = find_own(state, offset + i, size - i, &passed);
		if (own)
			write_own(state, passed, offset + i, own, data >> 8 * i);
		else
			kvpci_function_write_as_guest(state->function->handle, KVPCI_CONFIG,
						      offset + i, data >> 8 * i & 0xff, 1);
	}
	vfio_written(state, KVPCI_CONFIG, offset, size);
}

static __u64 vfio_read(void *opaque, unsigned int bar, __u64 offset, unsigned int size)
{
	struct state *state = opaque;

	if (bar == KVPCI_CONFIG)
		return read_config(state, offset, size);
	return vfio_device_read(&state->vfio->device, bar, offset, size);
}

static void vfio_write(void *opaque, unsigned int bar, __u64 offset, unsigned int size, __u64 data)
{
	struct state *state = opaque;

	if (bar == KVPCI_CONFIG)
		write_config(state, offset, size, data);
	else
		vfio_device_write(&state->vfio->device, bar, offset, size, data);
}

static int vfio_poll_fd(void *opaque)
{
	return ((struct state *)opaque)->events;
}

/*
 * The host wants it back, of which VFIO tells every ten seconds until it has. The guest is asked to
 * release it, and again if it has not. A guest that can't be asked goes on: it may hold more than
 * that device, and when it ends is for its owner to say.
 */
static void give_back(struct state *state)
{
	struct function *port = state->function->parent;
	struct slot_control control = { 0 };
	bool can_ask = port && port->slot_control && !function_slot(port, &control) &&
		       control.served;

	if (can_ask && !function_is_asked(port, &control))
		function_press_button(port);
	if (!state->leaving)
		note("%s: the host wants it back, and %s", state->vfio->label,
		     can_ask ? "the guest is asked to release it" :
			       "waits for it, since it is in no slot that the guest serves: shut the guest down");
	state->leaving = true;
}

/* A processor that resets the device has the lock meanwhile. */
static void use_vectors(struct state *state)
{
	if (state->sources[SOURCE_VECTORS] < 0 || !turn_lock(&state->lock))
		return;
	if (event_take(state->sources[SOURCE_VECTORS]))
		vfio_interrupts_use(&state->interrupts);
	pthread_mutex_unlock(&state->lock);
}

static void vfio_dispatch(void *opaque)
{
	struct state *state = opaque;

	if (event_take(state->sources[SOURCE_REQUEST]))
		give_back(state);
	if (event_take(state->sources[SOURCE_ERROR]))
		stop_request(fail("%s: the device has reported an error that it can't recover from: the guest ends, reset the device",
				  state->vfio->label));
	use_vectors(state);
}

static int create_source(struct state *state, enum source source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = source };
	int status = event_create(&state->sources[source]);

	if (!status && epoll_ctl(state->events, EPOLL_CTL_ADD, state->sources[source], &event))
		return fail("%s: cannot wait for it: %s", state->vfio->label, strerror(errno));
	return status;
}

static int watch(struct state *state, enum source source, unsigned int index)
{
	const struct vfio_device *device = &state->vfio->device;
	int status = create_source(state, source);

	if (status)
		return status;
	/* Not all devices tell of these. */
	if (device->nr_irqs[index])
		vfio_device_set_irqs(device, index, 0, &state->sources[source], 1,
				     VFIO_IRQ_SET_ACTION_TRIGGER);
	return STATUS_OK;
}

static int create_events(struct state *state)
{
	int status;

	state->events = epoll_create1(EPOLL_CLOEXEC);
	if (state->events < 0)
		return fail("%s: cannot wait for it: %s", state->vfio->label, strerror(errno));
	status = watch(state, SOURCE_ERROR, VFIO_PCI_ERR_IRQ_INDEX);
	return status ? status : watch(state, SOURCE_REQUEST, VFIO_PCI_REQ_IRQ_INDEX);
}

/* If the host's vectors are allocated one by one, we are to know which. */
static int watch_vectors(struct state *state)
{
	int status, error;

	if (!state->interrupts.used)
		return STATUS_OK;
	status = create_source(state, SOURCE_VECTORS);
	if (status)
		return status;
	error = kvpci_function_watch_vectors(state->function->handle,
					     state->sources[SOURCE_VECTORS]);
	return error ? fail("%s: the library does not tell which vectors the guest uses: %s",
			    state->vfio->label, strerror(-error)) : STATUS_OK;
}

static int add_config_range(struct state *state, enum kvpci_range_kind kind, __u16 at,
			    __u16 length)
{
	int error = kvpci_function_add_range(state->function->handle, KVPCI_CONFIG, kind, at,
					     length, NULL);

	return error ? fail("%s: the kernel does not leave registers of configuration space: %s",
			    state->vfio->label, strerror(-error)) : STATUS_OK;
}

/* What the guest writes of these, we are told; and what is passed on. */
static int add_config_ranges(struct state *state)
{
	const struct vfio_config *config = &state->vfio->config;
	__u16 control = vfio_config_control(config);
	__u16 control2 = vfio_config_control2(config);
	int status = add_config_range(state, KVPCI_RANGE_EXIT, PCI_COMMAND, 2);
	unsigned int i;

	if (!status && config->msi)
		status = add_config_range(state, KVPCI_RANGE_EXIT, config->msi + PCI_MSI_FLAGS, 2);
	if (!status && config->msix)
		status = add_config_range(state, KVPCI_RANGE_EXIT, config->msix + PCI_MSIX_FLAGS,
					  2);
	if (!status && control)
		status = add_config_range(state, KVPCI_RANGE_EXIT, control, 2);
	if (!status && control2)
		status = add_config_range(state, KVPCI_RANGE_EXIT, control2, 2);
	for (i = 0; !status && i < config->nr_passed; i++)
		status = add_config_range(state, KVPCI_RANGE_USERSPACE, config->passed[i].at,
					  config->passed[i].length);
	return status;
}

static int create(struct state *state)
{
	const struct vfio_device *device = &state->vfio->device;
	struct function *function = state->function;
	int status;

	if (state->vfio->endpoint)
		iommu_endpoint_show(state->vfio->endpoint, function->slot);
	status = create_events(state);
	if (!status)
		status = add_config_ranges(state);
	if (!status)
		status = vfio_bars_create(&state->bars, device, function);
	if (!status)
		status = vfio_interrupts_create(&state->interrupts, device, function,
						&state->vfio->config, state->vfio->bypass);
	if (!status)
		status = watch_vectors(state);
	if (!status)
		follow(state);
	return status;
}

/* What goes by surprise is to be gone for the guest's memory when the guest learns of it. */
static void vfio_leave(void *opaque)
{
	struct state *state = opaque;

	write_device(state, PCI_COMMAND, state->command & ~PCI_COMMAND_MASTER);
}

static void vfio_destroy(void *opaque)
{
	struct state *state = opaque;
	size_t i;

	vfio_bars_destroy(&state->bars);
	/* What it still does ends here: VFIO resets it. */
	vfio_device_close(&state->vfio->device);
	/* What comes into its slot is another one: this leaves its domain. */
	iommu_endpoint_free(state->vfio->endpoint);
	state->vfio->endpoint = NULL;
	vfio_interrupts_destroy(&state->interrupts);
	for (i = 0; i < NR_SOURCES; i++) {
		if (state->sources[i] >= 0)
			close(state->sources[i]);
	}
	if (state->events >= 0)
		close(state->events);
	pthread_mutex_destroy(&state->lock);
	free(state);
}

static int vfio_create(struct function *function, void **opaque)
{
	struct state *state = calloc(1, sizeof(*state));
	int status;

	if (!state)
		return fail("not enough memory for the devices, describe fewer");
	state->vfio = function->spec->model_data;
	state->function = function;
	state->sources[SOURCE_ERROR] = -1;
	state->sources[SOURCE_REQUEST] = -1;
	state->sources[SOURCE_VECTORS] = -1;
	state->events = -1;
	state->command = state->vfio->config.decode;
	state->interrupts.pin = -1;
	state->interrupts.ack = -1;
	pthread_mutex_init(&state->lock, NULL);
	status = create(state);
	if (status)
		vfio_destroy(state);
	else
		*opaque = state;
	return status;
}

const struct device_model vfio_model = {
	.description = &vfio_description,
	.create = vfio_create,
	.leave = vfio_leave,
	.destroy = vfio_destroy,
	.read = vfio_read,
	.write = vfio_write,
	.written = vfio_written,
	.reset = vfio_reset,
	.poll_fd = vfio_poll_fd,
	.dispatch = vfio_dispatch,
};
