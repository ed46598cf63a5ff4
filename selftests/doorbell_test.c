// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbells: which writes ring them, and that they go where their BAR goes.
 *
 * Depends on: kernel, mirrors, processors.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <linux/kvm.h>

#include "lib/agent.h"
#include "lib/die.h"
#include "lib/event.h"
#include "lib/events.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/pci.h"
#include "lib/vm.h"
#include "lib/wait.h"

#define F		BDF(0, 1, 0)
#define G		BDF(0, 2, 0)
#define MEM		MEM32_BASE
#define BUFFER		RAM_FREE
#define TIMES		5

/* BAR 0 is memory, BAR 1 ports, BARs 2 and 4 memory of 64 bits. */
FIXTURE(doorbell) {
	struct vm *vm;
	struct host *host;
	struct vcpu *vcpu;
	int function;
	__u64 high;
};

FIXTURE_SETUP(doorbell)
{
	self->vm = vm_new(2);
	self->vcpu = &self->vm->vcpus[0];
	self->host = host_new(self->vm);
	self->high = self->host->config.mem64.base;
	self->function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars = {
			{ 16384 }, { 256, KVPCI_BAR_IO },
			{ 4096, KVPCI_BAR_64BIT }, {},
			{ 4096, KVPCI_BAR_64BIT | KVPCI_BAR_PREFETCH },
		} });
	add_memory(self->function, 0, 0, 16384);
	add_memory(self->function, 1, 0, 256);
	add_memory(self->function, 2, 0, 4096);
	must(plug(self->function));
	set_bar(self->host, F, 0, MEM);
	set_bar(self->host, F, 1, IO_BASE);
	set_bar64(self->host, F, 2, self->high);
	set_bar64(self->host, F, 4, self->high + 0x100000000);
	set_command(self->host, F, DECODE_ALL);
}

FIXTURE_TEARDOWN(doorbell)
{
	host_free(self->host);
	vm_free(self->vm);
}

static struct kvpci_doorbell describe(__u32 bar, __u64 offset, __u32 length)
{
	return (struct kvpci_doorbell) {
		.size = sizeof(struct kvpci_doorbell),
		.bar = bar, .offset = offset, .length = length,
	};
}

/* Does KVM learn of accesses to what is not memory by EPT misconfiguration? */
static bool has_ept(void)
{
	return !access("/sys/module/kvm_intel/parameters/ept", F_OK);
}

/* A doorbell for one value. */
static int doorbell_for(int function, __u32 bar, __u64 offset, __u32 length,
			__u64 value)
{
	struct kvpci_doorbell desc = describe(bar, offset, length);

	desc.flags = KVPCI_DOORBELL_DATAMATCH;
	desc.datamatch = value;
	desc.eventfd = event_new();
	if (doorbell(function, &desc))
		die("KVPCI_DOORBELL");
	return desc.eventfd;
}

TEST_F(doorbell, a_write_of_its_length_at_its_place_rings_it)
{
	unsigned int length, size, offset;

	for (length = 1; length <= 8; length *= 2) {
		__u64 place = 0x100 * length + 0x20;
		int event = doorbell_at(self->function, 0, place, length);

		for (size = 1; size <= 8; size *= 2)
			for (offset = place - 8; offset <= place + 8; offset++) {
				guest_store(self->vm, MEM + offset, size, ~0ULL);
				EXPECT_EQ(offset == place && size == length,
					  event_count(event));
			}
		guest_load(self->vm, MEM + place, length);
		EXPECT_EQ(0, event_count(event));
	}
}

TEST_F(doorbell, without_a_length_any_write_that_starts_there_rings_it)
{
	int event = doorbell_at(self->function, 0, 0x40, 0);
	unsigned int size;

	for (size = 1; size <= 8; size *= 2) {
		guest_store(self->vm, MEM + 0x40, size, 0x1234);
		EXPECT_EQ(1, event_count(event));
		guest_store(self->vm, MEM + 0x3f, size, 0x1234);
		guest_store(self->vm, MEM + 0x41, size, 0x1234);
		guest_load(self->vm, MEM + 0x40, size);
		EXPECT_EQ(0, event_count(event));
	}

	/* 16 bytes are two writes of 8. */
	guest_begin(self->vcpu);
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_STORE, .size = 16, .addr = MEM + 0x38,
		.value = BUFFER });
	guest_run(self->vcpu, 1);
	EXPECT_EQ(1, event_count(event));
}

TEST_F(doorbell, ports_ring_too)
{
	int any = doorbell_at(self->function, 1, 0, 0);
	int byte = doorbell_at(self->function, 1, 9, 1);
	int word = doorbell_at(self->function, 1, 10, 2);
	int dword = doorbell_at(self->function, 1, 12, 4);
	struct kvpci_doorbell desc = describe(1, 16, 8);

	guest_out(self->vm, IO_BASE, 1, 0);
	guest_out(self->vm, IO_BASE, 4, 0);
	guest_out(self->vm, IO_BASE + 9, 1, 0);
	guest_out(self->vm, IO_BASE + 9, 2, 0);
	guest_out(self->vm, IO_BASE + 10, 2, 0);
	guest_out(self->vm, IO_BASE + 10, 1, 0);
	guest_out(self->vm, IO_BASE + 12, 4, 0);
	guest_out(self->vm, IO_BASE + 11, 4, 0);
	EXPECT_EQ(2, event_count(any));
	EXPECT_EQ(1, event_count(byte));
	EXPECT_EQ(1, event_count(word));
	EXPECT_EQ(1, event_count(dword));

	/* Every write of a string rings. */
	guest_begin(self->vcpu);
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_OUTS, .size = 4, .count = 1000, .addr = IO_BASE + 12,
		.value = BUFFER });
	guest_run(self->vcpu, 2);
	EXPECT_EQ(2000, event_count(dword));

	/* No port is that wide. */
	desc.eventfd = dword;
	EXPECT_EQ(-EINVAL, doorbell(self->function, &desc));
}

TEST_F(doorbell, a_value_may_have_to_match)
{
	int byte = doorbell_for(self->function, 0, 0x10, 1, 0xfe);
	int word = doorbell_for(self->function, 0, 0x10, 2, 0xfedc);
	int dword = doorbell_for(self->function, 0, 0x10, 4, 0xfedcba98);
	int qword = doorbell_for(self->function, 0, 0x10, 8, 0xfedcba9876543210);
	int other = doorbell_for(self->function, 0, 0x10, 4, 0);

	guest_store(self->vm, MEM + 0x10, 1, 0xfe);
	EXPECT_EQ(1, event_count(byte));
	guest_store(self->vm, MEM + 0x10, 2, 0xfedc);
	EXPECT_EQ(1, event_count(word));
	guest_store(self->vm, MEM + 0x10, 4, 0xfedcba98);
	EXPECT_EQ(1, event_count(dword));
	guest_store(self->vm, MEM + 0x10, 8, 0xfedcba9876543210);
	EXPECT_EQ(1, event_count(qword));
	guest_store(self->vm, MEM + 0x10, 4, 0);
	EXPECT_EQ(1, event_count(other));

	guest_store(self->vm, MEM + 0x10, 1, 0xff);
	guest_store(self->vm, MEM + 0x10, 2, 0x00fe);
	guest_store(self->vm, MEM + 0x10, 4, 0x7edcba98);
	guest_store(self->vm, MEM + 0x10, 8, 0x7edcba9876543210);
	guest_store(self->vm, MEM + 0x10, 8, 0xfedcba98);
	guest_store(self->vm, MEM + 0x10, 8, 0);
	EXPECT_EQ(0, event_count(byte));
	EXPECT_EQ(0, event_count(word));
	EXPECT_EQ(0, event_count(dword));
	EXPECT_EQ(0, event_count(qword));
	EXPECT_EQ(0, event_count(other));
}

TEST_F(doorbell, several_at_one_place_are_told_apart)
{
	int queues[16], word = doorbell_at(self->function, 0, 0x80, 2), i, k;

	for (i = 0; i < 16; i++)
		queues[i] = doorbell_for(self->function, 0, 0x80, 4, i * 3);
	for (i = 0; i < 16; i++)
		for (k = 0; k <= i; k++)
			guest_store(self->vm, MEM + 0x80, 4, i * 3);
	guest_store(self->vm, MEM + 0x80, 2, 3);
	guest_store(self->vm, MEM + 0x80, 4, 1);
	for (i = 0; i < 16; i++)
		EXPECT_EQ(i + 1, event_count(queues[i]));
	EXPECT_EQ(1, event_count(word));
}

TEST_F(doorbell, several_may_share_an_eventfd)
{
	struct kvpci_doorbell desc = describe(0, 0, 4);
	int i;

	desc.eventfd = event_new();
	for (i = 0; i < 10; i++) {
		desc.offset = 4 * i;
		ASSERT_EQ(0, doorbell(self->function, &desc));
	}
	for (i = 0; i < 10; i++)
		guest_store(self->vm, MEM + 4 * i, 4, 0);
	EXPECT_EQ(10, event_count(desc.eventfd));
	desc.flags = KVPCI_DOORBELL_DEASSIGN;
	desc.offset = 0;
	ASSERT_EQ(0, doorbell(self->function, &desc));
	for (i = 0; i < 10; i++)
		guest_store(self->vm, MEM + 4 * i, 4, 0);
	EXPECT_EQ(9, event_count(desc.eventfd));
}

TEST_F(doorbell, two_that_one_write_could_ring_are_refused)
{
	static const struct {
		__u32 length, flags;
		__u64 datamatch;
		int first, second;	/* with 4 bytes of any value; with a value */
	} cases[] = {
		{ 4, 0, 0, -EEXIST, -EEXIST },
		{ 0, 0, 0, -EEXIST, -EEXIST },
		{ 4, KVPCI_DOORBELL_DATAMATCH, 7, -EEXIST, -EEXIST },
		{ 4, KVPCI_DOORBELL_DATAMATCH, 8, -EEXIST, 0 },
		{ 2, 0, 0, 0, 0 },
		{ 8, KVPCI_DOORBELL_DATAMATCH, 7, 0, 0 },
	};
	unsigned int i;

	doorbell_at(self->function, 0, 0x10, 4);
	doorbell_for(self->function, 0, 0x20, 4, 7);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kvpci_doorbell desc = describe(0, 0x10, cases[i].length);

		desc.flags = cases[i].flags;
		desc.datamatch = cases[i].datamatch;
		desc.eventfd = event_new();
		EXPECT_EQ(cases[i].first, doorbell(self->function, &desc));
		desc.offset = 0x20;
		EXPECT_EQ(cases[i].second, doorbell(self->function, &desc));
	}
}

TEST_F(doorbell, a_write_that_rings_ends_there_and_others_go_on)
{
	int event = doorbell_for(self->function, 0, 0x10, 4, 0x11111111);

	guest_store(self->vm, MEM + 0x10, 4, 0x22222222);
	EXPECT_EQ(0x22222222, guest_load(self->vm, MEM + 0x10, 4));
	guest_store(self->vm, MEM + 0x10, 4, 0x11111111);
	EXPECT_EQ(1, event_count(event));
	EXPECT_EQ(0x22222222, guest_load(self->vm, MEM + 0x10, 4));
	guest_store(self->vm, MEM + 0x10, 2, 0x3333);
	EXPECT_EQ(0x22223333, guest_load(self->vm, MEM + 0x10, 4));
	guest_store(self->vm, MEM + 0xc, 8, 0x1111111144444444);
	EXPECT_EQ(0x11111111, guest_load(self->vm, MEM + 0x10, 4));
	EXPECT_EQ(0, event_count(event));
}

TEST_F(doorbell, it_may_be_before_userspace_and_before_nothing)
{
	int function, first, second;

	function = function_new(self->host, G, (struct kvpci_function_config) {
		.bars[0] = { 4096 } });
	add_userspace(function, 0, 0, 8);
	/* Before it is plugged, too. */
	first = doorbell_at(function, 0, 0, 4);
	must(plug(function));
	second = doorbell_at(function, 0, 0xffe, 2);
	set_bar(self->host, G, 0, MEM + 0x10000);
	set_command(self->host, G, PCI_COMMAND_MEMORY);
	self->vcpu->on_exit = exit_is_noted;
	guest_store(self->vm, MEM + 0x10000, 4, 0);
	EXPECT_EQ(0, self->vcpu->nr_exits);
	EXPECT_EQ(1, event_count(first));
	guest_store(self->vm, MEM + 0x10000, 8, 0);
	EXPECT_EQ(1, self->vcpu->nr_exits);
	EXPECT_EQ(0, event_count(first));
	/* The last bytes of the BAR; and an access that leaves it. */
	guest_store(self->vm, MEM + 0x10ffe, 2, 0);
	EXPECT_EQ(1, event_count(second));
	guest_store(self->vm, MEM + 0x10ffd, 2, 0);
	EXPECT_EQ(0, event_count(second));
	EXPECT_EQ(1, self->vcpu->nr_exits);
}

TEST_F(doorbell, it_moves_with_its_bar)
{
	int mem = doorbell_at(self->function, 0, 0x10, 4);
	int io = doorbell_at(self->function, 1, 0x10, 4);
	int high = doorbell_at(self->function, 2, 0x10, 4);
	int i;

	for (i = 0; i < 10; i++) {
		__u64 old = 0x8000 * i, new = old + 0x8000;
		__u16 old_port = IO_BASE + 0x100 * i, new_port = old_port + 0x100;

		set_bar(self->host, F, 0, MEM + new);
		guest_store(self->vm, MEM + old + 0x10, 4, 0);
		EXPECT_EQ(0, event_count(mem));
		guest_store(self->vm, MEM + new + 0x10, 4, 0);
		EXPECT_EQ(1, event_count(mem));

		set_bar(self->host, F, 1, new_port);
		guest_out(self->vm, old_port + 0x10, 4, 0);
		EXPECT_EQ(0, event_count(io));
		guest_out(self->vm, new_port + 0x10, 4, 0);
		EXPECT_EQ(1, event_count(io));

		set_bar64(self->host, F, 2, self->high + new);
		guest_store(self->vm, self->high + old + 0x10, 4, 0);
		EXPECT_EQ(0, event_count(high));
		guest_store(self->vm, self->high + new + 0x10, 4, 0);
		EXPECT_EQ(1, event_count(high));
	}
}

/* Emulators have moved them with whichever BAR of the device moved. */
TEST_F(doorbell, it_does_not_move_with_other_bars)
{
	__u64 place[] = { MEM, self->high, self->high + 0x100000000 };
	static const int bars[] = { 0, 2, 4 };
	int events[3], i, k;

	for (i = 0; i < 3; i++)
		events[i] = doorbell_at(self->function, bars[i], 0x10, 4);
	for (i = 0; i < 3; i++) {
		place[i] += 0x40000;
		if (bars[i])
			set_bar64(self->host, F, bars[i], place[i]);
		else
			set_bar(self->host, F, bars[i], place[i]);
		for (k = 0; k < 3; k++) {
			guest_store(self->vm, place[k] + 0x10, 4, 0);
			EXPECT_EQ(1, event_count(events[k]));
		}
	}

	/* Nor if two BARs change places. */
	set_bar64(self->host, F, 2, place[2]);
	set_bar64(self->host, F, 4, place[1]);
	guest_store(self->vm, place[2] + 0x10, 4, 0);
	EXPECT_EQ(1, event_count(events[1]));
	EXPECT_EQ(0, event_count(events[2]));
	guest_store(self->vm, place[1] + 0x10, 4, 0);
	EXPECT_EQ(0, event_count(events[1]));
	EXPECT_EQ(1, event_count(events[2]));
}

TEST_F(doorbell, it_rings_only_where_its_bar_answers)
{
	int event = doorbell_at(self->function, 0, 0x1010, 4);
	int function;

	set_command(self->host, F, PCI_COMMAND_IO);
	guest_store(self->vm, MEM + 0x1010, 4, 0);
	EXPECT_EQ(0, event_count(event));
	set_command(self->host, F, DECODE_ALL);
	guest_store(self->vm, MEM + 0x1010, 4, 0);
	EXPECT_EQ(1, event_count(event));

	/* A smaller BAR above it. */
	function = function_plugged(self->host, G, (struct kvpci_function_config) {
		.bars[0] = { 16 } });
	set_bar(self->host, G, 0, MEM + 0x1010);
	set_command(self->host, G, PCI_COMMAND_MEMORY);
	guest_store(self->vm, MEM + 0x1010, 4, 0);
	EXPECT_EQ(0, event_count(event));
	close(function);
	guest_store(self->vm, MEM + 0x1010, 4, 0);
	EXPECT_EQ(1, event_count(event));

	close(self->function);
	guest_store(self->vm, MEM + 0x1010, 4, 0);
	EXPECT_EQ(0, event_count(event));
}

/* An ioeventfd of KVM's for a byte, in ports. */
static int ioeventfd_at(struct vm *vm, __u16 port)
{
	struct kvm_ioeventfd desc = {
		.addr = port,
		.len = 1,
		.fd = event_new(),
		.flags = KVM_IOEVENTFD_FLAG_PIO,
	};

	if (ioctl(vm->fd, KVM_IOEVENTFD, &desc))
		die("KVM_IOEVENTFD: %m");
	return desc.fd;
}

/* Where there are doorbells in ports, KVM finds these, and what was or will be around them. */
TEST_F(doorbell, ports_around_those_of_bars_are_found)
{
	static const __u16 before[] = { 0x800, 0xfff, 0x2000, 0x2080 };
	static const __u16 after[] = { 0x900, 0xffe, 0x2001, 0x2070, 0x3000 };
	struct vm *vm = vm_new(1);
	struct kvpci_host_config config = host_defaults(vm);
	int kvms[0x4000] = {};
	int first, last, function, i;
	struct host *host;

	for (i = 0; i < ARRAY_SIZE(before); i++)
		kvms[before[i]] = ioeventfd_at(vm, before[i]);
	config.io = (struct kvpci_window) { .base = 0x1000, .length = 0x1000 };
	host = host_new_from(vm, &config);
	function = function_new(host, F, (struct kvpci_function_config) {
		.bars[0] = { 4096, KVPCI_BAR_IO } });
	first = doorbell_at(function, 0, 0, 1);
	last = doorbell_at(function, 0, 4095, 1);
	must(plug(function));
	set_bar(host, F, 0, 0x1000);
	set_command(host, F, PCI_COMMAND_IO);
	for (i = 0; i < ARRAY_SIZE(after); i++)
		kvms[after[i]] = ioeventfd_at(vm, after[i]);

	guest_out(vm, 0x1000, 1, 0);
	guest_out(vm, 0x1fff, 1, 0);
	EXPECT_EQ(1, event_count(first));
	EXPECT_EQ(1, event_count(last));
	for (i = 0; i < ARRAY_SIZE(kvms); i++) {
		if (!kvms[i])
			continue;
		guest_out(vm, i, 1, 0);
		EXPECT_EQ(1, event_count(kvms[i]))
			TH_LOG("port 0x%x", i);
	}
	host_free(host);
	/* KVM's are found as before. */
	for (i = 0; i < ARRAY_SIZE(kvms); i++) {
		if (!kvms[i])
			continue;
		guest_out(vm, i, 1, 0);
		EXPECT_EQ(1, event_count(kvms[i]));
	}
	vm_free(vm);
}

/*
 * Where the processor says so, and there is no memory for reads, KVM has it rung without the
 * instruction that rings it.
 */
TEST_F(doorbell, one_for_any_length_does_not_take_the_instruction)
{
	struct events *events = events_new("kvm/kvm_fast_mmio");
	struct kvpci_doorbell desc = describe(4, 0x20, 0);
	const __u64 place = self->high + 0x100000000;
	static const __u8 lengths[] = { 1, 2, 4, 8 };
	const unsigned int fast = has_ept() ? TIMES : 0;
	unsigned int i;

	/* The first access has KVM find out that there is no memory. */
	guest_store(self->vm, place + 0x28, 4, 0);
	desc.eventfd = event_new();
	ASSERT_EQ(0, doorbell(self->function, &desc));
	for (i = 0; i < 4; i++) {
		events_clear(events);
		guest_begin(self->vcpu);
		add_store(self->vcpu, place + 0x20, lengths[i], i);
		guest_run(self->vcpu, TIMES);
		EXPECT_EQ(TIMES, event_count(desc.eventfd));
		EXPECT_EQ(fast, events_count(events, "fast mmio at gpa 0x%llx", place + 0x20));
	}

	/* Nothing beside it rings it. */
	guest_store(self->vm, place + 0x21, 1, 0);
	guest_store(self->vm, place + 0x1f, 1, 0);
	EXPECT_EQ(0, event_count(desc.eventfd));

	/* Nor one behind the window's end, which KVM's search takes for a part of it. */
	desc = describe(0, 0, 0);
	desc.eventfd = event_new();
	ASSERT_EQ(0, doorbell(self->function, &desc));
	set_bar(self->host, F, 0, MEM32_BASE + MEM32_LENGTH);
	self->vcpu->on_exit = exit_is_noted;
	guest_store(self->vm, MEM32_BASE + MEM32_LENGTH, 4, 0);
	EXPECT_EQ(0, event_count(desc.eventfd));
	events_free(events);
}

TEST_F(doorbell, one_that_is_removed_rings_no_more)
{
	struct kvpci_doorbell desc = describe(0, 0x10, 4);
	struct kvpci_doorbell other;

	desc.eventfd = event_new();
	ASSERT_EQ(0, doorbell(self->function, &desc));
	desc.flags = KVPCI_DOORBELL_DEASSIGN;

	/* It takes all of the fields to name it. */
	other = desc;
	other.offset = 0x14;
	EXPECT_EQ(-ENOENT, doorbell(self->function, &other));
	other = desc;
	other.length = 0;
	EXPECT_EQ(-ENOENT, doorbell(self->function, &other));
	other = desc;
	other.bar = 2;
	EXPECT_EQ(-ENOENT, doorbell(self->function, &other));
	other = desc;
	other.flags |= KVPCI_DOORBELL_DATAMATCH;
	EXPECT_EQ(-ENOENT, doorbell(self->function, &other));
	other = desc;
	other.eventfd = event_new();
	EXPECT_EQ(-ENOENT, doorbell(self->function, &other));
	guest_store(self->vm, MEM + 0x10, 4, 0);
	EXPECT_EQ(1, event_count(desc.eventfd));

	ASSERT_EQ(0, doorbell(self->function, &desc));
	guest_store(self->vm, MEM + 0x10, 4, 0x77);
	EXPECT_EQ(0, event_count(desc.eventfd));
	EXPECT_EQ(0x77, guest_load(self->vm, MEM + 0x10, 4));
	EXPECT_EQ(-ENOENT, doorbell(self->function, &desc));

	/* And may come back. */
	desc.flags = 0;
	ASSERT_EQ(0, doorbell(self->function, &desc));
	guest_store(self->vm, MEM + 0x10, 4, 0);
	EXPECT_EQ(1, event_count(desc.eventfd));
}

/* The array that the writes look through is replaced all the time. */
TEST_F(doorbell, no_ring_is_lost_while_others_come_and_go)
{
	struct vcpu *other = &self->vm->vcpus[1];
	int first = doorbell_at(self->function, 0, 0x100, 4);
	int second = doorbell_at(self->function, 0, 0x200, 2);
	struct kvpci_doorbell desc = describe(0, 0, 4);
	int i;

	desc.eventfd = event_new();
	guest_begin(self->vcpu);
	add_store(self->vcpu, MEM + 0x100, 4, 0);
	guest_start(self->vcpu, ~0ULL);
	guest_begin(other);
	add_store(other, MEM + 0x200, 2, 0);
	guest_start(other, ~0ULL);
	guest_begun(self->vcpu);
	guest_begun(other);
	for (i = 0; i < 300; i++) {
		/* Before, between and after the two. */
		desc.offset = 0x80 + 0x100 * (i % 3);
		desc.flags = 0;
		ASSERT_EQ(0, doorbell(self->function, &desc));
		desc.flags = KVPCI_DOORBELL_DEASSIGN;
		ASSERT_EQ(0, doorbell(self->function, &desc));
	}
	guest_stop(self->vcpu);
	guest_stop(other);
	guest_wait(self->vcpu);
	guest_wait(other);
	EXPECT_EQ(self->vcpu->list->done, event_count(first));
	EXPECT_EQ(other->list->done, event_count(second));
	EXPECT_EQ(0, event_count(desc.eventfd));
}

/* A write either rings it or reaches the registers; after removal, only the latter. */
TEST_F(doorbell, no_ring_comes_after_its_removal)
{
	struct kvpci_doorbell desc = describe(0, 0x100, 4);
	__u64 rung = 0, rings;
	int i;

	desc.eventfd = event_new();
	guest_begin(self->vcpu);
	add_store(self->vcpu, MEM + 0x100, 4, 0);
	guest_start(self->vcpu, ~0ULL);
	for (i = 0; i < 200; i++) {
		desc.flags = 0;
		ASSERT_EQ(0, doorbell(self->function, &desc));
		EXPECT_TRUE(eventually((rings = event_count(desc.eventfd))));
		rung += rings;
		desc.flags = KVPCI_DOORBELL_DEASSIGN;
		ASSERT_EQ(0, doorbell(self->function, &desc));
		rung += event_count(desc.eventfd);
		EXPECT_EQ(0, event_count(desc.eventfd));
	}
	guest_stop(self->vcpu);
	guest_wait(self->vcpu);
	EXPECT_EQ(0, event_count(desc.eventfd));
	EXPECT_LE(rung, self->vcpu->list->done);
}

/* Before it is plugged, so that none has to wait for the guest. */
TEST_F(doorbell, a_function_may_have_4096)
{
	static int events[KVPCI_MAX_DOORBELLS];
	struct rlimit files = { 8192, 8192 };
	struct kvpci_doorbell desc = describe(1, 0, 4);
	__u64 place = MEM + 0x10000;
	int function, i;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	function = function_new(self->host, G, (struct kvpci_function_config) {
		.bars = { { 16384 }, { 16 } } });
	for (i = 0; i < KVPCI_MAX_DOORBELLS; i++) {
		/* Not in order. */
		int where = i * 1031 % KVPCI_MAX_DOORBELLS;

		events[where] = doorbell_at(function, 0, 4 * where, 4);
	}
	desc.eventfd = events[0];
	EXPECT_EQ(-ENOSPC, doorbell(function, &desc));
	/* One goes, so that one may come. */
	desc.bar = 0;
	desc.flags = KVPCI_DOORBELL_DEASSIGN;
	EXPECT_EQ(0, doorbell(function, &desc));
	desc.flags = 0;
	EXPECT_EQ(0, doorbell(function, &desc));
	must(plug(function));
	set_bar(self->host, G, 0, place);
	set_command(self->host, G, PCI_COMMAND_MEMORY);

	guest_begin(self->vcpu);
	guest_add(self->vcpu, (struct agent_op) {
		.kind = OP_MOVS, .size = 4, .count = KVPCI_MAX_DOORBELLS,
		.addr = place, .value = BUFFER });
	add_store(self->vcpu, place + 4 * 4095, 4, 0);
	guest_run(self->vcpu, 1);
	for (i = 0; i < KVPCI_MAX_DOORBELLS; i++)
		ASSERT_EQ(i == 4095 ? 2 : 1, event_count(events[i]))
			TH_LOG("doorbell %d", i);
}

TEST_HARNESS_MAIN
