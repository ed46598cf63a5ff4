// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes of configuration space whose reads and writes the VMM completes: that it gets each access
 * to them, once and whole, and nobody ever finds there what the kernel has.
 *
 * Depends on: kernel, mirrors.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/environment.h"
#include "lib/event.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/pci.h"
#include "lib/structure.h"
#include "lib/vm.h"

#define F		BDF(0, 7, 2)
#define B		BDF(0, 1, 0)	/* a bridge */
#define DATA		0xfedcba9876543210ULL
#define EXPRESS		0x40		/* capabilities: one with function-level reset, */
#define VENDOR_CAP	0x80		/* one of plain registers, */
#define MSI		0xa0
#define EXTENDED	0x100		/* and another one that ports don't reach */
#define TRAP		(VENDOR_CAP + 8)	/* the trapped bytes of each of these two */
#define FAR_TRAP	(EXTENDED + 0x80)
#define NR_TRAPPED	4
#define BELOW		0x11U		/* each byte that the kernel has, where registers are */
#define HELD		0xd0U		/* and that the VMM has, but for the last bits */
#define NOTHING		0xffffffffU

/**
 * struct vmm - who completes accesses to trapped bytes
 * @host: the bridge
 * @function: descriptor of the function
 * @reads: how many reads there have been of the first byte, which the next one gives
 * @held: what it holds of the others
 * @nr: accesses
 * @exit: the last one
 * @said: what KVPCI_GET_EXIT has said of it
 * @found: what the kernel had then, in the 8 bytes around
 */
struct vmm {
	struct host *host;
	int function;
	__u8 reads;
	__u8 held[NR_TRAPPED];
	int nr;
	struct guest_exit exit;
	struct kvpci_exit said;
	__u8 found[8];
};

static bool is_trapped(__u64 offset)
{
	return offset - TRAP < NR_TRAPPED || offset - FAR_TRAP < NR_TRAPPED;
}

static void complete_byte(struct vmm *vmm, __u64 offset, bool write, __u8 *byte)
{
	if (!is_trapped(offset)) {
		/* Of what is not trapped, the kernel is asked to do as the guest wanted. */
		if (write)
			write_as_guest(vmm->function, offset, 1, *byte);
		else
			must(device_read(vmm->function, KVPCI_CONFIG, offset, byte, 1));
		return;
	}
	offset = (offset - TRAP) % NR_TRAPPED;
	if (write)
		vmm->held[offset] = *byte;
	else
		*byte = offset ? vmm->held[offset] : vmm->reads++;
}

static __u64 serve(struct vcpu *vcpu, const struct guest_exit *exit)
{
	struct vmm *vmm = vcpu->arg;
	__u64 value = exit->data;
	struct kvpci_exit said;
	int i;

	must(get_exit(vmm->host->fd, exit, vcpu->index, &said));
	/* Those that look at it run one vCPU. */
	vmm->nr++;
	vmm->exit = *exit;
	vmm->said = said;
	must(device_read(vmm->function, KVPCI_CONFIG, said.offset & ~7ULL, vmm->found, 8));
	for (i = 0; i < exit->size; i++)
		complete_byte(vmm, said.offset + i, exit->write, (__u8 *)&value + i);
	return value;
}

FIXTURE(trapped) {
	struct vm *vm;
	struct host *host;
	struct vmm vmm;
};

/* @flags: KVPCI_RANGE_*. */
static int change_trap(int function, __u32 flags, __u64 offset, __u64 length)
{
	return add_range(function, &(struct range_desc) {
		.range_flags = flags,
		.kind = KVPCI_RANGE_USERSPACE,
		.bar = KVPCI_CONFIG,
		.offset = offset,
		.length = length,
	});
}

static int trap(int function, __u64 offset, __u64 length)
{
	return change_trap(function, 0, offset, length);
}

static int untrap(int function, __u64 offset, __u64 length)
{
	return change_trap(function, KVPCI_RANGE_REMOVE, offset, length);
}

/* @parent: a bridge that it is behind, or 0. Nothing is trapped yet. */
static int make_function(struct host *host, int parent, int bdf)
{
	static const __u8 express[0x3c] = {
		[PCI_EXP_FLAGS] = 2 | PCI_EXP_TYPE_RC_END << 4,
		[PCI_EXP_DEVCAP + 3] = PCI_EXP_DEVCAP_FLR >> 24,
	};
	static const __u8 vendor[0x20] = { [2 ... 0x1f] = BELOW };
	static const __u8 vendor_writable[0x20] = { [2 ... 0x1f] = 0xff };
	static const __u8 extended[0x100] = { [4 ... 0xff] = BELOW };
	static const __u8 extended_writable[0x100] = { [4 ... 0xff] = 0xff };
	static const struct kvpci_msi msi = { .size = sizeof(msi), .vectors = 1 };
	const struct kvpci_capability caps[] = {
		{ .id = PCI_CAP_ID_EXP, .offset = EXPRESS, .length = sizeof(express),
		  .value = ptr(express) },
		{ .id = PCI_CAP_ID_VNDR, .offset = VENDOR_CAP, .length = sizeof(vendor),
		  .value = ptr(vendor), .writable = ptr(vendor_writable) },
		{ .flags = KVPCI_CAP_MSI, .id = PCI_CAP_ID_MSI, .offset = MSI,
		  .length = sizeof(msi), .value = ptr(&msi) },
		{ .flags = KVPCI_CAP_EXTENDED, .id = PCI_EXT_CAP_ID_VNDR, .version = 1,
		  .length = sizeof(extended), .value = ptr(extended),
		  .writable = ptr(extended_writable) },
	};

	return function_new(host, bdf, (struct kvpci_function_config) {
		.flags = parent ? KVPCI_FUNCTION_BEHIND : 0,
		.parent = parent,
		.capabilities = ptr(caps),
		.nr_capabilities = ARRAY_SIZE(caps),
		.user_data = DATA,
	});
}

static void trap_both(int function)
{
	must(trap(function, TRAP, NR_TRAPPED));
	must(trap(function, FAR_TRAP, NR_TRAPPED));
}

static void vmm_init(struct vmm *vmm, struct host *host)
{
	memset(vmm, 0, sizeof(*vmm));
	vmm->host = host;
	memset(vmm->held, HELD, sizeof(vmm->held));
}

FIXTURE_SETUP(trapped)
{
	int i;

	self->vm = vm_new(2);
	self->host = host_new(self->vm);
	vmm_init(&self->vmm, self->host);
	for (i = 0; i < 2; i++) {
		self->vm->vcpus[i].on_exit = serve;
		self->vm->vcpus[i].arg = &self->vmm;
	}
}

FIXTURE_TEARDOWN(trapped)
{
	host_free(self->host);
	vm_free(self->vm);
}

/* What a read finds at @offset if there is one exit of it at most, by byte. */
static __u64 expected(const struct vmm *vmm, __u64 offset, int size)
{
	__u8 bytes[8] = {};
	int i;

	for (i = 0; i < size; i++) {
		if (!is_trapped(offset + i))
			must(device_read(vmm->function, KVPCI_CONFIG, offset + i, &bytes[i], 1));
		else if ((offset + i - TRAP) % NR_TRAPPED)
			bytes[i] = vmm->held[(offset + i - TRAP) % NR_TRAPPED];
		else
			bytes[i] = vmm->reads;
	}
	return *(__u64 *)bytes;
}

/* A write and then a read of one place. */
static void expect_access(struct __test_metadata *_metadata, struct _test_data_trapped *self,
			  enum mechanism how, __u64 offset, int size, bool exits)
{
	const __u64 value = 0x0102030405060708ULL * (1 + offset % 8);
	struct vmm *vmm = &self->vmm;
	__u8 before[8];
	__u64 wanted;

	must(device_read(vmm->function, KVPCI_CONFIG, offset & ~7ULL, before, 8));
	vmm->nr = 0;
	cfg_write(self->host, how, F, offset, size, value);
	ASSERT_EQ(exits, vmm->nr) {
		TH_LOG("write of %d bytes at %#llx", size, offset);
	}
	if (exits) {
		EXPECT_TRUE(vmm->exit.write);
		EXPECT_EQ(value & ones(size), vmm->exit.data);
		/* Nothing of it had been done. */
		EXPECT_EQ(0, memcmp(before, vmm->found, 8));
	}
	wanted = expected(vmm, offset, size);
	EXPECT_EQ(wanted, cfg_read(self->host, how, F, offset, size)) {
		TH_LOG("read of %d bytes at %#llx", size, offset);
	}
	ASSERT_EQ(2 * exits, vmm->nr);
	if (!exits)
		return;
	EXPECT_EQ(how == BY_PORTS, vmm->exit.io);
	EXPECT_EQ(size, vmm->exit.size);
	EXPECT_FALSE(vmm->exit.write);
	EXPECT_EQ(how == BY_PORTS ? KVPCI_EXIT_IO : 0, vmm->said.flags);
	EXPECT_EQ(KVPCI_CONFIG, vmm->said.bar);
	EXPECT_EQ(offset, vmm->said.offset);
	EXPECT_EQ(DATA, vmm->said.user_data);
	EXPECT_EQ(F >> 8, vmm->said.bus);
	EXPECT_EQ(F & 0xff, vmm->said.devfn);
}

/* Accesses to each place around trapped bytes. */
static void expect_accesses(struct __test_metadata *_metadata, struct _test_data_trapped *self,
			    enum mechanism how, __u64 around)
{
	struct vmm *vmm = &self->vmm;
	__u8 below[NR_TRAPPED];
	__u64 offset;
	int size;

	for (offset = around - 8; offset < around + NR_TRAPPED + 8; offset++)
		for (size = 1; size <= (how == BY_PORTS ? 4 : 8); size *= 2) {
			/* Ports reach no further than the dword. */
			if (how == BY_PORTS && offset % 4 + size > 4)
				continue;
			expect_access(_metadata, self, how, offset, size,
				      offset + size > around && offset < around + NR_TRAPPED);
		}
	must(device_read(vmm->function, KVPCI_CONFIG, around, below, NR_TRAPPED));
	EXPECT_EQ(BELOW * 0x01010101, *(__u32 *)below);

	/* The device's own view, and what a reset leaves. */
	must(device_write(vmm->function, KVPCI_CONFIG, around, "abcd", NR_TRAPPED));
	must(device_read(vmm->function, KVPCI_CONFIG, around, below, NR_TRAPPED));
	EXPECT_EQ(0, memcmp(below, "abcd", NR_TRAPPED));
	vmm->nr = 0;
	EXPECT_EQ(vmm->held[1], cfg_read(self->host, how, F, around + 1, 1));
	EXPECT_EQ(1, vmm->nr);
	must(reset(vmm->function));
	EXPECT_EQ(vmm->held[2], cfg_read(self->host, how, F, around + 2, 1));
	EXPECT_EQ(2, vmm->nr);
}

static void plug_trapped(struct _test_data_trapped *self)
{
	self->vmm.function = make_function(self->host, 0, F);
	trap_both(self->vmm.function);
	must(plug(self->vmm.function));
}

TEST_F(trapped, accesses_by_ports)
{
	plug_trapped(self);
	expect_accesses(_metadata, self, BY_PORTS, TRAP);
	close(self->vmm.function);
}

TEST_F(trapped, accesses_by_ecam)
{
	plug_trapped(self);
	expect_accesses(_metadata, self, BY_ECAM, TRAP);
	expect_accesses(_metadata, self, BY_ECAM, FAR_TRAP);
	close(self->vmm.function);
}

/* Nor do processors that access what is misaligned, and more than 8 bytes, find anything else. */
TEST_F(trapped, odd_accesses)
{
	__u64 ecam = ecam_address(self->host, F, 0);
	__u8 *buffer = vm_ram(self->vm, RAM_FREE);
	struct vcpu *vcpu = &self->vm->vcpus[0];
	struct vmm *vmm = &self->vmm;
	__u8 wanted[16];

	plug_trapped(self);
	vmm->held[1] = HELD + 1;
	EXPECT_EQ((__u64)BELOW * 0x01010101 | (__u64)(HELD + 1) << 40 | (__u64)HELD << 48 |
		  (__u64)HELD << 56,
		  guest_load(self->vm, ecam + TRAP - 4, 8));
	EXPECT_EQ((HELD + 1) << 8 | HELD << 16 | HELD << 24 | 1,
		  guest_load(self->vm, ecam + TRAP, 4));
	EXPECT_EQ(BELOW | 2 << 8, guest_load(self->vm, ecam + TRAP - 1, 2));
	EXPECT_EQ(BELOW * 0x010101 | 3 << 24, guest_load(self->vm, ecam + TRAP - 3, 4));
	EXPECT_EQ(4, vmm->nr);

	/* The first half is the kernel's, or the VMM's. */
	memset(wanted, BELOW, sizeof(wanted));
	wanted[0] = PCI_CAP_ID_VNDR;
	wanted[1] = MSI;
	memset(wanted + 8, HELD, NR_TRAPPED);
	wanted[8] = 4;
	wanted[9] = HELD + 1;
	guest_begin(vcpu);
	guest_add(vcpu, (struct agent_op) {
		.kind = OP_LOAD, .size = 16, .addr = ecam + TRAP - 8, .value = RAM_FREE });
	guest_run(vcpu, 1);
	EXPECT_EQ(0, memcmp(buffer, wanted, 16));
	memset(wanted, BELOW, sizeof(wanted));
	memset(wanted, HELD, NR_TRAPPED);
	wanted[0] = 5;
	wanted[1] = HELD + 1;
	guest_begin(vcpu);
	guest_add(vcpu, (struct agent_op) {
		.kind = OP_LOAD, .size = 16, .addr = ecam + TRAP, .value = RAM_FREE });
	guest_run(vcpu, 1);
	EXPECT_EQ(0, memcmp(buffer, wanted, 16));
	close(vmm->function);
}

/* A read has an effect: what the VMM gives is what it gives next. */
TEST_F(trapped, each_access_comes_once)
{
	struct vcpu *vcpu = &self->vm->vcpus[0];
	enum { TIMES = 100 };
	struct agent_op *ops[3 * TIMES];
	int i;

	plug_trapped(self);
	guest_begin(vcpu);
	for (i = 0; i < TIMES; i++) {
		ops[3 * i] = add_cfg_read(vcpu, self->host, BY_ECAM, F, TRAP, 1);
		ops[3 * i + 1] = add_cfg_read(vcpu, self->host, BY_PORTS, F, TRAP, 1);
		add_cfg_write(vcpu, self->host, BY_ECAM, F, TRAP + 3, 1, i);
		ops[3 * i + 2] = add_cfg_read(vcpu, self->host, BY_ECAM, F, TRAP + 3, 1);
	}
	guest_run(vcpu, 1);
	EXPECT_EQ(4 * TIMES, self->vmm.nr);
	for (i = 0; i < TIMES; i++) {
		EXPECT_EQ((2 * i) % 256, ops[3 * i]->result);
		EXPECT_EQ((2 * i + 1) % 256, ops[3 * i + 1]->result);
		EXPECT_EQ(i, ops[3 * i + 2]->result);
	}
	/* And of a string. */
	guest_out(self->vm, CF8_ADDRESS, 4, CF8_ENABLE | F << 8 | TRAP);
	guest_begin(vcpu);
	guest_add(vcpu, (struct agent_op) {
		.kind = OP_OUTS, .size = 1, .count = 5, .addr = CF8_DATA + 1, .value = RAM_FREE });
	self->vmm.nr = 0;
	guest_run(vcpu, 1);
	EXPECT_LE(1, self->vmm.nr);
	EXPECT_EQ(0, self->vmm.held[1]);
	close(self->vmm.function);
}

/* While the guest has its memory, if it has any. */
TEST_F(trapped, they_come_and_go_while_it_is_plugged)
{
	struct vmm *vmm = &self->vmm;
	enum mechanism how;
	int i;

	vmm->function = make_function(self->host, 0, F);
	must(plug(vmm->function));
	for (i = 0; i < 10; i++) {
		for (how = BY_PORTS; how <= BY_ECAM; how++)
			ASSERT_EQ(BELOW * 0x0101, cfg_read(self->host, how, F, TRAP, 2));
		ASSERT_EQ(0, vmm->nr);
		must(trap(vmm->function, TRAP, 2));
		for (how = BY_PORTS; how <= BY_ECAM; how++)
			ASSERT_EQ(HELD, cfg_read(self->host, how, F, TRAP + 1, 1));
		ASSERT_EQ(2, vmm->nr);
		/* One more byte, and one less. */
		must(trap(vmm->function, TRAP + 1, 2));
		must(untrap(vmm->function, TRAP, 1));
		ASSERT_EQ(HELD << 8 | HELD, cfg_read(self->host, BY_ECAM, F, TRAP + 1, 2));
		ASSERT_EQ(BELOW, cfg_read(self->host, BY_ECAM, F, TRAP, 1));
		ASSERT_EQ(BELOW, cfg_read(self->host, BY_PORTS, F, TRAP + 3, 1));
		ASSERT_EQ(3, vmm->nr);
		must(untrap(vmm->function, 0, PAGE));
		vmm->nr = 0;
		EXPECT_EQ(-ENOENT, untrap(vmm->function, 0, PAGE));
	}
	close(vmm->function);
}

/* What is trapped has been left to the VMM, whoever else is to know of it. */
TEST_F(trapped, a_write_that_is_told_of_too)
{
	struct vmm *vmm = &self->vmm;

	plug_trapped(self);
	must(add_range(vmm->function, &(struct range_desc) {
		.kind = KVPCI_RANGE_EXIT, .bar = KVPCI_CONFIG,
		.offset = VENDOR_CAP, .length = 0x20 }));
	cfg_write(self->host, BY_ECAM, F, TRAP + 1, 1, 0x77);
	EXPECT_EQ(1, vmm->nr);
	EXPECT_EQ(0, vmm->said.flags);
	EXPECT_EQ(0x77, vmm->held[1]);
	cfg_write(self->host, BY_ECAM, F, TRAP - 1, 2, 0);
	EXPECT_EQ(2, vmm->nr);
	EXPECT_EQ(0, vmm->said.flags);
	/* Reads are no writes. */
	EXPECT_EQ(BELOW, cfg_read(self->host, BY_ECAM, F, TRAP + 5, 1));
	EXPECT_EQ(2, vmm->nr);
	/* One kind goes, and the other one stays. */
	must(untrap(vmm->function, VENDOR_CAP, 0x20));
	EXPECT_EQ(BELOW, cfg_read(self->host, BY_ECAM, F, TRAP + 1, 1));
	EXPECT_EQ(2, vmm->nr);
	must(untrap(vmm->function, 0, PAGE));
	cfg_write(self->host, BY_ECAM, F, TRAP, 1, 0x55);
	EXPECT_EQ(3, vmm->nr);
	EXPECT_TRUE(vmm->said.flags & KVPCI_EXIT_WRITTEN);
	close(vmm->function);
}

TEST_F(trapped, a_function_comes_in_its_place)
{
	struct vmm *vmm = &self->vmm;
	enum mechanism how;
	int i;

	for (i = 0; i < 20; i++) {
		bool trapped = i % 3 != 1;

		vmm->function = make_function(self->host, 0, F);
		if (trapped)
			trap_both(vmm->function);
		EXPECT_EQ(0xff, cfg_read(self->host, BY_ECAM, F, TRAP + 1, 1));
		must(plug(vmm->function));
		vmm->nr = 0;
		for (how = BY_PORTS; how <= BY_ECAM; how++)
			ASSERT_EQ(trapped ? HELD : BELOW,
				  cfg_read(self->host, how, F, TRAP + 1, 1));
		ASSERT_EQ(2 * trapped, vmm->nr);
		close(vmm->function);
	}
	for (how = BY_PORTS; how <= BY_ECAM; how++)
		EXPECT_EQ(0xff, cfg_read(self->host, how, F, TRAP + 1, 1));
}

/* Without its bridge there is nothing to trap, and nothing to tell. */
TEST_F(trapped, the_host_bridge_goes_first)
{
	plug_trapped(self);
	EXPECT_EQ(HELD, cfg_read(self->host, BY_ECAM, F, TRAP + 1, 1));
	host_close(self->host);
	EXPECT_EQ(-ENODEV, trap(self->vmm.function, TRAP, 1));
	EXPECT_EQ(-ENODEV, untrap(self->vmm.function, TRAP, 1));
	close(self->vmm.function);
}

static int make_bridge(struct host *host)
{
	return function_plugged(host, B, (struct kvpci_function_config) {
		.flags = KVPCI_FUNCTION_BRIDGE, .class_code = 0x060400 });
}

static void set_bus(struct host *host, __u8 bus)
{
	cfg_write(host, BY_ECAM, B, PCI_PRIMARY_BUS, 4, bus << 8 | bus << 16);
}

TEST_F(trapped, behind_a_bridge)
{
	static const __u8 numbers[] = { 1, 2, 255, 0, 1, 7 };
	struct vmm *vmm = &self->vmm;
	int i, before = 3, bridge = make_bridge(self->host);
	enum mechanism how;

	vmm->function = make_function(self->host, bridge, BDF(0, 2, 1));
	trap_both(vmm->function);
	must(plug(vmm->function));
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		int bdf = BDF(numbers[i], 2, 1), old = BDF(before, 2, 1);

		set_bus(self->host, numbers[i]);
		for (how = BY_PORTS; how <= BY_ECAM; how++) {
			vmm->nr = 0;
			if (before)
				ASSERT_EQ(0xff, cfg_read(self->host, how, old, TRAP + 1, 1));
			ASSERT_EQ(0, vmm->nr);
			ASSERT_EQ(numbers[i] ? HELD : 0xff,
				  cfg_read(self->host, how, bdf, TRAP + 1, 1));
			ASSERT_EQ(numbers[i] ? 1 : 0, vmm->nr);
			if (numbers[i])
				ASSERT_EQ(numbers[i], vmm->said.bus);
		}
		before = numbers[i];
	}
	close(vmm->function);
	close(bridge);
}

/* Where the caller is told that there is to be no memory, by who does not follow it by itself. */
FIXTURE(hole) {
	struct vm *vm;
	struct host host;
	int event;
	int bridge;
	int function;
	__u8 *ecam;
	int pipe[2];
};

FIXTURE_SETUP(hole)
{
	self->vm = vm_new(1);
	self->event = event_new();
	self->host.vm = self->vm;
	self->host.config = host_defaults(self->vm);
	self->host.config.flags |= KVPCI_HOST_MIRROR;
	self->host.config.mirror_eventfd = self->event;
	self->host.fd = must(create_host(&self->host.config));
	self->ecam = mmap(NULL, 256 << 20, PROT_READ, MAP_SHARED, self->host.fd, 0);
	if (self->ecam == MAP_FAILED)
		die("mmap: %m");
	must(pipe(self->pipe));
	self->bridge = make_bridge(&self->host);
	self->function = make_function(&self->host, self->bridge, BDF(0, 2, 1));
}

FIXTURE_TEARDOWN(hole)
{
	if (self->function >= 0)
		close(self->function);
	close(self->bridge);
	munmap(self->ecam, 256 << 20);
	close(self->host.fd);
	vm_free(self->vm);
	close(self->event);
	close(self->pipe[0]);
	close(self->pipe[1]);
}

/* A byte of the ECAM's mapping, or -1 where there is no page. */
static int peek(struct _test_data_hole *self, int bdf, unsigned int offset)
{
	__u8 byte;

	if (write(self->pipe[1], self->ecam + (bdf << 12) + offset, 1) != 1) {
		if (errno != EFAULT)
			die("write: %m");
		return -1;
	}
	must(read(self->pipe[0], &byte, 1));
	return byte;
}

static int get_mirror(struct _test_data_hole *self, struct kvpci_mirror *told)
{
	*told = (struct kvpci_mirror) { .size = sizeof(*told) };
	return kvpci_ioctl(self->host.fd, KVPCI_GET_MIRROR, told);
}

static int confirm(struct _test_data_hole *self, const struct kvpci_mirror *told)
{
	return kvpci_ioctl(self->host.fd, KVPCI_SET_MIRROR, &(struct kvpci_mirror) {
		.size = sizeof(*told), .offset = told->offset, .sequence = told->sequence });
}

/* The only thing to be told of is a hole at @bdf, or nowhere if that is 0. */
#define EXPECT_HOLE(told, bdf) do {						\
	struct kvpci_mirror *told_ = told;					\
	const int bdf_ = bdf;							\
										\
	EXPECT_EQ(1, event_count(self->event));					\
	EXPECT_EQ(0, get_mirror(self, told_));					\
	EXPECT_EQ(KVPCI_MIRROR_TRAPPED | (bdf_ ? KVPCI_MIRROR_PLACED : 0),	\
		  told_->flags);						\
	EXPECT_EQ(PAGE, told_->length);						\
	EXPECT_EQ(bdf_ ? ecam_address(&self->host, bdf_, 0) : 0, told_->address);	\
	EXPECT_EQ(0, told_->user_data);						\
	EXPECT_EQ(0, told_->place);						\
	EXPECT_EQ(0, told_->bar);						\
} while (0)

#define EXPECT_CONFIRMED(told) do {						\
	struct kvpci_mirror more_;						\
										\
	EXPECT_EQ(0, confirm(self, told));					\
	EXPECT_EQ(-ENOENT, get_mirror(self, &more_));				\
	EXPECT_EQ(0, event_count(self->event));					\
} while (0)

TEST_F(hole, it_follows_the_function)
{
	struct kvpci_mirror told, old, more;

	EXPECT_EQ(-ENOENT, get_mirror(self, &told));
	must(trap(self->function, TRAP, 1));
	set_bus(&self->host, 3);
	EXPECT_EQ(0xff, peek(self, BDF(3, 2, 1), TRAP));
	/* It is not there yet. */
	EXPECT_EQ(0, event_count(self->event));
	EXPECT_EQ(-ENOENT, get_mirror(self, &told));
	must(plug(self->function));
	EXPECT_EQ(-1, peek(self, BDF(3, 2, 1), TRAP));
	EXPECT_EQ(-1, peek(self, BDF(3, 2, 1), 0));
	EXPECT_EQ(0xff, peek(self, BDF(3, 2, 0), TRAP));
	EXPECT_EQ(0xff, peek(self, BDF(3, 2, 2), TRAP));
	EXPECT_HOLE(&told, BDF(3, 2, 1));
	EXPECT_EQ(0, get_mirror(self, &told));
	told.sequence++;
	EXPECT_EQ(-EAGAIN, confirm(self, &told));
	told.sequence--;
	told.offset++;
	EXPECT_EQ(-ENOENT, confirm(self, &told));
	told.offset--;
	EXPECT_CONFIRMED(&told);
	EXPECT_EQ(-1, peek(self, BDF(3, 2, 1), TRAP));

	/* Elsewhere, before that has been confirmed, and back. */
	old = told;
	set_bus(&self->host, 4);
	EXPECT_EQ(0xff, peek(self, BDF(3, 2, 1), TRAP));
	EXPECT_EQ(-1, peek(self, BDF(4, 2, 1), TRAP));
	EXPECT_HOLE(&told, BDF(4, 2, 1));
	EXPECT_EQ(old.offset, told.offset);
	EXPECT_EQ(-EAGAIN, confirm(self, &old));
	set_bus(&self->host, 5);
	EXPECT_EQ(-EAGAIN, confirm(self, &told));
	EXPECT_HOLE(&told, BDF(5, 2, 1));
	set_bus(&self->host, 3);
	EXPECT_EQ(-ENOENT, get_mirror(self, &more));
	EXPECT_EQ(-EAGAIN, confirm(self, &told));
	EXPECT_EQ(-1, peek(self, BDF(3, 2, 1), TRAP));
	EXPECT_EQ(0xff, peek(self, BDF(4, 2, 1), TRAP));
	EXPECT_EQ(0xff, peek(self, BDF(5, 2, 1), TRAP));

	/* Nowhere, and there again. */
	EXPECT_EQ(0, event_count(self->event));
	write_as_guest(self->bridge, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_BUS_RESET);
	EXPECT_EQ(0xff, peek(self, BDF(3, 2, 1), TRAP));
	EXPECT_HOLE(&told, 0);
	EXPECT_CONFIRMED(&told);
	write_as_guest(self->bridge, PCI_BRIDGE_CONTROL, 2, 0);
	EXPECT_EQ(-1, peek(self, BDF(3, 2, 1), TRAP));
	EXPECT_HOLE(&told, BDF(3, 2, 1));
	EXPECT_CONFIRMED(&told);

	/* Another byte makes no difference, and one less not either, but the last one does. */
	must(trap(self->function, FAR_TRAP, 4));
	must(untrap(self->function, TRAP, 1));
	EXPECT_EQ(-1, peek(self, BDF(3, 2, 1), TRAP));
	EXPECT_EQ(-ENOENT, get_mirror(self, &told));
	EXPECT_EQ(0, event_count(self->event));
	must(untrap(self->function, FAR_TRAP, 4));
	EXPECT_EQ(BELOW, peek(self, BDF(3, 2, 1), TRAP));
	EXPECT_HOLE(&told, 0);
	EXPECT_CONFIRMED(&told);
	must(trap(self->function, TRAP, 1));
	EXPECT_EQ(-1, peek(self, BDF(3, 2, 1), TRAP));
	EXPECT_HOLE(&told, BDF(3, 2, 1));
	EXPECT_CONFIRMED(&told);

	/* It goes, and with it what is known of it, when that has been confirmed. */
	close(self->function);
	self->function = -1;
	EXPECT_EQ(0xff, peek(self, BDF(3, 2, 1), TRAP));
	EXPECT_LE(1, event_count(self->event));
	EXPECT_EQ(0, get_mirror(self, &told));
	EXPECT_EQ(KVPCI_MIRROR_TRAPPED, told.flags);
	EXPECT_EQ(old.offset, told.offset);
	EXPECT_CONFIRMED(&told);
	EXPECT_EQ(-ENOENT, confirm(self, &told));
}

TEST_F(hole, nothing_is_left_of_one_that_was_not_confirmed)
{
	struct kvpci_mirror told, first;

	must(trap(self->function, TRAP, 1));
	set_bus(&self->host, 3);
	must(plug(self->function));
	EXPECT_HOLE(&told, BDF(3, 2, 1));
	close(self->function);
	EXPECT_EQ(-ENOENT, get_mirror(self, &first));
	EXPECT_EQ(-ENOENT, confirm(self, &told));

	/* Of two in the same place, the one that has gone is told of first. */
	self->function = make_function(&self->host, self->bridge, BDF(0, 2, 1));
	must(trap(self->function, TRAP, 1));
	must(plug(self->function));
	event_count(self->event);
	EXPECT_EQ(0, get_mirror(self, &told));
	EXPECT_EQ(0, confirm(self, &told));
	close(self->function);
	self->function = make_function(&self->host, self->bridge, BDF(0, 2, 1));
	must(trap(self->function, TRAP, 1));
	must(plug(self->function));
	EXPECT_EQ(0, get_mirror(self, &first));
	EXPECT_EQ(KVPCI_MIRROR_TRAPPED, first.flags);
	EXPECT_EQ(0, confirm(self, &first));
	event_count(self->event);
	EXPECT_EQ(0, get_mirror(self, &told));
	EXPECT_EQ(KVPCI_MIRROR_TRAPPED | KVPCI_MIRROR_PLACED, told.flags);
	EXPECT_CONFIRMED(&told);

	/* A bridge that goes takes it away, and the host bridge all. */
	close(self->bridge);
	EXPECT_EQ(0xff, peek(self, BDF(3, 2, 1), TRAP));
	EXPECT_HOLE(&told, 0);
	self->bridge = make_bridge(&self->host);
}

/* One bridge has the number, and then another one. */
TEST_F(hole, two_that_swap_places)
{
	int other = make_function(&self->host, 0, BDF(9, 2, 1)), n;
	struct kvpci_mirror told[2], more;

	must(trap(self->function, TRAP, 1));
	must(plug(self->function));
	set_bus(&self->host, 8);
	must(trap(other, TRAP, 1));
	must(plug(other));
	for (n = 0; n < 2; n++) {
		must(get_mirror(self, &told[n]));
		must(confirm(self, &told[n]));
	}
	EXPECT_EQ(ecam_address(&self->host, BDF(8, 2, 1), 0), told[0].address);
	EXPECT_EQ(ecam_address(&self->host, BDF(9, 2, 1), 0), told[1].address);
	EXPECT_NE(told[0].offset, told[1].offset);
	close(other);
	set_bus(&self->host, 9);
	EXPECT_EQ(-1, peek(self, BDF(9, 2, 1), TRAP));
	EXPECT_EQ(0xff, peek(self, BDF(8, 2, 1), TRAP));
	for (n = 0; !get_mirror(self, &more); n++) {
		bool placed = more.offset == told[0].offset;

		EXPECT_EQ(KVPCI_MIRROR_TRAPPED | (placed ? KVPCI_MIRROR_PLACED : 0), more.flags);
		EXPECT_EQ(placed ? told[1].address : 0, more.address);
		must(confirm(self, &more));
	}
	EXPECT_EQ(2, n);
}

/* Bridges that have no mirrors, or none of configuration space. */
TEST(without_mirrors)
{
	struct vm *vm = vm_new(1);
	struct kvpci_host_config config = host_defaults(vm);
	struct kvpci_mirror told = { .size = sizeof(told) };
	struct host *host = host_new_plain(vm);
	struct vmm vmm;

	vmm_init(&vmm, host);
	vmm.function = make_function(host, 0, F);
	trap_both(vmm.function);
	must(plug(vmm.function));
	vm->vcpus[0].on_exit = serve;
	vm->vcpus[0].arg = &vmm;
	EXPECT_EQ(HELD, cfg_read(host, BY_PORTS, F, TRAP + 1, 1));
	EXPECT_EQ(HELD, cfg_read(host, BY_ECAM, F, TRAP + 1, 1));
	/* Whoever has mapped it is told. */
	EXPECT_EQ(0, kvpci_ioctl(host->fd, KVPCI_GET_MIRROR, &told));
	EXPECT_EQ(KVPCI_MIRROR_TRAPPED | KVPCI_MIRROR_PLACED, told.flags);
	close(vmm.function);
	host_free(host);

	config.flags &= ~KVPCI_HOST_ECAM;
	config.ecam = 0;
	host = host_new_from(vm, &config);
	vmm_init(&vmm, host);
	vmm.function = make_function(host, 0, F);
	trap_both(vmm.function);
	must(plug(vmm.function));
	EXPECT_EQ(HELD, cfg_read(host, BY_PORTS, F, TRAP + 1, 1));
	EXPECT_EQ(1, vmm.nr);
	told = (struct kvpci_mirror) { .size = sizeof(told) };
	EXPECT_EQ(-ENOENT, kvpci_ioctl(host->fd, KVPCI_GET_MIRROR, &told));
	close(vmm.function);
	host_free(host);
	vm_free(vm);
}

/* What may be trapped: nothing that the kernel acts upon. */
TEST_F(trapped, bad_ranges)
{
	int function = make_function(self->host, 0, F), i;
	static const struct {
		unsigned int offset, length;
		int result;
	} ranges[] = {
		{ 0, 4, -EINVAL }, { PCI_CAPABILITY_LIST, 1, -EINVAL },
		{ PCI_STD_HEADER_SIZEOF - 1, 1, -EINVAL }, { 0, PAGE, -EINVAL },
		{ EXPRESS, 1, -EINVAL }, { EXPRESS + 1, 1, -EINVAL },
		{ EXPRESS + PCI_EXP_DEVCAP, 4, 0 },
		{ EXPRESS + PCI_EXP_DEVCAP, 5, -EINVAL },
		{ EXPRESS + PCI_EXP_DEVCTL, 2, -EINVAL },
		{ EXPRESS + PCI_EXP_LNKCTL, 2, -EINVAL },
		{ VENDOR_CAP - 4, 4, 0 }, { VENDOR_CAP - 4, 5, -EINVAL },
		{ VENDOR_CAP + 1, 2, -EINVAL }, { VENDOR_CAP + 2, 0x1e, 0 },
		{ VENDOR_CAP + 2, 0x1f, -EINVAL },
		{ MSI + PCI_MSI_FLAGS, 1, -EINVAL }, { MSI + PCI_MSI_ADDRESS_LO, 4, -EINVAL },
		{ 0xc0, 0x40, 0 }, { 0xc0, 0x41, -EINVAL },
		{ EXTENDED, 4, -EINVAL }, { EXTENDED + 3, 1, -EINVAL },
		{ EXTENDED + 4, PAGE - EXTENDED - 4, 0 }, { PAGE - 1, 1, 0 },
		{ PAGE - 1, 2, -EINVAL }, { PAGE, 1, -EINVAL }, { TRAP, 0, -EINVAL },
		{ -1, 1, -EINVAL }, { TRAP, -1, -EINVAL },
	};

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		EXPECT_EQ(ranges[i].result,
			  trap(function, ranges[i].offset, ranges[i].length)) {
			TH_LOG("%u bytes at %#x", ranges[i].length, ranges[i].offset);
		}
		EXPECT_EQ(ranges[i].result ? -ENOENT : 0, untrap(function, 0, PAGE)) {
			TH_LOG("%u bytes at %#x", ranges[i].length, ranges[i].offset);
		}
	}
	EXPECT_EQ(-EINVAL, change_trap(function, KVPCI_RANGE_REPLACE, TRAP, 1));
	EXPECT_EQ(-EINVAL, change_trap(function, KVPCI_RANGE_REMOVE, PAGE, 1));
	EXPECT_EQ(-ENOENT, untrap(function, TRAP, 1));
	must(trap(function, TRAP, 1));
	/* The other kind that there may be is no matter of this. */
	EXPECT_EQ(-ENOENT, add_range(function, &(struct range_desc) {
		.range_flags = KVPCI_RANGE_REMOVE, .kind = KVPCI_RANGE_EXIT,
		.bar = KVPCI_CONFIG, .offset = TRAP, .length = 1 }));
	EXPECT_EQ(-EINVAL, add_range(function, &(struct range_desc) {
		.kind = KVPCI_RANGE_MEMORY, .bar = KVPCI_CONFIG, .length = PAGE }));
	EXPECT_EQ(-ENOENT, untrap(function, TRAP + 1, PAGE - TRAP - 1));
	EXPECT_EQ(0, untrap(function, TRAP, 1));
	close(function);
}

/*
 * A bus that is given one number after the other while another vCPU reads wherever it may be:
 * there is what the VMM has, or nothing, and what the kernel has below is never seen.
 */
TEST_F(trapped, renumbered_under_load)
{
	const __u64 loops = scaled(100);
	struct vcpu *mover = &self->vm->vcpus[0], *reader = &self->vm->vcpus[1];
	int bridge = make_bridge(self->host);
	int other = function_plugged(self->host, BDF(0, 3, 0),
				     (struct kvpci_function_config) {});
	int i, bus;

	self->vmm.function = make_function(self->host, bridge, BDF(0, 0, 0));
	trap_both(self->vmm.function);
	must(plug(self->vmm.function));

	guest_begin(mover);
	guest_begin(reader);
	for (bus = 1; bus < 4; bus++) {
		const __u64 last = bus == 1 ? 3 : bus - 1;

		add_cfg_write(mover, self->host, BY_ECAM, B, PCI_PRIMARY_BUS, 4,
			      bus << 8 | bus << 16);
		add_expect(mover, ecam_address(self->host, BDF(last, 0, 0), TRAP + 1), 1, 0xff);
		add_expect(mover, ecam_address(self->host, BDF(bus, 0, 0), TRAP + 1), 1, HELD);
		add_expect(mover, ecam_address(self->host, BDF(last, 0, 0), FAR_TRAP + 2), 1,
			   0xff);
		for (i = 0; i < 4; i++) {
			struct agent_op *op;

			op = add_expect(reader, ecam_address(self->host, BDF(bus, 0, 0),
							     TRAP + 1), 1, 0xff);
			op->ignore = 0xff & ~HELD;
			op = add_expect(reader, ecam_address(self->host, BDF(bus, 0, 0),
							     FAR_TRAP + 1), 1, 0xff);
			op->ignore = 0xff & ~HELD;
			add_expect(reader, ecam_address(self->host, BDF(0, 3, 0), 0), 4,
				   DEVICE << 16 | VENDOR);
		}
	}
	guest_start(reader, ~0ULL);
	guest_run(mover, loops);
	guest_stop(reader);
	guest_wait(reader);
	close(self->vmm.function);
	close(other);
	close(bridge);
}

TEST_HARNESS_MAIN
