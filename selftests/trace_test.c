// SPDX-License-Identifier: GPL-2.0
/*
 * The module's tracepoints: that each is there when it should be, as often as it should, and
 * says what has happened.
 *
 * Depends on: kernel, delivery.
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib/device.h"
#include "lib/die.h"
#include "lib/event.h"
#include "lib/events.h"
#include "lib/follower.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioapic.h"
#include "lib/ioctls.h"
#include "lib/message.h"
#include "lib/pci.h"
#include "lib/vm.h"
#include "lib/wait.h"

#define F		BDF(0, 1, 2)
#define PLACE		"0000:00:01.2"
#define MEM		MEM32_BASE
#define GSI		16
#define VECTOR		0x51
#define PAGE		4096

/* How many events are there whose lines end so? */
#define COUNT(name, rest, ...)						\
	events_count(self->events, "kvpci_" name ": vm=%d " PLACE rest,	\
		     getpid(), ##__VA_ARGS__)

/* What functions do that don't interrupt. */

FIXTURE(trace) {
	struct vm *vm;
	struct host *host;
	struct events *events;
};

FIXTURE_SETUP(trace)
{
	/* Whatever the other tests do. */
	setenv("KVPCI_TEST_MIRROR", "on", 1);
	self->vm = vm_new(1);
	self->host = host_new(self->vm);
	self->events = events_new("kvpci");
}

FIXTURE_TEARDOWN(trace)
{
	events_free(self->events);
	host_free(self->host);
	vm_free(self->vm);
}

TEST_F(trace, configuration_space)
{
	int function = function_plugged(self->host, F, (struct kvpci_function_config) {});

	events_clear(self->events);
	EXPECT_EQ(DEVICE << 16 | VENDOR, cfg_read(self->host, BY_PORTS, F, 0, 4));
	EXPECT_EQ(1, COUNT("config_read", " reg=0x0 len=4 value=0x56781234"));
	EXPECT_EQ(DEVICE, cfg_read(self->host, BY_PORTS, F, PCI_DEVICE_ID, 2));
	EXPECT_EQ(1, COUNT("config_read", " reg=0x2 len=2 value=0x5678"));

	cfg_write(self->host, BY_PORTS, F, PCI_INTERRUPT_LINE, 1, 0x5a);
	EXPECT_EQ(1, COUNT("config_write", " reg=0x3c len=1 value=0x5a"));
	cfg_write(self->host, BY_ECAM, F, PCI_CACHE_LINE_SIZE, 4, 0x12345678);
	EXPECT_EQ(1, COUNT("config_write", " reg=0xc len=4 value=0x12345678"));
	cfg_write(self->host, BY_ECAM, F, 0xff8, 8, 0x1122334455667788);
	EXPECT_EQ(1, COUNT("config_write", " reg=0xff8 len=8 value=0x1122334455667788"));

	/* No exit, no event. */
	cfg_read(self->host, BY_ECAM, F, 4, 4);
	events_clear(self->events);
	cfg_read(self->host, BY_ECAM, F, 4, 4);
	EXPECT_EQ(0, events_count(self->events, "value=0x0"));
	close(function);
}

TEST_F(trace, configuration_space_without_mirrors)
{
	struct vm *vm = vm_new(1);
	struct host *host = host_new_plain(vm);
	int function = function_plugged(host, F, (struct kvpci_function_config) {});

	events_clear(self->events);
	EXPECT_EQ(DEVICE << 16 | VENDOR, cfg_read(host, BY_ECAM, F, 0, 4));
	EXPECT_EQ(1, COUNT("config_read", " reg=0x0 len=4 value=0x56781234"));
	EXPECT_EQ(0, cfg_read(host, BY_ECAM, F, 0xff8, 8));
	EXPECT_EQ(1, COUNT("config_read", " reg=0xff8 len=8 value=0x0"));
	close(function);
	host_free(host);
	vm_free(vm);
}

TEST_F(trace, functions_come_and_go)
{
	int function = function_new(self->host, F, (struct kvpci_function_config) {});

	EXPECT_EQ(0, COUNT("function_plug", ""));
	must(plug(function));
	EXPECT_EQ(1, COUNT("function_plug", ""));
	EXPECT_EQ(0, COUNT("reset", ""));
	must(reset(function));
	EXPECT_EQ(1, COUNT("reset", ""));
	EXPECT_EQ(0, COUNT("function_unplug", ""));
	close(function);
	EXPECT_EQ(1, COUNT("function_unplug", ""));

	/* The guest has never seen this one. */
	close(function_new(self->host, F, (struct kvpci_function_config) {}));
	EXPECT_EQ(1, COUNT("function_unplug", ""));
}

TEST_F(trace, bars_decode_and_move)
{
	int function = function_plugged(self->host, F, (struct kvpci_function_config) {
		.bars[0] = { .size = 0x4000 },
		.bars[5] = { .size = 0x20, .flags = KVPCI_BAR_IO },
		.rom_size = 0x800 });

	set_bar(self->host, F, 0, MEM);
	set_bar(self->host, F, 5, IO_BASE + 0x40);
	EXPECT_EQ(0, events_count(self->events, " size=0x4000"));

	set_command(self->host, F, PCI_COMMAND_MEMORY);
	EXPECT_EQ(1, COUNT("bar_map", " bar=0 base=0x%llx size=0x4000", MEM));
	EXPECT_EQ(0, events_count(self->events, " size=0x20"));
	set_command(self->host, F, DECODE_ALL);
	EXPECT_EQ(1, COUNT("bar_map", " bar=5 base=0x%llx size=0x20", IO_BASE + 0x40));
	EXPECT_EQ(0, events_count(self->events, " size=0x800"));
	set_bar(self->host, F, KVPCI_BAR_ROM, MEM + 0x10000 + PCI_ROM_ADDRESS_ENABLE);
	EXPECT_EQ(1, COUNT("bar_map", " bar=6 base=0x%llx size=0x800", MEM + 0x10000));

	/* What stays where it is does not move. */
	set_bar(self->host, F, 0, MEM);
	EXPECT_EQ(1, COUNT("bar_map", " bar=0 base=0x%llx size=0x4000", MEM));
	set_bar(self->host, F, 0, MEM + 0x8000);
	EXPECT_EQ(1, COUNT("bar_map", " bar=0 base=0x%llx size=0x4000", MEM + 0x8000));
	EXPECT_EQ(0, events_count(self->events, "kvpci_bar_unmap"));

	set_command(self->host, F, PCI_COMMAND_MEMORY);
	EXPECT_EQ(1, COUNT("bar_unmap", " bar=5 base=0x%llx size=0x20", IO_BASE + 0x40));
	EXPECT_EQ(0, COUNT("bar_unmap", " bar=0 base=0x%llx size=0x4000", MEM + 0x8000));
	close(function);
	EXPECT_EQ(1, COUNT("bar_unmap", " bar=0 base=0x%llx size=0x4000", MEM + 0x8000));
	EXPECT_EQ(1, COUNT("bar_unmap", " bar=6 base=0x%llx size=0x800", MEM + 0x10000));
	EXPECT_EQ(1, COUNT("bar_unmap", " bar=5 base=0x%llx size=0x20", IO_BASE + 0x40));
}

TEST_F(trace, mirrors_follow_bars)
{
	int function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars[2] = { .size = 4 * PAGE } });
	struct range_desc range = {
		.flags = KVPCI_REGISTERS_MIRROR,
		.bar = 2,
		.kind = KVPCI_RANGE_REGISTERS,
		.offset = PAGE,
		.length = 2 * PAGE,
	};

	must(add_range(function, &range));
	must(plug(function));
	set_bar(self->host, F, 2, MEM);
	host_sync(self->host);
	EXPECT_EQ(0, COUNT("mirror_place", " bar=2 offset=0x1000 length=0x2000 base=0x%llx", MEM));
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	host_sync(self->host);
	EXPECT_EQ(1, COUNT("mirror_place", " bar=2 offset=0x1000 length=0x2000 base=0x%llx", MEM));
	EXPECT_EQ(0, events_count(self->events, " base=0x%llx", MEM + 4 * PAGE));

	set_bar(self->host, F, 2, MEM + 4 * PAGE);
	EXPECT_LE(1, COUNT("mirror_withdraw", " bar=2 offset=0x1000 length=0x2000 base=0x%llx",
			   MEM + 4 * PAGE));
	host_sync(self->host);
	EXPECT_EQ(1, COUNT("mirror_place", " bar=2 offset=0x1000 length=0x2000 base=0x%llx",
			   MEM + 4 * PAGE));

	events_clear(self->events);
	close(function);
	EXPECT_LE(1, COUNT("mirror_withdraw", " bar=2 offset=0x1000 length=0x2000 base=0x%llx",
			   MEM + 4 * PAGE));
}

/* Interrupts. */

FIXTURE(trace_irq) {
	struct rig *rig;
	struct events *events;
};

FIXTURE_SETUP(trace_irq)
{
	self->rig = rig_new(2, 0);
	ioapic_set(self->rig->vm->fd, GSI, VECTOR, 1);
	rig_listen(self->rig);
	self->events = events_new("kvpci");
}

FIXTURE_TEARDOWN(trace_irq)
{
	events_free(self->events);
	rig_deafen(self->rig);
	EXPECT_EQ(0, strays(self->rig));
	rig_free(self->rig);
}

#define VECTOR_LINE(state) " %s vector=%u " state " address=0xfee01000 data=0x%x"

TEST_F(trace_irq, vectors_that_are_handed_over)
{
	struct device *device = device_plugged(self->rig, (struct device_desc) {
		.bdf = F, .msix = { .vectors = 2 }, .unkept = true });
	struct kvpci_route route = { .interrupt = KVPCI_MSIX }, hand;
	const int source = event_new();

	must(bind_eventfd(device->function, KVPCI_MSIX, 1, source));
	msix_message(device, 1, MSI_TO(1), VECTOR);
	msix_mask(device, 1, false);
	msix_control(device, PCI_MSIX_FLAGS_ENABLE);
	must(get_route(device->function, &route));
	events_clear(self->events);
	hand = (struct kvpci_route) {
		.size = sizeof(hand), .flags = KVPCI_ROUTE_HAND, .interrupt = KVPCI_MSIX,
		.vector = 1, .eventfd = source, .sequence = route.sequence };
	must(kvpci_ioctl(device->function, KVPCI_SET_ROUTE, &hand));
	EXPECT_EQ(1, COUNT("vector_hand", VECTOR_LINE("enabled=1 masked=0 pending=0"),
			   "msix", 1, VECTOR));
	write_as_guest(device->function, PCI_COMMAND, 2, DECODE_ALL);
	EXPECT_EQ(1, COUNT("vector_recall", VECTOR_LINE("enabled=0 masked=0 pending=0"),
			   "msix", 1, VECTOR));
	must(remove_route(device->function, KVPCI_MSIX, 1));
	EXPECT_EQ(1, COUNT("vector_take_back", VECTOR_LINE("enabled=0 masked=0 pending=0"),
			   "msix", 1, VECTOR));
	device_free(device);
	close(source);
}

TEST_F(trace_irq, messages_of_msix)
{
	struct device *device = device_plugged(self->rig, (struct device_desc) {
		.bdf = F, .msix = { .vectors = 4 } });

	events_clear(self->events);
	msix_message(device, 3, MSI_TO(1), VECTOR);
	msix_control(device, PCI_MSIX_FLAGS_ENABLE);
	EXPECT_EQ(1, COUNT("vectors_enable", " msix enabled=1"));

	fire(device, BY_IOCTL, KVPCI_MSIX, 3);
	EXPECT_EQ(1, COUNT("vector_pend", VECTOR_LINE("enabled=1 masked=1 pending=0"),
			   "msix", 3, VECTOR));
	fire(device, BY_IOCTL, KVPCI_MSIX, 3);
	EXPECT_EQ(1, COUNT("vector_pend", VECTOR_LINE("enabled=1 masked=1 pending=1"),
			   "msix", 3, VECTOR));
	must(withdraw(device->function, KVPCI_MSIX, 3));
	EXPECT_EQ(1, COUNT("vector_withdraw", VECTOR_LINE("enabled=1 masked=1 pending=1"),
			   "msix", 3, VECTOR));

	fire(device, BY_IOCTL, KVPCI_MSIX, 3);
	EXPECT_EQ(0, events_count(self->events, "kvpci_vector_send"));
	msix_mask(device, 3, false);
	EXPECT_EQ(1, COUNT("vector_update", VECTOR_LINE("enabled=1 masked=0 pending=1"),
			   "msix", 3, VECTOR));
	EXPECT_EQ(1, COUNT("vector_send", VECTOR_LINE("enabled=1 masked=0 pending=1"),
			   "msix", 3, VECTOR));
	/* Or else the local APIC may make one of both. */
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	fire(device, BY_EVENTFD, KVPCI_MSIX, 3);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_EQ(1, COUNT("vector_send", VECTOR_LINE("enabled=1 masked=0 pending=0"),
			   "msix", 3, VECTOR));

	/* The same by the bit of all vectors. */
	msix_control(device, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	EXPECT_EQ(1, COUNT("vectors_enable", " msix enabled=0"));
	fire(device, BY_IOCTL, KVPCI_MSIX, 3);
	EXPECT_EQ(1, COUNT("vector_pend", VECTOR_LINE("enabled=0 masked=0 pending=0"),
			   "msix", 3, VECTOR));
	msix_control(device, PCI_MSIX_FLAGS_ENABLE);
	EXPECT_EQ(2, COUNT("vectors_enable", " msix enabled=1"));
	EXPECT_EQ(2, COUNT("vector_send", VECTOR_LINE("enabled=1 masked=0 pending=1"),
			   "msix", 3, VECTOR));
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	device_free(device);
}

TEST_F(trace_irq, messages_of_msi)
{
	struct device *device = device_plugged(self->rig, (struct device_desc) {
		.bdf = F, .msi = { .vectors = 4, .flags = KVPCI_MSI_64BIT } });

	msi_message(device, MSI_TO(1), VECTOR & ~3);
	events_clear(self->events);
	fire(device, BY_IOCTL, KVPCI_MSI, 2);
	/* Of four vectors one is enabled at first, and takes the place of all. */
	EXPECT_EQ(1, COUNT("vector_pend", VECTOR_LINE("enabled=0 masked=0 pending=0"),
			   "msi", 2, VECTOR & ~3));
	msi_control(device, PCI_MSI_FLAGS_ENABLE | 2 << 4);
	EXPECT_EQ(1, COUNT("vectors_enable", " msi enabled=1"));
	EXPECT_EQ(1, COUNT("vector_update", VECTOR_LINE("enabled=1 masked=0 pending=1"),
			   "msi", 2, (VECTOR & ~3) + 2));
	EXPECT_EQ(1, COUNT("vector_send", VECTOR_LINE("enabled=1 masked=0 pending=1"),
			   "msi", 2, (VECTOR & ~3) + 2));
	EXPECT_EQ(1, take(self->rig, 1, (VECTOR & ~3) + 2, 1));
	device_free(device);
}

TEST_F(trace_irq, level_of_intx)
{
	struct device *device = device_plugged(self->rig, (struct device_desc) {
		.bdf = F, .pin = 1, .triggers = true });

	connect_pin(device, GSI);
	/* The guest's handler lowers the pin. */
	__atomic_store_n(&self->rig->vm->vcpus[1].interrupts->ack[VECTOR],
			 lower_place(device), __ATOMIC_SEQ_CST);
	events_clear(self->events);
	fire(device, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_EQ(1, COUNT("intx_level", " level=1"));
	EXPECT_EQ(1, COUNT("intx_signal", ""));
	EXPECT_TRUE(eventually(COUNT("intx_ack", "") == 1));
	EXPECT_EQ(1, COUNT("intx_level", " level=0"));

	/* Nobody is told of what is disabled. */
	set_command(self->rig->host, F, PCI_COMMAND_INTX_DISABLE);
	fire(device, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_EQ(2, COUNT("intx_level", " level=1"));
	must(lower(device->function));
	EXPECT_EQ(2, COUNT("intx_level", " level=0"));
	EXPECT_EQ(1, COUNT("intx_signal", ""));
	device_free(device);
}

TEST_HARNESS_MAIN
