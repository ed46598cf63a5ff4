// SPDX-License-Identifier: GPL-2.0
/*
 * The PCI bus of the bench: a kvpci host bridge, the device that is measured, and
 * others that are only there.
 *
 * The device is QEMU's pci-testdev as far as the guest program uses it: each of its two
 * BARs starts with a header that says where its doorbell is. It comes last on the bus.
 * The others have BARs of several sizes and kinds, for a map that has but one is
 * easily searched.
 */
#include <string.h>
#include <sys/ioctl.h>
#include <fcntl.h>
#include <linux/kvpci.h>

#include "bus.h"
#include "machine.h"
#include "mirrors.h"

#define ECAM			0xe0000000
#define MEM32			0x80000000
#define MEM32_LENGTH		0x60000000
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

/* Make a request that has to succeed. */
int kvpci(int fd, unsigned long request, void *argument, const char *what)
{
	int ret = ioctl(fd, request, argument);

	if (ret < 0)
		die("can't %s: %m", what);
	return ret;
}

int bus_create_host(struct machine *vm)
{
	struct kvpci_host_config config = {
		.size = sizeof(config),
		.flags = KVPCI_HOST_CONFIG_PORTS | KVPCI_HOST_ECAM,
		.vm_fd = vm->fd,
		.last_bus = 255,
		.ecam = ECAM,
		.io = { .base = IO, .length = IO_LENGTH },
		.mem32 = { .base = MEM32, .length = MEM32_LENGTH },
		.vendor = VENDOR,
		.device = BRIDGE,
	};
	int fd = open(KVPCI_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	int host;

	if (fd < 0)
		die("can't open %s: %m; load the module", KVPCI_DEVICE_PATH);
	if (vm->mirrored) {
		config.flags |= KVPCI_HOST_MIRROR;
		config.mirror_eventfd = machine_eventfd();
	}
	host = kvpci(fd, KVPCI_CREATE_HOST, &config, "create a host bridge");
	if (vm->mirrored)
		mirrors_create(vm, host, ECAM);
	return host;
}

static void add_doorbell(int function, unsigned int bar, const char *name)
{
	struct header header = { .width = 4, .offset = DOORBELL, .data = 0xfa };
	struct header writable = { .pad = { 0xff, 0xff } };
	struct kvpci_region region = {
		.size = sizeof(region),
		.bar = bar,
		.kind = KVPCI_REGION_REGISTERS,
		.length = sizeof(header),
		.value = (unsigned long)&header,
		.writable = (unsigned long)&writable,
	};
	struct kvpci_doorbell doorbell = {
		.size = sizeof(doorbell),
		.bar = bar,
		.length = header.width,
		.offset = DOORBELL,
		.eventfd = machine_eventfd(),
	};

	strcpy(header.name, name);
	kvpci(function, KVPCI_ADD_REGION, &region, "add registers");
	kvpci(function, KVPCI_DOORBELL, &doorbell, "add a doorbell");
}

static void plug(int function)
{
	kvpci(function, KVPCI_PLUG, NULL, "plug a function");
}

static void add_testdev(int host, __u8 devfn)
{
	struct kvpci_function_config config = {
		.size = sizeof(config),
		.devfn = devfn,
		.vendor = VENDOR,
		.device = TESTDEV,
		.class_code = CLASS_OTHERS,
		.bars[0] = { .size = TESTDEV_MEMORY },
		.bars[1] = { .size = TESTDEV_PORTS, .flags = KVPCI_BAR_IO },
		.capability_size = sizeof(struct kvpci_capability),
	};
	int function = kvpci(host, KVPCI_CREATE_FUNCTION, &config,
			     "create a function");

	add_doorbell(function, 0, "mmio-wildcard-eventfd");
	add_doorbell(function, 1, "portio-wildcard-eventfd");
	plug(function);
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
	plug(kvpci(host, KVPCI_CREATE_FUNCTION, &config, "create a function"));
}

/* Put @functions functions on bus 0, behind the bridge's own. */
void bus_create(struct machine *vm, unsigned int functions)
{
	int host = bus_create_host(vm);
	unsigned int devfn;

	for (devfn = 1; devfn < functions; devfn++)
		add_other(host, devfn);
	add_testdev(host, functions);
}
