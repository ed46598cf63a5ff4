// SPDX-License-Identifier: GPL-2.0
/*
 * The PCI bus of the bench: a kvpci host bridge, the device that is measured, and
 * others that are only there.
 *
 * The device is QEMU's pci-testdev as far as the guest program uses it: each of its first
 * two BARs starts with a header that says where its doorbell is. A third one has a table of
 * MSI-X and nothing else, so that it can be mirrored. It comes last on the bus.
 * The others have BARs of several sizes and kinds, for a map that has but one is
 * easily searched.
 */
#include <libkvpci.h>
#include <string.h>
#include <unistd.h>
#include <linux/kvpci.h>

#include "bus.h"
#include "lib/die.h"
#include "lib/event.h"
#include "lib/follower.h"
#include "lib/ioctls.h"
#include "machine.h"

#define ECAM			0xe0000000
#define MEM32			0x80000000
#define MEM32_LENGTH		0x60000000
#define PHYS_BITS		36	/* more than the guest uses */
#define FIRST_SLOT		1		/* 0 is memory */
#define NR_SLOTS		4096
#define IO			0x1000
#define IO_LENGTH		0xf000

#define VENDOR			0x1b36	/* Red Hat's, for QEMU's devices */
#define BRIDGE			0x0008
#define TESTDEV			0x0005
#define OTHER			0x0011
#define CLASS_OTHERS		0xff0000
#define CLASS_SYSTEM		0x088000

#define TESTDEV_MEMORY		4096
#define TESTDEV_PORTS		256
#define TESTDEV_TABLE		4096	/* that, and what QEMU's does not have, MSI-X */
#define TESTDEV_PBA		2048
#define DOORBELL		64
#define REGISTERS		64
#define TESTDEV_PAD		2

struct header {
	__u8 test;
	__u8 width;
	__u8 pad[2];
	__u32 offset;
	__u32 data;
	__u32 count;
	char name[REGISTERS - 16];
};

void bus_create_host(struct machine *vm)
{
	const struct kvpci_host_config config = {
		.size = sizeof(config),
		.flags = KVPCI_HOST_CONFIG_PORTS | KVPCI_HOST_ECAM |
			 (vm->mirrored ? KVPCI_HOST_MIRROR : 0),
		.vm_fd = vm->fd,
		.last_bus = 255,
		.ecam = ECAM,
		.io = { .base = IO, .length = IO_LENGTH },
		.mem32 = { .base = MEM32, .length = MEM32_LENGTH },
		.vendor = VENDOR,
		.device = BRIDGE,
	};
	const struct kvpci_machine machine = {
		.size = sizeof(machine),
		.first_slot = FIRST_SLOT,
		.nr_slots = NR_SLOTS,
		.phys_bits = PHYS_BITS,
	};
	int device = must(kvpci_open());

	must(kvpci_host_create(device, &config, &machine, &vm->bridge));
	close(device);
	if (vm->mirrored)
		follower_new(vm->bridge);
}

static void add_doorbell(int function, unsigned int bar, const char *name)
{
	struct header header = { .width = 4, .offset = DOORBELL, .data = 0xfa };
	struct header writable = { .pad = { 0xff, 0xff } };
	struct range_desc range = {
		.bar = bar,
		.kind = KVPCI_RANGE_REGISTERS,
		.length = sizeof(header),
		.value = (unsigned long)&header,
		.writable = (unsigned long)&writable,
	};
	struct kvpci_doorbell desc = {
		.size = sizeof(desc),
		.bar = bar,
		.length = header.width,
		.offset = DOORBELL,
		.eventfd = event_new(),
	};

	strcpy(header.name, name);
	must(add_range(function, &range));
	must(doorbell(function, &desc));
}

static void add_testdev(int host, __u8 devfn)
{
	struct kvpci_msix msix = {
		.size = sizeof(msix),
		.vectors = 1,
		.table_bar = 2,
		.pba_bar = 2,
		.pba_offset = TESTDEV_PBA,
	};
	struct kvpci_capability capability = {
		.flags = KVPCI_CAP_MSIX,
		.id = CAPABILITY_MSIX,
		.length = sizeof(msix),
		.value = (unsigned long)&msix,
	};
	struct kvpci_function_config config = {
		.size = sizeof(config),
		.devfn = devfn,
		.vendor = VENDOR,
		.device = TESTDEV,
		.class_code = CLASS_OTHERS,
		.bars[0] = { .size = TESTDEV_MEMORY },
		.bars[1] = { .size = TESTDEV_PORTS, .flags = KVPCI_BAR_IO },
		.bars[2] = { .size = TESTDEV_TABLE },
		.capabilities = (unsigned long)&capability,
		.nr_capabilities = 1,
		.capability_size = sizeof(struct kvpci_capability),
	};
	int function = must(create_function(host, &config));

	add_doorbell(function, 0, "mmio-wildcard-eventfd");
	add_doorbell(function, 1, "portio-wildcard-eventfd");
	must(plug(function));
}

static void add_other(int host, __u8 devfn)
{
	struct kvpci_function_config config = {
		.size = sizeof(config),
		.devfn = devfn,
		.vendor = VENDOR,
		.device = OTHER,
		.class_code = CLASS_SYSTEM,
		.capability_size = sizeof(struct kvpci_capability),
	};

	switch (devfn % 4) {
	case 0:
		config.bars[0].size = 16;
		break;
	case 1:
		config.bars[0].size = 4096;
		config.bars[1].size = 32;
		config.bars[1].flags = KVPCI_BAR_IO;
		break;
	case 2:
		config.bars[0].size = 16384;
		config.bars[0].flags = KVPCI_BAR_64BIT | KVPCI_BAR_PREFETCH;
		break;
	case 3:
		config.bars[0].size = 1 << 20;
		config.bars[0].flags = KVPCI_BAR_64BIT;
		config.bars[2].size = 4096;
	}
	must(plug(must(create_function(host, &config))));
}

/* Put @functions functions on bus 0, behind the bridge's own. */
void bus_create(struct machine *vm, unsigned int functions)
{
	unsigned int devfn;
	int host;

	bus_create_host(vm);
	host = kvpci_host_fd(vm->bridge);
	for (devfn = 1; devfn < functions; devfn++)
		add_other(host, devfn);
	add_testdev(host, functions);
}
