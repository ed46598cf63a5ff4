// SPDX-License-Identifier: GPL-2.0
/*
 * Bridges: the type 1 header, which bus numbers and addresses lead behind one, what is reset
 * with its secondary bus, and who may send messages from there.
 *
 * What a bridge does is written down a second time here, from the specification, as a model
 * that goes down from the host bridge for each bus number and up from each function for each
 * address; the last tests compare the two.
 *
 * Depends on: kernel, delivery, mirrors.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
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
#include "lib/vm.h"
#include "lib/wait.h"

#define PAGE		0x1000ULL
#define MIB		0x100000ULL
#define STAMP		0xdecade00U
#define NOTHING		0xffffffffU
#define CLASS_BRIDGE	0x060400

#define B1		BDF(0, 1, 0)
#define B2		BDF(0, 2, 0)
#define MEM		MEM32_BASE
#define ALL		(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

FIXTURE(topology) {
	struct vm *vm;
	struct host *host;
};

FIXTURE_SETUP(topology)
{
	self->vm = vm_new(1);
	self->host = host_new(self->vm);
}

FIXTURE_TEARDOWN(topology)
{
	host_free(self->host);
	vm_free(self->vm);
}

static struct kvpci_function_config behind(int parent, struct kvpci_function_config desc)
{
	if (parent) {
		desc.flags |= KVPCI_FUNCTION_BEHIND;
		desc.parent = parent;
	}
	return desc;
}

static int bridge_new(struct host *host, int parent, int bdf)
{
	return function_new(host, bdf, behind(parent, (struct kvpci_function_config) {
		.flags = KVPCI_FUNCTION_BRIDGE, .class_code = CLASS_BRIDGE }));
}

/* By the library, so that devices may be behind it whose messages have routes. */
static struct kvpci_function *bridge_above(struct host *host, int bdf)
{
	struct kvpci_function *function;

	function = function_by_library(host, bdf, (struct kvpci_function_config) {
		.flags = KVPCI_FUNCTION_BRIDGE, .class_code = CLASS_BRIDGE }, NULL);
	must(kvpci_function_plug(function));
	return function;
}

static int bridge_plugged(struct host *host, int parent, int bdf)
{
	int function = bridge_new(host, parent, bdf);

	must(plug(function));
	return function;
}

/* A plugged function with a memory BAR, one of ports, and a 64-bit one, each with a stamp. */
static int stamped(struct host *host, int parent, int bdf, __u16 id)
{
	const __u32 stamp = STAMP | id;
	int i, function = function_new(host, bdf, behind(parent, (struct kvpci_function_config) {
		.device = id,
		.bars = { { PAGE }, { 0x100, KVPCI_BAR_IO },
			  { PAGE, KVPCI_BAR_64BIT | KVPCI_BAR_PREFETCH } } }));

	for (i = 0; i < 3; i++)
		add_registers(function, i, 0, 4, &stamp, NULL, NULL);
	must(plug(function));
	return function;
}

/* What a bridge's driver does, by its function's descriptor. */
static void set_buses(int bridge, __u8 secondary, __u8 subordinate)
{
	write_as_guest(bridge, PCI_PRIMARY_BUS, 4, secondary << 8 | subordinate << 16);
}

static void set_memory(int bridge, __u64 base, __u64 last)
{
	write_as_guest(bridge, PCI_MEMORY_BASE, 4, (base >> 16 & 0xfff0) | (last & 0xfff00000));
}

static void set_prefetchable(int bridge, __u64 base, __u64 last)
{
	write_as_guest(bridge, PCI_PREF_MEMORY_BASE, 4,
		       (base >> 16 & 0xfff0) | (last & 0xfff00000));
	write_as_guest(bridge, PCI_PREF_BASE_UPPER32, 4, base >> 32);
	write_as_guest(bridge, PCI_PREF_LIMIT_UPPER32, 4, last >> 32);
}

static void set_ports(int bridge, __u16 base, __u16 last)
{
	write_as_guest(bridge, PCI_IO_BASE, 2, base >> 8 | (last & 0xf000));
}

static void set_control(int bridge, __u16 control)
{
	write_as_guest(bridge, PCI_BRIDGE_CONTROL, 2, control);
}

/* The device ID at a place; 0xffff: nothing. By both ways, which say the same. */
static __u16 id_at(struct host *host, int bdf)
{
	__u16 id = cfg_read(host, BY_ECAM, bdf, PCI_DEVICE_ID, 2);

	if (cfg_read(host, BY_PORTS, bdf, PCI_DEVICE_ID, 2) != id)
		die("%x: the two ways differ", bdf);
	return id;
}

static __u32 at(struct vm *vm, __u64 addr)
{
	return guest_load(vm, addr, 4);
}

/* The header. */

TEST_F(topology, a_bridge_has_a_type_1_header)
{
	static const struct {
		__u8 offset, size;
		__u32 reset, writable;
	} registers[] = {
		{ PCI_HEADER_TYPE, 1, PCI_HEADER_TYPE_BRIDGE, 0 },
		{ PCI_CLASS_REVISION, 4, CLASS_BRIDGE << 8, 0 },
		{ PCI_BASE_ADDRESS_0, 4, 0, 0xfffff000 },
		{ PCI_BASE_ADDRESS_1, 4, 0, 0 },
		{ PCI_PRIMARY_BUS, 4, 0, 0x00ffffff },
		{ PCI_IO_BASE, 2, 0x00f0, 0xf0f0 },
		{ PCI_SEC_STATUS, 2, 0, 0 },
		{ PCI_MEMORY_BASE, 4, 0x0000fff0, 0xfff0fff0 },
		{ PCI_PREF_MEMORY_BASE, 4, 0x0001fff1, 0xfff0fff0 },
		{ PCI_PREF_BASE_UPPER32, 4, 0, 0xffffffff },
		{ PCI_PREF_LIMIT_UPPER32, 4, 0, 0xffffffff },
		{ PCI_IO_BASE_UPPER16, 4, 0, 0 },
		{ PCI_ROM_ADDRESS1, 4, 0, 0 },
		{ PCI_INTERRUPT_LINE, 1, 0, 0xff },
		{ PCI_BRIDGE_CONTROL, 2, 0, 0x43 },
	};
	int i, bridge = function_new(self->host, B1, (struct kvpci_function_config) {
		.flags = KVPCI_FUNCTION_BRIDGE, .class_code = CLASS_BRIDGE,
		.bars[0].size = PAGE });

	must(plug(bridge));
	for (i = 0; i < ARRAY_SIZE(registers); i++) {
		__u8 offset = registers[i].offset, size = registers[i].size;
		__u32 reset = registers[i].reset, writable = registers[i].writable;

		EXPECT_EQ(reset, cfg_read(self->host, BY_PORTS, B1, offset, size)) {
			TH_LOG("register %#x", offset);
		}
		cfg_write(self->host, BY_ECAM, B1, offset, size, ~0U);
		EXPECT_EQ(reset | writable, cfg_read(self->host, BY_ECAM, B1, offset, size)) {
			TH_LOG("register %#x", offset);
		}
		cfg_write(self->host, BY_PORTS, B1, offset, size, 0);
		EXPECT_EQ(reset & ~writable, cfg_read(self->host, BY_PORTS, B1, offset, size)) {
			TH_LOG("register %#x", offset);
		}
	}
	/* A second function of the device leaves the type. */
	i = function_plugged(self->host, B1 + 1, (struct kvpci_function_config) {});
	EXPECT_EQ(PCI_HEADER_TYPE_BRIDGE | 0x80,
		  cfg_read(self->host, BY_ECAM, B1, PCI_HEADER_TYPE, 1));
	close(i);
	EXPECT_EQ(PCI_HEADER_TYPE_BRIDGE,
		  cfg_read(self->host, BY_ECAM, B1, PCI_HEADER_TYPE, 1));
	must(reset(bridge));
	for (i = 0; i < ARRAY_SIZE(registers); i++)
		EXPECT_EQ(registers[i].reset,
			  cfg_read(self->host, BY_ECAM, B1, registers[i].offset,
				   registers[i].size));
	close(bridge);
}

/* Bus numbers. */

TEST_F(topology, bus_numbers_lead_behind_a_bridge)
{
	int bridge = bridge_plugged(self->host, 0, B1);
	int function = stamped(self->host, bridge, 0, 0xf1);

	EXPECT_EQ(0xffff, id_at(self->host, BDF(5, 0, 0)));
	cfg_write(self->host, BY_PORTS, B1, PCI_PRIMARY_BUS, 4, 0x050500);
	EXPECT_EQ(0xf1, id_at(self->host, BDF(5, 0, 0)));
	EXPECT_EQ(0xffff, id_at(self->host, BDF(5, 1, 0)));
	EXPECT_EQ(0xffff, id_at(self->host, BDF(4, 0, 0)));

	/* To another number, and all the way through at once. */
	cfg_write(self->host, BY_ECAM, B1, PCI_SUBORDINATE_BUS, 1, 9);
	EXPECT_EQ(0xf1, id_at(self->host, BDF(5, 0, 0)));
	EXPECT_EQ(0xffff, id_at(self->host, BDF(9, 0, 0)));
	cfg_write(self->host, BY_ECAM, B1, PCI_SECONDARY_BUS, 1, 9);
	EXPECT_EQ(0xffff, id_at(self->host, BDF(5, 0, 0)));
	EXPECT_EQ(0xf1, id_at(self->host, BDF(9, 0, 0)));
	cfg_write(self->host, BY_ECAM, BDF(9, 0, 0), PCI_INTERRUPT_LINE, 1, 0x77);
	cfg_write(self->host, BY_ECAM, B1, PCI_PRIMARY_BUS, 4, 0xffff00);
	EXPECT_EQ(0x77, cfg_read(self->host, BY_PORTS, BDF(255, 0, 0), PCI_INTERRUPT_LINE, 1));

	/* Nowhere: none, below the first, one that the host bridge has itself, reset. */
	set_buses(bridge, 0, 9);
	EXPECT_EQ(BRIDGE_DEVICE, id_at(self->host, BDF(0, 0, 0)));
	EXPECT_EQ(0xffff, id_at(self->host, BDF(9, 0, 0)));
	set_buses(bridge, 9, 8);
	EXPECT_EQ(0xffff, id_at(self->host, BDF(9, 0, 0)));
	set_buses(bridge, 9, 9);
	EXPECT_EQ(0xf1, id_at(self->host, BDF(9, 0, 0)));
	must(reset(bridge));
	EXPECT_EQ(0xffff, id_at(self->host, BDF(9, 0, 0)));
	close(function);
	close(bridge);
}

TEST_F(topology, bridges_behind_bridges)
{
	int outer = bridge_plugged(self->host, 0, B1);
	int inner = bridge_plugged(self->host, outer, BDF(0, 3, 0));
	int function = stamped(self->host, inner, BDF(0, 4, 2), 0xf2);

	set_buses(inner, 2, 2);
	EXPECT_EQ(0xffff, id_at(self->host, BDF(2, 4, 2)));
	set_buses(outer, 1, 1);
	EXPECT_EQ(DEVICE, id_at(self->host, BDF(1, 3, 0)));
	EXPECT_EQ(0xffff, id_at(self->host, BDF(2, 4, 2)));
	set_buses(outer, 1, 2);
	EXPECT_EQ(0xf2, id_at(self->host, BDF(2, 4, 2)));
	cfg_write(self->host, BY_ECAM, BDF(1, 3, 0), PCI_PRIMARY_BUS, 4, 0x010101);
	EXPECT_EQ(DEVICE, id_at(self->host, BDF(1, 3, 0)));
	EXPECT_EQ(0xffff, id_at(self->host, BDF(1, 4, 2)));
	EXPECT_EQ(0xffff, id_at(self->host, BDF(2, 4, 2)));

	/* Nothing goes through one that leads nowhere any more. */
	set_buses(outer, 1, 5);
	set_buses(inner, 2, 2);
	EXPECT_EQ(0xf2, id_at(self->host, BDF(2, 4, 2)));
	set_buses(outer, 0, 0);
	set_buses(inner, 3, 3);
	EXPECT_EQ(0xffff, id_at(self->host, BDF(3, 4, 2)));
	close(function);
	close(inner);
	close(outer);
}

TEST_F(topology, of_bridges_with_the_same_numbers_the_first_has_them)
{
	int first = bridge_plugged(self->host, 0, B1);
	int second = bridge_plugged(self->host, 0, B2);
	int a = stamped(self->host, first, 0, 0xa);
	int b = stamped(self->host, second, 0, 0xb);

	set_buses(second, 3, 5);
	EXPECT_EQ(0xb, id_at(self->host, BDF(3, 0, 0)));
	set_buses(first, 2, 3);
	EXPECT_EQ(0xa, id_at(self->host, BDF(2, 0, 0)));
	EXPECT_EQ(0xffff, id_at(self->host, BDF(3, 0, 0)));
	set_buses(first, 3, 3);
	EXPECT_EQ(0xa, id_at(self->host, BDF(3, 0, 0)));
	close(first);
	EXPECT_EQ(0xb, id_at(self->host, BDF(3, 0, 0)));
	close(a);
	close(second);
	close(b);
}

/* A bus of the host bridge's own has its number as long as there is a function on it. */
TEST_F(topology, the_host_bridges_own_buses_come_first)
{
	struct kvpci_function_config bad = {
		.size = sizeof(bad), .bus = 5, .vendor = 0xffff,
		.capability_size = sizeof(struct kvpci_capability),
	};
	int bridge = bridge_plugged(self->host, 0, B1);
	int function = stamped(self->host, bridge, 0, 0xa), own, n;

	set_buses(bridge, 5, 5);
	EXPECT_EQ(0xa, id_at(self->host, BDF(5, 0, 0)));
	/* One that is refused has not been there. */
	EXPECT_EQ(-EINVAL, create_function(self->host->fd, &bad));
	EXPECT_EQ(0xa, id_at(self->host, BDF(5, 0, 0)));
	own = stamped(self->host, 0, BDF(5, 1, 0), 0xb);
	EXPECT_EQ(0xffff, id_at(self->host, BDF(5, 0, 0)));
	EXPECT_EQ(0xb, id_at(self->host, BDF(5, 1, 0)));
	close(own);
	EXPECT_EQ(0xa, id_at(self->host, BDF(5, 0, 0)));

	/* Nor do those take up room that are there no more. */
	for (n = 0; n < 256; n++)
		close(function_new(self->host, BDF(n, 1, 1), (struct kvpci_function_config) {}));
	own = bridge_plugged(self->host, bridge, 1);
	EXPECT_EQ(0xa, id_at(self->host, BDF(5, 0, 0)));
	EXPECT_EQ(DEVICE, id_at(self->host, BDF(5, 0, 1)));
	close(own);
	close(function);
	close(bridge);
}

/* Addresses. */

TEST_F(topology, windows_gate_what_is_behind)
{
	const __u64 high = self->host->config.mem64.base + 16 * MIB;
	int bridge = bridge_plugged(self->host, 0, B1);
	int function = stamped(self->host, bridge, 0, 0xf3);

	set_buses(bridge, 1, 1);
	set_bar(self->host, BDF(1, 0, 0), 0, MEM + 2 * MIB - PAGE);
	set_bar(self->host, BDF(1, 0, 0), 1, 0x3f00);
	set_bar64(self->host, BDF(1, 0, 0), 2, high);
	set_command(self->host, BDF(1, 0, 0), DECODE_ALL);
	EXPECT_EQ(NOTHING, at(self->vm, MEM + 2 * MIB - PAGE));

	/* Both the window and the command have to let it through, whichever comes first. */
	set_memory(bridge, MEM + MIB, MEM + 2 * MIB - 1);
	set_ports(bridge, 0x3000, 0x3fff);
	set_prefetchable(bridge, high, high);
	EXPECT_EQ(NOTHING, at(self->vm, MEM + 2 * MIB - PAGE));
	EXPECT_EQ(NOTHING, guest_in(self->vm, 0x3f00, 4));
	set_command(self->host, B1, PCI_COMMAND_MEMORY);
	EXPECT_EQ(STAMP | 0xf3, at(self->vm, MEM + 2 * MIB - PAGE));
	EXPECT_EQ(STAMP | 0xf3, at(self->vm, high));
	EXPECT_EQ(NOTHING, guest_in(self->vm, 0x3f00, 4));
	set_command(self->host, B1, PCI_COMMAND_IO);
	EXPECT_EQ(NOTHING, at(self->vm, MEM + 2 * MIB - PAGE));
	EXPECT_EQ(NOTHING, at(self->vm, high));
	EXPECT_EQ(STAMP | 0xf3, guest_in(self->vm, 0x3f00, 4));
	set_command(self->host, B1, ALL);

	/* A window that ends before it, begins behind it, or is closed. */
	set_memory(bridge, MEM, MEM + MIB - 1);
	EXPECT_EQ(NOTHING, at(self->vm, MEM + 2 * MIB - PAGE));
	set_memory(bridge, MEM + 2 * MIB, MEM + 4 * MIB - 1);
	EXPECT_EQ(NOTHING, at(self->vm, MEM + 2 * MIB - PAGE));
	set_memory(bridge, MEM + 2 * MIB, MEM + MIB);
	EXPECT_EQ(NOTHING, at(self->vm, MEM + 2 * MIB - PAGE));
	set_ports(bridge, 0x4000, 0x4fff);
	EXPECT_EQ(NOTHING, guest_in(self->vm, 0x3f00, 4));
	set_ports(bridge, 0x2000, 0x3000);
	EXPECT_EQ(STAMP | 0xf3, guest_in(self->vm, 0x3f00, 4));

	/* What can be prefetched may be in either window, and the other way round. */
	set_prefetchable(bridge, MEM, MEM + 4 * MIB);
	EXPECT_EQ(STAMP | 0xf3, at(self->vm, MEM + 2 * MIB - PAGE));
	EXPECT_EQ(NOTHING, at(self->vm, high));

	/* A BAR that comes to where the window is. */
	set_bar(self->host, BDF(1, 0, 0), 0, MEM + 8 * MIB);
	EXPECT_EQ(NOTHING, at(self->vm, MEM + 8 * MIB));
	set_bar(self->host, BDF(1, 0, 0), 0, MEM + 3 * MIB);
	EXPECT_EQ(STAMP | 0xf3, at(self->vm, MEM + 3 * MIB));
	close(bridge);
	EXPECT_EQ(NOTHING, at(self->vm, MEM + 3 * MIB));
	close(function);
}

TEST_F(topology, all_windows_above_gate)
{
	int outer = bridge_plugged(self->host, 0, B1);
	int inner = bridge_plugged(self->host, outer, 0);
	int function = stamped(self->host, inner, 0, 0xf4);

	set_buses(outer, 1, 2);
	set_buses(inner, 2, 2);
	set_bar(self->host, BDF(2, 0, 0), 0, MEM);
	set_command(self->host, BDF(2, 0, 0), DECODE_ALL);
	set_command(self->host, BDF(1, 0, 0), ALL);
	set_memory(inner, MEM, MEM + MIB - 1);
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	set_memory(outer, MEM, MEM + MIB - 1);
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	set_command(self->host, B1, ALL);
	EXPECT_EQ(STAMP | 0xf4, at(self->vm, MEM));
	set_command(self->host, BDF(1, 0, 0), 0);
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	set_command(self->host, BDF(1, 0, 0), ALL);
	EXPECT_EQ(STAMP | 0xf4, at(self->vm, MEM));
	/* Bus numbers have nothing to do with it. */
	set_buses(outer, 0, 0);
	EXPECT_EQ(STAMP | 0xf4, at(self->vm, MEM));
	close(inner);
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	close(outer);
	close(function);
}

TEST_F(topology, the_bridges_own_bars_are_not_gated)
{
	const __u32 value = STAMP;
	int bridge = function_new(self->host, B1, (struct kvpci_function_config) {
		.flags = KVPCI_FUNCTION_BRIDGE, .class_code = CLASS_BRIDGE,
		.bars = { { PAGE }, { 64, KVPCI_BAR_IO } } });

	add_registers(bridge, 0, 0, 4, &value, NULL, NULL);
	must(plug(bridge));
	set_bar(self->host, B1, 0, MEM);
	set_command(self->host, B1, PCI_COMMAND_MEMORY);
	EXPECT_EQ(STAMP, at(self->vm, MEM));
	close(bridge);
}

/* Reset of the secondary bus. */

TEST_F(topology, a_reset_of_the_secondary_bus_resets_what_is_behind)
{
	int outer = bridge_plugged(self->host, 0, B1);
	int inner = bridge_plugged(self->host, outer, 0);
	const int event = event_new();
	int function = function_new(self->host, 0, behind(inner, (struct kvpci_function_config) {
		.flags = KVPCI_FUNCTION_RESET_EVENTFD, .reset_eventfd = event,
		.bars[0].size = PAGE }));

	add_memory(function, 0, 0, PAGE);
	must(plug(function));
	set_buses(outer, 1, 2);
	set_buses(inner, 2, 2);
	set_memory(outer, MEM, MEM);
	set_memory(inner, MEM, MEM);
	set_command(self->host, B1, ALL);
	set_command(self->host, BDF(1, 0, 0), ALL);
	set_bar(self->host, BDF(2, 0, 0), 0, MEM);
	set_command(self->host, BDF(2, 0, 0), DECODE_ALL);
	guest_store(self->vm, MEM, 4, STAMP);
	EXPECT_EQ(STAMP, at(self->vm, MEM));

	cfg_write(self->host, BY_ECAM, B1, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_BUS_RESET);
	EXPECT_EQ(1, event_count(event));
	EXPECT_EQ(0xffff, id_at(self->host, BDF(1, 0, 0)));
	EXPECT_EQ(0xffff, id_at(self->host, BDF(2, 0, 0)));
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	/* That it is still so is no other one. */
	cfg_write(self->host, BY_ECAM, B1, PCI_BRIDGE_CONTROL, 2,
		  PCI_BRIDGE_CTL_BUS_RESET | PCI_BRIDGE_CTL_SERR);
	EXPECT_EQ(0, event_count(event));

	/* The bridge that was reset itself leads nowhere yet. */
	cfg_write(self->host, BY_PORTS, B1, PCI_BRIDGE_CONTROL, 2, 0);
	EXPECT_EQ(DEVICE, id_at(self->host, BDF(1, 0, 0)));
	EXPECT_EQ(0, cfg_read(self->host, BY_ECAM, BDF(1, 0, 0), PCI_PRIMARY_BUS, 4));
	EXPECT_EQ(0, cfg_read(self->host, BY_ECAM, BDF(1, 0, 0), PCI_COMMAND, 2));
	EXPECT_EQ(0xffff, id_at(self->host, BDF(2, 0, 0)));
	set_buses(inner, 2, 2);
	EXPECT_EQ(0, cfg_read(self->host, BY_ECAM, BDF(2, 0, 0), PCI_BASE_ADDRESS_0, 4));
	EXPECT_EQ(0, cfg_read(self->host, BY_ECAM, BDF(2, 0, 0), PCI_COMMAND, 2));

	set_memory(inner, MEM, MEM);
	set_command(self->host, BDF(1, 0, 0), ALL);
	set_bar(self->host, BDF(2, 0, 0), 0, MEM);
	set_command(self->host, BDF(2, 0, 0), DECODE_ALL);
	EXPECT_EQ(0, at(self->vm, MEM));

	/* By the device's side of the bridge, all of it. */
	must(reset(inner));
	EXPECT_EQ(1, event_count(event));
	must(reset(outer));
	EXPECT_EQ(1, event_count(event));
	close(function);
	close(inner);
	close(outer);
	close(event);
}

/* Coming and going. */

TEST_F(topology, what_is_behind_may_be_plugged_first)
{
	int bridge = bridge_new(self->host, 0, B1);
	int function = stamped(self->host, bridge, 0, 0xf5);

	set_buses(bridge, 1, 1);
	set_memory(bridge, MEM, MEM);
	write_as_guest(bridge, PCI_COMMAND, 2, ALL);
	write_as_guest(function, PCI_BASE_ADDRESS_0, 4, MEM);
	write_as_guest(function, PCI_COMMAND, 2, ALL);
	EXPECT_EQ(0xffff, id_at(self->host, BDF(1, 0, 0)));
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	must(plug(bridge));
	EXPECT_EQ(0xf5, id_at(self->host, BDF(1, 0, 0)));
	EXPECT_EQ(STAMP | 0xf5, at(self->vm, MEM));
	close(function);
	EXPECT_EQ(0xffff, id_at(self->host, BDF(1, 0, 0)));
	EXPECT_EQ(NOTHING, at(self->vm, MEM));

	/* And come back, when all is open already. */
	function = stamped(self->host, bridge, 0, 0xf6);
	EXPECT_EQ(0xf6, id_at(self->host, BDF(1, 0, 0)));
	close(bridge);
	close(function);
}

/* Whatever is closed first, and the place of what has gone is free. */
TEST_F(topology, closed_in_any_order)
{
	static const int orders[][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	int i, j;

	for (i = 0; i < 2 * ARRAY_SIZE(orders); i++) {
		const int *order = orders[i / 2];
		int f[3];

		f[0] = bridge_plugged(self->host, 0, B1);
		f[1] = bridge_plugged(self->host, f[0], 0);
		f[2] = stamped(self->host, f[1], 0, 0xf7);
		set_buses(f[0], 1, 2);
		set_buses(f[1], 2, 2);
		EXPECT_EQ(0xf7, id_at(self->host, BDF(2, 0, 0)));
		for (j = 0; j < 3; j++) {
			close(f[order[j]]);
			EXPECT_EQ(0xffff, id_at(self->host, BDF(2, 0, 0)));
			/* What is left can still be asked, and does no harm. */
			if (i % 2 && j < 2) {
				must(reset(f[order[2]]));
				write_as_guest(f[order[2]], PCI_COMMAND, 2, ALL);
			}
		}
		EXPECT_EQ(0xffff, id_at(self->host, B1));
	}
}

TEST_F(topology, a_bridge_in_the_place_of_one_that_has_gone)
{
	int old = bridge_plugged(self->host, 0, B1), new;
	int orphan = stamped(self->host, old, 0, 0xa), function;

	set_buses(old, 1, 1);
	close(old);
	new = bridge_plugged(self->host, 0, B1);
	set_buses(new, 1, 1);
	EXPECT_EQ(0xffff, id_at(self->host, BDF(1, 0, 0)));
	function = stamped(self->host, new, 0, 0xb);
	EXPECT_EQ(0xb, id_at(self->host, BDF(1, 0, 0)));
	close(orphan);
	EXPECT_EQ(0xb, id_at(self->host, BDF(1, 0, 0)));
	close(function);
	close(new);
}

TEST_F(topology, there_are_256_buses)
{
	struct kvpci_function_config desc = {
		.size = sizeof(desc), .flags = KVPCI_FUNCTION_BRIDGE,
		.vendor = VENDOR, .class_code = CLASS_BRIDGE,
		.capability_size = sizeof(struct kvpci_capability),
	};
	int bridges[255], i;

	/* As deep as can be: each behind the one before. */
	for (i = 0; i < 255; i++) {
		bridges[i] = bridge_plugged(self->host, i ? bridges[i - 1] : 0,
					    i ? 0 : B1);
		set_buses(bridges[i], i + 1, 255);
	}
	desc.devfn = 0x20;
	EXPECT_EQ(-ENOSPC, create_function(self->host->fd, &desc));
	EXPECT_EQ(DEVICE, id_at(self->host, BDF(254, 0, 0)));
	EXPECT_EQ(0xffff, id_at(self->host, BDF(255, 0, 0)));
	set_buses(bridges[100], 101, 150);
	EXPECT_EQ(DEVICE, id_at(self->host, BDF(150, 0, 0)));
	EXPECT_EQ(0xffff, id_at(self->host, BDF(151, 0, 0)));
	/* The outermost first: the others are freed one by one at the end. */
	for (i = 0; i < 255; i++)
		close(bridges[i]);
	close(bridge_plugged(self->host, 0, B1));
}

/* Bad input. */

TEST_F(topology, bad_descriptions)
{
	struct kvpci_function_config good = {
		.size = sizeof(good), .flags = KVPCI_FUNCTION_BRIDGE, .devfn = B2,
		.vendor = VENDOR, .class_code = CLASS_BRIDGE,
		.capability_size = sizeof(struct kvpci_capability),
	};
	static const __u8 express[60] = { [2] = 0x42, [7] = PCI_EXP_DEVCAP_FLR >> 24 };
	const struct kvpci_capability flr = {
		.id = PCI_CAP_ID_EXP, .length = sizeof(express), .value = (unsigned long)express,
	};
	int bridge = bridge_plugged(self->host, 0, B1), other, event = event_new();
	int plain = function_plugged(self->host, BDF(0, 5, 0), (struct kvpci_function_config) {});
	struct vm *vm = vm_new(1);
	struct host *host = host_new(vm);

	other = bridge_plugged(host, 0, B1);
#define EXPECT_CREATE(result, change) do {				\
	struct kvpci_function_config config = good;			\
	int ret_;							\
									\
	change;								\
	ret_ = create_function(self->host->fd, &config);		\
	if (ret_ >= 0) {						\
		close(ret_);						\
		ret_ = 0;						\
	}								\
	EXPECT_EQ(result, ret_) {					\
		TH_LOG("%s", #change);					\
	}								\
} while (0)
#define PARENT(fd) config.flags |= KVPCI_FUNCTION_BEHIND; config.parent = (fd)
	EXPECT_CREATE(0, (void)0);
	EXPECT_CREATE(0, config.class_code |= 1);
	EXPECT_CREATE(-EINVAL, config.class_code = 0x060000);
	EXPECT_CREATE(-EINVAL, config.class_code = 0x020000);
	EXPECT_CREATE(-EINVAL, config.subsystem = 1);
	EXPECT_CREATE(-EINVAL, config.subsystem_vendor = 1);
	EXPECT_CREATE(-EINVAL, config.rom_size = 4096);
	EXPECT_CREATE(-EINVAL, config.bars[2].size = 4096);
	EXPECT_CREATE(-EINVAL, config.bars[5].size = 4096);
	EXPECT_CREATE(0, config.bars[0].size = 4096; config.bars[0].flags = KVPCI_BAR_64BIT);
	EXPECT_CREATE(0, config.bars[1].size = 4096);
	EXPECT_CREATE(-EINVAL, config.bars[1].size = 4096; config.bars[1].flags = KVPCI_BAR_64BIT);
	EXPECT_CREATE(-EINVAL, config.pad = 1);
	EXPECT_CREATE(-EINVAL, config.nr_capabilities = 1;
		      config.capabilities = (unsigned long)&flr);
	EXPECT_CREATE(-EINVAL, config.parent = bridge);

	EXPECT_CREATE(0, PARENT(bridge));
	EXPECT_CREATE(-EINVAL, PARENT(bridge); config.bus = 1);
	EXPECT_CREATE(-EINVAL, PARENT(plain));
	EXPECT_CREATE(-EINVAL, PARENT(other));
	EXPECT_CREATE(-EINVAL, PARENT(self->host->fd));
	EXPECT_CREATE(-EINVAL, PARENT(event));
	EXPECT_CREATE(-EBADF, PARENT(-1));
	EXPECT_CREATE(-EBADF, PARENT(1 << 20));
	close(plain);
	plain = function_new(self->host, 0, behind(bridge, (struct kvpci_function_config) {}));
	EXPECT_CREATE(-EEXIST, PARENT(bridge); config.devfn = 0);
	EXPECT_CREATE(0, PARENT(bridge); config.devfn = 1);
	close(plain);
	close(event);
	close(other);
	host_free(host);
	vm_free(vm);
	close(bridge);
}

/* State. */

/* Several host bridges. */

static struct host *segment_new(struct vm *vm, __u16 segment)
{
	struct kvpci_host_config config = host_defaults(vm);

	/* The first one has the ports. */
	config.flags = KVPCI_HOST_ECAM | (segment ? 0 : KVPCI_HOST_CONFIG_PORTS);
	config.segment = segment;
	config.last_bus = 15;
	config.ecam = ECAM_BASE + segment * 64 * MIB;
	config.io = (struct kvpci_window) { IO_BASE + segment * 0x4000, 0x4000 };
	config.mem32 = (struct kvpci_window) { MEM + segment * 256 * MIB, 256 * MIB };
	config.mem64 = (struct kvpci_window) {};
	return host_new_from(vm, &config);
}

/* Each sees what it has itself, at the same bus numbers, and nothing of the other's. */
TEST(two_host_bridges_in_a_machine)
{
	struct vm *vm = vm_new(1);
	struct host *hosts[2];
	int bridges[2], functions[2], i;
	struct kvpci_function_config desc;

	for (i = 0; i < 2; i++) {
		hosts[i] = segment_new(vm, i);
		bridges[i] = bridge_plugged(hosts[i], 0, B1);
		desc = behind(bridges[i], (struct kvpci_function_config) {
			.device = 0x50 + i, .user_data = 0x60 + i, .bars = { { 2 * PAGE } } });
		functions[i] = function_new(hosts[i], 0, desc);
		add_userspace(functions[i], 0, PAGE, 4);
		must(plug(functions[i]));
		set_buses(bridges[i], 1, 1);
		set_memory(bridges[i], MEM + i * 256 * MIB, MEM + (i + 1) * 256 * MIB - 1);
		write_as_guest(bridges[i], PCI_COMMAND, 2, ALL);
	}
	/* The VMM finds out whose an access was: only one of them says that it knows. */
	vm->vcpus[0].on_exit = exit_is_noted;
	for (i = 0; i < 2; i++) {
		const __u64 bar = MEM + i * 256 * MIB, elsewhere = MEM + !i * 256 * MIB + 16 * MIB;
		struct kvpci_exit said;

		EXPECT_EQ(0x50 + i, cfg_read(hosts[i], BY_ECAM, BDF(1, 0, 0), PCI_DEVICE_ID, 2));
		cfg_write(hosts[i], BY_ECAM, BDF(1, 0, 0), PCI_BASE_ADDRESS_0, 4, bar);
		cfg_write(hosts[i], BY_ECAM, BDF(1, 0, 0), PCI_COMMAND, 2, ALL);
		vm->vcpus[0].nr_exits = 0;
		EXPECT_EQ(EXIT_ANSWER & NOTHING, at(vm, bar + PAGE));
		ASSERT_EQ(1, vm->vcpus[0].nr_exits);
		EXPECT_EQ(-ENOENT, get_exit(hosts[!i]->fd, &vm->vcpus[0].exits[0], 0, &said));
		EXPECT_EQ(0, get_exit(hosts[i]->fd, &vm->vcpus[0].exits[0], 0, &said));
		EXPECT_EQ(0x60 + i, said.user_data);
		EXPECT_EQ(i, said.segment);
		EXPECT_EQ(PAGE, said.offset);

		/* In the other's window it is not found. */
		cfg_write(hosts[i], BY_ECAM, BDF(1, 0, 0), PCI_BASE_ADDRESS_0, 4, elsewhere);
		EXPECT_EQ(NOTHING, at(vm, elsewhere + PAGE));
		cfg_write(hosts[i], BY_ECAM, BDF(1, 0, 0), PCI_BASE_ADDRESS_0, 4, bar);
	}
	EXPECT_EQ(0x50, cfg_read(hosts[0], BY_PORTS, BDF(1, 0, 0), PCI_DEVICE_ID, 2));

	/* What is behind the one can't be behind a bridge of the other. */
	desc = behind(bridges[1], (struct kvpci_function_config) {
		.size = sizeof(desc), .vendor = 1, .devfn = 8,
		.capability_size = sizeof(struct kvpci_capability) });
	EXPECT_EQ(-EINVAL, create_function(hosts[0]->fd, &desc));

	/* One goes, the other stays. */
	close(functions[0]);
	close(bridges[0]);
	host_free(hosts[0]);
	vm->vcpus[0].nr_exits = 0;
	EXPECT_EQ(EXIT_ANSWER & NOTHING, at(vm, MEM + 256 * MIB + PAGE));
	EXPECT_EQ(1, vm->vcpus[0].nr_exits);
	EXPECT_EQ(0x51, cfg_read(hosts[1], BY_ECAM, BDF(1, 0, 0), PCI_DEVICE_ID, 2));
	close(functions[1]);
	close(bridges[1]);
	host_free(hosts[1]);
	vm_free(vm);
}

/* The bridge itself stays, as long as there is something behind it, and so does its memory. */
TEST_F(topology, what_was_behind_a_bridge_is_behind_no_later_one)
{
	int bridge = bridge_plugged(self->host, 0, B1);
	int function = stamped(self->host, bridge, 0, 0xf3);
	int i, later[16];

	close(bridge);
	for (i = 0; i < ARRAY_SIZE(later); i++) {
		later[i] = bridge_plugged(self->host, 0, BDF(0, 2 + i, 0));
		set_memory(later[i], MEM, MEM + 16 * MIB - 1);
		write_as_guest(later[i], PCI_COMMAND, 2, ALL);
	}
	write_as_guest(function, PCI_BASE_ADDRESS_0, 4, MEM);
	write_as_guest(function, PCI_COMMAND, 2, ALL);
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	for (i = 0; i < ARRAY_SIZE(later); i++)
		close(later[i]);
	close(function);
}

TEST_F(topology, the_state_of_a_tree_is_set_in_any_order)
{
	struct state states[3];
	int i, round, f[3];

	f[0] = bridge_plugged(self->host, 0, B1);
	f[1] = bridge_plugged(self->host, f[0], 0);
	f[2] = stamped(self->host, f[1], 0, 0xf8);
	set_buses(f[0], 1, 2);
	set_buses(f[1], 2, 2);
	set_memory(f[0], MEM, MEM);
	set_memory(f[1], MEM, MEM);
	for (i = 0; i < 2; i++)
		write_as_guest(f[i], PCI_COMMAND, 2, ALL);
	set_bar(self->host, BDF(2, 0, 0), 0, MEM);
	set_command(self->host, BDF(2, 0, 0), DECODE_ALL);
	for (i = 0; i < 3; i++)
		states[i] = state_get(f[i]);

	for (round = 0; round < 2; round++) {
		for (i = 0; i < 3; i++)
			close(f[i]);
		f[0] = bridge_plugged(self->host, 0, B1);
		f[1] = bridge_plugged(self->host, f[0], 0);
		f[2] = stamped(self->host, f[1], 0, 0xf8);
		EXPECT_EQ(0xffff, id_at(self->host, BDF(2, 0, 0)));
		for (i = 0; i < 3; i++) {
			int n = round ? 2 - i : i;

			ASSERT_EQ(0, state_set(f[n], &states[n]));
		}
		EXPECT_EQ(0xf8, id_at(self->host, BDF(2, 0, 0)));
		EXPECT_EQ(STAMP | 0xf8, at(self->vm, MEM));
		for (i = 0; i < 3; i++) {
			struct state now = state_get(f[i]);

			EXPECT_TRUE(state_equal(&states[i], &now));
			state_free(&now);
		}
	}
	for (i = 0; i < 3; i++) {
		state_free(&states[i]);
		close(f[i]);
	}
}

TEST_F(topology, the_state_of_a_bar_that_a_bridge_keeps_out)
{
	int bridge = bridge_plugged(self->host, 0, B1);
	int function = stamped(self->host, bridge, 0, 0xf8);
	struct state open, closed;

	set_memory(bridge, MEM, MEM);
	write_as_guest(bridge, PCI_COMMAND, 2, ALL);
	write_as_guest(function, PCI_BASE_ADDRESS_0, 4, MEM);
	write_as_guest(function, PCI_COMMAND, 2, ALL);
	EXPECT_EQ(STAMP | 0xf8, at(self->vm, MEM));
	open = state_get(function);

	/* It is not anywhere, and does not come back by itself once it decodes no more. */
	write_as_guest(bridge, PCI_COMMAND, 2, 0);
	ASSERT_EQ(0, state_set(function, &open));
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	write_as_guest(function, PCI_COMMAND, 2, 0);
	closed = state_get(function);
	EXPECT_EQ(0, state_set(function, &closed));
	write_as_guest(bridge, PCI_COMMAND, 2, ALL);
	EXPECT_EQ(NOTHING, at(self->vm, MEM));
	EXPECT_EQ(0, state_set(function, &open));
	EXPECT_EQ(STAMP | 0xf8, at(self->vm, MEM));
	state_free(&open);
	state_free(&closed);
	close(function);
	close(bridge);
}

/* Messages. */

FIXTURE(behind) {
	struct rig *rig;
	struct kvpci_function *above;
	int bridge;
};

FIXTURE_SETUP(behind)
{
	self->rig = rig_new(2, 0);
	rig_listen(self->rig);
	self->above = bridge_above(self->rig->host, B1);
	self->bridge = kvpci_function_fd(self->above);
	set_buses(self->bridge, 1, 1);
	set_memory(self->bridge, MEM, MEM + 16 * MIB);
	write_as_guest(self->bridge, PCI_COMMAND, 2, ALL);
}

FIXTURE_TEARDOWN(behind)
{
	kvpci_function_free(self->above);
	if (self->rig->listening)
		rig_deafen(self->rig);
	rig_free(self->rig);
}

#define VECTOR	0x41

TEST_F(behind, messages_come_through_a_bridge_that_is_a_master)
{
	struct device *device = device_plugged(self->rig, (struct device_desc) {
		.bdf = BDF(1, 0, 0), .behind = self->above, .msix = { .vectors = 2 },
		.triggers = true });
	int how;

	msix_message(device, 0, MSI_TO(1), VECTOR);
	msix_mask(device, 0, false);
	msix_control(device, PCI_MSIX_FLAGS_ENABLE);
	for (how = 0; how < NR_SOURCES; how++) {
		fire(device, how, KVPCI_MSIX, 0);
		EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));

		write_as_guest(self->bridge, PCI_COMMAND, 2, DECODE_ALL);
		fire(device, how, KVPCI_MSIX, 0);
		EXPECT_TRUE(eventually(msix_pending(device, 0)));
		EXPECT_EQ(0, strays(self->rig));
		write_as_guest(self->bridge, PCI_COMMAND, 2, ALL);
		settle(device);
		EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
		EXPECT_FALSE(msix_pending(device, 0));
	}

	/* What the device has not been told to do it does not, whatever the bridge is. */
	set_master(device, false);
	write_as_guest(self->bridge, PCI_COMMAND, 2, DECODE_ALL);
	fire(device, BY_IOCTL, KVPCI_MSIX, 0);
	write_as_guest(self->bridge, PCI_COMMAND, 2, ALL);
	EXPECT_EQ(0, strays(self->rig));
	set_master(device, true);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));

	/* A reset from above forgets what is pending. */
	msix_mask(device, 0, true);
	fire(device, BY_IOCTL, KVPCI_MSIX, 0);
	EXPECT_TRUE(msix_pending(device, 0));
	set_control(self->bridge, PCI_BRIDGE_CTL_BUS_RESET);
	set_control(self->bridge, 0);
	EXPECT_EQ(1, event_count(device->reset_event));
	device_place(device, DECODE_ALL | PCI_COMMAND_MASTER);
	EXPECT_FALSE(msix_pending(device, 0));
	EXPECT_EQ(0, strays(self->rig));
	device_free(device);
}

#define GSI	16

/* INTx is a message on its way, which no gate but a bridge that is not there holds up. */
TEST_F(behind, the_pin_of_what_is_not_there_interrupts_nobody)
{
	struct device *device = device_plugged(self->rig, (struct device_desc) {
		.bdf = BDF(1, 0, 0), .behind = self->above, .pin = 1, .triggers = true });

	ioapic_set(self->rig->vm->fd, GSI, VECTOR, 1);
	connect_pin(device, GSI);
	write_as_guest(self->bridge, PCI_COMMAND, 2, 0);
	EXPECT_EQ(0, trigger(device->function, KVPCI_INTX, 0));
	EXPECT_LE(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_EQ(0, lower(device->function));
	take_rest(self->rig, 1, VECTOR);

	set_control(self->bridge, PCI_BRIDGE_CTL_BUS_RESET);
	EXPECT_EQ(0, trigger(device->function, KVPCI_INTX, 0));
	EXPECT_EQ(0, strays(self->rig));
	set_control(self->bridge, 0);
	EXPECT_LE(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_EQ(0, lower(device->function));
	take_rest(self->rig, 1, VECTOR);

	kvpci_function_free(self->above);
	EXPECT_EQ(0, trigger(device->function, KVPCI_INTX, 0));
	EXPECT_EQ(0, strays(self->rig));
	device_free(device);
	self->above = NULL;
}

/* Under load. */

/* A guest that opens, resets and closes a bridge all the time. */
static void add_bridge_traffic(struct vcpu *vcpu, const struct host *host)
{
	static const __u32 buses[] = { 0x010100, 0x020200, 0x030100 };
	int i;

	guest_begin(vcpu);
	for (i = 0; i < ARRAY_SIZE(buses); i++) {
		add_cfg_write(vcpu, host, BY_ECAM, B1, PCI_PRIMARY_BUS, 4, buses[i]);
		add_cfg_write(vcpu, host, BY_PORTS, B1, PCI_MEMORY_BASE, 4,
			      (MEM >> 16 & 0xfff0) | (MEM & 0xfff00000));
		add_cfg_write(vcpu, host, BY_ECAM, B1, PCI_COMMAND, 2, ALL);
		add_load(vcpu, MEM, 4);
		add_cfg_write(vcpu, host, BY_PORTS, B1, PCI_BRIDGE_CONTROL, 2,
			      i == 1 ? PCI_BRIDGE_CTL_BUS_RESET : 0);
		add_cfg_write(vcpu, host, BY_ECAM, B1, PCI_MEMORY_BASE, 4, 0xfff0);
	}
}

/* And one that uses what is behind it, wherever that is. */
static void add_traffic_behind(struct vcpu *vcpu, const struct host *host)
{
	int bus;

	guest_begin(vcpu);
	for (bus = 1; bus < 4; bus++) {
		add_cfg_read(vcpu, host, BY_ECAM, BDF(bus, 0, 0), PCI_VENDOR_ID, 4);
		add_cfg_write(vcpu, host, BY_ECAM, BDF(bus, 0, 0), PCI_BASE_ADDRESS_0, 4, MEM);
		add_cfg_write(vcpu, host, BY_ECAM, BDF(bus, 0, 0), PCI_COMMAND, 2, ALL);
		add_load(vcpu, MEM, 4);
	}
}

TEST_F(behind, bridges_and_functions_come_and_go_under_load)
{
	struct vcpu *vcpus = self->rig->vm->vcpus;
	struct host *host = self->rig->host;
	int i, n = scaled(200);

	rig_deafen(self->rig);
	add_bridge_traffic(&vcpus[0], host);
	add_traffic_behind(&vcpus[1], host);
	guest_start(&vcpus[0], ~0ULL);
	guest_start(&vcpus[1], ~0ULL);
	for (i = 0; i < n; i++) {
		int inner = bridge_plugged(host, self->bridge, 0);
		int function = stamped(host, self->bridge, 1, 0xf9);
		int deep = stamped(host, inner, 0, 0xfa);

		if (i % 2)
			usleep(200);
		close(inner);
		if (i % 4 == 0) {
			kvpci_function_free(self->above);
			self->above = bridge_above(host, B1);
			self->bridge = kvpci_function_fd(self->above);
		}
		close(function);
		close(deep);
	}
	guest_stop(&vcpus[0]);
	guest_stop(&vcpus[1]);
	guest_wait(&vcpus[0]);
	guest_wait(&vcpus[1]);

	/* What comes then is where the registers say. */
	must(reset(self->bridge));
	i = stamped(host, self->bridge, 0, 0xfb);
	EXPECT_EQ(0xffff, id_at(host, BDF(1, 0, 0)));
	set_buses(self->bridge, 1, 1);
	set_memory(self->bridge, MEM, MEM);
	set_command(host, B1, ALL);
	set_bar(host, BDF(1, 0, 0), 0, MEM);
	set_command(host, BDF(1, 0, 0), ALL);
	EXPECT_EQ(0xfb, id_at(host, BDF(1, 0, 0)));
	EXPECT_EQ(STAMP | 0xfb, at(self->rig->vm, MEM));
	close(i);
}

/* The model. */

#define NR_NODES	14
#define NR_NUMBERS	12

/**
 * struct node - a bridge, and a function behind it at 1f.7, as the specification has them
 * @parent: the bridge that it is behind, or NULL
 * @bridge: its descriptor
 * @function: the function's
 * @devfn: where it is on its bus
 * @secondary: and the others: what was written to its registers last
 * @addr: where the function's BAR is
 */
struct node {
	struct node *parent;
	int bridge;
	int function;
	__u8 devfn;
	__u8 secondary;
	__u8 subordinate;
	__u32 base;
	__u32 last;
	bool open;
	bool in_reset;
	__u64 addr;
};

/* The bridge behind which the bus of a number is, or NULL. */
static const struct node *model_route(const struct node *nodes, __u8 number)
{
	const struct node *bus = NULL;

	for (;;) {
		const struct node *taker = NULL;
		int i;

		for (i = 0; i < NR_NODES; i++) {
			const struct node *node = &nodes[i];

			if (node->parent == bus && node->secondary && !node->in_reset &&
			    number >= node->secondary && number <= node->subordinate &&
			    (!taker || node->devfn < taker->devfn))
				taker = node;
		}
		if (!taker || taker->secondary == number)
			return taker;
		bus = taker;
	}
}

/* Does the BAR of the function behind @node decode? */
static bool model_decodes(const struct node *node)
{
	__u64 addr = node->addr;

	for (; node; node = node->parent)
		if (!node->open || node->in_reset || addr < node->base ||
		    addr + PAGE - 1 > (node->last | (MIB - 1)))
			return false;

	return true;
}

static bool is_above(const struct node *above, const struct node *node)
{
	for (node = node->parent; node; node = node->parent)
		if (node == above)
			return true;

	return false;
}

static void node_place(struct node *node)
{
	write_as_guest(node->function, PCI_BASE_ADDRESS_0, 4, node->addr);
	write_as_guest(node->function, PCI_COMMAND, 2, ALL);
}

static void node_reset(struct node *nodes, const struct node *top)
{
	int i;

	for (i = 0; i < NR_NODES; i++) {
		struct node *node = &nodes[i];

		if (node != top && !is_above(top, node))
			continue;
		if (node != top) {
			node->secondary = 0;
			node->subordinate = 0;
			node->base = 0xfff00000;
			node->last = 0;
			node->open = false;
			node->in_reset = false;
		}
		/* The device behind is not: its driver comes again. */
		node_place(node);
	}
}

static void random_write(struct node *nodes)
{
	struct node *node = &nodes[random() % NR_NODES];

	switch (random() % 8) {
	case 0:
	case 1:
	case 2:
		/* Mostly what makes sense, so that not all is out of reach. */
		node->secondary = random() % 4 && node->parent ?
				  node->parent->secondary + 1 + random() % 2 :
				  random() % NR_NUMBERS;
		node->subordinate = node->secondary + random() % 6 - 1;
		set_buses(node->bridge, node->secondary, node->subordinate);
		break;
	case 3:
	case 4:
		node->base = MEM + random() % 2 * MIB;
		node->last = MEM + (1 + random() % 3) * MIB;
		set_memory(node->bridge, node->base, node->last);
		break;
	case 5:
		node->open = random() % 8;
		write_as_guest(node->bridge, PCI_COMMAND, 2, node->open ? ALL : 0);
		break;
	case 6:
		node->addr = (node->addr & (MIB - 1)) | (MEM + random() % 4 * MIB);
		node_place(node);
		break;
	case 7:
		if (node->in_reset) {
			set_control(node->bridge, 0);
			node->in_reset = false;
		} else if (!(random() % 16)) {
			set_control(node->bridge, PCI_BRIDGE_CTL_BUS_RESET);
			node->in_reset = true;
			node_reset(nodes, node);
		}
		break;
	}
}

TEST_F(topology, any_tree_is_as_the_specification_has_it)
{
	struct node nodes[NR_NODES] = {};
	int i, n, ids = 0, bars = 0, rounds = scaled(3000);

	srandom(1);
	for (i = 0; i < NR_NODES; i++) {
		struct node *node = &nodes[i];
		int parent = i ? random() % (i + 1) - 1 : -1;

		node->parent = parent < 0 ? NULL : &nodes[parent];
		node->devfn = 0x10 + (i * 5) % NR_NODES;
		node->bridge = bridge_plugged(self->host, node->parent ? node->parent->bridge : 0,
					      node->devfn);
		node->function = stamped(self->host, node->bridge, 0xff, i + 1);
		node->base = 0xfff00000;
		node->addr = MEM + i * PAGE;
		node_place(node);
	}

	/* A tree in which nothing leads anywhere is the same as any other. */
	for (n = 0; n < 20 * NR_NODES; n++)
		random_write(nodes);
	for (n = 0; n < rounds; n++) {
		__u8 number = 1 + random() % (NR_NUMBERS + 3);
		const struct node *route, *node;

		random_write(nodes);
		route = model_route(nodes, number);
		ASSERT_EQ(route ? route - nodes + 1 : 0xffff,
			  id_at(self->host, BDF(number, 31, 7))) {
			TH_LOG("bus %d after %d writes", number, n);
		}
		ids += !!route;
		node = &nodes[random() % NR_NODES];
		bars += model_decodes(node);
		ASSERT_EQ(model_decodes(node) ? STAMP | (node - nodes + 1) : NOTHING,
			  at(self->vm, node->addr)) {
			TH_LOG("function %ld after %d writes", (long)(node - nodes), n);
		}
	}
	/* It has been about something. */
	EXPECT_LT(rounds / 50, ids);
	EXPECT_LT(rounds / 50, bars);
	TH_LOG("of %d each, %d numbers led somewhere, and %d BARs decoded", rounds, ids, bars);
	for (i = 0; i < NR_NODES; i++) {
		close(nodes[i].bridge);
		close(nodes[i].function);
	}
}

TEST_HARNESS_MAIN
