// SPDX-License-Identifier: GPL-2.0
/*
 * Host bridges and functions for tests: the ioctls of uapi/linux/kvpci.h with the
 * fields that a test does not care about filled in, and configuration space as the
 * guest accesses it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mirrors.h"
#include "pci.h"

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

int add_region(int function, const struct kvpci_region *region)
{
	return kvpci_ioctl(function, KVPCI_ADD_REGION, region);
}

int doorbell(int function, const struct kvpci_doorbell *doorbell)
{
	return kvpci_ioctl(function, KVPCI_DOORBELL, doorbell);
}

int device_read(int function, __u32 bar, __u64 offset, void *data, __u32 length)
{
	struct kvpci_access access = {
		.size = sizeof(access),
		.bar = bar,
		.offset = offset,
		.length = length,
		.data = (unsigned long)data,
	};

	return kvpci_ioctl(function, KVPCI_READ, &access);
}

int device_write(int function, __u32 bar, __u64 offset, const void *data,
		 __u32 length)
{
	struct kvpci_access access = {
		.size = sizeof(access),
		.bar = bar,
		.offset = offset,
		.length = length,
		.data = (unsigned long)data,
	};

	return kvpci_ioctl(function, KVPCI_WRITE, &access);
}

int get_exit(int host_fd, const struct guest_exit *exit, int vcpu,
	     struct kvpci_exit *answer)
{
	*answer = (struct kvpci_exit) {
		.size = sizeof(*answer),
		.flags = exit->io ? KVPCI_EXIT_IO : 0,
		.vcpu = vcpu,
		.address = exit->addr,
	};
	return kvpci_ioctl(host_fd, KVPCI_GET_EXIT, answer);
}

/**
 * host_defaults() - a host bridge with all windows
 * @vm: its machine
 *
 * The 64-bit window is [2^40, 2^41), or the upper half of the addresses of a guest
 * that has no more.
 */
struct kvpci_host_config host_defaults(struct vm *vm)
{
	unsigned int bit = vm->phys_bits > 40 ? 40 : vm->phys_bits - 1;

	return (struct kvpci_host_config) {
		.size = sizeof(struct kvpci_host_config),
		.flags = KVPCI_HOST_CONFIG_PORTS | KVPCI_HOST_ECAM,
		.vm_fd = vm->fd,
		.last_bus = 255,
		.ecam = ECAM_BASE,
		.io = { .base = IO_BASE, .length = IO_LENGTH },
		.mem32 = { .base = MEM32_BASE, .length = MEM32_LENGTH },
		.mem64 = { .base = 1ULL << bit, .length = 1ULL << bit },
		.vendor = BRIDGE_VENDOR,
		.device = BRIDGE_DEVICE,
	};
}

static struct host *make_host(struct vm *vm, const struct kvpci_host_config *config,
			      bool mirrored)
{
	struct kvpci_host_config desc = *config;
	struct host *host = calloc(1, sizeof(*host));

	if (!host)
		die("out of memory");
	host->vm = vm;
	host->config = *config;
	/* One bridge of a machine has them. */
	mirrored &= !vm->mirrors && config->vm_fd == vm->fd;
	if (mirrored) {
		desc.flags |= KVPCI_HOST_MIRROR;
		desc.mirror_eventfd = event_new();
		host->mirrors = mirrors_new(vm, desc.mirror_eventfd);
		vm->mirrors = host->mirrors;
	}
	host->fd = create_host(&desc);
	if (host->fd < 0)
		die("KVPCI_CREATE_HOST: %s", strerror(-host->fd));
	if (mirrored)
		mirrors_begin(host->mirrors, host->fd,
			      desc.flags & KVPCI_HOST_ECAM ? desc.ecam : 0,
			      desc.first_bus, desc.last_bus);
	return host;
}

/* With mirrors, if this is a run with mirrors. */
struct host *host_new_from(struct vm *vm, const struct kvpci_host_config *config)
{
	return make_host(vm, config, mirrors_wanted());
}

struct host *host_new(struct vm *vm)
{
	struct kvpci_host_config config = host_defaults(vm);

	return host_new_from(vm, &config);
}

/* Without mirrors, so that its descriptor is nobody's but the caller's. */
struct host *host_new_plain(struct vm *vm)
{
	struct kvpci_host_config config = host_defaults(vm);

	return make_host(vm, &config, false);
}

void host_close(struct host *host)
{
	if (host->fd < 0)
		return;
	if (host->mirrors) {
		mirrors_free(host->mirrors);
		host->mirrors = NULL;
		host->vm->mirrors = NULL;
	}
	close(host->fd);
	host->fd = -1;
}

void host_free(struct host *host)
{
	host_close(host);
	free(host);
}

/**
 * function_new() - describe a function
 * @host: its bridge
 * @bdf: where it is
 * @desc: the rest; an ID that is 0 gets a default
 *
 * Return: its descriptor
 */
int function_new(struct host *host, int bdf, struct kvpci_function_config desc)
{
	int fd;

	desc.size = sizeof(desc);
	desc.capability_size = sizeof(struct kvpci_capability);
	desc.bus = bdf >> 8;
	desc.devfn = bdf;
	desc.vendor = desc.vendor ?: VENDOR;
	desc.device = desc.device ?: DEVICE;
	fd = create_function(host->fd, &desc);
	if (fd < 0)
		die("KVPCI_CREATE_FUNCTION: %s", strerror(-fd));
	return fd;
}

/* function_new(), and the guest sees it. */
int function_plugged(struct host *host, int bdf,
		     struct kvpci_function_config desc)
{
	int fd = function_new(host, bdf, desc);

	must(plug(fd));
	return fd;
}

void add_registers(int function, __u32 bar, __u64 offset, __u64 length,
		   const void *value, const void *writable,
		   const void *write1clear)
{
	struct kvpci_region region = {
		.size = sizeof(region),
		.bar = bar,
		.kind = KVPCI_REGION_REGISTERS,
		.offset = offset,
		.length = length,
		.value = (unsigned long)value,
		.writable = (unsigned long)writable,
		.write1clear = (unsigned long)write1clear,
		.flags = mirrors_wanted() ? KVPCI_REGION_MIRROR : 0,
	};
	int ret = add_region(function, &region);

	/* Not everything can be mirrored. */
	if (ret == -EINVAL && region.flags) {
		region.flags = 0;
		ret = add_region(function, &region);
	}
	if (ret)
		die("KVPCI_ADD_REGION: %s", strerror(-ret));
}

/* Registers all bits of which the guest can write. */
void add_memory(int function, __u32 bar, __u64 offset, __u64 length)
{
	void *writable = malloc(length);

	if (!writable)
		die("out of memory");
	memset(writable, 0xff, length);
	add_registers(function, bar, offset, length, NULL, writable, NULL);
	free(writable);
}

void add_userspace(int function, __u32 bar, __u64 offset, __u64 length)
{
	struct kvpci_region region = {
		.size = sizeof(region),
		.bar = bar,
		.kind = KVPCI_REGION_USERSPACE,
		.offset = offset,
		.length = length,
	};
	int ret = add_region(function, &region);

	if (ret)
		die("KVPCI_ADD_REGION: %s", strerror(-ret));
}

int event_new(void)
{
	return must(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

/* How often an eventfd has been signalled since this was last asked. */
__u64 event_count(int eventfd)
{
	__u64 count;

	if (read(eventfd, &count, sizeof(count)) == sizeof(count))
		return count;
	if (errno != EAGAIN)
		die("eventfd: %m");
	return 0;
}

/**
 * doorbell_at() - have writes of @length bytes to a place in a BAR counted
 *
 * Return: an eventfd
 */
int doorbell_at(int function, __u32 bar, __u64 offset, __u32 length)
{
	struct kvpci_doorbell desc = {
		.size = sizeof(desc),
		.bar = bar,
		.offset = offset,
		.length = length,
		.eventfd = event_new(),
	};
	int ret = doorbell(function, &desc);

	if (ret)
		die("KVPCI_DOORBELL: %s", strerror(-ret));
	return desc.eventfd;
}

__u64 ecam_address(const struct host *host, int bdf, unsigned int offset)
{
	return host->config.ecam + ((__u64)bdf << 12) + offset;
}

/* Point the data ports at a register. */
static __u16 add_cf8_address(struct vcpu *vcpu, int bdf, unsigned int offset)
{
	if (offset > 0xff)
		die("ports don't reach register %#x", offset);
	add_out(vcpu, CF8_ADDRESS, 4,
		CF8_ENABLE | (__u32)bdf << 8 | (offset & 0xfc));
	return CF8_DATA + (offset & 3);
}

struct agent_op *add_cfg_read(struct vcpu *vcpu, const struct host *host,
			      enum mechanism how, int bdf, unsigned int offset,
			      __u8 size)
{
	if (how == BY_PORTS)
		return add_in(vcpu, add_cf8_address(vcpu, bdf, offset), size);
	return add_load(vcpu, ecam_address(host, bdf, offset), size);
}

struct agent_op *add_cfg_write(struct vcpu *vcpu, const struct host *host,
			       enum mechanism how, int bdf, unsigned int offset,
			       __u8 size, __u64 value)
{
	if (how == BY_PORTS)
		return add_out(vcpu, add_cf8_address(vcpu, bdf, offset), size,
			       value);
	return add_store(vcpu, ecam_address(host, bdf, offset), size, value);
}

__u64 cfg_read(struct host *host, enum mechanism how, int bdf,
	       unsigned int offset, __u8 size)
{
	struct vcpu *vcpu = &host->vm->vcpus[0];
	struct agent_op *op;

	guest_begin(vcpu);
	op = add_cfg_read(vcpu, host, how, bdf, offset, size);
	guest_run(vcpu, 1);
	return op->result;
}

void cfg_write(struct host *host, enum mechanism how, int bdf,
	       unsigned int offset, __u8 size, __u64 value)
{
	struct vcpu *vcpu = &host->vm->vcpus[0];

	guest_begin(vcpu);
	add_cfg_write(vcpu, host, how, bdf, offset, size, value);
	guest_run(vcpu, 1);
	mirrors_sync(host->mirrors);
}

void set_command(struct host *host, int bdf, __u16 command)
{
	cfg_write(host, BY_ECAM, bdf, PCI_COMMAND, 2, command);
}

void set_bar(struct host *host, int bdf, unsigned int bar, __u32 value)
{
	cfg_write(host, BY_ECAM, bdf, bar_register(bar), 4, value);
}

/* The lower half first, as Linux does. */
void set_bar64(struct host *host, int bdf, unsigned int bar, __u64 value)
{
	set_bar(host, bdf, bar, value);
	set_bar(host, bdf, bar + 1, value >> 32);
}
