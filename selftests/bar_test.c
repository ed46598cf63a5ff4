// SPDX-License-Identifier: GPL-2.0
/*
 * BARs: sized, placed, moved and overlapped by the guest.
 *
 * The bridge here has the upper half of the 32-bit addresses as its window, so that the
 * largest 32-bit BAR fits, and its ECAM above 4 GiB. What answers at an address is told
 * by a stamp in the registers there.
 *
 * Depends on: kernel, mirrors, paging.
 */
#include <unistd.h>

#include "lib/die.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/pci.h"
#include "lib/vm.h"

#define MEM		0x80000000ULL
#define MEM_END		0x100000000ULL
#define HIGH_ECAM	0x500000000ULL
#define IO_END		0x10000ULL

#define NOTHING		0xffffffffU	/* what an empty place reads */
#define STAMP_A		0xaaaa0001U
#define STAMP_B		0xbbbb0002U
#define STAMP_C		0xcccc0003U

#define A		BDF(0, 1, 0)
#define B		BDF(0, 2, 0)
#define C		BDF(1, 0, 7)

FIXTURE(bar) {
	struct vm *vm;
	struct host *host;
	struct vcpu *vcpu;
	__u64 mem64;
	__u64 mem64_end;
};

FIXTURE_SETUP(bar)
{
	struct kvpci_host_config desc;

	self->vm = vm_new(1);
	self->vcpu = &self->vm->vcpus[0];
	desc = host_defaults(self->vm);
	desc.ecam = HIGH_ECAM;
	desc.mem32.base = MEM;
	desc.mem32.length = MEM_END - MEM;
	self->mem64 = desc.mem64.base;
	self->mem64_end = desc.mem64.base + desc.mem64.length;
	self->host = host_new_from(self->vm, &desc);
}

FIXTURE_TEARDOWN(bar)
{
	host_free(self->host);
	vm_free(self->vm);
}

/* A dword of registers that tells where the guest has got to. */
static void stamp(int function, unsigned int bar, __u64 offset, __u32 value)
{
	add_registers(function, bar, offset, 4, &value, NULL, NULL);
}

/* A plugged function with one memory BAR that has a stamp at its start. */
static int stamped(struct host *host, int bdf, __u64 size, __u32 flags, __u32 value)
{
	int function = function_new(host, bdf, (struct kvpci_function_config) {
		.bars[0] = { .size = size, .flags = flags } });

	stamp(function, 0, 0, value);
	must(plug(function));
	return function;
}

static __u32 at(struct vm *vm, __u64 addr)
{
	return guest_load(vm, addr, 4);
}

static __u32 at_port(struct vm *vm, __u16 port)
{
	return guest_in(vm, port, 4);
}

/* Reads @size bytes at @addr, a port with KVPCI_BAR_IO. */
static __u64 read_at(struct vm *vm, __u32 flags, __u64 addr, unsigned int size)
{
	return flags & KVPCI_BAR_IO ? guest_in(vm, addr, size) :
				      guest_load(vm, addr, size);
}

/*
 * Size a BAR as a driver does, put it at @addr, and see that it answers from its first
 * to its last byte, when decode is enabled, and not before.
 */
static void check_bar(struct host *host, unsigned int bar, __u64 size, __u32 flags,
		      __u64 addr)
{
	struct kvpci_function_config desc = {};
	__u64 last = addr + size - 1, window = host->config.mem64.base;
	unsigned int reg = bar_register(bar);
	__u64 mask, first = addr, offset = 0;
	__u32 low = 0;
	int function;

	if (bar == KVPCI_BAR_ROM)
		desc.rom_size = size;
	else
		desc.bars[bar] = (struct kvpci_bar) { .size = size, .flags = flags };
	function = function_new(host, A, desc);
	/* The largest BAR may start before its window. */
	if (size >= window && addr < window)
		offset = window - addr;
	first += offset;
	add_registers(function, bar, offset, 1, "\x11", NULL, NULL);
	add_registers(function, bar, size - 1, 1, "\x22", NULL, NULL);
	must(plug(function));

	/* The low bits say what it is, and size is what does not stick. */
	if (flags & KVPCI_BAR_IO)
		low = PCI_BASE_ADDRESS_SPACE_IO;
	if (flags & KVPCI_BAR_64BIT)
		low |= PCI_BASE_ADDRESS_MEM_TYPE_64;
	if (flags & KVPCI_BAR_PREFETCH)
		low |= PCI_BASE_ADDRESS_MEM_PREFETCH;
	if (cfg_read(host, BY_PORTS, A, reg, 4) != low)
		die("BAR of %#llx bytes: not %#x at reset", size, low);
	if (bar == KVPCI_BAR_ROM)
		low |= PCI_ROM_ADDRESS_ENABLE;
	cfg_write(host, BY_PORTS, A, reg, 4, NOTHING);
	mask = cfg_read(host, BY_PORTS, A, reg, 4);
	if (flags & KVPCI_BAR_64BIT) {
		cfg_write(host, BY_PORTS, A, reg + 4, 4, NOTHING);
		mask |= cfg_read(host, BY_PORTS, A, reg + 4, 4) << 32;
	} else {
		mask |= ones(4) << 32;
	}
	if (mask != (~(size - 1) | low))
		die("BAR of %#llx bytes: %#llx as mask", size, mask);

	/* It has been told where, but does not decode. */
	cfg_write(host, BY_PORTS, A, reg, 4, addr | low);
	if (flags & KVPCI_BAR_64BIT)
		cfg_write(host, BY_PORTS, A, reg + 4, 4, addr >> 32);
	if (read_at(host->vm, flags, first, 1) != 0xff)
		die("BAR of %#llx bytes: decodes at once", size);
	set_command(host, A, DECODE_ALL);
	if (read_at(host->vm, flags, first, 1) != 0x11)
		die("BAR of %#llx bytes: no first byte at %#llx", size, first);
	if (read_at(host->vm, flags, last, 1) != 0x22)
		die("BAR of %#llx bytes: no last byte at %#llx", size, last);
	if (size > 2 && offset < size / 2 &&
	    read_at(host->vm, flags, addr + size / 2, 1) != 0xff)
		die("BAR of %#llx bytes: something in the middle", size);
	set_command(host, A, 0);
	if (read_at(host->vm, flags, last, 1) != 0xff)
		die("BAR of %#llx bytes: still decodes", size);
	close(function);
}

TEST_F(bar, ports_of_every_size_decode_from_first_to_last_byte)
{
	__u64 size;

	for (size = 4; size <= 32768; size *= 2) {
		check_bar(self->host, 0, size, KVPCI_BAR_IO, IO_END - size);
		check_bar(self->host, 5, size, KVPCI_BAR_IO,
			  size < IO_BASE ? IO_BASE : size);
	}
}

TEST_F(bar, memory32_of_every_size_decodes_from_first_to_last_byte)
{
	__u64 size;

	for (size = 16; size <= 1ULL << 31; size *= 2) {
		check_bar(self->host, 5, size, 0, MEM_END - size);
		check_bar(self->host, 1, size, KVPCI_BAR_PREFETCH, MEM);
	}
}

TEST_F(bar, memory64_of_every_size_decodes_from_first_to_last_byte)
{
	__u64 size, end = self->mem64_end;

	for (size = 16; size <= 1ULL << 40; size *= 2) {
		check_bar(self->host, 0, size, KVPCI_BAR_64BIT | KVPCI_BAR_PREFETCH,
			  end - size);
		/* In the other window. */
		if (size <= MEM_END - MEM)
			check_bar(self->host, 4, size, KVPCI_BAR_64BIT, MEM);
	}
}

TEST_F(bar, roms_of_every_size_decode_from_first_to_last_byte)
{
	__u64 size;

	for (size = 2048; size <= 1 << 24; size *= 2) {
		check_bar(self->host, KVPCI_BAR_ROM, size, 0, MEM_END - size);
		check_bar(self->host, KVPCI_BAR_ROM, size, 0, MEM);
	}
}

TEST_F(bar, six_at_once_and_a_rom)
{
	struct kvpci_function_config desc = { .rom_size = 4096 };
	int function, i;

	for (i = 0; i < 6; i++)
		desc.bars[i] = (struct kvpci_bar) {
			.size = 64, .flags = i & 1 ? KVPCI_BAR_IO : 0 };
	function = function_new(self->host, A, desc);
	for (i = 0; i <= KVPCI_BAR_ROM; i++)
		stamp(function, i, 0, STAMP_A + i);
	must(plug(function));

	for (i = 0; i < 6; i++)
		set_bar(self->host, A, i, i & 1 ? IO_BASE + 64 * i : MEM + 64 * i);
	set_bar(self->host, A, KVPCI_BAR_ROM, (MEM + 4096) | PCI_ROM_ADDRESS_ENABLE);
	set_command(self->host, A, DECODE_ALL);
	for (i = 0; i < 6; i++)
		EXPECT_EQ(STAMP_A + i,
			  i & 1 ? at_port(self->vm, IO_BASE + 64 * i) :
				  at(self->vm, MEM + 64 * i));
	EXPECT_EQ(STAMP_A + 6, at(self->vm, MEM + 4096));
}

TEST_F(bar, decode_follows_the_command_register)
{
	int function;

	function = function_new(self->host, A, (struct kvpci_function_config) {
		.bars = { { 4096 }, { 16, KVPCI_BAR_IO } } });
	stamp(function, 0, 0, STAMP_A);
	stamp(function, 1, 0, STAMP_B);
	must(plug(function));
	set_bar(self->host, A, 0, MEM);
	set_bar(self->host, A, 1, IO_BASE);
#define MEM_IS(stamp) EXPECT_EQ(stamp, at(self->vm, MEM))
#define IO_IS(stamp) EXPECT_EQ(stamp, at_port(self->vm, IO_BASE))
	MEM_IS(NOTHING);
	IO_IS(NOTHING);
	set_command(self->host, A, PCI_COMMAND_MEMORY);
	MEM_IS(STAMP_A);
	IO_IS(NOTHING);
	set_command(self->host, A, PCI_COMMAND_IO);
	MEM_IS(NOTHING);
	IO_IS(STAMP_B);
	set_command(self->host, A, PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	MEM_IS(NOTHING);
	IO_IS(NOTHING);
	set_command(self->host, A, DECODE_ALL);
	MEM_IS(STAMP_A);
	IO_IS(STAMP_B);

	/* Only the low byte has the bits, and any write that covers it counts. */
	cfg_write(self->host, BY_ECAM, A, PCI_COMMAND + 1, 1, 0);
	MEM_IS(STAMP_A);
	IO_IS(STAMP_B);
	cfg_write(self->host, BY_PORTS, A, PCI_COMMAND, 1, 0);
	MEM_IS(NOTHING);
	IO_IS(NOTHING);
	cfg_write(self->host, BY_PORTS, A, PCI_COMMAND, 4, DECODE_ALL);
	MEM_IS(STAMP_A);
	IO_IS(STAMP_B);
	cfg_write(self->host, BY_ECAM, A, PCI_VENDOR_ID, 8, 0);
	MEM_IS(NOTHING);
	IO_IS(NOTHING);
	cfg_write(self->host, BY_ECAM, A, PCI_COMMAND - 1, 2, DECODE_ALL << 8);
	MEM_IS(STAMP_A);
	IO_IS(STAMP_B);
#undef MEM_IS
#undef IO_IS
}

/* Emulators have taken the enable bit for a part of the address. */
TEST_F(bar, a_rom_needs_its_own_enable_bit_too)
{
	int function;

	function = function_new(self->host, A, (struct kvpci_function_config) {
		.rom_size = 2048 });
	stamp(function, KVPCI_BAR_ROM, 0, STAMP_A);
	stamp(function, KVPCI_BAR_ROM, 2044, STAMP_B);
	must(plug(function));

	set_command(self->host, A, PCI_COMMAND_MEMORY);
	set_bar(self->host, A, KVPCI_BAR_ROM, MEM);
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	set_bar(self->host, A, KVPCI_BAR_ROM, MEM | PCI_ROM_ADDRESS_ENABLE);
	EXPECT_EQ(STAMP_A, at(self->vm, MEM));
	EXPECT_EQ(STAMP_B, at(self->vm, MEM + 2044));
	EXPECT_EQ(NOTHING, at(self->vm, MEM + 2048));
	set_command(self->host, A, PCI_COMMAND_IO);
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	set_command(self->host, A, PCI_COMMAND_MEMORY);
	EXPECT_EQ(STAMP_A, at(self->vm, MEM));
	/* Moved while enabled, then disabled by a byte. */
	set_bar(self->host, A, KVPCI_BAR_ROM,
		(MEM + 0x1800) | PCI_ROM_ADDRESS_ENABLE);
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	EXPECT_EQ(STAMP_A, at(self->vm, MEM + 0x1800));
	cfg_write(self->host, BY_PORTS, A, PCI_ROM_ADDRESS, 1, 0);
	EXPECT_EQ(NOTHING, at(self->vm, MEM + 0x1800));
}

TEST_F(bar, a_move_with_decode_off_counts_when_decode_is_on)
{
	stamped(self->host, A, 4096, 0, STAMP_A);
	set_bar(self->host, A, 0, MEM);
	set_command(self->host, A, PCI_COMMAND_MEMORY);
	EXPECT_EQ(STAMP_A, at(self->vm, MEM));

	set_command(self->host, A, 0);
	set_bar(self->host, A, 0, MEM + 0x5000);
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	EXPECT_EQ(NOTHING, at(self->vm, MEM + 0x5000));
	set_command(self->host, A, PCI_COMMAND_MEMORY);
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	EXPECT_EQ(STAMP_A, at(self->vm, MEM + 0x5000));
}

TEST_F(bar, a_move_with_decode_on_counts_at_once)
{
	int i, function;

	function = function_new(self->host, A, (struct kvpci_function_config) {
		.bars = { { 4096 }, { 16, KVPCI_BAR_IO } } });
	stamp(function, 0, 0, STAMP_A);
	stamp(function, 1, 0, STAMP_B);
	must(plug(function));
	set_command(self->host, A, DECODE_ALL);
	for (i = 1; i < 10; i++) {
		set_bar(self->host, A, 0, MEM + 0x1000 * i);
		EXPECT_EQ(STAMP_A, at(self->vm, MEM + 0x1000 * i));
		EXPECT_EQ(NOTHING, at(self->vm, MEM + 0x1000 * (i - 1)));
		set_bar(self->host, A, 1, IO_BASE + 0x10 * i);
		EXPECT_EQ(STAMP_B, at_port(self->vm, IO_BASE + 0x10 * i));
		EXPECT_EQ(NOTHING, at_port(self->vm, IO_BASE + 0x10 * (i - 1)));
	}
}

TEST_F(bar, a_write_that_spans_two_bars_moves_both)
{
	int function, i;

	function = function_new(self->host, A, (struct kvpci_function_config) {
		.bars = { { 4096 }, { 4096 }, { 4096 } } });
	for (i = 0; i < 3; i++)
		stamp(function, i, 0, STAMP_A + i);
	must(plug(function));
	set_command(self->host, A, PCI_COMMAND_MEMORY);
	cfg_write(self->host, BY_ECAM, A, PCI_BASE_ADDRESS_0, 8,
		  (MEM + 0x1000) << 32 | MEM);
	set_bar(self->host, A, 2, MEM + 0x2000);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(STAMP_A + i, at(self->vm, MEM + 0x1000 * i));

	/* The upper half of one and the lower half of the next. */
	cfg_write(self->host, BY_ECAM, A, PCI_BASE_ADDRESS_1 + 2, 4, 0xc0009000);
	EXPECT_EQ(STAMP_A, at(self->vm, MEM));
	EXPECT_EQ(STAMP_A + 1, at(self->vm, 0x90001000));
	EXPECT_EQ(STAMP_A + 2, at(self->vm, 0x8000c000));
	EXPECT_EQ(NOTHING, at(self->vm, MEM + 0x1000));
	EXPECT_EQ(NOTHING, at(self->vm, MEM + 0x2000));
}

TEST_F(bar, bytes_make_an_address_too)
{
	enum mechanism how;
	int i;

	stamped(self->host, A, 4096, 0, STAMP_A);
	for (how = BY_PORTS; how <= BY_ECAM; how++) {
		__u32 place = how == BY_PORTS ? 0x91234000 : 0xdedcb000;

		for (i = 0; i < 4; i++)
			cfg_write(self->host, how, A, PCI_BASE_ADDRESS_0 + i, 1,
				  place >> 8 * i);
		EXPECT_EQ(NOTHING, at(self->vm, place));
		set_command(self->host, A, PCI_COMMAND_MEMORY);
		EXPECT_EQ(STAMP_A, at(self->vm, place));
		/* With decode on, too. */
		cfg_write(self->host, how, A, PCI_BASE_ADDRESS_0 + 2, 1, 0x55);
		EXPECT_EQ(NOTHING, at(self->vm, place));
		EXPECT_EQ(STAMP_A, at(self->vm, (place & 0xff00ffff) | 0x550000));
		cfg_write(self->host, how, A, PCI_BASE_ADDRESS_0 + 2, 2, 0x8066);
		EXPECT_EQ(STAMP_A, at(self->vm, 0x80660000 | (place & 0xffff)));
		set_command(self->host, A, 0);
	}
}

/* All places that a mix of halves could lead to. */
#define PLACES_ARE(old, new, low_first, high_first) do {		\
	EXPECT_EQ(old, at(self->vm, from));				\
	EXPECT_EQ(new, at(self->vm, to));				\
	EXPECT_EQ(low_first, at(self->vm, (from & ~ones(4)) | (to & ones(4)))); \
	EXPECT_EQ(high_first, at(self->vm, (to & ~ones(4)) | (from & ones(4)))); \
} while (0)

TEST_F(bar, a_64_bit_bar_moves_with_each_half)
{
	__u64 from = self->mem64 + 0x80000000, to = self->mem64 + 0x355554000;
	int function;

	function = stamped(self->host, A, 4096, KVPCI_BAR_64BIT, STAMP_A);
	set_bar64(self->host, A, 0, from);
	set_command(self->host, A, PCI_COMMAND_MEMORY);
	PLACES_ARE(STAMP_A, NOTHING, NOTHING, NOTHING);

	/* low, high */
	set_bar(self->host, A, 0, to);
	PLACES_ARE(NOTHING, NOTHING, STAMP_A, NOTHING);
	set_bar(self->host, A, 1, to >> 32);
	PLACES_ARE(NOTHING, STAMP_A, NOTHING, NOTHING);

	/* high, low */
	set_bar(self->host, A, 1, from >> 32);
	PLACES_ARE(NOTHING, NOTHING, STAMP_A, NOTHING);
	set_bar(self->host, A, 0, from);
	PLACES_ARE(STAMP_A, NOTHING, NOTHING, NOTHING);

	/* both */
	cfg_write(self->host, BY_ECAM, A, PCI_BASE_ADDRESS_0, 8, to);
	PLACES_ARE(NOTHING, STAMP_A, NOTHING, NOTHING);

	/* Within 4 GiB one half is enough. */
	set_bar(self->host, A, 0, to + 0x1000);
	EXPECT_EQ(NOTHING, at(self->vm, to));
	EXPECT_EQ(STAMP_A, at(self->vm, to + 0x1000));

	/* From one window to the other. */
	set_bar64(self->host, A, 0, MEM);
	EXPECT_EQ(NOTHING, at(self->vm, to + 0x1000));
	EXPECT_EQ(STAMP_A, at(self->vm, MEM));
	close(function);
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
}

/* It is always where its registers say, and there alone. */
TEST_F(bar, a_64_bit_move_may_come_in_pieces)
{
	__u64 from = self->mem64, to = self->mem64 + 0x355554000, now = from;
	int i;

	stamped(self->host, A, 4096, KVPCI_BAR_64BIT, STAMP_A);
	set_bar64(self->host, A, 0, from);
	set_command(self->host, A, PCI_COMMAND_MEMORY);

	/* Bytes, in some order. */
	for (i = 0; i < 8; i++) {
		int shift = 8 * (i * 3 % 8);
		__u64 before = now;

		cfg_write(self->host, BY_PORTS, A, PCI_BASE_ADDRESS_0 + shift / 8, 1,
			  to >> shift);
		now &= ~(0xffULL << shift);
		now |= to & 0xffULL << shift;
		if (now != before)
			EXPECT_EQ(NOTHING, at(self->vm, before));
		EXPECT_EQ(STAMP_A, at(self->vm, now));
	}
	ASSERT_EQ(to, now);

	/* Across the two registers, and beyond them. */
	cfg_write(self->host, BY_ECAM, A, PCI_BASE_ADDRESS_0 + 2, 4, (from + (1ULL << 32)) >> 16);
	EXPECT_EQ(NOTHING, at(self->vm, to));
	now = from + (1ULL << 32) + (to & 0xffff);
	EXPECT_EQ(STAMP_A, at(self->vm, now));
	cfg_write(self->host, BY_ECAM, A, PCI_BASE_ADDRESS_0 - 2, 4, 0x30000000);
	EXPECT_EQ(NOTHING, at(self->vm, now));
	now = (now & ~0xffffULL) + 0x3000;
	EXPECT_EQ(STAMP_A, at(self->vm, now));
	cfg_write(self->host, BY_ECAM, A, PCI_BASE_ADDRESS_0 + 4, 8, from >> 32);
	EXPECT_EQ(NOTHING, at(self->vm, now));
	EXPECT_EQ(STAMP_A, at(self->vm, from + 0x3000));
}

TEST_F(bar, decode_puts_a_half_written_bar_where_its_registers_say)
{
	__u64 from = self->mem64 + 0x80000000, to = self->mem64 + 0x355554000;

	stamped(self->host, A, 4096, KVPCI_BAR_64BIT, STAMP_A);
	set_bar64(self->host, A, 0, from);
	set_command(self->host, A, PCI_COMMAND_MEMORY);
	set_command(self->host, A, 0);
	PLACES_ARE(NOTHING, NOTHING, NOTHING, NOTHING);
	set_bar(self->host, A, 0, to);
	PLACES_ARE(NOTHING, NOTHING, NOTHING, NOTHING);
	set_command(self->host, A, PCI_COMMAND_MEMORY);
	PLACES_ARE(NOTHING, NOTHING, STAMP_A, NOTHING);
	set_bar(self->host, A, 1, to >> 32);
	PLACES_ARE(NOTHING, STAMP_A, NOTHING, NOTHING);
}

/*
 * As coreboot does: ones and zeroes tell which bits are writable, in one register after the
 * other, with decode on. There are no bits of large BARs in the lower one.
 */
TEST_F(bar, a_64_bit_bar_that_was_sized_twice_is_where_its_registers_say)
{
	const struct {
		__u64 size, place;
	} bars[] = {
		{ 4096, MEM + 0x40000000 },
		{ 4096, self->mem64 + 0x355554000 },
		{ 1ULL << 32, self->mem64 + (3ULL << 32) },
		{ 1ULL << 34, self->mem64 + (1ULL << 34) },
	};
	unsigned int i, half;

	for (i = 0; i < ARRAY_SIZE(bars); i++) {
		__u64 place = bars[i].place, mask = ~(bars[i].size - 1) | 4;
		int function;

		function = stamped(self->host, A, bars[i].size, KVPCI_BAR_64BIT,
				   STAMP_A);
		set_bar64(self->host, A, 0, place);
		set_command(self->host, A, PCI_COMMAND_MEMORY);
		for (half = 0; half < 4; half++) {
			unsigned int bar = half % 2, reg = bar_register(bar);
			__u32 old = cfg_read(self->host, BY_ECAM, A, reg, 4);

			set_bar(self->host, A, bar, NOTHING);
			EXPECT_EQ(mask >> 32 * bar & ones(4),
				  cfg_read(self->host, BY_ECAM, A, reg, 4));
			set_bar(self->host, A, bar, 0);
			set_bar(self->host, A, bar, old);
			EXPECT_EQ(STAMP_A, at(self->vm, place));
		}
		if (bars[i].size == 4096) {
			EXPECT_EQ(NOTHING, at(self->vm, 0xfffff000));
			EXPECT_EQ(NOTHING, at(self->vm, place | 0xfffff000));
		}
		close(function);
	}
}

TEST_F(bar, a_64_bit_bar_at_all_ones_is_nowhere)
{
	__u64 place = self->mem64;

	stamped(self->host, A, 4096, KVPCI_BAR_64BIT, STAMP_A);
	set_bar64(self->host, A, 0, place);
	set_command(self->host, A, PCI_COMMAND_MEMORY);
	EXPECT_EQ(STAMP_A, at(self->vm, place));
	set_bar64(self->host, A, 0, ~0ULL);
	EXPECT_EQ(NOTHING, at(self->vm, place));
	EXPECT_EQ(NOTHING, at(self->vm, place + 0xfffff000));
	/* So it is when decode is enabled later. */
	set_command(self->host, A, 0);
	set_command(self->host, A, PCI_COMMAND_MEMORY);
	EXPECT_EQ(NOTHING, at(self->vm, place));
	set_bar64(self->host, A, 0, place);
	EXPECT_EQ(STAMP_A, at(self->vm, place));
}

TEST_F(bar, sizing_a_32_bit_bar_that_decodes_moves_it_and_back)
{
	stamped(self->host, A, 4096, 0, STAMP_A);
	set_bar(self->host, A, 0, MEM);
	set_command(self->host, A, PCI_COMMAND_MEMORY);
	set_bar(self->host, A, 0, NOTHING);
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	EXPECT_EQ(STAMP_A, at(self->vm, 0xfffff000));
	set_bar(self->host, A, 0, MEM);
	EXPECT_EQ(STAMP_A, at(self->vm, MEM));
	EXPECT_EQ(NOTHING, at(self->vm, 0xfffff000));
}

TEST_F(bar, the_smallest_of_overlapping_bars_answers)
{
	__u64 small = MEM + 0x4000;
	int function, b;

	function = function_new(self->host, A, (struct kvpci_function_config) {
		.bars[0] = { 1 << 20 } });
	stamp(function, 0, 0x3ffc, STAMP_A);
	stamp(function, 0, 0x4000, STAMP_A + 0x10);
	stamp(function, 0, 0x5000, STAMP_A + 0x20);
	must(plug(function));
	set_bar(self->host, A, 0, MEM);
	b = function_new(self->host, B, (struct kvpci_function_config) {
		.bars[0] = { 4096 } });
	stamp(b, 0, 0, STAMP_B);
	stamp(b, 0, 0xffc, STAMP_B + 0x10);
	must(plug(b));
	set_bar(self->host, B, 0, small);

	/* Whichever comes last. */
	set_command(self->host, A, PCI_COMMAND_MEMORY);
	EXPECT_EQ(STAMP_A + 0x10, at(self->vm, small));
	set_command(self->host, B, PCI_COMMAND_MEMORY);
	EXPECT_EQ(STAMP_B, at(self->vm, small));
	set_command(self->host, A, 0);
	EXPECT_EQ(STAMP_B, at(self->vm, small));
	set_command(self->host, A, PCI_COMMAND_MEMORY);
	EXPECT_EQ(STAMP_B, at(self->vm, small));
	EXPECT_EQ(NOTHING, at(self->vm, small + 4));

	/* The larger is all around it. */
	EXPECT_EQ(STAMP_A, at(self->vm, small - 4));
	EXPECT_EQ(STAMP_A + 0x20, at(self->vm, small + 0x1000));
	/* An access belongs to the BAR of its first byte. */
	EXPECT_EQ((__u64)NOTHING << 32 | (STAMP_B + 0x10),
		  guest_load(self->vm, small + 0xffc, 8) | (__u64)NOTHING << 32);

	/* Away, by a move, by decode, by unplugging: the larger is there again. */
	set_bar(self->host, B, 0, MEM_END - 4096);
	EXPECT_EQ(STAMP_A + 0x10, at(self->vm, small));
	set_bar(self->host, B, 0, small);
	EXPECT_EQ(STAMP_B, at(self->vm, small));
	set_command(self->host, B, 0);
	EXPECT_EQ(STAMP_A + 0x10, at(self->vm, small));
	set_command(self->host, B, PCI_COMMAND_MEMORY);
	EXPECT_EQ(STAMP_B, at(self->vm, small));
	close(b);
	EXPECT_EQ(STAMP_A + 0x10, at(self->vm, small));
}

TEST_F(bar, the_last_placed_of_equal_bars_answers)
{
	int a, b;

	a = stamped(self->host, A, 4096, 0, STAMP_A);
	b = stamped(self->host, B, 4096, 0, STAMP_B);
	stamped(self->host, C, 4096, 0, STAMP_C);
	set_bar(self->host, A, 0, MEM);
	set_bar(self->host, B, 0, MEM);
	set_command(self->host, B, PCI_COMMAND_MEMORY);
	EXPECT_EQ(STAMP_B, at(self->vm, MEM));
	set_command(self->host, A, PCI_COMMAND_MEMORY);
	EXPECT_EQ(STAMP_A, at(self->vm, MEM));
	set_command(self->host, C, PCI_COMMAND_MEMORY);
	set_bar(self->host, C, 0, MEM);
	EXPECT_EQ(STAMP_C, at(self->vm, MEM));

	/* One from the middle, then the last. */
	close(a);
	EXPECT_EQ(STAMP_C, at(self->vm, MEM));
	set_bar(self->host, C, 0, MEM + 0x1000);
	EXPECT_EQ(STAMP_B, at(self->vm, MEM));
	set_bar(self->host, C, 0, MEM);
	EXPECT_EQ(STAMP_C, at(self->vm, MEM));
	close(b);
	EXPECT_EQ(STAMP_C, at(self->vm, MEM));
	set_command(self->host, C, 0);
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
}

TEST_F(bar, overlapping_ports_have_the_same_rules)
{
	int function;

	function = function_new(self->host, A, (struct kvpci_function_config) {
		.bars = { { 256, KVPCI_BAR_IO }, { 16, KVPCI_BAR_IO },
			  { 16, KVPCI_BAR_IO } } });
	stamp(function, 0, 0x20, STAMP_A);
	stamp(function, 1, 0, STAMP_B);
	stamp(function, 2, 0, STAMP_C);
	must(plug(function));
	set_bar(self->host, A, 0, IO_BASE);
	set_bar(self->host, A, 1, IO_BASE + 0x100);
	set_bar(self->host, A, 2, IO_BASE + 0x110);
	set_command(self->host, A, PCI_COMMAND_IO);
	EXPECT_EQ(STAMP_A, at_port(self->vm, IO_BASE + 0x20));
	set_bar(self->host, A, 1, IO_BASE + 0x20);
	EXPECT_EQ(STAMP_B, at_port(self->vm, IO_BASE + 0x20));
	set_bar(self->host, A, 2, IO_BASE + 0x20);
	EXPECT_EQ(STAMP_C, at_port(self->vm, IO_BASE + 0x20));
	set_bar(self->host, A, 2, 0);
	EXPECT_EQ(STAMP_B, at_port(self->vm, IO_BASE + 0x20));
	set_bar(self->host, A, 1, 0);
	EXPECT_EQ(STAMP_A, at_port(self->vm, IO_BASE + 0x20));
}

TEST_F(bar, two_functions_swap_places)
{
	int i;

	stamped(self->host, A, 4096, 0, STAMP_A);
	stamped(self->host, B, 4096, 0, STAMP_B);
	set_bar(self->host, A, 0, MEM);
	set_bar(self->host, B, 0, MEM + 0x1000);
	set_command(self->host, A, PCI_COMMAND_MEMORY);
	set_command(self->host, B, PCI_COMMAND_MEMORY);
	for (i = 0; i < 4; i++) {
		int other = i & 1 ? 0 : 0x1000;

		set_bar(self->host, A, 0, MEM + other);
		EXPECT_EQ(STAMP_A, at(self->vm, MEM + other));
		EXPECT_EQ(NOTHING, at(self->vm, MEM + 0x1000 - other));
		set_bar(self->host, B, 0, MEM + 0x1000 - other);
		EXPECT_EQ(STAMP_A, at(self->vm, MEM + other));
		EXPECT_EQ(STAMP_B, at(self->vm, MEM + 0x1000 - other));
	}
}

TEST_F(bar, bits_above_the_ports_are_bits_of_the_address)
{
	int function;

	function = function_new(self->host, A, (struct kvpci_function_config) {
		.bars[0] = { 16, KVPCI_BAR_IO } });
	stamp(function, 0, 0, STAMP_A);
	must(plug(function));
	set_command(self->host, A, PCI_COMMAND_IO);
	set_bar(self->host, A, 0, 0x10000 + IO_BASE);
	EXPECT_EQ(NOTHING, at_port(self->vm, IO_BASE));
	set_bar(self->host, A, 0, IO_BASE);
	EXPECT_EQ(STAMP_A, at_port(self->vm, IO_BASE));
}

TEST_F(bar, memory_is_not_ports_and_ports_are_not_memory)
{
	int function;

	function = function_new(self->host, A, (struct kvpci_function_config) {
		.bars = { { 16 }, { 16, KVPCI_BAR_IO } } });
	stamp(function, 0, 0, STAMP_A);
	stamp(function, 1, 0, STAMP_B);
	must(plug(function));
	set_command(self->host, A, DECODE_ALL);
	set_bar(self->host, A, 0, IO_BASE);
	set_bar(self->host, A, 1, MEM);
	EXPECT_EQ(NOTHING, at_port(self->vm, IO_BASE));
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
}

TEST_F(bar, a_bar_that_is_not_there_stays_zero)
{
	unsigned int bar;

	function_plugged(self->host, A, (struct kvpci_function_config) {});
	for (bar = 0; bar <= KVPCI_BAR_ROM; bar++) {
		set_bar(self->host, A, bar, NOTHING);
		EXPECT_EQ(0, cfg_read(self->host, BY_ECAM, A, bar_register(bar), 4));
	}
}

TEST_F(bar, a_function_plugged_with_decode_on_decodes)
{
	struct kvpci_access access = {
		.size = sizeof(access),
		.flags = KVPCI_ACCESS_AS_GUEST,
		.bar = KVPCI_CONFIG,
		.offset = PCI_BASE_ADDRESS_0,
		.length = 4,
	};
	__u32 address = MEM, command = PCI_COMMAND_MEMORY;
	int function;

	function = function_new(self->host, A, (struct kvpci_function_config) {
		.bars[0] = { 4096 } });
	stamp(function, 0, 0, STAMP_A);
	access.data = (unsigned long)&address;
	ASSERT_EQ(0, kvpci_ioctl(function, KVPCI_WRITE, &access));
	access.offset = PCI_COMMAND;
	access.data = (unsigned long)&command;
	ASSERT_EQ(0, kvpci_ioctl(function, KVPCI_WRITE, &access));
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	must(plug(function));
	EXPECT_EQ(STAMP_A, at(self->vm, MEM));

	/* What the caller writes in the guest's name moves it as well. */
	address += 0x1000;
	access.offset = PCI_BASE_ADDRESS_0;
	access.data = (unsigned long)&address;
	ASSERT_EQ(0, kvpci_ioctl(function, KVPCI_WRITE, &access));
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	EXPECT_EQ(STAMP_A, at(self->vm, MEM + 0x1000));
}

TEST_F(bar, many_bars_do_not_get_in_each_others_way)
{
	int i, k, functions = 64;

	for (i = 0; i < functions; i++) {
		struct kvpci_function_config desc = {};
		int function;

		for (k = 0; k < 6; k++)
			desc.bars[k] = (struct kvpci_bar) {
				.size = 16 << (i + k) % 12 };
		function = function_new(self->host, BDF(2, 0, 0) + i, desc);
		for (k = 0; k < 6; k++)
			stamp(function, k, 0, i << 8 | k);
		must(plug(function));
	}

	guest_begin(self->vcpu);
	for (i = 0; i < functions; i++) {
		__u64 ecam = ecam_address(self->host, BDF(2, 0, 0) + i, 0);

		for (k = 0; k < 6; k++)
			add_store(self->vcpu, ecam + bar_register(k), 4,
				  MEM + (i * 6 + k) * 0x10000);
		add_store(self->vcpu, ecam + PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	}
	for (i = 0; i < functions; i++)
		for (k = 0; k < 6; k++)
			add_expect(self->vcpu, MEM + (i * 6 + k) * 0x10000, 4,
				   i << 8 | k);
	guest_run(self->vcpu, 1);
}

/* Bridges with other windows. */
FIXTURE(window) {
	struct vm *vm;
	struct vcpu *vcpu;
	struct kvpci_host_config desc;
};

FIXTURE_SETUP(window)
{
	self->vm = vm_new(1);
	self->vcpu = &self->vm->vcpus[0];
	self->desc = host_defaults(self->vm);
	self->desc.ecam = HIGH_ECAM;
}

FIXTURE_TEARDOWN(window)
{
	vm_free(self->vm);
}

TEST_F(window, a_bar_outside_is_not_reached_but_can_come_back)
{
	struct host *host = host_new_from(self->vm, &self->desc);
	static const __u64 outside[] = { 0, MEM32_BASE - 0x1000, 0x10000000 };
	unsigned int i;
	int function;

	function = function_new(host, A, (struct kvpci_function_config) {
		.bars = { { 4096 }, { 16, KVPCI_BAR_IO } } });
	stamp(function, 0, 0, STAMP_A);
	stamp(function, 1, 0, STAMP_B);
	must(plug(function));
	set_command(host, A, DECODE_ALL);
	self->vcpu->on_exit = exit_is_noted;
	for (i = 0; i < ARRAY_SIZE(outside); i++) {
		set_bar(host, A, 0, outside[i]);
		EXPECT_EQ(outside[i],
			  cfg_read(host, BY_ECAM, A, PCI_BASE_ADDRESS_0, 4));
		self->vcpu->nr_exits = 0;
		EXPECT_EQ((__u32)EXIT_ANSWER, at(self->vm, outside[i]));
		EXPECT_EQ(1, self->vcpu->nr_exits);
		EXPECT_EQ(NOTHING, at(self->vm, MEM32_BASE));
		set_bar(host, A, 0, MEM32_BASE);
		EXPECT_EQ(STAMP_A, at(self->vm, MEM32_BASE));
	}

	set_bar(host, A, 1, IO_BASE - 16);
	self->vcpu->nr_exits = 0;
	EXPECT_EQ((__u32)EXIT_ANSWER, at_port(self->vm, IO_BASE - 16));
	EXPECT_EQ(1, self->vcpu->nr_exits);
	set_bar(host, A, 1, IO_BASE);
	EXPECT_EQ(STAMP_B, at_port(self->vm, IO_BASE));
	host_free(host);
}

TEST_F(window, of_a_bar_across_its_edge_the_part_inside_answers)
{
	struct host *host;
	int function;

	self->desc.mem32.base = MEM32_BASE + 0x4000;
	self->desc.mem32.length = 0x4000;
	self->desc.io.base = 0x2010;
	self->desc.io.length = 0x10;
	host = host_new_from(self->vm, &self->desc);
	function = function_new(host, A, (struct kvpci_function_config) {
		.bars = { { 0x10000 }, { 0x40, KVPCI_BAR_IO } } });
	add_memory(function, 0, 0, 0x10000);
	add_memory(function, 1, 0, 0x40);
	must(plug(function));
	set_bar(host, A, 0, MEM32_BASE);
	set_bar(host, A, 1, 0x2000);
	set_command(host, A, DECODE_ALL);

	guest_store(self->vm, MEM32_BASE + 0x4000, 4, STAMP_A);
	guest_store(self->vm, MEM32_BASE + 0x7ffc, 4, STAMP_B);
	EXPECT_EQ(STAMP_A, at(self->vm, MEM32_BASE + 0x4000));
	EXPECT_EQ(STAMP_B, at(self->vm, MEM32_BASE + 0x7ffc));
	guest_out(self->vm, 0x2010, 4, STAMP_A);
	guest_out(self->vm, 0x201c, 4, STAMP_B);
	EXPECT_EQ(STAMP_A, at_port(self->vm, 0x2010));
	EXPECT_EQ(STAMP_B, at_port(self->vm, 0x201c));

	self->vcpu->on_exit = exit_is_noted;
	at(self->vm, MEM32_BASE + 0x3ffc);
	at(self->vm, MEM32_BASE + 0x8000);
	at_port(self->vm, 0x200c);
	at_port(self->vm, 0x2020);
	ASSERT_EQ(4, self->vcpu->nr_exits);
	EXPECT_EQ(MEM32_BASE + 0x3ffc, self->vcpu->exits[0].addr);
	EXPECT_EQ(MEM32_BASE + 0x8000, self->vcpu->exits[1].addr);
	EXPECT_EQ(0x200c, self->vcpu->exits[2].addr);
	EXPECT_EQ(0x2020, self->vcpu->exits[3].addr);

	/* Memory across the edge is two accesses to KVM. */
	EXPECT_EQ((EXIT_ANSWER & ones(4)) << 32 | STAMP_B,
		  guest_load(self->vm, MEM32_BASE + 0x7ffc, 8));
	ASSERT_EQ(5, self->vcpu->nr_exits);
	EXPECT_EQ(MEM32_BASE + 0x8000, self->vcpu->exits[4].addr);
	host_free(host);
}

/* The address that a BAR has after reset is an address like any other. */
TEST_F(window, a_bar_may_be_at_0)
{
	struct host *host;
	int function;

	self->desc.flags = KVPCI_HOST_ECAM;
	self->desc.mem32.base = 0;
	self->desc.mem32.length = RAM_BASE;
	self->desc.io.base = 0;
	self->desc.io.length = 0x10000;
	host = host_new_from(self->vm, &self->desc);
	function = function_new(host, A, (struct kvpci_function_config) {
		.bars = { { 4096 }, { 16, KVPCI_BAR_IO },
			  { 1 << 16, KVPCI_BAR_64BIT } },
		.rom_size = 1 << 17 });
	stamp(function, 0, 0, STAMP_A);
	stamp(function, 1, 0, STAMP_B);
	stamp(function, 2, 0x1000, STAMP_C);
	stamp(function, KVPCI_BAR_ROM, 0x10000, STAMP_C + 0x10);
	must(plug(function));
	EXPECT_EQ(NOTHING, at(self->vm, 0));
	EXPECT_EQ(NOTHING, at_port(self->vm, 0));
	set_command(host, A, DECODE_ALL);
	EXPECT_EQ(STAMP_A, at(self->vm, 0));
	EXPECT_EQ(STAMP_B, at_port(self->vm, 0));
	EXPECT_EQ(STAMP_C, at(self->vm, 0x1000));
	EXPECT_EQ(NOTHING, at(self->vm, 0x10000));
	set_bar(host, A, KVPCI_BAR_ROM, PCI_ROM_ADDRESS_ENABLE);
	EXPECT_EQ(STAMP_C + 0x10, at(self->vm, 0x10000));
	/* 0xcf8 is a port like any other here. */
	EXPECT_EQ(NOTHING, at_port(self->vm, CF8_ADDRESS));
	host_free(host);
}

TEST_F(window, a_bridge_without_windows_claims_nothing)
{
	struct host *host;

	self->desc.mem32 = (struct kvpci_window) {};
	self->desc.mem64 = (struct kvpci_window) {};
	self->desc.io = (struct kvpci_window) {};
	host = host_new_from(self->vm, &self->desc);
	stamped(host, A, 4096, 0, STAMP_A);
	set_bar(host, A, 0, MEM32_BASE);
	set_command(host, A, DECODE_ALL);
	self->vcpu->on_exit = exit_is_noted;
	EXPECT_EQ((__u32)EXIT_ANSWER, at(self->vm, MEM32_BASE));
	EXPECT_EQ((__u32)EXIT_ANSWER, at_port(self->vm, IO_BASE));
	EXPECT_EQ(2, self->vcpu->nr_exits);
	host_free(host);
}

TEST_HARNESS_MAIN
