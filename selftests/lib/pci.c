// SPDX-License-Identifier: GPL-2.0
/*
 * Host bridges and functions for tests, with what a test does not care about filled
 * in, and configuration space as the guest accesses it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "die.h"
#include "environment.h"
#include "event.h"
#include "follower.h"
#include "guest.h"
#include "ioctls.h"
#include "pci.h"

#define FIRST_SLOT	1		/* 0 is memory */
#define NR_SLOTS	4096

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

static struct host *host_of(struct vm *vm, const struct kvpci_host_config *config)
{
	struct host *host = calloc(1, sizeof(*host));

	if (!host)
		die("out of memory");
	host->vm = vm;
	host->config = *config;
	return host;
}

/* Routes of messages, of a machine that takes interrupts. */
static void make_gsis(struct host *host)
{
	struct vm *vm = host->vm;

	if (vm->flags & VM_INTERRUPTS && host->config.vm_fd == vm->fd)
		must(kvpci_gsis_create(vm->fd,
				       vm->flags & VM_X2APIC_API ? KVPCI_GSIS_X2APIC_API : 0,
				       NULL, 0, &host->gsis));
}

static void make_bridge(struct host *host, const struct kvpci_host_config *config)
{
	const struct kvpci_machine machine = {
		.size = sizeof(machine),
		.first_slot = FIRST_SLOT,
		.nr_slots = NR_SLOTS,
		.phys_bits = host->vm->phys_bits,
		.gsis = host->gsis,
	};
	int device = must(kvpci_open());
	int ret = kvpci_host_create(device, config, &machine, &host->bridge);

	if (ret)
		die("kvpci_host_create: %s", strerror(-ret));
	close(device);
	host->fd = kvpci_host_fd(host->bridge);
}

/* With mirrors, if this is a run with mirrors. One bridge of a machine has them. */
struct host *host_new_from(struct vm *vm, const struct kvpci_host_config *config)
{
	struct kvpci_host_config desc = *config;
	struct host *host = host_of(vm, config);

	host->mirrored = mirrors_wanted() && !vm->mirrored && config->vm_fd == vm->fd;
	if (host->mirrored)
		desc.flags |= KVPCI_HOST_MIRROR;
	make_gsis(host);
	make_bridge(host, &desc);
	if (host->mirrored)
		vm->mirrored = host->bridge;
	if (host->mirrored ||
	    (host->gsis && kvpci_host_delivery(host->bridge) == KVPCI_DELIVERY_IRQFD))
		host->follower = follower_new(host->bridge);
	return host;
}

struct host *host_new(struct vm *vm)
{
	struct kvpci_host_config config = host_defaults(vm);

	return host_new_from(vm, &config);
}

/* Without the library, so that its descriptor is nobody's but the caller's. */
struct host *host_new_plain(struct vm *vm)
{
	struct kvpci_host_config config = host_defaults(vm);
	struct host *host = host_of(vm, &config);

	host->fd = create_host(&config);
	if (host->fd < 0)
		die("KVPCI_CREATE_HOST: %s", strerror(-host->fd));
	return host;
}

/* Follow nothing any more that the kernel tells. */
void host_ignore(struct host *host)
{
	if (host->follower)
		follower_free(host->follower);
	host->follower = NULL;
}

/* With it go functions that were made by function_by_library(). */
void host_close(struct host *host)
{
	if (host->fd < 0)
		return;
	host_ignore(host);
	if (host->mirrored)
		host->vm->mirrored = NULL;
	if (host->bridge)
		kvpci_host_free(host->bridge);
	else
		close(host->fd);
	kvpci_gsis_free(host->gsis);
	host->bridge = NULL;
	host->gsis = NULL;
	host->mirrored = false;
	host->fd = -1;
}

/* Bring the memory of the guest in line with what has changed. */
void host_sync(struct host *host)
{
	if (host->bridge)
		must(kvpci_host_sync(host->bridge));
}

/* How often memory of the guest has come or gone. */
__u64 host_updates(struct host *host)
{
	struct kvpci_counts counts;

	kvpci_host_count(host->bridge, &counts, sizeof(counts));
	return counts.memory;
}

void host_free(struct host *host)
{
	host_close(host);
	free(host);
}

static struct kvpci_function_config function_defaults(int bdf, struct kvpci_function_config desc)
{
	desc.size = sizeof(desc);
	desc.capability_size = sizeof(struct kvpci_capability);
	desc.devfn = bdf;
	desc.vendor = desc.vendor ?: VENDOR;
	desc.device = desc.device ?: DEVICE;
	return desc;
}

/**
 * function_new() - describe a function
 * @host: its bridge
 * @bdf: where it is; of one behind a bridge the bus is the guest's to number
 * @desc: the rest; an ID that is 0 gets a default
 *
 * Return: its descriptor
 */
int function_new(struct host *host, int bdf, struct kvpci_function_config desc)
{
	int fd;

	desc = function_defaults(bdf, desc);
	if (!(desc.flags & KVPCI_FUNCTION_BEHIND))
		desc.bus = bdf >> 8;
	fd = create_function(host->fd, &desc);
	if (fd < 0)
		die("KVPCI_CREATE_FUNCTION: %s", strerror(-fd));
	return fd;
}

/* The same by the library, which makes routes of messages. @parent: NULL if it is behind none. */
struct kvpci_function *function_by_library(struct host *host, int bdf,
					   struct kvpci_function_config desc,
					   const struct kvpci_function *parent)
{
	struct kvpci_function *function;

	desc = function_defaults(bdf, desc);
	if (!parent)
		desc.bus = bdf >> 8;
	must(kvpci_function_create(host->bridge, &desc, parent, &function));
	return function;
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
	struct range_desc range = {
		.bar = bar,
		.kind = KVPCI_RANGE_REGISTERS,
		.offset = offset,
		.length = length,
		.value = (unsigned long)value,
		.writable = (unsigned long)writable,
		.write1clear = (unsigned long)write1clear,
		.flags = mirrors_wanted() ? KVPCI_REGISTERS_MIRROR : 0,
	};
	int ret = add_range(function, &range);

	/* Not everything can be mirrored. */
	if (ret == -EINVAL && range.flags) {
		range.flags = 0;
		ret = add_range(function, &range);
	}
	if (ret)
		die("KVPCI_ADD_RANGE: %s", strerror(-ret));
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
	struct range_desc range = {
		.bar = bar,
		.kind = KVPCI_RANGE_USERSPACE,
		.offset = offset,
		.length = length,
	};
	int ret = add_range(function, &range);

	if (ret)
		die("KVPCI_ADD_RANGE: %s", strerror(-ret));
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
	host_sync(host);
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
