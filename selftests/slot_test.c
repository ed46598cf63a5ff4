// SPDX-License-Identifier: GPL-2.0
/*
 * Slots of root ports: what is in one and whether its link is active, power, the events that
 * tell of it, and the interrupts that tell of those.
 *
 * Depends on: kernel, delivery, mirrors.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "lib/device.h"
#include "lib/die.h"
#include "lib/environment.h"
#include "lib/event.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioapic.h"
#include "lib/ioctls.h"
#include "lib/message.h"
#include "lib/pci.h"
#include "lib/rig.h"
#include "lib/state.h"
#include "lib/structure.h"
#include "lib/vm.h"
#include "lib/wait.h"

#define PORT		BDF(0, 1, 0)
#define IN_SLOT		BDF(1, 0, 0)	/* as the guest numbers the bus */
#define GSI		16
#define VECTOR		0x41
#define STAMP		0xdecade00U

#define PRESENCE	(PCI_EXP_SLTCAP_HPC | PCI_EXP_SLTCAP_HPS | PCI_EXP_SLTCAP_NCCS)
#define POWER		(PRESENCE | PCI_EXP_SLTCAP_PCP)
#define BUTTON		(PRESENCE | PCI_EXP_SLTCAP_ABP)
#define PDC		PCI_EXP_SLTSTA_PDC
#define DLLSC		PCI_EXP_SLTSTA_DLLSC
#define BOTH		(PDC | DLLSC)
#define PDS		PCI_EXP_SLTSTA_PDS
#define ENABLE		(PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_PDCE | PCI_EXP_SLTCTL_DLLSCE)

FIXTURE(slot) {
	struct rig *rig;
	struct device *port;
};

FIXTURE_SETUP(slot)
{
	self->rig = rig_new(2, 0);
	rig_listen(self->rig);
}

FIXTURE_TEARDOWN(slot)
{
	rig_deafen(self->rig);
	if (self->port)
		device_free(self->port);
	rig_free(self->rig);
}

/* A root port whose secondary bus is 1, and which lets all through. */
static struct device *port_new(struct rig *rig, struct device_desc desc)
{
	struct device *port;

	desc.bdf = PORT;
	desc.slot = desc.slot ?: PRESENCE;
	port = device_plugged(rig, desc);
	config_write(port, PCI_PRIMARY_BUS, 4, 0x010100);
	config_write(port, PCI_MEMORY_BASE, 4, (MEM32_BASE + 0x10000000) >> 16 |
		     ((MEM32_BASE + 0x10000000) & 0xfff00000));
	return port;
}

/* Something to be in its slot; a guest's driver finds a stamp in its BAR. */
static int card_new(struct device *port, __u8 function)
{
	const __u32 stamp = STAMP + function;
	int card = function_new(port->rig->host, function, (struct kvpci_function_config) {
		.flags = KVPCI_FUNCTION_BEHIND | KVPCI_FUNCTION_RESET_EVENTFD,
		.parent = port->function, .reset_eventfd = port->reset_event,
		.bars = { { PAGE } } });

	add_registers(card, 0, 0, 4, &stamp, NULL, NULL);
	return card;
}

static int card_plugged(struct device *port, __u8 function)
{
	int card = card_new(port, function);

	must(plug(card));
	return card;
}

static __u16 get(struct device *port, unsigned int reg)
{
	return config_read(port, port->express + reg, 2);
}

static void set(struct device *port, unsigned int reg, __u16 value)
{
	config_write(port, port->express + reg, 2, value);
}

/* The events that there have been, which are cleared. */
static __u16 events(struct device *port)
{
	__u16 status = get(port, PCI_EXP_SLTSTA) & 0x11f;

	set(port, PCI_EXP_SLTSTA, status);
	return status;
}

static bool is_present(struct device *port)
{
	return get(port, PCI_EXP_SLTSTA) & PDS;
}

static bool is_active(struct device *port)
{
	return get(port, PCI_EXP_LNKSTA) & PCI_EXP_LNKSTA_DLLLA;
}

static __u16 id_in_slot(struct device *port)
{
	return cfg_read(port->rig->host, BY_ECAM, IN_SLOT, PCI_DEVICE_ID, 2);
}

/* What a device says of itself: those bits of a register. */
static int device_says(struct device *port, unsigned int reg, __u16 value, __u16 mask)
{
	const struct kvpci_access access = {
		.size = sizeof(access), .bar = KVPCI_CONFIG, .offset = port->express + reg,
		.length = 2, .data = ptr(&value), .mask = ptr(&mask),
	};

	return kvpci_ioctl(port->function, KVPCI_WRITE, &access);
}

/* Registers. */

TEST_F(slot, what_the_guest_can_write_follows_from_what_the_slot_has)
{
	static const struct {
		__u32 has;
		__u16 control;
	} slots[] = {
		{ PCI_EXP_SLTCAP_HPS, 0 },
		{ PCI_EXP_SLTCAP_HPC, 0x1038 },
		{ PCI_EXP_SLTCAP_HPC | PCI_EXP_SLTCAP_NCCS, 0x1028 },
		{ PCI_EXP_SLTCAP_HPC | PCI_EXP_SLTCAP_ABP, 0x1039 },
		{ PCI_EXP_SLTCAP_HPC | PCI_EXP_SLTCAP_PCP, 0x143a },
		{ PCI_EXP_SLTCAP_HPC | PCI_EXP_SLTCAP_MRLSP, 0x103c },
		{ PCI_EXP_SLTCAP_HPC | PCI_EXP_SLTCAP_AIP, 0x10f8 },
		{ PCI_EXP_SLTCAP_HPC | PCI_EXP_SLTCAP_PIP, 0x1338 },
		{ PCI_EXP_SLTCAP_PCP | PCI_EXP_SLTCAP_AIP | PCI_EXP_SLTCAP_PIP, 0x07c0 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(slots); i++) {
		self->port = port_new(self->rig, (struct device_desc) { .slot = slots[i].has });
		EXPECT_EQ(0, get(self->port, PCI_EXP_SLTCTL));
		EXPECT_EQ(0, get(self->port, PCI_EXP_SLTSTA));
		config_write(self->port, self->port->express + PCI_EXP_SLTCAP, 4, ~0U);
		set(self->port, PCI_EXP_SLTCTL, 0xffff);
		set(self->port, PCI_EXP_SLTSTA, 0xffff);
		EXPECT_EQ(slots[i].control, get(self->port, PCI_EXP_SLTCTL)) {
			TH_LOG("capabilities %#x", slots[i].has);
		}
		EXPECT_EQ(0, get(self->port, PCI_EXP_SLTSTA));
		EXPECT_EQ(slots[i].has, config_read(self->port,
						    self->port->express + PCI_EXP_SLTCAP, 4));
		set(self->port, PCI_EXP_SLTCTL, 0);
		EXPECT_EQ(0, get(self->port, PCI_EXP_SLTCTL));
		device_free(self->port);
	}
	self->port = NULL;
}

TEST_F(slot, function_0_is_what_is_in_a_slot)
{
	int cards[2];

	self->port = port_new(self->rig, (struct device_desc) {});
	cards[0] = card_new(self->port, 0);
	EXPECT_EQ(0, get(self->port, PCI_EXP_SLTSTA));
	cards[1] = card_plugged(self->port, 1);
	EXPECT_EQ(0, get(self->port, PCI_EXP_SLTSTA));
	EXPECT_FALSE(is_active(self->port));

	must(plug(cards[0]));
	EXPECT_EQ(PDS | BOTH, get(self->port, PCI_EXP_SLTSTA));
	EXPECT_TRUE(is_active(self->port));
	EXPECT_EQ(DEVICE, id_in_slot(self->port));
	set(self->port, PCI_EXP_SLTSTA, PDC);
	EXPECT_EQ(PDS | DLLSC, get(self->port, PCI_EXP_SLTSTA));
	EXPECT_EQ(DLLSC, events(self->port));
	EXPECT_EQ(PDS, get(self->port, PCI_EXP_SLTSTA));

	close(cards[1]);
	EXPECT_EQ(PDS, get(self->port, PCI_EXP_SLTSTA));
	close(cards[0]);
	EXPECT_EQ(BOTH, get(self->port, PCI_EXP_SLTSTA));
	EXPECT_FALSE(is_active(self->port));
	EXPECT_EQ(0xffff, id_in_slot(self->port));

	/* What is not the slot's has no part in it. */
	events(self->port);
	close(function_plugged(self->rig->host, BDF(0, 2, 0), (struct kvpci_function_config) {}));
	EXPECT_EQ(0, get(self->port, PCI_EXP_SLTSTA));

	/* Who comes before the port is there. */
	cards[0] = card_plugged(self->port, 0);
	must(reset(self->port->function));
	EXPECT_EQ(PDS, get(self->port, PCI_EXP_SLTSTA));
	EXPECT_TRUE(is_active(self->port));
	close(cards[0]);
}

/* Something is in the slot, and the way there is open until @reg has @bits. */
static void check_off(struct __test_metadata *_metadata, struct device *port, unsigned int reg,
		      __u16 bits)
{
	const __u64 bar = MEM32_BASE + 0x10000000;
	struct host *host = port->rig->host;
	int card = card_plugged(port, 0);

	events(port);
	set_bar(host, IN_SLOT, 0, bar);
	set_command(host, IN_SLOT, PCI_COMMAND_MEMORY);
	EXPECT_EQ(STAMP, guest_load(port->rig->vm, bar, 4));
	event_count(port->reset_event);

	config_write(port, reg, 2, bits);
	EXPECT_EQ(0xffff, id_in_slot(port));
	EXPECT_EQ(0xffffffff, guest_load(port->rig->vm, bar, 4));
	EXPECT_EQ(1, event_count(port->reset_event));
	EXPECT_TRUE(is_present(port));
	EXPECT_FALSE(is_active(port));
	EXPECT_EQ(DLLSC, events(port));

	/* Once more is no change. */
	config_write(port, reg, 2, bits);
	EXPECT_EQ(0, event_count(port->reset_event));
	EXPECT_EQ(0, events(port));

	config_write(port, reg, 2, 0);
	EXPECT_TRUE(is_active(port));
	EXPECT_EQ(DLLSC, events(port));
	EXPECT_EQ(DEVICE, id_in_slot(port));
	EXPECT_EQ(0, cfg_read(host, BY_ECAM, IN_SLOT, PCI_COMMAND, 2));
	EXPECT_EQ(0, event_count(port->reset_event));

	/* What comes while it is off is there, and can't be reached. */
	config_write(port, reg, 2, bits);
	close(card);
	EXPECT_FALSE(is_present(port));
	EXPECT_EQ(BOTH, events(port));
	card = card_plugged(port, 0);
	EXPECT_TRUE(is_present(port));
	EXPECT_FALSE(is_active(port));
	EXPECT_EQ(PDC, events(port));
	EXPECT_EQ(0xffff, id_in_slot(port));
	config_write(port, reg, 2, 0);
	EXPECT_EQ(DLLSC, events(port));
	EXPECT_EQ(DEVICE, id_in_slot(port));
	close(card);
}

TEST_F(slot, without_power_nothing_is_reached)
{
	self->port = port_new(self->rig, (struct device_desc) { .slot = POWER });
	check_off(_metadata, self->port, self->port->express + PCI_EXP_SLTCTL,
		  PCI_EXP_SLTCTL_PCC);
}

TEST_F(slot, a_link_that_is_disabled_leads_nowhere)
{
	self->port = port_new(self->rig, (struct device_desc) {});
	check_off(_metadata, self->port, self->port->express + PCI_EXP_LNKCTL,
		  PCI_EXP_LNKCTL_LD);
}

TEST_F(slot, a_bus_in_reset_has_no_link)
{
	self->port = port_new(self->rig, (struct device_desc) {});
	check_off(_metadata, self->port, PCI_BRIDGE_CONTROL, PCI_BRIDGE_CTL_BUS_RESET);
}

TEST_F(slot, a_command_is_completed_when_it_has_been_written)
{
	self->port = port_new(self->rig, (struct device_desc) {
		.slot = PCI_EXP_SLTCAP_HPC | PCI_EXP_SLTCAP_PCP });
	set(self->port, PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_PCC);
	EXPECT_EQ(PCI_EXP_SLTSTA_CC, events(self->port));
	EXPECT_EQ(0, events(self->port));
	config_write(self->port, self->port->express + PCI_EXP_SLTCTL + 1, 1, 0);
	EXPECT_EQ(PCI_EXP_SLTSTA_CC, events(self->port));
	/* A write to both registers clears what was there before the command. */
	config_write(self->port, self->port->express + PCI_EXP_SLTCTL, 4, 0x01000000);
	EXPECT_EQ(PCI_EXP_SLTSTA_CC, events(self->port));
	device_free(self->port);

	self->port = port_new(self->rig, (struct device_desc) { .slot = POWER });
	set(self->port, PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_PCC);
	EXPECT_EQ(0, events(self->port));
}

TEST_F(slot, what_the_device_says)
{
	const __u16 theirs = PCI_EXP_SLTSTA_ABP | PCI_EXP_SLTSTA_PFD | PCI_EXP_SLTSTA_MRLSC |
			     PCI_EXP_SLTSTA_MRLSS;

	self->port = port_new(self->rig, (struct device_desc) {
		.slot = BUTTON | PCI_EXP_SLTCAP_PCP | PCI_EXP_SLTCAP_MRLSP });
	EXPECT_EQ(0, device_says(self->port, PCI_EXP_SLTSTA, 0xffff, 0xffff));
	EXPECT_EQ(theirs, get(self->port, PCI_EXP_SLTSTA));
	EXPECT_EQ(theirs & ~PCI_EXP_SLTSTA_MRLSS, events(self->port));
	EXPECT_EQ(0, device_says(self->port, PCI_EXP_SLTSTA, 0, PCI_EXP_SLTSTA_MRLSS));
	EXPECT_EQ(0, get(self->port, PCI_EXP_SLTSTA));
	EXPECT_EQ(0, device_says(self->port, PCI_EXP_SLTSTA, 0xffff, PCI_EXP_SLTSTA_ABP));
	EXPECT_EQ(PCI_EXP_SLTSTA_ABP, events(self->port));
	EXPECT_EQ(0, device_says(self->port, PCI_EXP_SLTCTL, 0xffff, 0xffff));
	EXPECT_EQ(0, get(self->port, PCI_EXP_SLTCTL));
	EXPECT_EQ(0, device_says(self->port, PCI_EXP_LNKCTL, 0xffff, 0xffff));
	EXPECT_EQ(0, get(self->port, PCI_EXP_LNKCTL));
	EXPECT_EQ(0, device_says(self->port, PCI_EXP_LNKSTA, 0xffff, 0xffff));
	EXPECT_EQ(0xdfff, get(self->port, PCI_EXP_LNKSTA));
	EXPECT_EQ(0, events(self->port));
	device_free(self->port);

	/* Of what the slot does not have there is nothing to say. */
	self->port = port_new(self->rig, (struct device_desc) {});
	EXPECT_EQ(0, device_says(self->port, PCI_EXP_SLTSTA, 0xffff, 0xffff));
	EXPECT_EQ(0, get(self->port, PCI_EXP_SLTSTA));
}

TEST_F(slot, closing_in_any_order)
{
	struct host *host = self->rig->host;
	struct device *port;
	int card;

	port = port_new(self->rig, (struct device_desc) { .msix.vectors = 1 });
	set(port, PCI_EXP_SLTCTL, ENABLE);
	card = card_plugged(port, 0);
	device_free(port);
	close(card);
	EXPECT_EQ(0xffff, cfg_read(host, BY_ECAM, PORT, PCI_DEVICE_ID, 2));

	/* A card that is there before its port. */
	port = device_new(self->rig, (struct device_desc) { .bdf = PORT, .slot = PRESENCE });
	card = card_plugged(port, 0);
	must(plug(port->function));
	EXPECT_TRUE(is_present(port));
	EXPECT_TRUE(is_active(port));
	host_close(host);
	close(card);
	device_free(port);
}

TEST_F(slot, power_is_that_of_all_that_is_behind)
{
	struct host *host = self->rig->host;
	int inner, card;

	self->port = port_new(self->rig, (struct device_desc) { .slot = POWER });
	config_write(self->port, PCI_PRIMARY_BUS, 4, 0x020100);
	inner = function_new(host, 0, (struct kvpci_function_config) {
		.flags = KVPCI_FUNCTION_BEHIND | KVPCI_FUNCTION_BRIDGE,
		.parent = self->port->function, .class_code = 0x060400 });
	card = function_new(host, 0, (struct kvpci_function_config) {
		.flags = KVPCI_FUNCTION_BEHIND | KVPCI_FUNCTION_RESET_EVENTFD,
		.parent = inner, .reset_eventfd = self->port->reset_event, .device = 0x77 });
	must(plug(card));
	must(plug(inner));
	cfg_write(host, BY_ECAM, IN_SLOT, PCI_PRIMARY_BUS, 4, 0x020201);
	EXPECT_EQ(0x77, cfg_read(host, BY_ECAM, BDF(2, 0, 0), PCI_DEVICE_ID, 2));
	set(self->port, PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_PCC);
	EXPECT_EQ(0xffff, cfg_read(host, BY_ECAM, BDF(2, 0, 0), PCI_DEVICE_ID, 2));
	EXPECT_EQ(1, event_count(self->port->reset_event));
	set(self->port, PCI_EXP_SLTCTL, 0);
	EXPECT_EQ(0, cfg_read(host, BY_ECAM, IN_SLOT, PCI_PRIMARY_BUS, 4));
	EXPECT_EQ(0xffff, cfg_read(host, BY_ECAM, BDF(2, 0, 0), PCI_DEVICE_ID, 2));
	close(inner);
	EXPECT_FALSE(is_present(self->port));
	close(card);
}

/* Interrupts. */

FIXTURE(interrupt) {
	struct rig *rig;
	struct device *port;
};

FIXTURE_VARIANT(interrupt) {
	struct device_desc desc;
};

FIXTURE_VARIANT_ADD(interrupt, msix)
{
	.desc = { .slot = BUTTON, .msix = { .vectors = 4 }, .vector = 3 },
};

FIXTURE_VARIANT_ADD(interrupt, msi)
{
	.desc = { .slot = BUTTON, .msi = { .vectors = 4, .flags = KVPCI_MSI_MASK } },
};

FIXTURE_SETUP(interrupt)
{
	self->rig = rig_new(2, 0);
	rig_listen(self->rig);
	self->port = port_new(self->rig, variant->desc);
	if (variant->desc.msix.vectors) {
		msix_message(self->port, 3, MSI_TO(1), VECTOR);
		msix_mask(self->port, 3, false);
		msix_control(self->port, PCI_MSIX_FLAGS_ENABLE);
	} else {
		msi_message(self->port, MSI_TO(1), VECTOR);
		msi_control(self->port, PCI_MSI_FLAGS_ENABLE);
	}
}

FIXTURE_TEARDOWN(interrupt)
{
	rig_deafen(self->rig);
	device_free(self->port);
	rig_free(self->rig);
}

static void mask(struct device *port, bool masked)
{
	if (port->desc.msix.vectors)
		msix_mask(port, 3, masked);
	else
		config_write(port, msi_mask_register(port), 4, masked);
}

TEST_F(interrupt, one_each_time_that_there_is_something_to_tell)
{
	int card;

	/* What is not enabled is noted. */
	card = card_plugged(self->port, 0);
	set(self->port, PCI_EXP_SLTCTL, ENABLE & ~PCI_EXP_SLTCTL_HPIE);
	EXPECT_EQ(0, strays(self->rig));
	set(self->port, PCI_EXP_SLTCTL, ENABLE);
	settle(self->port);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));

	/* One tells of all that is there, and of what comes until all has been seen. */
	close(card);
	set(self->port, PCI_EXP_SLTSTA, PDC);
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(DLLSC, events(self->port));
	EXPECT_EQ(0, strays(self->rig));
	card = card_plugged(self->port, 0);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_EQ(BOTH, events(self->port));

	/* Of each event that is enabled, and of no other. */
	set(self->port, PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_DLLSCE);
	set(self->port, PCI_EXP_LNKCTL, PCI_EXP_LNKCTL_LD);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_EQ(DLLSC, events(self->port));
	close(card);
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(PDC, events(self->port));
	set(self->port, PCI_EXP_LNKCTL, 0);
	set(self->port, PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_PDCE);
	card = card_plugged(self->port, 0);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	set(self->port, PCI_EXP_SLTSTA, PDC);
	EXPECT_EQ(0, strays(self->rig));
	set(self->port, PCI_EXP_SLTCTL, ENABLE);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	events(self->port);

	/* The button. */
	EXPECT_EQ(0, device_says(self->port, PCI_EXP_SLTSTA, 0xffff, PCI_EXP_SLTSTA_ABP));
	EXPECT_EQ(0, strays(self->rig));
	set(self->port, PCI_EXP_SLTCTL, ENABLE | PCI_EXP_SLTCTL_ABPE);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	events(self->port);
	EXPECT_EQ(0, device_says(self->port, PCI_EXP_SLTSTA, 0xffff, PCI_EXP_SLTSTA_ABP));
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	close(card);
	EXPECT_EQ(0, strays(self->rig));
}

TEST_F(interrupt, what_is_masked_is_pending_until_it_has_been_seen)
{
	int card;

	set(self->port, PCI_EXP_SLTCTL, ENABLE);
	mask(self->port, true);
	card = card_plugged(self->port, 0);
	EXPECT_EQ(0, strays(self->rig));
	mask(self->port, false);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	events(self->port);

	mask(self->port, true);
	close(card);
	events(self->port);
	mask(self->port, false);
	EXPECT_EQ(0, strays(self->rig));

	/* So it is if the interrupt is disabled meanwhile. */
	mask(self->port, true);
	card = card_plugged(self->port, 0);
	set(self->port, PCI_EXP_SLTCTL, 0);
	mask(self->port, false);
	EXPECT_EQ(0, strays(self->rig));

	/* Without a bus master it waits. */
	set_master(self->port, false);
	set(self->port, PCI_EXP_SLTCTL, ENABLE);
	EXPECT_EQ(0, strays(self->rig));
	set_master(self->port, true);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	close(card);
}

TEST_F(interrupt, what_comes_while_messages_are_disabled_waits)
{
	const bool msix = self->port->desc.msix.vectors;
	int card;

	set(self->port, PCI_EXP_SLTCTL, ENABLE);
	msix ? msix_control(self->port, 0) : msi_control(self->port, 0);
	card = card_plugged(self->port, 0);
	EXPECT_EQ(0, strays(self->rig));
	msix ? msix_control(self->port, PCI_MSIX_FLAGS_ENABLE) :
	       msi_control(self->port, PCI_MSI_FLAGS_ENABLE);
	settle(self->port);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	events(self->port);

	/* A reset forgets all of it. */
	close(card);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_EQ(0, reset(self->port->function));
	EXPECT_EQ(0, get(self->port, PCI_EXP_SLTSTA));
	EXPECT_EQ(0, strays(self->rig));
}

TEST_F(interrupt, nobody_else_has_the_slots_vector)
{
	const __u32 interrupt = self->port->desc.msix.vectors ? KVPCI_MSIX : KVPCI_MSI;
	const __u32 mine = self->port->desc.vector, other = mine ^ 1;
	int function = self->port->function, event = event_new();
	struct device *port;

	EXPECT_EQ(-EBUSY, trigger(function, interrupt, mine));
	EXPECT_EQ(-EBUSY, withdraw(function, interrupt, mine));
	EXPECT_EQ(-EBUSY, bind_eventfd(function, interrupt, mine, event));
	EXPECT_EQ(0, bind_eventfd(function, interrupt, other, event));
	EXPECT_EQ(0, unbind(function, interrupt, other));
	EXPECT_EQ(0, strays(self->rig));

	/* Nor the pin. */
	port = device_new(self->rig, (struct device_desc) {
		.bdf = BDF(0, 2, 0), .slot = PRESENCE, .pin = 1 });
	EXPECT_EQ(-EBUSY, trigger(port->function, KVPCI_INTX, 0));
	EXPECT_EQ(-EBUSY, lower(port->function));
	EXPECT_EQ(-EBUSY, bind_eventfd(port->function, KVPCI_INTX, 0, event));
	EXPECT_EQ(-EBUSY, add_range(port->function, &(struct range_desc) {
		.kind = KVPCI_RANGE_REGISTERS, .flags = KVPCI_REGISTERS_LEVEL, .length = 4,
		.interrupt = KVPCI_INTX }));
	device_free(port);
	close(event);
}

/*
 * A driver that does as Linux's: it clears what it has found, and looks again. Cards come and
 * go meanwhile; it is told of the last state.
 */
struct hands {
	struct device *port;
	unsigned long times;
	atomic_bool done;
	int last;
};

static void *move_cards(void *arg)
{
	struct hands *hands = arg;
	unsigned long i;

	for (i = 0; i < hands->times; i++) {
		int card = card_plugged(hands->port, 0);

		if (i & 1)
			usleep(1);
		close(card);
	}
	hands->last = card_plugged(hands->port, 0);
	atomic_store(&hands->done, true);
	return NULL;
}

TEST_F(interrupt, none_is_lost_while_cards_come_and_go)
{
	struct hands hands = { .port = self->port, .times = scaled(100) };
	bool present = false, done;
	pthread_t thread;

	set(self->port, PCI_EXP_SLTCTL, ENABLE);
	ASSERT_EQ(0, pthread_create(&thread, NULL, move_cards, &hands));
	do {
		done = atomic_load(&hands.done);
		/* If there was no interrupt since, nothing has changed that is not seen yet. */
		while (take(self->rig, 1, VECTOR, 0)) {
			while (events(self->port))
				present = is_present(self->port);
		}
	} while (!done);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	/* The last one may have been on its way. */
	while (take_rest(self->rig, 1, VECTOR)) {
		while (events(self->port))
			present = is_present(self->port);
	}
	EXPECT_TRUE(present);
	EXPECT_EQ(PDS, get(self->port, PCI_EXP_SLTSTA));
	close(hands.last);
}

TEST_F(slot, the_pin_is_high_until_all_has_been_seen)
{
	int card;

	self->port = port_new(self->rig, (struct device_desc) { .pin = 1 });
	ioapic_set(self->rig->vm->fd, GSI, VECTOR, 1);
	connect_pin(self->port, GSI);
	card = card_plugged(self->port, 0);
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_FALSE(config_read(self->port, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);

	set(self->port, PCI_EXP_SLTCTL, ENABLE);
	EXPECT_LE(1, take(self->rig, 1, VECTOR, 1));
	set(self->port, PCI_EXP_SLTSTA, PDC);
	EXPECT_TRUE(config_read(self->port, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	set(self->port, PCI_EXP_SLTSTA, DLLSC);
	EXPECT_FALSE(config_read(self->port, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	take_rest(self->rig, 1, VECTOR);
	close(card);
	EXPECT_LE(1, take(self->rig, 1, VECTOR, 1));
	set(self->port, PCI_EXP_SLTCTL, 0);
	take_rest(self->rig, 1, VECTOR);
	EXPECT_FALSE(config_read(self->port, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	EXPECT_EQ(0, drain(self->rig->host->fd));
	take_rest(self->rig, 1, VECTOR);
	must(reset(self->port->function));
	EXPECT_EQ(0, strays(self->rig));
}

/* Power control ends in the VMM, which takes away what is in the slot. */
struct operator {
	struct host *host;
	int card;
	struct kvpci_exit said;
};

static __u64 eject(struct vcpu *vcpu, const struct guest_exit *exit)
{
	struct operator *operator = vcpu->arg;

	must(get_exit(operator->host->fd, exit, vcpu->index, &operator->said));
	close(operator->card);
	operator->card = -1;
	return 0;
}

TEST_F(slot, power_control_ends_in_the_vmm)
{
	struct operator operator = { .host = self->rig->host };
	struct vcpu *vcpu = &self->rig->vm->vcpus[0];
	struct device *port;

	port = device_new(self->rig, (struct device_desc) { .bdf = PORT, .slot = POWER });
	self->port = port;
	must(add_range(port->function, &(struct range_desc) {
		.kind = KVPCI_RANGE_EXIT, .bar = KVPCI_CONFIG,
		.offset = port->express + PCI_EXP_SLTCTL, .length = 2 }));
	device_plug(port);
	operator.card = card_plugged(port, 0);
	vcpu->on_exit = eject;
	vcpu->arg = &operator;

	guest_begin(vcpu);
	add_store(vcpu, ecam_address(port->rig->host, PORT, port->express + PCI_EXP_SLTSTA), 2,
		  BOTH);
	add_store(vcpu, ecam_address(port->rig->host, PORT, port->express + PCI_EXP_SLTCTL), 2,
		  PCI_EXP_SLTCTL_PCC);
	add_expect(vcpu, ecam_address(port->rig->host, PORT, port->express + PCI_EXP_SLTSTA), 2,
		   BOTH);
	guest_run(vcpu, 1);
	EXPECT_EQ(-1, operator.card);
	EXPECT_EQ(port->express + PCI_EXP_SLTCTL, operator.said.offset);
	EXPECT_EQ(KVPCI_CONFIG, operator.said.bar);
	/* What was there has been reset; when there is power again, nothing is. */
	EXPECT_EQ(KVPCI_EXIT_WRITTEN | KVPCI_EXIT_RESET, operator.said.flags);
	config_write(port, port->express + PCI_EXP_SLTCTL, 2, 0);
	EXPECT_EQ(KVPCI_EXIT_WRITTEN, operator.said.flags);
	vcpu->on_exit = NULL;
}

/* State. */

TEST_F(interrupt, state_is_of_the_slot_and_then_what_is_in_it_now)
{
	int card = card_plugged(self->port, 0);
	struct state occupied, empty, now;

	events(self->port);
	set(self->port, PCI_EXP_SLTCTL, ENABLE);
	occupied = state_get(self->port->function);
	close(card);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	events(self->port);
	empty = state_get(self->port->function);

	/* As it was. */
	EXPECT_EQ(0, state_set(self->port->function, &empty));
	now = state_get(self->port->function);
	EXPECT_TRUE(state_equal(&empty, &now));
	state_free(&now);
	settle(self->port);
	EXPECT_EQ(0, strays(self->rig));

	/* It has gone meanwhile, or come. */
	EXPECT_EQ(0, state_set(self->port->function, &occupied));
	settle(self->port);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_FALSE(is_present(self->port));
	EXPECT_EQ(BOTH, events(self->port));
	card = card_plugged(self->port, 0);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	events(self->port);
	EXPECT_EQ(0, state_set(self->port->function, &empty));
	settle(self->port);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_TRUE(is_present(self->port));
	EXPECT_TRUE(is_active(self->port));

	/* An interrupt that was asserted comes no second time. */
	EXPECT_EQ(BOTH, get(self->port, PCI_EXP_SLTSTA) & BOTH);
	state_free(&occupied);
	occupied = state_get(self->port->function);
	EXPECT_EQ(0, state_set(self->port->function, &occupied));
	settle(self->port);
	EXPECT_EQ(0, strays(self->rig));
	close(card);
	EXPECT_EQ(0, strays(self->rig));
	events(self->port);
	card = card_plugged(self->port, 0);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	close(card);
	state_free(&occupied);
	state_free(&empty);
}

TEST_F(slot, state_that_no_such_slot_can_have)
{
	struct state state, bad;
	int i;

	self->port = port_new(self->rig, (struct device_desc) {});
	state = state_get(self->port->function);
	for (i = 0; i < 12; i++) {
		static const __u8 can_change[12] = {
			[0] = 0xdf, [2] = 0xff, [3] = 0xff,
			[8] = 0x28, [9] = 0x10, [10] = 0x5f, [11] = 0x01,
		};
		__u8 *config, bit;

		for (bit = 0; bit < 8; bit++) {
			const bool fits = can_change[i] & 1 << bit;

			bad = state_copy(&state);
			config = state_contents(&bad, KVPCI_STATE_CONFIG);
			config[self->port->express + PCI_EXP_LNKCTL + i] ^= 1 << bit;
			EXPECT_EQ(fits ? 0 : -EINVAL, state_set(self->port->function, &bad)) {
				TH_LOG("bit %d of byte %d", bit, i);
			}
			state_free(&bad);
		}
	}
	EXPECT_EQ(0, state_set(self->port->function, &state));
	state_free(&state);
}

/* Descriptions. */

static int describe(struct host *host, __u16 flags, __u32 slot, __u16 length, __u32 bridge,
		    struct kvpci_capability other)
{
	__u8 value[0x3c] = { [PCI_EXP_FLAGS] = flags, [PCI_EXP_FLAGS + 1] = flags >> 8 };
	const struct kvpci_capability caps[] = {
		{ .id = PCI_CAP_ID_EXP, .length = length, .value = ptr(value) }, other
	};
	int fd;

	memcpy(value + PCI_EXP_SLTCAP, &slot, sizeof(slot));
	fd = create_function(host->fd, &(struct kvpci_function_config) {
		.size = sizeof(struct kvpci_function_config), .flags = bridge,
		.devfn = PORT, .vendor = 1, .class_code = 0x060400, .bars[0].size = 0x1000,
		.capabilities = ptr(caps), .capability_size = sizeof(*caps),
		.nr_capabilities = other.id ? 2 : 1 });
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

TEST_F(slot, bad_descriptions)
{
	const struct kvpci_msix msix = { .size = sizeof(msix), .vectors = 4, .pba_offset = 64 };
	const struct kvpci_msi msi = { .size = sizeof(msi), .vectors = 4 };
	const struct kvpci_capability none = {}, both[] = {
		{ .flags = KVPCI_CAP_MSIX, .id = PCI_CAP_ID_MSIX, .length = sizeof(msix),
		  .value = ptr(&msix) },
		{ .flags = KVPCI_CAP_MSI, .id = PCI_CAP_ID_MSI, .length = sizeof(msi),
		  .value = ptr(&msi) },
	};
	const __u16 slot = 2 | PCI_EXP_FLAGS_SLOT, root = slot | PCI_EXP_TYPE_ROOT_PORT << 4;
	const __u8 second[0x3c] = {
		[PCI_EXP_FLAGS] = root & 0xff, [PCI_EXP_FLAGS + 1] = root >> 8 };
	const struct kvpci_capability again = {
		.id = PCI_CAP_ID_EXP, .length = sizeof(second), .value = ptr(second) };
	const __u32 bridge = KVPCI_FUNCTION_BRIDGE;
	struct host *host = self->rig->host;

	EXPECT_EQ(0, describe(host, root, PRESENCE, 0x3c, bridge, none));
	EXPECT_EQ(0, describe(host, root, PRESENCE, 0x1c, bridge, none));
	EXPECT_EQ(-EINVAL, describe(host, root, PRESENCE, 0x1b, bridge, none));
	EXPECT_EQ(-EINVAL, describe(host, root, PRESENCE, 4, bridge, none));
	EXPECT_EQ(-EINVAL, describe(host, root, PRESENCE, 0x3c, bridge, again));
	EXPECT_EQ(0, describe(host, slot | PCI_EXP_TYPE_DOWNSTREAM << 4, PRESENCE, 0x3c, bridge,
			      none));
	EXPECT_EQ(-EINVAL, describe(host, slot | PCI_EXP_TYPE_UPSTREAM << 4, PRESENCE, 0x3c,
				    bridge, none));
	EXPECT_EQ(-EINVAL, describe(host, root, PRESENCE | PCI_EXP_SLTCAP_EIP, 0x3c, bridge,
				    none));
	/* What is no bridge has registers, and no slot. */
	EXPECT_EQ(0, describe(host, root, PRESENCE, 0x3c, 0, none));

	EXPECT_EQ(0, describe(host, root | 3 << 9, PRESENCE, 0x3c, bridge, both[0]));
	EXPECT_EQ(-EINVAL, describe(host, root | 4 << 9, PRESENCE, 0x3c, bridge, both[0]));
	EXPECT_EQ(0, describe(host, root, PRESENCE, 0x3c, bridge, both[1]));
	EXPECT_EQ(-EINVAL, describe(host, root | 1 << 9, PRESENCE, 0x3c, bridge, both[1]));
}

TEST_HARNESS_MAIN
