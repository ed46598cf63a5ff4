// SPDX-License-Identifier: GPL-2.0
/*
 * What lies behind BARs: registers, and what is left to userspace.
 *
 * Depends on: kernel, mirrors, paging.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/agent.h"
#include "lib/device.h"
#include "lib/die.h"
#include "lib/event.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/missing.h"
#include "lib/pci.h"
#include "lib/vm.h"
#include "lib/wait.h"

#define F		BDF(0, 3, 0)
#define G		BDF(0, 4, 0)
#define MEM		MEM32_BASE
#define BUFFER		RAM_FREE
#define COUNTER		(RAM_FREE + 0x10000)

FIXTURE(range) {
	struct vm *vm;
	struct host *host;
	struct vcpu *vcpu;
};

FIXTURE_SETUP(range)
{
	struct kvpci_host_config desc;

	self->vm = vm_new(2);
	self->vcpu = &self->vm->vcpus[0];
	desc = host_defaults(self->vm);
	desc.segment = 0x1234;
	self->host = host_new_from(self->vm, &desc);
}

FIXTURE_TEARDOWN(range)
{
	host_free(self->host);
	vm_free(self->vm);
}

/* A BAR of 64 bytes with ranges and gaps, in which no two bytes are alike. */
#define BAR_SIZE	64

enum layout {
	GAP,
	REGISTERS,
	USERSPACE,
};

struct layout_range {
	unsigned int start, end;
	enum layout what;
};

static const struct layout_range ranges[] = {
	{ 0, 3, GAP },
	{ 3, 17, REGISTERS },
	{ 17, 18, REGISTERS },
	{ 18, 24, GAP },
	{ 24, 32, USERSPACE },
	{ 32, 40, REGISTERS },
	{ 40, 45, USERSPACE },
	{ 45, 46, GAP },
	{ 46, 64, REGISTERS },
};

static const struct layout_range *range_of(unsigned int offset)
{
	unsigned int i;

	for (i = 0; ranges[i].end <= offset; i++)
		;
	return &ranges[i];
}

struct bytes {
	__u8 value[BAR_SIZE];
	__u8 writable[BAR_SIZE];
	__u8 write1clear[BAR_SIZE];
};

/* The function, and what its registers should hold. */
static int many_ranges(struct host *host, struct bytes *bytes, __u32 flags,
		       __u64 place)
{
	int function = function_new(host, F, (struct kvpci_function_config) {
		.bars = { { BAR_SIZE, flags }, { BAR_SIZE, flags } } });
	unsigned int i;

	for (i = 0; i < BAR_SIZE; i++) {
		bytes->value[i] = 0xc0 + i;
		bytes->writable[i] = 0x15 << i % 5;
		bytes->write1clear[i] = ~bytes->writable[i] & (0xb6 ^ i);
	}

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		unsigned int start = ranges[i].start;
		unsigned int length = ranges[i].end - start;

		if (ranges[i].what == REGISTERS)
			add_registers(function, 0, start, length,
				      bytes->value + start,
				      bytes->writable + start,
				      bytes->write1clear + start);
		else if (ranges[i].what == USERSPACE)
			add_userspace(function, 0, start, length);
	}
	/* The BAR beyond is nothing that an access to this one may reach. */
	add_memory(function, 1, 0, BAR_SIZE);
	must(plug(function));
	set_bar(host, F, 0, place);
	set_bar(host, F, 1, place + BAR_SIZE);
	set_command(host, F, DECODE_ALL);
	return function;
}

static bool is_registers(unsigned int offset)
{
	return offset < BAR_SIZE && range_of(offset)->what == REGISTERS;
}

static void expect_bytes(struct agent_op *op, const struct bytes *bytes,
			 unsigned int offset)
{
	unsigned int i;

	op->flags = OP_EXPECT;
	op->value = ones(op->size);
	for (i = 0; i < op->size; i++)
		if (is_registers(offset + i))
			((__u8 *)&op->value)[i] = bytes->value[offset + i];
}

static void write_bytes(struct bytes *bytes, unsigned int offset,
			unsigned int size, __u64 value)
{
	for (; size--; offset++, value >>= 8) {
		__u8 *byte = &bytes->value[offset];

		if (!is_registers(offset))
			continue;
		*byte = (*byte & ~bytes->writable[offset]) |
			(value & bytes->writable[offset]);
		*byte &= ~(value & bytes->write1clear[offset]);
	}
}

/* The device sees the registers as they should be, and the BAR beyond is zero. */
static void check_bytes(int function, const struct bytes *bytes)
{
	__u8 seen[BAR_SIZE];
	unsigned int i, offset;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		unsigned int start = ranges[i].start;
		unsigned int length = ranges[i].end - start;

		if (ranges[i].what != REGISTERS) {
			if (device_read(function, 0, start, seen, length) != -EINVAL)
				die("the device reads what is not registers");
			continue;
		}
		must(device_read(function, 0, start, seen, length));
		for (offset = 0; offset < length; offset++)
			if (seen[offset] != bytes->value[start + offset])
				die("byte %u is %#x, not %#x", start + offset,
				    seen[offset], bytes->value[start + offset]);
	}
	must(device_read(function, 1, 0, seen, BAR_SIZE));
	for (i = 0; i < BAR_SIZE; i++)
		if (seen[i])
			die("byte %u of the BAR beyond has been written", i);
}

TEST_F(range, memory_accesses_of_every_size_at_every_offset)
{
	struct bytes bytes;
	unsigned int offset, size, exits = 0;
	int function;

	function = many_ranges(self->host, &bytes, 0, MEM);
	for (size = 1; size <= 8; size *= 2) {
		guest_begin(self->vcpu);
		for (offset = 0; offset < BAR_SIZE; offset++) {
			__u64 value = 0x9e3779b97f4a7c15 * (offset * size + 1);

			if (range_of(offset)->what == USERSPACE) {
				exits++;
				continue;
			}
			expect_bytes(add_load(self->vcpu, MEM + offset, size),
				     &bytes, offset);
			add_store(self->vcpu, MEM + offset, size, value);
			write_bytes(&bytes, offset, size, value);
			expect_bytes(add_load(self->vcpu, MEM + offset, size),
				     &bytes, offset);
		}
		guest_run(self->vcpu, 1);
		check_bytes(function, &bytes);
	}
	EXPECT_EQ(4 * 13, exits);
}

TEST_F(range, port_accesses_of_every_size_at_every_offset)
{
	unsigned int offset, size;
	struct bytes bytes;
	int function;

	function = many_ranges(self->host, &bytes, KVPCI_BAR_IO, IO_BASE);
	for (size = 1; size <= 4; size *= 2) {
		guest_begin(self->vcpu);
		for (offset = 0; offset < BAR_SIZE; offset++) {
			__u64 value = 0x9e3779b97f4a7c15 * (offset * size + 1);

			if (range_of(offset)->what == USERSPACE)
				continue;
			expect_bytes(add_in(self->vcpu, IO_BASE + offset, size),
				     &bytes, offset);
			add_out(self->vcpu, IO_BASE + offset, size, value);
			write_bytes(&bytes, offset, size, value);
			expect_bytes(add_in(self->vcpu, IO_BASE + offset, size),
				     &bytes, offset);
		}
		guest_run(self->vcpu, 1);
		check_bytes(function, &bytes);
	}
}

/* The first byte decides, and takes all the others along. */
TEST_F(range, userspace_gets_the_whole_access)
{
	unsigned int offset, size, io;

	self->vcpu->on_exit = exit_is_noted;
	for (io = 0; io < 2; io++) {
		__u32 flags = io ? KVPCI_BAR_IO : 0;
		__u64 place = io ? IO_BASE : MEM;
		struct bytes bytes;
		int function;

		function = many_ranges(self->host, &bytes, flags, place);
		for (size = 1; size <= (io ? 4 : 8); size *= 2)
			for (offset = 24; offset < 45; offset++) {
				struct guest_exit *exit = self->vcpu->exits;
				__u64 at = place + offset;
				__u64 value = 0x8877665544332211;

				if (range_of(offset)->what != USERSPACE)
					continue;
				self->vcpu->nr_exits = 0;
				guest_begin(self->vcpu);
				if (io) {
					add_in(self->vcpu, at, size);
					add_out(self->vcpu, at, size, value);
				} else {
					add_load(self->vcpu, at, size);
					add_store(self->vcpu, at, size, value);
				}
				guest_run(self->vcpu, 1);
				EXPECT_EQ(EXIT_ANSWER & ones(size),
					  self->vcpu->ops[0].result);
				ASSERT_EQ(2, self->vcpu->nr_exits);
				EXPECT_EQ(io, exit[0].io);
				EXPECT_EQ(at, exit[0].addr);
				EXPECT_EQ(size, exit[0].size);
				EXPECT_FALSE(exit[0].write);
				EXPECT_EQ(io, exit[1].io);
				EXPECT_EQ(at, exit[1].addr);
				EXPECT_EQ(size, exit[1].size);
				EXPECT_TRUE(exit[1].write);
				EXPECT_EQ(value & ones(size), exit[1].data);
			}
		check_bytes(function, &bytes);
		close(function);
	}
}

TEST_F(range, sse_and_string_instructions_reach_registers)
{
	__u8 *buffer = vm_ram(self->vm, BUFFER);
	__u8 seen[256];
	int function, i;

	function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars = { { 4096 }, { 256, KVPCI_BAR_IO } } });
	add_memory(function, 0, 0, 4096);
	add_memory(function, 1, 0, 256);
	must(plug(function));
	set_bar(self->host, F, 0, MEM);
	set_bar(self->host, F, 1, IO_BASE);
	set_command(self->host, F, DECODE_ALL);

	for (i = 0; i < 256; i++)
		buffer[i] = i;
	guest_begin(self->vcpu);
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_STORE, .size = 16, .addr = MEM + 0x101,
		.value = BUFFER + 0x10 });
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_LOAD, .size = 16, .addr = MEM + 0x102,
		.value = BUFFER + 0x200 });
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_MOVS, .size = 1, .count = 256, .addr = MEM + 0x200,
		.value = BUFFER });
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_MOVS, .size = 8, .count = 32, .addr = BUFFER + 0x300,
		.value = MEM + 0x200 });
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_OUTS, .size = 2, .count = 7, .addr = IO_BASE + 3,
		.value = BUFFER + 1 });
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_INS, .size = 1, .count = 3, .addr = IO_BASE + 4,
		.value = BUFFER + 0x400 });
	guest_run(self->vcpu, 1);

	ASSERT_EQ(0, device_read(function, 0, 0x100, seen, 32));
	EXPECT_EQ(0, seen[0]);
	EXPECT_EQ(0, memcmp(seen + 1, buffer + 0x10, 16));
	EXPECT_EQ(0, seen[17]);
	EXPECT_EQ(0, memcmp(buffer + 0x200, buffer + 0x11, 15));
	EXPECT_EQ(0, buffer[0x20f]);
	EXPECT_EQ(0, memcmp(buffer + 0x300, buffer, 256));
	ASSERT_EQ(0, device_read(function, 1, 0, seen, 8));
	EXPECT_EQ(0x0e0d000000, *(__u64 *)seen);
	EXPECT_EQ(0x0e0e0e, *(__u32 *)(buffer + 0x400));
}

TEST_F(range, an_access_may_cross_pages_of_a_bar)
{
	unsigned int i;
	int function;

	function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars[0] = { 16384 } });
	add_memory(function, 0, 0, 16384);
	must(plug(function));
	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	for (i = 1; i < 8; i++) {
		__u64 value = 0x0123456789abcdef * i, seen;

		guest_store(self->vm, MEM + 4096 - i, 8, value);
		EXPECT_EQ(value, guest_load(self->vm, MEM + 4096 - i, 8));
		ASSERT_EQ(0, device_read(function, 0, 4096 - i, &seen, 8));
		EXPECT_EQ(value, seen);
	}
}

TEST_F(range, device_and_guest_see_each_others_writes_at_once)
{
	__u8 writable[8] = { 0xff, 0xff };
	__u32 value, i;
	int function;

	function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars[0] = { 4096 } });
	add_registers(function, 0, 0x10, 8, NULL, writable, NULL);
	/* The device may write before the guest sees it. */
	value = 0x01020304;
	ASSERT_EQ(0, device_write(function, 0, 0x10, &value, 4));
	must(plug(function));
	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	EXPECT_EQ(0x01020304, guest_load(self->vm, MEM + 0x10, 4));
	for (i = 0; i < 20; i++) {
		value = 0x11111111 * i;
		ASSERT_EQ(0, device_write(function, 0, 0x10, &value, 4));
		EXPECT_EQ(value, guest_load(self->vm, MEM + 0x10, 4));
		guest_store(self->vm, MEM + 0x10, 4, 0x22222222 + i);
		ASSERT_EQ(0, device_read(function, 0, 0x10, &value, 4));
		/* The device's bits, and the guest's. */
		EXPECT_EQ((0x11111111 * i & 0xffff0000) | (0x2222 + i), value);
	}
	value = 0;
	EXPECT_EQ(-EINVAL, device_write(function, 0, 0x0f, &value, 4));
	EXPECT_EQ(-EINVAL, device_write(function, 0, 0x15, &value, 4));
	EXPECT_EQ(-EINVAL, device_write(function, 1, 0x10, &value, 4));
}

/* With a mask, the device and the guest can write one register at the same time. */
TEST_F(range, the_device_may_write_some_bits_and_leave_the_others)
{
	static const __u8 writable[8] = { 0xff, 0xff, 0xff, 0xff };
	static const __u8 write1clear[8] = { 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff };
	__u64 value = 0x0f0f0f0f0f0f0f0f, mask = 0x00ff00ff00ff00ff;
	struct kvpci_access access = {
		.size = sizeof(access), .offset = 0, .length = 8,
		.data = (unsigned long)&value, .mask = (unsigned long)&mask,
	};
	int function, i;

	function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars[0] = { 16 } });
	add_registers(function, 0, 0, 8, NULL, writable, write1clear);
	must(plug(function));
	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	guest_store(self->vm, MEM, 4, 0xaaaaaaaa);
	ASSERT_EQ(0, kvpci_ioctl(function, KVPCI_WRITE, &access));
	EXPECT_EQ(0x000f000faa0faa0f, guest_load(self->vm, MEM, 8));
	guest_store(self->vm, MEM + 4, 4, 0x00030001);
	EXPECT_EQ(0x000c000eaa0faa0f, guest_load(self->vm, MEM, 8));

	/*
	 * The guest counts in one half of a dword, the device in the other. Neither
	 * writes what the other does.
	 */
	guest_store(self->vm, MEM, 4, 0);
	guest_begin(self->vcpu);
	add_store(self->vcpu, MEM, 2, 1)->step = 1;
	add_expect(self->vcpu, MEM, 2, 1)->step = 1;
	guest_start(self->vcpu, 2000);
	access.length = 4;
	mask = 0xffff0000;
	for (i = 1; i <= 2000; i++) {
		__u32 seen;

		value = (__u64)i << 16;
		ASSERT_EQ(0, kvpci_ioctl(function, KVPCI_WRITE, &access));
		ASSERT_EQ(0, device_read(function, 0, 0, &seen, 4));
		EXPECT_EQ(i, seen >> 16);
	}
	guest_wait(self->vcpu);
	EXPECT_EQ(2000 << 16 | 2000, guest_load(self->vm, MEM, 4));
}

TEST_F(range, the_largest_registers_work_to_their_end)
{
	__u32 value = 0;
	int function;

	function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars[0] = { KVPCI_MAX_REGISTERS } });
	add_memory(function, 0, 0, KVPCI_MAX_REGISTERS);
	must(plug(function));
	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	guest_store(self->vm, MEM + KVPCI_MAX_REGISTERS - 4, 4, 0x12345678);
	EXPECT_EQ(0x12345678,
		  guest_load(self->vm, MEM + KVPCI_MAX_REGISTERS - 4, 4));
	ASSERT_EQ(0, device_read(function, 0, KVPCI_MAX_REGISTERS - 4, &value, 4));
	EXPECT_EQ(0x12345678, value);
	EXPECT_EQ(0, guest_load(self->vm, MEM, 8));
}

/* As device_read(), and any length. */
static void read_all(int function, __u32 bar, __u64 offset, __u8 *data, __u32 length)
{
	__u32 n;

	for (; length; offset += n, data += n, length -= n) {
		n = length < 4096 ? length : 4096;
		must(device_read(function, bar, offset, data, n));
	}
}

/* One of several ranges is larger than what is put back in one go. */
TEST_F(range, reset_puts_all_registers_back)
{
	enum { LARGE = 3 * 4096 - 24, OWN = 2 * 4096 + 1 };
	static const __u8 writable_bits[] = { 0, 0xff, 0x0f };
	static const __u8 write1clear_bits[] = { 0, 0, 0xf0 };
	__u8 value[LARGE], writable[LARGE], write1clear[LARGE], seen[LARGE];
	__u8 *written = vm_ram(self->vm, BUFFER);
	__u8 own = 0x5a;
	int function, i;

	for (i = 0; i < LARGE; i++) {
		writable[i] = writable_bits[i % 3];
		write1clear[i] = write1clear_bits[i % 3];
		value[i] = (i * 7 + (i >> 8)) | write1clear[i];
		written[i] = ~value[i] | write1clear[i];
	}
	function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars = { { 16384 }, { 16, KVPCI_BAR_IO } } });
	add_registers(function, 0, 8, LARGE, value, writable, write1clear);
	add_memory(function, 0, 0x3000, 8);
	add_memory(function, 1, 4, 8);
	must(plug(function));
	set_bar(self->host, F, 0, MEM);
	set_bar(self->host, F, 1, IO_BASE);
	set_command(self->host, F, DECODE_ALL);

	guest_begin(self->vcpu);
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_MOVS, .size = 8, .count = LARGE / 8, .addr = MEM + 8,
		.value = BUFFER });
	add_store(self->vcpu, MEM + 0x3000, 8, ~0ULL);
	add_out(self->vcpu, IO_BASE + 4, 4, ~0U);
	add_out(self->vcpu, IO_BASE + 8, 4, ~0U);
	guest_run(self->vcpu, 1);
	read_all(function, 0, 8, seen, LARGE);
	for (i = 0; i < LARGE; i++)
		ASSERT_EQ(value[i] ^ (writable[i] | write1clear[i]), seen[i]);

	/* What the guest can't write is the device's, and stays. */
	must(device_write(function, 0, 8 + OWN, &own, 1));
	value[OWN] = own;
	ASSERT_EQ(0, reset(function));
	read_all(function, 0, 8, seen, LARGE);
	for (i = 0; i < LARGE; i++)
		ASSERT_EQ(value[i], seen[i]) {
			TH_LOG("byte %d", i);
		}
	ASSERT_EQ(0, device_read(function, 0, 0x3000, seen, 8));
	EXPECT_EQ(0, *(__u64 *)seen);
	ASSERT_EQ(0, device_read(function, 1, 4, seen, 8));
	EXPECT_EQ(0, *(__u64 *)seen);
}

TEST_F(range, a_bar_may_have_256_of_them)
{
	int function, i;

	function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars[0] = { 4096 } });
	/* Not in order. */
	for (i = 0; i < KVPCI_MAX_RANGES; i++) {
		__u32 where = i * 37 % KVPCI_MAX_RANGES;

		add_registers(function, 0, where * 16 + 8, 4, &where, NULL, NULL);
	}
	must(plug(function));
	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	guest_begin(self->vcpu);
	for (i = 0; i < KVPCI_MAX_RANGES; i++) {
		add_expect(self->vcpu, MEM + i * 16 + 4, 4, ones(4));
		add_expect(self->vcpu, MEM + i * 16 + 8, 4, i);
	}
	guest_run(self->vcpu, 1);
}

TEST_F(range, a_rom_reads_as_given_and_ignores_writes)
{
	enum { ROM_SIZE = 4096 };
	__u8 image[ROM_SIZE];
	int function, i;

	for (i = 0; i < ROM_SIZE; i++)
		image[i] = i * 7 + (i >> 8);
	function = function_new(self->host, F, (struct kvpci_function_config) {
		.rom_size = ROM_SIZE });
	add_registers(function, KVPCI_BAR_ROM, 0, ROM_SIZE, image, NULL, NULL);
	must(plug(function));
	set_bar(self->host, F, KVPCI_BAR_ROM, MEM | PCI_ROM_ADDRESS_ENABLE);
	set_command(self->host, F, PCI_COMMAND_MEMORY);

	guest_begin(self->vcpu);
	for (i = 0; i < 8; i++)
		add_store(self->vcpu, MEM + i * 100, 1 << i % 4, ~0ULL);
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_MOVS, .size = 1, .count = ROM_SIZE, .addr = BUFFER,
		.value = MEM });
	guest_run(self->vcpu, 1);
	EXPECT_EQ(0, memcmp(image, vm_ram(self->vm, BUFFER), ROM_SIZE));
}

/* Registers that tell when they are written. */
static int add_telling(int function, unsigned int bar, __u64 offset, __u64 length)
{
	void *writable = malloc(length);
	struct range_desc range = {
		.flags = KVPCI_REGISTERS_EVENTFD,
		.bar = bar,
		.kind = KVPCI_RANGE_REGISTERS,
		.offset = offset,
		.length = length,
		.writable = (unsigned long)writable,
		.eventfd = event_new(),
	};

	if (!writable)
		die("out of memory");
	memset(writable, 0xff, length);
	if (add_range(function, &range))
		die("KVPCI_ADD_RANGE");
	free(writable);
	return range.eventfd;
}

TEST_F(range, an_eventfd_counts_the_guests_writes)
{
	int function, first, second, port;
	__u32 value = 1;

	function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars = { { 4096 }, { 16, KVPCI_BAR_IO } } });
	first = add_telling(function, 0, 0, 8);
	second = add_telling(function, 0, 8, 8);
	port = add_telling(function, 1, 4, 4);
	must(plug(function));
	set_bar(self->host, F, 0, MEM);
	set_bar(self->host, F, 1, IO_BASE);
	set_command(self->host, F, DECODE_ALL);
	EXPECT_EQ(0, event_count(first));

	guest_store(self->vm, MEM, 4, 0x12345678);
	EXPECT_EQ(1, event_count(first));
	EXPECT_EQ(0, event_count(second));
	guest_store(self->vm, MEM + 15, 1, 1);
	EXPECT_EQ(0, event_count(first));
	EXPECT_EQ(1, event_count(second));
	/* Both of them, once each. */
	guest_store(self->vm, MEM + 4, 8, 1);
	EXPECT_EQ(1, event_count(first));
	EXPECT_EQ(1, event_count(second));
	/* Neither. */
	guest_store(self->vm, MEM + 16, 8, 1);
	guest_load(self->vm, MEM, 8);
	ASSERT_EQ(0, device_write(function, 0, 0, &value, 4));
	EXPECT_EQ(0, event_count(first));
	EXPECT_EQ(0, event_count(second));

	guest_begin(self->vcpu);
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_OUTS, .size = 1, .count = 100, .addr = IO_BASE + 5,
		.value = BUFFER });
	add_store(self->vcpu, MEM + 8, 2, 7);
	guest_run(self->vcpu, 50);
	EXPECT_EQ(5000, event_count(port));
	EXPECT_EQ(50, event_count(second));
	guest_out(self->vm, IO_BASE + 3, 1, 0);
	EXPECT_EQ(0, event_count(port));
	guest_out(self->vm, IO_BASE + 3, 2, 0);
	EXPECT_EQ(1, event_count(port));

	/* Decode off: nothing there to be written. */
	set_command(self->host, F, 0);
	guest_store(self->vm, MEM, 4, 1);
	EXPECT_EQ(0, event_count(first));
}

TEST_F(range, the_write_is_there_when_the_eventfd_tells)
{
	int function, event, i;
	__u64 value;

	function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars[0] = { 16 } });
	event = add_telling(function, 0, 0, 16);
	must(plug(function));
	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);

	/* The guest goes on when it is told that the device has looked. */
	guest_begin(self->vcpu);
	add_store(self->vcpu, MEM + 8, 8, 1)->step = 1;
	add_wait(self->vcpu, COUNTER, 1, 1);
	guest_start(self->vcpu, 500);
	for (i = 1; i <= 500; i++) {
		while (!event_count(event))
			usleep(10);
		ASSERT_EQ(0, device_read(function, 0, 8, &value, 8));
		EXPECT_EQ(i, value);
		__atomic_store_n((__u64 *)vm_ram(self->vm, COUNTER), i,
				 __ATOMIC_SEQ_CST);
	}
	guest_wait(self->vcpu);
}

/*
 * One vCPU writes all zeros and all ones by turns, another must never read a mix. What
 * counts is the alignment from the start of the range.
 */
TEST_F(range, an_aligned_access_is_whole)
{
	static const __u64 places[] = { 0x0, 0x10c, 0x210 };
	struct vcpu *reader = &self->vm->vcpus[1];
	unsigned int i;
	int function;

	function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars[0] = { 4096 } });
	add_memory(function, 0, 0, 8);
	add_memory(function, 0, 0x104, 16);
	add_memory(function, 0, 0x200, 32);
	must(plug(function));
	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		int k;

		guest_begin(self->vcpu);
		for (k = 0; k < 512; k++)
			add_store(self->vcpu, MEM + places[i], 8,
				  k & 1 ? ~0ULL : 0);
		guest_begin(reader);
		for (k = 0; k < 512; k++)
			add_load(reader, MEM + places[i], 8);
		guest_start(self->vcpu, ~0ULL);
		guest_run(reader, 2);
		guest_stop(self->vcpu);
		guest_wait(self->vcpu);
		for (k = 0; k < 512; k++)
			if (reader->ops[k].result)
				ASSERT_EQ(~0ULL, reader->ops[k].result);
	}
}

/* What KVPCI_GET_EXIT has said about the exits of a vCPU. */
struct exit_log {
	struct host *host;
	void (*then)(struct vcpu *vcpu, struct exit_log *log);
	int nr;
	int error[8];
	struct kvpci_exit said[8];
};

static __u64 ask_and_note(struct vcpu *vcpu, const struct guest_exit *exit)
{
	struct exit_log *log = vcpu->arg;

	exit_is_noted(vcpu, exit);
	if (log->then)
		log->then(vcpu, log);
	if (log->nr < 8)
		log->error[log->nr] = get_exit(log->host->fd, exit, vcpu->index,
					       &log->said[log->nr]);
	log->nr++;
	return EXIT_ANSWER;
}

static int userspace_function(struct host *host, int bdf, __u64 user_data)
{
	int function = function_new(host, bdf, (struct kvpci_function_config) {
		.bars = {
			{ 4096 }, { 32, KVPCI_BAR_IO },
			{ 1 << 16, KVPCI_BAR_64BIT },
		},
		.user_data = user_data,
	});

	add_userspace(function, 0, 0x100, 0xf00);
	add_userspace(function, 1, 0, 32);
	add_userspace(function, 2, 0x8000, 0x8000);
	must(plug(function));
	return function;
}

#define EXPECT_EXIT(n, where, bar_, offset_, data_) do {		\
	int nr = (n), bdf = (where);					\
									\
	EXPECT_EQ(0, log.error[nr]);					\
	EXPECT_EQ(bar_, log.said[nr].bar);				\
	EXPECT_EQ(offset_, log.said[nr].offset);			\
	EXPECT_EQ(data_, log.said[nr].user_data);			\
	EXPECT_EQ(0x1234, log.said[nr].segment);			\
	EXPECT_EQ(bdf >> 8, log.said[nr].bus);				\
	EXPECT_EQ(bdf & 0xff, log.said[nr].devfn);			\
} while (0)

#define WHERE		BDF(7, 9, 3)
#define DATA		0xfedcba9876543210ULL

TEST_F(range, userspace_is_told_what_was_accessed)
{
	struct exit_log log = { .host = self->host };
	__u64 high = self->host->config.mem64.base + 0x123450000;

	userspace_function(self->host, WHERE, DATA);
	set_bar(self->host, WHERE, 0, MEM);
	set_bar(self->host, WHERE, 1, IO_BASE);
	set_bar64(self->host, WHERE, 2, high);
	set_command(self->host, WHERE, DECODE_ALL);

	self->vcpu->on_exit = ask_and_note;
	self->vcpu->arg = &log;
	EXPECT_EQ(ones(4), guest_load(self->vm, MEM + 0xfc, 4));
	ASSERT_EQ(0, log.nr);
	guest_load(self->vm, MEM + 0x100, 4);
	guest_store(self->vm, MEM + 0xfff, 1, 1);
	guest_out(self->vm, IO_BASE + 30, 2, 1);
	guest_in(self->vm, IO_BASE, 1);
	guest_load(self->vm, high + 0x8003, 8);
	guest_store(self->vm, high + 0xfffe, 2, 1);
	ASSERT_EQ(6, log.nr);
	EXPECT_EXIT(0, WHERE, 0, 0x100, DATA);
	EXPECT_EXIT(1, WHERE, 0, 0xfff, DATA);
	EXPECT_EXIT(2, WHERE, 1, 30, DATA);
	EXPECT_EXIT(3, WHERE, 1, 0, DATA);
	EXPECT_EXIT(4, WHERE, 2, 0x8003, DATA);
	EXPECT_EXIT(5, WHERE, 2, 0xfffe, DATA);
}

TEST_F(range, a_string_of_ports_is_one_exit)
{
	struct exit_log log = { .host = self->host };

	userspace_function(self->host, WHERE, DATA);
	set_bar(self->host, WHERE, 1, IO_BASE);
	set_command(self->host, WHERE, DECODE_ALL);
	self->vcpu->on_exit = ask_and_note;
	self->vcpu->arg = &log;
	guest_begin(self->vcpu);
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_INS, .size = 2, .count = 20, .addr = IO_BASE + 6,
		.value = BUFFER });
	guest_run(self->vcpu, 1);
	ASSERT_LE(1, log.nr);
	EXPECT_EXIT(0, WHERE, 1, 6, DATA);
	EXPECT_EQ(IO_BASE + 6, self->vcpu->exits[0].addr);
	EXPECT_EQ(EXIT_ANSWER, *(__u64 *)vm_ram(self->vm, BUFFER + 32));
	EXPECT_EQ(0, *(__u64 *)vm_ram(self->vm, BUFFER + 40));
}

/* While one vCPU's exit is with userspace, another one moves the BAR. */
static void move_away(struct vcpu *vcpu, struct exit_log *log)
{
	struct vcpu *other = &vcpu->vm->vcpus[1];

	guest_begin(other);
	add_cfg_write(other, log->host, BY_ECAM, WHERE, PCI_BASE_ADDRESS_0, 4,
		      MEM + 0x10000);
	add_cfg_write(other, log->host, BY_ECAM, G, PCI_BASE_ADDRESS_0, 4, MEM);
	guest_run(other, 1);
}

TEST_F(range, the_answer_is_that_of_the_moment_of_the_access)
{
	struct exit_log log = { .host = self->host, .then = move_away };

	userspace_function(self->host, WHERE, DATA);
	userspace_function(self->host, G, 5);
	set_bar(self->host, WHERE, 0, MEM);
	set_bar(self->host, G, 0, MEM + 0x20000);
	set_command(self->host, WHERE, PCI_COMMAND_MEMORY);
	set_command(self->host, G, PCI_COMMAND_MEMORY);
	self->vcpu->on_exit = ask_and_note;
	self->vcpu->arg = &log;
	guest_load(self->vm, MEM + 0x200, 4);
	log.then = NULL;
	guest_load(self->vm, MEM + 0x204, 4);
	guest_load(self->vm, MEM + 0x10208, 4);
	ASSERT_EQ(3, log.nr);
	EXPECT_EXIT(0, WHERE, 0, 0x200, DATA);
	EXPECT_EXIT(1, G, 0, 0x204, 5);
	EXPECT_EXIT(2, WHERE, 0, 0x208, DATA);
}

/* The other vCPU has an exit of its own before this one asks. */
static void access_too(struct vcpu *vcpu, struct exit_log *log)
{
	struct vcpu *other = &vcpu->vm->vcpus[1];

	guest_begin(other);
	add_load(other, MEM + 0x1abc, 4);
	guest_run(other, 1);
}

TEST_F(range, every_vcpu_has_its_own_answer)
{
	struct exit_log log = { .host = self->host, .then = access_too };
	struct exit_log other_log = { .host = self->host };

	userspace_function(self->host, WHERE, DATA);
	userspace_function(self->host, G, 5);
	set_bar(self->host, WHERE, 0, MEM);
	set_bar(self->host, G, 0, MEM + 0x1000);
	set_command(self->host, WHERE, PCI_COMMAND_MEMORY);
	set_command(self->host, G, PCI_COMMAND_MEMORY);
	self->vcpu->on_exit = ask_and_note;
	self->vcpu->arg = &log;
	self->vm->vcpus[1].on_exit = ask_and_note;
	self->vm->vcpus[1].arg = &other_log;
	guest_load(self->vm, MEM + 0xdef, 4);
	ASSERT_EQ(1, log.nr);
	EXPECT_EXIT(0, WHERE, 0, 0xdef, DATA);
	ASSERT_EQ(1, other_log.nr);
	log = other_log;
	EXPECT_EXIT(0, G, 0, 0xabc, 5);
}

TEST_F(range, userspace_gets_the_parts_of_an_access_that_crosses_pages)
{
	struct exit_log log = { .host = self->host };
	__u64 high = self->host->config.mem64.base;

	userspace_function(self->host, WHERE, DATA);
	set_bar64(self->host, WHERE, 2, high);
	set_command(self->host, WHERE, PCI_COMMAND_MEMORY);
	self->vcpu->on_exit = ask_and_note;
	self->vcpu->arg = &log;
	EXPECT_EQ(EXIT_ANSWER, guest_load(self->vm, high + 0x8ffd, 8));
	/* The first part finds nothing, the second one exits. */
	EXPECT_EQ((EXIT_ANSWER & ones(2)) << 16 | ones(2),
		  guest_load(self->vm, high + 0x7ffe, 4));
	guest_begin(self->vcpu);
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_STORE, .size = 16, .addr = high + 0xa000,
		.value = BUFFER });
	guest_run(self->vcpu, 1);
	ASSERT_EQ(5, log.nr);
	EXPECT_EXIT(0, WHERE, 2, 0x8ffd, DATA);
	EXPECT_EQ(3, self->vcpu->exits[0].size);
	EXPECT_EXIT(1, WHERE, 2, 0x9000, DATA);
	EXPECT_EQ(5, self->vcpu->exits[1].size);
	EXPECT_EXIT(2, WHERE, 2, 0x8000, DATA);
	EXPECT_EQ(2, self->vcpu->exits[2].size);
	EXPECT_EXIT(3, WHERE, 2, 0xa000, DATA);
	EXPECT_EXIT(4, WHERE, 2, 0xa008, DATA);
}

TEST_F(range, there_is_no_answer_to_what_did_not_happen)
{
	struct guest_exit exit = { .addr = MEM + 0x100 };
	struct kvpci_exit said;
	int function;

	/* Nobody has userspace ranges. */
	EXPECT_EQ(-ENOENT, get_exit(self->host->fd, &exit, 0, &said));
	function = userspace_function(self->host, WHERE, DATA);
	set_bar(self->host, WHERE, 0, MEM);
	set_bar(self->host, WHERE, 1, IO_BASE);
	set_command(self->host, WHERE, DECODE_ALL);
	EXPECT_EQ(-ENOENT, get_exit(self->host->fd, &exit, 0, &said));

	self->vcpu->on_exit = exit_is_noted;
	guest_load(self->vm, MEM + 0x100, 4);
	EXPECT_EQ(0, get_exit(self->host->fd, &exit, 0, &said));
	/* Another vCPU, another address, a port instead. */
	EXPECT_EQ(-ENOENT, get_exit(self->host->fd, &exit, 1, &said));
	exit.addr = MEM + 0x1000;
	EXPECT_EQ(-ENOENT, get_exit(self->host->fd, &exit, 0, &said));
	exit.addr = MEM - 1;
	EXPECT_EQ(-ENOENT, get_exit(self->host->fd, &exit, 0, &said));
	exit.addr = MEM + 0x100;
	exit.io = true;
	EXPECT_EQ(-ENOENT, get_exit(self->host->fd, &exit, 0, &said));
	exit.io = false;
	EXPECT_EQ(0, get_exit(self->host->fd, &exit, 0, &said));

	/* A new function in the same place is not the one that was accessed. */
	close(function);
	EXPECT_EQ(-ENOENT, get_exit(self->host->fd, &exit, 0, &said));
	userspace_function(self->host, WHERE, DATA + 1);
	EXPECT_EQ(-ENOENT, get_exit(self->host->fd, &exit, 0, &said));
}

/* Two bridges, and BARs of the first that reach beyond its windows. */
TEST(there_is_no_answer_to_what_did_not_come_to_the_bridge)
{
	const __u16 port = 0x2000;
	struct guest_exit memory = { .addr = MEM }, ports = { .io = true, .addr = port + 14 };
	struct vm *vm = vm_new(1);
	struct kvpci_host_config desc = host_defaults(vm);
	struct host *host, *other;
	struct kvpci_exit said;
	int function;

	desc.last_bus = 0;
	desc.mem32.length = 0x8000;
	desc.mem64 = (struct kvpci_window) {};
	desc.io = (struct kvpci_window) { port, 16 };
	host = host_new_from(vm, &desc);
	function = function_new(host, F, (struct kvpci_function_config) {
		.bars = { { 1 << 16 }, { 32, KVPCI_BAR_IO } } });
	add_userspace(function, 0, 0, 1 << 16);
	add_userspace(function, 1, 0, 32);
	must(plug(function));
	set_bar(host, F, 0, MEM);
	set_bar(host, F, 1, port);
	set_command(host, F, DECODE_ALL);

	desc.flags = KVPCI_HOST_ECAM;
	desc.first_bus = 1;
	desc.last_bus = 1;
	desc.mem32.base += 0x8000;
	desc.mem32.length = 0x4000;
	desc.io = (struct kvpci_window) {};
	other = host_new_from(vm, &desc);
	function = function_new(other, BDF(1, 1, 0), (struct kvpci_function_config) {
		.bars[0] = { 4096 } });
	add_userspace(function, 0, 0, 4096);
	must(plug(function));
	set_bar(other, BDF(1, 1, 0), 0, MEM + 0x9000);
	set_command(other, BDF(1, 1, 0), DECODE_ALL);

	vm->vcpus[0].on_exit = exit_is_noted;
	guest_load(vm, memory.addr, 4);
	EXPECT_EQ(0, get_exit(host->fd, &memory, 0, &said));
	EXPECT_EQ(-ENOENT, get_exit(other->fd, &memory, 0, &said));

	/* What is noted last of the first bridge is not what this is about. */
	memory.addr = MEM + 0x9000;
	guest_load(vm, memory.addr, 4);
	EXPECT_EQ(-ENOENT, get_exit(host->fd, &memory, 0, &said));
	EXPECT_EQ(0, get_exit(other->fd, &memory, 0, &said));
	memory.addr = MEM + 0xc000;
	guest_load(vm, memory.addr, 4);
	EXPECT_EQ(-ENOENT, get_exit(host->fd, &memory, 0, &said));
	EXPECT_EQ(-ENOENT, get_exit(other->fd, &memory, 0, &said));

	/* KVM brings no access to a bridge that is not all in its window. */
	guest_in(vm, ports.addr, 2);
	EXPECT_EQ(0, get_exit(host->fd, &ports, 0, &said));
	guest_in(vm, ports.addr, 4);
	EXPECT_EQ(-ENOENT, get_exit(host->fd, &ports, 0, &said));
	ports.addr = port + 16;
	guest_in(vm, ports.addr, 2);
	EXPECT_EQ(-ENOENT, get_exit(host->fd, &ports, 0, &said));
	host_free(other);
	host_free(host);
	vm_free(vm);
}

/* A window of memory and one of ports, whose addresses are the same numbers. */
TEST(an_access_to_a_port_is_none_to_memory)
{
	struct guest_exit memory = { .addr = IO_BASE };
	struct guest_exit port = { .io = true, .addr = IO_BASE };
	struct vm *vm = vm_new(1);
	struct kvpci_host_config desc = host_defaults(vm);
	struct kvpci_exit said;
	struct host *host;
	int function;

	desc.mem32 = (struct kvpci_window) { IO_BASE, 4096 };
	host = host_new_from(vm, &desc);
	function = function_new(host, F, (struct kvpci_function_config) {
		.bars = { { 4096 }, { 32, KVPCI_BAR_IO } } });
	add_userspace(function, 0, 0, 4096);
	add_userspace(function, 1, 0, 32);
	must(plug(function));
	set_bar(host, F, 0, IO_BASE);
	set_bar(host, F, 1, IO_BASE);
	set_command(host, F, DECODE_ALL);

	vm->vcpus[0].on_exit = exit_is_noted;
	guest_load(vm, IO_BASE, 4);
	EXPECT_EQ(-ENOENT, get_exit(host->fd, &port, 0, &said));
	EXPECT_EQ(0, get_exit(host->fd, &memory, 0, &said));
	EXPECT_EQ(0, said.bar);
	guest_in(vm, IO_BASE, 4);
	EXPECT_EQ(-ENOENT, get_exit(host->fd, &memory, 0, &said));
	EXPECT_EQ(0, get_exit(host->fd, &port, 0, &said));
	EXPECT_EQ(1, said.bar);
	host_free(host);
	vm_free(vm);
}

struct call {
	int function;
	struct range_desc range;
	int result;
	bool done;
};

static void *add_it(void *arg)
{
	struct call *call = arg;

	call->result = add_range(call->function, &call->range);
	__atomic_store_n(&call->done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static void *plug_it(void *arg)
{
	struct call *call = arg;

	call->result = plug(call->function);
	__atomic_store_n(&call->done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static bool is_done(const struct call *call)
{
	return __atomic_load_n(&call->done, __ATOMIC_SEQ_CST);
}

/* A range whose contents are missing, and a thread that has begun to add it. */
static void add_slowly(struct host *host, struct call *adding, struct missing *contents,
		       pthread_t *thread)
{
	void *page = mmap(NULL, MISSING_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		die("mmap: %m");
	missing_begin(contents, page);
	adding->function = function_new(host, F, (struct kvpci_function_config) {
		.bars[0] = { 4096 } });
	adding->range = (struct range_desc) {
		.kind = KVPCI_RANGE_REGISTERS,
		.length = MISSING_SIZE,
		.value = (unsigned long)page,
	};
	must(-pthread_create(thread, NULL, add_it, adding));
	if (!eventually(missing_is_wanted(contents)))
		die("the contents are not read");
}

/* The contents come, of which the first byte is 0x5a. */
static void add_to_its_end(struct missing *contents, pthread_t thread)
{
	missing_fill(contents, 0x5a);
	pthread_join(thread, NULL);
	missing_end(contents);
	munmap(contents->page, MISSING_SIZE);
}

/* One thread of a VMM waits for the contents of a range, and may do so for ever. */
TEST_F(range, contents_that_are_long_in_coming_keep_nobody_else_waiting)
{
	struct call adding = {}, plugging = {};
	struct missing contents;
	pthread_t threads[2];

	plugging.function = function_new(self->host, G, (struct kvpci_function_config) {});
	add_slowly(self->host, &adding, &contents, &threads[0]);
	must(-pthread_create(&threads[1], NULL, plug_it, &plugging));
	EXPECT_TRUE(eventually(is_done(&plugging)));
	EXPECT_FALSE(is_done(&adding));

	add_to_its_end(&contents, threads[0]);
	pthread_join(threads[1], NULL);
	EXPECT_EQ(0, adding.result);
	EXPECT_EQ(0, plugging.result);
	must(plug(adding.function));
	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	EXPECT_EQ(0x5a, guest_load(self->vm, MEM, 4));
}

/* It may have been plugged meanwhile, which is no matter. */
TEST_F(range, a_function_is_plugged_while_the_contents_of_a_range_come)
{
	struct call adding = {};
	struct missing contents;
	pthread_t thread;

	add_slowly(self->host, &adding, &contents, &thread);
	must(plug(adding.function));
	add_to_its_end(&contents, thread);
	EXPECT_EQ(0, adding.result);
	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	EXPECT_EQ(0x5a, guest_load(self->vm, MEM, 4));
}

TEST_HARNESS_MAIN
