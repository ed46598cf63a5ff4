// SPDX-License-Identifier: GPL-2.0
/*
 * Exits after a write: the write has been carried out, KVM_RUN ends, and the guest goes on
 * when the VMM has done what it has to do.
 *
 * Depends on: kernel, mirrors.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/event.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/pci.h"
#include "lib/structure.h"
#include "lib/vm.h"

#define F		BDF(3, 7, 2)
#define DATA		0xfedcba9876543210ULL
#define MEM		MEM32_BASE
#define BUFFER		RAM_FREE
#define CONTROL		0x10	/* registers of either BAR that exit */
#define NR_CONTROL	8
#define STATUS		0x40	/* one that does not, which the VMM writes */
#define EXPRESS		0x40	/* of configuration space: the capability */
#define VENDOR_CAP	0x80	/* and one of whose bytes two exit: */
#define EXIT_BYTE	(VENDOR_CAP + 6)

/* What came to userspace, and what was there then. */
struct log {
	struct host *host;
	int function;
	int nr;
	struct guest_exit exit[8];
	int error[8];
	struct kvpci_exit said[8];
	__u64 found[8];
};

/* The VMM: notes all, and tells the guest how many exits there have been. */
static __u64 serve(struct vcpu *vcpu, const struct guest_exit *exit)
{
	struct log *log = vcpu->arg;
	struct kvpci_exit *said;
	__u32 count;
	int n = log->nr++;

	if (n >= 8)
		die("more exits than there can be");
	said = &log->said[n];
	log->exit[n] = *exit;
	log->error[n] = get_exit(log->host->fd, exit, vcpu->index, said);
	/* Where there is nothing but registers. */
	if (!log->error[n])
		device_read(log->function, said->bar, said->offset & ~7ULL, &log->found[n], 8);
	count = log->nr;
	must(device_write(log->function, 0, STATUS, &count, 4));
	return ~0ULL;
}

FIXTURE(exit) {
	struct vm *vm;
	struct host *host;
	struct vcpu *vcpu;
	int reset_event;
	int control_event;
	struct log log;
};

static const __u8 express[0x3c] = {
	[PCI_EXP_FLAGS] = 2 | PCI_EXP_TYPE_RC_END << 4,
	[PCI_EXP_DEVCAP + 3] = PCI_EXP_DEVCAP_FLR >> 24,
};

static const __u8 express_writable[0x3c] = { [PCI_EXP_DEVCTL] = 0xff, };
static const __u8 vendor[16], vendor_writable[16] = { [2 ... 15] = 0xff, };

static void add_control(int function, __u32 bar, int event)
{
	static const __u8 writable[NR_CONTROL] = { [0 ... NR_CONTROL - 1] = 0xff };
	const struct range_desc control = {
		.kind = KVPCI_RANGE_REGISTERS,
		.flags = KVPCI_REGISTERS_EXIT | KVPCI_REGISTERS_EVENTFD,
		.bar = bar,
		.offset = CONTROL,
		.length = sizeof(writable),
		.writable = ptr(writable),
		.eventfd = event,
	};

	must(add_range(function, &control));
}

/* @flags: KVPCI_RANGE_*. */
static int change_exit(int function, __u32 flags, __u64 offset, __u64 length)
{
	return add_range(function, &(struct range_desc) {
		.range_flags = flags,
		.kind = KVPCI_RANGE_EXIT,
		.bar = KVPCI_CONFIG,
		.offset = offset,
		.length = length,
	});
}

static int add_exit(int function, __u64 offset, __u64 length)
{
	return change_exit(function, 0, offset, length);
}

static int remove_exit(int function, __u64 offset, __u64 length)
{
	return change_exit(function, KVPCI_RANGE_REMOVE, offset, length);
}

static int make_function(struct host *host, int bdf, int reset_event)
{
	const struct kvpci_capability caps[] = {
		{ .id = PCI_CAP_ID_EXP, .offset = EXPRESS, .length = sizeof(express),
		  .value = ptr(express), .writable = ptr(express_writable) },
		{ .id = PCI_CAP_ID_VNDR, .offset = VENDOR_CAP, .length = sizeof(vendor),
		  .value = ptr(vendor), .writable = ptr(vendor_writable) },
	};

	return function_new(host, bdf, (struct kvpci_function_config) {
		.flags = KVPCI_FUNCTION_RESET_EXIT | KVPCI_FUNCTION_RESET_EVENTFD,
		.bars = { { 2 * PAGE }, { 256, KVPCI_BAR_IO } },
		.capabilities = ptr(caps),
		.nr_capabilities = ARRAY_SIZE(caps),
		.reset_eventfd = reset_event,
		.user_data = DATA,
	});
}

FIXTURE_SETUP(exit)
{
	self->vm = vm_new(1);
	self->host = host_new(self->vm);
	self->vcpu = &self->vm->vcpus[0];
	self->reset_event = event_new();
	self->control_event = event_new();
	self->log.host = self->host;
	self->log.function = make_function(self->host, F, self->reset_event);
	add_control(self->log.function, 0, self->control_event);
	add_control(self->log.function, 1, self->control_event);
	add_registers(self->log.function, 0, STATUS, 8, NULL, NULL, NULL);
	must(add_exit(self->log.function, EXIT_BYTE, 2));
	must(plug(self->log.function));
	set_bar(self->host, F, 0, MEM);
	set_bar(self->host, F, 1, IO_BASE);
	set_command(self->host, F, DECODE_ALL);
	self->vcpu->on_exit = serve;
	self->vcpu->arg = &self->log;
}

FIXTURE_TEARDOWN(exit)
{
	close(self->log.function);
	close(self->reset_event);
	close(self->control_event);
	host_free(self->host);
	vm_free(self->vm);
}

#define EXPECT_WRITTEN(n, bar_, offset_) do {				\
	const int n_ = n;						\
	const struct kvpci_exit said_ = self->log.said[n_];		\
									\
	EXPECT_EQ(0, self->log.error[n_]);				\
	EXPECT_TRUE(said_.flags & KVPCI_EXIT_WRITTEN);			\
	EXPECT_EQ(bar_, said_.bar);					\
	EXPECT_EQ(offset_, said_.offset);				\
	EXPECT_EQ(DATA, said_.user_data);				\
	EXPECT_EQ(F >> 8, said_.bus);					\
	EXPECT_EQ(F & 0xff, said_.devfn);				\
} while (0)

TEST_F(exit, registers)
{
	struct agent_op *read, *counted;

	guest_begin(self->vcpu);
	add_store(self->vcpu, MEM + CONTROL, 4, 0x11223344);
	read = add_load(self->vcpu, MEM + CONTROL, 4);
	counted = add_load(self->vcpu, MEM + STATUS, 4);
	add_store(self->vcpu, MEM + CONTROL + 6, 2, 0x5566);
	guest_run(self->vcpu, 1);

	/* When the VMM was told, all of it was done, and it came before the next access. */
	ASSERT_EQ(2, self->log.nr);
	EXPECT_WRITTEN(0, 0, CONTROL);
	EXPECT_TRUE(self->log.exit[0].write);
	EXPECT_EQ(0x11223344, self->log.exit[0].data);
	EXPECT_EQ(0x11223344, self->log.found[0]);
	EXPECT_EQ(0x11223344, read->result);
	EXPECT_EQ(1, counted->result);
	EXPECT_WRITTEN(1, 0, CONTROL + 6);
	EXPECT_EQ(0x5566000011223344, self->log.found[1]);
	EXPECT_EQ(2, event_count(self->control_event));

	/* A write that the masks leave nothing of is one, too. */
	guest_store(self->vm, MEM + CONTROL, 1, 0x44);
	EXPECT_EQ(3, self->log.nr);
	/* What the device writes is none. */
	must(device_write(self->log.function, 0, CONTROL, "1234", 4));
	EXPECT_EQ(3, self->log.nr);
}

TEST_F(exit, an_access_that_is_also_to_other_bytes)
{
	/* Of eight bytes the last four are registers that exit; all are written. */
	guest_store(self->vm, MEM + CONTROL - 4, 8, 0x1122334455667788);
	ASSERT_EQ(1, self->log.nr);
	EXPECT_WRITTEN(0, 0, CONTROL - 4);
	EXPECT_EQ(0x11223344, guest_load(self->vm, MEM + CONTROL, 4));
	/* And the first four. */
	guest_store(self->vm, MEM + CONTROL + 4, 8, 0x1122334455667788);
	ASSERT_EQ(2, self->log.nr);
	EXPECT_WRITTEN(1, 0, CONTROL + 4);
	EXPECT_EQ(0x5566778811223344, guest_load(self->vm, MEM + CONTROL, 8));
	/* None. */
	guest_store(self->vm, MEM + CONTROL + 8, 8, 1);
	EXPECT_EQ(2, self->log.nr);
}

TEST_F(exit, what_kvm_does_not_ask_for_is_not_written)
{
	__u8 *buffer = vm_ram(self->vm, BUFFER);
	int i;

	for (i = 0; i < 16; i++)
		buffer[i] = 0xa0 + i;
	guest_begin(self->vcpu);
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_STORE, .size = 16, .addr = MEM + CONTROL, .value = BUFFER });
	guest_run(self->vcpu, 1);
	ASSERT_EQ(2, self->log.nr);
	EXPECT_WRITTEN(0, 0, CONTROL);
	EXPECT_EQ(0xa7a6a5a4a3a2a1a0, self->log.found[0]);
	EXPECT_EQ(MEM + CONTROL + 8, self->log.exit[1].addr);
	EXPECT_EQ(0, self->log.error[1]);
	EXPECT_FALSE(self->log.said[1].flags & KVPCI_EXIT_WRITTEN);
}

/* What a store of some bytes at an address gave: exits, and which of them were of writes made. */
struct split {
	const char *what;
	__u8 size;
	__u64 offset;
	int nr;
	__u64 at[3];
	bool written[3];
};

/* A function whose first page ends with registers that exit, and whose second is all userspace. */
static int make_pages(struct host *host, int bdf, int reset_event)
{
	const struct range_desc last = {
		.kind = KVPCI_RANGE_REGISTERS,
		.flags = KVPCI_REGISTERS_EXIT,
		.offset = PAGE - 16,
		.length = 16,
		.writable = ptr((__u8 [16]) { [0 ... 15] = 0xff }),
	};
	int function = make_function(host, bdf, reset_event);

	must(add_range(function, &last));
	add_registers(function, 0, STATUS, 8, NULL, NULL, NULL);
	return function;
}

TEST_F(exit, both_pages)
{
	static const struct split splits[2][3] = {
		{ /* The second page has such registers, too. */
			{ "8 bytes", 8, PAGE - 4, 2, { PAGE - 4, PAGE }, { true, true } },
			{ "16, 12 in the first", 16, PAGE - 12, 3,
			  { PAGE - 12, PAGE - 4, PAGE }, { true, false, true } },
			{ "16, 4 in the first", 16, PAGE - 4, 3,
			  { PAGE - 4, PAGE, PAGE + 8 }, { true, true, false } },
		}, { /* It is userspace's. */
			{ "8 bytes", 8, PAGE - 4, 2, { PAGE - 4, PAGE }, { true, false } },
			{ "16, 12 in the first", 16, PAGE - 12, 3,
			  { PAGE - 12, PAGE - 4, PAGE }, { true, false, false } },
			{ "16, 4 in the first", 16, PAGE - 4, 3,
			  { PAGE - 4, PAGE, PAGE + 8 }, { true, false, false } },
		},
	};
	const __u64 place = MEM + 0x10000;
	const int bdf = BDF(0, 1, 0);
	int kind, i, n;

	close(self->log.function);
	for (kind = 0; kind < 2; kind++) {
		struct range_desc second = {
			.kind = kind ? KVPCI_RANGE_USERSPACE : KVPCI_RANGE_REGISTERS,
			.flags = kind ? 0 : KVPCI_REGISTERS_EXIT,
			.offset = PAGE,
			.length = 64,
		};

		self->log.function = make_pages(self->host, bdf, self->reset_event);
		must(add_range(self->log.function, &second));
		must(plug(self->log.function));
		set_bar(self->host, bdf, 0, place);
		set_command(self->host, bdf, DECODE_ALL);
		for (i = 0; i < 3; i++) {
			const struct split *split = &splits[kind][i];

			self->log.nr = 0;
			guest_begin(self->vcpu);
			guest_add(self->vcpu, (struct agent_op) {
				.kind = OP_STORE, .size = split->size,
				.addr = place + split->offset, .value = BUFFER });
			guest_run(self->vcpu, 1);
			ASSERT_EQ(split->nr, self->log.nr) {
				TH_LOG("%s", split->what);
			}
			for (n = 0; n < split->nr; n++) {
				EXPECT_EQ(0, self->log.error[n]);
				EXPECT_EQ(place + split->at[n], self->log.exit[n].addr);
				EXPECT_EQ(split->at[n], self->log.said[n].offset);
				EXPECT_EQ(split->written[n],
					  !!(self->log.said[n].flags & KVPCI_EXIT_WRITTEN)) {
					TH_LOG("%s, exit %d", split->what, n);
				}
			}
		}
		if (!kind)
			close(self->log.function);
	}
}

TEST_F(exit, ports)
{
	__u16 *buffer = vm_ram(self->vm, BUFFER);
	int i;

	guest_out(self->vm, IO_BASE + CONTROL + 2, 2, 0x1234);
	ASSERT_EQ(1, self->log.nr);
	EXPECT_WRITTEN(0, 1, CONTROL + 2);
	EXPECT_EQ(0x12340000, self->log.found[0]);
	EXPECT_EQ(1, self->log.exit[0].count);

	/* Of a string, KVM gives what is left to userspace: the first has been written. */
	for (i = 0; i < 5; i++)
		buffer[i] = 0x1000 + i;
	guest_begin(self->vcpu);
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_OUTS, .size = 2, .count = 5, .addr = IO_BASE + CONTROL,
		.value = BUFFER });
	guest_run(self->vcpu, 1);
	ASSERT_LE(2, self->log.nr);
	EXPECT_WRITTEN(1, 1, CONTROL);
	EXPECT_EQ(0x1000, self->log.exit[1].data);
	EXPECT_EQ(0x12341000, self->log.found[1]);
}

/* By either way to configuration space: which writes end KVM_RUN, and where are they said to be? */
static void expect_config(struct __test_metadata *_metadata, struct _test_data_exit *self,
			  enum mechanism how)
{
	const struct {
		unsigned int offset;
		__u8 size;
		bool exits;
	} writes[] = {
		{ EXIT_BYTE - 2, 1, false }, { EXIT_BYTE - 1, 1, false },
		{ EXIT_BYTE, 1, true }, { EXIT_BYTE + 1, 1, true }, { EXIT_BYTE + 2, 1, false },
		{ EXIT_BYTE - 2, 2, false }, { EXIT_BYTE, 2, true },
		{ EXIT_BYTE - 2, 4, true }, { EXIT_BYTE + 2, 4, false },
		{ EXIT_BYTE - 6, 4, false }, { PCI_COMMAND, 2, false },
		{ PCI_CACHE_LINE_SIZE, 1, false },
	};
	int i, nr;

	for (i = 0; i < ARRAY_SIZE(writes); i++) {
		__u32 value = writes[i].offset == PCI_COMMAND ? DECODE_ALL : 0x31415926 + i;

		nr = 0;
		self->log.nr = 0;
		cfg_write(self->host, how, F, writes[i].offset, writes[i].size, value);
		EXPECT_EQ(writes[i].exits, self->log.nr - nr) {
			TH_LOG("%u bytes at %#x", writes[i].size, writes[i].offset);
		}
		if (!writes[i].exits)
			continue;
		EXPECT_WRITTEN(nr, KVPCI_CONFIG, writes[i].offset);
		EXPECT_EQ(how == BY_PORTS, self->log.exit[nr].io);
		/* It had taken effect. */
		EXPECT_EQ(0, memcmp(&value, (__u8 *)&self->log.found[nr] + writes[i].offset % 8,
				    writes[i].size));
	}
	nr = self->log.nr;
	EXPECT_NE(0, cfg_read(self->host, how, F, EXIT_BYTE, 2));
	EXPECT_EQ(nr, self->log.nr);
}

TEST_F(exit, configuration_space_by_ecam)
{
	expect_config(_metadata, self, BY_ECAM);
	self->log.nr = 0;
	guest_store(self->vm, ecam_address(self->host, F, VENDOR_CAP), 8, ~0ULL);
	ASSERT_EQ(1, self->log.nr);
	EXPECT_WRITTEN(0, KVPCI_CONFIG, VENDOR_CAP);
	EXPECT_EQ(0xffff, self->log.found[0] >> 48);
}

TEST_F(exit, configuration_space_by_ports)
{
	expect_config(_metadata, self, BY_PORTS);
}

TEST_F(exit, reset)
{
	struct agent_op *counted;

	guest_store(self->vm, MEM + CONTROL, 4, 0x11223344);
	self->log.nr = 0;
	guest_begin(self->vcpu);
	add_cfg_write(self->vcpu, self->host, BY_ECAM, F, EXPRESS + PCI_EXP_DEVCTL, 2,
		      PCI_EXP_DEVCTL_BCR_FLR);
	counted = add_cfg_read(self->vcpu, self->host, BY_ECAM, F, PCI_COMMAND, 2);
	guest_run(self->vcpu, 1);
	ASSERT_EQ(1, self->log.nr);
	EXPECT_WRITTEN(0, KVPCI_CONFIG, EXPRESS + PCI_EXP_DEVCTL);
	EXPECT_TRUE(self->log.said[0].flags & KVPCI_EXIT_RESET);
	EXPECT_EQ(1, event_count(self->reset_event));
	EXPECT_EQ(0, counted->result);
	/* The VMM's own is none, nor is a write as the guest's. */
	must(reset(self->log.function));
	write_as_guest(self->log.function, EXPRESS + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
	write_as_guest(self->log.function, EXIT_BYTE, 2, 1);
	EXPECT_EQ(1, self->log.nr);
	EXPECT_EQ(2, event_count(self->reset_event));
	/* Nor is another bit of the register. */
	cfg_write(self->host, BY_ECAM, F, EXPRESS + PCI_EXP_DEVCTL, 2, 0x10);
	EXPECT_EQ(1, self->log.nr);
}

/* A later access to the same place that is not declined has no answer. */
TEST_F(exit, only_what_was_written)
{
	struct guest_exit none = { .addr = MEM + CONTROL + 4 };
	struct kvpci_exit said;

	guest_store(self->vm, MEM + CONTROL, 4, 1);
	ASSERT_EQ(1, self->log.nr);
	EXPECT_EQ(0, get_exit(self->host->fd, &none, 0, &said));
	EXPECT_FALSE(said.flags & KVPCI_EXIT_WRITTEN);
	cfg_write(self->host, BY_ECAM, F, EXIT_BYTE, 1, 1);
	ASSERT_EQ(2, self->log.nr);
	EXPECT_FALSE(self->log.said[1].flags & KVPCI_EXIT_RESET);
	none.addr = ecam_address(self->host, F, EXIT_BYTE + 1);
	EXPECT_EQ(0, get_exit(self->host->fd, &none, 0, &said));
	EXPECT_FALSE(said.flags & KVPCI_EXIT_WRITTEN);
	none.addr = ecam_address(self->host, F, 0) - 1;
	EXPECT_EQ(-ENOENT, get_exit(self->host->fd, &none, 0, &said));
	none.addr = ecam_address(self->host, F, 0) + PAGE;
	EXPECT_EQ(-ENOENT, get_exit(self->host->fd, &none, 0, &said));
	none.addr = MEM + CONTROL;
	EXPECT_EQ(-ENOENT, get_exit(self->host->fd, &none, 0, &said));
	said.flags = KVPCI_EXIT_WRITTEN;
	EXPECT_EQ(-EINVAL, kvpci_ioctl(self->host->fd, KVPCI_GET_EXIT, &said));
	said.flags = KVPCI_EXIT_RESET;
	EXPECT_EQ(-EINVAL, kvpci_ioctl(self->host->fd, KVPCI_GET_EXIT, &said));

	/* Of ports, the same port only. */
	guest_out(self->vm, IO_BASE + CONTROL, 4, 1);
	ASSERT_EQ(3, self->log.nr);
	none = (struct guest_exit) { .io = true, .addr = IO_BASE + CONTROL + 1 };
	EXPECT_EQ(-ENOENT, get_exit(self->host->fd, &none, 0, &said));
	cfg_write(self->host, BY_PORTS, F, EXIT_BYTE - 2, 4, 1);
	ASSERT_EQ(4, self->log.nr);
	none.addr = CF8_DATA + 1;
	EXPECT_EQ(-ENOENT, get_exit(self->host->fd, &none, 0, &said));
	none.addr = CF8_DATA;
	EXPECT_EQ(0, get_exit(self->host->fd, &none, 0, &said));
	EXPECT_TRUE(said.flags & KVPCI_EXIT_WRITTEN);
}

/* What may be asked for. */
TEST_F(exit, bad_ranges)
{
	int function = make_function(self->host, BDF(0, 1, 0), self->reset_event);
	int plugged = self->log.function;

	EXPECT_EQ(-EINVAL, add_exit(function, 0, 0));
	EXPECT_EQ(-EINVAL, add_exit(function, 0, 4097));
	EXPECT_EQ(-EINVAL, add_exit(function, 4095, 2));
	EXPECT_EQ(-EINVAL, add_exit(function, 4096, 1));
	EXPECT_EQ(-EINVAL, add_exit(function, ~0ULL, 2));
	EXPECT_EQ(0, add_exit(function, 4095, 1));
	EXPECT_EQ(0, add_exit(function, 0, 4096));
	/* Once more, over what is there. */
	EXPECT_EQ(0, add_exit(function, 0, 4096));
	/* While it is plugged, and none after that. */
	EXPECT_EQ(0, add_exit(plugged, PCI_INTERRUPT_LINE, 1));
	cfg_write(self->host, BY_ECAM, F, PCI_INTERRUPT_LINE, 1, 5);
	EXPECT_EQ(1, self->log.nr);
	EXPECT_EQ(0, remove_exit(plugged, PCI_INTERRUPT_LINE, 1));
	cfg_write(self->host, BY_PORTS, F, PCI_INTERRUPT_LINE, 1, 6);
	EXPECT_EQ(1, self->log.nr);
	EXPECT_EQ(6, cfg_read(self->host, BY_PORTS, F, PCI_INTERRUPT_LINE, 1));
	EXPECT_EQ(-ENOENT, remove_exit(plugged, PCI_INTERRUPT_LINE, 1));
	EXPECT_EQ(0, remove_exit(function, 0, 4096));
	EXPECT_EQ(-ENOENT, remove_exit(function, 0, 4096));
	EXPECT_EQ(-EINVAL, change_exit(function, KVPCI_RANGE_REPLACE, 0, 4));
	/* Another kind there, or this kind elsewhere. */
	EXPECT_EQ(-EINVAL, add_range(function, &(struct range_desc) {
		.kind = KVPCI_RANGE_USERSPACE, .bar = KVPCI_CONFIG, .length = 4 }));
	EXPECT_EQ(-EINVAL, add_range(function, &(struct range_desc) {
		.kind = KVPCI_RANGE_REGISTERS, .bar = KVPCI_CONFIG, .length = 4 }));
	EXPECT_EQ(-EINVAL, add_range(function, &(struct range_desc) {
		.kind = KVPCI_RANGE_EXIT, .bar = 0, .length = 4 }));
	EXPECT_EQ(-EINVAL, add_range(function, &(struct range_desc) {
		.kind = KVPCI_RANGE_EXIT, .bar = KVPCI_CONFIG, .length = 4,
		.flags = KVPCI_REGISTERS_EXIT }));
	close(function);
}

/* vCPUs have the numbers that KVM was told. */
TEST(vcpus_by_id)
{
	struct vm *vm = vm_new_with(1, VM_INTERRUPTS);
	int fd = vm_add_vcpu(vm, 7, false);
	struct host *host = host_new(vm);
	struct guest_exit none = { .addr = MEM };
	int function = function_new(host, F, (struct kvpci_function_config) {
		.bars = { { PAGE } } });
	struct kvpci_exit said;

	add_userspace(function, 0, 0, PAGE);
	EXPECT_EQ(-ENOENT, get_exit(host->fd, &none, 0, &said));
	EXPECT_EQ(-EINVAL, get_exit(host->fd, &none, 1, &said));
	EXPECT_EQ(-EINVAL, get_exit(host->fd, &none, 6, &said));
	EXPECT_EQ(-ENOENT, get_exit(host->fd, &none, 7, &said));
	EXPECT_EQ(-EINVAL, get_exit(host->fd, &none, -1, &said));
	EXPECT_EQ(-EINVAL, get_exit(host->fd, &none, 1 << 30, &said));
	close(function);
	close(fd);
	host_free(host);
	vm_free(vm);
}

TEST_HARNESS_MAIN
