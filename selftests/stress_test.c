// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once: BARs that move while others use them, functions that come and go
 * under accesses, and accesses of all kinds at random.
 *
 * To see that no access is lost while a BAR moves between two places, a larger BAR lies
 * below both. Any access there finds one or the other, never none, and writes ring a
 * doorbell in either: their sum is the number of writes.
 *
 * Depends on: kernel, mirrors, processors.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/agent.h"
#include "lib/die.h"
#include "lib/environment.h"
#include "lib/event.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/pci.h"
#include "lib/vm.h"

#define BUFFER		RAM_FREE
#define COUNTER_A	(RAM_FREE + 0x100000)
#define COUNTER_B	(RAM_FREE + 0x100040)

#define MEM		MEM32_BASE
#define MOVING		BDF(0, 1, 0)
#define BELOW		BDF(0, 2, 0)
#define FIXED		BDF(0, 3, 0)

/* They differ in one bit, so that a read can expect either. */
#define STAMP_MOVING	0x12345670U
#define STAMP_BELOW	0x12345671U
#define EITHER		1

#define STAMP		0x10		/* offsets in BARs */
#define DOORBELL	0x20

FIXTURE(stress) {
	struct vm *vm;
	struct host *host;
	struct vcpu *mover;
	struct vcpu *user;
};

FIXTURE_SETUP(stress)
{
	self->vm = vm_new(2);
	self->host = host_new(self->vm);
	self->mover = &self->vm->vcpus[0];
	self->user = &self->vm->vcpus[1];
}

FIXTURE_TEARDOWN(stress)
{
	host_free(self->host);
	vm_free(self->vm);
}

static int new_function(struct host *host, int bdf, __u64 size, __u32 flags)
{
	return function_new(host, bdf, (struct kvpci_function_config) {
		.bars[0] = { size, flags } });
}

static void stamp(int function, __u64 offset, __u32 value)
{
	add_registers(function, 0, offset, 4, &value, NULL, NULL);
}

static struct agent_op *add_expect_either(struct vcpu *vcpu, __u64 addr)
{
	struct agent_op *op = add_expect(vcpu, addr, 4, STAMP_MOVING);

	op->ignore = EITHER;
	return op;
}

TEST_F(stress, a_bar_moved_100000_times_loses_no_access)
{
	enum { MOVES = 1000, APART = 0x10000 };
	const __u64 loops = scaled(100);
	__u32 *places = vm_ram(self->vm, BUFFER);
	int moving, below, fixed, rung_moving, rung_here, rung_there, rung_fixed;
	__u64 rung, written;
	int i;

	moving = new_function(self->host, MOVING, 4096, 0);
	stamp(moving, STAMP, STAMP_MOVING);
	rung_moving = doorbell_at(moving, 0, DOORBELL, 4);
	below = new_function(self->host, BELOW, 2 * APART, 0);
	stamp(below, STAMP, STAMP_BELOW);
	stamp(below, STAMP + APART, STAMP_BELOW);
	rung_here = doorbell_at(below, 0, DOORBELL, 4);
	rung_there = doorbell_at(below, 0, DOORBELL + APART, 4);
	fixed = new_function(self->host, FIXED, 4096, 0);
	add_memory(fixed, 0, 0, 4096);
	rung_fixed = doorbell_at(fixed, 0, DOORBELL, 4);
	must(plug(moving));
	must(plug(below));
	must(plug(fixed));
	set_bar(self->host, MOVING, 0, MEM);
	set_bar(self->host, BELOW, 0, MEM);
	set_bar(self->host, FIXED, 0, MEM + 4 * APART);
	set_command(self->host, MOVING, PCI_COMMAND_MEMORY);
	set_command(self->host, BELOW, PCI_COMMAND_MEMORY);
	set_command(self->host, FIXED, PCI_COMMAND_MEMORY);

	/* A string of writes to its register moves it there and back. */
	for (i = 0; i < MOVES; i++)
		places[i] = i & 1 ? MEM + APART : MEM;
	guest_begin(self->mover);
	add_out(self->mover, CF8_ADDRESS, 4,
		CF8_ENABLE | MOVING << 8 | PCI_BASE_ADDRESS_0);
	guest_add(self->mover, (struct agent_op) {
		.kind = OP_OUTS, .size = 4, .count = MOVES, .addr = CF8_DATA,
		.value = BUFFER });
	/* It knows where it has left it. */
	add_expect(self->mover, MEM + APART + STAMP, 4, STAMP_MOVING);
	add_expect(self->mover, MEM + STAMP, 4, STAMP_BELOW);
	add_store(self->mover, MEM + APART + DOORBELL, 4, 0);

	guest_begin(self->user);
	for (i = 0; i < 4; i++) {
		add_store(self->user, MEM + DOORBELL, 4, 0);
		add_expect_either(self->user, MEM + STAMP);
		add_store(self->user, MEM + APART + DOORBELL, 4, 0);
		add_expect_either(self->user, MEM + APART + STAMP);
	}
	/* Next to one that never moves. */
	add_store(self->user, MEM + 4 * APART + DOORBELL, 4, 0);
	add_store(self->user, MEM + 4 * APART, 8, 1)->step = 1;
	add_expect(self->user, MEM + 4 * APART, 8, 1)->step = 1;

	guest_start(self->user, ~0ULL);
	guest_begun(self->user);
	guest_run(self->mover, loops);
	guest_stop(self->user);
	guest_wait(self->user);

	written = 8 * self->user->list->done;
	rung = event_count(rung_moving);
	TH_LOG("%llu moves; %llu of %llu writes found the BAR", MOVES * loops, rung,
	       written + loops);
	EXPECT_LE(loops, rung);
	rung += event_count(rung_here) + event_count(rung_there);
	EXPECT_EQ(written + loops, rung);
	EXPECT_EQ(self->user->list->done, event_count(rung_fixed));
}

/* The places are in different 4 GiB: a half moves it to one of two more. */
TEST_F(stress, a_64_bit_bar_that_moves_by_halves_loses_no_access)
{
	const __u64 loops = scaled(500);
	__u64 base = self->host->config.mem64.base;
	__u64 here = base + 0x100001000, there = base + 0x200002000;
	__u64 mixed[] = { base + 0x100002000, base + 0x200001000 };
	__u64 all[] = { here, there, mixed[0], mixed[1] };
	int moving, below, rung_moving, rung_below[4], i;
	__u64 rung;

	moving = new_function(self->host, MOVING, 4096, KVPCI_BAR_64BIT);
	stamp(moving, STAMP, STAMP_MOVING);
	rung_moving = doorbell_at(moving, 0, DOORBELL, 4);
	below = new_function(self->host, BELOW, 1ULL << 36, KVPCI_BAR_64BIT);
	for (i = 0; i < 4; i++) {
		stamp(below, all[i] - base + STAMP, STAMP_BELOW);
		rung_below[i] = doorbell_at(below, 0, all[i] - base + DOORBELL, 4);
	}
	must(plug(moving));
	must(plug(below));
	set_bar64(self->host, MOVING, 0, there);
	set_bar64(self->host, BELOW, 0, base);
	set_command(self->host, MOVING, PCI_COMMAND_MEMORY);
	set_command(self->host, BELOW, PCI_COMMAND_MEMORY);

	guest_begin(self->mover);
	for (i = 0; i < 4; i++) {
		__u64 ecam = ecam_address(self->host, MOVING, PCI_BASE_ADDRESS_0);
		__u64 to = i & 1 ? there : here;

		/* Lower half first, upper half first, and both at once. */
		if (i == 3) {
			add_store(self->mover, ecam, 8, to);
		} else if (i == 2) {
			add_store(self->mover, ecam + 4, 4, to >> 32);
			add_expect(self->mover, mixed[0] + STAMP, 4, STAMP_MOVING);
			add_store(self->mover, ecam, 4, to);
		} else {
			add_store(self->mover, ecam, 4, to);
			add_expect(self->mover, mixed[!i] + STAMP, 4, STAMP_MOVING);
			add_store(self->mover, ecam + 4, 4, to >> 32);
		}
		add_expect(self->mover, to + STAMP, 4, STAMP_MOVING);
	}

	guest_begin(self->user);
	for (i = 0; i < 4; i++) {
		add_store(self->user, all[i] + DOORBELL, 4, 0);
		add_expect_either(self->user, all[i] + STAMP);
	}
	guest_start(self->user, ~0ULL);
	guest_begun(self->user);
	guest_run(self->mover, loops);
	guest_stop(self->user);
	guest_wait(self->user);

	rung = event_count(rung_moving);
	for (i = 0; i < 4; i++)
		rung += event_count(rung_below[i]);
	EXPECT_EQ(4 * self->user->list->done, rung);
}

/* By turns: when one vCPU has moved it, the other one finds it there and only there. */
TEST_F(stress, a_move_counts_for_the_other_vcpu_at_once)
{
	const __u64 loops = scaled(500);
	__u64 ecam = ecam_address(self->host, MOVING, PCI_BASE_ADDRESS_0);
	int function, rung, i;

	function = new_function(self->host, MOVING, 4096, 0);
	stamp(function, STAMP, STAMP_MOVING);
	rung = doorbell_at(function, 0, DOORBELL, 4);
	must(plug(function));
	set_command(self->host, MOVING, PCI_COMMAND_MEMORY);

	guest_begin(self->mover);
	guest_begin(self->user);
	for (i = 0; i < 2; i++) {
		__u64 new = MEM + 0x5000 * i, old = MEM + 0x5000 * !i;

		add_store(self->mover, ecam, 4, new);
		add_count(self->mover, COUNTER_A, 1);
		add_wait(self->mover, COUNTER_B, i + 1, 2);

		add_wait(self->user, COUNTER_A, i + 1, 2);
		add_expect(self->user, new + STAMP, 4, STAMP_MOVING);
		add_expect(self->user, old + STAMP, 4, ~0U);
		add_store(self->user, new + DOORBELL, 4, 0);
		add_store(self->user, old + DOORBELL, 4, 0);
		add_count(self->user, COUNTER_B, 1);
	}
	guest_start(self->user, loops);
	guest_run(self->mover, loops);
	guest_wait(self->user);
	EXPECT_EQ(2 * loops, event_count(rung));
}

/* Emulators that take a lock of the bus have deadlocked here. */
TEST_F(stress, two_functions_move_at_once)
{
	const __u64 loops = scaled(1000);
	struct vcpu *vcpus[] = { self->mover, self->user };
	static const int bdfs[] = { MOVING, BELOW };
	int i, k;

	for (i = 0; i < 2; i++) {
		int function;

		function = function_new(self->host, bdfs[i],
					(struct kvpci_function_config) {
			.bars = { { 4096 }, { 16, KVPCI_BAR_IO } } });
		stamp(function, STAMP, STAMP_MOVING + 0x10 * i);
		add_registers(function, 1, 0, 4, i ? "BBBB" : "AAAA", NULL, NULL);
		must(plug(function));
		set_command(self->host, bdfs[i], DECODE_ALL);
	}

	for (i = 0; i < 2; i++) {
		__u64 ecam = ecam_address(self->host, bdfs[i], 0);

		/* To where the other one has been, and on top of it. */
		guest_begin(vcpus[i]);
		for (k = 0; k < 3; k++) {
			add_store(vcpus[i], ecam + PCI_BASE_ADDRESS_0, 4,
				  MEM + 0x1000 * ((i + k) % 3));
			add_store(vcpus[i], ecam + PCI_BASE_ADDRESS_1, 4,
				  IO_BASE + 0x10 * ((i + k) % 3));
		}
		add_store(vcpus[i], ecam + PCI_COMMAND, 2, 0);
		add_store(vcpus[i], ecam + PCI_BASE_ADDRESS_0, 4,
			  MEM + 0x10000 * (i + 1));
		add_store(vcpus[i], ecam + PCI_COMMAND, 2, DECODE_ALL);
		/* Nobody else comes here. */
		add_expect(vcpus[i], MEM + 0x10000 * (i + 1) + STAMP, 4,
			   STAMP_MOVING + 0x10 * i);
	}
	guest_start(self->user, loops);
	guest_run(self->mover, loops);
	guest_wait(self->user);
	EXPECT_EQ(loops, self->user->list->done);
	EXPECT_EQ(0x42424242, guest_in(self->vm, IO_BASE, 4));
	EXPECT_EQ(0x41414141, guest_in(self->vm, IO_BASE + 0x20, 4));
}

TEST_F(stress, two_vcpus_move_bars_of_one_function)
{
	const __u64 loops = scaled(1000);
	struct vcpu *vcpus[] = { self->mover, self->user };
	__u64 ecam = ecam_address(self->host, MOVING, 0);
	int function, i, k;

	function = function_new(self->host, MOVING, (struct kvpci_function_config) {
		.bars = { { 4096 }, { 4096 } } });
	for (i = 0; i < 2; i++) {
		__u32 value = STAMP_MOVING + 0x10 * i;

		add_registers(function, i, STAMP, 4, &value, NULL, NULL);
	}
	must(plug(function));
	set_command(self->host, MOVING, DECODE_ALL);
	for (i = 0; i < 2; i++) {
		guest_begin(vcpus[i]);
		for (k = 0; k < 2; k++) {
			__u64 place = MEM + 0x10000 * i + 0x1000 * k;

			add_store(vcpus[i], ecam + bar_register(i), 4, place);
			add_expect(vcpus[i], place + STAMP, 4,
				   STAMP_MOVING + 0x10 * i);
			add_expect(vcpus[i], place ^ 0x1000, 4, ~0U);
			add_expect(vcpus[i], ecam + bar_register(i), 4, place);
		}
	}
	guest_start(self->user, loops);
	guest_run(self->mover, loops);
	guest_wait(self->user);
}

/* One vCPU looks for functions as an operating system does, the other one uses them. */
TEST_F(stress, functions_come_and_go_under_accesses)
{
	enum { SLOTS = 8 };
	/* Every slot gets a function before the first loses its own. */
	const int rounds = SLOTS + scaled(100);
	int functions[SLOTS] = {}, rung[SLOTS], i, round;
	__u64 closed = 0;

	guest_begin(self->mover);
	guest_begin(self->user);
	for (i = 0; i < SLOTS; i++) {
		/* Half of them are functions of one device. */
		__u64 ecam = ecam_address(self->host, BDF(0, 4, i * 2), 0);
		__u64 place = MEM + 0x1000 * i;
		struct agent_op *op;

		op = add_expect(self->mover, ecam, 4, ~0U);
		op->ignore = ~(DEVICE << 16 | VENDOR);
		op = add_expect(self->mover, ecam + PCI_HEADER_TYPE, 1, 0xff);
		op->ignore = 0x7f;
		add_load(self->mover, place + STAMP, 4);
		add_out(self->mover, CF8_ADDRESS, 4,
			CF8_ENABLE | BDF(0, 4, i * 2) << 8 | PCI_INTERRUPT_LINE);
		add_out(self->mover, CF8_DATA, 1, 7);

		add_store(self->user, ecam + PCI_BASE_ADDRESS_0, 4, place);
		add_store(self->user, ecam + PCI_COMMAND, 2, DECODE_ALL);
		add_store(self->user, place, 4, 0xabcd);
		add_store(self->user, place + DOORBELL, 4, 0);
		op = add_expect(self->user, place + STAMP, 4, STAMP_MOVING);
		op->ignore = ~(__u64)STAMP_MOVING;
	}
	/* Function 0 of the first device stays, and shows that it has others or not. */
	functions[0] = new_function(self->host, BDF(0, 4, 0), 4096, 0);
	stamp(functions[0], STAMP, STAMP_MOVING);
	must(plug(functions[0]));
	self->mover->ops[1].ignore = 0x80 | 0xff;

	guest_start(self->mover, ~0ULL);
	guest_start(self->user, ~0ULL);
	guest_begun(self->mover);
	guest_begun(self->user);
	for (round = 0; round < rounds; round++) {
		i = 1 + round * 5 % (SLOTS - 1);

		if (functions[i]) {
			/* Nothing rings what is gone. */
			close(functions[i]);
			event_count(rung[i]);
			ASSERT_EQ(0, event_count(rung[i]));
			closed++;
			close(rung[i]);
		}
		functions[i] = new_function(self->host, BDF(0, 4, i * 2), 4096, 0);
		add_memory(functions[i], 0, 0, 8);
		stamp(functions[i], STAMP, STAMP_MOVING);
		rung[i] = doorbell_at(functions[i], 0, DOORBELL, 4);
		must(plug(functions[i]));
	}
	guest_stop(self->mover);
	guest_stop(self->user);
	guest_wait(self->mover);
	guest_wait(self->user);
	EXPECT_LT(0, closed);

	/* Those that are there now are all in order. */
	guest_run(self->user, 1);
	guest_begin(self->mover);
	for (i = 0; i < SLOTS; i++)
		add_expect(self->mover, MEM + 0x1000 * i + STAMP, 4, STAMP_MOVING);
	guest_run(self->mover, 1);
}

/* xorshift64*: the same numbers everywhere. */
static __u64 random_number(__u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}

static __u64 pick(__u64 *state, __u64 below)
{
	return random_number(state) % below;
}

/* An address that is likely to be interesting. */
static __u64 random_address(const struct host *host, __u64 *state)
{
	const struct kvpci_host_config *config = &host->config;

	switch (pick(state, 8)) {
	case 0:
	case 1:			/* the header of a function that is there */
		return ecam_address(host, BDF(0, 1 + pick(state, 4), 0),
				    pick(state, 0x50));
	case 2:			/* all of its configuration space, and beyond */
		return ecam_address(host, BDF(0, 1 + pick(state, 5), 0),
				    pick(state, 0x1010));
	case 3:
		return config->ecam + pick(state, 256 << 20);
	case 4:			/* small BARs are near the start of the windows */
		return MEM + pick(state, 0x8000);
	case 5:
		return MEM + pick(state, MEM32_LENGTH);
	case 6:
		return config->mem64.base + pick(state, 0x8000);
	default:
		return config->mem64.base + pick(state, config->mem64.length - 32);
	}
}

static __u64 random_value(const struct host *host, __u64 *state)
{
	switch (pick(state, 5)) {
	case 0:
		return pick(state, 8);
	case 1:
		return ~0ULL;
	case 2:
		return MEM + pick(state, 8) * 0x1000;
	case 3:
		return host->config.mem64.base + pick(state, 8) * 0x1000;
	default:
		return random_number(state);
	}
}

static __u16 random_port(__u64 *state)
{
	switch (pick(state, 3)) {
	case 0:
		return CF8_ADDRESS - 2 + pick(state, 12);
	case 1:
		return IO_BASE - 4 + pick(state, 0x100);
	default:
		return pick(state, 0x10000);
	}
}

static void add_random(struct vcpu *vcpu, const struct host *host, __u64 *state)
{
	struct agent_op op = { .size = 1 << pick(state, 4) };
	__u64 kind = pick(state, 20);

	if (kind < 3) {
		op.kind = OP_OUT;
		op.addr = CF8_ADDRESS;
		op.size = 4;
		op.value = CF8_ENABLE | BDF(0, 1 + pick(state, 5), 0) << 8 |
			   pick(state, 0x100);
	} else if (kind < 7) {
		op.kind = kind & 1 ? OP_IN : OP_OUT;
		op.addr = random_port(state);
		op.size = 1 << pick(state, 3);
		op.value = random_value(host, state);
	} else if (kind < 9) {
		op.kind = kind & 1 ? OP_INS : OP_OUTS;
		op.addr = random_port(state);
		op.size = 1 << pick(state, 3);
		op.count = pick(state, 20);
		op.value = BUFFER + 0x10000 * vcpu->index;
	} else if (kind < 10) {
		op.kind = OP_MOVS;
		op.count = pick(state, 20);
		op.addr = random_address(host, state);
		op.value = pick(state, 2) ? BUFFER : random_address(host, state);
	} else {
		op.kind = kind & 1 ? OP_LOAD : OP_STORE;
		op.addr = random_address(host, state);
		op.value = random_value(host, state);
		if (!pick(state, 8)) {
			op.size = 16;
			op.value = BUFFER + 0x10000 * vcpu->index;
		}
	}
	guest_add(vcpu, op);
}

/* Whatever it is, it must not upset the kernel, whose log is looked at in the end. */
TEST_F(stress, accesses_at_random_do_no_harm)
{
	enum { OPS = 4000, SEED = 20261122 };
	__u64 state = SEED;
	int i, k;

	TH_LOG("seed %d", SEED);
	for (i = 0; i < 4; i++) {
		int function;

		function = function_new(self->host, BDF(0, 1 + i, 0),
					(struct kvpci_function_config) {
			.bars = {
				{ 16 << i }, { 4096, KVPCI_BAR_64BIT }, {},
				{ 16, KVPCI_BAR_IO },
				{ 1ULL << (30 + i), KVPCI_BAR_64BIT },
			},
			.rom_size = 2048 << i });
		add_memory(function, 0, 3, 9);
		add_memory(function, 1, 0, 1024);
		add_userspace(function, 1, 1024, 1024);
		add_memory(function, 4, 0, 4096);
		stamp(function, 12, 0);
		for (k = 0; k < 32; k++)
			doorbell_at(function, 1, 512 + 16 * k, k % 3 ? 0 : 2);
		must(plug(function));
		set_bar(self->host, BDF(0, 1 + i, 0), 0, MEM + 0x1000 * i);
		set_bar64(self->host, BDF(0, 1 + i, 0), 1, MEM + 0x1800 * i);
		set_bar(self->host, BDF(0, 1 + i, 0), 3, IO_BASE + 16 * i);
		set_command(self->host, BDF(0, 1 + i, 0), DECODE_ALL);
	}

	self->mover->on_exit = exit_is_noted;
	self->user->on_exit = exit_is_noted;
	guest_begin(self->mover);
	guest_begin(self->user);
	for (i = 0; i < OPS; i++) {
		add_random(self->mover, self->host, &state);
		add_random(self->user, self->host, &state);
	}
	guest_start(self->user, 1);
	guest_run(self->mover, 1);
	guest_wait(self->user);

	/* It is all still in order. */
	for (i = 0; i < 4; i++) {
		int bdf = BDF(0, 1 + i, 0);

		EXPECT_EQ(DEVICE << 16 | VENDOR,
			  cfg_read(self->host, BY_PORTS, bdf, 0, 4));
		set_command(self->host, bdf, 0);
	}
	for (i = 0; i < 4; i++) {
		int bdf = BDF(0, 1 + i, 0);

		set_bar64(self->host, bdf, 1, MEM + 0x100000 + 0x1000 * i);
		set_bar(self->host, bdf, 0, MEM + 0x200000);
		set_command(self->host, bdf, PCI_COMMAND_MEMORY);
		guest_store(self->vm, MEM + 0x100000 + 0x1000 * i, 4, 0xabcd0000 + i);
	}
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0xabcd0000 + i,
			  guest_load(self->vm, MEM + 0x100000 + 0x1000 * i, 4));
}

TEST_HARNESS_MAIN
