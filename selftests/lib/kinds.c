// SPDX-License-Identifier: GPL-2.0
/*
 * Functions with something of every kind that is in a state, and what a guest and a device do
 * to them. All of it goes by ioctls, and nothing needs a vCPU.
 */
#include <string.h>

#include <linux/pci_regs.h>

#include "die.h"
#include "ioctls.h"
#include "kinds.h"

#define CONFIG_SIZE	4096
#define MSIX_VECTORS	70
#define FEW_VECTORS	3
#define MSI_VECTORS	32
#define FEW_MSI		4
#define EXPRESS_LENGTH	0x3c
#define MEMORY		0xe0000000U	/* where BARs are, a mebibyte each */
#define PORTS		0x1000
#define VIRTIO		0x4000		/* in a BAR: a virtio device */

static const __u8 ones[64] = { [0 ... 63] = 0xff };
static const __u8 zeroes[64];
static const __u8 low[64] = { [0 ... 63] = 0x0f };
static const __u8 high[64] = { [0 ... 63] = 0xf0 };

static const struct kvpci_msix msix = {
	.size = sizeof(msix), .vectors = MSIX_VECTORS, .pba_offset = 0x8000,
};

static const struct kvpci_msix few_msix = {
	.size = sizeof(msix), .vectors = FEW_VECTORS, .pba_offset = 0x8000,
};

static const struct kvpci_msi msi = {
	.size = sizeof(msi), .vectors = MSI_VECTORS, .flags = KVPCI_MSI_64BIT | KVPCI_MSI_MASK,
};

static const struct kvpci_msi few_msi = { .size = sizeof(msi), .vectors = FEW_MSI };

static const struct kvpci_msi few_masks = {
	.size = sizeof(msi), .vectors = FEW_MSI, .flags = KVPCI_MSI_MASK,
};

static const struct kvpci_msi one_msi = { .size = sizeof(msi), .vectors = 1 };

/* An endpoint with function-level reset. */
static const __u8 express[EXPRESS_LENGTH] = {
	[PCI_EXP_FLAGS] = 2,
	[PCI_EXP_DEVCAP + 3] = PCI_EXP_DEVCAP_FLR >> 24,
};

static const __u8 express_writable[EXPRESS_LENGTH] = {
	[PCI_EXP_DEVCTL] = 0xff, [PCI_EXP_DEVCTL + 1] = 0xff,
	[PCI_EXP_LNKCTL] = 0xff, [PCI_EXP_LNKCTL2] = 0xff,
};

static const __u8 express_clear[EXPRESS_LENGTH] = { [PCI_EXP_DEVSTA] = 0x0f };

/* A root port whose slot has all that one may have. */
static const __u8 port[EXPRESS_LENGTH] = {
	[PCI_EXP_FLAGS] = 2 | PCI_EXP_TYPE_ROOT_PORT << 4,
	[PCI_EXP_FLAGS + 1] = PCI_EXP_FLAGS_SLOT >> 8,
	[PCI_EXP_LNKCAP] = 1 | 1 << 4,
	[PCI_EXP_LNKCAP + 2] = PCI_EXP_LNKCAP_DLLLARC >> 16,
	[PCI_EXP_LNKSTA] = 1 | 1 << 4,
	[PCI_EXP_SLTCAP] = PCI_EXP_SLTCAP_ABP | PCI_EXP_SLTCAP_PCP | PCI_EXP_SLTCAP_MRLSP |
			   PCI_EXP_SLTCAP_AIP | PCI_EXP_SLTCAP_PIP | PCI_EXP_SLTCAP_HPC,
};

static const __u8 port_writable[EXPRESS_LENGTH] = { [PCI_EXP_DEVCTL ... PCI_EXP_LNKCTL] = 0xff };

#define PLAIN(cap, value_, writable_, clear_) ((struct kvpci_capability) {		\
	.id = (cap), .length = sizeof(value_), .value = (unsigned long)(value_),	\
	.writable = (unsigned long)(writable_), .write1clear = (unsigned long)(clear_) })

static struct kvpci_capability kernels(__u32 flag, __u16 id, const void *desc, __u16 length)
{
	return (struct kvpci_capability) {
		.flags = flag, .id = id, .length = length, .value = (unsigned long)desc };
}

static unsigned int describe(enum kinds which, struct kvpci_capability *caps)
{
	static const __u8 vendor[20] = { [2] = 20 };
	static const __u8 extended[24];
	unsigned int nr = 0;

	switch (which) {
	case KINDS_REGISTERS:
		caps[nr++] = PLAIN(PCI_CAP_ID_VNDR, vendor, low, high);
		caps[nr] = PLAIN(PCI_EXT_CAP_ID_VNDR, extended, low, high);
		caps[nr].version = 1;
		caps[nr++].flags = KVPCI_CAP_EXTENDED;
		break;
	case KINDS_MSIX:
		caps[nr++] = kernels(KVPCI_CAP_MSIX, PCI_CAP_ID_MSIX, &msix, sizeof(msix));
		caps[nr++] = PLAIN(PCI_CAP_ID_EXP, express, express_writable, express_clear);
		break;
	case KINDS_MSI:
		caps[nr++] = kernels(KVPCI_CAP_MSI, PCI_CAP_ID_MSI, &msi, sizeof(msi));
		break;
	case KINDS_PLAIN:
		caps[nr++] = kernels(KVPCI_CAP_MSI, PCI_CAP_ID_MSI, &few_msi, sizeof(few_msi));
		caps[nr++] = kernels(KVPCI_CAP_MSIX, PCI_CAP_ID_MSIX, &few_msix, sizeof(few_msix));
		break;
	case KINDS_PORT:
		caps[nr++] = kernels(KVPCI_CAP_MSI, PCI_CAP_ID_MSI, &one_msi, sizeof(one_msi));
		caps[nr++] = PLAIN(PCI_CAP_ID_EXP, port, port_writable, zeroes);
		break;
	default:
		caps[nr++] = kernels(KVPCI_CAP_MSI, PCI_CAP_ID_MSI, &few_masks, sizeof(few_masks));
	}
	return nr;
}

static void add(int function, __u32 bar, __u64 offset, __u64 length, __u32 flags,
		const __u8 *writable, const __u8 *write1clear, const __u8 *readclear)
{
	must(add_range(function, &(struct range_desc) {
		.flags = flags,
		.bar = bar,
		.kind = KVPCI_RANGE_REGISTERS,
		.offset = offset,
		.length = length,
		.value = (unsigned long)zeroes,
		.writable = (unsigned long)writable,
		.write1clear = (unsigned long)write1clear,
		.readclear = (unsigned long)readclear,
		.interrupt = flags & KVPCI_REGISTERS_LEVEL ? KVPCI_INTX : 0,
	}));
}

static void add_bank_set(int function, __u64 offset, __u32 selector, __u32 window, __u32 banks)
{
	must(add_banks(function, 0, offset, selector + window, (struct kvpci_banks_config) {
		.banks = banks,
		.selector = selector,
		.writable = (unsigned long)ones,
	}));
}

/* With a queue that is not there between others, and something that the driver may write. */
static void add_device(int function, __u64 offset)
{
	static const struct kvpci_virtio_queue queues[] = {
		{ .size = 256 }, { .size = 0 }, { .size = 32768 },
	};

	must(add_virtio(function, 0, offset, KVPCI_VIRTIO_COMMON + 13,
			(struct kvpci_virtio_config) {
		.queues = 3,
		.queue = (unsigned long)queues,
		.features = { ~0ULL, 1 },
		.writable = (unsigned long)low,
	}));
}

/* Registers of odd lengths, too, behind which there is padding. */
static void add_ranges(int function)
{
	add(function, 0, 0, 24, 0, ones, NULL, NULL);
	add(function, 0, 0x40, 8, 0, low, high, NULL);
	add(function, 0, 0x103, 5, 0, low, NULL, high);
	add(function, 0, 0x200, 8, KVPCI_REGISTERS_LEVEL, low, high, NULL);
	add(function, 0, 0x400, 16, KVPCI_REGISTERS_MIRROR, ones, NULL, NULL);
	add(function, 2, 16, 3, 0, ones, NULL, NULL);
	add(function, 4, 0xff000, 64, 0, ones, NULL, NULL);
	add(function, KVPCI_BAR_ROM, 0, 64, 0, NULL, NULL, NULL);
	add_bank_set(function, 0x1000, 1, 7, 3);
	add_bank_set(function, 0x2000, 2, 8, 3);
	add_bank_set(function, 0x3000, 4, 4, 5);
	add_device(function, VIRTIO);
}

/* Firmware's part: BARs are somewhere, and decode, and the port lets all through. */
static void place(int function, enum kinds which)
{
	__u32 at = MEMORY + 0x1000000 * which;

	if (which == KINDS_PORT) {
		write_as_guest(function, PCI_PRIMARY_BUS, 4, 0x050500);
		write_as_guest(function, PCI_MEMORY_BASE, 4, 0xefffU << 20 | 0xe000);
	}
	write_as_guest(function, PCI_BASE_ADDRESS_0, 4, at);
	if (which == KINDS_REGISTERS) {
		write_as_guest(function, PCI_BASE_ADDRESS_2, 4, PORTS);
		write_as_guest(function, PCI_BASE_ADDRESS_4, 4, at + 0x100000);
		write_as_guest(function, PCI_BASE_ADDRESS_5, 4, 1);
		at += 0x200000;
		write_as_guest(function, PCI_ROM_ADDRESS, 4, at | PCI_ROM_ADDRESS_ENABLE);
	}
	write_as_guest(function, PCI_COMMAND, 2,
		       PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static int kind_new(int host_fd, enum kinds which, int parent)
{
	struct kvpci_capability caps[2];
	struct kvpci_function_config config = {
		.size = sizeof(config),
		.devfn = (which + 1) << 3,
		.vendor = 0x1af4,
		.device = 0x1100 + which,
		.capabilities = (unsigned long)caps,
		.capability_size = sizeof(caps[0]),
		.interrupt_pin = 1,
		.bars = { { .size = 0x10000 } },
	};
	int function;

	memset(caps, 0, sizeof(caps));
	config.nr_capabilities = describe(which, caps);
	switch (which) {
	case KINDS_REGISTERS:
		config.bars[2] = (struct kvpci_bar) { .size = 256, .flags = KVPCI_BAR_IO };
		config.bars[4] = (struct kvpci_bar) {
			.size = 1 << 20, .flags = KVPCI_BAR_64BIT | KVPCI_BAR_PREFETCH };
		config.rom_size = 2048;
		break;
	case KINDS_PLAIN:
		config.interrupt_pin = 0;
		break;
	case KINDS_PORT:
		config.flags = KVPCI_FUNCTION_BRIDGE;
		config.class_code = 0x060400;
		break;
	case KINDS_BEHIND:
		config.flags = KVPCI_FUNCTION_BEHIND;
		config.parent = parent;
		config.devfn = 0;
		break;
	default:
		break;
	}
	function = create_function(host_fd, &config);
	if (function < 0)
		die("KVPCI_CREATE_FUNCTION of function %d: %s", which, strerror(-function));
	if (which == KINDS_REGISTERS)
		add_ranges(function);
	if (which == KINDS_MSIX)
		add_device(function, VIRTIO);
	return function;
}

/* One function of each kind, behind a host bridge that has none. */
struct kinds_set kinds_new(int host_fd)
{
	struct kinds_set set;
	enum kinds which;
	int ret;

	for (which = 0; which < NR_KINDS; which++) {
		set.function[which] = kind_new(host_fd, which,
					       which > KINDS_PORT ? set.function[KINDS_PORT] : 0);
		if (which != KINDS_UNPLUGGED) {
			ret = plug(set.function[which]);
			if (ret)
				die("KVPCI_PLUG of function %d: %s", which, strerror(-ret));
		}
		place(set.function[which], which);
	}
	return set;
}

static void disturb_interrupt(int function, __u64 random)
{
	const __u32 interrupt = KVPCI_INTX + random % 3;
	const __u32 vector = random / 16 % MSIX_VECTORS;

	if (random & 1 << 12)
		withdraw(function, interrupt, vector);
	else
		trigger(function, interrupt, vector % (interrupt == KVPCI_INTX ? 1 : MSI_VECTORS));
}

/* As a virtio driver or its device; statuses and flags are few. */
static void disturb_virtio(int function, __u64 random, __u64 value)
{
	static const struct { __u8 offset, size; } fields[] = {
		{ 0x08, 4 }, { 0x0c, 4 }, { 0x10, 2 }, { 0x14, 1 }, { 0x16, 2 }, { 0x18, 2 },
		{ 0x1a, 2 }, { 0x1c, 2 }, { 0x20, 8 }, { 0x2c, 4 }, { 0x3a, 2 }, { 0x40, 8 },
	};
	const unsigned int i = random / 16 % 12;
	struct kvpci_access access = {
		.size = sizeof(access),
		.flags = random & 1 << 12 ? KVPCI_ACCESS_AS_GUEST : 0,
		.offset = VIRTIO + fields[i].offset,
		.length = fields[i].size,
		.data = (unsigned long)&value,
	};

	if (random & 1 << 13)
		value &= fields[i].size == 1 ? 0xf : 3;
	if (!access.flags)
		access.bank = random / (1 << 14) % 5;
	kvpci_ioctl(function, random & 1 << 17 ? KVPCI_READ : KVPCI_WRITE, &access);
}

/**
 * kinds_disturb() - do what a guest or a device may do
 * @function: one of those functions
 * @which: which
 * @random: gives random numbers
 * @arg: its argument
 *
 * What the function refuses does not matter.
 */
void kinds_disturb(int function, enum kinds which, __u64 (*random)(void *), void *arg)
{
	__u64 r = random(arg), value = random(arg);
	static const __u16 places[] = {
		0, 0x40, 0x44, 0x103, 0x200, 0x1000, 0x1004, 0x2000, 0x2002, 0x3000, 0x3004,
	};
	__u32 offset = r >> 32 & 0xfc;

	switch (r % 8) {
	case 0 ... 2:
		/* Mostly where there is something. */
		if (offset >= PCI_STD_HEADER_SIZEOF)
			offset = PCI_STD_HEADER_SIZEOF + offset % 0x60;
		write_as_guest(function, offset, 4, value);
		break;
	case 3:
		write_as_guest(function, PCI_COMMAND, 2, value);
		break;
	case 4:
		if (r & 1 << 16 && (which == KINDS_REGISTERS || which == KINDS_MSIX))
			disturb_virtio(function, r >> 20, value);
		else if (which == KINDS_REGISTERS)
			device_write(function, 0, places[offset % 11], &value, 1 << value % 4);
		else
			device_write(function, KVPCI_CONFIG, offset, &value, 2);
		break;
	case 5:
		if (!(r >> 40 & 0xf))
			reset(function);
		break;
	default:
		disturb_interrupt(function, value);
	}
}
