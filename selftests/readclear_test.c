// SPDX-License-Identifier: GPL-2.0
/*
 * Registers that reads clear, and an INTx pin that is high as long as a bit is set.
 *
 * Depends on: kernel, delivery.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/device.h"
#include "lib/die.h"
#include "lib/environment.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioapic.h"
#include "lib/ioctls.h"
#include "lib/pci.h"
#include "lib/rig.h"
#include "lib/state.h"
#include "lib/structure.h"
#include "lib/vm.h"
#include "lib/wait.h"

#define F		BDF(0, 1, 0)
#define GSI		16
#define VECTOR		0x51
#define ISR		0x20	/* of BAR 0: read to clear, as virtio's */
#define STATUS		0x40	/* write 1 to clear the low byte; the device's the high one */

FIXTURE(readclear) {
	struct rig *rig;
	struct device *device;
};

static const __u8 isr_clear[4] = { 0x0f, 0, 0, 0x80 };
static const __u8 isr_writable[4] = { 0, 0xff, 0, 0 };
static const __u8 status_clear[2] = { 0xff, 0 };

static int add(int function, struct range_desc desc)
{
	desc.kind = KVPCI_RANGE_REGISTERS;
	return add_range(function, &desc);
}

FIXTURE_SETUP(readclear)
{
	self->rig = rig_new(2, VM_MODERN);
	ioapic_set(self->rig->vm->fd, GSI, VECTOR, 1);
	self->device = device_new(self->rig, (struct device_desc) {
		.bdf = F, .pin = 1, .bars = { { PAGE } } });
	must(add(self->device->function, (struct range_desc) {
		.flags = KVPCI_REGISTERS_LEVEL, .interrupt = KVPCI_INTX,
		.offset = ISR, .length = 4,
		.readclear = ptr(isr_clear), .writable = ptr(isr_writable) }));
	must(add(self->device->function, (struct range_desc) {
		.offset = STATUS, .length = 2, .write1clear = ptr(status_clear) }));
	device_plug(self->device);
	connect_pin(self->device, GSI);
	rig_listen(self->rig);
}

FIXTURE_TEARDOWN(readclear)
{
	rig_deafen(self->rig);
	EXPECT_EQ(0, strays(self->rig));
	device_free(self->device);
	rig_free(self->rig);
}

static __u32 held(struct device *device, __u64 offset)
{
	__u32 value;

	must(device_read(device->function, 0, offset, &value, 4));
	return value;
}

/* The device sets those bits. */
static void set_bits(struct device *device, __u32 bits)
{
	struct kvpci_access access = {
		.size = sizeof(access), .offset = ISR, .length = 4,
		.data = ptr(&bits), .mask = ptr(&bits),
	};

	must(kvpci_ioctl(device->function, KVPCI_WRITE, &access));
}

static bool is_high(struct device *device)
{
	return config_read(device, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT;
}

static __u32 read_isr(struct device *device, unsigned int byte, __u8 size)
{
	return bar_read(device, device->bar[0] + ISR + byte, size);
}

TEST_F(readclear, a_read_clears_what_it_reads)
{
	struct device *device = self->device;

	rig_deafen(self->rig);
	/* Bits of two bytes, others of the same, and of a byte that no read clears. */
	set_bits(device, 0x81aa00ff);
	EXPECT_EQ(0xff, read_isr(device, 0, 1));
	EXPECT_EQ(0x81aa00f0, held(device, ISR));
	EXPECT_EQ(0xf0, read_isr(device, 0, 2));
	EXPECT_EQ(0x81aa00f0, held(device, ISR));
	EXPECT_EQ(0x81aa, read_isr(device, 2, 2));
	EXPECT_EQ(0x01aa00f0, held(device, ISR));
	set_bits(device, 0x80000003);
	EXPECT_EQ(0x81aa00f3, read_isr(device, 0, 4));
	EXPECT_EQ(0x01aa00f0, read_isr(device, 0, 4));
	/* What the device reads it does not. */
	set_bits(device, 1);
	EXPECT_EQ(0x01aa00f1, held(device, ISR));
	EXPECT_EQ(0x01aa00f1, held(device, ISR));
	/* An access that begins before it. */
	EXPECT_EQ(0x00f1ffff, bar_read(device, device->bar[0] + ISR - 2, 4));
	EXPECT_EQ(0x01aa00f0, held(device, ISR));
	/* And what the guest may write. */
	bar_write(device, device->bar[0] + ISR, 4, ~0U);
	EXPECT_EQ(0x01aafff0, held(device, ISR));
	must(device_write(device->function, 0, ISR, "\0\0\0", 4));
	rig_listen(self->rig);
	take_rest(self->rig, 1, VECTOR);
}

/* As a VMM does for the guest that serves a window on it. */
TEST_F(readclear, a_read_as_the_guest)
{
	struct device *device = self->device;
	__u32 value = ~0U;
	struct kvpci_access access = {
		.size = sizeof(access), .flags = KVPCI_ACCESS_AS_GUEST, .offset = ISR,
		.length = 4, .data = ptr(&value),
	};

	rig_deafen(self->rig);
	set_bits(device, 0x81aa00ff);
	EXPECT_EQ(0, kvpci_ioctl(device->function, KVPCI_READ, &access));
	EXPECT_EQ(0x81aa00ff, value);
	EXPECT_EQ(0x01aa00f0, held(device, ISR));
	value = ~0U;
	EXPECT_EQ(0, kvpci_ioctl(device->function, KVPCI_WRITE, &access));
	EXPECT_EQ(0x01aafff0, held(device, ISR));
	EXPECT_TRUE(is_high(device));
	/* Also a pin that follows what is read. */
	must(device_write(device->function, 0, ISR, "\1\0\0", 4));
	access.length = 1;
	EXPECT_EQ(0, kvpci_ioctl(device->function, KVPCI_READ, &access));
	EXPECT_FALSE(is_high(device));
	rig_listen(self->rig);
	take_rest(self->rig, 1, VECTOR);
}

/* The guest's driver, on vCPU 0: it reads the register, and has that lower the pin. */
TEST_F(readclear, the_pin_follows_the_bits)
{
	struct device *device = self->device;
	__u32 all = 0xff;

	EXPECT_FALSE(is_high(device));
	set_bits(device, 1);
	EXPECT_TRUE(is_high(device));
	EXPECT_LE(1, take(self->rig, 1, VECTOR, 1));
	/* Another bit does not raise it again, and clearing one of two does not lower it. */
	set_bits(device, 0x82);
	EXPECT_TRUE(is_high(device));
	EXPECT_EQ(0x83, read_isr(device, 0, 1));
	EXPECT_TRUE(is_high(device));
	must(device_write(device->function, 0, ISR, "\0\0\0", 4));
	EXPECT_FALSE(is_high(device));
	take_rest(self->rig, 1, VECTOR);
	EXPECT_EQ(0, strays(self->rig));

	/* A read that clears all of them does. */
	set_bits(device, 3);
	EXPECT_LE(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_EQ(3, read_isr(device, 0, 1));
	EXPECT_FALSE(is_high(device));
	take_rest(self->rig, 1, VECTOR);
	EXPECT_EQ(0, strays(self->rig));

	/* So does a write by the guest raise and lower it. */
	bar_write(device, device->bar[0] + ISR + 1, 1, 1);
	EXPECT_TRUE(is_high(device));
	bar_write(device, device->bar[0] + ISR + 1, 1, 0);
	EXPECT_FALSE(is_high(device));
	take_rest(self->rig, 1, VECTOR);

	/* A reset clears what reads clear; bits that are the device's hold it high. */
	set_bits(device, 0x0f);
	must(reset(device->function));
	EXPECT_FALSE(is_high(device));
	must(device_write(device->function, 0, ISR, &all, 4));
	must(reset(device->function));
	EXPECT_EQ(0xf0, held(device, ISR));
	EXPECT_TRUE(is_high(device));
	must(device_write(device->function, 0, ISR, "\0\0\0", 4));
	EXPECT_FALSE(is_high(device));
	take_rest(self->rig, 1, VECTOR);
}

TEST_F(readclear, state)
{
	struct device *device = self->device;
	struct state saved;

	set_bits(device, 2);
	take(self->rig, 1, VECTOR, 1);
	saved = state_get(device->function);
	EXPECT_EQ(2, read_isr(device, 0, 1));
	take_rest(self->rig, 1, VECTOR);
	EXPECT_EQ(0, strays(self->rig));
	must(state_set(device->function, &saved));
	EXPECT_TRUE(is_high(device));
	EXPECT_LE(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_EQ(2, read_isr(device, 0, 1));
	EXPECT_FALSE(is_high(device));
	take_rest(self->rig, 1, VECTOR);
	state_free(&saved);
}

/*
 * The device sets bits while the guest reads them: each is seen once, none is lost, and once the
 * read is through that has cleared the register, the pin is low.
 */
struct setter {
	struct device *device;
	unsigned long times;
	unsigned long high;
};

static void *set_and_wait(void *arg)
{
	struct setter *setter = arg;
	unsigned long i;
	__u16 status;

	for (i = 0; i < setter->times; i++) {
		set_bits(setter->device, 1);
		while (held(setter->device, ISR) & 1)
			sched_yield();
		/* Reads don't wait for the one that clears it, writes do. */
		must(device_write(setter->device->function, 0, STATUS + 1, "", 1));
		must(device_read(setter->device->function, KVPCI_CONFIG, PCI_STATUS, &status, 2));
		setter->high += !!(status & PCI_STATUS_INTERRUPT);
	}
	return NULL;
}

TEST_F(readclear, no_bit_is_lost)
{
	struct setter setter = { self->device, scaled(500), 0 };
	unsigned long seen = 0;
	pthread_t thread;

	config_write(self->device, PCI_COMMAND, 2, DECODE_ALL | PCI_COMMAND_INTX_DISABLE);
	must(-pthread_create(&thread, NULL, set_and_wait, &setter));
	while (seen < setter.times) {
		seen += read_isr(self->device, 0, 1) & 1;
		sched_yield();
	}
	pthread_join(thread, NULL);
	EXPECT_EQ(0, read_isr(self->device, 0, 1));
	EXPECT_EQ(setter.times, seen);
	EXPECT_EQ(0, setter.high);
}

/* What else raises and lowers the pin is restored as well. */
TEST_F(readclear, state_of_the_pin)
{
	struct device *device = self->device;
	struct state saved;

	config_write(device, PCI_COMMAND, 2, DECODE_ALL | PCI_COMMAND_INTX_DISABLE);
	must(trigger(device->function, KVPCI_INTX, 0));
	saved = state_get(device->function);
	must(lower(device->function));
	must(state_set(device->function, &saved));
	EXPECT_TRUE(is_high(device));
	state_free(&saved);

	set_bits(device, 1);
	must(lower(device->function));
	saved = state_get(device->function);
	set_bits(device, 2);
	EXPECT_TRUE(is_high(device));
	must(state_set(device->function, &saved));
	EXPECT_FALSE(is_high(device));
	state_free(&saved);
}

#define EXPECT_BAD(error, good, change) do {				\
	struct range_desc desc = good;					\
									\
	change;								\
	EXPECT_EQ(error, add(function, desc)) {				\
		TH_LOG("%s", #change);					\
	}								\
} while (0)

TEST_F(readclear, bad_descriptions)
{
	int function = function_new(self->rig->host, BDF(0, 2, 0), (struct kvpci_function_config) {
		.bars = { { PAGE } }, .rom_size = PAGE, .interrupt_pin = 1 });
	int without = function_new(self->rig->host, BDF(0, 3, 0), (struct kvpci_function_config) {
		.bars = { { PAGE } } });
	struct range_desc level = {
		.flags = KVPCI_REGISTERS_LEVEL, .interrupt = KVPCI_INTX, .length = 4 };
	struct range_desc clear = { .length = 4, .readclear = ptr(isr_clear) };

	EXPECT_EQ(-EINVAL, add(without, level));
	EXPECT_BAD(-EINVAL, level, desc.length = 9);
	EXPECT_BAD(-EINVAL, level, desc.interrupt = 0);
	EXPECT_BAD(-EINVAL, level, desc.interrupt = KVPCI_MSIX);
	EXPECT_BAD(-EINVAL, level, desc.vector = 1);
	EXPECT_BAD(-EINVAL, level, desc.flags |= KVPCI_REGISTERS_LOWER);
	EXPECT_BAD(-EINVAL, level, desc.flags |= KVPCI_REGISTERS_TRIGGER);
	EXPECT_BAD(-EINVAL, clear, desc.flags = KVPCI_REGISTERS_MIRROR);
	EXPECT_BAD(-EINVAL, clear, desc.bar = KVPCI_BAR_ROM);
	EXPECT_BAD(-EINVAL, clear, desc.writable = ptr(isr_clear));
	EXPECT_BAD(-EINVAL, clear, desc.write1clear = ptr(isr_clear));
	EXPECT_BAD(-EFAULT, clear, desc.readclear = 1);
	EXPECT_BAD(-EINVAL, level, desc.value = ptr(isr_clear));
	EXPECT_EQ(0, add(function, clear));
	level.offset = 8;
	EXPECT_EQ(0, add(function, level));
	/* A second one. */
	level.offset = 16;
	EXPECT_EQ(-EEXIST, add(function, level));
	close(function);
	close(without);
}

TEST_HARNESS_MAIN
