// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration space as the guest finds it, by both mechanisms: contents, masks, and
 * which function an access reaches.
 *
 * What a function should hold is put together here from its description and the PCI
 * specification, as three arrays, and compared with what the guest reads. Most of
 * it goes by string instructions, which are a fraction of the exits.
 *
 * Depends on: kernel, mirrors, paging.
 */
#include <string.h>
#include <unistd.h>

#include "lib/agent.h"
#include "lib/die.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/pci.h"
#include "lib/vm.h"

#define CONFIG_SIZE	4096
#define BUFFER		RAM_FREE
#define PATTERN		(RAM_FREE + CONFIG_SIZE)

/* What a function's configuration space should be. */
struct model {
	__u8 value[CONFIG_SIZE];
	__u8 writable[CONFIG_SIZE];
	__u8 write1clear[CONFIG_SIZE];
};

static void put(__u8 *array, unsigned int offset, unsigned int size, __u64 value)
{
	memcpy(array + offset, &value, size);
}

static void model_write(struct model *model, unsigned int offset,
			unsigned int size, __u64 value)
{
	unsigned int i;

	for (i = offset; i < offset + size; i++, value >>= 8) {
		__u8 *byte = &model->value[i];

		*byte = (*byte & ~model->writable[i]) |
			(value & model->writable[i]);
		*byte &= ~(value & model->write1clear[i]);
	}
}

#define SAMPLE		BDF(3, 31, 5)
#define CAP		0x40
#define CAP_LENGTH	0x40
#define EXT		0x100
#define EXT_LENGTH	0x200

/* Masks in which neighbours differ: writable, write-1-to-clear, and neither. */
static __u8 mask_writable(unsigned int i)
{
	return 0x11 << i % 4 | 0x80 >> i % 8;
}

static __u8 mask_write1clear(unsigned int i)
{
	return 0x66 << i % 3 & ~mask_writable(i);
}

static void fill(__u8 *value, __u8 *writable, __u8 *write1clear, unsigned int length)
{
	unsigned int i;

	for (i = 0; i < length; i++) {
		value[i] = 0xff;
		writable[i] = mask_writable(i);
		write1clear[i] = mask_write1clear(i);
	}
}

static int sample_function(struct host *host)
{
	static __u8 value[EXT_LENGTH], writable[EXT_LENGTH], write1clear[EXT_LENGTH];
	struct kvpci_capability caps[] = {
		{
			.id = PCI_CAP_ID_VNDR, .length = CAP_LENGTH,
			.value = (unsigned long)value,
			.writable = (unsigned long)writable,
			.write1clear = (unsigned long)write1clear,
		}, {
			.flags = KVPCI_CAP_EXTENDED, .id = PCI_EXT_CAP_ID_VNDR,
			.version = 7, .length = EXT_LENGTH,
			.value = (unsigned long)value,
			.writable = (unsigned long)writable,
			.write1clear = (unsigned long)write1clear,
		},
	};

	fill(value, writable, write1clear, EXT_LENGTH);
	return function_plugged(host, SAMPLE, (struct kvpci_function_config) {
		.vendor = 0x8086, .device = 0x10d3,
		.subsystem_vendor = 0xabcd, .subsystem = 0xef01,
		.revision = 0x23, .class_code = 0x020304,
		.bars = {
			{ 1ULL << 36, KVPCI_BAR_64BIT | KVPCI_BAR_PREFETCH }, {},
			{ 16 },
			{ 64, KVPCI_BAR_IO },
			{ 1 << 20, KVPCI_BAR_64BIT },
		},
		.rom_size = 1 << 16,
		.capabilities = (unsigned long)caps, .nr_capabilities = 2,
	});
}

static void sample_model(struct model *model)
{
	__u8 *value = model->value, *writable = model->writable;

	memset(model, 0, sizeof(*model));

	put(value, PCI_VENDOR_ID, 2, 0x8086);
	put(value, PCI_DEVICE_ID, 2, 0x10d3);
	put(writable, PCI_COMMAND, 2,
	    PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
	    PCI_COMMAND_PARITY | PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
	put(value, PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
	put(model->write1clear, PCI_STATUS, 2, 0xf900);
	put(value, PCI_REVISION_ID, 1, 0x23);
	put(value, PCI_CLASS_PROG, 1, 0x04);
	put(value, PCI_CLASS_DEVICE, 2, 0x0203);
	put(writable, PCI_CACHE_LINE_SIZE, 1, 0xff);
	put(value, PCI_HEADER_TYPE, 1, 0x80);	/* function 5 makes it that */
	put(value, PCI_BASE_ADDRESS_0, 4, 0xc);
	put(writable, PCI_BASE_ADDRESS_1, 4, 0xfffffff0);
	put(writable, PCI_BASE_ADDRESS_2, 4, 0xfffffff0);
	put(value, PCI_BASE_ADDRESS_3, 4, 0x1);
	put(writable, PCI_BASE_ADDRESS_3, 4, 0xffffffc0);
	put(value, PCI_BASE_ADDRESS_4, 4, 0x4);
	put(writable, PCI_BASE_ADDRESS_4, 8, 0xfffffffffff00000);
	put(value, PCI_SUBSYSTEM_VENDOR_ID, 2, 0xabcd);
	put(value, PCI_SUBSYSTEM_ID, 2, 0xef01);
	put(writable, PCI_ROM_ADDRESS, 4, 0xffff0001);
	put(value, PCI_CAPABILITY_LIST, 1, CAP);
	put(writable, PCI_INTERRUPT_LINE, 1, 0xff);

	fill(value + CAP, writable + CAP, model->write1clear + CAP, CAP_LENGTH);
	put(value, CAP, 2, PCI_CAP_ID_VNDR);
	put(writable, CAP, 2, 0);
	put(model->write1clear, CAP, 2, 0);

	fill(value + EXT, writable + EXT, model->write1clear + EXT, EXT_LENGTH);
	put(value, EXT, 4, PCI_EXT_CAP_ID_VNDR | 7 << 16);
	put(writable, EXT, 4, 0);
	put(model->write1clear, EXT, 4, 0);
}

/* The device sets all bits of the capabilities, so that there is what to clear. */
static void set_capabilities(int function, struct model *model)
{
	__u8 all[EXT_LENGTH];

	memset(all, 0xff, sizeof(all));
	must(device_write(function, KVPCI_CONFIG, CAP + 2, all, CAP_LENGTH - 2));
	must(device_write(function, KVPCI_CONFIG, EXT + 4, all, EXT_LENGTH - 4));
	memset(model->value + CAP + 2, 0xff, CAP_LENGTH - 2);
	memset(model->value + EXT + 4, 0xff, EXT_LENGTH - 4);
}

/* A function's configuration space, as the guest reads it by ECAM. */
static const __u8 *read_all(struct host *host, int bdf, unsigned int size)
{
	struct vcpu *vcpu = &host->vm->vcpus[0];

	guest_begin(vcpu);
	guest_add(vcpu, (struct agent_op) {
		.kind = OP_MOVS, .size = size, .count = CONFIG_SIZE / size,
		.addr = BUFFER, .value = ecam_address(host, bdf, 0) });
	guest_run(vcpu, 1);
	return vm_ram(host->vm, BUFFER);
}

/* The same bytes to all of it, in accesses of @size. */
static void write_all(struct host *host, int bdf, unsigned int size, __u8 byte)
{
	struct vcpu *vcpu = &host->vm->vcpus[0];

	memset(vm_ram(host->vm, PATTERN), byte, CONFIG_SIZE);
	guest_begin(vcpu);
	guest_add(vcpu, (struct agent_op) {
		.kind = OP_MOVS, .size = size, .count = CONFIG_SIZE / size,
		.addr = ecam_address(host, bdf, 0), .value = PATTERN });
	guest_run(vcpu, 1);
}

/* The first byte that differs, or CONFIG_SIZE. */
static unsigned int first_difference(const __u8 *a, const __u8 *b)
{
	unsigned int i;

	for (i = 0; i < CONFIG_SIZE && a[i] == b[i]; i++)
		;
	return i;
}

FIXTURE(config) {
	struct vm *vm;
	struct host *host;
	struct vcpu *vcpu;
};

FIXTURE_SETUP(config)
{
	self->vm = vm_new(1);
	self->host = host_new(self->vm);
	self->vcpu = &self->vm->vcpus[0];
}

FIXTURE_TEARDOWN(config)
{
	host_free(self->host);
	vm_free(self->vm);
}

TEST_F(config, the_bridge_is_a_host_bridge)
{
	enum mechanism how;

	for (how = BY_PORTS; how <= BY_ECAM; how++) {
		EXPECT_EQ(BRIDGE_DEVICE << 16 | BRIDGE_VENDOR,
			  cfg_read(self->host, how, 0, PCI_VENDOR_ID, 4));
		EXPECT_EQ(PCI_HEADER_TYPE_NORMAL,
			  cfg_read(self->host, how, 0, PCI_HEADER_TYPE, 1));
		EXPECT_EQ(0x060000,
			  cfg_read(self->host, how, 0, PCI_CLASS_REVISION, 4) >> 8);
		EXPECT_EQ(0, cfg_read(self->host, how, 0, PCI_BASE_ADDRESS_0, 4));
	}
}

TEST_F(config, reads_are_what_was_described_in_every_size)
{
	struct model model;
	unsigned int size;

	sample_function(self->host);
	sample_model(&model);
	for (size = 1; size <= 8; size *= 2) {
		const __u8 *space = read_all(self->host, SAMPLE, size);

		EXPECT_EQ(CONFIG_SIZE, first_difference(model.value, space));
	}
}

TEST_F(config, ports_read_the_first_256_bytes_in_every_size)
{
	unsigned int size, offset;
	struct model model;

	sample_function(self->host);
	sample_model(&model);
	for (size = 1; size <= 4; size *= 2) {
		guest_begin(self->vcpu);
		for (offset = 0; offset < 256; offset++) {
			struct agent_op *op;

			/* Not beyond the last data port. */
			if (offset % 4 + size > 4)
				continue;
			op = add_cfg_read(self->vcpu, self->host, BY_PORTS,
					  SAMPLE, offset, size);
			op->flags = OP_EXPECT;
			memcpy(&op->value, model.value + offset, size);
		}
		guest_run(self->vcpu, 1);
	}
}

/* One bit of every byte at a time. */
TEST_F(config, every_bit_is_writable_or_clearable_as_described)
{
	unsigned int bit, i;
	struct model model;
	int function;

	function = sample_function(self->host);
	sample_model(&model);
	for (bit = 0; bit < 8; bit++) {
		set_capabilities(function, &model);
		write_all(self->host, SAMPLE, 1, 1 << bit);
		for (i = 0; i < CONFIG_SIZE; i++)
			model_write(&model, i, 1, 1 << bit);
		i = first_difference(model.value,
				     read_all(self->host, SAMPLE, 8));
		ASSERT_EQ(CONFIG_SIZE, i) TH_LOG("bit %u", bit);
	}
}

TEST_F(config, all_ones_and_zeros_in_every_size)
{
	unsigned int size, i;
	struct model model;
	int function;

	function = sample_function(self->host);
	sample_model(&model);
	for (size = 1; size <= 8; size *= 2) {
		set_capabilities(function, &model);
		write_all(self->host, SAMPLE, size, 0xff);
		for (i = 0; i < CONFIG_SIZE; i += size)
			model_write(&model, i, size, ~0ULL);
		EXPECT_EQ(CONFIG_SIZE,
			  first_difference(model.value,
					   read_all(self->host, SAMPLE, 8)));

		set_capabilities(function, &model);
		write_all(self->host, SAMPLE, size, 0);
		for (i = 0; i < CONFIG_SIZE; i += size)
			model_write(&model, i, size, 0);
		EXPECT_EQ(CONFIG_SIZE,
			  first_difference(model.value,
					   read_all(self->host, SAMPLE, 8)));
	}
}

/* Any alignment; what is around the bytes written is looked at, too. */
TEST_F(config, an_ecam_write_changes_its_bytes_and_no_others)
{
	static const unsigned int ranges[][2] = {
		{ 0, 0x50 }, { 0xf0, 0x118 }, { 0x2f8, 0x308 },
		{ CONFIG_SIZE - 0x10, CONFIG_SIZE },
	};
	unsigned int size, range, offset, from;
	struct model model;
	int function;

	function = sample_function(self->host);
	sample_model(&model);
	for (size = 1; size <= 8; size *= 2) {
		set_capabilities(function, &model);
		guest_begin(self->vcpu);
		for (range = 0; range < 4; range++)
			for (offset = ranges[range][0];
			     offset + size <= ranges[range][1]; offset++) {
				__u64 value = 0xa5c3960f5a3c69f0 * (offset + 1);

				add_cfg_write(self->vcpu, self->host, BY_ECAM,
					      SAMPLE, offset, size, value);
				model_write(&model, offset, size, value);
				for (from = offset < 4 ? 0 : offset - 4;
				     from < offset + size && from + 8 <= CONFIG_SIZE;
				     from += 8)
					add_expect(self->vcpu,
						   ecam_address(self->host,
								SAMPLE, from), 8,
						   *(__u64 *)(model.value + from));
			}
		guest_run(self->vcpu, 1);
		EXPECT_EQ(CONFIG_SIZE,
			  first_difference(model.value,
					   read_all(self->host, SAMPLE, 8)));
	}
}

TEST_F(config, a_port_write_changes_its_bytes_and_no_others)
{
	unsigned int size, offset;
	struct model model;
	int function;

	function = sample_function(self->host);
	sample_model(&model);
	for (size = 1; size <= 4; size *= 2) {
		set_capabilities(function, &model);
		guest_begin(self->vcpu);
		for (offset = 0; offset < 256; offset++) {
			__u64 value = 0xa5c3960f5a3c69f0 * (offset + 1);

			if (offset % 4 + size > 4)
				continue;
			add_cfg_write(self->vcpu, self->host, BY_PORTS, SAMPLE,
				      offset, size, value);
			model_write(&model, offset, size, value);
			/* The address is still set. */
			add_in(self->vcpu, CF8_DATA, 4)->value =
				*(__u32 *)(model.value + (offset & ~3));
			self->vcpu->ops[self->vcpu->list->nr - 1].flags = OP_EXPECT;
		}
		guest_run(self->vcpu, 1);
		EXPECT_EQ(CONFIG_SIZE,
			  first_difference(model.value,
					   read_all(self->host, SAMPLE, 8)));
	}
}

TEST_F(config, the_device_reads_what_the_guest_reads)
{
	__u8 space[CONFIG_SIZE];
	struct model model;
	int function;

	function = sample_function(self->host);
	sample_model(&model);
	cfg_write(self->host, BY_ECAM, SAMPLE, PCI_INTERRUPT_LINE, 1, 11);
	model_write(&model, PCI_INTERRUPT_LINE, 1, 11);
	ASSERT_EQ(0, device_read(function, KVPCI_CONFIG, 0, space, CONFIG_SIZE));
	EXPECT_EQ(CONFIG_SIZE, first_difference(model.value, space));
}

TEST_F(config, a_write_in_the_guests_name_has_the_guests_masks)
{
	struct model model;
	__u64 all = ~0ULL;
	struct kvpci_access access = {
		.size = sizeof(access),
		.flags = KVPCI_ACCESS_AS_GUEST,
		.bar = KVPCI_CONFIG,
		.length = 8,
		.data = (unsigned long)&all,
	};
	int function;

	function = sample_function(self->host);
	sample_model(&model);
	for (; access.offset < CONFIG_SIZE; access.offset += 8) {
		ASSERT_EQ(0, kvpci_ioctl(function, KVPCI_WRITE, &access));
		model_write(&model, access.offset, 8, all);
	}
	EXPECT_EQ(CONFIG_SIZE,
		  first_difference(model.value, read_all(self->host, SAMPLE, 8)));
}

TEST_F(config, absent_functions_read_all_ones_and_ignore_writes)
{
	enum mechanism how;
	int function;

	/* Its place is taken, but it isn't plugged. */
	function = function_new(self->host, BDF(0, 7, 0),
				(struct kvpci_function_config) {});
	for (how = BY_PORTS; how <= BY_ECAM; how++) {
		EXPECT_EQ(ones(4), cfg_read(self->host, how, BDF(0, 7, 0), 0, 4));
		EXPECT_EQ(ones(1), cfg_read(self->host, how, BDF(0, 7, 1), 0xe, 1));
		EXPECT_EQ(ones(2), cfg_read(self->host, how, BDF(0, 0, 1), 2, 2));
		EXPECT_EQ(ones(4), cfg_read(self->host, how, BDF(9, 0, 0), 0, 4));
		EXPECT_EQ(ones(4), cfg_read(self->host, how, BDF(255, 31, 7), 0, 4));
		cfg_write(self->host, how, BDF(0, 7, 0), PCI_COMMAND, 2, 7);
		cfg_write(self->host, how, BDF(0, 7, 0), PCI_INTERRUPT_LINE, 1, 5);
		EXPECT_EQ(ones(2), cfg_read(self->host, how, BDF(0, 7, 0), 4, 2));
	}
	EXPECT_EQ(ones(8), cfg_read(self->host, BY_ECAM, BDF(0, 7, 0), 0xff8, 8));

	must(plug(function));
	EXPECT_EQ(DEVICE << 16 | VENDOR,
		  cfg_read(self->host, BY_ECAM, BDF(0, 7, 0), 0, 4));
	EXPECT_EQ(0, cfg_read(self->host, BY_ECAM, BDF(0, 7, 0), PCI_COMMAND, 2));
	EXPECT_EQ(0, cfg_read(self->host, BY_ECAM, BDF(0, 7, 0),
			      PCI_INTERRUPT_LINE, 1));

	close(function);
	EXPECT_EQ(ones(4), cfg_read(self->host, BY_PORTS, BDF(0, 7, 0), 0, 4));
	EXPECT_EQ(ones(4), cfg_read(self->host, BY_ECAM, BDF(0, 7, 0), 0, 4));
}

TEST_F(config, the_address_port_reads_back)
{
	static const __u32 values[] = { 0, ~0U, 0x80001234, 0x12345678 };
	unsigned int i;

	EXPECT_EQ(0, guest_in(self->vm, CF8_ADDRESS, 4));
	for (i = 0; i < 4; i++) {
		guest_out(self->vm, CF8_ADDRESS, 4, values[i]);
		EXPECT_EQ(values[i], guest_in(self->vm, CF8_ADDRESS, 4));
	}
}

TEST_F(config, the_address_port_is_a_dword_and_nothing_else)
{
	static const struct {
		__u16 port;
		__u8 size;
	} narrow[] = {
		{ 0xcf8, 1 }, { 0xcf8, 2 }, { 0xcfa, 1 }, { 0xcfa, 2 },
		{ 0xcfb, 1 }, { 0xcfb, 2 }, { 0xcfa, 4 }, { 0xcfb, 4 },
	};
	unsigned int i;

	guest_out(self->vm, CF8_ADDRESS, 4, CF8_ENABLE);
	for (i = 0; i < ARRAY_SIZE(narrow); i++) {
		EXPECT_EQ(ones(narrow[i].size),
			  guest_in(self->vm, narrow[i].port, narrow[i].size));
		guest_out(self->vm, narrow[i].port, narrow[i].size, 0x12345678);
		EXPECT_EQ(CF8_ENABLE, guest_in(self->vm, CF8_ADDRESS, 4));
	}
	EXPECT_EQ(BRIDGE_DEVICE << 16 | BRIDGE_VENDOR,
		  guest_in(self->vm, CF8_DATA, 4));
}

TEST_F(config, the_reset_port_is_left_to_userspace)
{
	unsigned int size;

	self->vcpu->on_exit = exit_is_noted;
	guest_out(self->vm, CF8_ADDRESS, 4, CF8_ENABLE);
	for (size = 1; size <= 4; size *= 2) {
		struct guest_exit *exit = self->vcpu->exits;

		self->vcpu->nr_exits = 0;
		guest_out(self->vm, 0xcf9, size, 0x06060606);
		EXPECT_EQ(EXIT_ANSWER & ones(size),
			  guest_in(self->vm, 0xcf9, size));

		ASSERT_EQ(2, self->vcpu->nr_exits);
		EXPECT_TRUE(exit[0].io && exit[0].write);
		EXPECT_EQ(0xcf9, exit[0].addr);
		EXPECT_EQ(size, exit[0].size);
		EXPECT_EQ(0x06060606 & ones(size), exit[0].data);
		EXPECT_TRUE(exit[1].io && !exit[1].write);
		EXPECT_EQ(0xcf9, exit[1].addr);
	}
	EXPECT_EQ(CF8_ENABLE, guest_in(self->vm, CF8_ADDRESS, 4));
}

TEST_F(config, the_data_ports_need_the_enable_bit)
{
	guest_out(self->vm, CF8_ADDRESS, 4, 0);
	EXPECT_EQ(ones(4), guest_in(self->vm, CF8_DATA, 4));
	guest_out(self->vm, CF8_ADDRESS, 4, PCI_INTERRUPT_LINE);
	guest_out(self->vm, CF8_DATA, 1, 9);
	EXPECT_EQ(0, cfg_read(self->host, BY_ECAM, 0, PCI_INTERRUPT_LINE, 1));
	guest_out(self->vm, CF8_ADDRESS, 4, CF8_ENABLE | PCI_INTERRUPT_LINE);
	guest_out(self->vm, CF8_DATA, 1, 9);
	EXPECT_EQ(9, cfg_read(self->host, BY_ECAM, 0, PCI_INTERRUPT_LINE, 1));
}

TEST_F(config, the_low_bits_of_the_address_are_ored_with_the_port)
{
	unsigned int low, port, size;
	struct model model;

	sample_function(self->host);
	sample_model(&model);
	for (low = 0; low < 4; low++) {
		guest_begin(self->vcpu);
		add_out(self->vcpu, CF8_ADDRESS, 4,
			CF8_ENABLE | SAMPLE << 8 | 0x2c | low);
		for (port = 0; port < 4; port++)
			for (size = 1; port + size <= 4; size *= 2) {
				struct agent_op *op;

				op = add_in(self->vcpu, CF8_DATA + port, size);
				op->flags = OP_EXPECT;
				memcpy(&op->value,
				       model.value + (0x2c | low | port), size);
			}
		guest_run(self->vcpu, 1);
	}

	/* Writes go to the same place. */
	guest_out(self->vm, CF8_ADDRESS, 4, CF8_ENABLE | SAMPLE << 8 | 0x3e);
	guest_out(self->vm, CF8_DATA, 1, 0x11);
	EXPECT_EQ(0, cfg_read(self->host, BY_ECAM, SAMPLE, PCI_INTERRUPT_LINE, 1));
	guest_out(self->vm, CF8_ADDRESS, 4, CF8_ENABLE | SAMPLE << 8 | 0x39);
	guest_out(self->vm, CF8_DATA + 2, 2, 0x1722);	/* to 0x3b */
	EXPECT_EQ(0x17,
		  cfg_read(self->host, BY_ECAM, SAMPLE, PCI_INTERRUPT_LINE, 1));
	guest_out(self->vm, CF8_ADDRESS, 4, CF8_ENABLE | SAMPLE << 8 | 0x3c);
	guest_out(self->vm, CF8_DATA, 1, 0x33);
	EXPECT_EQ(0x33,
		  cfg_read(self->host, BY_ECAM, SAMPLE, PCI_INTERRUPT_LINE, 1));
}

TEST_F(config, the_data_ports_end_with_byte_255)
{
	__u8 body[4] = {}, writable[4] = { 0, 0, 0xff, 0xff };
	struct kvpci_capability cap = {
		.id = PCI_CAP_ID_VNDR, .offset = 0xfc, .length = 4,
		.value = (unsigned long)body, .writable = (unsigned long)writable,
	};

	function_plugged(self->host, BDF(0, 1, 0), (struct kvpci_function_config) {
		.capabilities = (unsigned long)&cap, .nr_capabilities = 1 });
	guest_out(self->vm, CF8_ADDRESS, 4, CF8_ENABLE | BDF(0, 1, 0) << 8 | 0xff);
	guest_out(self->vm, CF8_DATA, 4, 0x44332211);
	EXPECT_EQ(0x11, cfg_read(self->host, BY_ECAM, BDF(0, 1, 0), 0xff, 1));
	EXPECT_EQ(0x00, cfg_read(self->host, BY_ECAM, BDF(0, 1, 0), 0xfe, 1));
	EXPECT_EQ(0xffffff11, guest_in(self->vm, CF8_DATA, 4));
	EXPECT_EQ(0, cfg_read(self->host, BY_ECAM, BDF(0, 1, 0), 0x100, 4));
}

TEST_F(config, string_instructions_reach_the_data_ports)
{
	__u32 *to = vm_ram(self->vm, BUFFER);
	int i;

	guest_begin(self->vcpu);
	add_out(self->vcpu, CF8_ADDRESS, 4, CF8_ENABLE);
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_INS, .size = 4, .count = 5, .addr = CF8_DATA,
		.value = BUFFER });
	guest_run(self->vcpu, 1);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(BRIDGE_DEVICE << 16 | BRIDGE_VENDOR, to[i]);
	EXPECT_EQ(0, to[5]);

	for (i = 0; i < 5; i++)
		to[i] = i + 1;
	guest_begin(self->vcpu);
	add_out(self->vcpu, CF8_ADDRESS, 4, CF8_ENABLE | PCI_INTERRUPT_LINE);
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_OUTS, .size = 4, .count = 5, .addr = CF8_DATA,
		.value = BUFFER });
	guest_run(self->vcpu, 1);
	EXPECT_EQ(5, cfg_read(self->host, BY_ECAM, 0, PCI_INTERRUPT_LINE, 1));
}

/* An emulator has dropped the bits of the register number from 0x100 on. */
TEST_F(config, ecam_reaches_registers_beyond_255)
{
	struct model model;

	sample_function(self->host);
	sample_model(&model);
	EXPECT_EQ(*(__u32 *)(model.value + 0x100),
		  cfg_read(self->host, BY_ECAM, SAMPLE, 0x100, 4));
	EXPECT_EQ(*(__u32 *)(model.value + 0x2fc),
		  cfg_read(self->host, BY_ECAM, SAMPLE, 0x2fc, 4));
	EXPECT_EQ(0, cfg_read(self->host, BY_ECAM, SAMPLE, 0x300, 4));
	EXPECT_EQ(0, cfg_read(self->host, BY_ECAM, SAMPLE, 0xffc, 4));

	cfg_write(self->host, BY_ECAM, SAMPLE, 0x100 + PCI_INTERRUPT_LINE, 1, 0);
	cfg_write(self->host, BY_ECAM, SAMPLE, 0xf00 + PCI_INTERRUPT_LINE, 1, 7);
	EXPECT_EQ(0, cfg_read(self->host, BY_ECAM, SAMPLE, PCI_INTERRUPT_LINE, 1));
}

/*
 * KVM cuts an access in two where a page ends: 3 bytes here and 5 in the next page. What
 * is of such a size reads as memory does, and is not written.
 */
TEST_F(config, an_ecam_access_may_cross_functions)
{
	__u64 end = ecam_address(self->host, BDF(0, 1, 0), CONFIG_SIZE);
	__u8 body[0xf00] = {}, writable[0xf00];
	struct kvpci_capability cap = {
		.flags = KVPCI_CAP_EXTENDED, .id = PCI_EXT_CAP_ID_VNDR,
		.version = 1, .length = 0xf00, .value = (unsigned long)body,
		.writable = (unsigned long)writable,
	};

	memset(writable, 0xff, sizeof(writable));
	function_plugged(self->host, BDF(0, 1, 0), (struct kvpci_function_config) {
		.capabilities = (unsigned long)&cap, .nr_capabilities = 1 });
	function_plugged(self->host, BDF(0, 1, 1), (struct kvpci_function_config) {});

	/* 3 and 5 */
	EXPECT_EQ((__u64)(DEVICE << 16 | VENDOR) << 24,
		  guest_load(self->vm, end - 3, 8) & ~(0xffULL << 56));
	/* 7 and 1: the one byte is the next function's */
	EXPECT_EQ((__u64)(VENDOR & 0xff) << 56, guest_load(self->vm, end - 7, 8));
	/* 2 and 2 */
	EXPECT_EQ(VENDOR << 16, guest_load(self->vm, end - 2, 4));
	/* 4 and 4 */
	EXPECT_EQ((__u64)(DEVICE << 16 | VENDOR) << 32,
		  guest_load(self->vm, end - 4, 8));

	guest_store(self->vm, end - 3, 8, ones(8));
	EXPECT_EQ(0, guest_load(self->vm, end - 4, 4));
	guest_store(self->vm, end - 3, 4, ones(4));
	EXPECT_EQ(0, guest_load(self->vm, end - 4, 4));
	guest_store(self->vm, end - 2, 4, 0x12345678);
	EXPECT_EQ(0x56780000, guest_load(self->vm, end - 4, 4));
	EXPECT_EQ(DEVICE << 16 | VENDOR, guest_load(self->vm, end, 4));
}

TEST_F(config, an_ecam_access_of_16_bytes_is_two_of_8)
{
	struct model model;

	sample_function(self->host);
	sample_model(&model);
	guest_begin(self->vcpu);
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_LOAD, .size = 16, .value = BUFFER,
		.addr = ecam_address(self->host, SAMPLE, 0x20) });
	guest_run(self->vcpu, 1);
	EXPECT_EQ(0, memcmp(vm_ram(self->vm, BUFFER), model.value + 0x20, 16));

	memset(vm_ram(self->vm, BUFFER), 0xff, 16);
	guest_begin(self->vcpu);
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_STORE, .size = 16, .value = BUFFER,
		.addr = ecam_address(self->host, SAMPLE, 0x110) });
	guest_run(self->vcpu, 1);
	model_write(&model, 0x110, 8, ~0ULL);
	model_write(&model, 0x118, 8, ~0ULL);
	EXPECT_EQ(CONFIG_SIZE,
		  first_difference(model.value, read_all(self->host, SAMPLE, 8)));
}

TEST_F(config, the_multi_function_bit_follows_the_functions)
{
	enum mechanism how;
	int f0, f3, f7;

	for (how = BY_PORTS; how <= BY_ECAM; how++) {
#define TYPE(function) cfg_read(self->host, how, BDF(4, 2, function), PCI_HEADER_TYPE, 1)
		f0 = function_plugged(self->host, BDF(4, 2, 0),
				      (struct kvpci_function_config) {});
		EXPECT_EQ(0x00, TYPE(0));

		/* The guest can't see it yet. */
		f3 = function_new(self->host, BDF(4, 2, 3),
				  (struct kvpci_function_config) {});
		EXPECT_EQ(0x00, TYPE(0));
		must(plug(f3));
		EXPECT_EQ(0x80, TYPE(0));
		EXPECT_EQ(0x80, TYPE(3));

		f7 = function_plugged(self->host, BDF(4, 2, 7),
				      (struct kvpci_function_config) {});
		EXPECT_EQ(0x80, TYPE(7));
		close(f3);
		EXPECT_EQ(0x80, TYPE(0));
		close(f7);
		EXPECT_EQ(0x00, TYPE(0));

		/* Function 0 is the last to come. */
		f7 = function_plugged(self->host, BDF(4, 2, 7),
				      (struct kvpci_function_config) {});
		EXPECT_EQ(0x80, TYPE(7));
		close(f0);
		EXPECT_EQ(0x80, TYPE(7));
		EXPECT_EQ(0xff, TYPE(0));
		f0 = function_plugged(self->host, BDF(4, 2, 0),
				      (struct kvpci_function_config) {});
		EXPECT_EQ(0x80, TYPE(0));

		/* The neighbours are other devices, and the guest can't write it. */
		close(function_plugged(self->host, BDF(4, 3, 1),
				       (struct kvpci_function_config) {}));
		cfg_write(self->host, how, BDF(4, 2, 0), PCI_HEADER_TYPE, 1, 0);
		EXPECT_EQ(0x80, TYPE(0));
		close(f7);
		EXPECT_EQ(0x00, TYPE(0));
		close(f0);
#undef TYPE
	}

	EXPECT_EQ(0x00, cfg_read(self->host, BY_ECAM, 0, PCI_HEADER_TYPE, 1));
	f3 = function_plugged(self->host, BDF(0, 0, 3),
			      (struct kvpci_function_config) {});
	EXPECT_EQ(0x80, cfg_read(self->host, BY_ECAM, 0, PCI_HEADER_TYPE, 1));
	close(f3);
	EXPECT_EQ(0x00, cfg_read(self->host, BY_ECAM, 0, PCI_HEADER_TYPE, 1));
}

TEST_F(config, a_bus_has_room_for_256_functions)
{
	enum mechanism how;
	int devfn;

	for (devfn = 0; devfn < 256; devfn++)
		function_plugged(self->host, 5 << 8 | devfn,
				 (struct kvpci_function_config) {
					.device = 0x1000 + devfn });

	for (how = BY_PORTS; how <= BY_ECAM; how++) {
		guest_begin(self->vcpu);
		for (devfn = 0; devfn < 256; devfn++) {
			struct agent_op *op;

			op = add_cfg_read(self->vcpu, self->host, how,
					  5 << 8 | devfn, PCI_VENDOR_ID, 4);
			op->flags = OP_EXPECT;
			op->value = (0x1000 + devfn) << 16 | VENDOR;
			op = add_cfg_write(self->vcpu, self->host, how,
					   5 << 8 | devfn, PCI_INTERRUPT_LINE, 1,
					   devfn ^ how);
		}
		guest_run(self->vcpu, 1);
	}

	guest_begin(self->vcpu);
	for (devfn = 0; devfn < 256; devfn++)
		add_expect(self->vcpu,
			   ecam_address(self->host, 5 << 8 | devfn,
					PCI_INTERRUPT_LINE), 1, devfn ^ BY_ECAM);
	guest_run(self->vcpu, 1);
	EXPECT_EQ(ones(4), cfg_read(self->host, BY_ECAM, 4 << 8, 0, 4));
	EXPECT_EQ(ones(4), cfg_read(self->host, BY_ECAM, 6 << 8, 0, 4));
}

TEST_F(config, every_bus_can_have_functions)
{
	enum mechanism how;
	int bus;

	/* 31.7, for all bits of the address to count. */
	for (bus = 0; bus < 256; bus++)
		function_plugged(self->host, BDF(bus, 31, 7),
				 (struct kvpci_function_config) {
					.device = 0x2000 + bus });

	for (how = BY_PORTS; how <= BY_ECAM; how++) {
		guest_begin(self->vcpu);
		for (bus = 0; bus < 256; bus++) {
			struct agent_op *op;

			op = add_cfg_read(self->vcpu, self->host, how,
					  BDF(bus, 31, 7), PCI_VENDOR_ID, 4);
			op->flags = OP_EXPECT;
			op->value = (0x2000 + bus) << 16 | VENDOR;
			op = add_cfg_read(self->vcpu, self->host, how,
					  BDF(bus, 31, 6), PCI_VENDOR_ID, 4);
			op->flags = OP_EXPECT;
			op->value = ones(4);
		}
		guest_run(self->vcpu, 1);
	}
}

/* Bridges that are not the default one. */
FIXTURE(bridge) {
	struct vm *vm;
	struct kvpci_host_config desc;
};

FIXTURE_SETUP(bridge)
{
	self->vm = vm_new(1);
	self->desc = host_defaults(self->vm);
}

FIXTURE_TEARDOWN(bridge)
{
	vm_free(self->vm);
}

TEST_F(bridge, the_first_bus_need_not_be_0)
{
	struct vcpu *vcpu = &self->vm->vcpus[0];
	struct host *host;
	int how;

	self->desc.first_bus = 0x20;
	self->desc.last_bus = 0x2f;
	self->desc.revision = 9;
	self->desc.subsystem_vendor = 0x1111;
	self->desc.subsystem = 0x2222;
	host = host_new_from(self->vm, &self->desc);
	function_plugged(host, BDF(0x2f, 31, 7), (struct kvpci_function_config) {});

	for (how = BY_PORTS; how <= BY_ECAM; how++) {
		EXPECT_EQ(BRIDGE_DEVICE << 16 | BRIDGE_VENDOR,
			  cfg_read(host, how, BDF(0x20, 0, 0), 0, 4));
		EXPECT_EQ(0x06000009,
			  cfg_read(host, how, BDF(0x20, 0, 0), PCI_CLASS_REVISION, 4));
		EXPECT_EQ(0x22221111,
			  cfg_read(host, how, BDF(0x20, 0, 0),
				   PCI_SUBSYSTEM_VENDOR_ID, 4));
		EXPECT_EQ(DEVICE << 16 | VENDOR,
			  cfg_read(host, how, BDF(0x2f, 31, 7), 0, 4));
		EXPECT_EQ(ones(4), cfg_read(host, how, BDF(0x2f, 0, 0), 0, 4));
	}
	EXPECT_EQ(ones(4), cfg_read(host, BY_PORTS, BDF(0, 0, 0), 0, 4));
	EXPECT_EQ(ones(4), cfg_read(host, BY_PORTS, BDF(0x1f, 0, 0), 0, 4));
	EXPECT_EQ(ones(4), cfg_read(host, BY_PORTS, BDF(0x30, 0, 0), 0, 4));

	/* The memory before and after is not the bridge's. */
	vcpu->on_exit = exit_is_noted;
	cfg_read(host, BY_ECAM, BDF(0x1f, 31, 7), 0xffc, 4);
	cfg_read(host, BY_ECAM, BDF(0x30, 0, 0), 0, 4);
	ASSERT_EQ(2, vcpu->nr_exits);
	EXPECT_EQ(ECAM_BASE + 0x1fffffc, vcpu->exits[0].addr);
	EXPECT_EQ(ECAM_BASE + 0x3000000, vcpu->exits[1].addr);
	host_free(host);
}

TEST_F(bridge, ecam_may_be_above_4_gib)
{
	struct host *host;

	self->desc.ecam = 0x500000000;
	host = host_new_from(self->vm, &self->desc);
	function_plugged(host, BDF(255, 31, 7), (struct kvpci_function_config) {});
	EXPECT_EQ(BRIDGE_DEVICE << 16 | BRIDGE_VENDOR,
		  cfg_read(host, BY_ECAM, 0, 0, 4));
	EXPECT_EQ(DEVICE << 16 | VENDOR,
		  cfg_read(host, BY_ECAM, BDF(255, 31, 7), 0, 4));
	host_free(host);
}

TEST_F(bridge, either_mechanism_may_be_left_out)
{
	struct vcpu *vcpu = &self->vm->vcpus[0];
	struct host *host;

	vcpu->on_exit = exit_is_noted;

	self->desc.flags = KVPCI_HOST_ECAM;
	host = host_new_from(self->vm, &self->desc);
	EXPECT_EQ(BRIDGE_DEVICE << 16 | BRIDGE_VENDOR,
		  cfg_read(host, BY_ECAM, 0, 0, 4));
	EXPECT_EQ(0, vcpu->nr_exits);
	cfg_read(host, BY_PORTS, 0, 0, 4);
	EXPECT_EQ(2, vcpu->nr_exits);
	host_free(host);

	self->desc.flags = KVPCI_HOST_CONFIG_PORTS;
	self->desc.ecam = 0;
	host = host_new_from(self->vm, &self->desc);
	vcpu->nr_exits = 0;
	EXPECT_EQ(BRIDGE_DEVICE << 16 | BRIDGE_VENDOR,
		  cfg_read(host, BY_PORTS, 0, 0, 4));
	EXPECT_EQ(0, vcpu->nr_exits);
	guest_load(self->vm, ECAM_BASE, 4);
	EXPECT_EQ(1, vcpu->nr_exits);
	host_free(host);

	/* With the bridge, all of its addresses are gone. */
	vcpu->nr_exits = 0;
	guest_in(self->vm, CF8_ADDRESS, 4);
	guest_in(self->vm, CF8_DATA, 4);
	guest_load(self->vm, MEM32_BASE, 4);
	guest_load(self->vm, self->desc.mem64.base, 4);
	guest_in(self->vm, IO_BASE, 1);
	EXPECT_EQ(5, vcpu->nr_exits);
}

TEST_F(bridge, virtual_machines_do_not_see_each_others)
{
	struct host *host = host_new_from(self->vm, &self->desc);
	struct vm *other_vm = vm_new(1);
	struct host *other = host_new(other_vm);

	function_plugged(host, BDF(0, 1, 0), (struct kvpci_function_config) {});
	EXPECT_EQ(ones(4), cfg_read(other, BY_PORTS, BDF(0, 1, 0), 0, 4));
	EXPECT_EQ(ones(4), cfg_read(other, BY_ECAM, BDF(0, 1, 0), 0, 4));

	guest_out(self->vm, CF8_ADDRESS, 4, CF8_ENABLE | BDF(0, 1, 0) << 8);
	guest_out(other_vm, CF8_ADDRESS, 4, CF8_ENABLE);
	EXPECT_EQ(DEVICE << 16 | VENDOR, guest_in(self->vm, CF8_DATA, 4));
	EXPECT_EQ(BRIDGE_DEVICE << 16 | BRIDGE_VENDOR,
		  guest_in(other_vm, CF8_DATA, 4));

	host_free(other);
	vm_free(other_vm);
	EXPECT_EQ(DEVICE << 16 | VENDOR,
		  cfg_read(host, BY_ECAM, BDF(0, 1, 0), 0, 4));
	host_free(host);
}

TEST_HARNESS_MAIN
