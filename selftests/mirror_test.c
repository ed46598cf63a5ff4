// SPDX-License-Identifier: GPL-2.0
/*
 * Mirrors: that what can be read without an exit is, that it is what an access would find,
 * and that it is there only. KVM counts its exits of a vCPU for emulated instructions.
 *
 * Depends on: kernel, processors.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/baseline.h"
#include "lib/device.h"
#include "lib/die.h"
#include "lib/environment.h"
#include "lib/event.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/message.h"
#include "lib/pci.h"
#include "lib/vm.h"
#include "lib/wait.h"

/* So often a guest reads before a mirror is asked for. */
#define ENOUGH_READS	16
#define PAGE		4096
#define MEM		MEM32_BASE
#define F		BDF(0, 1, 0)
#define G		BDF(0, 2, 0)
#define STAMP		0x12345678U

FIXTURE(mirror) {
	struct vm *vm;
	struct host *host;
	struct vcpu *vcpu;
};

FIXTURE_SETUP(mirror)
{
	/* Whatever the other tests do. */
	setenv("KVPCI_TEST_MIRROR", "on", 1);
	self->vm = vm_new(2);
	self->host = host_new(self->vm);
	self->vcpu = &self->vm->vcpus[0];
}

FIXTURE_TEARDOWN(mirror)
{
	host_free(self->host);
	vm_free(self->vm);
}

/* How many instructions has KVM emulated for a vCPU so far? */
static __u64 emulated(const struct vcpu *vcpu)
{
	static const char wanted[] = "insn_emulation";
	struct kvm_stats_header header;
	char name[64];
	struct {
		struct kvm_stats_desc desc;
		char name[64];
	} entry;
	__u64 value;
	unsigned int i;
	int fd;

	fd = must(ioctl(vcpu->fd, KVM_GET_STATS_FD, 0));
	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    header.name_size > sizeof(name))
		die("statistics of KVM: %m");
	for (i = 0; i < header.num_desc; i++) {
		const size_t size = sizeof(entry.desc) + header.name_size;

		if (pread(fd, &entry, size, header.desc_offset + i * size) != size)
			die("statistics of KVM: %m");
		if (strcmp(entry.name, wanted))
			continue;
		if (pread(fd, &value, sizeof(value),
			  header.data_offset + entry.desc.offset) != sizeof(value))
			die("statistics of KVM: %m");
		close(fd);
		return value;
	}
	die("KVM does not count %s", wanted);
}

static __u64 emulated_in_run(struct vcpu *vcpu)
{
	__u64 before = emulated(vcpu);

	guest_run(vcpu, 1);
	return emulated(vcpu) - before;
}

/* Read once more what has been read: how many of @times exits does that cost? */
static __u64 exits_of_loads(struct vcpu *vcpu, __u64 addr, __u8 size, unsigned int times)
{
	__u64 end;
	unsigned int i;

	guest_load(vcpu->vm, addr, size);
	/* The one that ends the list may be emulated. */
	guest_begin(vcpu);
	end = emulated_in_run(vcpu);
	for (i = 0; i < times; i++)
		add_load(vcpu, addr, size);
	return emulated_in_run(vcpu) - end;
}

#define LOADS	100
#define EXPECT_FREE(addr, size) \
	EXPECT_EQ(0, exits_of_loads(self->vcpu, addr, size, LOADS))
#define EXPECT_TRAPPED(addr, size) \
	EXPECT_EQ(LOADS, exits_of_loads(self->vcpu, addr, size, LOADS))

static int range_with(int function, __u32 flags, __u32 bar, __u64 offset, __u64 length,
		      const void *value)
{
	unsigned char writable[PAGE];
	struct range_desc range = {
		.flags = flags,
		.bar = bar,
		.kind = KVPCI_RANGE_REGISTERS,
		.offset = offset,
		.length = length,
		.value = (unsigned long)value,
		.writable = (unsigned long)writable,
	};

	memset(writable, 0xff, sizeof(writable));
	return add_range(function, &range);
}

static int mirrored(int function, __u32 bar, __u64 offset, __u64 length, const void *value)
{
	return range_with(function, KVPCI_REGISTERS_MIRROR, bar, offset, length, value);
}

/* One BAR of @size bytes with mirrored registers that start with @stamp. */
static int stamped(struct host *host, int bdf, __u64 size, __u32 flags, __u32 stamp)
{
	int function = function_new(host, bdf, (struct kvpci_function_config) {
		.bars[0] = { size, flags } });

	must(mirrored(function, 0, 0, 4, &stamp));
	must(plug(function));
	return function;
}

TEST_F(mirror, configuration_space_is_read_without_exits)
{
	int function = function_plugged(self->host, F, (struct kvpci_function_config) {});
	__u64 ecam = ecam_address(self->host, F, 0);
	unsigned int offset;

	EXPECT_EQ(DEVICE << 16 | VENDOR, guest_load(self->vm, ecam, 4));
	for (offset = 0; offset < PAGE; offset += 1020)
		EXPECT_FREE(ecam + offset, 4);
	EXPECT_FREE(ecam + PCI_INTERRUPT_LINE, 1);
	EXPECT_FREE(ecam, 8);
	/* Nobody is there, or not yet. */
	EXPECT_EQ(~0U, guest_load(self->vm, ecam_address(self->host, G, 0), 4));
	EXPECT_FREE(ecam_address(self->host, G, 0), 4);
	EXPECT_FREE(ecam_address(self->host, BDF(255, 31, 7), 0xffc), 4);
	/* Its ports have none. */
	guest_out(self->vm, CF8_ADDRESS, 4, CF8_ENABLE | F << 8);
	EXPECT_EQ(DEVICE << 16 | VENDOR, guest_in(self->vm, CF8_DATA, 4));
	close(function);
}

TEST_F(mirror, a_write_is_seen_by_the_next_read_of_any_vcpu)
{
	const __u64 loops = scaled(300);
	enum { TURN = RAM_FREE, BACK = RAM_FREE + 64 };
	int function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars[0] = { PAGE } });
	struct vcpu *reader = &self->vm->vcpus[1];
	__u64 ecam, before;
	__u32 value;
	int i;

	must(mirrored(function, 0, 0, 8, NULL));
	must(plug(function));
	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	ecam = ecam_address(self->host, F, PCI_INTERRUPT_LINE);

	guest_begin(self->vcpu);
	guest_begin(reader);
	for (i = 0; i < 4; i++) {
		add_store(self->vcpu, ecam, 1, 0x10 + i);
		add_store(self->vcpu, MEM, 8, ~(__u64)i);
		add_count(self->vcpu, TURN, 1);
		add_wait(self->vcpu, BACK, i + 1, 4);

		add_wait(reader, TURN, i + 1, 4);
		add_expect(reader, ecam, 1, 0x10 + i);
		add_expect(reader, MEM, 8, ~(__u64)i);
		add_count(reader, BACK, 1);
	}
	before = emulated(reader);
	guest_start(reader, loops);
	guest_run(self->vcpu, loops);
	guest_wait(reader);
	/* The first one of each page is for KVM to find the page. */
	EXPECT_GT(10, emulated(reader) - before);

	/* And what the device writes. */
	for (value = 1; value < 10; value++) {
		must(device_write(function, 0, 4, &value, 4));
		EXPECT_EQ(value, guest_load(self->vm, MEM + 4, 4));
	}
	EXPECT_FREE(MEM + 4, 4);
	close(function);
}

TEST_F(mirror, functions_come_and_go_under_it)
{
	__u64 ecam = ecam_address(self->host, F, 0);
	int i, function;

	for (i = 0; i < 20; i++) {
		EXPECT_EQ(~0U, guest_load(self->vm, ecam, 4));
		function = function_new(self->host, F, (struct kvpci_function_config) {
			.device = 0x100 + i });
		EXPECT_EQ(~0U, guest_load(self->vm, ecam, 4));
		must(plug(function));
		EXPECT_EQ((0x100 + i) << 16 | VENDOR, guest_load(self->vm, ecam, 4));
		close(function);
	}
	EXPECT_FREE(ecam, 4);
}

static int trap(int function, __u32 flags)
{
	return add_range(function, &(struct range_desc) {
		.range_flags = flags,
		.kind = KVPCI_RANGE_USERSPACE,
		.bar = KVPCI_CONFIG,
		.offset = 0x40,
		.length = 4,
	});
}

/* Some functions are, of which two are next to each other, and all around them is not. */
TEST_F(mirror, configuration_space_that_is_trapped_is_a_hole)
{
	const int bdfs[] = { F, F + 1, BDF(0, 31, 7) };
	int functions[ARRAY_SIZE(bdfs)], i;

	for (i = 0; i < ARRAY_SIZE(bdfs); i++) {
		__u64 ecam = ecam_address(self->host, bdfs[i], 0);

		functions[i] = function_plugged(self->host, bdfs[i],
						(struct kvpci_function_config) {});
		EXPECT_FREE(ecam, 4);
		must(trap(functions[i], 0));
		host_sync(self->host);
		/* Bytes that are not trapped are read in the kernel. */
		EXPECT_TRAPPED(ecam + 0x44, 4);
		EXPECT_EQ(DEVICE, guest_load(self->vm, ecam + PCI_DEVICE_ID, 2));
		EXPECT_EQ(bdfs[i] == F + 1 ? LOADS : 0,
			  exits_of_loads(self->vcpu, ecam - PAGE, 4, LOADS));
		EXPECT_FREE(ecam + PAGE, 4);
		EXPECT_FREE(ecam_address(self->host, 0, 0), 4);
		EXPECT_FREE(ecam_address(self->host, BDF(255, 31, 7), 0), 4);
	}
	for (i = 0; i < ARRAY_SIZE(bdfs); i++) {
		__u64 ecam = ecam_address(self->host, bdfs[i], 0);

		EXPECT_TRAPPED(ecam, 4);
		if (i)
			must(trap(functions[i], KVPCI_RANGE_REMOVE));
		else
			close(functions[i]);
		host_sync(self->host);
		EXPECT_EQ(i ? DEVICE << 16 | VENDOR : ~0U, guest_load(self->vm, ecam, 4));
		EXPECT_FREE(ecam, 4);
		EXPECT_FREE(ecam_address(self->host, G, 0), 4);
	}
	close(functions[1]);
	close(functions[2]);
}

TEST_F(mirror, registers_that_say_so_are_read_without_exits)
{
	int function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars = { { 16 * PAGE }, { 2 * PAGE, KVPCI_BAR_64BIT }, {},
			  { PAGE }, { 1024 } } });
	static const unsigned char two_pages[2 * PAGE] = { 1, 2, 3, 4 };
	__u64 mem64 = self->host->config.mem64.base;
	__u32 stamp = STAMP;

	must(mirrored(function, 0, 0, 16, &stamp));
	must(mirrored(function, 0, PAGE + 8, PAGE - 8, two_pages));
	must(mirrored(function, 0, 2 * PAGE, 8, &stamp));
	must(range_with(function, 0, 0, 4 * PAGE, 16, &stamp));
	must(mirrored(function, 0, 6 * PAGE, 8, &stamp));
	must(mirrored(function, 1, PAGE, 8, &stamp));
	must(range_with(function, 0, 3, 0, 8, &stamp));
	must(mirrored(function, 4, 0, 8, &stamp));
	must(plug(function));
	set_bar(self->host, F, 0, MEM);
	set_bar64(self->host, F, 1, mem64);
	set_bar(self->host, F, 3, MEM + 0x100000);
	set_bar(self->host, F, 4, MEM + 0x200000);
	set_command(self->host, F, PCI_COMMAND_MEMORY);

	EXPECT_EQ(STAMP, guest_load(self->vm, MEM, 4));
	EXPECT_EQ(~0U, guest_load(self->vm, MEM + 16, 4));
	EXPECT_EQ(~0ULL, guest_load(self->vm, MEM + PAGE, 8));
	EXPECT_EQ(0x04030201, guest_load(self->vm, MEM + PAGE + 8, 4));
	EXPECT_EQ(STAMP, guest_load(self->vm, mem64 + PAGE, 4));
	EXPECT_FREE(MEM, 4);
	EXPECT_FREE(MEM + PAGE - 8, 8);
	EXPECT_FREE(MEM + PAGE + 8, 8);
	EXPECT_FREE(MEM + 2 * PAGE, 8);
	EXPECT_FREE(MEM + 6 * PAGE, 4);
	EXPECT_FREE(mem64 + PAGE, 4);
	/* Nothing is there, it is not to be, and others may be in the same page. */
	EXPECT_TRAPPED(MEM + 3 * PAGE, 4);
	EXPECT_TRAPPED(MEM + 4 * PAGE, 4);
	EXPECT_TRAPPED(mem64, 4);
	EXPECT_TRAPPED(MEM + 0x100000, 4);
	EXPECT_TRAPPED(MEM + 0x200000, 4);
	close(function);
}

TEST_F(mirror, a_page_with_other_things_in_it_is_trapped)
{
	int function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars[0] = { 8 * PAGE } });
	unsigned char pages[3 * PAGE];
	int bell, late;
	__u64 i;

	for (i = 0; i < sizeof(pages); i++)
		pages[i] = i / 64;
	must(mirrored(function, 0, 0, 3 * PAGE / 2 * 2 - 64, pages));
	add_userspace(function, 0, 3 * PAGE - 64, 64);
	must(mirrored(function, 0, 4 * PAGE, 64, pages));
	bell = doorbell_at(function, 0, PAGE + 8, 4);
	must(plug(function));
	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);

	EXPECT_FREE(MEM, 4);
	EXPECT_TRAPPED(MEM + PAGE, 4);
	EXPECT_TRAPPED(MEM + 2 * PAGE, 4);
	EXPECT_FREE(MEM + 4 * PAGE, 4);
	for (i = 0; i < sizeof(pages) - 64; i += 128)
		ASSERT_EQ(pages[i], guest_load(self->vm, MEM + i, 1));
	guest_store(self->vm, MEM + PAGE + 8, 4, 0);
	EXPECT_EQ(1, event_count(bell));
	self->vcpu->on_exit = exit_is_noted;
	EXPECT_EQ((__u32)EXIT_ANSWER, guest_load(self->vm, MEM + 3 * PAGE - 32, 4));

	/* One that comes later rings too. */
	late = doorbell_at(function, 0, 4 * PAGE + 16, 4);
	guest_store(self->vm, MEM + 4 * PAGE + 16, 4, 0);
	EXPECT_EQ(1, event_count(late));
	EXPECT_EQ(pages[16], guest_load(self->vm, MEM + 4 * PAGE + 16, 1));
	close(function);
}

TEST_F(mirror, a_rom_is_read_without_exits)
{
	static unsigned char contents[2 * PAGE] = "ROM";
	int function = function_new(self->host, F, (struct kvpci_function_config) {
		.rom_size = 4 * PAGE });
	struct range_desc range = {
		.flags = KVPCI_REGISTERS_MIRROR,
		.bar = KVPCI_BAR_ROM,
		.kind = KVPCI_RANGE_REGISTERS,
		.length = sizeof(contents),
		.value = (unsigned long)contents,
	};

	must(add_range(function, &range));
	must(plug(function));
	set_bar(self->host, F, KVPCI_BAR_ROM, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	EXPECT_TRAPPED(MEM, 4);
	set_bar(self->host, F, KVPCI_BAR_ROM, MEM | PCI_ROM_ADDRESS_ENABLE);
	EXPECT_FREE(MEM, 4);
	EXPECT_EQ('R' | 'O' << 8 | 'M' << 16, guest_load(self->vm, MEM, 4));
	EXPECT_FREE(MEM + PAGE, 4);
	EXPECT_TRAPPED(MEM + 2 * PAGE, 4);
	set_bar(self->host, F, KVPCI_BAR_ROM, MEM);
	EXPECT_EQ(~0U, guest_load(self->vm, MEM, 4));
	close(function);
}

/* Also to places that are made of an old half and a new one. */
TEST_F(mirror, it_follows_each_half_of_a_64_bit_bar)
{
	__u64 mem64 = self->host->config.mem64.base, there = mem64 + 0x100005000;
	int function = stamped(self->host, F, PAGE, KVPCI_BAR_64BIT, STAMP);
	static const struct {
		int half;
		__u64 add;		/* to mem64 */
	} steps[] = {
		{ 0, 0x5000 }, { 1, 0x100005000 }, { 0, 0x100000000 }, { 1, 0 },
	};
	__u64 now = mem64;
	int i;

	set_bar64(self->host, F, 0, mem64);
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	EXPECT_FREE(mem64, 4);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		__u64 to = mem64 + steps[i].add;

		set_bar(self->host, F, steps[i].half, to >> 32 * steps[i].half);
		EXPECT_EQ(~0U, guest_load(self->vm, now, 4));
		EXPECT_EQ(STAMP, guest_load(self->vm, to, 4));
		EXPECT_FREE(to, 4);
		now = to;
	}

	/* Nowhere, and back. */
	set_bar(self->host, F, 1, ~0U);
	EXPECT_EQ(~0U, guest_load(self->vm, now, 4));
	set_bar(self->host, F, 0, there);
	EXPECT_EQ(~0U, guest_load(self->vm, now, 4));
	set_bar(self->host, F, 1, there >> 32);
	EXPECT_EQ(STAMP, guest_load(self->vm, there, 4));
	EXPECT_FREE(there, 4);
	close(function);
}

TEST_F(mirror, it_follows_its_bar)
{
	int function = stamped(self->host, F, PAGE, 0, STAMP), i;
	__u64 places[] = { MEM, MEM + 0x5000, MEM + 0x200000, MEM + 0x5000, MEM };
	__u64 updates;

	set_command(self->host, F, PCI_COMMAND_MEMORY);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		set_bar(self->host, F, 0, places[i]);
		if (i)
			EXPECT_EQ(~0U, guest_load(self->vm, places[i - 1], 4));
		EXPECT_EQ(STAMP, guest_load(self->vm, places[i], 4));
		EXPECT_FREE(places[i], 4);
	}

	/* Sizing it, disabling it, and an address outside of the windows. */
	set_bar(self->host, F, 0, ~0U);
	EXPECT_EQ(~0U, guest_load(self->vm, MEM, 4));
	set_bar(self->host, F, 0, MEM);
	EXPECT_FREE(MEM, 4);
	set_command(self->host, F, 0);
	EXPECT_EQ(~0U, guest_load(self->vm, MEM, 4));
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	EXPECT_FREE(MEM, 4);
	must(reset(function));
	host_sync(self->host);
	EXPECT_EQ(~0U, guest_load(self->vm, MEM, 4));
	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	EXPECT_FREE(MEM, 4);
	updates = host_updates(self->host);
	close(function);
	EXPECT_EQ(~0U, guest_load(self->vm, MEM, 4));
	EXPECT_LT(updates, host_updates(self->host));
}

/* The smallest answers, and of equal ones the last: to whom belongs what is read? */
TEST_F(mirror, a_bar_on_top_of_it_hides_it)
{
	int below = stamped(self->host, F, 4 * PAGE, 0, STAMP);
	int above = function_plugged(self->host, G, (struct kvpci_function_config) {
		.bars[0] = { 16 } });
	int equal, large;

	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	EXPECT_FREE(MEM, 4);
	set_bar(self->host, G, 0, MEM);
	EXPECT_FREE(MEM, 4);
	set_command(self->host, G, PCI_COMMAND_MEMORY);
	EXPECT_EQ(~0U, guest_load(self->vm, MEM, 4));
	EXPECT_EQ(~0U, guest_load(self->vm, MEM + 16, 4));
	set_bar(self->host, G, 0, MEM + 3 * PAGE);
	EXPECT_EQ(STAMP, guest_load(self->vm, MEM, 4));
	set_bar(self->host, G, 0, MEM + 4 * PAGE);
	EXPECT_EQ(STAMP, guest_load(self->vm, MEM, 4));
	EXPECT_FREE(MEM, 4);
	set_bar(self->host, G, 0, MEM);
	EXPECT_EQ(~0U, guest_load(self->vm, MEM, 4));
	close(above);
	EXPECT_EQ(STAMP, guest_load(self->vm, MEM, 4));
	host_sync(self->host);
	EXPECT_FREE(MEM, 4);

	/* One of the same size, mirrored too, and a larger one, which is below it. */
	equal = stamped(self->host, G, 4 * PAGE, 0, ~STAMP);
	large = stamped(self->host, BDF(0, 3, 0), 16 * PAGE, 0, 1);
	set_bar(self->host, G, 0, MEM);
	set_command(self->host, G, PCI_COMMAND_MEMORY);
	EXPECT_EQ(~STAMP, guest_load(self->vm, MEM, 4));
	set_bar(self->host, BDF(0, 3, 0), 0, MEM);
	set_command(self->host, BDF(0, 3, 0), PCI_COMMAND_MEMORY);
	EXPECT_EQ(~STAMP, guest_load(self->vm, MEM, 4));
	set_command(self->host, G, 0);
	EXPECT_EQ(STAMP, guest_load(self->vm, MEM, 4));
	EXPECT_FREE(MEM, 4);
	set_command(self->host, F, 0);
	EXPECT_EQ(1, guest_load(self->vm, MEM, 4));
	EXPECT_FREE(MEM, 4);
	close(equal);
	close(large);
	close(below);
}

/* Each vCPU knows where it has left its own BAR, and never finds the other one's. */
TEST_F(mirror, two_bars_that_swap_places_never_show_each_other)
{
	const __u64 loops = scaled(60);
	enum { TURN = RAM_FREE, BACK = RAM_FREE + 64 };
	static const int bdfs[] = { F, G };
	struct vcpu *reader = &self->vm->vcpus[1];
	int functions[2], i, n;

	for (i = 0; i < 2; i++) {
		functions[i] = stamped(self->host, bdfs[i], PAGE, 0, STAMP + i);
		set_bar(self->host, bdfs[i], 0, MEM + i * PAGE);
		set_command(self->host, bdfs[i], PCI_COMMAND_MEMORY);
	}

	guest_begin(self->vcpu);
	guest_begin(reader);
	for (n = 0; n < 2; n++) {
		/* F away, G to where it was, F to where G was. */
		__u64 f = MEM + !n * PAGE, g = MEM + n * PAGE;

		add_store(self->vcpu, ecam_address(self->host, F, PCI_BASE_ADDRESS_0), 4,
			  MEM + 0x10000);
		add_expect(self->vcpu, g, 4, ~0U);
		add_store(self->vcpu, ecam_address(self->host, G, PCI_BASE_ADDRESS_0), 4, g);
		add_expect(self->vcpu, g, 4, STAMP + 1);
		add_expect(self->vcpu, f, 4, ~0U);
		add_store(self->vcpu, ecam_address(self->host, F, PCI_BASE_ADDRESS_0), 4, f);
		add_expect(self->vcpu, f, 4, STAMP);
		add_expect(self->vcpu, MEM + 0x10000, 4, ~0U);
		add_count(self->vcpu, TURN, 1);
		add_wait(self->vcpu, BACK, n + 1, 2);

		add_wait(reader, TURN, n + 1, 2);
		for (i = 0; i < 20; i++) {
			add_expect(reader, f, 4, STAMP);
			add_expect(reader, g, 4, STAMP + 1);
		}
		add_count(reader, BACK, 1);
	}
	guest_start(reader, loops);
	guest_run(self->vcpu, loops);
	guest_wait(reader);
	EXPECT_LT(loops, host_updates(self->host));
	for (i = 0; i < 2; i++)
		close(functions[i]);
}

TEST_F(mirror, a_bar_that_moves_under_reads_is_here_or_there)
{
	const __u64 loops = scaled(150);
	struct vcpu *reader = &self->vm->vcpus[1];
	int function = stamped(self->host, F, PAGE, 0, STAMP);
	int below = stamped(self->host, G, 16 * PAGE, 0, STAMP + 1);
	__u64 ecam = ecam_address(self->host, F, PCI_BASE_ADDRESS_0);
	struct agent_op *op;
	int i;

	/* STAMP + 1 and all ones are what is below it. */
	set_bar(self->host, G, 0, MEM);
	set_command(self->host, G, PCI_COMMAND_MEMORY);
	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	guest_begin(self->vcpu);
	for (i = 1; i >= 0; i--) {
		add_store(self->vcpu, ecam, 4, MEM + 4 * PAGE * i);
		add_expect(self->vcpu, MEM + 4 * PAGE * i, 4, STAMP);
		add_expect(self->vcpu, MEM + 4 * PAGE * !i, 4, i ? STAMP + 1 : ~0U);
		add_spin(self->vcpu, 1000);
	}
	guest_begin(reader);
	op = add_expect(reader, MEM, 4, STAMP);
	op->ignore = 1;
	for (i = 0; i < 50; i++)
		add_load(reader, MEM + 4 * PAGE, 4);
	guest_start(reader, ~0ULL);
	guest_begun(reader);
	guest_run(self->vcpu, loops);
	guest_stop(reader);
	guest_wait(reader);
	close(below);
	close(function);
}

TEST_F(mirror, the_msix_table_and_pending_bits_are_read_without_exits)
{
	struct rig *rig = rig_new(2, 0);
	struct device *device = device_plugged(rig, (struct device_desc) {
		.bdf = F, .msix = { .vectors = 4, .pba_offset = 0x800 } });
	struct vcpu *vcpu = &rig->vm->vcpus[0];
	int i;

	rig_listen(rig);
	msix_control(device, PCI_MSIX_FLAGS_ENABLE);
	EXPECT_EQ(0, exits_of_loads(vcpu, device->table, 4, 100));
	EXPECT_EQ(0, exits_of_loads(vcpu, device->pba, 8, 100));
	for (i = 0; i < 4; i++) {
		msix_message(device, i, MSI_TO(1), 0x40 + i);
		EXPECT_EQ(0x40 + i, guest_load(rig->vm, device->table + 16 * i + 8, 4));
		EXPECT_EQ(1, guest_load(rig->vm, device->table + 16 * i + 12, 4));
		must(trigger(device->function, KVPCI_MSIX, i));
		EXPECT_EQ((2 << i) - 1, guest_load(rig->vm, device->pba, 8));
	}
	for (i = 0; i < 4; i++) {
		msix_mask(device, i, false);
		EXPECT_EQ(1, take(rig, 1, 0x40 + i, 1));
		EXPECT_EQ(0xf & ~((2 << i) - 1), guest_load(rig->vm, device->pba, 8));
	}
	EXPECT_EQ(0, strays(rig));
	EXPECT_EQ(0, exits_of_loads(vcpu, device->table + 60, 4, 100));

	/* What is pending before it is plugged is there after it. */
	device_free(device);
	device = device_new(rig, (struct device_desc) {
		.bdf = F, .msix = { .vectors = 70, .pba_offset = 0x1800 } });
	must(trigger(device->function, KVPCI_MSIX, 65));
	device_plug(device);
	EXPECT_EQ(2, guest_load(rig->vm, device->pba + 8, 8));
	EXPECT_EQ(1, guest_load(rig->vm, device->table + 16 * 69 + 12, 4));
	EXPECT_EQ(0, exits_of_loads(vcpu, device->pba, 8, 100));
	rig_deafen(rig);
	device_free(device);
	rig_free(rig);
}

static void *try_map(int fd, size_t length, int prot, int flags, __u64 offset)
{
	return mmap(NULL, length, prot, flags, fd, offset);
}

/* Pages of files that the process has mapped; each has a reference to its page. */
static long mapped_pages(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long shared;

	if (!file || fscanf(file, "%*d %*d %ld", &shared) != 1)
		die("/proc/self/statm: %m");
	fclose(file);
	return shared;
}

/* What is found where there is no function is one page, and may be mapped any number of times. */
TEST_F(mirror, absent_functions_take_no_memory_and_no_references)
{
	const size_t length = 256UL << 20;
	unsigned char *ecam = try_map(self->host->fd, length, PROT_READ, MAP_SHARED, 0);
	long before;
	size_t at;

	ASSERT_NE(MAP_FAILED, ecam);
	before = mapped_pages();
	for (at = PAGE; at < length; at += PAGE)
		ASSERT_EQ(0xff, ecam[at]);
	/* Other files, as libraries, may have been mapped meanwhile. */
	EXPECT_GT((long)(length / PAGE / 64), mapped_pages() - before);
	/* One that comes is seen, and goes. */
	close(function_plugged(self->host, F, (struct kvpci_function_config) {}));
	EXPECT_EQ(0xff, ecam[F * PAGE]);
	munmap(ecam, length);
}

TEST_F(mirror, it_can_only_be_read)
{
	int fd = self->host->fd;
	unsigned char *page = try_map(fd, PAGE, PROT_READ, MAP_SHARED, 0);

	ASSERT_NE(MAP_FAILED, page);
	EXPECT_EQ(BRIDGE_VENDOR & 0xff, page[0]);
	EXPECT_EQ(-1, mprotect(page, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, try_map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, try_map(fd, PAGE, PROT_WRITE, MAP_SHARED, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, try_map(fd, PAGE, PROT_READ, MAP_PRIVATE, 0));
	EXPECT_EQ(EINVAL, errno);
	/* It is nothing to run. */
	EXPECT_EQ(-1, mprotect(page, PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, try_map(fd, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, 0));
	EXPECT_EQ(EPERM, errno);
	/* Nor is it written by way of /proc, as a debugger would. */
	{
		int mem = must(open("/proc/self/mem", O_RDWR));

		EXPECT_EQ(-1, pwrite(mem, "x", 1, (unsigned long)page));
		close(mem);
	}
	EXPECT_EQ(BRIDGE_VENDOR & 0xff, page[0]);
	munmap(page, PAGE);
}

TEST_F(mirror, only_what_may_be_there_can_be_mapped)
{
	int fd = self->host->fd;
	static const __u64 bad[] = {
		256ULL << 20, (256ULL << 20) - PAGE, 1ULL << 42, 1ULL << 60, 1ULL << 62,
		(65537ULL << 43) - PAGE, 65537ULL << 43, ~0ULL << 12, (1ULL << 63) - PAGE,
	};
	struct kvpci_host_config config = host_defaults(self->vm);
	void *map;
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(MAP_FAILED, try_map(fd, 2 * PAGE, PROT_READ, MAP_SHARED, bad[i])) {
			TH_LOG("%#llx", bad[i]);
		}
	map = try_map(fd, 256 << 20, PROT_READ, MAP_SHARED, 0);
	EXPECT_NE(MAP_FAILED, map);
	EXPECT_EQ(MAP_FAILED, mremap(map, 256 << 20, 257 << 20, MREMAP_MAYMOVE));
	munmap(map, 256 << 20);

	/* Of some buses, and of none. */
	host_close(self->host);
	config.first_bus = 2;
	config.last_bus = 3;
	fd = create_host(&config);
	ASSERT_LE(0, fd);
	EXPECT_EQ(MAP_FAILED, try_map(fd, PAGE, PROT_READ, MAP_SHARED, 0));
	EXPECT_EQ(MAP_FAILED, try_map(fd, PAGE, PROT_READ, MAP_SHARED, 4 << 20));
	map = try_map(fd, 2 << 20, PROT_READ, MAP_SHARED, 2 << 20);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(BRIDGE_VENDOR & 0xff, *(unsigned char *)map);
	munmap(map, 2 << 20);
	close(fd);
	config.flags = KVPCI_HOST_CONFIG_PORTS;
	config.ecam = 0;
	fd = create_host(&config);
	ASSERT_LE(0, fd);
	EXPECT_EQ(MAP_FAILED, try_map(fd, PAGE, PROT_READ, MAP_SHARED, 0));
	close(fd);
}

static sigjmp_buf bus_error;

static void on_bus_error(int number)
{
	siglongjmp(bus_error, 1);
}

/* The first byte, or -1 if there is none. */
static int peek(const unsigned char *page)
{
	if (sigsetjmp(bus_error, 1))
		return -1;
	return __atomic_load_n(page, __ATOMIC_RELAXED);
}

static int get_mirror(int host, struct kvpci_mirror *mirror)
{
	*mirror = (struct kvpci_mirror) { .size = sizeof(*mirror) };
	return kvpci_ioctl(host, KVPCI_GET_MIRROR, mirror);
}

static int set_mirror(int host, __u64 offset, __u64 sequence)
{
	struct kvpci_mirror mirror = {
		.size = sizeof(mirror), .offset = offset, .sequence = sequence };

	return kvpci_ioctl(host, KVPCI_SET_MIRROR, &mirror);
}

/* The caller's side of it, step by step. */
TEST_F(mirror, pages_are_there_while_their_place_is_confirmed)
{
	struct kvpci_host_config config = self->host->config;
	struct kvpci_mirror told, first;
	int event = event_new(), function;
	unsigned char *page;
	int i;

	signal(SIGBUS, on_bus_error);
	host_close(self->host);
	config.flags |= KVPCI_HOST_MIRROR;
	config.mirror_eventfd = event;
	self->host->fd = create_host(&config);
	ASSERT_LE(0, self->host->fd);
	EXPECT_EQ(-ENOENT, get_mirror(self->host->fd, &told));

	function = stamped(self->host, F, 2 * PAGE, 0, STAMP);
	EXPECT_EQ(0, get_mirror(self->host->fd, &first));
	EXPECT_EQ(0, first.flags);
	EXPECT_EQ(PAGE, first.length);
	page = try_map(self->host->fd, PAGE, PROT_READ, MAP_SHARED, first.offset);
	ASSERT_NE(MAP_FAILED, page);
	EXPECT_EQ(-1, peek(page));
	EXPECT_EQ(0, set_mirror(self->host->fd, first.offset, first.sequence));
	EXPECT_EQ(-ENOENT, get_mirror(self->host->fd, &told));
	/* Confirmed, but it is nowhere. */
	EXPECT_EQ(-1, peek(page));

	event_count(event);
	guest_store(self->vm, ecam_address(self->host, F, PCI_BASE_ADDRESS_0), 4, MEM);
	guest_store(self->vm, ecam_address(self->host, F, PCI_COMMAND), 2, 2);
	/* It is asked for when it is worth it. */
	EXPECT_EQ(0, event_count(event));
	for (i = 0; i < ENOUGH_READS; i++)
		EXPECT_EQ(STAMP & 0xff, guest_load(self->vm, MEM, 1));
	EXPECT_EQ(1, event_count(event));
	EXPECT_EQ(0, get_mirror(self->host->fd, &told));
	EXPECT_EQ(KVPCI_MIRROR_PLACED, told.flags);
	EXPECT_EQ(MEM, told.address);
	EXPECT_EQ(first.offset, told.offset);
	EXPECT_EQ(-1, peek(page));
	EXPECT_EQ(-EAGAIN, set_mirror(self->host->fd, told.offset, first.sequence));
	EXPECT_EQ(-EAGAIN, set_mirror(self->host->fd, told.offset, told.sequence + 1));
	EXPECT_EQ(-ENOENT, set_mirror(self->host->fd, told.offset + PAGE, told.sequence));
	EXPECT_EQ(-1, peek(page));
	EXPECT_EQ(0, set_mirror(self->host->fd, told.offset, told.sequence));
	EXPECT_EQ(STAMP & 0xff, peek(page));
	EXPECT_EQ(0, set_mirror(self->host->fd, told.offset, told.sequence));

	/* It moves: nothing is there until the new place is confirmed. */
	guest_store(self->vm, ecam_address(self->host, F, PCI_BASE_ADDRESS_0), 4,
		    MEM + 0x100000);
	EXPECT_EQ(0, event_count(event));
	EXPECT_EQ(-1, peek(page));
	EXPECT_EQ(-EAGAIN, set_mirror(self->host->fd, told.offset, told.sequence));
	EXPECT_EQ(0, get_mirror(self->host->fd, &told));
	EXPECT_EQ(MEM + 0x100000, told.address);
	/* And again, before that. */
	guest_store(self->vm, ecam_address(self->host, F, PCI_BASE_ADDRESS_0), 4, MEM);
	EXPECT_EQ(-EAGAIN, set_mirror(self->host->fd, told.offset, told.sequence));
	EXPECT_EQ(-1, peek(page));
	EXPECT_EQ(0, get_mirror(self->host->fd, &told));
	EXPECT_EQ(MEM, told.address);
	EXPECT_EQ(0, set_mirror(self->host->fd, told.offset, told.sequence));
	EXPECT_EQ(STAMP & 0xff, peek(page));

	/* The function goes, which is told of once; another one takes its place. */
	event_count(event);
	close(function);
	EXPECT_LT(0, event_count(event));
	EXPECT_EQ(-1, peek(page));
	function = stamped(self->host, F, 2 * PAGE, 0, STAMP + 1);
	EXPECT_EQ(-1, peek(page));
	EXPECT_EQ(0, get_mirror(self->host->fd, &told));
	EXPECT_EQ(first.offset, told.offset);
	EXPECT_EQ(0, told.flags);
	EXPECT_EQ(0, set_mirror(self->host->fd, told.offset, told.sequence));
	EXPECT_EQ(0, get_mirror(self->host->fd, &told));
	EXPECT_EQ(first.offset, told.offset);
	EXPECT_EQ(0, set_mirror(self->host->fd, told.offset, told.sequence));
	EXPECT_EQ(-ENOENT, get_mirror(self->host->fd, &told));
	EXPECT_EQ(-1, peek(page));
	close(function);
	EXPECT_EQ(-ENOENT, get_mirror(self->host->fd, &told));
	EXPECT_EQ(-ENOENT, set_mirror(self->host->fd, told.offset, told.sequence));
	munmap(page, PAGE);
	close(self->host->fd);
	self->host->fd = -1;
	close(event);
}

/* Memory that is left where a BAR was makes KVM_RUN fail, and nothing worse. */
TEST_F(mirror, a_guest_that_reads_what_has_left_waits_for_its_memory)
{
	struct kvpci_host_config config = self->host->config;
	struct kvm_userspace_memory_region memory = {
		.slot = 9, .flags = KVM_MEM_READONLY, .guest_phys_addr = MEM,
		.memory_size = PAGE,
	};
	int event = event_new(), function;
	struct kvpci_mirror told;
	void *page;
	int i;

	host_close(self->host);
	config.flags |= KVPCI_HOST_MIRROR;
	config.mirror_eventfd = event;
	self->host->fd = create_host(&config);
	ASSERT_LE(0, self->host->fd);
	function = stamped(self->host, F, PAGE, 0, STAMP);
	guest_store(self->vm, ecam_address(self->host, F, PCI_BASE_ADDRESS_0), 4, MEM);
	guest_store(self->vm, ecam_address(self->host, F, PCI_COMMAND), 2, 2);
	must(get_mirror(self->host->fd, &told));
	page = try_map(self->host->fd, PAGE, PROT_READ, MAP_SHARED, told.offset);
	ASSERT_NE(MAP_FAILED, page);
	memory.userspace_addr = (unsigned long)page;
	must(ioctl(self->vm->fd, KVM_SET_USER_MEMORY_REGION, &memory));
	must(set_mirror(self->host->fd, told.offset, told.sequence));
	EXPECT_EQ(STAMP, guest_load(self->vm, MEM, 4));
	EXPECT_FREE(MEM, 4);

	guest_store(self->vm, ecam_address(self->host, F, PCI_COMMAND), 2, 0);
	/* Writes there come to the kernel, which drops them. */
	guest_store(self->vm, MEM, 4, 1);
	guest_begin(self->vcpu);
	add_expect(self->vcpu, MEM, 4, ~0U);
	guest_prepare(self->vcpu, 1);
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(-1, ioctl(self->vcpu->fd, KVM_RUN, 0));
		EXPECT_EQ(EFAULT, errno);
	}
	memory.memory_size = 0;
	must(ioctl(self->vm->fd, KVM_SET_USER_MEMORY_REGION, &memory));
	guest_start(self->vcpu, 1);
	guest_wait(self->vcpu);

	munmap(page, PAGE);
	close(function);
	close(self->host->fd);
	self->host->fd = -1;
	close(event);
}

/* A mapping keeps the bridge's descriptor open, and nothing else does. */
TEST_F(mirror, functions_are_closed_whatever_is_mapped)
{
	int function = stamped(self->host, F, PAGE, 0, STAMP), i;

	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	EXPECT_FREE(MEM, 4);
	for (i = 0; i < 50; i++) {
		close(function);
		EXPECT_EQ(~0U, guest_load(self->vm, MEM, 4));
		EXPECT_EQ(~0U, guest_load(self->vm, ecam_address(self->host, F, 0), 4));
		function = stamped(self->host, F, PAGE << i % 4, 0, STAMP + i);
		set_bar(self->host, F, 0, MEM);
		set_command(self->host, F, PCI_COMMAND_MEMORY);
		EXPECT_EQ(STAMP + i, guest_load(self->vm, MEM, 4));
		EXPECT_FREE(MEM, 4);
	}
	close(function);
}

/* A machine whose vCPUs read mirrors that move, for ever. */
static void live(void)
{
	static const int bdfs[] = { F, G };

	for (;;) {
		struct vm *vm = vm_new(2);
		struct host *host = host_new(vm);
		int functions[2], i, k;

		for (i = 0; i < 2; i++) {
			functions[i] = stamped(host, bdfs[i], PAGE, 0, STAMP + i);
			set_bar(host, bdfs[i], 0, MEM + 0x10000 * i);
			set_command(host, bdfs[i], PCI_COMMAND_MEMORY);
		}
		for (i = 0; i < 2; i++) {
			__u64 ecam = ecam_address(host, bdfs[i], PCI_BASE_ADDRESS_0);

			guest_begin(&vm->vcpus[i]);
			for (k = 1; k >= 0; k--) {
				__u64 place = MEM + 0x10000 * i + 0x1000 * k;

				add_store(&vm->vcpus[i], ecam, 4, place);
				add_expect(&vm->vcpus[i], place, 4, STAMP + i);
				add_load(&vm->vcpus[i], MEM + 0x10000 * !i, 4);
			}
			guest_start(&vm->vcpus[i], 10);
		}
		for (i = 0; i < 2; i++)
			guest_wait(&vm->vcpus[i]);
		close(functions[0]);
		close(functions[1]);
		host_free(host);
		vm_free(vm);
	}
}

/* A BAR that comes and goes, by ioctl: nobody waits for that. */
struct intruder {
	int function;
	__u32 address;
	bool *stop;
	pthread_t thread;
};

static void *intrude(void *arg)
{
	struct intruder *intruder = arg;

	while (!__atomic_load_n(intruder->stop, __ATOMIC_SEQ_CST)) {
		write_as_guest(intruder->function, PCI_BASE_ADDRESS_0, 4, intruder->address);
		write_as_guest(intruder->function, PCI_BASE_ADDRESS_0, 4,
			       intruder->address + 0x100000);
		/* Others are to come to the host's lock, which is not a fair one. */
		usleep(LOOK_US);
	}
	return NULL;
}

/*
 * What has changed in the map is followed after that, when the function may have gone: by more
 * threads than there are processors, so that some have to wait in between.
 */
TEST_F(mirror, a_function_goes_while_others_come_to_its_place)
{
	enum { NR = 6 };
	struct intruder intruders[NR] = {};
	bool stop = false;
	int i;

	for (i = 0; i < NR; i++) {
		struct intruder *intruder = &intruders[i];

		intruder->function = function_plugged(self->host, BDF(0, 2 + i, 0),
						      (struct kvpci_function_config) {
			.bars[0] = { PAGE } });
		intruder->address = MEM + i * PAGE;
		intruder->stop = &stop;
		write_as_guest(intruder->function, PCI_COMMAND, 4, PCI_COMMAND_MEMORY);
		if (pthread_create(&intruder->thread, NULL, intrude, intruder))
			die("no thread");
	}
	for (i = 0; i < 400 + scaled(2000); i++) {
		int function = stamped(self->host, F, 8 * PAGE, 0, STAMP);

		write_as_guest(function, PCI_BASE_ADDRESS_0, 4, MEM);
		write_as_guest(function, PCI_COMMAND, 4, PCI_COMMAND_MEMORY);
		host_sync(self->host);
		close(function);
	}
	__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
	for (i = 0; i < NR; i++) {
		pthread_join(intruders[i].thread, NULL);
		close(intruders[i].function);
	}
}

TEST_F(mirror, killed_at_any_time)
{
	struct baseline before;
	const char *more;
	int i;

	baseline_take(&before);
	for (i = 0; i < scaled(40); i++) {
		pid_t child = must(fork());

		if (!child)
			live();
		usleep(2000 * (1 + i * 7 % 40));
		must(kill(child, SIGKILL));
		if (waitpid(child, NULL, 0) != child)
			die("waitpid: %m");
	}
	more = baseline_users(&before);
	EXPECT_EQ(NULL, more) {
		TH_LOG("%s", more);
	}
}

/* The kernel now and then takes some memory for itself: what leaks does so every time. */
TEST_F(mirror, a_thousand_functions_leave_nothing)
{
	const int times = scaled(1000), most = 3;
	const char *what = "not tried";
	struct baseline base;
	int i, series;

	for (series = 0; what && series < most; series++) {
		for (i = -WARM_UP; i < times; i++) {
			int function;

			if (!i)
				baseline_take(&base);
			function = function_new(self->host, F, (struct kvpci_function_config) {
				.bars[0] = { 4 * PAGE } });
			must(mirrored(function, 0, 0, PAGE, NULL));
			must(mirrored(function, 0, 2 * PAGE, 8, NULL));
			must(plug(function));
			/* Every other one has been memory of the guest. */
			if (i & 1) {
				set_bar(self->host, F, 0, MEM);
				set_command(self->host, F, PCI_COMMAND_MEMORY);
			}
			close(function);
		}
		host_sync(self->host);
		what = baseline_memory(&base, times);
	}
	EXPECT_EQ(NULL, what) {
		TH_LOG("%s", what);
	}
}

TEST_F(mirror, bad_arguments)
{
	struct kvpci_mirror bad = { .size = sizeof(bad) };
	unsigned char page[2 * PAGE] = {};
	int i;

	for (i = 4; i < sizeof(bad); i++) {
		bool may_be_set = (i >= 8 && i < 16) || (i >= 32 && i < 40);

		((unsigned char *)&bad)[i] = 1;
		EXPECT_EQ(-EINVAL, kvpci_ioctl(self->host->fd, KVPCI_GET_MIRROR, &bad));
		EXPECT_EQ(may_be_set ? -ENOENT : -EINVAL,
			  kvpci_ioctl(self->host->fd, KVPCI_SET_MIRROR, &bad));
		((unsigned char *)&bad)[i] = 0;
	}
	bad.size--;
	EXPECT_EQ(-EINVAL, kvpci_ioctl(self->host->fd, KVPCI_GET_MIRROR, &bad));
	EXPECT_EQ(-EINVAL, kvpci_ioctl(self->host->fd, KVPCI_SET_MIRROR, &bad));
	bad.size = PAGE;
	memcpy(page, &bad, sizeof(bad));
	EXPECT_EQ(-ENOENT, kvpci_ioctl(self->host->fd, KVPCI_GET_MIRROR, page));
	EXPECT_EQ(-ENOENT, kvpci_ioctl(self->host->fd, KVPCI_SET_MIRROR, page));
	page[PAGE - 1] = 1;
	EXPECT_EQ(-E2BIG, kvpci_ioctl(self->host->fd, KVPCI_GET_MIRROR, page));
	EXPECT_EQ(-E2BIG, kvpci_ioctl(self->host->fd, KVPCI_SET_MIRROR, page));
	EXPECT_EQ(-EFAULT, kvpci_ioctl(self->host->fd, KVPCI_GET_MIRROR, NULL));
	EXPECT_EQ(-EFAULT, kvpci_ioctl(self->host->fd, KVPCI_SET_MIRROR, NULL));
}

TEST_F(mirror, registers_that_cannot_be_mirrored)
{
	int function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars = { { PAGE }, { 256, KVPCI_BAR_IO } } });
	int offset;

	EXPECT_EQ(-EINVAL, mirrored(function, 1, 0, 8, NULL));
	for (offset = 1; offset < 8; offset++)
		EXPECT_EQ(-EINVAL, mirrored(function, 0, offset, 8, NULL));
	EXPECT_EQ(0, mirrored(function, 0, 8, 3, NULL));
	close(function);
}

TEST_HARNESS_MAIN
