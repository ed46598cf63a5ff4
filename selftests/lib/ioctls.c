// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of uapi/linux/kvpci.h. They return what the kernel does, or minus errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "die.h"
#include "ioctls.h"

/* The module may not have been loaded yet. */
int kvpci_open(void)
{
	int fd = open(KVPCI_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && !system("modprobe kvpci"))
		fd = open(KVPCI_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int kvpci_ioctl(int fd, unsigned long cmd, const void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

int create_host(const struct kvpci_host_config *config)
{
	int fd = kvpci_open(), ret;

	if (fd < 0)
		die("no " KVPCI_DEVICE_PATH ": %s", strerror(-fd));
	ret = kvpci_ioctl(fd, KVPCI_CREATE_HOST, config);
	close(fd);
	return ret;
}

int create_function(int host_fd, const struct kvpci_function_config *config)
{
	return kvpci_ioctl(host_fd, KVPCI_CREATE_FUNCTION, config);
}

int plug(int function)
{
	return kvpci_ioctl(function, KVPCI_PLUG, NULL);
}

/* What only registers have is passed on for other kinds too, if it is there. */
int add_range(int function, const struct range_desc *range)
{
	const struct kvpci_registers_config registers = {
		.size = sizeof(registers),
		.flags = range->flags,
		.value = range->value,
		.writable = range->writable,
		.write1clear = range->write1clear,
		.readclear = range->readclear,
		.eventfd = range->eventfd,
		.interrupt = range->interrupt,
		.vector = range->vector,
	};
	const struct kvpci_registers_config none = { .size = sizeof(none) };
	struct kvpci_range_config config = {
		.size = sizeof(config),
		.bar = range->bar,
		.flags = range->range_flags,
		.kind = range->kind,
		.offset = range->offset,
		.length = range->length,
	};

	if (range->range_flags & KVPCI_RANGE_REMOVE)
		return kvpci_ioctl(function, KVPCI_ADD_RANGE, &config);
	if (range->kind == KVPCI_RANGE_REGISTERS ||
	    memcmp(&registers, &none, sizeof(none)))
		config.data = (unsigned long)&registers;
	return kvpci_ioctl(function, KVPCI_ADD_RANGE, &config);
}

int doorbell(int function, const struct kvpci_doorbell *doorbell)
{
	return kvpci_ioctl(function, KVPCI_DOORBELL, doorbell);
}

static int access_registers(int function, unsigned int cmd, __u32 bar, __u32 bank,
			    __u64 offset, const void *data, __u32 length)
{
	struct kvpci_access access = {
		.size = sizeof(access),
		.bar = bar,
		.bank = bank,
		.offset = offset,
		.length = length,
		.data = (unsigned long)data,
	};

	return kvpci_ioctl(function, cmd, &access);
}

int device_read(int function, __u32 bar, __u64 offset, void *data, __u32 length)
{
	return access_registers(function, KVPCI_READ, bar, 0, offset, data, length);
}

int device_write(int function, __u32 bar, __u64 offset, const void *data,
		 __u32 length)
{
	return access_registers(function, KVPCI_WRITE, bar, 0, offset, data, length);
}

int bank_read(int function, __u32 bar, __u32 bank, __u64 offset, void *data, __u32 length)
{
	return access_registers(function, KVPCI_READ, bar, bank, offset, data, length);
}

int bank_write(int function, __u32 bar, __u32 bank, __u64 offset, const void *data,
	       __u32 length)
{
	return access_registers(function, KVPCI_WRITE, bar, bank, offset, data, length);
}

static int add_kind(int function, __u32 kind, __u32 bar, __u64 offset, __u64 length,
		    const void *data)
{
	const struct kvpci_range_config config = {
		.size = sizeof(config),
		.bar = bar,
		.kind = kind,
		.offset = offset,
		.length = length,
		.data = (unsigned long)data,
	};

	return kvpci_ioctl(function, KVPCI_ADD_RANGE, &config);
}

int add_banks(int function, __u32 bar, __u64 offset, __u64 length,
	      struct kvpci_banks_config banks)
{
	banks.size = sizeof(banks);
	return add_kind(function, KVPCI_RANGE_BANKS, bar, offset, length, &banks);
}

int add_virtio(int function, __u32 bar, __u64 offset, __u64 length,
	       struct kvpci_virtio_config virtio)
{
	virtio.size = sizeof(virtio);
	if (!virtio.queue_size)
		virtio.queue_size = sizeof(struct kvpci_virtio_queue);
	return add_kind(function, KVPCI_RANGE_VIRTIO, bar, offset, length, &virtio);
}

/* Write configuration space as the guest does, where there is no vCPU to do it. */
void write_as_guest(int function, __u32 offset, __u32 length, __u32 value)
{
	struct kvpci_access access = {
		.size = sizeof(access),
		.flags = KVPCI_ACCESS_AS_GUEST,
		.bar = KVPCI_CONFIG,
		.offset = offset,
		.length = length,
		.data = (unsigned long)&value,
	};

	must(kvpci_ioctl(function, KVPCI_WRITE, &access));
}

int get_delivery(void)
{
	int fd = must(kvpci_open());
	int ret = must(kvpci_ioctl(fd, KVPCI_GET_DELIVERY, NULL));

	close(fd);
	return ret;
}

static int change_binding(int function, __u32 flags, __u32 interrupt, __u32 vector,
			  int eventfd)
{
	struct kvpci_binding binding = {
		.size = sizeof(binding),
		.flags = flags,
		.interrupt = interrupt,
		.vector = vector,
		.eventfd = eventfd,
	};

	return kvpci_ioctl(function, KVPCI_BIND, &binding);
}

int bind_eventfd(int function, __u32 interrupt, __u32 vector, int eventfd)
{
	return change_binding(function, 0, interrupt, vector, eventfd);
}

int unbind(int function, __u32 interrupt, __u32 vector)
{
	return change_binding(function, KVPCI_BIND_REMOVE, interrupt, vector, 0);
}

static int change_level(int function, __u32 flags, __u32 interrupt, __u32 vector)
{
	struct kvpci_trigger trigger = {
		.size = sizeof(trigger),
		.flags = flags,
		.interrupt = interrupt,
		.vector = vector,
	};

	return kvpci_ioctl(function, KVPCI_TRIGGER, &trigger);
}

int trigger(int function, __u32 interrupt, __u32 vector)
{
	return change_level(function, 0, interrupt, vector);
}

int withdraw(int function, __u32 interrupt, __u32 vector)
{
	return change_level(function, KVPCI_TRIGGER_LOWER, interrupt, vector);
}

/* The pin. */
int lower(int function)
{
	return withdraw(function, KVPCI_INTX, 0);
}

int reset(int function)
{
	return kvpci_ioctl(function, KVPCI_RESET, NULL);
}

/* @route: the interrupt and the first vector are set. */
int get_route(int function, struct kvpci_route *route)
{
	*route = (struct kvpci_route) {
		.size = sizeof(*route),
		.flags = route->flags,
		.interrupt = route->interrupt,
		.vector = route->vector,
	};
	return kvpci_ioctl(function, KVPCI_GET_ROUTE, route);
}

static int change_route(int function, const struct kvpci_route *route)
{
	struct kvpci_route change = *route;

	change.size = sizeof(change);
	return kvpci_ioctl(function, KVPCI_SET_ROUTE, &change);
}

int set_route(int function, __u32 interrupt, __u32 vector, __u64 sequence, int eventfd,
	      int resample)
{
	return change_route(function, &(struct kvpci_route) {
		.interrupt = interrupt,
		.vector = vector,
		.sequence = sequence,
		.eventfd = eventfd,
		.resample_eventfd = resample,
	});
}

int leave_vector(int function, __u32 interrupt, __u32 vector)
{
	return change_route(function, &(struct kvpci_route) {
		.flags = KVPCI_ROUTE_REMOVE | KVPCI_ROUTE_LEAVE,
		.interrupt = interrupt,
		.vector = vector,
	});
}

int remove_route(int function, __u32 interrupt, __u32 vector)
{
	return change_route(function, &(struct kvpci_route) {
		.flags = KVPCI_ROUTE_REMOVE,
		.interrupt = interrupt,
		.vector = vector,
	});
}
