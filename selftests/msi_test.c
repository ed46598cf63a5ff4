// SPDX-License-Identifier: GPL-2.0
/*
 * MSI: the capability in its four layouts, which of its bits the guest can write, and
 * when which message is sent.
 *
 * Depends on: kernel, delivery, mirrors.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/agent.h"
#include "lib/device.h"
#include "lib/die.h"
#include "lib/event.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/message.h"
#include "lib/pci.h"
#include "lib/state.h"
#include "lib/vm.h"
#include "lib/wait.h"

#define F		BDF(0, 1, 0)
#define ENABLE		PCI_MSI_FLAGS_ENABLE
#define BASE		0x40		/* the guest's vector for the first one */
#define ENABLED(log)	(ENABLE | (log) << 4)	/* 1 << log vectors */

FIXTURE(msi) {
	struct rig *rig;
};

FIXTURE_SETUP(msi)
{
	self->rig = rig_new(3, VM_MODERN);
	rig_listen(self->rig);
}

FIXTURE_TEARDOWN(msi)
{
	rig_deafen(self->rig);
	EXPECT_EQ(0, strays(self->rig));
	rig_free(self->rig);
}

static struct device *with(struct rig *rig, __u32 vectors, __u32 flags)
{
	return device_plugged(rig, (struct device_desc) {
		.bdf = F, .msi = { .vectors = vectors, .flags = flags },
		.triggers = true, .express = true });
}

static int log2_of(__u32 n)
{
	return __builtin_ctz(n);
}

/* A function that has all its vectors enabled, to vCPU 1 from BASE on. */
static struct device *ready(struct rig *rig, __u32 vectors, __u32 flags)
{
	struct device *device = with(rig, vectors, flags);

	msi_message(device, MSI_TO(1), BASE);
	msi_control(device, ENABLED(log2_of(vectors)));
	return device;
}

static void mask(struct device *device, __u32 bits)
{
	config_write(device, msi_mask_register(device), 4, bits);
}

static __u32 pending(struct device *device)
{
	return config_read(device, msi_pending_register(device), 4);
}

static bool becomes_pending(struct device *device, __u32 bits)
{
	return eventually(pending(device) == bits);
}

/* The length, as the place of the capability that follows, and the read-only bits. */
TEST_F(msi, the_capability_says_what_there_is)
{
	static const struct {
		__u32 flags;
		__u32 length;
	} layouts[] = {
		{ 0, 12 }, { KVPCI_MSI_64BIT, 16 }, { KVPCI_MSI_MASK, 20 },
		{ KVPCI_MSI_64BIT | KVPCI_MSI_MASK, 24 },
	};
	__u32 vectors;
	int i;

	for (i = 0; i < ARRAY_SIZE(layouts); i++)
		for (vectors = 1; vectors <= 32; vectors *= 2) {
			struct device *device = with(self->rig, vectors, layouts[i].flags);
			__u32 control = log2_of(vectors) << 1;
			int at;

			if (layouts[i].flags & KVPCI_MSI_64BIT)
				control |= PCI_MSI_FLAGS_64BIT;
			if (layouts[i].flags & KVPCI_MSI_MASK)
				control |= PCI_MSI_FLAGS_MASKBIT;
			ASSERT_EQ(0x40, device->msi);
			EXPECT_EQ(control << 16 | device->express << 8 | PCI_CAP_ID_MSI,
				  config_read(device, 0x40, 4));
			EXPECT_EQ(0x40 + layouts[i].length, device->express);
			for (at = 0x44; at < device->express; at += 4)
				EXPECT_EQ(0, config_read(device, at, 4));
			device_free(device);
		}
}

/* What can be written, after writing ones and then zeroes everywhere. */
TEST_F(msi, the_guest_writes_what_it_may)
{
	const __u32 all = KVPCI_MSI_64BIT | KVPCI_MSI_MASK;
	__u32 vectors, flags;
	int at;

	for (flags = 0; flags <= all; flags++)
		for (vectors = 1; vectors <= 32; vectors *= 2) {
			struct device *device = with(self->rig, vectors, flags);
			bool wide = flags & KVPCI_MSI_64BIT;
			__u32 wanted[6] = {};

			wanted[0] = config_read(device, 0x40, 4) | ENABLED(7) << 16;
			wanted[1] = ~3U;
			wanted[2] = wide ? ~0U : 0xffff;
			if (wide)
				wanted[3] = 0xffff;
			if (flags & KVPCI_MSI_MASK)
				wanted[wide ? 4 : 3] = ones(4) >> (32 - vectors);

			for (at = 0x40; at < device->express; at += 4)
				config_write(device, at, 4, ~0U);
			for (at = 0x40; at < device->express; at += 4)
				EXPECT_EQ(wanted[(at - 0x40) / 4],
					  config_read(device, at, 4)) {
					TH_LOG("%u vectors, flags %u, at %#x", vectors,
					       flags, at);
				}
			for (at = 0x40; at < device->express; at += 4)
				config_write(device, at, 4, 0);
			EXPECT_EQ(wanted[0] & ~(ENABLED(7) << 16),
				  config_read(device, 0x40, 4));
			for (at = 0x44; at < device->express; at += 4)
				EXPECT_EQ(0, config_read(device, at, 4));
			device_free(device);
		}
}

TEST_F(msi, it_is_enabled_by_any_write_to_its_control)
{
	static const struct {
		int offset, size;
		__u32 on;
	} writes[] = {
		{ 2, 2, ENABLED(3) }, { 0, 4, ENABLED(3) << 16 }, { 2, 1, ENABLED(3) },
	};
	struct device *device = ready(self->rig, 8, KVPCI_MSI_64BIT);
	enum mechanism how;
	int i;

	for (how = BY_PORTS; how <= BY_ECAM; how++)
		for (i = 0; i < ARRAY_SIZE(writes); i++) {
			msi_control(device, 0);
			EXPECT_EQ(0, config_read(device, 0x43, 1));
			cfg_write(self->rig->host, how, F, 0x40 + writes[i].offset,
				  writes[i].size, writes[i].on);
			settle(device);
			fire(device, BY_IOCTL, KVPCI_MSI, 5);
			EXPECT_EQ(1, take(self->rig, 1, BASE + 5, 1)) {
				TH_LOG("%d bytes at %d", writes[i].size, writes[i].offset);
			}
		}
	device_free(device);
}

TEST_F(msi, each_vector_has_its_data)
{
	__u32 vectors, flags, i;
	enum source how;

	for (flags = 0; flags <= (KVPCI_MSI_64BIT | KVPCI_MSI_MASK); flags++)
		for (vectors = 1; vectors <= 32; vectors *= 2) {
			struct device *device = ready(self->rig, vectors, flags);

			for (i = 0; i < vectors; i++) {
				how = i < NR_TRIGGERS ? (i + vectors) % NR_SOURCES : BY_IOCTL;
				fire(device, how, KVPCI_MSI, i);
				EXPECT_EQ(1, take(self->rig, 1, BASE + i, 1)) {
					TH_LOG("vector %u of %u, flags %u", i, vectors,
					       flags);
				}
			}
			EXPECT_EQ(-EINVAL, trigger(device->function, KVPCI_MSI, vectors));
			EXPECT_EQ(0, strays(self->rig));
			device_free(device);
		}
}

/* Vectors that are not enabled share those that are, whatever the low bits of the data. */
TEST_F(msi, fewer_may_be_enabled_than_there_are)
{
	struct device *device = ready(self->rig, 32, KVPCI_MSI_64BIT);
	__u32 log, i;

	for (log = 0; log <= 5; log++) {
		__u32 low = (1U << log) - 1;

		/* Ones in the bits that are the vector's number. */
		msi_message(device, MSI_TO(1), 0x60 | low);
		msi_control(device, ENABLED(log));
		EXPECT_EQ(log, config_read(device, 0x42, 2) >> 4 & 7);
		for (i = 0; i < 32; i += log ? 1 : 5) {
			fire(device, BY_IOCTL, KVPCI_MSI, i);
			EXPECT_EQ(1, take(self->rig, 1, 0x60 | (i & low), 1)) {
				TH_LOG("vector %u with %u enabled", i, 1 << log);
			}
		}
	}
	/* And ones above them, which are the guest's. */
	msi_message(device, MSI_TO(2), 0x7f);
	msi_control(device, ENABLED(2));
	for (i = 0; i < 4; i++) {
		fire(device, BY_IOCTL, KVPCI_MSI, i);
		EXPECT_EQ(1, take(self->rig, 2, 0x7c + i, 1));
	}
	EXPECT_EQ(0, strays(self->rig));
	device_free(device);
}

/* Of what the specification reserves, all that there are. */
TEST_F(msi, more_may_be_enabled_than_there_are)
{
	struct device *device = ready(self->rig, 4, 0);
	__u32 log, i;

	for (log = 2; log <= 7; log++) {
		msi_control(device, ENABLED(log));
		for (i = 0; i < 4; i++) {
			fire(device, BY_IOCTL, KVPCI_MSI, i);
			EXPECT_EQ(1, take(self->rig, 1, BASE + i, 1));
		}
	}
	device_free(device);
}

TEST_F(msi, the_message_may_change_while_it_is_enabled)
{
	struct device *device = ready(self->rig, 4, KVPCI_MSI_64BIT);
	unsigned int at = device->msi;

	config_write(device, at + PCI_MSI_DATA_64, 2, 0x70);
	fire(device, BY_IOCTL, KVPCI_MSI, 3);
	EXPECT_EQ(1, take(self->rig, 1, 0x73, 1));
	config_write(device, at + PCI_MSI_ADDRESS_LO, 4, MSI_TO(2));
	fire(device, BY_IOCTL, KVPCI_MSI, 3);
	EXPECT_EQ(1, take(self->rig, 2, 0x73, 1));
	/* A byte of it, and a dword that has other things as well. */
	config_write(device, at + PCI_MSI_DATA_64, 1, 0x80);
	fire(device, BY_IOCTL, KVPCI_MSI, 1);
	EXPECT_EQ(1, take(self->rig, 2, 0x81, 1));
	config_write(device, at + PCI_MSI_DATA_64, 4, 0xffff0090);
	fire(device, BY_IOCTL, KVPCI_MSI, 2);
	EXPECT_EQ(1, take(self->rig, 2, 0x92, 1));
	/* To a vCPU that is not there. */
	config_write(device, at + PCI_MSI_ADDRESS_HI, 4, 0x7700);
	fire(device, BY_IOCTL, KVPCI_MSI, 2);
	EXPECT_EQ(0, strays(self->rig));
	config_write(device, at + PCI_MSI_ADDRESS_HI, 4, 0);
	fire(device, BY_IOCTL, KVPCI_MSI, 2);
	EXPECT_EQ(1, take(self->rig, 2, 0x92, 1));
	EXPECT_EQ(0, strays(self->rig));
	device_free(device);
}

/* What it takes to be sent. */

enum gate {
	VECTOR_MASK,
	DISABLE,
	NO_MASTER,
	NR_GATES
};

static const char *const gate_names[] = { "vector mask", "disabled", "no bus master" };

/* Let @gates, of those a bit each, be closed. */
static void set_gate(struct device *device, enum gate gate, unsigned int gates)
{
	switch (gate) {
	case VECTOR_MASK:
		mask(device, gates & 1 << VECTOR_MASK ? 1 << 1 : 0);
		break;
	case DISABLE:
		msi_control(device, gates & 1 << DISABLE ? 2 << 4 : ENABLED(2));
		break;
	default:
		set_master(device, !(gates & 1 << NO_MASTER));
	}
}

TEST_F(msi, each_gate_holds_it_and_lets_it_through_once)
{
	__u32 flags;
	enum gate gate;
	enum source how;
	int times, i;

	for (flags = 0; flags <= (KVPCI_MSI_64BIT | KVPCI_MSI_MASK); flags++) {
		struct device *device = ready(self->rig, 4, flags);

		/* Two non-maskable ones that come at once are counted as two. */
		msi_message(device, MSI_TO(1), MSI_NMI);
		for (gate = flags & KVPCI_MSI_MASK ? 0 : DISABLE; gate < NR_GATES; gate++)
			for (how = 0; how < NR_SOURCES; how++)
				for (times = 1; times <= 2; times++) {
					set_gate(device, gate, 1 << gate);
					for (i = 0; i < times; i++)
						fire(device, how, KVPCI_MSI, 1);
					EXPECT_EQ(0, strays(self->rig)) {
						TH_LOG("%s, source %d", gate_names[gate], how);
					}
					if (flags & KVPCI_MSI_MASK)
						EXPECT_TRUE(becomes_pending(device, 2));
					set_gate(device, gate, 0);
					EXPECT_EQ(1, take(self->rig, 1, VECTOR_NMI, 1)) {
						TH_LOG("%s, source %d", gate_names[gate], how);
					}
					if (flags & KVPCI_MSI_MASK)
						EXPECT_EQ(0, pending(device));
					set_gate(device, gate, 1 << gate);
					set_gate(device, gate, 0);
					EXPECT_EQ(0, strays(self->rig));
				}
		device_free(device);
	}
}

TEST_F(msi, the_last_gate_lets_it_through)
{
	struct device *device = ready(self->rig, 4, KVPCI_MSI_64BIT | KVPCI_MSI_MASK);
	static const enum gate orders[][NR_GATES] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	unsigned int closed;
	int order, i;

	for (order = 0; order < ARRAY_SIZE(orders); order++) {
		closed = (1 << NR_GATES) - 1;
		for (i = 0; i < NR_GATES; i++)
			set_gate(device, i, closed);
		/* With the number of vectors that set_gate() sets. */
		fire(device, BY_IOCTL, KVPCI_MSI, 1);
		for (i = 0; i < NR_GATES; i++) {
			EXPECT_EQ(2, pending(device));
			EXPECT_EQ(0, strays(self->rig));
			closed &= ~(1 << orders[order][i]);
			set_gate(device, orders[order][i], closed);
		}
		EXPECT_EQ(1, take(self->rig, 1, BASE + 1, 1));
		EXPECT_EQ(0, pending(device));
	}
	device_free(device);
}

TEST_F(msi, a_vector_that_is_withdrawn_is_not_sent)
{
	__u32 flags;
	enum gate gate;

	for (flags = 0; flags <= (KVPCI_MSI_64BIT | KVPCI_MSI_MASK); flags++) {
		struct device *device = ready(self->rig, 4, flags);
		bool masks = flags & KVPCI_MSI_MASK;

		for (gate = masks ? 0 : DISABLE; gate < NR_GATES; gate++) {
			set_gate(device, gate, 1 << gate);
			fire(device, BY_IOCTL, KVPCI_MSI, 1);
			/* Of those that are not pending too, to no effect. */
			EXPECT_EQ(0, withdraw(device->function, KVPCI_MSI, 0));
			EXPECT_EQ(0, withdraw(device->function, KVPCI_MSI, 3));
			if (masks)
				EXPECT_EQ(2, pending(device));
			EXPECT_EQ(0, withdraw(device->function, KVPCI_MSI, 1));
			if (masks)
				EXPECT_EQ(0, pending(device));
			set_gate(device, gate, 0);
			EXPECT_EQ(0, strays(self->rig)) {
				TH_LOG("%s", gate_names[gate]);
			}
			set_gate(device, gate, 1 << gate);
			fire(device, BY_IOCTL, KVPCI_MSI, 1);
			EXPECT_EQ(0, withdraw(device->function, KVPCI_MSI, 1));
			fire(device, BY_IOCTL, KVPCI_MSI, 1);
			set_gate(device, gate, 0);
			EXPECT_EQ(1, take(self->rig, 1, BASE + 1, 1));
			EXPECT_EQ(0, withdraw(device->function, KVPCI_MSI, 1));
			fire(device, BY_IOCTL, KVPCI_MSI, 1);
			EXPECT_EQ(1, take(self->rig, 1, BASE + 1, 1));
		}
		device_free(device);
	}
}

/* A vector that is not enabled is pending in the place of another. */
TEST_F(msi, a_vector_is_withdrawn_where_it_is_pending)
{
	struct device *device = ready(self->rig, 8, KVPCI_MSI_MASK);

	msi_control(device, ENABLED(1));
	mask(device, 0xff);
	fire(device, BY_IOCTL, KVPCI_MSI, 7);
	EXPECT_EQ(2, pending(device));
	EXPECT_EQ(0, withdraw(device->function, KVPCI_MSI, 6));
	EXPECT_EQ(2, pending(device));
	EXPECT_EQ(0, withdraw(device->function, KVPCI_MSI, 7));
	EXPECT_EQ(0, pending(device));
	mask(device, 0);
	EXPECT_EQ(0, strays(self->rig));
	device_free(device);
}

/* What shares that place is not withdrawn with it, and each goes back to its own. */
TEST_F(msi, a_vector_is_withdrawn_alone)
{
	struct device *device = ready(self->rig, 8, KVPCI_MSI_MASK);

	msi_control(device, ENABLED(1));
	mask(device, 0xff);
	fire(device, BY_IOCTL, KVPCI_MSI, 1);
	fire(device, BY_IOCTL, KVPCI_MSI, 7);
	EXPECT_EQ(0, withdraw(device->function, KVPCI_MSI, 3));
	EXPECT_EQ(2, pending(device));
	EXPECT_EQ(0, withdraw(device->function, KVPCI_MSI, 7));
	EXPECT_EQ(2, pending(device));
	mask(device, 0);
	EXPECT_EQ(1, take(self->rig, 1, BASE + 1, 1));
	EXPECT_EQ(0, pending(device));

	/* What was sent for both is owed to neither. */
	mask(device, 0xff);
	fire(device, BY_IOCTL, KVPCI_MSI, 1);
	fire(device, BY_IOCTL, KVPCI_MSI, 7);
	mask(device, 0);
	EXPECT_EQ(1, take(self->rig, 1, BASE + 1, 1));
	msi_control(device, ENABLED(3));
	EXPECT_EQ(0, pending(device));
	EXPECT_EQ(0, strays(self->rig));

	mask(device, 0xff);
	fire(device, BY_IOCTL, KVPCI_MSI, 4);
	fire(device, BY_IOCTL, KVPCI_MSI, 6);
	msi_control(device, ENABLED(0));
	EXPECT_EQ(1, pending(device));
	msi_control(device, ENABLED(2));
	EXPECT_EQ(5, pending(device));
	EXPECT_EQ(0, withdraw(device->function, KVPCI_MSI, 6));
	EXPECT_EQ(1, pending(device));
	msi_control(device, ENABLED(3));
	EXPECT_EQ(1 << 4, pending(device));
	mask(device, 0);
	EXPECT_EQ(1, take(self->rig, 1, BASE + 4, 1));
	EXPECT_EQ(0, strays(self->rig));
	device_free(device);
}

TEST_F(msi, without_its_route_a_vector_is_pending)
{
	struct device *device = ready(self->rig, 4, KVPCI_MSI_64BIT | KVPCI_MSI_MASK);
	struct kvpci_route route = { .interrupt = KVPCI_MSI };
	int event = event_new();

	if (get_delivery() == KVPCI_DELIVERY_DIRECT)
		goto out;

	ASSERT_EQ(0, remove_route(device->function, KVPCI_MSI, 2));
	fire(device, BY_IOCTL, KVPCI_MSI, 2);
	fire(device, BY_IOCTL, KVPCI_MSI, 3);
	EXPECT_EQ(1, take(self->rig, 1, BASE + 3, 1));
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(4, pending(device));
	ASSERT_EQ(0, get_route(device->function, &route));
	EXPECT_EQ(2, route.vector);
	EXPECT_EQ(MSI_TO(1), route.address);
	EXPECT_EQ(BASE + 2, route.data);
	ASSERT_EQ(0, set_route(device->function, KVPCI_MSI, 2, route.sequence, event, 0));
	EXPECT_EQ(1, event_count(event));
	EXPECT_EQ(0, pending(device));

	/* The guest's next write has the event loop make another one. */
	ASSERT_EQ(0, remove_route(device->function, KVPCI_MSI, 2));
	fire(device, BY_IOCTL, KVPCI_MSI, 2);
	mask(device, 1 << 2);
	EXPECT_EQ(4, pending(device));
	mask(device, 0);
	EXPECT_EQ(1, take(self->rig, 1, BASE + 2, 1));
	EXPECT_EQ(0, event_count(event));
out:
	close(event);
	device_free(device);
}

/* Another vector sends for it, and has a route of its own. */
TEST_F(msi, a_vector_that_is_not_enabled_waits_for_no_route)
{
	struct device *device = with(self->rig, 8, KVPCI_MSI_64BIT);
	struct kvpci_route route = { .interrupt = KVPCI_MSI };
	__u32 log, i;

	if (get_delivery() == KVPCI_DELIVERY_DIRECT)
		goto out;

	/* Nobody makes them. */
	host_ignore(self->rig->host);
	msi_message(device, MSI_TO(1), BASE);
	EXPECT_EQ(-ENOENT, get_route(device->function, &route));
	for (log = 0; log <= 3; log++) {
		const __u32 enabled = 1U << log;

		msi_control(device, ENABLED(log));
		for (i = 0; i < 8; i++) {
			route.vector = i;
			if (i >= enabled) {
				EXPECT_EQ(-ENOENT, get_route(device->function, &route)) {
					TH_LOG("from vector %u, with %u enabled", i, enabled);
				}
				continue;
			}
			EXPECT_EQ(0, get_route(device->function, &route));
			EXPECT_EQ(i, route.vector);
			EXPECT_EQ(MSI_TO(1), route.address);
			EXPECT_EQ(BASE + i, route.data);
		}
	}
out:
	device_free(device);
}

TEST_F(msi, vectors_are_masked_one_by_one)
{
	struct device *device = ready(self->rig, 32, KVPCI_MSI_MASK);
	__u32 i;

	mask(device, 0xa5a5a5a5);
	EXPECT_EQ(0xa5a5a5a5, config_read(device, msi_mask_register(device), 4));
	for (i = 0; i < 32; i++)
		fire(device, BY_IOCTL, KVPCI_MSI, i);
	for (i = 0; i < 32; i++)
		if (!(0xa5a5a5a5 & 1U << i))
			EXPECT_EQ(1, take(self->rig, 1, BASE + i, 1));
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(0xa5a5a5a5, pending(device));
	/* The guest can't change what is pending. */
	config_write(device, msi_pending_register(device), 4, 0);
	config_write(device, msi_pending_register(device), 4, ~0U);
	EXPECT_EQ(0xa5a5a5a5, pending(device));
	EXPECT_EQ(0, strays(self->rig));
	/* By bytes, and others at the same time. */
	config_write(device, msi_mask_register(device), 1, 0x5a);
	for (i = 0; i < 8; i++)
		if (0xa5 & 1U << i)
			EXPECT_EQ(1, take(self->rig, 1, BASE + i, 1));
	EXPECT_EQ(0xa5a5a500, pending(device));
	mask(device, 0);
	for (i = 8; i < 32; i++)
		if (0xa5a5a5a5 & 1U << i)
			EXPECT_EQ(1, take(self->rig, 1, BASE + i, 1));
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(0, pending(device));
	device_free(device);
}

TEST_F(msi, a_pending_vector_is_sent_with_its_new_message)
{
	struct device *device = ready(self->rig, 4, KVPCI_MSI_64BIT | KVPCI_MSI_MASK);

	mask(device, 0xf);
	fire(device, BY_IOCTL, KVPCI_MSI, 2);
	msi_message(device, MSI_TO(2), 0x90);
	EXPECT_EQ(0, strays(self->rig));
	mask(device, 0);
	EXPECT_EQ(1, take(self->rig, 2, 0x92, 1));
	device_free(device);
}

TEST_F(msi, it_starts_disabled_and_is_pending_then)
{
	struct device *device = with(self->rig, 1, KVPCI_MSI_MASK);

	fire(device, BY_IOCTL, KVPCI_MSI, 0);
	EXPECT_EQ(1, pending(device));
	msi_message(device, MSI_TO(1), BASE);
	EXPECT_EQ(0, strays(self->rig));
	msi_control(device, ENABLE);
	EXPECT_EQ(1, take(self->rig, 1, BASE, 1));
	EXPECT_EQ(0, pending(device));
	device_free(device);
}

/* Fewer vectors take the place of the others, pending bits included. */
TEST_F(msi, what_is_pending_goes_where_its_vector_goes)
{
	struct device *device = ready(self->rig, 4, KVPCI_MSI_64BIT | KVPCI_MSI_MASK);

	mask(device, 0xf);
	fire(device, BY_IOCTL, KVPCI_MSI, 3);
	fire(device, BY_IOCTL, KVPCI_MSI, 2);
	EXPECT_EQ(0xc, pending(device));
	msi_control(device, ENABLED(1));
	EXPECT_EQ(0x3, pending(device));
	msi_control(device, ENABLED(0));
	EXPECT_EQ(0x1, pending(device));
	mask(device, 0);
	EXPECT_EQ(1, take(self->rig, 1, BASE, 1));
	EXPECT_EQ(0, pending(device));
	EXPECT_EQ(0, strays(self->rig));
	device_free(device);
}

TEST_F(msi, reset_puts_everything_back)
{
	__u32 flags;
	int flr;

	for (flags = 0; flags <= (KVPCI_MSI_64BIT | KVPCI_MSI_MASK); flags++)
		for (flr = 0; flr < 2; flr++) {
			struct device *device = with(self->rig, 8, flags);
			__u8 fresh[256], after[256];

			set_command(self->rig->host, F, 0);
			must(device_read(device->function, KVPCI_CONFIG, 0x40, fresh, 192));
			msi_message(device, MSI_TO(1), BASE);
			if (flags & KVPCI_MSI_MASK)
				mask(device, 0xf);
			msi_control(device, ENABLED(3));
			fire(device, BY_EVENTFD, KVPCI_MSI, 3);
			if (flags & KVPCI_MSI_MASK)
				EXPECT_TRUE(becomes_pending(device, 8));
			EXPECT_EQ(0, drain(self->rig->host->fd));
			if (flr)
				config_write(device, device->express + PCI_EXP_DEVCTL, 2,
					     PCI_EXP_DEVCTL_BCR_FLR);
			else
				EXPECT_EQ(0, reset(device->function));
			EXPECT_EQ(1, event_count(device->reset_event));
			must(device_read(device->function, KVPCI_CONFIG, 0x40, after, 192));
			EXPECT_EQ(0, memcmp(fresh, after, 192));
			/* Nothing is left of what was pending. */
			device_place(device, DECODE_ALL | PCI_COMMAND_MASTER);
			msi_message(device, MSI_TO(1), BASE);
			msi_control(device, ENABLED(3));
			EXPECT_EQ(0, strays(self->rig));
			/* And what comes right after it waits. */
			EXPECT_EQ(0, reset(device->function));
			EXPECT_EQ(1, event_count(device->reset_event));
			fire(device, BY_IOCTL, KVPCI_MSI, 0);
			device_place(device, DECODE_ALL | PCI_COMMAND_MASTER);
			msi_message(device, MSI_TO(1), BASE);
			EXPECT_EQ(0, strays(self->rig));
			msi_control(device, ENABLED(3));
			EXPECT_EQ(1, take(self->rig, 1, BASE, 1));
			fire(device, BY_EVENTFD, KVPCI_MSI, 3);
			EXPECT_EQ(1, take(self->rig, 1, BASE + 3, 1));
			device_free(device);
		}
}

TEST_F(msi, the_device_leaves_it_alone)
{
	struct device *device = ready(self->rig, 8, KVPCI_MSI_MASK);
	__u8 before[20], after[20], ones[20];
	unsigned int at;

	memset(ones, 0xff, sizeof(ones));
	must(device_read(device->function, KVPCI_CONFIG, device->msi, before, 20));
	for (at = 0; at < 20; at++)
		EXPECT_EQ(-EINVAL, device_write(device->function, KVPCI_CONFIG,
						device->msi + at, ones, 1));
	EXPECT_EQ(-EINVAL, device_write(device->function, KVPCI_CONFIG, device->msi + 4,
					ones, 16));
	must(device_read(device->function, KVPCI_CONFIG, device->msi, after, 20));
	EXPECT_EQ(0, memcmp(before, after, 20));
	device_free(device);
}

/* MSI and MSI-X of one function are two things, each with vectors of its own. */
TEST_F(msi, msix_may_be_there_as_well)
{
	struct device *device = device_plugged(self->rig, (struct device_desc) {
		.bdf = F, .msi = { .vectors = 4, .flags = KVPCI_MSI_MASK },
		.msix = { .vectors = 4 }, .triggers = true });

	msi_message(device, MSI_TO(1), 0x50);
	msix_message(device, 2, MSI_TO(1), 0x69);
	msi_control(device, ENABLED(2));
	fire(device, BY_EVENTFD, KVPCI_MSI, 2);
	fire(device, BY_EVENTFD, KVPCI_MSIX, 2);
	EXPECT_EQ(1, take(self->rig, 1, 0x52, 1));
	EXPECT_TRUE(msix_pending(device, 2));
	msi_control(device, 2 << 4);
	msix_mask(device, 2, false);
	EXPECT_EQ(0, strays(self->rig));
	msix_control(device, PCI_MSIX_FLAGS_ENABLE);
	EXPECT_EQ(1, take(self->rig, 1, 0x69, 1));
	fire(device, BY_REGISTER, KVPCI_MSIX, 2);
	EXPECT_EQ(1, take(self->rig, 1, 0x69, 1));
	EXPECT_EQ(0, pending(device));
	fire(device, BY_REGISTER, KVPCI_MSI, 3);
	EXPECT_EQ(8, pending(device));
	EXPECT_EQ(0, strays(self->rig));
	device_free(device);
}

TEST_HARNESS_MAIN
