// SPDX-License-Identifier: GPL-2.0
/*
 * MSI-X: the capability, the table and the pending bits as the guest sees them, and what
 * it takes for an interrupt to be sent, to wait, and to be sent later.
 *
 * Depends on: kernel, delivery, mirrors.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/agent.h"
#include "lib/device.h"
#include "lib/die.h"
#include "lib/event.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/lapic.h"
#include "lib/message.h"
#include "lib/pci.h"
#include "lib/vm.h"
#include "lib/wait.h"

#define F		BDF(0, 1, 0)
#define G		BDF(0, 2, 0)
#define ENABLE		PCI_MSIX_FLAGS_ENABLE
#define MASKALL		PCI_MSIX_FLAGS_MASKALL
#define V(n)		(0x30 + (n))	/* the guest's vector for the function's */
#define NR		8		/* vectors of most functions here */

FIXTURE(msix) {
	struct rig *rig;
};

FIXTURE_SETUP(msix)
{
	self->rig = rig_new(3, VM_MODERN);
	rig_listen(self->rig);
}

FIXTURE_TEARDOWN(msix)
{
	rig_deafen(self->rig);
	EXPECT_EQ(0, strays(self->rig));
	rig_free(self->rig);
}

static const struct device_desc with_8 = {
	.bdf = F, .msix = { .vectors = NR }, .triggers = true, .express = true,
};

/* Vectors go to vCPU 1, each to its own vector there. */
static void aim(struct device *device, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		msix_message(device, i, MSI_TO(1), V(i));
}

/* A function that sends its messages as soon as it is triggered. */
static struct device *ready(struct rig *rig, struct device_desc desc)
{
	struct device *device = device_plugged(rig, desc);
	unsigned int i;

	aim(device, desc.msix.vectors);
	for (i = 0; i < desc.msix.vectors; i++)
		msix_mask(device, i, false);
	msix_control(device, ENABLE);
	return device;
}

static __u64 entry(const struct device *device, unsigned int vector)
{
	return device->table + MSIX_ENTRY * vector;
}

/* The capability. */

TEST_F(msix, the_capability_says_what_there_is)
{
	static const struct {
		struct kvpci_msix msix;
		__u32 table, pba;
	} all[] = {
		{ { .vectors = 1, .pba_offset = 0x10 }, 0, 0x10 },
		{ { .vectors = 2, .table_offset = 0x18, .pba_offset = 8 }, 0x18, 8 },
		{ { .vectors = 64, .table_bar = 1, .pba_bar = 4, .pba_offset = 0xff8 },
		  1, 0xffc },
		{ { .vectors = 65, .table_bar = 4, .table_offset = 0x7e8, .pba_bar = 1 },
		  0x7ec, 1 },
		{ { .vectors = 2048, .pba_bar = 2, .pba_offset = 0xffffff00 },
		  0, 0xffffff02 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		struct device *device = device_plugged(self->rig, (struct device_desc) {
			.bdf = F, .msix = all[i].msix, .express = true,
			.bars = {
				{ .size = 0x10000 }, { .size = 0x4000 },
				{ .size = 1ULL << 33, .flags = KVPCI_BAR_64BIT }, {},
				{ .size = 0x1000 },
			} });

		ASSERT_EQ(0x40, device->msix);
		EXPECT_EQ(PCI_CAP_ID_MSIX, config_read(device, 0x40, 1));
		EXPECT_EQ(0x4c, config_read(device, 0x41, 1));
		EXPECT_EQ(PCI_CAP_ID_EXP, config_read(device, 0x4c, 1));
		EXPECT_EQ(all[i].msix.vectors - 1, config_read(device, 0x42, 2));
		EXPECT_EQ(all[i].table, config_read(device, 0x44, 4));
		EXPECT_EQ(all[i].pba, config_read(device, 0x48, 4));
		device_free(device);
	}
}

TEST_F(msix, two_bits_of_the_capability_can_be_written)
{
	struct device *device = device_plugged(self->rig, with_8);
	unsigned int at = device->msix;
	__u32 before[3];
	int i;

	for (i = 0; i < 3; i++)
		before[i] = config_read(device, at + 4 * i, 4);
	EXPECT_EQ(NR - 1, before[0] >> 16);

	config_write(device, at + 2, 2, 0xffff);
	EXPECT_EQ(before[0] | (ENABLE | MASKALL) << 16, config_read(device, at, 4));
	config_write(device, at + 2, 2, 0);
	EXPECT_EQ(before[0], config_read(device, at, 4));
	/* As one word with the capability's header, which Linux never does. */
	config_write(device, at, 4, 0xffffffff);
	EXPECT_EQ(before[0] | (ENABLE | MASKALL) << 16, config_read(device, at, 4));
	config_write(device, at, 4, ENABLE << 16);
	EXPECT_EQ(before[0] | ENABLE << 16, config_read(device, at, 4));
	config_write(device, at, 4, 0);
	EXPECT_EQ(before[0], config_read(device, at, 4));
	/* And by bytes. */
	config_write(device, at + 2, 1, 0xff);
	EXPECT_EQ(before[0], config_read(device, at, 4));
	config_write(device, at + 3, 1, 0xff);
	EXPECT_EQ(before[0] | (ENABLE | MASKALL) << 16, config_read(device, at, 4));
	config_write(device, at + 3, 1, MASKALL >> 8);
	EXPECT_EQ(before[0] | MASKALL << 16, config_read(device, at, 4));

	for (i = 1; i < 3; i++) {
		config_write(device, at + 4 * i, 4, ~before[i]);
		EXPECT_EQ(before[i], config_read(device, at + 4 * i, 4));
	}
	device_free(device);
}

/* Whatever the width of the write, it counts. */
TEST_F(msix, it_is_enabled_by_any_write_to_its_control)
{
	static const struct {
		int offset, size;
		__u32 on;
	} writes[] = {
		{ 2, 2, ENABLE }, { 0, 4, ENABLE << 16 }, { 3, 1, ENABLE >> 8 },
		/* Across the table's offset, or the capability before it. */
		{ 2, 4, ENABLE }, { 1, 4, ENABLE << 8 },
	};
	struct device *device = ready(self->rig, with_8);
	enum mechanism how;
	int i;

	for (how = BY_PORTS; how <= BY_ECAM; how++)
		for (i = 0; i < ARRAY_SIZE(writes); i++) {
			/* Ports take no accesses across dwords. */
			if (how == BY_PORTS && writes[i].offset + writes[i].size > 4)
				continue;
			msix_control(device, 0);
			fire(device, BY_IOCTL, KVPCI_MSIX, 3);
			EXPECT_EQ(0, strays(self->rig));
			cfg_write(self->rig->host, how, F, device->msix + writes[i].offset,
				  writes[i].size, writes[i].on);
			settle(device);
			EXPECT_EQ(1, take(self->rig, 1, V(3), 1)) {
				TH_LOG("%d bytes at %d", writes[i].size, writes[i].offset);
			}
		}
	device_free(device);
}

/* The table and the pending bits. */

TEST_F(msix, it_starts_disabled_and_all_masked)
{
	struct device *device = device_plugged(self->rig, (struct device_desc) {
		.bdf = F, .msix = { .vectors = 70 } });
	int i;

	EXPECT_EQ(69, config_read(device, device->msix + 2, 2));
	for (i = 0; i < 70; i++) {
		EXPECT_EQ(0, bar_read(device, entry(device, i), 8));
		EXPECT_EQ(1ULL << 32, bar_read(device, entry(device, i) + 8, 8));
	}
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, bar_read(device, device->pba + 8 * i, 8));
	/* Beyond both there is nothing. */
	EXPECT_EQ(~0ULL, bar_read(device, device->pba + 16, 8));
	device_free(device);
}

/* Where they can be. */
TEST_F(msix, table_and_pending_bits_are_anywhere)
{
	static const struct {
		__u32 table_bar, table_offset, pba_bar, pba_offset, vectors;
	} all[] = {
		{ 0, 0x10, 0, 0x1000, 8 },
		{ 0, 0x1008, 0, 0x18, 8 },
		{ 0, 0x18, 0, 0xb8, 9 },		/* all in one piece */
		{ 0, 0xff8, 0, 0xff0, 8 },		/* across a page */
		{ 0, 0xff70, 0, 0xfff8, 8 },		/* at the end */
		{ 0, 0x8000, 1, 0x3ff8, 8 },		/* at the end of another */
		{ 1, 0x3f68, 0, 0x7ff8, 9 },
		{ 2, 0x18, 2, 0xffff8, 8 },		/* 64 bits wide */
		{ 2, 0x1ff8, 0, 0x2008, 8 },
		{ 4, 0x38, 2, 0x60008, 8 },
	};
	struct rig *rig = self->rig;
	int i, n;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		struct device_desc desc = {
			.bdf = F,
			.msix = {
				.vectors = all[i].vectors,
				.table_bar = all[i].table_bar,
				.table_offset = all[i].table_offset,
				.pba_bar = all[i].pba_bar,
				.pba_offset = all[i].pba_offset,
			},
			.bars = {
				{ .size = 0x10000 }, { .size = 0x4000 },
				{ .size = 0x100000, .flags = KVPCI_BAR_64BIT }, {},
				{ .size = 0x1000, .flags = KVPCI_BAR_64BIT },
			},
		};
		struct device *device = device_new(rig, desc);

		device_plug(device);
		aim(device, all[i].vectors);
		for (n = 0; n < all[i].vectors; n++) {
			EXPECT_EQ(MSI_TO(1), bar_read(device, entry(device, n), 8)) {
				TH_LOG("table at %u:%#x, pending bits at %u:%#x",
				       all[i].table_bar, all[i].table_offset,
				       all[i].pba_bar, all[i].pba_offset);
			}
			EXPECT_EQ(1ULL << 32 | V(n),
				  bar_read(device, entry(device, n) + 8, 8));
			fire(device, BY_IOCTL, KVPCI_MSIX, n);
			EXPECT_EQ((2ULL << n) - 1, bar_read(device, device->pba, 8));
		}
		/* There is nothing else. */
		EXPECT_EQ(device->pba + 8 == device->table ? (1U << n) - 1 : ~0U,
			  bar_read(device, device->table - 8, 4));
		msix_control(device, ENABLE);
		for (n = all[i].vectors - 1; n >= 0; n--) {
			msix_mask(device, n, false);
			EXPECT_EQ(1, take(rig, 1, V(n), 1));
			EXPECT_EQ((1ULL << n) - 1, bar_read(device, device->pba, 8));
		}
		device_free(device);
	}
}

TEST_F(msix, next_to_them_are_other_ranges)
{
	struct device *device = device_new(self->rig, (struct device_desc) {
		.bdf = F,
		.bars = { { .size = 0x1000 } },
		.msix = { .vectors = 4, .table_offset = 0x108, .pba_offset = 0x150 } });
	struct range_desc overlapping[] = {
		{ .offset = 0x100, .length = 9 }, { .offset = 0x147, .length = 1 },
		{ .offset = 0x108, .length = 0x40 }, { .offset = 0, .length = 0x1000 },
		{ .offset = 0x150, .length = 1 }, { .offset = 0x157, .length = 4 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(overlapping); i++) {
		overlapping[i].kind = i & 1 ? KVPCI_RANGE_USERSPACE : KVPCI_RANGE_REGISTERS;
		EXPECT_EQ(-EEXIST, add_range(device->function, &overlapping[i]));
	}
	add_memory(device->function, 0, 0, 0x108);
	add_memory(device->function, 0, 0x148, 8);
	add_memory(device->function, 0, 0x158, 8);
	device_plug(device);

	bar_write(device, device->bar[0] + 0x100, 8, 0x1111111111111111);
	bar_write(device, device->bar[0] + 0x148, 8, 0x2222222222222222);
	bar_write(device, device->bar[0] + 0x158, 8, 0x3333333333333333);
	aim(device, 4);
	fire(device, BY_IOCTL, KVPCI_MSIX, 2);
	EXPECT_EQ(0x1111111111111111, bar_read(device, device->bar[0] + 0x100, 8));
	EXPECT_EQ(MSI_TO(1), bar_read(device, device->bar[0] + 0x108, 8));
	EXPECT_EQ(1ULL << 32 | V(3), bar_read(device, device->bar[0] + 0x140, 8));
	EXPECT_EQ(0x2222222222222222, bar_read(device, device->bar[0] + 0x148, 8));
	EXPECT_EQ(4, bar_read(device, device->bar[0] + 0x150, 8));
	EXPECT_EQ(0x3333333333333333, bar_read(device, device->bar[0] + 0x158, 8));
	/* Accesses across their ends are none that the specification knows. */
	EXPECT_EQ(MSI_TO(1) << 32 | 0x11111111, bar_read(device, device->bar[0] + 0x104, 8));
	EXPECT_EQ(0x2222222200000001, bar_read(device, device->bar[0] + 0x144, 8));
	EXPECT_EQ(0x3333333300000000, bar_read(device, device->bar[0] + 0x154, 8));
	bar_write(device, device->bar[0] + 0x104, 8, 0xaaaaaaaaaaaaaaaa);
	EXPECT_EQ(MSI_TO(1), bar_read(device, device->bar[0] + 0x108, 8));
	bar_write(device, device->bar[0] + 0x144, 8, 0);
	EXPECT_EQ(1ULL << 32 | V(3), bar_read(device, device->bar[0] + 0x140, 8));
	device_free(device);
}

TEST_F(msix, the_table_takes_dwords_and_qwords)
{
	struct device *device = device_plugged(self->rig, with_8);
	__u64 at = entry(device, 5);
	int i;

	bar_write(device, at, 4, 0x12345678);
	bar_write(device, at + 4, 4, 0x9abcdef0);
	bar_write(device, at + 8, 4, 0x0badcafe);
	EXPECT_EQ(0x9abcdef012345678, bar_read(device, at, 8));
	EXPECT_EQ(0x10badcafe, bar_read(device, at + 8, 8));
	for (i = 0; i < 16; i++)
		EXPECT_EQ(0x01 * (i == 12) + (i < 8 ? 0x9abcdef012345678 >> 8 * i & 0xff :
					      i < 12 ? 0x0badcafe >> 8 * (i - 8) & 0xff : 0),
			  bar_read(device, at + i, 1));
	EXPECT_EQ(0xdef01234, bar_read(device, at + 2, 4));
	EXPECT_EQ(0xcafe9abcdef01234, bar_read(device, at + 2, 8));

	bar_write(device, at, 8, 0x1111111122222220);
	bar_write(device, at + 8, 8, 0x0000000033333333);
	EXPECT_EQ(0x22222220, bar_read(device, at, 4));
	EXPECT_EQ(0x11111111, bar_read(device, at + 4, 4));
	EXPECT_EQ(0x33333333, bar_read(device, at + 8, 4));
	EXPECT_EQ(0, bar_read(device, at + 12, 4));
	/* The vectors next to it were not touched. */
	for (i = 4; i <= 6; i += 2) {
		EXPECT_EQ(0, bar_read(device, entry(device, i), 8));
		EXPECT_EQ(1ULL << 32, bar_read(device, entry(device, i) + 8, 8));
	}
	device_free(device);
}

TEST_F(msix, other_writes_to_the_table_are_dropped)
{
	struct device *device = device_plugged(self->rig, with_8);
	__u64 at = entry(device, 5);
	unsigned int size, i;

	bar_write(device, at, 8, 0x9abcdef012345678);
	bar_write(device, at + 8, 8, 0x000000000badcafe);
	bar_write(device, at + 16, 8, 0x8888888877777774);
	for (size = 1; size <= 8; size *= 2)
		for (i = 0; i < 16; i++) {
			if (size >= 4 && !(i % size))
				continue;
			bar_write(device, at + i, size, 0xa5a5a5a5a5a5a5a5);
			EXPECT_EQ(0x9abcdef012345678, bar_read(device, at, 8));
			EXPECT_EQ(0x0badcafe, bar_read(device, at + 8, 8));
			EXPECT_EQ(0x8888888877777774, bar_read(device, at + 16, 8));
		}
	device_free(device);
}

TEST_F(msix, reserved_bits_of_the_table_are_zero)
{
	struct device *device = device_plugged(self->rig, with_8);
	__u64 at = entry(device, 2);

	bar_write(device, at, 4, ~0U);
	EXPECT_EQ(~3U, bar_read(device, at, 4));
	bar_write(device, at, 8, ~0ULL);
	EXPECT_EQ(~3ULL, bar_read(device, at, 8));
	bar_write(device, at + 12, 4, ~1U);
	EXPECT_EQ(0, bar_read(device, at + 12, 4));
	bar_write(device, at + 12, 4, ~0U);
	EXPECT_EQ(1, bar_read(device, at + 12, 4));
	bar_write(device, at + 8, 8, ~0ULL);
	EXPECT_EQ(0x1ffffffff, bar_read(device, at + 8, 8));
	device_free(device);
}

TEST_F(msix, pending_bits_can_only_be_read)
{
	struct device *device = device_plugged(self->rig, (struct device_desc) {
		.bdf = F, .msix = { .vectors = 70 } });
	unsigned int size, i;

	fire(device, BY_IOCTL, KVPCI_MSIX, 0);
	fire(device, BY_IOCTL, KVPCI_MSIX, 9);
	fire(device, BY_IOCTL, KVPCI_MSIX, 63);
	fire(device, BY_IOCTL, KVPCI_MSIX, 69);
	EXPECT_EQ(0x8000000000000201, bar_read(device, device->pba, 8));
	EXPECT_EQ(0x20, bar_read(device, device->pba + 8, 8));
	EXPECT_EQ(0x80000000, bar_read(device, device->pba + 4, 4));
	EXPECT_EQ(2, bar_read(device, device->pba + 1, 1));
	for (size = 1; size <= 8; size *= 2)
		for (i = 0; i < 16; i += size) {
			bar_write(device, device->pba + i, size, 0);
			bar_write(device, device->pba + i, size, ~0ULL);
			EXPECT_EQ(0x8000000000000201, bar_read(device, device->pba, 8));
			EXPECT_EQ(0x20, bar_read(device, device->pba + 8, 8));
		}
	device_free(device);
}

/* What it takes to be sent. */

TEST_F(msix, each_vector_sends_its_message_by_each_source)
{
	struct device *device = ready(self->rig, with_8);
	enum source how;
	int i;

	for (how = 0; how < NR_SOURCES; how++)
		for (i = 0; i < NR; i++) {
			fire(device, how, KVPCI_MSIX, i);
			EXPECT_EQ(1, take(self->rig, 1, V(i), 1));
			EXPECT_FALSE(msix_pending(device, i));
		}
	EXPECT_EQ(0, strays(self->rig));
	/* To another vCPU. */
	msix_message(device, 4, MSI_TO(2), 0x77);
	fire(device, BY_IOCTL, KVPCI_MSIX, 4);
	EXPECT_EQ(1, take(self->rig, 2, 0x77, 1));
	device_free(device);
}

/* Things that keep messages from being sent. */
enum gate {
	VECTOR_MASK,
	FUNCTION_MASK,
	DISABLE,
	NO_MASTER,
	NR_GATES
};

static const char *const gate_names[] = {
	"vector mask", "function mask", "disabled", "no bus master",
};

/* Let @gates, of those a bit each, be closed. */
static void set_gate(struct device *device, enum gate gate, unsigned int gates)
{
	switch (gate) {
	case VECTOR_MASK:
		msix_mask(device, 1, gates & 1 << VECTOR_MASK);
		break;
	case NO_MASTER:
		set_master(device, !(gates & 1 << NO_MASTER));
		break;
	default:
		msix_control(device, (gates & 1 << DISABLE ? 0 : ENABLE) |
				     (gates & 1 << FUNCTION_MASK ? MASKALL : 0));
	}
}

/* Has a trigger that was on its way become pending? */
static bool becomes_pending(struct device *device, unsigned int vector)
{
	return eventually(msix_pending(device, vector));
}

TEST_F(msix, each_gate_holds_it_and_lets_it_through_once)
{
	struct device *device = ready(self->rig, with_8);
	enum source how;
	enum gate gate;
	int times;

	/* Non-maskable ones are counted, though two may come at once. */
	msix_message(device, 1, MSI_TO(1), MSI_NMI);
	for (gate = 0; gate < NR_GATES; gate++)
		for (how = 0; how < NR_SOURCES; how++)
			for (times = 1; times <= 3; times++) {
				int i;

				set_gate(device, gate, 1 << gate);
				EXPECT_FALSE(msix_pending(device, 1));
				for (i = 0; i < times; i++)
					fire(device, how, KVPCI_MSIX, 1);
				EXPECT_TRUE(becomes_pending(device, 1));
				EXPECT_EQ(0, strays(self->rig)) {
					TH_LOG("%s, source %d, %d times",
					       gate_names[gate], how, times);
				}
				EXPECT_EQ(2, bar_read(device, device->pba, 8));
				set_gate(device, gate, 0);
				EXPECT_EQ(1, take(self->rig, 1, VECTOR_NMI, 1)) {
					TH_LOG("%s, source %d, %d times",
					       gate_names[gate], how, times);
				}
				EXPECT_FALSE(msix_pending(device, 1));
				/* Closing and opening it again is nothing. */
				set_gate(device, gate, 1 << gate);
				set_gate(device, gate, 0);
				EXPECT_EQ(0, strays(self->rig));
				fire(device, how, KVPCI_MSIX, 1);
				EXPECT_EQ(1, take(self->rig, 1, VECTOR_NMI, 1));
			}
	device_free(device);
}

TEST_F(msix, the_last_gate_lets_it_through)
{
	struct device *device = ready(self->rig, with_8);
	unsigned int order, closed, i;

	/* An order of the four gates from each number: those that are no order are left out. */
	for (order = 0; order < 256; order++) {
		enum gate gates[NR_GATES];
		unsigned int seen = 0;

		for (i = 0; i < NR_GATES; i++) {
			gates[i] = order >> 2 * i & 3;
			seen |= 1 << gates[i];
		}
		if (seen != (1 << NR_GATES) - 1)
			continue;

		closed = (1 << NR_GATES) - 1;
		for (i = 0; i < NR_GATES; i++)
			set_gate(device, i, closed);
		fire(device, BY_IOCTL, KVPCI_MSIX, 1);
		for (i = 0; i < NR_GATES; i++) {
			EXPECT_TRUE(msix_pending(device, 1));
			EXPECT_EQ(0, strays(self->rig));
			closed &= ~(1 << gates[i]);
			set_gate(device, gates[i], closed);
		}
		EXPECT_EQ(1, take(self->rig, 1, V(1), 1));
		EXPECT_FALSE(msix_pending(device, 1));
	}
	device_free(device);
}

TEST_F(msix, a_masked_vector_does_not_hold_others)
{
	struct device *device = ready(self->rig, with_8);
	int i;

	for (i = 0; i < NR; i += 2)
		msix_mask(device, i, true);
	for (i = 0; i < NR; i++)
		fire(device, BY_IOCTL, KVPCI_MSIX, i);
	for (i = 1; i < NR; i += 2)
		EXPECT_EQ(1, take(self->rig, 1, V(i), 1));
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(0x55, bar_read(device, device->pba, 8));
	/* The function mask holds the rest of them; one that was masked stays so. */
	msix_control(device, ENABLE | MASKALL);
	for (i = 0; i < NR; i++)
		fire(device, BY_IOCTL, KVPCI_MSIX, i);
	EXPECT_EQ(0xff, bar_read(device, device->pba, 8));
	msix_mask(device, 2, false);
	EXPECT_EQ(0, strays(self->rig));
	msix_control(device, ENABLE);
	for (i = 1; i < NR; i += 2)
		EXPECT_EQ(1, take(self->rig, 1, V(i), 1));
	EXPECT_EQ(1, take(self->rig, 1, V(2), 1));
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(0x51, bar_read(device, device->pba, 8));
	device_free(device);
}

TEST_F(msix, what_is_pending_survives_disabling)
{
	struct device *device = ready(self->rig, with_8);

	msix_mask(device, 6, true);
	fire(device, BY_IOCTL, KVPCI_MSIX, 6);
	msix_control(device, 0);
	EXPECT_TRUE(msix_pending(device, 6));
	fire(device, BY_IOCTL, KVPCI_MSIX, 7);
	EXPECT_EQ(0xc0, bar_read(device, device->pba, 8));
	msix_mask(device, 6, false);
	EXPECT_EQ(0, strays(self->rig));
	msix_control(device, ENABLE);
	EXPECT_EQ(1, take(self->rig, 1, V(6), 1));
	EXPECT_EQ(1, take(self->rig, 1, V(7), 1));
	EXPECT_EQ(0, bar_read(device, device->pba, 8));
	device_free(device);
}

TEST_F(msix, a_pending_vector_is_sent_with_its_new_message)
{
	struct device *device = ready(self->rig, with_8);
	__u64 at = entry(device, 1);

	/* As Linux does. */
	msix_mask(device, 1, true);
	fire(device, BY_IOCTL, KVPCI_MSIX, 1);
	msix_message(device, 1, MSI_TO(2), 0x61);
	EXPECT_EQ(0, strays(self->rig));
	msix_mask(device, 1, false);
	EXPECT_EQ(1, take(self->rig, 2, 0x61, 1));

	/* The data and the mask in one write. */
	bar_write(device, at + 8, 8, 1ULL << 32 | 0x62);
	fire(device, BY_IOCTL, KVPCI_MSIX, 1);
	bar_write(device, at + 8, 8, 0x63);
	EXPECT_EQ(1, take(self->rig, 2, 0x63, 1));
	EXPECT_EQ(0, strays(self->rig));
	device_free(device);
}

TEST_F(msix, a_message_may_change_while_it_can_be_sent)
{
	struct device *device = ready(self->rig, with_8);
	__u64 at = entry(device, 1);
	int i;

	for (i = 0; i < 16; i++) {
		bar_write(device, at + 8, 4, 0x70 + i);
		fire(device, i % NR_SOURCES, KVPCI_MSIX, 1);
		EXPECT_EQ(1, take(self->rig, 1, 0x70 + i, 1));
	}
	bar_write(device, at, 4, MSI_TO(2));
	fire(device, BY_IOCTL, KVPCI_MSIX, 1);
	EXPECT_EQ(1, take(self->rig, 2, 0x7f, 1));
	bar_write(device, at, 8, MSI_TO(1));
	fire(device, BY_IOCTL, KVPCI_MSIX, 1);
	EXPECT_EQ(1, take(self->rig, 1, 0x7f, 1));
	/* To none, and back. */
	bar_write(device, at + 4, 4, 0x7700);
	fire(device, BY_IOCTL, KVPCI_MSIX, 1);
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_FALSE(msix_pending(device, 1));
	bar_write(device, at + 4, 4, 0);
	EXPECT_EQ(0, strays(self->rig));
	fire(device, BY_IOCTL, KVPCI_MSIX, 1);
	EXPECT_EQ(1, take(self->rig, 1, 0x7f, 1));
	device_free(device);
}

/* Withdrawal. */

TEST_F(msix, a_vector_that_is_withdrawn_is_not_sent)
{
	struct device *device = ready(self->rig, with_8);
	enum gate gate;

	for (gate = 0; gate < NR_GATES; gate++) {
		set_gate(device, gate, 1 << gate);
		fire(device, BY_IOCTL, KVPCI_MSIX, 1);
		EXPECT_TRUE(msix_pending(device, 1));
		EXPECT_EQ(0, withdraw(device->function, KVPCI_MSIX, 1));
		EXPECT_FALSE(msix_pending(device, 1));
		EXPECT_EQ(0, withdraw(device->function, KVPCI_MSIX, 1));
		set_gate(device, gate, 0);
		EXPECT_EQ(0, strays(self->rig)) {
			TH_LOG("%s", gate_names[gate]);
		}

		/* Unless there is another reason since. */
		set_gate(device, gate, 1 << gate);
		fire(device, BY_IOCTL, KVPCI_MSIX, 1);
		EXPECT_EQ(0, withdraw(device->function, KVPCI_MSIX, 1));
		fire(device, BY_IOCTL, KVPCI_MSIX, 1);
		EXPECT_TRUE(msix_pending(device, 1));
		set_gate(device, gate, 0);
		EXPECT_EQ(1, take(self->rig, 1, V(1), 1));

		/* What has been sent can't be withdrawn, and what comes later was not. */
		fire(device, BY_IOCTL, KVPCI_MSIX, 1);
		EXPECT_EQ(0, withdraw(device->function, KVPCI_MSIX, 1));
		EXPECT_EQ(1, take(self->rig, 1, V(1), 1));
		EXPECT_EQ(0, withdraw(device->function, KVPCI_MSIX, 1));
		fire(device, BY_IOCTL, KVPCI_MSIX, 1);
		EXPECT_EQ(1, take(self->rig, 1, V(1), 1));
	}
	device_free(device);
}

TEST_F(msix, a_vector_is_withdrawn_alone)
{
	static const unsigned int sent[] = { 0, 2, 30, 31, 33, 63, 69 }, gone[] = { 1, 32, 64 };
	struct device *device = ready(self->rig, (struct device_desc) {
		.bdf = F, .msix = { .vectors = 70 } });
	int i, way;

	for (way = 0; way < 2; way++) {
		if (way)
			msix_control(device, ENABLE | MASKALL);
		else
			msix_control(device, 0);
		for (i = 0; i < ARRAY_SIZE(sent); i++)
			fire(device, BY_IOCTL, KVPCI_MSIX, sent[i]);
		for (i = 0; i < ARRAY_SIZE(gone); i++)
			fire(device, BY_IOCTL, KVPCI_MSIX, gone[i]);
		for (i = 0; i < ARRAY_SIZE(gone); i++) {
			EXPECT_EQ(0, withdraw(device->function, KVPCI_MSIX, gone[i]));
			/* Nor does it matter that its neighbour was not pending. */
			EXPECT_EQ(0, withdraw(device->function, KVPCI_MSIX, gone[i] + 3));
		}
		EXPECT_EQ(0x80000002c0000005, bar_read(device, device->pba, 8));
		EXPECT_EQ(0x20, bar_read(device, device->pba + 8, 8));
		msix_control(device, ENABLE);
		for (i = 0; i < ARRAY_SIZE(sent); i++)
			EXPECT_EQ(1, take(self->rig, 1, V(sent[i]), 1));
		EXPECT_EQ(0, strays(self->rig));
		EXPECT_EQ(0, bar_read(device, device->pba, 8));
		EXPECT_EQ(0, bar_read(device, device->pba + 8, 8));
	}
	device_free(device);
}

TEST_F(msix, a_register_withdraws_a_vector)
{
	struct device *device = device_new(self->rig, (struct device_desc) {
		.bdf = F, .msix = { .vectors = NR } });
	const __u32 value = 1;
	struct range_desc range = {
		.flags = KVPCI_REGISTERS_LOWER,
		.bar = BAR_TRIGGERS,
		.kind = KVPCI_RANGE_REGISTERS,
		.length = 4,
		.interrupt = KVPCI_MSIX,
		.vector = 4,
	};
	__u64 place;

	ASSERT_EQ(0, add_range(device->function, &range));
	device_plug(device);
	place = device->bar[BAR_TRIGGERS];
	aim(device, NR);
	msix_control(device, ENABLE);
	fire(device, BY_IOCTL, KVPCI_MSIX, 3);
	fire(device, BY_IOCTL, KVPCI_MSIX, 4);
	/* A read is none, nor is the device's own write. */
	bar_read(device, place, 4);
	ASSERT_EQ(0, device_write(device->function, BAR_TRIGGERS, 0, &value, 4));
	EXPECT_EQ(0x18, bar_read(device, device->pba, 8));
	bar_write(device, place, 4, 0);
	EXPECT_EQ(0x08, bar_read(device, device->pba, 8));
	msix_mask(device, 4, false);
	EXPECT_EQ(0, strays(self->rig));
	/* Of what is not pending. */
	bar_write(device, place, 4, 0);
	EXPECT_EQ(0x08, bar_read(device, device->pba, 8));
	msix_mask(device, 3, false);
	EXPECT_EQ(1, take(self->rig, 1, V(3), 1));
	fire(device, BY_IOCTL, KVPCI_MSIX, 4);
	EXPECT_EQ(1, take(self->rig, 1, V(4), 1));
	device_free(device);
}

/* Routes are the event loop's, which is told when the guest does something. */
TEST_F(msix, without_its_route_a_vector_is_pending)
{
	struct device *device = ready(self->rig, with_8);
	struct kvpci_route route = { .interrupt = KVPCI_MSIX };
	int event = event_new();
	enum source how;

	if (get_delivery() == KVPCI_DELIVERY_DIRECT)
		goto out;

	for (how = 0; how < NR_SOURCES; how++) {
		ASSERT_EQ(0, remove_route(device->function, KVPCI_MSIX, 1));
		EXPECT_EQ(0, remove_route(device->function, KVPCI_MSIX, 1));
		fire(device, how, KVPCI_MSIX, 1);
		EXPECT_TRUE(becomes_pending(device, 1));
		EXPECT_EQ(0, strays(self->rig));
		/* Others have theirs. */
		fire(device, BY_IOCTL, KVPCI_MSIX, 0);
		fire(device, BY_IOCTL, KVPCI_MSIX, 2);
		EXPECT_EQ(1, take(self->rig, 1, V(0), 1));
		EXPECT_EQ(1, take(self->rig, 1, V(2), 1));
		EXPECT_EQ(2, bar_read(device, device->pba, 8));

		/* The one that was before is as good as a new one: the message is the same. */
		route.vector = 0;
		ASSERT_EQ(0, get_route(device->function, &route));
		EXPECT_EQ(1, route.vector);
		EXPECT_EQ(MSI_TO(1), route.address);
		EXPECT_EQ(V(1), route.data);
		ASSERT_EQ(0, set_route(device->function, KVPCI_MSIX, 1, route.sequence, event, 0));
		EXPECT_FALSE(msix_pending(device, 1));
		EXPECT_EQ(1, event_count(event));
		fire(device, BY_IOCTL, KVPCI_MSIX, 1);
		EXPECT_EQ(1, event_count(event));

		/* What is withdrawn meanwhile is not sent by a route that comes then. */
		ASSERT_EQ(0, remove_route(device->function, KVPCI_MSIX, 1));
		fire(device, BY_IOCTL, KVPCI_MSIX, 1);
		EXPECT_EQ(0, withdraw(device->function, KVPCI_MSIX, 1));
		ASSERT_EQ(0, set_route(device->function, KVPCI_MSIX, 1, route.sequence, event, 0));
		EXPECT_EQ(0, event_count(event));

		ASSERT_EQ(0, remove_route(device->function, KVPCI_MSIX, 1));
		fire(device, BY_IOCTL, KVPCI_MSIX, 1);
		EXPECT_EQ(0, event_count(event));
		msix_mask(device, 1, true);
		EXPECT_TRUE(msix_pending(device, 1));
		msix_mask(device, 1, false);
		EXPECT_EQ(1, take(self->rig, 1, V(1), 1));
	}
out:
	close(event);
	device_free(device);
}

/* A function that is not plugged has its interrupts all the same. */
TEST_F(msix, it_is_pending_before_the_function_is_plugged)
{
	struct device *device = device_new(self->rig, with_8);

	EXPECT_EQ(0, trigger(device->function, KVPCI_MSIX, 2));
	device_plug(device);
	EXPECT_EQ(4, bar_read(device, device->pba, 8));
	aim(device, NR);
	msix_control(device, ENABLE);
	EXPECT_EQ(0, strays(self->rig));
	msix_mask(device, 2, false);
	EXPECT_EQ(1, take(self->rig, 1, V(2), 1));
	device_free(device);
}

/* As many as there can be. */

#define MANY		KVPCI_MAX_MSIX_VECTORS
#define EACH		128		/* vectors of one vCPU that is not run */
#define FIRST_IDLE	8

static void aim_many(struct device *device)
{
	struct vcpu *vcpu = &device->rig->vm->vcpus[0];
	unsigned int i;

	guest_begin(vcpu);
	for (i = 0; i < MANY; i++) {
		add_store(vcpu, entry(device, i), 8, MSI_TO(FIRST_IDLE + i / EACH));
		add_store(vcpu, entry(device, i) + 8, 4, 0x40 + i % EACH);
	}
	guest_run(vcpu, 1);
}

static void mask_many(struct device *device, unsigned int first, unsigned int step,
		      bool masked)
{
	struct vcpu *vcpu = &device->rig->vm->vcpus[0];
	unsigned int i;

	guest_begin(vcpu);
	for (i = first; i < MANY; i += step)
		add_store(vcpu, entry(device, i) + 12, 4, masked);
	guest_run(vcpu, 1);
	settle(device);
}

/* Take what has arrived, a bit for each vector; in @arrived is what has before. */
static unsigned int take_many(const int *idle, __u32 *arrived)
{
	unsigned int i, count = 0;
	struct arrived new;

	for (i = 0; i < MANY; i++) {
		unsigned int vector = 0x40 + i % EACH;

		if (!(i % EACH))
			lapic_take(idle[i / EACH], &new);
		if (new.vectors[vector / 32] & 1U << vector % 32)
			arrived[i / 32] |= 1U << i % 32;
		count += arrived[i / 32] >> i % 32 & 1;
	}
	return count;
}

/* Do those vectors arrive that are wanted, and no others? */
static bool many_arrive(const int *idle, bool (*wanted)(unsigned int vector))
{
	__u32 arrived[MANY / 32] = {};
	unsigned int i, nr = 0;
	bool right = true;

	for (i = 0; i < MANY; i++)
		nr += wanted(i);
	eventually(take_many(idle, arrived) >= nr);
	/* What is sent by another thread may still be on its way. */
	usleep(20000);
	take_many(idle, arrived);
	for (i = 0; i < MANY; i++)
		if ((arrived[i / 32] >> i % 32 & 1) != wanted(i)) {
			fprintf(stderr, "# vector %u: %s\n", i, wanted(i) ? "lost" : "invented");
			right = false;
		}
	return right;
}

static bool none(unsigned int vector)
{
	return false;
}

static bool all(unsigned int vector)
{
	return true;
}

static bool every_third(unsigned int vector)
{
	return vector % 3 == 0;
}

static bool all_but_every_third(unsigned int vector)
{
	return vector % 3 != 0;
}

TEST_F(msix, there_may_be_2048_vectors)
{
	struct device *device;
	int idle[MANY / EACH];
	unsigned int i;

	for (i = 0; i < MANY / EACH; i++)
		idle[i] = vm_add_vcpu(self->rig->vm, FIRST_IDLE + i, true);
	device = device_plugged(self->rig, (struct device_desc) {
		.bdf = F, .msix = { .vectors = MANY } });
	EXPECT_EQ(MANY - 1, config_read(device, device->msix + 2, 2));
	aim_many(device);
	for (i = 0; i < MANY; i += 97)
		EXPECT_EQ(1ULL << 32 | (0x40 + i % EACH),
			  bar_read(device, entry(device, i) + 8, 8));

	/* All are pending, and every third is let through by its mask. */
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, trigger(device->function, KVPCI_MSIX, i));
	EXPECT_EQ(-EINVAL, trigger(device->function, KVPCI_MSIX, MANY));
	for (i = 0; i < MANY; i += 64)
		EXPECT_EQ(~0ULL, bar_read(device, device->pba + i / 8, 8));
	EXPECT_EQ(~0ULL, bar_read(device, device->pba + MANY / 8, 8));
	msix_control(device, ENABLE);
	EXPECT_TRUE(many_arrive(idle, none));
	mask_many(device, 0, 3, false);
	EXPECT_TRUE(many_arrive(idle, every_third));
	EXPECT_EQ(0x6db6db6db6db6db6, bar_read(device, device->pba, 8));
	/* The rest of them, all at once, by the function mask. */
	msix_control(device, ENABLE | MASKALL);
	mask_many(device, 0, 1, false);
	EXPECT_TRUE(many_arrive(idle, none));
	msix_control(device, ENABLE);
	for (i = 0; i < MANY; i += 64)
		EXPECT_EQ(0, bar_read(device, device->pba + i / 8, 8));
	EXPECT_TRUE(many_arrive(idle, all_but_every_third));
	/* And once more, by bus mastering. */
	set_master(device, false);
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, trigger(device->function, KVPCI_MSIX, i));
	EXPECT_TRUE(many_arrive(idle, none));
	set_master(device, true);
	EXPECT_TRUE(many_arrive(idle, all));
	/* One by one. */
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, trigger(device->function, KVPCI_MSIX, i));
	EXPECT_TRUE(many_arrive(idle, all));

	device_free(device);
	for (i = 0; i < MANY / EACH; i++)
		close(idle[i]);
}

/* Sources. */

TEST_F(msix, an_eventfd_counts_once_however_often_it_was_signalled)
{
	struct device *device = ready(self->rig, with_8);
	__u64 many = 1000000;
	int event = event_new();

	msix_message(device, 2, MSI_TO(1), MSI_NMI);
	ASSERT_EQ(sizeof(many), write(event, &many, sizeof(many)));
	ASSERT_EQ(0, bind_eventfd(device->function, KVPCI_MSIX, 2, event));
	EXPECT_EQ(1, take(self->rig, 1, VECTOR_NMI, 1));
	EXPECT_EQ(0, event_count(event));
	ASSERT_EQ(sizeof(many), write(event, &many, sizeof(many)));
	EXPECT_EQ(1, take(self->rig, 1, VECTOR_NMI, 1));
	EXPECT_EQ(0, event_count(event));
	event_signal(event);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR_NMI, 1));
	close(event);
	device_free(device);
}

TEST_F(msix, what_is_in_the_eventfd_may_become_pending)
{
	struct device *device = device_plugged(self->rig, with_8);
	int event = event_new();

	event_signal(event);
	event_signal(event);
	ASSERT_EQ(0, bind_eventfd(device->function, KVPCI_MSIX, 2, event));
	EXPECT_TRUE(becomes_pending(device, 2));
	EXPECT_EQ(4, bar_read(device, device->pba, 8));
	/* One that has none does nothing. */
	ASSERT_EQ(0, unbind(device->function, KVPCI_MSIX, 2));
	ASSERT_EQ(0, bind_eventfd(device->function, KVPCI_MSIX, 3, event));
	usleep(10000);
	EXPECT_EQ(4, bar_read(device, device->pba, 8));
	close(event);
	device_free(device);
}

/* All who listen to an eventfd are called with interrupts off, and so there is one. */
TEST_F(msix, an_eventfd_triggers_one_vector)
{
	struct device *device = ready(self->rig, with_8);
	struct device_desc desc = with_8;
	struct device *other;
	int event = event_new(), i;

	desc.bdf = G;
	other = ready(self->rig, desc);
	msix_message(other, 0, MSI_TO(2), V(0));
	ASSERT_EQ(0, bind_eventfd(device->function, KVPCI_MSIX, 0, event));
	for (i = 1; i < NR; i++)
		EXPECT_EQ(-EBUSY, bind_eventfd(device->function, KVPCI_MSIX, i, event));
	EXPECT_EQ(-EBUSY, bind_eventfd(other->function, KVPCI_MSIX, 0, event));
	event_signal(event);
	EXPECT_EQ(1, take(self->rig, 1, V(0), 1));
	EXPECT_EQ(0, strays(self->rig));

	/* Then another one, of this function or another. */
	ASSERT_EQ(0, unbind(device->function, KVPCI_MSIX, 0));
	ASSERT_EQ(0, bind_eventfd(device->function, KVPCI_MSIX, 2, event));
	event_signal(event);
	EXPECT_EQ(1, take(self->rig, 1, V(2), 1));
	EXPECT_EQ(-EBUSY, bind_eventfd(other->function, KVPCI_MSIX, 0, event));
	device_free(device);
	ASSERT_EQ(0, bind_eventfd(other->function, KVPCI_MSIX, 0, event));
	event_signal(event);
	EXPECT_EQ(1, take(self->rig, 2, V(0), 1));
	EXPECT_EQ(0, strays(self->rig));
	device_free(other);
	EXPECT_EQ(0, event_count(event));
	event_signal(event);
	EXPECT_EQ(1, event_count(event));
	close(event);
}

TEST_F(msix, several_sources_trigger_one_vector)
{
	struct device *device = ready(self->rig, with_8);
	enum source how;

	msix_mask(device, 1, true);
	for (how = 0; how < NR_SOURCES; how++)
		fire(device, how, KVPCI_MSIX, 1);
	EXPECT_TRUE(becomes_pending(device, 1));
	usleep(10000);
	msix_mask(device, 1, false);
	EXPECT_EQ(1, take(self->rig, 1, V(1), 1));
	device_free(device);
}

TEST_F(msix, a_vector_is_bound_once)
{
	struct device *device = ready(self->rig, with_8);
	int event = event_new(), other = event_new();

	EXPECT_EQ(-ENOENT, unbind(device->function, KVPCI_MSIX, 0));
	ASSERT_EQ(0, bind_eventfd(device->function, KVPCI_MSIX, 0, event));
	EXPECT_EQ(-EEXIST, bind_eventfd(device->function, KVPCI_MSIX, 0, event));
	EXPECT_EQ(-EEXIST, bind_eventfd(device->function, KVPCI_MSIX, 0, other));
	EXPECT_EQ(-ENOENT, unbind(device->function, KVPCI_MSIX, 1));
	event_signal(other);
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(1, event_count(other));
	event_signal(event);
	EXPECT_EQ(1, take(self->rig, 1, V(0), 1));

	ASSERT_EQ(0, unbind(device->function, KVPCI_MSIX, 0));
	EXPECT_EQ(-ENOENT, unbind(device->function, KVPCI_MSIX, 0));
	event_signal(event);
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(1, event_count(event));
	ASSERT_EQ(0, bind_eventfd(device->function, KVPCI_MSIX, 0, other));
	event_signal(other);
	EXPECT_EQ(1, take(self->rig, 1, V(0), 1));
	close(event);
	close(other);
	device_free(device);
}

/* The binding has a reference of its own. */
TEST_F(msix, a_bound_eventfd_may_be_closed)
{
	struct device *device = ready(self->rig, with_8);
	int event = event_new(), copy = must(dup(event));

	ASSERT_EQ(0, bind_eventfd(device->function, KVPCI_MSIX, 0, event));
	close(event);
	event_signal(copy);
	EXPECT_EQ(1, take(self->rig, 1, V(0), 1));
	close(copy);
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(0, unbind(device->function, KVPCI_MSIX, 0));

	event = event_new();
	ASSERT_EQ(0, bind_eventfd(device->function, KVPCI_MSIX, 0, event));
	close(event);
	device_free(device);
}

TEST_F(msix, a_bound_function_may_be_closed)
{
	struct device *device = ready(self->rig, with_8);
	int event = event_new();

	ASSERT_EQ(0, bind_eventfd(device->function, KVPCI_MSIX, 0, event));
	event_signal(event);
	EXPECT_EQ(1, take(self->rig, 1, V(0), 1));
	device_free(device);
	event_signal(event);
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(1, event_count(event));
	close(event);
}

TEST_F(msix, without_its_host_a_function_sends_nothing)
{
	struct device *device = ready(self->rig, with_8);
	int event = event_new();

	ASSERT_EQ(0, bind_eventfd(device->function, KVPCI_MSIX, 0, event));
	host_close(self->rig->host);
	event_signal(event);
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(-ENODEV, trigger(device->function, KVPCI_MSIX, 0));
	EXPECT_EQ(-ENODEV, reset(device->function));
	EXPECT_EQ(-ENODEV, bind_eventfd(device->function, KVPCI_MSIX, 1, event));
	EXPECT_EQ(-ENODEV, unbind(device->function, KVPCI_MSIX, 0));
	device_free(device);
	close(event);
}

/* A guest's own write goes round through an eventfd. */
TEST_F(msix, a_doorbell_may_ring_an_interrupt)
{
	struct device *device = ready(self->rig, with_8);
	struct kvpci_doorbell bell = {
		.size = sizeof(bell),
		.bar = BAR_TRIGGERS,
		.offset = 0x800,
		.length = 4,
		.eventfd = event_new(),
	};
	int i;

	ASSERT_EQ(0, doorbell(device->function, &bell));
	ASSERT_EQ(0, bind_eventfd(device->function, KVPCI_MSIX, 5, bell.eventfd));
	for (i = 0; i < 10; i++) {
		bar_write(device, device->bar[BAR_TRIGGERS] + 0x800, 4, i);
		EXPECT_EQ(1, take(self->rig, 1, V(5), 1));
	}
	close(bell.eventfd);
	device_free(device);
}

/* The register itself is one, of any size of write. */
TEST_F(msix, a_register_that_triggers_is_written_as_well)
{
	struct device *device = device_new(self->rig, (struct device_desc) {
		.bdf = F, .msix = { .vectors = NR } });
	int event = event_new(), size;
	__u8 writable[8], clear[8] = {}, value[8];
	struct range_desc range = {
		.flags = KVPCI_REGISTERS_TRIGGER | KVPCI_REGISTERS_EVENTFD,
		.bar = BAR_TRIGGERS,
		.kind = KVPCI_RANGE_REGISTERS,
		.length = 8,
		.value = (unsigned long)value,
		.writable = (unsigned long)writable,
		.write1clear = (unsigned long)clear,
		.interrupt = KVPCI_MSIX,
		.vector = 4,
		.eventfd = event,
	};
	__u64 place;

	memset(writable, 0xff, sizeof(writable));
	memset(value, 0x11, sizeof(value));
	writable[7] = 0;
	clear[7] = 0xff;
	ASSERT_EQ(0, add_range(device->function, &range));
	device_plug(device);
	place = device->bar[BAR_TRIGGERS];
	aim(device, NR);
	msix_mask(device, 4, false);
	msix_control(device, ENABLE);
	for (size = 1; size <= 8; size *= 2) {
		bar_write(device, place, size, 0xa0a0a0a0a0a0a0a0 + size);
		EXPECT_EQ(1, take(self->rig, 1, V(4), 1));
		EXPECT_EQ(1, event_count(event));
		EXPECT_EQ(0xa0 + size, bar_read(device, place, 1));
	}
	/* What the device writes does not. */
	ASSERT_EQ(0, device_write(device->function, BAR_TRIGGERS, 0, value, 8));
	EXPECT_EQ(0x1111111111111111, bar_read(device, place, 8));
	EXPECT_EQ(0, event_count(event));
	EXPECT_EQ(0, strays(self->rig));
	close(event);
	device_free(device);
}

/* Reset. */

enum reset_way {
	BY_RESET_IOCTL,
	BY_FLR_WORD,
	BY_FLR_DWORD,
	BY_FLR_BYTE,
	BY_FLR_PORTS,
	NR_RESET_WAYS
};

static void reset_by(struct device *device, enum reset_way way)
{
	unsigned int control = device->express + PCI_EXP_DEVCTL;

	switch (way) {
	case BY_FLR_WORD:
		config_write(device, control, 2, PCI_EXP_DEVCTL_BCR_FLR);
		break;
	case BY_FLR_DWORD:
		config_write(device, control, 4, PCI_EXP_DEVCTL_BCR_FLR | 0x1f);
		break;
	case BY_FLR_BYTE:
		config_write(device, control + 1, 1, PCI_EXP_DEVCTL_BCR_FLR >> 8);
		break;
	case BY_FLR_PORTS:
		cfg_write(device->rig->host, BY_PORTS, device->desc.bdf, control, 2,
			  PCI_EXP_DEVCTL_BCR_FLR);
		break;
	default:
		must(reset(device->function));
	}
}

#define MEMORY		0x800		/* of BAR_TRIGGERS, 16 bytes; the last are 1 to clear */
#define MEMORY_VALUE	0x1122334455667788ULL

static struct device *with_memory(struct rig *rig)
{
	const __u64 value[2] = { MEMORY_VALUE, ~0ULL };
	const __u64 writable[2] = { 0xffffffffffff0000, 0 }, clear[2] = { 0, ~0ULL };
	struct device *device = device_new(rig, with_8);

	add_registers(device->function, BAR_TRIGGERS, MEMORY, 16, value, writable, clear);
	device_plug(device);
	return device;
}

/* Change all that a guest can. */
static void make_a_mess(struct device *device)
{
	__u64 memory = device->bar[BAR_TRIGGERS] + MEMORY;
	int i;

	aim(device, NR);
	for (i = 0; i < NR; i++)
		bar_write(device, entry(device, i), 8, 0x5555555566666664);
	msix_mask(device, 0, false);
	msix_mask(device, 7, false);
	for (i = 0; i < NR; i++)
		fire(device, BY_IOCTL, KVPCI_MSIX, i);
	msix_control(device, MASKALL);
	bar_write(device, memory, 8, ~0ULL);
	bar_write(device, memory + 8, 8, 0xff00ff00ff00ff00);
	config_write(device, PCI_INTERRUPT_LINE, 1, 11);
	config_write(device, PCI_CACHE_LINE_SIZE, 1, 64);
	config_write(device, device->express + PCI_EXP_DEVCTL, 2, 0x701f);
}

TEST_F(msix, reset_puts_everything_back)
{
	enum reset_way way;

	for (way = 0; way < NR_RESET_WAYS; way++) {
		struct device *device = device_new(self->rig, with_8);
		__u8 fresh[4096], after[4096];
		__u64 memory;
		int i;

		ASSERT_EQ(0, device_read(device->function, KVPCI_CONFIG, 0, fresh, 4096));
		device_free(device);
		device = with_memory(self->rig);
		make_a_mess(device);
		EXPECT_EQ(0xff, bar_read(device, device->pba, 8));
		EXPECT_EQ(0, event_count(device->reset_event));

		reset_by(device, way);
		EXPECT_EQ(1, event_count(device->reset_event));
		ASSERT_EQ(0, device_read(device->function, KVPCI_CONFIG, 0, after, 4096));
		for (i = 0; i < 4096; i++)
			EXPECT_EQ(fresh[i], after[i]) {
				TH_LOG("way %d, configuration byte %#x", way, i);
			}
		/* Its BARs have gone. */
		EXPECT_EQ(~0ULL, bar_read(device, device->table, 8));
		EXPECT_EQ(~0ULL, bar_read(device, device->bar[BAR_TRIGGERS] + MEMORY, 8));

		device_place(device, DECODE_ALL | PCI_COMMAND_MASTER);
		for (i = 0; i < NR; i++) {
			EXPECT_EQ(0, bar_read(device, entry(device, i), 8));
			EXPECT_EQ(1ULL << 32, bar_read(device, entry(device, i) + 8, 8));
		}
		EXPECT_EQ(0, bar_read(device, device->pba, 8));
		memory = device->bar[BAR_TRIGGERS] + MEMORY;
		EXPECT_EQ(MEMORY_VALUE, bar_read(device, memory, 8));
		EXPECT_EQ(~0ULL, bar_read(device, memory + 8, 8));
		/* Nothing has been sent, and nothing is when the guest sets it up again. */
		aim(device, NR);
		for (i = 0; i < NR; i++)
			msix_mask(device, i, false);
		msix_control(device, ENABLE);
		EXPECT_EQ(0, strays(self->rig));
		fire(device, BY_IOCTL, KVPCI_MSIX, 3);
		EXPECT_EQ(1, take(self->rig, 1, V(3), 1));
		EXPECT_EQ(0, event_count(device->reset_event));
		device_free(device);
	}
}

/* What belongs to the device and not to the guest. */
TEST_F(msix, reset_leaves_the_device_its_own)
{
	struct device *device = ready(self->rig, with_8);
	struct kvpci_doorbell bell = {
		.size = sizeof(bell),
		.bar = BAR_TRIGGERS,
		.offset = 0xc00,
		.length = 4,
		.eventfd = event_new(),
	};
	__u16 status = 0x0008;		/* a bit of device capabilities 2, read-only */
	unsigned int place = device->express + 0x24;
	enum reset_way way;

	ASSERT_EQ(0, doorbell(device->function, &bell));
	ASSERT_EQ(0, device_write(device->function, KVPCI_CONFIG, place, &status, 2));
	fire(device, BY_EVENTFD, KVPCI_MSIX, 0);
	EXPECT_EQ(1, take(self->rig, 1, V(0), 1));
	for (way = 0; way < NR_RESET_WAYS; way++) {
		reset_by(device, way);
		EXPECT_EQ(status, config_read(device, place, 2));
		/* Bindings and doorbells stay, and what is bound is pending now. */
		fire(device, BY_EVENTFD, KVPCI_MSIX, 0);
		device_place(device, DECODE_ALL | PCI_COMMAND_MASTER);
		EXPECT_TRUE(becomes_pending(device, 0));
		EXPECT_EQ(1, bar_read(device, device->pba, 8));
		aim(device, NR);
		msix_mask(device, 0, false);
		EXPECT_EQ(0, strays(self->rig));
		msix_control(device, ENABLE);
		EXPECT_EQ(1, take(self->rig, 1, V(0), 1));
		bar_write(device, device->bar[BAR_TRIGGERS] + 0xc00, 4, 1);
		EXPECT_EQ(1, event_count(bell.eventfd));
	}
	close(bell.eventfd);
	device_free(device);
}

TEST_F(msix, function_level_reset_is_initiated_by_its_bit)
{
	struct device *device = ready(self->rig, with_8);
	unsigned int control = device->express + PCI_EXP_DEVCTL;

	EXPECT_TRUE(config_read(device, device->express + PCI_EXP_DEVCAP, 4) &
		    PCI_EXP_DEVCAP_FLR);
	/* The bits around it are just bits. */
	config_write(device, control, 2, 0x701f);
	EXPECT_EQ(0x701f, config_read(device, control, 2));
	config_write(device, control, 1, 0x80);
	config_write(device, control + 1, 1, 0x10);
	config_write(device, control + 2, 2, 0xffff);
	config_write(device, control - 4, 4, 0xffffffff);
	config_write(device, control + 4, 4, 0xffffffff);
	EXPECT_EQ(0, event_count(device->reset_event));
	EXPECT_EQ(ENABLE | (NR - 1), config_read(device, device->msix + 2, 2));
	/* It reads as zero. */
	config_write(device, control, 2, PCI_EXP_DEVCTL_BCR_FLR);
	EXPECT_EQ(1, event_count(device->reset_event));
	EXPECT_EQ(0, config_read(device, control, 2));
	/* Across its neighbours, and by 8 bytes at once. */
	guest_store(self->rig->vm, ecam_address(self->rig->host, F, control - 4), 8,
		    (__u64)PCI_EXP_DEVCTL_BCR_FLR << 32);
	EXPECT_EQ(1, event_count(device->reset_event));
	config_write(device, control - 1, 4, PCI_EXP_DEVCTL_BCR_FLR << 8);
	EXPECT_EQ(1, event_count(device->reset_event));
	device_free(device);
}

/* PCI Express Base 4.0, 6.6.2: of a capability as long as it gets, and of a short one. */
TEST_F(msix, function_level_reset_leaves_the_link_alone)
{
	static const __u8 value[0x3c] = {
		[PCI_EXP_FLAGS] = 2 | PCI_EXP_TYPE_ENDPOINT << 4,
		[PCI_EXP_DEVCAP + 3] = PCI_EXP_DEVCAP_FLR >> 24,
	};
	static const struct {
		unsigned int reg;
		__u16 kept;
	} regs[] = {
		{ PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_PAYLOAD },
		{ PCI_EXP_LNKCTL, 0x03cb },
		{ PCI_EXP_LNKCTL2, PCI_EXP_LNKCTL2_HASD },
	};
	const __u16 ones = 0xffff, payload = 0x40;
	const unsigned int length[] = { sizeof(value), PCI_EXP_DEVCTL + 2 };
	struct host *host = self->rig->host;
	__u8 writable[sizeof(value)];
	unsigned int way, i;

	memset(writable, 0xff, sizeof(writable));
	for (way = 0; way < 2; way++) {
		struct kvpci_capability cap = {
			.id = PCI_CAP_ID_EXP,
			.offset = 0x40,
			.length = length[way],
			.value = (unsigned long)value,
			.writable = (unsigned long)writable,
		};
		int function = function_plugged(host, G, (struct kvpci_function_config) {
			.capabilities = (unsigned long)&cap,
			.nr_capabilities = 1,
		});
		unsigned int nr = way ? 1 : ARRAY_SIZE(regs);

		for (i = 0; i < nr; i++)
			cfg_write(host, BY_ECAM, G, 0x40 + regs[i].reg, 2,
				  ones & ~PCI_EXP_DEVCTL_BCR_FLR);
		cfg_write(host, BY_ECAM, G, 0x40 + PCI_EXP_DEVCTL, 2, ones);
		for (i = 0; i < nr; i++)
			EXPECT_EQ(regs[i].kept,
				  cfg_read(host, BY_ECAM, G, 0x40 + regs[i].reg, 2));
		/* As the device has it, too. */
		EXPECT_EQ(0, device_write(function, KVPCI_CONFIG, 0x40 + PCI_EXP_DEVCTL,
					  &payload, 2));
		cfg_write(host, BY_ECAM, G, 0x40 + PCI_EXP_DEVCTL + 1, 1,
			  PCI_EXP_DEVCTL_BCR_FLR >> 8);
		EXPECT_EQ(payload, cfg_read(host, BY_ECAM, G, 0x40 + PCI_EXP_DEVCTL, 2));
		EXPECT_EQ(0, reset(function));
		for (i = 0; i < nr; i++)
			EXPECT_EQ(0, cfg_read(host, BY_ECAM, G, 0x40 + regs[i].reg, 2));
		cfg_write(host, BY_ECAM, G, 0x40 + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
		EXPECT_EQ(0, cfg_read(host, BY_ECAM, G, 0x40 + PCI_EXP_DEVCTL, 2));
		close(function);
	}
}

TEST_F(msix, without_the_announcement_there_is_no_function_level_reset)
{
	static const __u8 value[0x3c] = {
		[PCI_EXP_FLAGS] = 2 | PCI_EXP_TYPE_RC_END << 4,
	};
	static const __u8 writable[0x3c] = {
		[PCI_EXP_DEVCTL] = 0xff, [PCI_EXP_DEVCTL + 1] = 0xff,
	};
	struct kvpci_capability cap = {
		.id = PCI_CAP_ID_EXP,
		.length = sizeof(value),
		.value = (unsigned long)value,
		.writable = (unsigned long)writable,
	};
	int event = event_new(), function;

	function = function_plugged(self->rig->host, G, (struct kvpci_function_config) {
		.flags = KVPCI_FUNCTION_RESET_EVENTFD,
		.reset_eventfd = event,
		.capabilities = (unsigned long)&cap,
		.nr_capabilities = 1,
	});
	set_command(self->rig->host, G, PCI_COMMAND_MASTER);
	cfg_write(self->rig->host, BY_ECAM, G, 0x40 + PCI_EXP_DEVCTL, 2, 0xffff);
	EXPECT_EQ(0, event_count(event));
	EXPECT_EQ(0xffff, cfg_read(self->rig->host, BY_ECAM, G, 0x40 + PCI_EXP_DEVCTL, 2));
	EXPECT_EQ(PCI_COMMAND_MASTER, cfg_read(self->rig->host, BY_ECAM, G, PCI_COMMAND, 2));
	/* The ioctl is always there. */
	EXPECT_EQ(-EINVAL, kvpci_ioctl(function, KVPCI_RESET, (void *)1));
	EXPECT_EQ(0, event_count(event));
	EXPECT_EQ(0, reset(function));
	EXPECT_EQ(1, event_count(event));
	EXPECT_EQ(0, cfg_read(self->rig->host, BY_ECAM, G, 0x40 + PCI_EXP_DEVCTL, 2));
	EXPECT_EQ(0, cfg_read(self->rig->host, BY_ECAM, G, PCI_COMMAND, 2));
	close(function);
	close(event);
}

TEST_HARNESS_MAIN
